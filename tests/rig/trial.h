/* SPDX-License-Identifier: MIT */
/*
 * trial.h: what runs a driver, lets calls fail under it, and looks for what it leaves behind.
 *
 * A driver defines `driver`. Its run makes `amount` requests between domains of its own, and
 * counts what became of them. Each trial begins without domains, and in the end none may have a
 * mapping, grant anything, or have anything in use: whatever failed in between.
 */

#ifndef TRIAL_H
#define TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/grant_table.h>

struct trial {
    unsigned amount;            /* How many requests to make. */
    uint32_t random;            /* The state of trial_random. */
    unsigned done;              /* Requests that went well. */
    unsigned failed;            /* Those that were given up, because a call failed. */
    unsigned skipped;           /* Those that were not made, as there was no connection. */
};

struct driver {
    const char *name;
    void (*run)(struct trial *trial);
    unsigned amount;            /* Of requests, unless the user wants another. */
    unsigned sweep_amount;      /* As many in each trial of a sweep. */
    unsigned ops[6];            /* The commands that a sweep lets fail. */
    unsigned op_count;
};

extern const struct driver driver;

/* Make a domain, which the trial looks at in the end. */
domid_t trial_domain(unsigned pages);

/* Return a number below a bound, the same ones for the same seed. */
uint32_t trial_random(struct trial *trial, uint32_t below);

/* Say whether a call may have failed so because this trial lets it. */
bool trial_expects(int status);

/* Note what must not be, for the end of the trial; the first one is told. */
void wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* TRIAL_H */
