/* SPDX-License-Identifier: MIT */
/* rig.c: how many elements and calls a second the rig does, by op and size of the batch. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <xen/xen.h>
#include <xen/grant_table.h>
#include <xengnt/rig.h>

#define MOST 512
#define ROUNDS 12
#define ELEMENTS 2048

static int front, back;
static struct xengnt_rig_page own;
static struct gnttab_copy copies[MOST];
static struct gnttab_map_grant_ref maps[MOST];
static struct gnttab_unmap_grant_ref unmaps[MOST];

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void copy(unsigned int batch)
{
    if (HYPERVISOR_grant_table_op(GNTTABOP_copy, copies, batch) || copies[batch - 1].status)
        exit(1);
}

static void map_and_unmap(unsigned int batch)
{
    unsigned int n;

    if (HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, maps, batch) || maps[batch - 1].status)
        exit(1);
    for (n = 0; n < batch; n++) {
        unmaps[n].host_addr = maps[n].host_addr;
        unmaps[n].handle = maps[n].handle;
    }
    if (HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, unmaps, batch)
        || unmaps[batch - 1].status)
        exit(1);
}

/* Print how many batches are done in a second, the best of several rounds. */
static void measure(const char *name, void (*run)(unsigned int), unsigned int batch)
{
    double best = 0;
    int round;

    for (round = 0; round < ROUNDS; round++) {
        unsigned int times = ELEMENTS / batch, n;
        double start = now(), rate;

        for (n = 0; n < times; n++)
            run(batch);
        rate = times / (now() - start);
        if (rate > best)
            best = rate;
    }
    printf("%s %u %.1f\n", name, batch, best);
}

int main(void)
{
    static const unsigned int batches[] = { 1, 16, 64, MOST };
    grant_entry_v1_t *table;
    struct xengnt_rig_page page;
    uint64_t room;
    unsigned int n;

    back = xengnt_rig_create_domain(NULL);
    front = xengnt_rig_create_domain(NULL);
    table = xengnt_rig_table(front, 0, 0);
    if (!table || xengnt_rig_page(front, 5, &page) || xengnt_rig_page(back, 5, &own)
        || xengnt_rig_set_caller(back))
        return 1;
    for (n = 8; n < 16; n++) { /* an entry can be in use 127 times */
        table[n].domid = back;
        table[n].frame = page.frame;
        __atomic_store_n(&table[n].flags, GTF_permit_access, __ATOMIC_RELEASE);
    }
    for (n = 0; n < MOST; n++) {
        if (xengnt_rig_room(back, n, &room))
            return 1;
        maps[n].host_addr = room;
        maps[n].flags = GNTMAP_host_map | GNTMAP_readonly;
        maps[n].ref = copies[n].source.u.ref = 8 + n % 8;
        maps[n].dom = copies[n].source.domid = front;
        copies[n].dest.u.gmfn = own.frame;
        copies[n].dest.domid = DOMID_SELF;
        copies[n].len = 64;
        copies[n].flags = GNTCOPY_source_gref;
    }
    for (n = 0; n < sizeof batches / sizeof *batches; n++) {
        measure("copy", copy, batches[n]);
        measure("map+unmap", map_and_unmap, batches[n]);
    }
    return 0;
}
