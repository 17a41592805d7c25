/* SPDX-License-Identifier: MIT */
/* What a 64-bit Xen has of the structs of its 32-bit guests: made by its build from the others. */
#ifndef _COMPAT_GRANT_TABLE_H
#define _COMPAT_GRANT_TABLE_H
#include <xen/compat.h>
#include <public/grant_table.h>
#pragma pack(4)
#include "xen.h"

typedef uint32_t grant_ref_compat_t;
typedef uint16_t domid_compat_t;

struct compat_gnttab_map_grant_ref {
    uint64_t host_addr;
    uint32_t flags;
    grant_ref_compat_t ref;
    domid_compat_t dom;
    int16_t status;
    uint32_t handle;
    uint64_t dev_bus_addr;
};
typedef struct compat_gnttab_map_grant_ref gnttab_map_grant_ref_compat_t;
DEFINE_COMPAT_HANDLE(gnttab_map_grant_ref_compat_t);

struct compat_gnttab_setup_table {
    domid_compat_t dom;
    uint32_t nr_frames;
    int16_t status;
    COMPAT_HANDLE(compat_pfn_t) frame_list;
};

struct compat_gnttab_transfer {
    compat_pfn_t mfn;
    domid_compat_t domid;
    grant_ref_compat_t ref;
    int16_t status;
};

struct compat_gnttab_copy {
    struct compat_gnttab_copy_ptr {
        union {
            grant_ref_compat_t ref;
            compat_pfn_t gmfn;
        } u;
        domid_compat_t domid;
        uint16_t offset;
    } source, dest;
    uint16_t len;
    uint16_t flags;
    int16_t status;
};

struct compat_gnttab_cache_flush {
    union {
        uint64_t dev_bus_addr;
        grant_ref_compat_t ref;
    } a;
    uint16_t offset;
    uint16_t length;
    uint32_t op;
};
#pragma pack()
#endif
