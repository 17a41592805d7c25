/* SPDX-License-Identifier: MIT */
/*
 * xen_side.c: Xen's side of one grant entry, as fast as it goes, against a guest
 * that grants and withdraws it: to be loaded into a thread, or run as a process.
 *
 * The guest says in `struct control` what it believes, before it grants and after
 * it has withdrawn. So whoever has marked the entry and then reads that it is
 * withdrawn has found a mistake of the guest.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <xen/grant_table.h>

#include "atomics.h"

enum { WITHDRAWN, WRITABLE, READONLY };

/* 64-bit words, so that Python can see it as an array. */
struct control {
    uint64_t stop;      /* set by the guest */
    uint64_t state;     /* what the guest believes */
    uint64_t frame;     /* what it wrote into the entry */
    uint64_t running;   /* set when it begins */
    uint64_t done;      /* how often it was marked, or a page given */
    uint64_t refused;   /* how often it could not be */
    uint64_t wrong;     /* marks that should not have been possible */
    uint64_t lost;      /* marks that were gone before they were taken back */
};

#define LOAD(p) __atomic_load_n(&(p), __ATOMIC_ACQUIRE)
#define MARKS (GTF_reading | GTF_writing)

static uint32_t seed = 12345;

static unsigned int draw(unsigned int below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 16) % below;
}

static void pause_for(unsigned int turns)
{
    while (turns--)
        __asm__ volatile ("" ::: "memory");
}

/* Whether flags let a domain use an entry. */
static int allowed(uint32_t head, uint32_t domid, int readonly)
{
    uint32_t flags = head & 0xffff;

    return head >> 16 == domid && (flags & GTF_type_mask) == GTF_permit_access &&
           (readonly || !(flags & GTF_readonly));
}

/* Version 1: the mark goes into the flags, if they and the domain are as they were seen. */
static int mark_v1(uint32_t *entry, uint32_t domid, uint32_t marks, int readonly)
{
    uint32_t head = LOAD(*entry);

    do {
        if (!allowed(head, domid, readonly))
            return 0;
    } while (!__atomic_compare_exchange_n(entry, &head, head | marks, 0,
                                          __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE));
    return 1;
}

/* Version 2: the mark goes into the status, and then the flags are looked at again. */
static int mark_v2(uint32_t *entry, uint16_t *status, uint32_t domid, uint32_t marks, int readonly)
{
    if (!allowed(LOAD(*entry), domid, readonly))
        return 0;
    __atomic_fetch_or(status, (uint16_t)marks, __ATOMIC_SEQ_CST);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (allowed(LOAD(*entry), domid, readonly))
        return 1;
    __atomic_fetch_and(status, (uint16_t)~marks, __ATOMIC_SEQ_CST);
    return 0;
}

/* Use the entry again and again, until told to stop. */
void use(int version, void *entry, uint16_t *status, uint32_t domid, struct control *control)
{
    uint16_t *marked = version == 1 ? entry : status;

    control->running = 1;
    while (!LOAD(control->stop)) {
        int readonly = (int)draw(2);
        uint32_t marks = readonly ? GTF_reading : MARKS;
        unsigned int looks;
        uint64_t frame;

        if (!(version == 1 ? mark_v1(entry, domid, marks, readonly)
                           : mark_v2(entry, status, domid, marks, readonly))) {
            control->refused++;
            continue;
        }
        frame = version == 1 ? ((struct grant_entry_v1 *)entry)->frame
                             : ((union grant_entry_v2 *)entry)->full_page.frame;
        if (frame != LOAD(control->frame))
            control->wrong++;
        /* Now and then for long, so that a slow guest comes to believe what is wrong. */
        for (looks = draw(draw(16) ? 200 : 20000) + 1; looks; looks--) {
            uint64_t state = LOAD(control->state);

            if (state == WITHDRAWN || (state == READONLY && !readonly)) {
                control->wrong++;
                break;
            }
        }
        if ((__atomic_fetch_and(marked, (uint16_t)~marks, __ATOMIC_SEQ_CST) & marks) != marks)
            control->lost++;
        control->done++;
        pause_for(draw(1000));
    }
}

/* Give page after page, as often as the entry accepts one, until told to stop. */
void give(int version, void *entry, uint32_t domid, struct control *control)
{
    uint16_t *flags = entry;

    control->running = 1;
    while (!LOAD(control->stop)) {
        uint32_t head = domid << 16 | GTF_accept_transfer;

        if (!__atomic_compare_exchange_n((uint32_t *)entry, &head, head | GTF_transfer_committed, 0,
                                         __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE)) {
            control->refused++;
            pause_for(draw(30000));
            continue;
        }
        pause_for(draw(200));
        control->done++;
        if (version == 1)
            ((struct grant_entry_v1 *)entry)->frame = (uint32_t)control->done;
        else
            ((union grant_entry_v2 *)entry)->full_page.frame = control->done;
        if (!(__atomic_fetch_or(flags, GTF_transfer_completed, __ATOMIC_SEQ_CST) &
              GTF_transfer_committed))
            control->lost++;
        pause_for(draw(30000));
    }
}

/* The guest of version 2 with the barriers of atomics.h, or without the one that counts. */
uint64_t guest_v2(void *entry, uint16_t *status, uint32_t domid, struct control *control,
                  uint64_t rounds, int barrier)
{
    union grant_entry_v2 *own = entry;
    uint64_t round;

    for (round = 1; round <= rounds && !control->wrong; round++) {
        control->frame = round;
        control->state = WRITABLE;
        own->full_page.hdr.domid = (domid_t)domid;
        own->full_page.frame = round;
        xengnt_wmb();
        xengnt_store16(&own->hdr.flags, GTF_permit_access);
        pause_for(round * 2654435761u >> 7 & 255);
        xengnt_store16(&own->hdr.flags, 0);
        if (barrier)
            xengnt_mb();
        while (xengnt_load16(status) & MARKS)
            ;
        __atomic_store_n(&control->state, WITHDRAWN, __ATOMIC_RELEASE);
    }
    return round - 1;
}

/* use or give VERSION on page 0 of the file at a descriptor, with page 1 and page 2 behind. */
int main(int argc, char **argv)
{
    char *pages;

    if (argc != 6)
        return 2;
    pages = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, atoi(argv[1]), 0);
    if (pages == MAP_FAILED)
        return 3;
    int version = atoi(argv[3]), ref = atoi(argv[4]);
    void *entry = pages + ref * (version == 1 ? (int)sizeof(struct grant_entry_v1)
                                              : (int)sizeof(union grant_entry_v2));
    struct control *control = (struct control *)(pages + 2 * 4096);
    if (argv[2][0] == 'u')
        use(version, entry, (uint16_t *)(pages + 4096) + ref, (uint32_t)atoi(argv[5]), control);
    else
        give(version, entry, (uint32_t)atoi(argv[5]), control);
    return 0;
}
