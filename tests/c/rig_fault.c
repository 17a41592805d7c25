/* SPDX-License-Identifier: MIT */
/* rig_fault.c: a driver that touches a mapping as it may, or as it may not. */

#include <stdint.h>
#include <string.h>

#include <xen/xen.h>
#include <xen/grant_table.h>
#include <xengnt/rig.h>

int main(int argc, char **argv)
{
    int back = xengnt_rig_create_domain(NULL), front = xengnt_rig_create_domain(NULL);
    struct gnttab_map_grant_ref map = { .flags = GNTMAP_host_map | GNTMAP_readonly, .ref = 8 };
    struct gnttab_unmap_grant_ref unmap = { 0 };
    struct xengnt_rig_page page;
    grant_entry_v1_t *table = xengnt_rig_table(front, 0, 0);
    volatile char *at;
    uint64_t room;

    if (argc < 2 || xengnt_rig_page(front, 0, &page) || xengnt_rig_room(back, 0, &room))
        return 2;
    table[8].domid = back;
    table[8].frame = page.frame;
    __atomic_store_n(&table[8].flags, GTF_permit_access, __ATOMIC_RELEASE);
    *(volatile char *)(uintptr_t)page.address = 'x';
    map.host_addr = room;
    map.dom = front;
    if (HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, &map, 1) || map.status)
        return 3;
    at = (volatile char *)(uintptr_t)room;
    if (*at != 'x')
        return 4;
    if (!strcmp(argv[1], "written"))
        *at = 'y';
    unmap.host_addr = room;
    unmap.handle = map.handle;
    if (HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1) || unmap.status)
        return 5;
    return !strcmp(argv[1], "gone") ? *at : 0;
}
