/* SPDX-License-Identifier: MIT */
/*
 * What the kernel and the host share: one call at a time.
 *
 * The host sees it because the machine's memory is a file of the host's. It fills in a call
 * and adds one to `asked`; the kernel makes the call, stores the result and then makes
 * `answered` equal.
 */

#ifndef XENGNT_MAILBOX_H
#define XENGNT_MAILBOX_H

#define MAILBOX_SIGNATURE 0x786f62746e676e78 /* "xngntbox" */
#define CR2_MARK          0x78676e74         /* what a guest without page tables puts there */

#ifndef __ASSEMBLER__

typedef unsigned int u32;
typedef unsigned long long u64;

struct mailbox {
    u64 signature;      /* at the start of a page: so the host finds the first one */
    u64 page_table;     /* the frame of the top level, 0 for a guest that has none */
    u64 asked;
    u64 answered;
    u64 hypercall;      /* of this and the arguments, a 32-bit guest takes the lower half */
    u64 arguments[5];
    u64 result;         /* sign-extended */
};

#endif
#endif
