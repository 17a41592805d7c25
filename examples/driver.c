/* SPDX-License-Identifier: MIT */
/* A piece of a driver: xengnt check takes the object that a compiler makes of it. */
#include <stdint.h>
#include <xen/grant_table.h>

void copy_from_guest(struct gnttab_copy *op, domid_t guest, grant_ref_t ref, xen_pfn_t frame);

void copy_from_guest(struct gnttab_copy *op, domid_t guest, grant_ref_t ref, xen_pfn_t frame)
{
    op->source.u.ref = ref;
    op->source.domid = guest;
    op->source.offset = 0;
    op->dest.u.gmfn = frame;
    op->dest.domid = DOMID_SELF;
    op->dest.offset = 0;
    op->len = 4096;
    op->flags = GNTCOPY_source_gref;
}
