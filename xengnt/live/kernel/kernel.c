/* SPDX-License-Identifier: MIT */
/*
 * A guest that makes the hypercalls it is told to, and nothing else.
 *
 * All that a scenario needs is done with such calls from the host: other domains too, in
 * which this same kernel runs. So there are no traps, no events and no allocator here.
 */

#include "hypercall.h"
#include "mailbox.h"

#define HYPERVISOR_console_io 18
#define HYPERVISOR_sched_op   29
#define CONSOLEIO_write       0
#define SCHEDOP_yield         0

struct mailbox mailbox __attribute__((section(".mailbox")));

static const char ready[] = "xengnt: ready\n";

/* The first domain tells the host that it is there, and where. */
void announce(unsigned long page_table)
{
    mailbox.page_table = page_table;
    mailbox.signature = MAILBOX_SIGNATURE;
    hypercall(HYPERVISOR_console_io, CONSOLEIO_write, sizeof(ready) - 1, (long)ready, 0, 0);
}

void serve(void)
{
    volatile struct mailbox *box = &mailbox;

    for ( ; ; )
    {
        while ( box->answered == box->asked )
            hypercall(HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0, 0, 0);
        box->result = hypercall(box->hypercall, box->arguments[0], box->arguments[1],
                                box->arguments[2], box->arguments[3], box->arguments[4]);
        /* The lower half of it: not every processor stores 64 bits in one go. */
        __atomic_store_n((unsigned long *)&mailbox.answered, (unsigned long)box->asked,
                         __ATOMIC_RELEASE);
    }
}
