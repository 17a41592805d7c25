/* SPDX-License-Identifier: MIT */
/*
 * rig_threads.c: guests whose threads change entries while others make calls.
 *
 * A front lets entries go as soon as it can, and grants them again; backs map them and copy from them. An
 * entry that the front has taken back must never be used after that: the front fills the page
 * with other bytes then, and a back that sees those has been let in too late.
 */

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <xen/xen.h>
#include <xen/grant_table.h>
#include <xengnt/rig.h>

#define BACKS 3
#define REFS 4
#define FIRST_REF 8
#define ROUNDS 1500
#define SPINS 300
#define OPEN 0x4f
#define SHUT 0x53

static int front, backs[BACKS];
static grant_entry_v1_t *table;
static struct xengnt_rig_page pages[REFS];
static int version;
static grant_entry_v2_t *table2;
static grant_status_t *marks;
static volatile int stop;
static unsigned long mapped, copied, refused, ended;

static void fail(const char *what)
{
    const char *why = xengnt_rig_reason(NULL);

    fprintf(stderr, "%s: %s\n", what, why ? why : "-");
    exit(1);
}

static void permit(int n, domid_t to)
{
    if (version == 1) {
        table[FIRST_REF + n].domid = to;
        table[FIRST_REF + n].frame = pages[n].frame;
        __atomic_store_n(&table[FIRST_REF + n].flags, GTF_permit_access, __ATOMIC_RELEASE);
    } else {
        table2[FIRST_REF + n].hdr.domid = to;
        table2[FIRST_REF + n].full_page.frame = pages[n].frame;
        __atomic_store_n(&table2[FIRST_REF + n].hdr.flags, GTF_permit_access, __ATOMIC_RELEASE);
    }
}

static int end(int n)
{
    uint16_t *flags;
    uint16_t old;

    if (version == 2) {
        __atomic_store_n(&table2[FIRST_REF + n].hdr.flags, 0, __ATOMIC_SEQ_CST);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        if (!(__atomic_load_n(&marks[FIRST_REF + n], __ATOMIC_ACQUIRE)
              & (GTF_reading | GTF_writing)))
            return 1;
        __atomic_store_n(&table2[FIRST_REF + n].hdr.flags, GTF_permit_access, __ATOMIC_RELEASE);
        return 0;
    }
    flags = &table[FIRST_REF + n].flags;
    old = __atomic_load_n(flags, __ATOMIC_ACQUIRE);
    do {
        if (old & (GTF_reading | GTF_writing))
            return 0;
    } while (!__atomic_compare_exchange_n(flags, &old, 0, 0, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE));
    return 1;
}

static void *grants(void *unused)
{
    unsigned int turn = 0, spin;

    (void)unused;
    while (!stop) {
        int n = turn++ % REFS;
        volatile uint8_t *bytes = (uint8_t *)(uintptr_t)pages[n].address;

        if (!end(n))
            continue;
        ended++;
        memset((void *)bytes, SHUT, 64); /* nobody is to see this */
        for (spin = 0; spin < SPINS; spin++)
            if (version == 1 && __atomic_load_n(&table[FIRST_REF + n].flags, __ATOMIC_ACQUIRE))
                fail("an entry that was taken back is in use");
        memset((void *)bytes, OPEN, 64);
        permit(n, backs[turn % BACKS]);
    }
    return NULL;
}

static void *uses(void *which)
{
    int own = (int)(intptr_t)which, back = backs[own], round;
    struct xengnt_rig_page mine;
    uint64_t room;

    if (xengnt_rig_set_caller(back) || xengnt_rig_page(back, 0, &mine)
        || xengnt_rig_room(back, 0, &room))
        fail("a back");
    for (round = 0; round < ROUNDS; round++) {
        struct gnttab_map_grant_ref map = { .host_addr = room, .flags = GNTMAP_host_map,
                                            .ref = FIRST_REF + round % REFS, .dom = front };
        struct gnttab_copy copy = { .flags = GNTCOPY_source_gref, .len = 64 };

        if (HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, &map, 1))
            fail("map");
        if (map.status == GNTST_okay) {
            struct gnttab_unmap_grant_ref unmap = { .host_addr = room, .handle = map.handle };

            __atomic_add_fetch(&mapped, 1, __ATOMIC_RELAXED);
            if (memchr((void *)(uintptr_t)room, SHUT, 64))
                fail("a mapping of an entry that was taken back");
            if (HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1) || unmap.status)
                fail("unmap");
        } else if (map.status == GNTST_general_error)
            __atomic_add_fetch(&refused, 1, __ATOMIC_RELAXED);
        else
            fail("a status of map");
        copy.source.u.ref = FIRST_REF + round % REFS;
        copy.source.domid = front;
        copy.dest.u.gmfn = mine.frame;
        copy.dest.domid = DOMID_SELF;
        if (HYPERVISOR_grant_table_op(GNTTABOP_copy, &copy, 1))
            fail("copy");
        if (copy.status == GNTST_okay) {
            __atomic_add_fetch(&copied, 1, __ATOMIC_RELAXED);
            if (memchr((void *)(uintptr_t)mine.address, SHUT, 64))
                fail("a copy of an entry that was taken back");
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[BACKS], granter;
    struct xengnt_rig_use use = { .size = sizeof use };
    int n;

    version = argc > 1 ? atoi(argv[1]) : 1;
    front = xengnt_rig_create_domain(NULL);
    for (n = 0; n < BACKS; n++)
        backs[n] = xengnt_rig_create_domain(NULL);
    if (front < 0 || backs[BACKS - 1] < 0)
        fail("domains");
    if (version == 2) {
        struct gnttab_set_version wanted = { .version = 2 };

        xengnt_rig_set_caller(front);
        if (HYPERVISOR_grant_table_op(GNTTABOP_set_version, &wanted, 1))
            fail("set_version");
    }
    table = xengnt_rig_table(front, 0, 0);
    table2 = xengnt_rig_table(front, 0, 0);
    marks = xengnt_rig_table(front, 0, 1);
    for (n = 0; n < REFS; n++) {
        if (xengnt_rig_page(front, n, &pages[n]))
            fail("a page");
        memset((void *)(uintptr_t)pages[n].address, OPEN, 64);
        permit(n, backs[n % BACKS]);
    }
    if (pthread_create(&granter, NULL, grants, NULL))
        fail("a thread");
    for (n = 0; n < BACKS; n++)
        if (pthread_create(&threads[n], NULL, uses, (void *)(intptr_t)n))
            fail("a thread");
    for (n = 0; n < BACKS; n++)
        pthread_join(threads[n], NULL);
    stop = 1;
    pthread_join(granter, NULL);
    for (n = 0; n < REFS; n++)
        if (!end(n))
            fail("an entry stays in use");
    for (n = 0; n < BACKS; n++)
        if (xengnt_rig_use(backs[n], &use) || use.handles)
            fail("a handle is left");
    if (xengnt_rig_use(front, &use) || use.in_use)
        fail("an entry is in use");
    printf("%lu mapped, %lu copied, %lu refused, %lu ended\n", mapped, copied, refused, ended);
    return !(mapped && copied && refused && ended);
}
