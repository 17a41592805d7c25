/* SPDX-License-Identifier: MIT */
/* arch-arm.h: what xen.h needs to know of Arm, 32 and 64 bit. */

#ifndef __XEN_PUBLIC_ARCH_ARM_H__
#define __XEN_PUBLIC_ARCH_ARM_H__

#include "guest-handle-64.h"

#endif /* __XEN_PUBLIC_ARCH_ARM_H__ */
