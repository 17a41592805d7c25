/* SPDX-License-Identifier: MIT */
/*
 * guest.h: what a guest's kernel has for its drivers: its pages, its grants, and the calls.
 *
 * A guest is for one thread at a time. The functions that return int return a status, GNTST_okay
 * or a negative one.
 */

#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "trial.h"

enum {
    PAGE = 4096,
    TABLE_FRAMES = 2,           /* Of the grant table. */
    ROOMS = 64,                 /* Places for mappings. */
    RETRIES = 5,                /* How often to try again what fails. */
};

#define NO_REF 0u               /* Xen's own reserved entries are never granted here. */
#define NO_HANDLE UINT32_MAX

/* Numbers to give out: of entries, pages or rooms. */
struct numbers {
    uint32_t *free;
    unsigned count;
};

struct guest {
    domid_t domid;
    unsigned version;                   /* Of its grant table. */
    unsigned frames;                    /* Of its grant table. */
    void *table[TABLE_FRAMES];
    grant_status_t *status;             /* If the version is 2. */
    struct numbers refs, pages, rooms;
};

/* Begin with a new domain. If this fails, there is nothing to end. */
int guest_start(struct guest *guest, unsigned pages);
void guest_end(struct guest *guest);

/* Choose the version of the table, when nothing is granted. The result is that of the call. */
int guest_set_version(struct guest *guest, unsigned version);

/* Make a call that is not to fail as a whole. */
void guest_call(struct guest *guest, unsigned cmd, void *args, unsigned count);

/* A page of memory, filled with zeros at first, and its frame number. */
void *guest_page(struct guest *guest);
xen_pfn_t guest_frame(struct guest *guest, const void *page);

/* Grant, and return the reference; NO_REF if there is none left. */
grant_ref_t grant_page(struct guest *guest, domid_t peer, const void *page, unsigned flags);
grant_ref_t grant_part(struct guest *guest, domid_t peer, const void *page, unsigned flags,
                       uint16_t offset, uint16_t length);
grant_ref_t grant_on(struct guest *guest, domid_t peer, domid_t owner, grant_ref_t ref);

/* Take it back. It is false if it is in use: then try again later. Without ref it is true. */
bool grant_end(struct guest *guest, grant_ref_t ref);

/* Which use of a grant goes on: GTF_reading and GTF_writing. */
unsigned grant_use(struct guest *guest, grant_ref_t ref);

/* A page of another domain, mapped here. */
struct mapping {
    grant_ref_t ref;
    uint32_t room;
    grant_handle_t handle;
    void *address;
    int status;
};

/* Map so many pages of a domain, of which `ref` is given. Each gets a status, and NO_HANDLE if
 * it is not okay. */
void guest_map(struct guest *guest, domid_t owner, unsigned flags, struct mapping *mappings,
               unsigned count);

/* End a mapping that is there. */
void guest_unmap(struct guest *guest, struct mapping *mapping);

/* Make copies. Those that are to be tried again are. */
void guest_copy(struct guest *guest, struct gnttab_copy *copies, unsigned count);

#endif /* GUEST_H */
