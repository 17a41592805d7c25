/* Xen's grant-table interface for x86_32 at interface version 0x00041300; made by: xengnt emit c-array cache_flush - --abi x86_32 --interface-version 0x00041300 */
/* SPDX-License-Identifier: MIT */

#ifndef XENGNT_ALIGNED
# if defined(__GNUC__)
#  define XENGNT_ALIGNED(n) __attribute__((aligned(n)))
# elif defined(__cplusplus)
#  define XENGNT_ALIGNED(n) alignas(n)
# else
#  define XENGNT_ALIGNED(n) _Alignas(n)
# endif
#endif

enum { xengnt_cache_flush_count = 1 };

XENGNT_ALIGNED(4) unsigned char xengnt_cache_flush[16] = {
    /* [0] */
    0x08, 0x00, 0x00, 0x00, /* a.ref = 0x8, IN */
    0x00, 0x00, 0x00, 0x00, /* the rest of a */
    0x00, 0x00, /* offset = 0x0, IN */
    0x00, 0x00, /* length = 0x0, IN */
    0x01, 0x00, 0x00, 0x80, /* op = GNTTAB_CACHE_CLEAN|GNTTAB_CACHE_SOURCE_GREF, IN */
};
