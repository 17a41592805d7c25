/* SPDX-License-Identifier: MIT */
/*
 * harness.c: sets the stage, and calls grant_table_op with a seed, for libFuzzer and for `run.c`.
 *
 * The stage is set once. Before each seed it is again as it was then.
 */
#include "world.h"

#include <stdlib.h>
#include <string.h>

#define LENGTH(of)      (sizeof(of) / sizeof *(of))
#define TABLE_MFN       0x10000000u     /* no number of a stage */

struct world world;

static struct world at_first;
static uint8_t data[FRAMES][PAGE], fresh[FRAMES][PAGE];

struct frame *new_frame(struct domain *owner, uint64_t mfn, uint64_t name)
{
    unsigned int n = world.nr_frames++;

    if (n == FRAMES)
        abort();
    world.frames[n] = (struct frame){
        .mfn = mfn, .name = name, .owner = owner, .data = data[n], .fresh = fresh[n],
    };
    return &world.frames[n];
}

struct view *view_at(struct domain *domain, uint64_t number)
{
    for (unsigned int n = 0; n < domain->nr_views; n++)
        if (domain->views[n].number == number)
            return &domain->views[n];
    return NULL;
}

/* Has a domain see a frame at a page of its addresses, or nothing. */
void show(struct domain *domain, uint64_t number, struct frame *frame, bool writable, bool granted)
{
    struct view *view = view_at(domain, number);

    if (!frame) {
        if (view)
            *view = domain->views[--domain->nr_views];
        return;
    }
    if (!view) {
        if (domain->nr_views == VIEWS)
            abort();
        view = &domain->views[domain->nr_views++];
    }
    *view = (struct view){ number, frame, writable, granted };
}

/* Has a table of at least so many frames. */
void grow(struct domain *domain, unsigned int frames)
{
    for (; domain->frames < frames; domain->frames++) {
        domain->table[domain->frames] = new_frame(domain, TABLE_MFN + world.nr_frames, NONE);
        domain->table[domain->frames]->xen = true;
    }
    if (domain->version == 2)
        for (; domain->statuses * PAGE / sizeof(grant_status_t) <
               domain->frames * PAGE / sizeof(union grant_entry_v2);
             domain->statuses++) {
            domain->status[domain->statuses] = new_frame(domain, TABLE_MFN + world.nr_frames, NONE);
            domain->status[domain->statuses]->xen = true;
        }
    else
        domain->statuses = 0;
}

static bool guest_access(struct domain *domain, uint64_t address, void *to, const void *from,
                         size_t size)
{
    for (size_t done = 0, part; done < size; done += part) {
        struct view *view = view_at(domain, (address + done) / PAGE);

        if (!view || (from && !view->writable))
            return false;
        part = PAGE - (address + done) % PAGE;
        part = part < size - done ? part : size - done;
    }
    for (size_t done = 0, part; done < size; done += part) {
        struct frame *frame = view_at(domain, (address + done) / PAGE)->frame;
        size_t offset = (address + done) % PAGE;

        part = PAGE - offset < size - done ? PAGE - offset : size - done;
        if (from) {
            frame->written = true;
            memcpy(frame->data + offset, (const uint8_t *)from + done, part);
        } else {
            memcpy((uint8_t *)to + done, frame->data + offset, part);
        }
    }
    return true;
}

bool guest_read(struct domain *domain, uint64_t address, void *to, size_t size)
{
    return guest_access(domain, address, to, NULL, size);
}

bool guest_write(struct domain *domain, uint64_t address, const void *from, size_t size)
{
    return guest_access(domain, address, NULL, from, size);
}

/* The stage: what stage.jsonl says, step by step. */

static struct grant_entry_v1 *v1(struct domain *domain, grant_ref_t ref)
{
    return (struct grant_entry_v1 *)domain->table[0]->data + ref;
}

static union grant_entry_v2 *v2(struct domain *domain, grant_ref_t ref)
{
    return (union grant_entry_v2 *)domain->table[0]->data + ref;
}

static void permit(struct domain *domain, grant_ref_t ref, domid_t to, uint64_t frame, uint16_t more)
{
    if (domain->version == 1)
        *v1(domain, ref) = (struct grant_entry_v1){ GTF_permit_access | more, to, frame };
    else
        *v2(domain, ref) = (union grant_entry_v2){
            .full_page = { .hdr = { GTF_permit_access | more, to }, .frame = frame },
        };
}

#if XENGNT_STAGE_SECOND
static void pass_on(struct domain *domain, grant_ref_t ref, domid_t to, domid_t of, grant_ref_t gref)
{
    *v2(domain, ref) = (union grant_entry_v2){
        .transitive = { .hdr = { GTF_transitive, to }, .trans_domid = of, .gref = gref },
    };
}

#endif

/* Calls with one struct in the memory that seeds have. */
static void call(struct domain *caller, unsigned int cmd, const void *op, size_t size)
{
    if (!guest_write(caller, XENGNT_SEED_WRITABLE, op, size) ||
        grant_table_op(caller, cmd, XENGNT_SEED_WRITABLE, 1))
        abort();
}

static void map(struct domain *caller, uint64_t address, domid_t dom, grant_ref_t ref, uint32_t flags)
{
    struct gnttab_map_grant_ref op = { .host_addr = address, .dom = dom, .ref = ref, .flags = flags };

    call(caller, GNTTABOP_map_grant_ref, &op, sizeof op);
}

static struct domain *make(unsigned int index, domid_t domid, const uint64_t *names,
                           const uint64_t *machine, const uint64_t *addresses, unsigned int pages)
{
    struct domain *domain = &world.domains[index];

    domain->domid = domid;
    domain->version = 1;
    grow(domain, 1);
    for (unsigned int n = 0; n < pages; n++)
        show(domain, addresses[n] / PAGE, new_frame(domain, machine[n] / PAGE, names[n]), true, false);
    for (unsigned int n = 0; n < WINDOW; n++) {
        uint64_t at = XENGNT_SEED_READONLY + n * PAGE;

        show(domain, at / PAGE, new_frame(domain, TABLE_MFN + world.nr_frames, NONE),
             at >= XENGNT_SEED_WRITABLE, false);
    }
    for (unsigned int n = 0; n < HANDLES; n++)
        domain->free[n] = n;
    domain->nr_free = HANDLES;
    return domain;
}

#if XENGNT_STAGE_SECOND
static void set_second(struct domain *other)
{
    struct gnttab_set_version op = { 2 };
    struct domain *middle = make(3, XENGNT_MIDDLE_DOMID, xengnt_middle_frame, xengnt_middle_machine,
                                 xengnt_middle_address, LENGTH(xengnt_middle_frame));
    const domid_t caller = XENGNT_CALLER_DOMID, guest = XENGNT_GUEST_DOMID;

    call(other, GNTTABOP_set_version, &op, sizeof op);
    call(middle, GNTTABOP_set_version, &op, sizeof op);
    permit(other, XENGNT_REF_WHOLE, caller, xengnt_other_frame[1], 0);
    *v2(other, XENGNT_REF_PARTIAL) = (union grant_entry_v2){
        .sub_page = { .hdr = { GTF_permit_access | GTF_sub_page, caller },
                      .page_off = XENGNT_REF_PART_FIRST, .length = XENGNT_REF_PART_LENGTH,
                      .frame = xengnt_other_frame[1] },
    };
    pass_on(other, XENGNT_REF_THROUGH, caller, guest, XENGNT_REF_OTHERS);
    pass_on(other, XENGNT_REF_ITSELF, caller, XENGNT_OTHER_DOMID, XENGNT_REF_WHOLE);
    pass_on(other, XENGNT_REF_TO_NOBODY, caller, XENGNT_NO_DOMID, XENGNT_REF_OTHERS);
    pass_on(other, XENGNT_REF_UNALLOWED, caller, guest, XENGNT_REF_WRITABLE);
    pass_on(other, XENGNT_REF_RESERVED_THROUGH, caller, guest, XENGNT_REF_OTHERS);
    pass_on(other, XENGNT_REF_TWICE, caller, XENGNT_MIDDLE_DOMID, XENGNT_REF_PASSED_ON);
    pass_on(middle, XENGNT_REF_PASSED_ON, XENGNT_OTHER_DOMID, guest, XENGNT_REF_OTHERS);
    permit(middle, XENGNT_REF_RESERVED_NEAR, caller, xengnt_middle_frame[0], 0);
    permit(middle, XENGNT_REF_RESERVED_FAR, caller, UINT64_C(1) << 32, 0);
}
#endif

static void set_stage(void)
{
    struct domain *caller = make(0, XENGNT_CALLER_DOMID, xengnt_caller_frame, xengnt_caller_machine,
                                 xengnt_caller_address, LENGTH(xengnt_caller_frame));
    struct domain *guest = make(1, XENGNT_GUEST_DOMID, xengnt_guest_frame, xengnt_guest_machine,
                                xengnt_guest_address, LENGTH(xengnt_guest_frame));
    struct domain *other = make(2, XENGNT_OTHER_DOMID, xengnt_other_frame, xengnt_other_machine,
                                xengnt_other_address, LENGTH(xengnt_other_frame));
    const domid_t to = XENGNT_CALLER_DOMID;
    struct gnttab_unmap_grant_ref unmap = { .host_addr = xengnt_caller_room[XENGNT_ROOM_FREE] };

    caller->privileged = other->full = true;
#if XENGNT_STAGE_SECOND
    set_second(other);
#endif
    permit(guest, XENGNT_REF_WRITABLE, to, xengnt_guest_frame[0], 0);
    permit(guest, XENGNT_REF_READONLY, to, xengnt_guest_frame[1], GTF_readonly);
    permit(guest, XENGNT_REF_MAPPED, to, xengnt_guest_frame[2], 0);
    permit(guest, XENGNT_REF_OTHERS, XENGNT_OTHER_DOMID, xengnt_guest_frame[3], 0);
    permit(guest, XENGNT_REF_LAST, to, xengnt_guest_frame[4], 0);
    permit(guest, XENGNT_REF_NO_FRAME, to, XENGNT_REF_NOBODY, 0);
    permit(guest, XENGNT_REF_SEEN, to, xengnt_guest_frame[5], 0);
    permit(guest, XENGNT_REF_SEEN_READONLY, to, xengnt_guest_frame[6], GTF_readonly);
    for (grant_ref_t ref = XENGNT_REF_ACCEPTING_FIRST; ref <= XENGNT_REF_ACCEPTING_LAST; ref++)
        *v1(guest, ref) = (struct grant_entry_v1){ GTF_accept_transfer, to, 0 };
    *v1(guest, XENGNT_REF_ACCEPTS_OTHERS) =
        (struct grant_entry_v1){ GTF_accept_transfer, XENGNT_OTHER_DOMID, 0 };
    permit(caller, XENGNT_REF_PINNED, XENGNT_GUEST_DOMID, xengnt_caller_frame[8], 0);
    permit(other, XENGNT_REF_PASSED_ON, XENGNT_GUEST_DOMID, xengnt_other_frame[0], 0);
    for (unsigned int n = 0; n < XENGNT_NR_UNMAPPED; n++)
        map(caller, xengnt_caller_room[XENGNT_ROOM_UNMAPPED + n], XENGNT_GUEST_DOMID, XENGNT_REF_MAPPED,
            GNTMAP_host_map);
    for (unsigned int n = 0; n < XENGNT_NR_REPLACED; n++)
        map(caller, xengnt_caller_room[XENGNT_ROOM_REPLACED + n], XENGNT_GUEST_DOMID, XENGNT_REF_MAPPED,
            GNTMAP_host_map);
    map(guest, xengnt_caller_room[0], XENGNT_CALLER_DOMID, XENGNT_REF_PINNED, GNTMAP_host_map);
    if (XENGNT_STAGE_PV)
        for (unsigned int n = 0; n < XENGNT_NR_DEVICE; n++)
            map(caller, xengnt_caller_room[XENGNT_ROOM_DEVICE + n], XENGNT_GUEST_DOMID,
                XENGNT_REF_MAPPED, GNTMAP_host_map | GNTMAP_device_map);
    for (unsigned int n = 0; n < XENGNT_NR_LOOKED_AT; n++)
        map(caller, xengnt_caller_room[XENGNT_ROOM_LOOKED_AT + n], XENGNT_GUEST_DOMID,
            n ? XENGNT_REF_SEEN_READONLY : XENGNT_REF_SEEN, GNTMAP_host_map | GNTMAP_readonly);
    unmap.handle = XENGNT_ROOM_FREE;
    call(caller, GNTTABOP_unmap_grant_ref, &unmap, sizeof unmap);
    for (unsigned int n = 0; n < DOMAINS; n++) {  /* what calls have left there */
        static const uint8_t nothing[PAGE];

        guest_write(&world.domains[n], XENGNT_SEED_WRITABLE, nothing, PAGE);
    }
    for (unsigned int n = 0; n < world.nr_frames; n++)
        world.frames[n].written = false;
    memcpy(fresh, data, sizeof data);
    at_first = world;
}

static void set_back(void)
{
    for (unsigned int n = 0; n < world.nr_frames; n++)
        if (world.frames[n].written)
            memcpy(data[n], fresh[n], PAGE);
    world = at_first;
}

/* The memory of a guest from an address on, as far as there is some. */
static uint8_t *memory(struct domain *domain, uint64_t address, size_t *size)
{
    struct view *view;
    size_t offset = (address - XENGNT_SEED_READONLY) % PAGE;

    if (address < XENGNT_SEED_READONLY || address >= XENGNT_SEED_END)
        return NULL;
    view = view_at(domain, address / PAGE);
    if (*size > PAGE - offset)
        *size = PAGE - offset;
    view->frame->written = true;
    return view->frame->data + offset;
}

static struct domain *caller_of(const struct xengnt_seed *seed)
{
    return &world.domains[seed->caller % DOMAINS];
}

/* Calls with a seed. What is in its array then is put in its place. */
long run_seed(uint8_t *bytes, size_t size)
{
    struct xengnt_seed seed = { 0 };
    struct domain *caller;
    long rc = 0;

    if (!world.nr_frames)
        set_stage();
    memcpy(&seed, bytes, size < sizeof seed ? size : sizeof seed);
    caller = caller_of(&seed);
    for (int after = 0; after < 2; after++) {
        for (size_t done = sizeof seed, part; done < size; done += part) {
            uint64_t at = seed.pointer + (done - sizeof seed);
            uint8_t *place;

            part = size - done;
            place = memory(caller, at, &part);
            if (!place)
                part = 1;
            else if (after)
                memcpy(bytes + done, place, part);
            else
                memcpy(place, bytes + done, part);
        }
        if (!after)
            rc = grant_table_op(caller, seed.cmd, seed.pointer, seed.count);
    }
    set_back();
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static uint8_t copy[sizeof(struct xengnt_seed) + WINDOW * PAGE];

    if (size > sizeof copy)
        return 0;
    memcpy(copy, bytes, size);
    run_seed(copy, size);
    return 0;
}
