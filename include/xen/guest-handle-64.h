/* SPDX-License-Identifier: MIT */
/*
 * guest-handle-64.h: guest handles and frame numbers of the architectures on
 * which both take eight bytes whatever the word size: Arm, RISC-V and POWER.
 * Included by their arch-*.h only.
 */

#ifndef XENGNT_GUEST_HANDLE_64_H
#define XENGNT_GUEST_HANDLE_64_H

#define  int64_aligned_t  int64_t __attribute__((aligned(8)))
#define uint64_aligned_t uint64_t __attribute__((aligned(8)))

#ifndef __ASSEMBLY__

/*
 * XEN_GUEST_HANDLE is for a member of a struct in memory: eight bytes, at a
 * multiple of eight. XEN_GUEST_HANDLE_PARAM is for an argument in a register:
 * the size of a pointer.
 */
#define ___DEFINE_XEN_GUEST_HANDLE(name, type)                               \
    typedef union { type *p; unsigned long q; } __guest_handle_ ## name;     \
    typedef union { type *p; uint64_aligned_t q; } __guest_handle_64_ ## name
#define __DEFINE_XEN_GUEST_HANDLE(name, type)                                \
    ___DEFINE_XEN_GUEST_HANDLE(name, type);                                  \
    ___DEFINE_XEN_GUEST_HANDLE(const_##name, const type)
#define DEFINE_XEN_GUEST_HANDLE(name)  __DEFINE_XEN_GUEST_HANDLE(name, name)
#define __XEN_GUEST_HANDLE(name)       __guest_handle_64_ ## name
#define XEN_GUEST_HANDLE(name)         __XEN_GUEST_HANDLE(name)
#define XEN_GUEST_HANDLE_PARAM(name)   __guest_handle_ ## name

/* Clears the upper half as well, which a 32-bit pointer does not reach. */
#define set_xen_guest_handle_raw(hnd, val)                                   \
    do {                                                                     \
        __typeof__(&(hnd)) xen_handle_ = &(hnd);                             \
        xen_handle_->q = 0;                                                  \
        xen_handle_->p = val;                                                \
    } while (0)
#define set_xen_guest_handle(hnd, val) set_xen_guest_handle_raw(hnd, val)

typedef uint64_t xen_pfn_t;
typedef uint64_t xen_ulong_t;

#endif /* __ASSEMBLY__ */

/* For printf and friends, with <inttypes.h> included. */
#define PRI_xen_pfn   PRIx64
#define PRIu_xen_pfn  PRIu64
#define PRI_xen_ulong PRIx64

#endif /* XENGNT_GUEST_HANDLE_64_H */
