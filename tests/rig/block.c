/* SPDX-License-Identifier: MIT */
/*
 * block.c: a disk's front end and its back end, two domains with a thread each.
 *
 * They share a ring in a page that the front end grants. Each request names a page of segments,
 * which the back end may only read, and these name pages of data. All grants are persistent: the
 * back end maps each page when it first sees it, and keeps the mapping. If it runs out of handles
 * it gives up mappings that it does not need at the moment.
 */

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "guest.h"

enum {
    RING = 8,                   /* Requests in the ring, a power of two. */
    SLOTS = 4,                  /* Requests at once. */
    SEGMENTS = 4,               /* Pages of a request. */
    SECTOR = 512,
    PAGE_SECTORS = PAGE / SECTOR,
    REGION = SEGMENTS * PAGE_SECTORS,   /* Sectors of the disk that a slot has for its own. */
    KEPT = 24,                  /* Mappings that the back end keeps. */
    PAGES = 1 + SLOTS * (1 + SEGMENTS),
};

/* What is in the shared pages */

struct request {
    uint32_t slot;              /* Comes back in the response. */
    uint32_t sector;            /* The first one on the disk. */
    grant_ref_t list;           /* A page with the segments. */
    uint8_t segments;
    uint8_t write;
    uint16_t pad;
};

struct response {
    uint32_t slot;
    int32_t status;             /* Of the call that failed, or GNTST_okay. */
};

struct ring {
    _Atomic uint32_t requests, responses;   /* How many there ever were. */
    struct request request[RING];
    struct response response[RING];
};

struct segment {
    grant_ref_t ref;
    uint8_t first, last;        /* Sectors in the page. */
    uint16_t pad;
};

/* What two such ends tell each other before they have a ring, and how they wake each other. */
struct link {
    domid_t front, back;
    grant_ref_t ring;
    atomic_bool connected, closing, closed;
    sem_t wake_front, wake_back;
};

/* The back end */

struct kept {
    struct mapping mapping;
    bool readonly;
    unsigned used;              /* The last request that needed it. */
};

struct back {
    struct guest guest;
    struct link *link;
    struct mapping ring;
    unsigned taken;             /* Requests, the one at hand included. */
    struct kept kept[KEPT];
    uint8_t disk[SLOTS * REGION * SECTOR];
};

static struct kept *back_find(struct back *back, grant_ref_t ref, bool readonly)
{
    for (unsigned i = 0; i < KEPT; i++) {
        struct kept *kept = &back->kept[i];

        if (kept->mapping.address && kept->mapping.ref == ref && kept->readonly == readonly)
            return kept;
    }
    return NULL;
}

static void back_forget(struct back *back, struct kept *kept)
{
    if (!kept->mapping.address)
        return;
    guest_unmap(&back->guest, &kept->mapping);
}

/* Return a free place, or the one whose mapping was not needed for longest, which ends. With
 * `full` it has to be one with a mapping. NULL if the request at hand needs them all. */
static struct kept *back_place(struct back *back, bool full)
{
    struct kept *oldest = NULL;

    for (unsigned i = 0; i < KEPT; i++) {
        struct kept *kept = &back->kept[i];

        if (!kept->mapping.address) {
            if (!full)
                return kept;
        } else if (kept->used != back->taken && (!oldest || kept->used < oldest->used)) {
            oldest = kept;
        }
    }
    if (oldest)
        back_forget(back, oldest);
    return oldest && !oldest->mapping.address ? oldest : NULL;
}

/* Keep a new mapping, which the request at hand needs. */
static int back_keep(struct back *back, struct mapping *mapping, bool readonly)
{
    struct kept *kept = back_place(back, false);

    if (!kept) {
        guest_unmap(&back->guest, mapping);
        return GNTST_no_space;
    }
    kept->mapping = *mapping;
    kept->readonly = readonly;
    kept->used = back->taken;
    return GNTST_okay;
}

/* Map pages of the front end, unless they are. Some may be mapped also if one is not. */
static int back_map(struct back *back, const grant_ref_t *refs, void **pages, unsigned count,
                    bool readonly)
{
    struct mapping wanted[SEGMENTS];
    unsigned flags = readonly ? GNTMAP_readonly : 0;
    unsigned missing = 0;
    int status = GNTST_okay;

    for (unsigned i = 0; i < count; i++) {
        struct kept *kept = back_find(back, refs[i], readonly);

        if (kept)
            kept->used = back->taken;
        else
            wanted[missing++].ref = refs[i];
    }
    if (missing)
        guest_map(&back->guest, back->link->front, flags, wanted, missing);
    for (unsigned i = 0; i < missing; i++) {
        while (wanted[i].status == GNTST_no_space && back_place(back, true))
            guest_map(&back->guest, back->link->front, flags, &wanted[i], 1);
        if (wanted[i].status == GNTST_okay)
            wanted[i].status = back_keep(back, &wanted[i], readonly);
        if (wanted[i].status != GNTST_okay)
            status = wanted[i].status;
    }
    for (unsigned i = 0; i < count && status == GNTST_okay; i++)
        pages[i] = back_find(back, refs[i], readonly)->mapping.address;
    return status;
}

/* Do a request, or return why not. What is in shared memory may change at any time, so it is
 * looked at once, in a copy. */
static int back_do(struct back *back, const struct request *request)
{
    struct segment segments[SEGMENTS];
    grant_ref_t refs[SEGMENTS];
    void *pages[SEGMENTS], *list;
    uint32_t sector = request->sector, end = sector;
    int status;

    if (request->segments > SEGMENTS || sector > SLOTS * REGION)
        return GNTST_general_error;
    status = back_map(back, &request->list, &list, 1, true);
    if (status != GNTST_okay)
        return status;
    memcpy(segments, list, request->segments * sizeof(segments[0]));
    for (unsigned i = 0; i < request->segments; i++) {
        if (segments[i].first > segments[i].last || segments[i].last >= PAGE_SECTORS)
            return GNTST_general_error;
        refs[i] = segments[i].ref;
        end += segments[i].last - segments[i].first + 1u;
    }
    if (end > SLOTS * REGION)
        return GNTST_general_error;
    status = back_map(back, refs, pages, request->segments, false);
    if (status != GNTST_okay)
        return status;
    for (unsigned i = 0; i < request->segments; i++) {
        size_t length = (segments[i].last - segments[i].first + 1u) * SECTOR;
        uint8_t *data = (uint8_t *)pages[i] + segments[i].first * SECTOR;
        uint8_t *disk = back->disk + sector * SECTOR;

        if (request->write)
            memcpy(disk, data, length);
        else
            memcpy(data, disk, length);
        sector += (uint32_t)(length / SECTOR);
    }
    return GNTST_okay;
}

static void back_serve(struct back *back)
{
    struct ring *ring = back->ring.address;
    struct link *link = back->link;

    for (;;) {
        bool closing = link->closing;

        while (back->taken != atomic_load_explicit(&ring->requests, memory_order_acquire)) {
            unsigned place = back->taken++ % RING;
            struct request request = ring->request[place];
            struct response *response = &ring->response[place];

            response->slot = request.slot;
            response->status = back_do(back, &request);
            atomic_store_explicit(&ring->responses, back->taken, memory_order_release);
            sem_post(&link->wake_front);
        }
        if (closing)
            return;
        sem_wait(&link->wake_back);
    }
}

static void *back_main(void *argument)
{
    struct back *back = argument;
    struct link *link = back->link;

    back->ring.ref = link->ring;
    guest_map(&back->guest, link->front, 0, &back->ring, 1);
    if (back->ring.status == GNTST_okay) {
        link->connected = true;
        sem_post(&link->wake_front);
        back_serve(back);
        for (unsigned i = 0; i < KEPT; i++)
            back_forget(back, &back->kept[i]);
        guest_unmap(&back->guest, &back->ring);
    } else if (!trial_expects(back->ring.status)) {
        wrong("the ring cannot be mapped: status %d", back->ring.status);
    }
    link->closed = true;
    sem_post(&link->wake_front);
    return NULL;
}

/* The front end */

struct slot {
    struct request request;
    uint32_t sectors;           /* Of the request. */
    struct segment *list;
    uint8_t *pages[SEGMENTS];
    grant_ref_t list_ref, refs[SEGMENTS];
};

struct front {
    struct guest guest;
    struct link *link;
    struct trial *trial;
    struct ring *ring;
    uint32_t answered;          /* Responses that were seen. */
    grant_ref_t ring_ref;
    struct slot slots[SLOTS];
    uint8_t disk[SLOTS * REGION * SECTOR];  /* What the disk should hold. */
};

static grant_ref_t front_grant(struct front *front, const void *page, unsigned flags)
{
    grant_ref_t ref = grant_page(&front->guest, front->link->back, page, flags);

    if (ref == NO_REF)
        wrong("the table is full");
    return ref;
}

/* Grant all pages there are, once and for all. */
static void front_start(struct front *front)
{
    front->ring = guest_page(&front->guest);
    front->ring_ref = front_grant(front, front->ring, 0);
    for (unsigned i = 0; i < SLOTS; i++) {
        struct slot *slot = &front->slots[i];

        slot->list = guest_page(&front->guest);
        slot->list_ref = front_grant(front, slot->list, GTF_readonly);
        for (unsigned j = 0; j < SEGMENTS; j++) {
            slot->pages[j] = guest_page(&front->guest);
            slot->refs[j] = front_grant(front, slot->pages[j], 0);
        }
    }
    front->link->ring = front->ring_ref;
}

/* Take back what the other end does not use any more; return how many grants are left. */
static unsigned front_withdraw(struct front *front)
{
    unsigned left = 0;

    for (unsigned i = 0; i < SLOTS; i++) {
        grant_ref_t *refs[] = {
            &front->slots[i].list_ref, &front->slots[i].refs[0], &front->slots[i].refs[1],
            &front->slots[i].refs[2], &front->slots[i].refs[3],
        };

        for (unsigned j = 0; j < sizeof(refs) / sizeof(refs[0]); j++) {
            if (grant_end(&front->guest, *refs[j]))
                *refs[j] = NO_REF;
            else
                left++;
        }
    }
    if (grant_end(&front->guest, front->ring_ref))
        front->ring_ref = NO_REF;
    else
        left++;
    return left;
}

/* Go through the sectors of a request: where each is in a page, and where on the disk. */
static void front_each(struct front *front, struct slot *slot,
                       void (*step)(struct front *front, uint8_t *data, uint8_t *disk))
{
    uint8_t *disk = front->disk + slot->request.sector * SECTOR;

    for (unsigned i = 0; i < slot->request.segments; i++)
        for (unsigned j = slot->list[i].first; j <= slot->list[i].last; j++) {
            step(front, slot->pages[i] + j * SECTOR, disk);
            disk += SECTOR;
        }
}

static void fill_sector(struct front *front, uint8_t *data, uint8_t *disk)
{
    (void)disk;
    for (unsigned i = 0; i < SECTOR; i++)
        data[i] = (uint8_t)trial_random(front->trial, 256);
}

static void note_sector(struct front *front, uint8_t *data, uint8_t *disk)
{
    (void)front;
    memcpy(disk, data, SECTOR);
}

static void check_sector(struct front *front, uint8_t *data, uint8_t *disk)
{
    if (memcmp(disk, data, SECTOR))
        wrong("sector %zu was read with other bytes than were written",
              (size_t)(disk - front->disk) / SECTOR);
}

/* Put a request into the ring. The other end does not look before it is told. */
static void front_request(struct front *front, unsigned number, uint32_t place)
{
    struct slot *slot = &front->slots[number];
    struct request *request = &slot->request;
    struct trial *trial = front->trial;

    request->slot = number;
    request->list = slot->list_ref;
    request->write = (uint8_t)trial_random(trial, 2);
    request->segments = (uint8_t)(1 + trial_random(trial, SEGMENTS));
    slot->sectors = 0;
    for (unsigned i = 0; i < request->segments; i++) {
        struct segment *segment = &slot->list[i];

        segment->ref = slot->refs[i];
        segment->first = (uint8_t)trial_random(trial, PAGE_SECTORS);
        segment->last =
            (uint8_t)(segment->first + trial_random(trial, PAGE_SECTORS - segment->first));
        slot->sectors += segment->last - segment->first + 1u;
        memset(slot->pages[i], 0xee, PAGE);
    }
    request->sector = number * REGION + trial_random(trial, REGION - slot->sectors + 1);
    if (request->write)
        front_each(front, slot, fill_sector);
    front->ring->request[place % RING] = *request;
}

/* Look at a response. */
static void front_response(struct front *front, const struct response *response)
{
    struct slot *slot;

    if (response->slot >= SLOTS) {
        wrong("a response to request %u", response->slot);
        return;
    }
    slot = &front->slots[response->slot];
    if (response->status != GNTST_okay) {
        if (!trial_expects(response->status))
            wrong("a request failed with status %d", response->status);
        front->trial->failed++;
        return;
    }
    front_each(front, slot, slot->request.write ? note_sector : check_sector);
    front->trial->done++;
}

/* Make some requests, and wait for the responses. */
static void front_round(struct front *front, unsigned count)
{
    struct ring *ring = front->ring;
    uint32_t end = front->answered + count;

    for (unsigned i = 0; i < count; i++)
        front_request(front, i, front->answered + i);
    atomic_store_explicit(&ring->requests, end, memory_order_release);
    sem_post(&front->link->wake_back);
    while (front->answered != end) {
        if (front->answered == atomic_load_explicit(&ring->responses, memory_order_acquire)) {
            sem_wait(&front->link->wake_front);
            continue;
        }
        front_response(front, &ring->response[front->answered++ % RING]);
    }
}

static void front_run(struct front *front)
{
    struct link *link = front->link;
    struct trial *trial = front->trial;
    bool was_closed;

    while (!link->connected && !link->closed)
        sem_wait(&link->wake_front);
    for (unsigned left = link->connected ? trial->amount : 0; left;) {
        unsigned count = left < SLOTS ? left : SLOTS;

        front_round(front, count);
        left -= count;
    }
    link->closing = true;
    sem_post(&link->wake_back);

    /* The other end is at unmapping while this looks what it can have back. */
    do {
        was_closed = link->closed;
        if (!front_withdraw(front))
            return;
        if (!was_closed)
            sem_wait(&link->wake_front);
    } while (!was_closed);
}

/* Both */

static void run_pair(struct front *front, struct back *back, struct trial *trial)
{
    struct link link = {.front = front->guest.domid, .back = back->guest.domid};
    pthread_t thread;

    sem_init(&link.wake_front, 0, 0);
    sem_init(&link.wake_back, 0, 0);
    front->link = back->link = &link;
    front->trial = trial;
    front_start(front);
    if (pthread_create(&thread, NULL, back_main, back) == 0) {
        front_run(front);
        pthread_join(thread, NULL);
    } else {
        wrong("no thread for the back end");
        front_withdraw(front);
    }
    sem_destroy(&link.wake_front);
    sem_destroy(&link.wake_back);
}

static void run_block(struct trial *trial)
{
    struct front *front = calloc(1, sizeof(*front));
    struct back *back = calloc(1, sizeof(*back));

    if (!front || !back) {
        wrong("no memory");
    } else if (guest_start(&front->guest, PAGES) == GNTST_okay) {
        if (guest_start(&back->guest, 1) == GNTST_okay) {
            run_pair(front, back, trial);
            guest_end(&back->guest);
        }
        guest_end(&front->guest);
    }
    trial->skipped = trial->amount - trial->done - trial->failed;
    free(front);
    free(back);
}

const struct driver driver = {
    .name = "block",
    .run = run_block,
    .amount = 200,
    .sweep_amount = 8,
    .ops = {GNTTABOP_query_size, GNTTABOP_setup_table, GNTTABOP_map_grant_ref,
            GNTTABOP_unmap_grant_ref},
    .op_count = 4,
};
