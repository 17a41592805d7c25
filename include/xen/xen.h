/* SPDX-License-Identifier: MIT */
/*
 * xen.h: the part of Xen's public xen.h that the grant-table interface needs.
 *
 * That is: guest handles, frame numbers, domain ids, and the number of the
 * hypercall. Nothing else of the public xen.h is here. The guards are those of
 * the public headers, so that whichever comes first in a translation unit is
 * the one that counts. The few public headers that need more of xen.h than that
 * (callback.h, vcpu.h, and pmu.h on Arm) want the distribution's to come first.
 *
 * Like the public header, this one includes no <stdint.h>: define the
 * fixed-width integer types first, in whatever way the environment has them.
 */

#ifndef __XEN_PUBLIC_XEN_H__
#define __XEN_PUBLIC_XEN_H__

#include "xen-compat.h"

#if defined(__i386__) || defined(__x86_64__)
# include "arch-x86/xen.h"
#elif defined(__arm__) || defined(__aarch64__)
# include "arch-arm.h"
#elif defined(__riscv)
# include "arch-riscv.h"
#elif defined(__powerpc64__)
# include "arch-ppc.h"
#else
# error "These headers know x86, Arm, RISC-V and POWER only."
#endif

/* Unsigned constants, in C with the suffix, in assembly without. */
#ifndef __ASSEMBLY__
# define __xen_mk_uint(x)   x ## U
# define __xen_mk_ulong(x)  x ## UL
# ifndef __xen_mk_ullong
#  define __xen_mk_ullong(x) x ## ULL
# endif
# define xen_mk_uint(x)     __xen_mk_uint(x)
# define xen_mk_ulong(x)    __xen_mk_ulong(x)
# define xen_mk_ullong(x)   __xen_mk_ullong(x)
#else
# define xen_mk_uint(x)     x
# define xen_mk_ulong(x)    x
# define xen_mk_ullong(x)   x
#endif

#ifndef __ASSEMBLY__
/* Handles of C's own types. */
DEFINE_XEN_GUEST_HANDLE(char);
__DEFINE_XEN_GUEST_HANDLE(uchar, unsigned char);
DEFINE_XEN_GUEST_HANDLE(int);
__DEFINE_XEN_GUEST_HANDLE(uint, unsigned int);
#if __XEN_INTERFACE_VERSION__ < 0x00040300
DEFINE_XEN_GUEST_HANDLE(long);
__DEFINE_XEN_GUEST_HANDLE(ulong, unsigned long);
#endif
DEFINE_XEN_GUEST_HANDLE(void);

/* Handles of fixed-width types. */
__DEFINE_XEN_GUEST_HANDLE(uint8, uint8_t);
__DEFINE_XEN_GUEST_HANDLE(uint16, uint16_t);
__DEFINE_XEN_GUEST_HANDLE(uint32, uint32_t);
__DEFINE_XEN_GUEST_HANDLE(uint64, uint64_t);
DEFINE_XEN_GUEST_HANDLE(uint64_t);
DEFINE_XEN_GUEST_HANDLE(xen_pfn_t);
DEFINE_XEN_GUEST_HANDLE(xen_ulong_t);
#endif /* __ASSEMBLY__ */

/* The number of the hypercall that grant_table.h is about. */
#define __HYPERVISOR_grant_table_op       20

#ifndef __ASSEMBLY__
/* A domain's number. */
typedef uint16_t domid_t;       /* => enum domid */
#endif

/* From here on, ids have special meanings and name no ordinary domain. */
#define DOMID_FIRST_RESERVED xen_mk_uint(0x7FF0)
/* The bits that an id may use. */
#define DOMID_MASK           xen_mk_uint(0x7FFF)

/* Domain ids with a special meaning. */
/* ` enum domid { // DOMID_* */
#define DOMID_SELF           xen_mk_uint(0x7FF0) /* The calling domain. */
#define DOMID_IO             xen_mk_uint(0x7FF1) /* Owner of I/O memory, in page-table updates. */
#define DOMID_XEN            xen_mk_uint(0x7FF2) /* Owner of the pages of Xen's that it shares. */
#define DOMID_COW            xen_mk_uint(0x7FF3) /* Owner of copy-on-write pages. */
#define DOMID_INVALID        xen_mk_uint(0x7FF4) /* No domain: pages whose owner is unknown. */
#define DOMID_ANY            xen_mk_uint(0x7FF5) /* No particular domain: a free choice, or all of them. */
#define DOMID_IDLE           xen_mk_uint(0x7FFF) /* The idle domain. */
/* ` } */

#endif /* __XEN_PUBLIC_XEN_H__ */
