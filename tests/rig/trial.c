/* SPDX-License-Identifier: MIT */
/* trial.c: the command line, the faults and the reckoning that all drivers share. */

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xengnt/rig.h>

#include "trial.h"

#define ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))
#define FOREVER UINT32_MAX

enum { DOMAINS = 4, RETRIES_SURVIVED = 4 };

/* What to call things on the command line. */
static const struct name {
    const char *name;
    int value;
} op_names[] = {
    {"map", GNTTABOP_map_grant_ref},
    {"unmap", GNTTABOP_unmap_grant_ref},
    {"copy", GNTTABOP_copy},
    {"setup_table", GNTTABOP_setup_table},
    {"query_size", GNTTABOP_query_size},
    {"get_status_frames", GNTTABOP_get_status_frames},
}, status_names[] = {
    {"general_error", GNTST_general_error},
    {"bad_page", GNTST_bad_page},
    {"no_space", GNTST_no_space},
    {"eagain", GNTST_eagain},
};

/* What goes wrong in a trial. */
struct faults {
    bool injected;
    unsigned op;
    int status;
    uint32_t skip, times;
    uint32_t handles;           /* The most of each domain. */
};

static const struct faults no_faults = {.handles = UINT32_MAX};

static struct faults faults;
static domid_t domains[DOMAINS];
static unsigned domain_count;

static pthread_mutex_t problem_lock = PTHREAD_MUTEX_INITIALIZER;
static char problem[256];

void wrong(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    pthread_mutex_lock(&problem_lock);
    if (!problem[0])
        vsnprintf(problem, sizeof(problem), format, arguments);
    pthread_mutex_unlock(&problem_lock);
    va_end(arguments);
}

/* For what leaves nothing to go on with. */
static void fatal(const char *what, int error)
{
    const char *reason = xengnt_rig_reason(NULL);

    fprintf(stderr, "%s: %s: %s: %s\n", driver.name, what, strerror(-error),
            reason ? reason : "no reason");
    exit(2);
}

static int must(const char *what, int result)
{
    if (result < 0)
        fatal(what, result);
    return result;
}

domid_t trial_domain(unsigned pages)
{
    struct xengnt_rig_domain wanted = XENGNT_RIG_DOMAIN;
    domid_t domid;

    if (domain_count == DOMAINS)
        fatal("too many domains", -ENOSPC);
    wanted.pages = pages;
    domid = (domid_t)must("create a domain", xengnt_rig_create_domain(&wanted));
    if (faults.handles != UINT32_MAX)
        must("limit handles", xengnt_rig_limit_handles(domid, faults.handles));
    domains[domain_count++] = domid;
    return domid;
}

uint32_t trial_random(struct trial *trial, uint32_t below)
{
    trial->random = trial->random * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)trial->random * below >> 32);
}

bool trial_expects(int status)
{
    return (faults.injected && status == faults.status) ||
           (faults.handles != UINT32_MAX && status == GNTST_no_space);
}

static void look_for_leaks(void)
{
    for (unsigned i = 0; i < domain_count; i++) {
        struct xengnt_rig_use use = {.size = sizeof(use)};

        must("ask for what is in use", xengnt_rig_use(domains[i], &use));
        if (use.handles)
            wrong("domain %u still has %u handles", domains[i], use.handles);
        if (use.granted)
            wrong("domain %u still grants %u pages", domains[i], use.granted);
        if (use.in_use)
            wrong("of domain %u %u entries are still in use", domains[i], use.in_use);
    }
}

/* Run the driver once. Return whether all was as it should be, and how many elements were
 * let fail. */
static bool run(struct trial *trial, const char *record, uint32_t *failures)
{
    unsigned told;

    problem[0] = '\0';
    domain_count = 0;
    must("create a hypervisor", xengnt_rig_create_hypervisor(NULL));
    if (record)
        must(record, xengnt_rig_record(record));
    if (faults.injected)
        must("inject", xengnt_rig_inject(DOMID_SELF, faults.op, faults.status, faults.skip,
                                         faults.times));
    driver.run(trial);
    *failures = (uint32_t)must("heal", xengnt_rig_heal());
    look_for_leaks();
    must("reset", xengnt_rig_reset());

    told = trial->done + trial->failed + trial->skipped;
    if (told != trial->amount)
        wrong("%u requests are accounted for, of %u", told, trial->amount);
    if (faults.handles == UINT32_MAX) {
        if (trial->failed > *failures)
            wrong("%u requests failed, from %u faults", trial->failed, *failures);
        if (trial->skipped && !*failures)
            wrong("%u requests were not made", trial->skipped);
        if (faults.status == GNTST_eagain && faults.times <= RETRIES_SURVIVED &&
            trial->done != trial->amount)
            wrong("%u requests were given up that could be tried again",
                  trial->amount - trial->done);
    }
    return !problem[0];
}

static const char *name_of(const struct name *names, size_t count, int value)
{
    for (size_t i = 0; i < count; i++)
        if (names[i].value == value)
            return names[i].name;
    return "?";
}

/* Tell of a trial that went wrong, and how to have it again. */
static void tell(const struct trial *trial, uint32_t seed)
{
    fprintf(stderr, "%s --seed %u --requests %u", driver.name, seed, trial->amount);
    if (faults.injected) {
        fprintf(stderr, " --fail %s:%u:%s:",
                name_of(op_names, ELEMENTS(op_names), (int)faults.op), faults.skip,
                name_of(status_names, ELEMENTS(status_names), faults.status));
        if (faults.times == FOREVER)
            fprintf(stderr, "forever");
        else
            fprintf(stderr, "%u", faults.times);
    }
    if (faults.handles != UINT32_MAX)
        fprintf(stderr, " --handles %u", faults.handles);
    fprintf(stderr, ": %s\n", problem);
}

/* One trial after the other, each with another fault. */
struct sweep {
    uint32_t seed;
    unsigned trials;            /* How many there were. */
    unsigned hit;               /* In how many of them an element was let fail. */
    unsigned given_up;          /* In how many the driver did not do all. */
};

static bool sweep_one(struct sweep *sweep, uint32_t *failures)
{
    struct trial trial = {.amount = driver.sweep_amount, .random = sweep->seed};
    bool good = run(&trial, NULL, failures);

    sweep->trials++;
    sweep->hit += *failures > 0;
    sweep->given_up += trial.done < trial.amount;
    if (!good)
        tell(&trial, sweep->seed);
    return good;
}

/* Let each element of a command fail in turn, until there is none so late. */
static bool sweep_elements(struct sweep *sweep, unsigned op, int status, uint32_t times)
{
    uint32_t failures = 1;

    for (uint32_t skip = 0; failures; skip++) {
        faults = no_faults;
        faults.injected = true;
        faults.op = op;
        faults.status = status;
        faults.skip = skip;
        faults.times = times;
        if (!sweep_one(sweep, &failures))
            return false;
    }
    return true;
}

static bool sweep_op(struct sweep *sweep, unsigned op)
{
    /* Nobody comes through it if nothing can ever be unmapped. */
    bool can_do_without = op != GNTTABOP_unmap_grant_ref;

    for (size_t i = 0; i < ELEMENTS(status_names); i++) {
        int status = status_names[i].value;

        if (!sweep_elements(sweep, op, status, 1))
            return false;
        if (can_do_without && (status == GNTST_general_error || status == GNTST_eagain) &&
            !sweep_elements(sweep, op, status, FOREVER))
            return false;
    }
    return sweep_elements(sweep, op, GNTST_eagain, RETRIES_SURVIVED);
}

static bool sweep_all(struct sweep *sweep)
{
    uint32_t failures;

    for (unsigned i = 0; i < driver.op_count; i++)
        if (!sweep_op(sweep, driver.ops[i]))
            return false;
    for (uint32_t handles = 0; handles < 24; handles++) {
        faults = no_faults;
        faults.handles = handles;
        if (!sweep_one(sweep, &failures))
            return false;
    }
    return true;
}

static void usage(void)
{
    fprintf(stderr,
            "usage: %s [--seed N] [--requests N] [--record FILE] [--handles N]\n"
            "       [--fail OP:SKIP:STATUS:TIMES] [--sweep]\n",
            driver.name);
    exit(2);
}

static uint32_t number(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (end == text || *end || value > UINT32_MAX)
        usage();
    return (uint32_t)value;
}

static int value_of(const struct name *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i].name, name) == 0)
            return names[i].value;
    usage();
    return 0;
}

/* Read OP:SKIP:STATUS:TIMES. */
static void parse_fault(char *text)
{
    char *part[4];

    for (size_t i = 0; i < ELEMENTS(part); i++) {
        part[i] = strtok(i ? NULL : text, ":");
        if (!part[i])
            usage();
    }
    faults.injected = true;
    faults.op = (unsigned)value_of(op_names, ELEMENTS(op_names), part[0]);
    faults.skip = number(part[1]);
    faults.status = value_of(status_names, ELEMENTS(status_names), part[2]);
    faults.times = strcmp(part[3], "forever") ? number(part[3]) : FOREVER;
}

int main(int argc, char **argv)
{
    struct trial trial = {.amount = driver.amount};
    struct sweep sweep = {0};
    const char *record = NULL;
    bool sweeping = false;
    uint32_t failures;

    faults = no_faults;
    for (int i = 1; i < argc; i++) {
        char *value = i + 1 < argc ? argv[i + 1] : NULL;

        if (strcmp(argv[i], "--sweep") == 0) {
            sweeping = true;
            continue;
        }
        if (!value)
            usage();
        if (strcmp(argv[i], "--seed") == 0)
            sweep.seed = number(value);
        else if (strcmp(argv[i], "--requests") == 0)
            trial.amount = number(value);
        else if (strcmp(argv[i], "--record") == 0)
            record = value;
        else if (strcmp(argv[i], "--handles") == 0)
            faults.handles = number(value);
        else if (strcmp(argv[i], "--fail") == 0)
            parse_fault(value);
        else
            usage();
        i++;
    }

    if (sweeping) {
        if (!sweep_all(&sweep))
            return 1;
        printf("%s: %u trials, %u with faults, %u with requests given up\n", driver.name,
               sweep.trials, sweep.hit, sweep.given_up);
        return 0;
    }
    trial.random = sweep.seed;
    if (!run(&trial, record, &failures)) {
        tell(&trial, sweep.seed);
        return 1;
    }
    printf("%s: %u requests done, %u failed, %u not made, from %u faults\n", driver.name,
           trial.done, trial.failed, trial.skipped, failures);
    return 0;
}
