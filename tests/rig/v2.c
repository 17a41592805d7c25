/* SPDX-License-Identifier: MIT */
/*
 * v2.c: a user of what only version 2 of grant tables has.
 *
 * An owner grants parts of a page, and whole pages, to a user; a third domain between the two
 * passes on what it was granted. A request is to go once through all of that, and back to
 * version 1.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guest.h"

enum { OFFSET = 512, LENGTH = 256 };    /* The part of a page that is granted. */

struct owner {
    struct guest guest;
    uint8_t *page;
    grant_ref_t part, writable, whole;
};

struct parties {
    struct owner owner;
    struct guest middle, user;
    grant_ref_t passed;         /* The owner's grant to the one in the middle. */
    grant_ref_t on;             /* What that makes of it, for the user. */
    uint8_t *buffer;            /* A page of the user's. */
    struct trial *trial;
};

/* Whether a status is as it must be; if not, it has to be one that was put there. */
static bool is(const char *what, int status, int expected)
{
    if (status == expected)
        return true;
    if (!trial_expects(status))
        wrong("%s: status %d", what, status);
    return false;
}

static void fill(struct parties *all)
{
    for (unsigned i = 0; i < PAGE; i++)
        all->owner.page[i] = (uint8_t)trial_random(all->trial, 256);
    memset(all->buffer, 0, PAGE);
}

/* Copy from a grant into the user's buffer. */
static int copy_from(struct parties *all, domid_t from, grant_ref_t ref, uint16_t offset,
                     uint16_t length)
{
    struct gnttab_copy copy = {
        .source.u.ref = ref,
        .source.domid = from,
        .source.offset = offset,
        .dest.u.gmfn = guest_frame(&all->user, all->buffer),
        .dest.domid = DOMID_SELF,
        .dest.offset = offset,
        .len = length,
        .flags = GNTCOPY_source_gref,
        .status = GNTST_general_error,
    };

    guest_copy(&all->user, &copy, 1);
    return copy.status;
}

/* Copy from the user's buffer to a grant of the owner's. */
static int copy_to(struct parties *all, grant_ref_t ref, uint16_t offset, uint16_t length)
{
    struct gnttab_copy copy = {
        .source.u.gmfn = guest_frame(&all->user, all->buffer),
        .source.domid = DOMID_SELF,
        .source.offset = offset,
        .dest.u.ref = ref,
        .dest.domid = all->owner.guest.domid,
        .dest.offset = offset,
        .len = length,
        .flags = GNTCOPY_dest_gref,
        .status = GNTST_general_error,
    };

    guest_copy(&all->user, &copy, 1);
    return copy.status;
}

/* Only the part can be read. */
static bool read_part(struct parties *all)
{
    const struct owner *owner = &all->owner;
    domid_t from = owner->guest.domid;
    static const uint8_t nothing[PAGE];

    fill(all);
    if (!is("a byte too early", copy_from(all, from, owner->part, OFFSET - 1, 16),
            GNTST_general_error) ||
        !is("a byte too far", copy_from(all, from, owner->part, OFFSET + 1, LENGTH),
            GNTST_general_error) ||
        !is("another part", copy_from(all, from, owner->part, 0, 64), GNTST_general_error))
        return false;
    if (memcmp(all->buffer, nothing, PAGE))
        wrong("bytes outside of the part came");
    if (!is("the part", copy_from(all, from, owner->part, OFFSET, LENGTH), GNTST_okay))
        return false;
    if (memcmp(all->buffer + OFFSET, owner->page + OFFSET, LENGTH))
        wrong("other bytes than those of the part came");
    return true;
}

/* Only the part can be written, and only if it may. */
static bool write_part(struct parties *all)
{
    struct owner *owner = &all->owner;
    uint8_t before[PAGE];

    fill(all);
    memset(all->buffer, 0x5a, PAGE);
    memcpy(before, owner->page, PAGE);
    if (!is("a write beside the part", copy_to(all, owner->writable, OFFSET, LENGTH + 1),
            GNTST_general_error) ||
        !is("a write to what is read-only", copy_to(all, owner->part, OFFSET, LENGTH),
            GNTST_general_error))
        return false;
    if (memcmp(owner->page, before, PAGE))
        wrong("a copy that failed has written something");
    if (!is("a write to the part", copy_to(all, owner->writable, OFFSET, LENGTH), GNTST_okay))
        return false;
    memset(before + OFFSET, 0x5a, LENGTH);
    if (memcmp(owner->page, before, PAGE))
        wrong("a copy to the part has not written just that");
    return true;
}

/* Sees to it that a page is in use just so, by what the guest can see of it. */
static void used(struct owner *owner, const char *when, unsigned use)
{
    unsigned seen = grant_use(&owner->guest, owner->whole);

    if (seen != use)
        wrong("%s, the status of grant %u is %#x", when, owner->whole, seen);
}

/* A mapping shows in the status array, and keeps the grant from being withdrawn. */
static bool map_whole(struct parties *all)
{
    struct owner *owner = &all->owner;
    struct mapping mapping = {.ref = owner->whole}, part = {.ref = owner->part};

    fill(all);
    guest_map(&all->user, owner->guest.domid, GNTMAP_readonly, &part, 1);
    if (!is("to map a part", part.status, GNTST_general_error)) {
        if (part.status == GNTST_okay)
            guest_unmap(&all->user, &part);
        return false;
    }
    used(owner, "before it is mapped", 0);
    guest_map(&all->user, owner->guest.domid, 0, &mapping, 1);
    if (!is("to map a page", mapping.status, GNTST_okay))
        return false;
    used(owner, "when it is mapped", GTF_reading | GTF_writing);
    if (memcmp(mapping.address, owner->page, PAGE))
        wrong("other bytes than those of the page are mapped");
    ((volatile uint8_t *)mapping.address)[7] ^= 0xff;
    if (memcmp(mapping.address, owner->page, PAGE))
        wrong("the page is not changed where it was mapped");
    if (guest_set_version(&owner->guest, 1) != -EBUSY)
        wrong("the version can be changed while a page is mapped");
    if (grant_end(&owner->guest, owner->whole))
        wrong("a mapped page can be withdrawn");
    guest_unmap(&all->user, &mapping);
    used(owner, "when it is not mapped any more", 0);
    return true;
}

/* What is passed on is the owner's page, for who may have it by way of the middle. */
static bool read_passed(struct parties *all)
{
    fill(all);
    if (!is("a grant that is passed on", copy_from(all, all->middle.domid, all->on, 100, 300),
            GNTST_okay))
        return false;
    if (memcmp(all->buffer + 100, all->owner.page + 100, 300))
        wrong("other bytes came by a grant that is passed on");
    return is("a grant to somebody else",
              copy_from(all, all->owner.guest.domid, all->passed, 100, 300), GNTST_general_error);
}

static void grant_all(struct parties *all)
{
    struct guest *guest = &all->owner.guest;
    const void *page = all->owner.page;
    domid_t user = all->user.domid;

    all->owner.part = grant_part(guest, user, page, GTF_readonly, OFFSET, LENGTH);
    all->owner.writable = grant_part(guest, user, page, 0, OFFSET, LENGTH);
    all->owner.whole = grant_page(guest, user, page, 0);
    all->passed = grant_page(guest, all->middle.domid, page, GTF_readonly);
    all->on = grant_on(&all->middle, user, guest->domid, all->passed);
}

static void withdraw_all(struct parties *all)
{
    struct guest *guest = &all->owner.guest;

    if (!grant_end(&all->middle, all->on) || !grant_end(guest, all->passed) ||
        !grant_end(guest, all->owner.whole) || !grant_end(guest, all->owner.writable) ||
        !grant_end(guest, all->owner.part))
        wrong("a grant is in use, and nobody uses it");
}

/* Change the version of a table; the table may be what fails. */
static bool change(struct guest *guest, unsigned version)
{
    int result = guest_set_version(guest, version);

    if (guest->version != version)
        wrong("the table of domain %u has version %u", guest->domid, guest->version);
    return is("a change of version", result, GNTST_okay);
}

static bool run_once(struct parties *all)
{
    bool good = change(&all->owner.guest, 2) && change(&all->middle, 2);

    if (good) {
        grant_all(all);
        good &= read_part(all);
        good &= write_part(all);
        good &= map_whole(all);
        good &= read_passed(all);
        withdraw_all(all);
    }
    /* Also those that could not be used as they are can go back. */
    good &= change(&all->middle, 1);
    good &= change(&all->owner.guest, 1);
    return good;
}

static void run_parties(struct parties *all, struct trial *trial)
{
    all->trial = trial;
    all->owner.page = guest_page(&all->owner.guest);
    all->buffer = guest_page(&all->user);
    for (unsigned i = 0; i < trial->amount; i++) {
        if (run_once(all))
            trial->done++;
        else
            trial->failed++;
    }
}

static void run_v2(struct trial *trial)
{
    struct parties *all = calloc(1, sizeof(*all));

    if (!all) {
        wrong("no memory");
    } else if (guest_start(&all->owner.guest, 1) == GNTST_okay) {
        if (guest_start(&all->middle, 1) == GNTST_okay) {
            if (guest_start(&all->user, 1) == GNTST_okay) {
                run_parties(all, trial);
                guest_end(&all->user);
            }
            guest_end(&all->middle);
        }
        guest_end(&all->owner.guest);
    }
    trial->skipped = trial->amount - trial->done - trial->failed;
    free(all);
}

const struct driver driver = {
    .name = "v2",
    .run = run_v2,
    .amount = 20,
    .sweep_amount = 1,
    .ops = {GNTTABOP_query_size, GNTTABOP_setup_table, GNTTABOP_get_status_frames,
            GNTTABOP_map_grant_ref, GNTTABOP_unmap_grant_ref, GNTTABOP_copy},
    .op_count = 6,
};
