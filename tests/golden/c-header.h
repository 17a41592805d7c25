/* Xen's grant-table interface for x86_32 at interface version 0x00041300; made by: xengnt emit c-header cache_flush --abi x86_32 --interface-version 0x00041300 */
/* SPDX-License-Identifier: MIT */
/*
 * The structs lie as here with any compiler for any machine, so handles are plain integers, and
 * what is 8 bytes wide may be less aligned than usual: copy it before you pass on where it is.
 * Names and values are those of Xen's own headers: include those or this.
 */
#ifndef XENGNT_X86_32_0X00041300_GNTTAB_CACHE_FLUSH_H
#define XENGNT_X86_32_0X00041300_GNTTAB_CACHE_FLUSH_H

#include <stdint.h>

#ifndef XENGNT_ALIGNED_4
# define XENGNT_ALIGNED_4
# ifndef __GNUC__
#  error "this takes __attribute__((aligned))"
# endif
typedef uint64_t xengnt_uint64_a4 __attribute__((aligned(4)));
typedef int64_t xengnt_int64_a4 __attribute__((aligned(4)));
#endif

/* The number of an entry in some domain's grant table. */
typedef uint32_t grant_ref_t;

/*
 * GNTTABOP_cache_flush: clean or drop the cache lines of a part of a page that the caller has
 * mapped.
 *
 * There is no status: the first element that fails ends the call, with its error as the result.
 * For Arm; x86 had it until Xen 4.20.
 *
 * 16 bytes, aligned to 4.
 */
struct gnttab_cache_flush {
    union { /* 0, IN, meant is GNTTAB_CACHE_SOURCE_GREF ? ref : dev_bus_addr */
        xengnt_uint64_a4 dev_bus_addr; /* 0, IN: The page, as map returned it. */
        grant_ref_t ref; /* 0, IN: The page, by a reference. */
    } a;
    uint16_t offset; /* 8, IN: Where in the page to begin, in bytes. */
    uint16_t length; /* 10, IN: How many bytes. */
    uint32_t op; /* 12, IN, enum gnttab_cache_flag */
};
typedef struct gnttab_cache_flush gnttab_cache_flush_t;

#ifndef __XEN_PUBLIC_GRANT_TABLE_H__

/* Others. */
#define __HYPERVISOR_grant_table_op 20 /* The number of the hypercall that grant_table.h is about. */

/* enum grant_table_op: The commands of the hypercall. */
#define GNTTABOP_cache_flush 12 /* [Xen 4.5] */

/* enum gnttab_cache_flag: What to do with cache lines. */
#define GNTTAB_CACHE_CLEAN 0x1U /* Write dirty lines back. [Xen 4.5] */
#define GNTTAB_CACHE_INVAL 0x2U /* Drop lines. [Xen 4.5] */
#define GNTTAB_CACHE_SOURCE_GREF 0x80000000U /* The page is given by a grant reference. [Xen 4.5] */

#endif

#endif
