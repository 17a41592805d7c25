/* SPDX-License-Identifier: MIT */
/* driver.c: a page with a message, shared by two guests. */

#include "driver.h"

#include <string.h>

/* How often the back asks again when Xen says that it is too early. */
#define TRIES 10

void front_share(grant_entry_v1_t *table, grant_ref_t ref, domid_t reader, uint32_t frame)
{
    table[ref].domid = reader;
    table[ref].frame = frame;
    /* Xen may look at any time: the flags come last. */
    __atomic_store_n(&table[ref].flags, GTF_permit_access | GTF_readonly, __ATOMIC_RELEASE);
}

int front_end(grant_entry_v1_t *table, grant_ref_t ref)
{
    uint16_t flags = __atomic_load_n(&table[ref].flags, __ATOMIC_ACQUIRE);

    do {
        if (flags & (GTF_reading | GTF_writing))
            return -1;
    } while (!__atomic_compare_exchange_n(&table[ref].flags, &flags, 0, 0, __ATOMIC_SEQ_CST,
                                          __ATOMIC_ACQUIRE));
    return 0;
}

int back_read(domid_t owner, grant_ref_t ref, void *at, char *message, size_t size)
{
    struct gnttab_map_grant_ref map;
    struct gnttab_unmap_grant_ref unmap;
    int tries = TRIES;

    do {
        memset(&map, 0, sizeof map);
        map.host_addr = (uintptr_t)at;
        map.flags = GNTMAP_host_map | GNTMAP_readonly;
        map.ref = ref;
        map.dom = owner;
        if (HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, &map, 1))
            return GNTST_general_error;
    } while (map.status == GNTST_eagain && --tries);
    if (map.status)
        return map.status;

    strncpy(message, at, size - 1);
    message[size - 1] = 0;

    memset(&unmap, 0, sizeof unmap);
    unmap.host_addr = map.host_addr;
    unmap.handle = map.handle;
    if (HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1))
        return GNTST_general_error;
    return unmap.status;
}
