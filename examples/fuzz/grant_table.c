/* SPDX-License-Identifier: MIT */
/*
 * grant_table.c: a small grant_table_op. It makes the checks that Xen makes, in the order in which
 * Xen makes them, for 64-bit PV guests and for guests on Arm; seeds that are written for it agree
 * with it in each result and status. It is an example of what `xengnt corpus` is for, and no part
 * of anything else.
 */
#include "world.h"

#include <errno.h>
#include <string.h>

#define LENGTH(of)      (sizeof(of) / sizeof *(of))
#define CMD_BITS        12
#define HOLE            (UINT64_C(1) << 47)
#define HOLE_END        UINT64_C(0xffff880000000000)
#define MEMORY_END      (0x1000u + (1u << 20))  /* frames */
#define ARM_BITS        40
#define IN_USE          (GTF_reading | GTF_writing)

static const bool pv = XENGNT_STAGE_PV;

/* Tables */

static struct domain *by_id(domid_t domid)
{
    for (unsigned int n = 0; n < DOMAINS; n++)
        if (world.domains[n].domid == domid)
            return &world.domains[n];
    return NULL;
}

static struct domain *by_any_id(struct domain *caller, domid_t domid)
{
    return domid == DOMID_SELF ? caller : by_id(domid);
}

static struct frame *by_number(uint64_t mfn)
{
    for (unsigned int n = 0; n < world.nr_frames; n++)
        if (world.frames[n].mfn == mfn)
            return &world.frames[n];
    return NULL;
}

/* The frame of a domain's own that it names so. */
static struct frame *named(struct domain *domain, uint64_t name)
{
    struct frame *frame = NULL;

    if (pv) {
        frame = by_number(name);
    } else {
        struct view *view = view_at(domain, name);

        if (view)
            frame = view->frame;
    }
    return frame && frame->owner == domain ? frame : NULL;
}

static unsigned int per_frame(const struct domain *domain)
{
    return PAGE / (domain->version == 1 ? sizeof(struct grant_entry_v1) : sizeof(union grant_entry_v2));
}

static unsigned int entries(const struct domain *domain)
{
    return domain->frames * per_frame(domain);
}

static struct grant_entry_v1 *entry_v1(struct domain *domain, grant_ref_t ref)
{
    struct frame *frame = domain->table[ref / per_frame(domain)];

    frame->written = true;
    return (struct grant_entry_v1 *)frame->data + ref % per_frame(domain);
}

static union grant_entry_v2 *entry_v2(struct domain *domain, grant_ref_t ref)
{
    struct frame *frame = domain->table[ref / per_frame(domain)];

    frame->written = true;
    return (union grant_entry_v2 *)frame->data + ref % per_frame(domain);
}

static uint16_t *status_word(struct domain *domain, grant_ref_t ref)
{
    struct frame *frame = domain->status[ref / (PAGE / sizeof(grant_status_t))];

    frame->written = true;
    return (grant_status_t *)frame->data + ref % (PAGE / sizeof(grant_status_t));
}

static uint16_t *flags_of(struct domain *domain, grant_ref_t ref)
{
    return domain->version == 1 ? &entry_v1(domain, ref)->flags : &entry_v2(domain, ref)->hdr.flags;
}

static domid_t domid_of(struct domain *domain, grant_ref_t ref)
{
    return domain->version == 1 ? entry_v1(domain, ref)->domid : entry_v2(domain, ref)->hdr.domid;
}

static uint64_t frame_of(struct domain *domain, grant_ref_t ref)
{
    return domain->version == 1 ? entry_v1(domain, ref)->frame : entry_v2(domain, ref)->full_page.frame;
}

/* Where the in-use bits of an entry are. */
static uint16_t *marks(struct domain *domain, grant_ref_t ref)
{
    return domain->version == 1 ? flags_of(domain, ref) : status_word(domain, ref);
}

static struct pin *pin_of(struct domain *domain, grant_ref_t ref)
{
    for (unsigned int n = 0; n < PINS; n++)
        if (domain->pins[n].used && domain->pins[n].ref == ref)
            return &domain->pins[n];
    return NULL;
}

static struct pin *new_pin(struct domain *domain, grant_ref_t ref, domid_t user, struct frame *frame)
{
    for (unsigned int n = 0; n < PINS; n++)
        if (!domain->pins[n].used) {
            domain->pins[n] = (struct pin){
                .used = true, .ref = ref, .user = user, .frame = frame, .length = PAGE,
            };
            return &domain->pins[n];
        }
    return NULL;
}

static bool written_to(const struct pin *pin)
{
    return pin->counts[HOST_WRITE] || pin->counts[DEVICE_WRITE];
}

static bool in_use(const struct pin *pin)
{
    return written_to(pin) || pin->counts[HOST_READ] || pin->counts[DEVICE_READ];
}

/* Clears the in-use bits that a pin does not bear out any more. */
static void settle(struct domain *domain, grant_ref_t ref, struct pin *pin, bool readonly)
{
    if (FAILS("unmap 6: the last pin goes", !pin || !in_use(pin))) {
        if (pin)
            pin->used = false;
        *marks(domain, ref) &= ~(readonly ? GTF_reading : IN_USE);
    } else if (FAILS("unmap 6: the last writable pin goes", !readonly && !written_to(pin))) {
        *marks(domain, ref) &= ~GTF_writing;
    }
}

/* Using an entry */

static int mark(struct domain *domain, grant_ref_t ref, domid_t user, bool pinned, bool readonly,
                bool mapping)
{
    uint16_t flags = *flags_of(domain, ref);
    uint16_t type = flags & GTF_type_mask;

    if (!pinned) {
        if (mapping) {
            if (FAILS("map 7: entry is of no page", type != GTF_permit_access))
                return GNTST_general_error;
            if (FAILS("map 7: entry is of a part", flags & GTF_sub_page))
                return GNTST_general_error;
            if (FAILS("map 7: entry is for another", domid_of(domain, ref) != user))
                return GNTST_general_error;
        } else {
            bool through = domain->version == 2 && type == GTF_transitive;

            if (FAILS("copy 3: entry is of no page", type != GTF_permit_access && !through))
                return GNTST_general_error;
            if (FAILS("copy 3: entry is for another", domid_of(domain, ref) != user))
                return GNTST_general_error;
        }
    }
    if (mapping ? FAILS("map 7: entry is read-only", !readonly && flags & GTF_readonly)
                : FAILS("copy 4: entry is read-only", !readonly && flags & GTF_readonly))
        return GNTST_general_error;
    *marks(domain, ref) |= readonly ? GTF_reading : IN_USE;
    return GNTST_okay;
}

static bool full(const struct pin *pin, unsigned int counter)
{
    return pin->counts[counter] & 0x80;
}

static void release_copy(struct domain *domain, grant_ref_t ref, struct pin *pin, bool readonly)
{
    struct domain *via = pin->via;
    grant_ref_t via_ref = pin->via_ref;

    pin->counts[readonly ? HOST_READ : HOST_WRITE]--;
    settle(domain, ref, pin, readonly);
    if (via)
        release_copy(via, via_ref, pin_of(via, via_ref), readonly);
}

static int claim_copy(struct domain *domain, grant_ref_t ref, domid_t user, bool readonly, bool through,
                      struct pin **claimed)
{
    unsigned int counter = readonly ? HOST_READ : HOST_WRITE;
    struct pin *pin, *inner = NULL, found = { .length = PAGE };
    int rc;

    if (FAILS("copy 3: ref is beyond the table", ref >= entries(domain)))
        return GNTST_bad_gntref;
    pin = pin_of(domain, ref);
    if (FAILS("copy 3: entry is in use by another", pin && pin->user != user))
        return GNTST_general_error;
    if (pin && full(pin, counter))
        return GNTST_general_error;
    if (FAILS("copy 3: entry is not in use so", !pin || !(readonly || written_to(pin)))) {
        uint16_t flags = *flags_of(domain, ref);

        rc = mark(domain, ref, user, pin, readonly, false);
        if (rc)
            return rc;
        if (domain->version == 2 && (flags & GTF_type_mask) == GTF_transitive) {
            union grant_entry_v2 *entry = entry_v2(domain, ref);
            struct domain *other = by_id(entry->transitive.trans_domid);

            rc = GNTST_general_error;
            if (FAILS("copy 7: passed on more than once", !through) ||
                FAILS("copy 7: passed on to itself", other == domain) ||
                FAILS("copy 7: passed on of no domain", !other))
                goto undo;
            rc = claim_copy(other, entry->transitive.gref, domain->domid, readonly, false, &inner);
            if (FAILS("copy 7: what is passed on is not allowed", rc))
                goto undo;
            found = *inner;
            found.via = other;
            found.via_ref = entry->transitive.gref;
        } else {
            uint64_t name = frame_of(domain, ref);

            if (domain->version == 2 && flags & GTF_sub_page) {
                union grant_entry_v2 *entry = entry_v2(domain, ref);

                name = entry->sub_page.frame;
                found.start = entry->sub_page.page_off;
                found.length = entry->sub_page.length;
            }
            found.frame = named(domain, name);
            rc = GNTST_bad_page;
            if (FAILS("copy 3: there is no such frame", !found.frame))
                goto undo;
        }
        if (!pin) {
            pin = new_pin(domain, ref, user, found.frame);
            rc = GNTST_general_error;
            if (!pin)
                goto undo;
            pin->start = found.start;
            pin->length = found.length;
            pin->via = found.via;
            pin->via_ref = found.via_ref;
        } else if (inner && (pin->via != found.via || pin->via_ref != found.via_ref)) {
            rc = GNTST_eagain;
            goto undo;
        }
    }
    pin->counts[counter]++;
    *claimed = pin;
    return GNTST_okay;

undo:
    if (inner)
        release_copy(found.via, found.via_ref, inner, readonly);
    settle(domain, ref, pin, readonly);
    return rc;
}

static void release_map(struct domain *domain, grant_ref_t ref, uint32_t which, bool readonly)
{
    struct pin *pin = pin_of(domain, ref);

    if (which & GNTMAP_host_map)
        pin->counts[readonly ? HOST_READ : HOST_WRITE]--;
    if (which & GNTMAP_device_map)
        pin->counts[readonly ? DEVICE_READ : DEVICE_WRITE]--;
    settle(domain, ref, pin, readonly);
}

static int claim_map(struct domain *domain, grant_ref_t ref, domid_t user, uint32_t flags,
                     struct frame **claimed)
{
    bool readonly = flags & GNTMAP_readonly;
    unsigned int host = readonly ? HOST_READ : HOST_WRITE;
    unsigned int device = readonly ? DEVICE_READ : DEVICE_WRITE;
    struct pin *pin;
    int rc;

    if (FAILS("map 5: ref is beyond the table", ref >= entries(domain)))
        return GNTST_bad_gntref;
    pin = pin_of(domain, ref);
    if (FAILS("map 6: entry is in use by another", pin && pin->user != user))
        return GNTST_general_error;
    if (FAILS("map 6: entry is in use too often",
              pin && ((flags & GNTMAP_host_map && full(pin, host)) ||
                      (flags & GNTMAP_device_map && full(pin, device)))))
        return GNTST_general_error;
    if (FAILS("map 7: entry is not in use so", !pin || (!readonly && !written_to(pin)))) {
        rc = mark(domain, ref, user, pin, readonly, true);
        if (rc)
            return rc;
        if (!pin) {
            struct frame *frame = named(domain, frame_of(domain, ref));

            if (FAILS("map 8: there is no such frame", !frame)) {
                settle(domain, ref, NULL, readonly);
                return GNTST_bad_page;
            }
            pin = new_pin(domain, ref, user, frame);
            if (!pin)
                return GNTST_general_error;
        }
    }
    if (flags & GNTMAP_host_map)
        pin->counts[host]++;
    if (flags & GNTMAP_device_map)
        pin->counts[device]++;
    *claimed = pin->frame;
    return GNTST_okay;
}

/* map_grant_ref, unmap_grant_ref, unmap_and_replace */

/* Tells whether a PV guest has page tables for an address. */
static bool has_tables(const struct domain *domain, uint64_t address)
{
    (void)domain;
    return address >= xengnt_caller_address[0] &&
           address <= xengnt_caller_room[LENGTH(xengnt_caller_room) - 1];
}

static int map_host(struct domain *caller, uint64_t address, struct frame *frame, uint32_t flags)
{
    if (pv) {
        if (FAILS("map 9: host_addr is of no page table", flags & GNTMAP_contains_pte))
            return GNTST_general_error;
        if (FAILS("map 9: host_addr is unaligned", address % PAGE))
            return GNTST_general_error;
        if (FAILS("map 9: host_addr has no page table", !has_tables(caller, address)))
            return GNTST_general_error;
    } else {
        if (FAILS("map 9: flags are not host_map alone",
                  (flags & ~GNTMAP_readonly) != GNTMAP_host_map))
            return GNTST_general_error;
        if (FAILS("map 9: host_addr has too many bits", address >> ARM_BITS))
            return GNTST_general_error;
    }
    show(caller, address / PAGE, frame, !(flags & GNTMAP_readonly), true);
    return GNTST_okay;
}

static void give_back(struct domain *caller, grant_handle_t handle)
{
    caller->maptrack[handle].flags = 0;
    caller->free[(caller->first_free + caller->nr_free++) % HANDLES] = handle;
}

static int map_one(struct domain *caller, struct gnttab_map_grant_ref *op)
{
    const uint32_t either = GNTMAP_host_map | GNTMAP_device_map;
    const uint32_t for_pv = GNTMAP_device_map | GNTMAP_application_map | GNTMAP_contains_pte;
    struct domain *other;
    struct frame *frame;
    grant_handle_t handle;
    int rc;

    if (FAILS("map 1: no mapping is asked for", !(op->flags & either)))
        return GNTST_bad_gntref;
    if (FAILS("map 2: flags are for PV", !pv && op->flags & for_pv))
        return GNTST_general_error;
    other = by_id(op->dom);
    if (FAILS("map 3: there is no such domain", !other))
        return GNTST_bad_domain;
    if (FAILS("map 4: no handle is left", caller->nr_free <= 1))
        return GNTST_no_space;
    handle = caller->free[caller->first_free];
    rc = claim_map(other, op->ref, caller->domid, op->flags, &frame);
    if (!rc && op->flags & GNTMAP_host_map) {
        rc = map_host(caller, op->host_addr, frame, op->flags);
        if (rc)
            release_map(other, op->ref, op->flags & either, op->flags & GNTMAP_readonly);
    }
    if (rc) {  /* a handle that is given back comes last again */
        caller->first_free = (caller->first_free + 1) % HANDLES;
        caller->nr_free--;
        give_back(caller, handle);
        return rc;
    }
    caller->first_free = (caller->first_free + 1) % HANDLES;
    caller->nr_free--;
    caller->maptrack[handle] = (struct mapping){ other, op->ref, op->flags };
    frame->references += !!(op->flags & GNTMAP_host_map) + !!(op->flags & GNTMAP_device_map);
    op->handle = handle;
    op->dev_bus_addr = frame->mfn * PAGE;
    return GNTST_okay;
}

/* Takes what is to come to host_addr away from where it is. */
static int take_away(struct domain *caller, uint64_t address, struct view *taken)
{
    struct view *view;

    if (FAILS("replace 1: new_addr is unaligned", address % PAGE))
        return GNTST_general_error;
    if (FAILS("replace 2: new_addr has no page table", !has_tables(caller, address)))
        return GNTST_general_error;
    view = view_at(caller, address / PAGE);
    if (view) {
        *taken = *view;
        show(caller, address / PAGE, NULL, false, false);
    }
    return GNTST_okay;
}

static int unmap_host(struct domain *caller, uint64_t address, struct frame *frame, uint32_t flags,
                      uint64_t new_address)
{
    struct view *view, taken = { 0 };
    bool there;
    int rc;

    if (FAILS("replace 3: the guest is no PV guest", new_address && !pv))
        return GNTST_general_error;
    if (new_address) {
        rc = take_away(caller, new_address, &taken);
        if (rc)
            return rc;
    }
    view = view_at(caller, address / PAGE);
    there = view && view->frame == frame &&
            (pv ? view->writable == !(flags & GNTMAP_readonly) && !(address % PAGE) : view->granted);
    if (FAILS("unmap 4: it is not there", !there))
        return GNTST_general_error;
    show(caller, address / PAGE, taken.frame, taken.writable, taken.granted);
    return GNTST_okay;
}

static int unmap_one(struct domain *caller, grant_handle_t handle, uint64_t host_addr,
                     uint64_t dev_bus_addr, uint64_t new_addr)
{
    struct mapping *mapping;
    struct frame *frame;
    uint32_t gone = 0;
    int rc;

    if (FAILS("unmap 1: handle is out of range", handle >= HANDLES))
        return GNTST_bad_handle;
    mapping = &caller->maptrack[handle];
    if (FAILS("unmap 1: handle is free", !mapping->flags))
        return GNTST_bad_handle;
    frame = pin_of(mapping->of, mapping->ref)->frame;
    if (FAILS("unmap 3: a device mapping is meant",
              dev_bus_addr && mapping->flags & GNTMAP_device_map)) {
        if (FAILS("unmap 3: dev_bus_addr is another", dev_bus_addr != frame->mfn * PAGE))
            return GNTST_bad_dev_addr;
        gone |= GNTMAP_device_map;
    }
    if (FAILS("unmap 4: a host mapping is meant", host_addr && mapping->flags & GNTMAP_host_map)) {
        rc = unmap_host(caller, host_addr, frame, mapping->flags, new_addr);
        if (rc)
            return rc;
        gone |= GNTMAP_host_map;
    }
    mapping->flags &= ~gone;
    frame->references -= !!(gone & GNTMAP_host_map) + !!(gone & GNTMAP_device_map);
    if (gone)
        release_map(mapping->of, mapping->ref, gone, mapping->flags & GNTMAP_readonly);
    if (FAILS("unmap 5: no mapping remains",
              !(mapping->flags & (GNTMAP_host_map | GNTMAP_device_map))))
        give_back(caller, handle);
    return GNTST_okay;
}

static int unmap_ref_one(struct domain *caller, struct gnttab_unmap_grant_ref *op)
{
    return unmap_one(caller, op->handle, op->host_addr, op->dev_bus_addr, 0);
}

static int replace_one(struct domain *caller, struct gnttab_unmap_and_replace *op)
{
    return unmap_one(caller, op->handle, op->host_addr, 0, op->new_addr);
}

/* transfer */

static int give(struct domain *caller, struct frame *frame, domid_t domid, grant_ref_t ref)
{
    struct domain *receiver = by_id(domid);
    uint16_t *flags;

    if (FAILS("transfer 2: there is no such domain", !receiver))
        return GNTST_bad_domain;
    if (FAILS("transfer 3: it has no headroom", receiver->full))
        return GNTST_general_error;
    if (FAILS("transfer 4: ref is beyond the table", ref >= entries(receiver)))
        return GNTST_general_error;
    flags = flags_of(receiver, ref);
    if (FAILS("transfer 4: entry does not accept", *flags != GTF_accept_transfer))
        return GNTST_general_error;
    if (FAILS("transfer 4: entry is for another", domid_of(receiver, ref) != caller->domid))
        return GNTST_general_error;
    *flags |= GTF_transfer_committed;
    frame->owner = receiver;
    if (receiver->version == 1)
        entry_v1(receiver, ref)->frame = frame->mfn;
    else
        entry_v2(receiver, ref)->full_page.frame = frame->mfn;
    *flags |= GTF_transfer_completed;
    return GNTST_okay;
}

static int transfer_one(struct domain *caller, struct gnttab_transfer *op)
{
    struct frame *frame = named(caller, op->mfn);

    if (FAILS("transfer 1: it is no page of the caller", !frame || frame->xen))
        return GNTST_bad_page;
    if (FAILS("transfer 1: it is mapped", frame->references))
        return GNTST_bad_page;
    for (unsigned int n = 0; n < caller->nr_views;)
        if (caller->views[n].frame == frame)
            show(caller, caller->views[n].number, NULL, false, false);
        else
            n++;
    frame->owner = NULL;  /* the page is lost, whatever happens */
    return give(caller, frame, op->domid, op->ref);
}

/* copy */

struct side {
    struct domain *domain;
    struct pin *pin, own;
};

static int claim_side(struct domain *caller, struct side *side, const struct gnttab_copy_ptr *ptr,
                      bool by_ref, bool readonly)
{
    if (by_ref)
        return claim_copy(side->domain, ptr->u.ref, caller->domid, readonly, true, &side->pin);
    if (readonly ? FAILS("copy 2: source is a frame of another", ptr->domid != DOMID_SELF)
                 : FAILS("copy 2: dest is a frame of another", ptr->domid != DOMID_SELF))
        return GNTST_permission_denied;
    side->own = (struct pin){ .frame = named(caller, ptr->u.gmfn), .length = PAGE };
    side->pin = &side->own;
    return FAILS("copy 3: it is no frame of the caller", !side->own.frame) ? GNTST_bad_page
                                                                          : GNTST_okay;
}

static bool outside(const struct pin *pin, unsigned int offset, unsigned int len)
{
    return offset < pin->start || offset + len > pin->start + pin->length;
}

static int move(const struct gnttab_copy *op, struct pin *source, struct pin *dest)
{
    if (FAILS("copy 5: source is beyond the page", op->source.offset + op->len > PAGE) ||
        FAILS("copy 5: dest is beyond the page", op->dest.offset + op->len > PAGE))
        return GNTST_bad_copy_arg;
    if (FAILS("copy 6: source is outside the part", outside(source, op->source.offset, op->len)) ||
        FAILS("copy 6: dest is outside the part", outside(dest, op->dest.offset, op->len)))
        return GNTST_general_error;
    dest->frame->written = true;
    memmove(dest->frame->data + op->dest.offset, source->frame->data + op->source.offset, op->len);
    return GNTST_okay;
}

static int copy_one(struct domain *caller, struct gnttab_copy *op)
{
    bool from_ref = op->flags & GNTCOPY_source_gref, to_ref = op->flags & GNTCOPY_dest_gref;
    struct side source = { 0 }, dest = { 0 };
    int rc;

    source.domain = by_any_id(caller, op->source.domid);
    dest.domain = by_any_id(caller, op->dest.domid);
    if (FAILS("copy 2: source is of no domain", !source.domain) ||
        FAILS("copy 2: dest is of no domain", !dest.domain))
        return GNTST_bad_domain;
    rc = claim_side(caller, &source, &op->source, from_ref, true);
    if (rc)
        return rc;
    rc = claim_side(caller, &dest, &op->dest, to_ref, false);
    if (!rc) {
        rc = move(op, source.pin, dest.pin);
        if (to_ref)
            release_copy(dest.domain, op->dest.u.ref, dest.pin, false);
    }
    if (from_ref)
        release_copy(source.domain, op->source.u.ref, source.pin, true);
    return rc;
}

/* swap_grant_ref */

static int swap_one(struct domain *caller, struct gnttab_swap_grant_ref *op)
{
    grant_ref_t a = op->ref_a, b = op->ref_b;

    if (FAILS("swap 1: ref_a is beyond the table", a >= entries(caller)) ||
        FAILS("swap 1: ref_b is beyond the table", b >= entries(caller)))
        return GNTST_bad_gntref;
    if (FAILS("swap 2: they are the same", a == b))
        return GNTST_okay;
    if (FAILS("swap 3: ref_a is in use", pin_of(caller, a)) ||
        FAILS("swap 3: ref_b is in use", pin_of(caller, b)))
        return GNTST_eagain;
    if (caller->version == 1) {
        struct grant_entry_v1 kept = *entry_v1(caller, a);

        *entry_v1(caller, a) = *entry_v1(caller, b);
        *entry_v1(caller, b) = kept;
    } else {
        union grant_entry_v2 kept = *entry_v2(caller, a);
        uint16_t word = *status_word(caller, a);

        *entry_v2(caller, a) = *entry_v2(caller, b);
        *entry_v2(caller, b) = kept;
        *status_word(caller, a) = *status_word(caller, b);
        *status_word(caller, b) = word;
    }
    return GNTST_okay;
}

/* Batches: the statuses are written one by one, behind each element. */

#define BATCH(name, type, one, written, written_size)                                         \
    static long name(struct domain *caller, uint64_t pointer, uint32_t count)                 \
    {                                                                                         \
        for (uint32_t n = 0; n < count; n++, pointer += sizeof(struct type)) {                \
            struct type op;                                                                   \
                                                                                              \
            if (FAILS(#name " fault: it cannot be read", !guest_read(caller, pointer, &op, sizeof op))) \
                return -EFAULT;                                                               \
            op.status = one(caller, &op);                                                     \
            if (FAILS(#name " fault: it cannot be written",                                   \
                      !guest_write(caller, pointer + (written), (char *)&op + (written),      \
                                   written_size)))                                            \
                return -EFAULT;                                                               \
        }                                                                                     \
        return 0;                                                                             \
    }
#define STATUSES(name, type, one) \
    BATCH(name, type, one, offsetof(struct type, status), sizeof(int16_t))

BATCH(map, gnttab_map_grant_ref, map_one, 0, sizeof op)
STATUSES(unmap, gnttab_unmap_grant_ref, unmap_ref_one)
STATUSES(replace, gnttab_unmap_and_replace, replace_one)
STATUSES(transfer, gnttab_transfer, transfer_one)
STATUSES(copy, gnttab_copy, copy_one)
STATUSES(swap, gnttab_swap_grant_ref, swap_one)

/* The ops about tables, of one element */

static bool accepted(uint64_t address)
{
    return !pv || address < HOLE || address >= HOLE_END;
}

static bool may_act_on(const struct domain *caller, const struct domain *other)
{
    return caller == other || caller->privileged;
}

static bool put_list(struct domain *caller, uint64_t list, struct frame *const *frames, uint32_t count)
{
    for (uint32_t n = 0; n < count; n++)
        if (!guest_write(caller, list + n * sizeof(uint64_t), &frames[n]->name, sizeof(uint64_t)))
            return false;
    return true;
}

static int setup_one(struct domain *caller, struct gnttab_setup_table *op, uint64_t list)
{
    struct domain *other = by_any_id(caller, op->dom);

    if (FAILS("setup_table 2: there is no such domain", !other))
        return GNTST_bad_domain;
    if (FAILS("setup_table 3: the caller may not", !may_act_on(caller, other)))
        return GNTST_permission_denied;
    if (FAILS("setup_table 4: nr_frames is above the most", op->nr_frames > TABLE_FRAMES))
        return GNTST_general_error;
    grow(other, op->nr_frames);
    if (FAILS("setup_table 5: the list cannot be written",
              !put_list(caller, list, other->table, op->nr_frames)))
        return GNTST_bad_virt_addr;
    return GNTST_okay;
}

static long setup_table(struct domain *caller, uint64_t pointer, uint32_t count)
{
    struct gnttab_setup_table op;
    uint64_t list = 0;

    if (FAILS("setup_table 0: count is not 1", count != 1))
        return -EINVAL;
    if (FAILS("setup_table fault: it cannot be read", !guest_read(caller, pointer, &op, sizeof op)))
        return -EFAULT;
    memcpy(&list, &op.frame_list, sizeof list);
    if (pv && FAILS("setup_table 1: the list is in the hole", !accepted(list)))
        return -EFAULT;
    op.status = setup_one(caller, &op, list);
    if (FAILS("setup_table fault: it cannot be written",
              !guest_write(caller, pointer + offsetof(struct gnttab_setup_table, status), &op.status,
                           sizeof op.status)))
        return -EFAULT;
    return 0;
}

static int status_one(struct domain *caller, struct gnttab_get_status_frames *op, uint64_t list)
{
    struct domain *other = by_any_id(caller, op->dom);

    if (FAILS("get_status_frames 2: there is no such domain", !other))
        return GNTST_bad_domain;
    if (FAILS("get_status_frames 3: the caller may not", !may_act_on(caller, other)))
        return GNTST_permission_denied;
    if (FAILS("get_status_frames 4: there are not so many", op->nr_frames > other->statuses))
        return GNTST_general_error;
    if (XENGNT_STAGE_SECOND && FAILS("get_status_frames 5: the list cannot be written",
                                     !put_list(caller, list, other->status, op->nr_frames)))
        return GNTST_bad_virt_addr;
    return GNTST_okay;
}

static long get_status_frames(struct domain *caller, uint64_t pointer, uint32_t count)
{
    struct gnttab_get_status_frames op;
    uint64_t list = 0;

    if (FAILS("get_status_frames 0: count is not 1", count != 1))
        return -EINVAL;
    if (FAILS("get_status_frames fault: it cannot be read",
              !guest_read(caller, pointer, &op, sizeof op)))
        return -EFAULT;
    memcpy(&list, &op.frame_list, sizeof list);
    if (pv && FAILS("get_status_frames 1: the list is in the hole", !accepted(list)))
        return -EFAULT;
    op.status = status_one(caller, &op, list);
    if (FAILS("get_status_frames fault: it cannot be written",
              !guest_write(caller, pointer + offsetof(struct gnttab_get_status_frames, status),
                           &op.status, sizeof op.status)))
        return -EFAULT;
    return 0;
}

static int query_one(struct domain *caller, struct gnttab_query_size *op)
{
    struct domain *other = by_any_id(caller, op->dom);

    if (FAILS("query_size 1: there is no such domain", !other))
        return GNTST_bad_domain;
    if (FAILS("query_size 2: the caller may not", !may_act_on(caller, other)))
        return GNTST_permission_denied;
    op->nr_frames = other->frames;
    op->max_nr_frames = TABLE_FRAMES;
    return GNTST_okay;
}

static long query_size(struct domain *caller, uint64_t pointer, uint32_t count)
{
    struct gnttab_query_size op;

    if (FAILS("query_size 0: count is not 1", count != 1))
        return -EINVAL;
    if (FAILS("query_size fault: it cannot be read", !guest_read(caller, pointer, &op, sizeof op)))
        return -EFAULT;
    op.status = query_one(caller, &op);
    if (FAILS("query_size fault: it cannot be written",
              !guest_write(caller, pointer, &op, sizeof op)))
        return -EFAULT;
    return 0;
}

static long get_version(struct domain *caller, uint64_t pointer)
{
    struct gnttab_get_version op;
    struct domain *other;

    if (FAILS("get_version fault: it cannot be read", !guest_read(caller, pointer, &op, sizeof op)))
        return -EFAULT;
    other = by_any_id(caller, op.dom);
    if (FAILS("get_version 1: there is no such domain", !other))
        return -ESRCH;
    if (FAILS("get_version 2: the caller may not", !may_act_on(caller, other)))
        return -EPERM;
    op.version = other->version;
    if (FAILS("get_version fault: it cannot be written", !guest_write(caller, pointer, &op, sizeof op)))
        return -EFAULT;
    return 0;
}

/* A reserved entry, which is there also after a change of the version. */
struct kept {
    uint16_t flags, marks;
    domid_t domid;
    uint64_t frame;
};

static long change_version(struct domain *caller, uint32_t version)
{
    struct kept kept[GNTTAB_NR_RESERVED_ENTRIES] = { { 0 } };
    bool busy = false;

    if (FAILS("set_version 1: there is no such version", version != 1 && version != 2))
        return -EINVAL;
    if (!pv && FAILS("set_version 2: the version is not allowed", version > 1))
        return -ENOSYS;
    if (FAILS("set_version 3: it has that version", version == caller->version))
        return 0;
    for (unsigned int n = 0; n < PINS; n++)
        busy |= caller->pins[n].used && caller->pins[n].ref >= GNTTAB_NR_RESERVED_ENTRIES;
    if (FAILS("set_version 4: an entry is in use", busy))
        return -EBUSY;
    for (unsigned int ref = 0; ref < GNTTAB_NR_RESERVED_ENTRIES; ref++) {
        uint16_t flags = *flags_of(caller, ref), type = flags & GTF_type_mask;

        if (caller->version == 2 && FAILS("set_version 5: a reserved entry is passed on",
                                          type == GTF_transitive))
            return -ERANGE;
        if (caller->version == 2 && type != GTF_permit_access)
            continue;
        if (caller->version == 2 && FAILS("set_version 5: the frame of a reserved entry is too far",
                                          frame_of(caller, ref) >> 32))
            return -ERANGE;
        kept[ref] = (struct kept){
            flags & ~IN_USE, *marks(caller, ref) & IN_USE, domid_of(caller, ref), frame_of(caller, ref),
        };
    }
    for (unsigned int n = 0; n < caller->frames; n++) {
        caller->table[n]->written = true;
        memset(caller->table[n]->data, 0, PAGE);
    }
    caller->version = version;
    grow(caller, caller->frames);
    for (unsigned int ref = 0; ref < GNTTAB_NR_RESERVED_ENTRIES; ref++) {
        if (version == 1) {
            entry_v1(caller, ref)->domid = kept[ref].domid;
            entry_v1(caller, ref)->frame = kept[ref].frame;
        } else {
            entry_v2(caller, ref)->hdr.domid = kept[ref].domid;
            entry_v2(caller, ref)->full_page.frame = kept[ref].frame;
        }
        *flags_of(caller, ref) |= kept[ref].flags;
        *marks(caller, ref) |= kept[ref].marks;
    }
    return 0;
}

static long set_version(struct domain *caller, uint64_t pointer)
{
    struct gnttab_set_version op;
    long rc;

    if (FAILS("set_version fault: it cannot be read", !guest_read(caller, pointer, &op, sizeof op)))
        return -EFAULT;
    rc = change_version(caller, op.version);
    op.version = caller->version;
    if (FAILS("set_version fault: it cannot be written", !guest_write(caller, pointer, &op, sizeof op)))
        return -EFAULT;
    return rc;
}

/* cache_flush */

static bool has_mapped(const struct domain *caller, const struct frame *frame, uint32_t first)
{
    for (unsigned int n = 0; n < PINS; n++) {
        const struct pin *pin = &frame->owner->pins[n];

        if (pin->used && pin->frame == frame && pin->user == caller->domid && pin->ref >= first)
            return true;
    }
    return false;
}

static bool may_write(const struct domain *caller, const struct frame *frame, uint32_t first)
{
    for (unsigned int n = 0; n < PINS; n++) {
        const struct pin *pin = &frame->owner->pins[n];

        if (pin->used && pin->frame == frame && pin->user == caller->domid && pin->ref >= first &&
            written_to(pin))
            return true;
    }
    return false;
}

static long flush_one(struct domain *caller, const struct gnttab_cache_flush *op, uint32_t first)
{
    uint64_t mfn = op->a.dev_bus_addr / PAGE;
    struct frame *frame;

    if (FAILS("cache_flush 1: offset is beyond the page", op->offset >= PAGE) ||
        FAILS("cache_flush 1: length is beyond the page", op->length > PAGE) ||
        FAILS("cache_flush 1: the end is beyond the page", op->offset + op->length > PAGE))
        return -EINVAL;
    if (FAILS("cache_flush 1: op has unknown bits",
              op->op & ~(uint32_t)(GNTTAB_CACHE_CLEAN | GNTTAB_CACHE_INVAL)))
        return -EINVAL;
    if (FAILS("cache_flush 2: there is nothing to do", !op->length || !op->op)) {
        if (FAILS("cache_flush 2: and yet it goes on", first))
            return -EILSEQ;
        return 0;
    }
    frame = by_number(mfn);
    if (FAILS("cache_flush 3: it is no memory", mfn >= MEMORY_END && !frame))
        return -EINVAL;
    if (FAILS("cache_flush 4: it is nobody's", !frame || !frame->owner))
        return -EPERM;
    if (FAILS("cache_flush 5: it is another's", frame->owner != caller)) {
        if (FAILS("cache_flush 5: and not mapped", !has_mapped(caller, frame, first)))
            return -EINVAL;
        if (FAILS("cache_flush 5: and not mapped for writing", !may_write(caller, frame, first)))
            return 0;
    }
    if (pv && FAILS("cache_flush 6: op is INVAL alone", op->op == GNTTAB_CACHE_INVAL))
        return -EOPNOTSUPP;
    return 0;
}

static long cache_flush(struct domain *caller, uint64_t pointer, uint32_t count, uint32_t first)
{
    for (uint32_t n = 0; n < count; n++, pointer += sizeof(struct gnttab_cache_flush), first = 0) {
        struct gnttab_cache_flush op;
        long rc;

        if (FAILS("cache_flush fault: it cannot be read", !guest_read(caller, pointer, &op, sizeof op)))
            return -EFAULT;
        rc = flush_one(caller, &op, first);
        if (rc)
            return rc;
    }
    return 0;
}

/* The call */

static bool is_array(uint32_t number)
{
    switch (number) {
    case GNTTABOP_map_grant_ref:
    case GNTTABOP_unmap_grant_ref:
    case GNTTABOP_unmap_and_replace:
    case GNTTABOP_transfer:
    case GNTTABOP_copy:
    case GNTTABOP_swap_grant_ref:
    case GNTTABOP_cache_flush:
        return true;
    }
    return false;
}

long grant_table_op(struct domain *caller, uint64_t cmd, uint64_t pointer, uint64_t elements)
{
    uint32_t number = cmd & ((1u << CMD_BITS) - 1), rest = (uint32_t)cmd & ~((1u << CMD_BITS) - 1);
    uint32_t count = elements;

    if (FAILS("call 1: count has bit 31", count >> 31))
        return -EINVAL;
    if (FAILS("call 2: cmd has high bits", rest && number != GNTTABOP_cache_flush))
        return -EINVAL;
    if (FAILS("call 4: there is no such op",
              number > GNTTABOP_cache_flush || number == GNTTABOP_dump_table))
        return -ENOSYS;
    if (pv && is_array(number) && FAILS("call 3: the array is in the hole", !accepted(pointer)))
        return -EFAULT;
    switch (number) {
    case GNTTABOP_map_grant_ref:
        return map(caller, pointer, count);
    case GNTTABOP_unmap_grant_ref:
        return unmap(caller, pointer, count);
    case GNTTABOP_unmap_and_replace:
        return replace(caller, pointer, count);
    case GNTTABOP_setup_table:
        return setup_table(caller, pointer, count);
    case GNTTABOP_transfer:
        if (FAILS("transfer 0: the guest is no PV guest", !pv))
            return -EOPNOTSUPP;
        return transfer(caller, pointer, count);
    case GNTTABOP_copy:
        return copy(caller, pointer, count);
    case GNTTABOP_query_size:
        return query_size(caller, pointer, count);
    case GNTTABOP_set_version:
        return set_version(caller, pointer);
    case GNTTABOP_get_status_frames:
        return get_status_frames(caller, pointer, count);
    case GNTTABOP_get_version:
        return get_version(caller, pointer);
    case GNTTABOP_swap_grant_ref:
        return swap(caller, pointer, count);
    default:
        return cache_flush(caller, pointer, count, rest);
    }
}
