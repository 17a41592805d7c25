/* SPDX-License-Identifier: MIT */
/*
 * world.h: domains, frames and tables, for the small grant_table_op beside this, which is there to
 * be fuzzed. `seed.h` is that of a corpus of `xengnt corpus`: with it, this is the stage of its ABI.
 */
#ifndef WORLD_H
#define WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "seed.h"

#if !(defined(XENGNT_STAGE_ABI_x86_64) || defined(XENGNT_STAGE_ABI_arm64))
#error "grant_table.c is for x86_64 and arm64: 32-bit callers are translated, which it does not do"
#elif XENGNT_STAGE_INTERFACE_VERSION < 0x0003020a
#error "grant_table.c has entries of version 2: it takes seeds of interface version 0x0003020a on"
#endif

#ifndef __XEN_INTERFACE_VERSION__
#define __XEN_INTERFACE_VERSION__ XENGNT_STAGE_INTERFACE_VERSION
#endif
#include <xen/xen.h>
#include <xen/grant_table.h>

#define PAGE            4096u
#define DOMAINS         (3u + XENGNT_STAGE_SECOND)
#define TABLE_FRAMES    64u
#define STATUS_FRAMES   8u
#define WINDOW          ((XENGNT_SEED_END - XENGNT_SEED_READONLY) / PAGE)
#define HANDLES         (XENGNT_STAGE_MAX_MAPTRACK_FRAMES * 256u)
#define VIEWS           (XENGNT_STAGE_PAGES + WINDOW + HANDLES)
#define PINS            512u
#define FRAMES          (DOMAINS * (XENGNT_STAGE_PAGES + TABLE_FRAMES + STATUS_FRAMES + WINDOW))
#define NONE            UINT64_MAX

struct domain;

/* A frame of the machine. What `data` had when the stage was set stands in `fresh`. */
struct frame {
    uint64_t mfn;
    uint64_t name;              /* what its owner calls it; NONE if it cannot */
    struct domain *owner;
    bool xen;                   /* made by Xen for the owner */
    bool written;               /* since it was last as it was at first */
    unsigned int references;
    uint8_t *data, *fresh;
};

/* What a domain sees at a page of its addresses. */
struct view {
    uint64_t number;
    struct frame *frame;
    bool writable, granted;
};

enum { HOST_WRITE, HOST_READ, DEVICE_WRITE, DEVICE_READ, COUNTERS };

/* An entry in use. */
struct pin {
    bool used;
    grant_ref_t ref;
    domid_t user;
    uint8_t counts[COUNTERS];
    struct frame *frame;
    unsigned int start, length;
    struct domain *via;         /* whose entry is passed on, and which */
    grant_ref_t via_ref;
};

/* What a handle stands for. */
struct mapping {
    struct domain *of;
    grant_ref_t ref;
    uint32_t flags;             /* what still holds of it; 0 if it is free */
};

struct domain {
    domid_t domid;
    bool privileged, full;
    unsigned int version, frames, statuses, pages;
    struct frame *table[TABLE_FRAMES], *status[STATUS_FRAMES];
    struct pin pins[PINS];
    struct mapping maptrack[HANDLES];
    uint16_t free[HANDLES];     /* a ring of free handles, of which the last stays there */
    unsigned int first_free, nr_free;
    struct view views[VIEWS];
    unsigned int nr_views;
};

struct world {
    struct frame frames[FRAMES];
    unsigned int nr_frames;
    struct domain domains[DOMAINS];
};

extern struct world world;

/* A check of an implementation, and how often each side of it was seen. */
struct check {
    const char *name;
    unsigned long seen[2];
};

/* Tells whether something is so, and counts it. The name is an op, the number that its documentation
 * gives the check, and what fails it. */
#define FAILS(what, condition)                                                        \
    __extension__ ({                                                                  \
        static struct check check_ = { what, { 0 } };                                 \
        static struct check *listed_ __attribute__((section("checks"), used)) = &check_; \
        bool so_ = (condition);                                                       \
        check_.seen[so_]++;                                                           \
        so_;                                                                          \
    })

/* harness.c */
struct frame *new_frame(struct domain *owner, uint64_t mfn, uint64_t name);
void show(struct domain *domain, uint64_t number, struct frame *frame, bool writable, bool granted);
struct view *view_at(struct domain *domain, uint64_t number);
void grow(struct domain *domain, unsigned int frames);
bool guest_read(struct domain *domain, uint64_t address, void *to, size_t size);
bool guest_write(struct domain *domain, uint64_t address, const void *from, size_t size);

/* grant_table.c */
long grant_table_op(struct domain *caller, uint64_t cmd, uint64_t pointer, uint64_t count);

#endif
