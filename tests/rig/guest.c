/* SPDX-License-Identifier: MIT */
/* guest.c: a guest's side of grant tables. */

#include <stdlib.h>
#include <string.h>

#include <xengnt/rig.h>

#include "guest.h"

enum { MOST_MAPPED = 16 };      /* In one call. */

/* Numbers */

static bool numbers_fill(struct numbers *numbers, uint32_t first, uint32_t end)
{
    numbers->count = 0;
    numbers->free = malloc((end - first) * sizeof(*numbers->free));
    if (!numbers->free)
        return false;
    while (end-- > first)
        numbers->free[numbers->count++] = end;
    return true;
}

static void numbers_end(struct numbers *numbers)
{
    free(numbers->free);
    numbers->free = NULL;
    numbers->count = 0;
}

/* Beginning and end */

void guest_call(struct guest *guest, unsigned cmd, void *args, unsigned count)
{
    int result;

    xengnt_rig_set_caller(guest->domid);
    result = HYPERVISOR_grant_table_op(cmd, args, count);
    if (result) {
        const char *reason = xengnt_rig_reason(NULL);

        wrong("call %u of domain %u gives %d: %s", cmd, guest->domid, result,
              reason ? reason : "no reason");
    }
}

static unsigned entries_of(const struct guest *guest)
{
    size_t size = guest->version == 1 ? sizeof(grant_entry_v1_t) : sizeof(grant_entry_v2_t);

    return (unsigned)(guest->frames * PAGE / size);
}

/* See to it that the table has its frames, and find them. A guest on Xen would map the ones
 * that are listed. */
static int find_table(struct guest *guest)
{
    struct gnttab_query_size size = {.dom = DOMID_SELF, .status = GNTST_general_error};
    struct gnttab_setup_table setup = {.dom = DOMID_SELF, .status = GNTST_general_error};
    xen_pfn_t list[TABLE_FRAMES];

    guest_call(guest, GNTTABOP_query_size, &size, 1);
    if (size.status != GNTST_okay)
        return size.status;
    guest->frames = size.max_nr_frames < TABLE_FRAMES ? size.max_nr_frames : TABLE_FRAMES;

    setup.nr_frames = guest->frames;
    set_xen_guest_handle(setup.frame_list, list);
    guest_call(guest, GNTTABOP_setup_table, &setup, 1);
    if (setup.status != GNTST_okay)
        return setup.status;
    for (unsigned i = 0; i < guest->frames; i++) {
        guest->table[i] = xengnt_rig_table(guest->domid, i, 0);
        if (!guest->table[i])
            wrong("frame %u of the table of domain %u is nowhere", i, guest->domid);
    }
    return GNTST_okay;
}

/* The same for the frame with the status of all entries, of version 2. */
static int find_status(struct guest *guest)
{
    struct gnttab_get_status_frames get = {.dom = DOMID_SELF, .status = GNTST_general_error};
    uint64_t list[1];

    get.nr_frames = 1;
    set_xen_guest_handle(get.frame_list, list);
    guest_call(guest, GNTTABOP_get_status_frames, &get, 1);
    if (get.status != GNTST_okay)
        return get.status;
    guest->status = xengnt_rig_table(guest->domid, 0, 1);
    if (!guest->status)
        wrong("the status frame of domain %u is nowhere", guest->domid);
    return GNTST_okay;
}

/* Have a table of the version that is in force. */
static int start_table(struct guest *guest)
{
    int status;

    numbers_end(&guest->refs);
    guest->status = NULL;
    status = find_table(guest);
    if (status == GNTST_okay && guest->version == 2)
        status = find_status(guest);
    if (status == GNTST_okay &&
        !numbers_fill(&guest->refs, GNTTAB_NR_RESERVED_ENTRIES, entries_of(guest)))
        status = GNTST_general_error;
    return status;
}

/* What may be tried again is, as long as it is worth it. */
static int start_patiently(struct guest *guest)
{
    int status = start_table(guest);

    for (unsigned i = 0; status == GNTST_eagain && i < RETRIES; i++)
        status = start_table(guest);
    return status;
}

int guest_start(struct guest *guest, unsigned pages)
{
    int status = GNTST_general_error;

    memset(guest, 0, sizeof(*guest));
    guest->domid = trial_domain(pages);
    guest->version = 1;
    if (numbers_fill(&guest->pages, 0, pages) && numbers_fill(&guest->rooms, 0, ROOMS))
        status = start_patiently(guest);
    if (status != GNTST_okay) {
        if (!trial_expects(status))
            wrong("domain %u has no table: status %d", guest->domid, status);
        guest_end(guest);
    }
    return status;
}

void guest_end(struct guest *guest)
{
    numbers_end(&guest->refs);
    numbers_end(&guest->pages);
    numbers_end(&guest->rooms);
}

int guest_set_version(struct guest *guest, unsigned version)
{
    struct gnttab_set_version set = {.version = version};
    int result;

    xengnt_rig_set_caller(guest->domid);
    result = HYPERVISOR_grant_table_op(GNTTABOP_set_version, &set, 1);
    if (result)
        return result;
    guest->version = set.version;
    return start_patiently(guest);
}

/* Pages */

void *guest_page(struct guest *guest)
{
    struct xengnt_rig_page page;
    uint32_t index;

    if (!guest->pages.count)
        return NULL;
    index = guest->pages.free[--guest->pages.count];
    if (xengnt_rig_page(guest->domid, index, &page) < 0) {
        wrong("domain %u has no page %u", guest->domid, index);
        return NULL;
    }
    return (void *)(uintptr_t)page.address;
}

xen_pfn_t guest_frame(struct guest *guest, const void *page)
{
    uint64_t frame = 0;

    if (xengnt_rig_frame(guest->domid, page, &frame) < 0)
        wrong("domain %u has nothing at %p", guest->domid, page);
    return (xen_pfn_t)frame;
}

/* Grants */

static grant_entry_v1_t *entry_v1(struct guest *guest, grant_ref_t ref)
{
    const unsigned each = PAGE / sizeof(grant_entry_v1_t);

    return (grant_entry_v1_t *)guest->table[ref / each] + ref % each;
}

static grant_entry_v2_t *entry_v2(struct guest *guest, grant_ref_t ref)
{
    const unsigned each = PAGE / sizeof(grant_entry_v2_t);

    return (grant_entry_v2_t *)guest->table[ref / each] + ref % each;
}

static grant_ref_t take_ref(struct guest *guest)
{
    return guest->refs.count ? guest->refs.free[--guest->refs.count] : NO_REF;
}

/* The type makes an entry valid, so all else has to be there before it. */
static void make_valid(uint16_t *flags, unsigned value)
{
    __atomic_store_n(flags, (uint16_t)value, __ATOMIC_RELEASE);
}

grant_ref_t grant_page(struct guest *guest, domid_t peer, const void *page, unsigned flags)
{
    grant_ref_t ref = take_ref(guest);

    if (ref == NO_REF)
        return ref;
    if (guest->version == 1) {
        grant_entry_v1_t *entry = entry_v1(guest, ref);

        entry->domid = peer;
        entry->frame = (uint32_t)guest_frame(guest, page);
        make_valid(&entry->flags, GTF_permit_access | flags);
    } else {
        grant_entry_v2_t *entry = entry_v2(guest, ref);

        entry->full_page.hdr.domid = peer;
        entry->full_page.frame = guest_frame(guest, page);
        make_valid(&entry->full_page.hdr.flags, GTF_permit_access | flags);
    }
    return ref;
}

grant_ref_t grant_part(struct guest *guest, domid_t peer, const void *page, unsigned flags,
                       uint16_t offset, uint16_t length)
{
    grant_ref_t ref = guest->version == 2 ? take_ref(guest) : NO_REF;
    grant_entry_v2_t *entry;

    if (ref == NO_REF)
        return ref;
    entry = entry_v2(guest, ref);
    entry->sub_page.hdr.domid = peer;
    entry->sub_page.page_off = offset;
    entry->sub_page.length = length;
    entry->sub_page.frame = guest_frame(guest, page);
    make_valid(&entry->sub_page.hdr.flags, GTF_permit_access | GTF_sub_page | flags);
    return ref;
}

grant_ref_t grant_on(struct guest *guest, domid_t peer, domid_t owner, grant_ref_t given)
{
    grant_ref_t ref = guest->version == 2 ? take_ref(guest) : NO_REF;
    grant_entry_v2_t *entry;

    if (ref == NO_REF)
        return ref;
    entry = entry_v2(guest, ref);
    entry->transitive.hdr.domid = peer;
    entry->transitive.trans_domid = owner;
    entry->transitive.gref = given;
    make_valid(&entry->transitive.hdr.flags, GTF_transitive);
    return ref;
}

unsigned grant_use(struct guest *guest, grant_ref_t ref)
{
    const uint16_t *word = guest->version == 1 ? &entry_v1(guest, ref)->flags : &guest->status[ref];

    return __atomic_load_n(word, __ATOMIC_ACQUIRE) & (GTF_reading | GTF_writing);
}

/* Version 1 has the marks of use in the same word as the type, so one step asks and withdraws. */
static bool end_v1(struct guest *guest, grant_ref_t ref)
{
    uint16_t *flags = &entry_v1(guest, ref)->flags;
    uint16_t seen = __atomic_load_n(flags, __ATOMIC_RELAXED);

    do {
        if (seen & (GTF_reading | GTF_writing))
            return false;
    } while (!__atomic_compare_exchange_n(flags, &seen, 0, false, __ATOMIC_SEQ_CST,
                                          __ATOMIC_RELAXED));
    return true;
}

/* Version 2 has them elsewhere: nobody can begin after the store, so who has not begun before
 * the load never will. */
static bool end_v2(struct guest *guest, grant_ref_t ref)
{
    __atomic_store_n(&entry_v2(guest, ref)->hdr.flags, 0, __ATOMIC_SEQ_CST);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return !grant_use(guest, ref);
}

bool grant_end(struct guest *guest, grant_ref_t ref)
{
    if (ref == NO_REF)
        return true;
    if (!(guest->version == 1 ? end_v1(guest, ref) : end_v2(guest, ref)))
        return false;
    guest->refs.free[guest->refs.count++] = ref;
    return true;
}

/* Calls */

void guest_map(struct guest *guest, domid_t owner, unsigned flags, struct mapping *mappings,
               unsigned count)
{
    struct gnttab_map_grant_ref ops[MOST_MAPPED];
    uint64_t address = 0;

    if (count > MOST_MAPPED || count > guest->rooms.count) {
        wrong("domain %u has no room for %u mappings", guest->domid, count);
        for (unsigned i = 0; i < count; i++)
            mappings[i].status = GNTST_general_error;
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        mappings[i].room = guest->rooms.free[--guest->rooms.count];
        if (xengnt_rig_room(guest->domid, mappings[i].room, &address) < 0)
            wrong("domain %u has no room %u", guest->domid, mappings[i].room);
        mappings[i].address = (void *)(uintptr_t)address;
        ops[i] = (struct gnttab_map_grant_ref){
            .host_addr = address,
            .flags = GNTMAP_host_map | flags,
            .ref = mappings[i].ref,
            .dom = owner,
            .status = GNTST_general_error,
        };
    }
    guest_call(guest, GNTTABOP_map_grant_ref, ops, count);
    for (unsigned i = 0; i < count; i++) {
        for (unsigned tries = 0; ops[i].status == GNTST_eagain && tries < RETRIES; tries++)
            guest_call(guest, GNTTABOP_map_grant_ref, &ops[i], 1);
        mappings[i].status = ops[i].status;
        mappings[i].handle = ops[i].handle;
        if (ops[i].status != GNTST_okay) {
            mappings[i].handle = NO_HANDLE;
            mappings[i].address = NULL;
            guest->rooms.free[guest->rooms.count++] = mappings[i].room;
        }
    }
}

void guest_unmap(struct guest *guest, struct mapping *mapping)
{
    struct gnttab_unmap_grant_ref op = {
        .host_addr = (uintptr_t)mapping->address,
        .handle = mapping->handle,
        .status = GNTST_general_error,
    };

    guest_call(guest, GNTTABOP_unmap_grant_ref, &op, 1);
    for (unsigned tries = 0; op.status != GNTST_okay && tries < RETRIES; tries++)
        guest_call(guest, GNTTABOP_unmap_grant_ref, &op, 1);
    if (op.status != GNTST_okay)
        return;     /* It stays there, and so does its room. */
    guest->rooms.free[guest->rooms.count++] = mapping->room;
    mapping->handle = NO_HANDLE;
    mapping->address = NULL;
}

void guest_copy(struct guest *guest, struct gnttab_copy *copies, unsigned count)
{
    guest_call(guest, GNTTABOP_copy, copies, count);
    for (unsigned i = 0; i < count; i++)
        for (unsigned tries = 0; copies[i].status == GNTST_eagain && tries < RETRIES; tries++)
            guest_call(guest, GNTTABOP_copy, &copies[i], 1);
}
