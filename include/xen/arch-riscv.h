/* SPDX-License-Identifier: MIT */
/* arch-riscv.h: what xen.h needs to know of RISC-V. */

#ifndef __XEN_PUBLIC_ARCH_RISCV_H__
#define __XEN_PUBLIC_ARCH_RISCV_H__

#include "guest-handle-64.h"

#endif /* __XEN_PUBLIC_ARCH_RISCV_H__ */
