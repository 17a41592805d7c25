/* SPDX-License-Identifier: MIT */
/*
 * xen-compat.h: which version of the interface a guest is compiled for.
 *
 * A guest defines __XEN_INTERFACE_VERSION__ before it includes anything of
 * Xen's, and then sees the interface as it was at that version. A guest that
 * defines nothing gets the oldest. Xen itself (__XEN__) and its tools
 * (__XEN_TOOLS__) always get the newest.
 */

#ifndef __XEN_PUBLIC_XEN_COMPAT_H__
#define __XEN_PUBLIC_XEN_COMPAT_H__

#define __XEN_LATEST_INTERFACE_VERSION__ 0x00041300

#if defined(__XEN__) || defined(__XEN_TOOLS__)
# define __XEN_INTERFACE_VERSION__ __XEN_LATEST_INTERFACE_VERSION__
#elif !defined(__XEN_INTERFACE_VERSION__)
# define __XEN_INTERFACE_VERSION__ 0x00000000
#endif

#if __XEN_INTERFACE_VERSION__ > __XEN_LATEST_INTERFACE_VERSION__
# error "__XEN_INTERFACE_VERSION__ is newer than these headers know."
#endif

/* The spelling of `type last_member[];` that this compiler understands. */
#if defined(__STDC_VERSION__) && __STDC_VERSION__ >= 199901L
# define XEN_FLEX_ARRAY_DIM
#elif defined(__GNUC__)
# define XEN_FLEX_ARRAY_DIM 0
#else
# define XEN_FLEX_ARRAY_DIM 1
#endif
#define COMPAT_FLEX_ARRAY_DIM XEN_FLEX_ARRAY_DIM

#endif /* __XEN_PUBLIC_XEN_COMPAT_H__ */
