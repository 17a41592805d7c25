/* SPDX-License-Identifier: MIT */
/* arch-x86/xen.h: what xen.h needs to know of x86, 32 and 64 bit. */

#include "../xen.h"

#ifndef __XEN_PUBLIC_ARCH_X86_XEN_H__
#define __XEN_PUBLIC_ARCH_X86_XEN_H__

#ifndef __ASSEMBLY__

/* A guest handle is a pointer; from 0x00030201 one wrapped in a struct. */
#if __XEN_INTERFACE_VERSION__ >= 0x00030201
# define ___DEFINE_XEN_GUEST_HANDLE(name, type)                              \
    typedef struct { type *p; } __guest_handle_ ## name
#else
# define ___DEFINE_XEN_GUEST_HANDLE(name, type)                              \
    typedef type * __guest_handle_ ## name
#endif
#define __DEFINE_XEN_GUEST_HANDLE(name, type)                                \
    ___DEFINE_XEN_GUEST_HANDLE(name, type);                                  \
    ___DEFINE_XEN_GUEST_HANDLE(const_##name, const type)
#define DEFINE_XEN_GUEST_HANDLE(name)  __DEFINE_XEN_GUEST_HANDLE(name, name)
#define __XEN_GUEST_HANDLE(name)       __guest_handle_ ## name
#define XEN_GUEST_HANDLE(name)         __XEN_GUEST_HANDLE(name)
#define XEN_GUEST_HANDLE_PARAM(name)   XEN_GUEST_HANDLE(name)
#if __XEN_INTERFACE_VERSION__ >= 0x00030201
# define set_xen_guest_handle_raw(hnd, val) do { (hnd).p = val; } while (0)
#else
# define set_xen_guest_handle_raw(hnd, val) do { (hnd) = val; } while (0)
#endif
#define set_xen_guest_handle(hnd, val) set_xen_guest_handle_raw(hnd, val)

typedef unsigned long xen_pfn_t;
typedef unsigned long xen_ulong_t;

#endif /* __ASSEMBLY__ */

#define PRI_xen_pfn   "lx"
#define PRIu_xen_pfn  "lu"
#define PRI_xen_ulong "lx"

#endif /* __XEN_PUBLIC_ARCH_X86_XEN_H__ */
