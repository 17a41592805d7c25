/* SPDX-License-Identifier: MIT */
/*
 * filler: a HYPERVISOR_grant_table_op that looks at every field that goes in and
 * fills every field that comes out.
 *
 * A field that goes in must hold its own place: its offset in the array of
 * arguments, counted from 1 so that it is never 0. A field that comes out gets
 * the same with all bits inverted; the status of element i is -(i + 1). Lists get
 * 0x1000 times the number of the element, from 1, plus the index, as frames. The
 * result is 1000 + cmd, -EINVAL if a field was not as it must be, and -ENOSYS for
 * what is no op.
 */
#include <stddef.h>
#include <stdint.h>
#include <xen/grant_table.h>

enum { INVALID = -22, NO_OP = -38 };

int HYPERVISOR_grant_table_op(unsigned int cmd, void *uop, unsigned int count);

/* The first field that was not as it must be. */
const char *filler_wrong;

/* How often the function was called. */
unsigned int filler_calls;

#define PLACE(path) (i * sizeof(*e) + offsetof(__typeof__(*e), path) + 1)
#define IN(path)                                                        \
    if (e->path != (__typeof__(e->path))PLACE(path)) {                  \
        filler_wrong = #path;                                           \
        return INVALID;                                                 \
    }
#define OUT(path) e->path = (__typeof__(e->path))~(uint64_t)PLACE(path);
#define STATUS e->status = (int16_t)-(int)(i + 1);
#define LIST(path, number)                                              \
    if (!e->path.p) {                                                   \
        filler_wrong = #path;                                           \
        return INVALID;                                                 \
    }                                                                   \
    for (n = 0; n < e->number; n++)                                     \
        e->path.p[n] = 0x1000 * (i + 1) + n;

#define OP(name, fields)                                                \
    case GNTTABOP_##name: {                                             \
        struct gnttab_##name *e = uop;                                  \
                                                                        \
        for (i = 0; i < count; i++, e++) {                              \
            fields                                                      \
        }                                                               \
        break;                                                          \
    }

int HYPERVISOR_grant_table_op(unsigned int cmd, void *uop, unsigned int count)
{
    unsigned int i, n;

    filler_calls++;
    filler_wrong = NULL;
    switch (cmd) {
    OP(map_grant_ref,
       IN(host_addr) IN(flags) IN(ref) IN(dom) STATUS OUT(handle) OUT(dev_bus_addr))
    OP(unmap_grant_ref, IN(host_addr) IN(dev_bus_addr) IN(handle) STATUS)
    OP(setup_table, IN(dom) IN(nr_frames) STATUS LIST(frame_list, nr_frames))
    OP(dump_table, IN(dom) STATUS)
    OP(transfer, IN(mfn) IN(domid) IN(ref) STATUS)
    OP(copy,
       IN(source.u.gmfn) IN(source.domid) IN(source.offset)
       IN(dest.u.gmfn) IN(dest.domid) IN(dest.offset) IN(len) IN(flags) STATUS)
    OP(query_size, IN(dom) OUT(nr_frames) OUT(max_nr_frames) STATUS)
    OP(unmap_and_replace, IN(host_addr) IN(new_addr) IN(handle) STATUS)
    OP(set_version, IN(version) OUT(version))
    OP(get_status_frames, IN(nr_frames) IN(dom) STATUS LIST(frame_list, nr_frames))
    OP(get_version, IN(dom) IN(pad) OUT(version))
    OP(swap_grant_ref, IN(ref_a) IN(ref_b) STATUS)
    OP(cache_flush, IN(a.dev_bus_addr) IN(offset) IN(length) IN(op))
    default:
        return NO_OP;
    }
    return 1000 + (int)cmd;
}
