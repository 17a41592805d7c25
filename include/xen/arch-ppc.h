/* SPDX-License-Identifier: MIT */
/* arch-ppc.h: what xen.h needs to know of POWER, little-endian. */

#ifndef __XEN_PUBLIC_ARCH_PPC_H__
#define __XEN_PUBLIC_ARCH_PPC_H__

#include "guest-handle-64.h"

#endif /* __XEN_PUBLIC_ARCH_PPC_H__ */
