/* SPDX-License-Identifier: MIT */
/* test.c: the driver on the rig: as it should be, and with what can go wrong. */

#include "driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xengnt/rig.h>

#define REF 8

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            const char *why = xengnt_rig_reason(NULL); \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #condition, why ? why : "-"); \
            exit(1); \
        } \
    } while (0)

int main(void)
{
    struct xengnt_rig_page page;
    struct xengnt_rig_use use = { .size = sizeof use };
    grant_entry_v1_t *table;
    uint64_t room;
    char message[64];
    int front, back;

    /* $RECORD names a file for a recording: `xengnt run` plays it again. */
    CHECK(xengnt_rig_record(getenv("RECORD")) == 0);
    front = xengnt_rig_create_domain(NULL);
    back = xengnt_rig_create_domain(NULL);
    CHECK(front >= 0 && back >= 0);
    CHECK(xengnt_rig_page(front, 5, &page) == 0);
    CHECK(xengnt_rig_room(back, 0, &room) == 0);
    CHECK((table = xengnt_rig_table(front, 0, 0)) != NULL);
    CHECK(xengnt_rig_set_caller(back) == 0);

    strcpy((char *)(uintptr_t)page.address, "hello from the front");
    front_share(table, REF, back, page.frame);
    CHECK(back_read(front, REF, (void *)(uintptr_t)room, message, sizeof message) == 0);
    CHECK(strcmp(message, "hello from the front") == 0);

    /* Xen may ask a driver to come again, and may have no room. */
    CHECK(xengnt_rig_inject(back, GNTTABOP_map_grant_ref, GNTST_eagain, 0, 3) == 0);
    CHECK(back_read(front, REF, (void *)(uintptr_t)room, message, sizeof message) == 0);
    CHECK(xengnt_rig_inject(back, GNTTABOP_map_grant_ref, GNTST_no_device_space, 0, 1) == 0);
    CHECK(back_read(front, REF, (void *)(uintptr_t)room, message, sizeof message)
          == GNTST_no_device_space);
    CHECK(xengnt_rig_heal() == 4);

    /* Nothing is left over. */
    CHECK(front_end(table, REF) == 0);
    CHECK(xengnt_rig_use(back, &use) == 0 && use.handles == 0);
    CHECK(xengnt_rig_use(front, &use) == 0 && use.granted == 0 && use.in_use == 0);
    CHECK(xengnt_rig_reset() == 0);
    puts("all is well");
    return 0;
}
