/* SPDX-License-Identifier: MIT */
/*
 * bare_call.c: a call and nothing else, for the tests of what runs the conformance
 * suite on it. It answers two ops for one caller, whose memory is that of this process.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#ifndef __XEN_INTERFACE_VERSION__
#define __XEN_INTERFACE_VERSION__ 0x00040d00
#endif
#include <xen/xen.h>
#include <xen/grant_table.h>

int my_call(unsigned int cmd, void *uop, unsigned int count);

int my_call(unsigned int cmd, void *uop, unsigned int count)
{
    if ((int)count < 0)
        return -EINVAL;
    if (cmd == GNTTABOP_query_size) {
        struct gnttab_query_size *op = uop;

        if (count != 1)
            return -EINVAL;
        if (!op)
            return -EFAULT;
        if (op->dom == DOMID_SELF) {
            op->nr_frames = 1;
            op->max_nr_frames = 64;
        }
        op->status = op->dom == DOMID_SELF ? GNTST_okay : GNTST_bad_domain;
        return 0;
    }
    if (cmd == GNTTABOP_get_version) {
        struct gnttab_get_version *op = uop;

        if (!op)
            return -EFAULT;
        if (op->dom != DOMID_SELF)
            return -ESRCH;
        op->version = 1;
        return 0;
    }
    return -ENOSYS;
}
