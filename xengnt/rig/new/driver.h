/* SPDX-License-Identifier: MIT */
/* driver.h: a page with a message, shared by two guests. Put your own driver here. */

#ifndef DRIVER_H
#define DRIVER_H

#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/grant_table.h>

/* What a guest's kernel would provide: the call. Here it is the rig's. */
int HYPERVISOR_grant_table_op(unsigned int cmd, void *uop, unsigned int count);

/* The front: let a domain read a page of ours. */
void front_share(grant_entry_v1_t *table, grant_ref_t ref, domid_t reader, uint32_t frame);

/* Take it back. Returns 0, or -1 as long as the reader has it mapped. */
int front_end(grant_entry_v1_t *table, grant_ref_t ref);

/* The back: map the page at an address, copy the message out of it, and unmap it. Returns 0, or
 * the status that a call gave. */
int back_read(domid_t owner, grant_ref_t ref, void *at, char *message, size_t size);

#endif
