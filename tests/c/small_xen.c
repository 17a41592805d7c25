/* SPDX-License-Identifier: MIT */
/*
 * small_xen.c: a small implementation of grant tables, as somebody may have one, with
 * the control part of rig.h, for the tests of what runs the conformance suite on it.
 *
 * It has 64-bit PV domains, tables of version 1, and six of the ops; it refuses the
 * rest. Compiled with -DMISTAKE it copies into pages that are granted for reading only; with
 * -DCRASH it follows addresses of guests instead of looking them up.
 */
#define _POSIX_C_SOURCE 200112L

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef __XEN_INTERFACE_VERSION__
#define __XEN_INTERFACE_VERSION__ 0x00040d00
#endif
#include <xen/xen.h>
#include <xen/grant_table.h>
#include <xengnt/rig.h>

#define PAGE            4096u
#define DOMAINS         8u
#define MOST_PAGES      1024u
#define ROOMS           1024u
#define MAPPINGS        1024u
#define TABLE_FRAMES    64u
#define ENTRIES         (PAGE / sizeof(struct grant_entry_v1))

/* Where guests see what, and how the machine numbers its frames. */
#define PAGES_AT        0x10000000ull
#define ROOMS_AT        0x40000000ull
#define USER_END        0x800000000000ull
#define FIRST_FRAME     0x100000u
#define TABLE_FRAME     0x900000u

struct room {
    unsigned char *bytes;       /* of the page that is mapped there */
    int writable;
};

struct mapping {
    int used;
    struct domain *granter;
    uint32_t ref;
    uint32_t flags;
    uint64_t host_addr;         /* 0 once it is gone */
    uint64_t dev_bus_addr;      /* the same */
};

struct domain {
    int alive;
    uint16_t domid;
    int privileged;
    uint32_t pages;
    unsigned char *memory;
    unsigned char *table[TABLE_FRAMES];
    uint32_t frames, max_frames;
    struct room rooms[ROOMS];
    struct mapping mappings[MAPPINGS];
};

static struct domain domains[DOMAINS];
static struct domain *caller;
static const char *reason;
static uint32_t reason_element;

/* Domains, and what they see */

static struct domain *find(uint16_t domid)
{
    unsigned int i;

    for (i = 0; i < DOMAINS; i++)
        if (domains[i].alive && domains[i].domid == domid)
            return &domains[i];
    return NULL;
}

static unsigned int slot(const struct domain *domain)
{
    return (unsigned int)(domain - domains);
}

static uint32_t frame_of(const struct domain *domain, uint32_t index)
{
    return FIRST_FRAME + slot(domain) * MOST_PAGES + index;
}

/* The bytes of a frame that is a domain's own, or NULL. */
static unsigned char *own_frame(const struct domain *domain, uint64_t frame)
{
    uint64_t index = frame - frame_of(domain, 0);

    return index < domain->pages ? domain->memory + index * PAGE : NULL;
}

/* What a guest sees at an address, up to the end of the page. */
static unsigned char *at(const struct domain *domain, uint64_t address, int writing)
{
    uint64_t index = (address - PAGES_AT) / PAGE;
    const struct room *room;

    if (address >= PAGES_AT && index < domain->pages)
        return domain->memory + (address - PAGES_AT);
    index = (address - ROOMS_AT) / PAGE;
    if (address < ROOMS_AT || index >= ROOMS)
        return NULL;
    room = &domain->rooms[index];
    return room->bytes && (!writing || room->writable) ? room->bytes + address % PAGE : NULL;
}

/* Copy bytes from a guest, or to it. */
static int guest_bytes(uint64_t address, void *bytes, size_t size, int writing)
{
#ifdef CRASH
    memcpy(writing ? (void *)(uintptr_t)address : bytes,
           writing ? bytes : (void *)(uintptr_t)address, size);
    return 0;
#else
    unsigned char *mine = bytes;

    while (size) {
        size_t part = PAGE - address % PAGE;
        unsigned char *its = at(caller, address, writing);

        if (!its)
            return -EFAULT;
        part = part < size ? part : size;
        memcpy(writing ? its : mine, writing ? mine : its, part);
        mine += part;
        address += part;
        size -= part;
    }
    return 0;
#endif
}

/* Entries */

static struct grant_entry_v1 *entry(const struct domain *domain, uint32_t ref)
{
    if (ref >= domain->frames * ENTRIES)
        return NULL;
    return (struct grant_entry_v1 *)domain->table[ref / ENTRIES] + ref % ENTRIES;
}

static int16_t failed(int16_t status, const char *why)
{
    reason = why;
    return status;
}

/* Take an entry into use for the caller, and find the page; else say why not. */
static int16_t claim(struct domain *granter, uint32_t ref, int writing, unsigned char **page)
{
    struct grant_entry_v1 *found = entry(granter, ref);
    uint16_t flags, marks = writing ? GTF_reading | GTF_writing : GTF_reading;

    if (!found)
        return failed(GNTST_bad_gntref, "the table has no such entry");
    flags = __atomic_load_n(&found->flags, __ATOMIC_ACQUIRE);
    do {
        if ((flags & GTF_type_mask) != GTF_permit_access || found->domid != caller->domid)
            return failed(GNTST_general_error, "the entry does not let the caller in");
        if (writing && flags & GTF_readonly)
            return failed(GNTST_general_error, "the entry is read-only");
    } while (!__atomic_compare_exchange_n(&found->flags, &flags, (uint16_t)(flags | marks), 0,
                                          __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE));
    *page = own_frame(granter, found->frame);
    return *page ? GNTST_okay : failed(GNTST_bad_page, "the entry names no page of its domain");
}

/* Take the marks off an entry that no mapping needs any more. */
static void release(struct domain *granter, uint32_t ref)
{
    uint16_t needed = 0;
    unsigned int i, j;

    for (i = 0; i < DOMAINS; i++)
        for (j = 0; domains[i].alive && j < MAPPINGS; j++) {
            const struct mapping *one = &domains[i].mappings[j];

            if (one->used && one->granter == granter && one->ref == ref)
                needed |= one->flags & GNTMAP_readonly ? GTF_reading : GTF_reading | GTF_writing;
        }
    __atomic_fetch_and(&entry(granter, ref)->flags,
                       (uint16_t)~((GTF_reading | GTF_writing) & ~needed), __ATOMIC_SEQ_CST);
}

/* The ops. Each does one element, and returns 0 or what the whole call is to return. */

static int map(struct gnttab_map_grant_ref *op)
{
    struct domain *granter = find(op->dom);
    uint64_t room = (op->host_addr - ROOMS_AT) / PAGE;
    struct mapping *made = caller->mappings;
    unsigned char *page = NULL;

    if (!(op->flags & (GNTMAP_device_map | GNTMAP_host_map)))
        op->status = failed(GNTST_bad_gntref, "it is to be mapped for nobody");
    else if (!granter)
        op->status = failed(GNTST_bad_domain, "there is no such domain");
    else if (op->flags & GNTMAP_contains_pte)
        return -ENOSYS;
    else
        op->status = claim(granter, op->ref, !(op->flags & GNTMAP_readonly), &page);
    if (op->status != GNTST_okay) {
        if (op->status == GNTST_bad_page)
            release(granter, op->ref);
        return 0;
    }
    while (made < caller->mappings + MAPPINGS - 1 && made->used)
        made++;
    if (made->used)
        op->status = failed(GNTST_no_space, "all handles are taken");
    else if (op->flags & GNTMAP_host_map &&
             (op->host_addr % PAGE || op->host_addr < ROOMS_AT || room >= ROOMS))
        op->status = failed(GNTST_general_error, "it cannot be mapped there");
    if (op->status != GNTST_okay) {
        release(granter, op->ref);
        return 0;
    }
    made->used = 1;
    made->granter = granter;
    made->ref = op->ref;
    made->flags = op->flags;
    made->host_addr = made->dev_bus_addr = 0;
    op->dev_bus_addr = (uint64_t)entry(granter, op->ref)->frame * PAGE;
    if (op->flags & GNTMAP_device_map)
        made->dev_bus_addr = op->dev_bus_addr;
    if (op->flags & GNTMAP_host_map) {
        made->host_addr = op->host_addr;
        caller->rooms[room].bytes = page;
        caller->rooms[room].writable = !(op->flags & GNTMAP_readonly);
    }
    op->handle = (uint32_t)(made - caller->mappings);
    return 0;
}

static int unmap(struct gnttab_unmap_grant_ref *op)
{
    struct mapping *one = caller->mappings + op->handle;

    op->status = GNTST_okay;
    if (op->handle >= MAPPINGS || !one->used)
        op->status = failed(GNTST_bad_handle, "there is no such mapping");
    else if (op->dev_bus_addr && op->dev_bus_addr != one->dev_bus_addr)
        op->status = failed(GNTST_bad_dev_addr, "it is not at this address for devices");
    else if (op->host_addr && op->host_addr != one->host_addr)
        op->status = failed(GNTST_general_error, "it is not at this address");
    if (op->status != GNTST_okay)
        return 0;
    if (op->host_addr) {
        memset(&caller->rooms[(op->host_addr - ROOMS_AT) / PAGE], 0, sizeof(struct room));
        one->host_addr = 0;
    }
    if (op->dev_bus_addr)
        one->dev_bus_addr = 0;
    if (!one->host_addr && !one->dev_bus_addr) {
        one->used = 0;
        release(one->granter, one->ref);
    }
    return 0;
}

/* One side of a copy. */
static int16_t side(const struct gnttab_copy_ptr *ptr, int by_ref, int writing,
                    struct domain **granter, unsigned char **page)
{
    struct domain *named = ptr->domid == DOMID_SELF ? caller : find(ptr->domid);

    if (!named)
        return failed(GNTST_bad_domain, "there is no such domain");
    if (!by_ref) {
        if (ptr->domid != DOMID_SELF)
            return failed(GNTST_permission_denied, "a frame of another domain");
        *page = own_frame(caller, ptr->u.gmfn);
        return *page ? GNTST_okay : failed(GNTST_bad_page, "no frame of the caller");
    }
    *granter = named;
#ifdef MISTAKE
    writing = 0;
#endif
    return claim(*granter, ptr->u.ref, writing, page);
}

static int copy(struct gnttab_copy *op)
{
    struct domain *from = NULL, *to = NULL;
    unsigned char *source = NULL, *dest = NULL;

    op->status = side(&op->source, op->flags & GNTCOPY_source_gref, 0, &from, &source);
    if (op->status == GNTST_okay)
        op->status = side(&op->dest, op->flags & GNTCOPY_dest_gref, 1, &to, &dest);
    if (op->status == GNTST_okay &&
        (op->source.offset + op->len > (int)PAGE || op->dest.offset + op->len > (int)PAGE))
        op->status = failed(GNTST_bad_copy_arg, "it leaves the page");
    if (op->status == GNTST_okay)
        memmove(dest + op->dest.offset, source + op->source.offset, op->len);
    if (from && entry(from, op->source.u.ref))
        release(from, op->source.u.ref);
    if (to && entry(to, op->dest.u.ref))
        release(to, op->dest.u.ref);
    return 0;
}

/* Whose table is asked about; what is wrong is a status. */
static int16_t about(uint16_t domid, struct domain **found)
{
    *found = domid == DOMID_SELF ? caller : find(domid);
    if (!*found)
        return failed(GNTST_bad_domain, "there is no such domain");
    if (*found != caller && !caller->privileged)
        return failed(GNTST_permission_denied, "the table is another domain's");
    return GNTST_okay;
}

static int query_size(struct gnttab_query_size *op)
{
    struct domain *domain;

    op->status = about(op->dom, &domain);
    if (op->status == GNTST_okay) {
        op->nr_frames = domain->frames;
        op->max_nr_frames = domain->max_frames;
    }
    return 0;
}

static int get_version(struct gnttab_get_version *op)
{
    struct domain *domain;
    int16_t status = about(op->dom, &domain);

    if (status != GNTST_okay)
        return status == GNTST_bad_domain ? -ESRCH : -EPERM;
    op->version = 1;
    return 0;
}

static int grow(struct domain *domain, uint32_t frames)
{
    while (domain->frames < frames) {
        void *frame;

        if (posix_memalign(&frame, PAGE, PAGE))
            return -ENOMEM;
        domain->table[domain->frames++] = memset(frame, 0, PAGE);
    }
    return 0;
}

static int setup_table(struct gnttab_setup_table *op)
{
    struct domain *domain;
    uint32_t i;

    op->status = about(op->dom, &domain);
    if (op->status == GNTST_okay && op->nr_frames > domain->max_frames)
        op->status = failed(GNTST_general_error, "more frames than a table may have");
    if (op->status != GNTST_okay)
        return 0;
    if (grow(domain, op->nr_frames))
        op->status = failed(GNTST_general_error, "no memory");
    for (i = 0; op->status == GNTST_okay && i < op->nr_frames; i++) {
        xen_pfn_t number = TABLE_FRAME + slot(domain) * TABLE_FRAMES + i;

        if (guest_bytes((uintptr_t)(op->frame_list.p + i), &number, sizeof(number), 1))
            return -EFAULT;
    }
    return 0;
}

/* The call */

union argument {
    struct gnttab_map_grant_ref map;
    struct gnttab_unmap_grant_ref unmap;
    struct gnttab_setup_table setup_table;
    struct gnttab_copy copy;
    struct gnttab_query_size query_size;
    struct gnttab_get_version get_version;
};

static size_t size_of(unsigned int cmd)
{
    switch (cmd) {
    case GNTTABOP_map_grant_ref:
        return sizeof(struct gnttab_map_grant_ref);
    case GNTTABOP_unmap_grant_ref:
        return sizeof(struct gnttab_unmap_grant_ref);
    case GNTTABOP_setup_table:
        return sizeof(struct gnttab_setup_table);
    case GNTTABOP_copy:
        return sizeof(struct gnttab_copy);
    case GNTTABOP_query_size:
        return sizeof(struct gnttab_query_size);
    case GNTTABOP_get_version:
        return sizeof(struct gnttab_get_version);
    default:
        return 0;
    }
}

static int element(unsigned int cmd, union argument *op)
{
    switch (cmd) {
    case GNTTABOP_map_grant_ref:
        return map(&op->map);
    case GNTTABOP_unmap_grant_ref:
        return unmap(&op->unmap);
    case GNTTABOP_setup_table:
        return setup_table(&op->setup_table);
    case GNTTABOP_copy:
        return copy(&op->copy);
    case GNTTABOP_query_size:
        return query_size(&op->query_size);
    default:
        return get_version(&op->get_version);
    }
}

static int one_only(unsigned int cmd)
{
    return cmd == GNTTABOP_setup_table || cmd == GNTTABOP_query_size;
}

__attribute__((visibility("default")))
int HYPERVISOR_grant_table_op(unsigned int cmd, void *uop, unsigned int count)
{
    uint64_t address = (uintptr_t)uop;
    size_t size = size_of(cmd);
    union argument op;
    unsigned int i;
    int rc;

    reason = NULL;
    if (!caller)
        return -EPERM;
    if ((int)count < 0)
        return -EINVAL;
    if (!size)
        return -ENOSYS;
    if (one_only(cmd) && count != 1)
        return -EINVAL;
    if (cmd == GNTTABOP_get_version)
        count = 1;
    if (address >= USER_END || count * (uint64_t)size > USER_END - address)
        return -EFAULT;
    for (i = 0; i < count; i++, address += size) {
        const char *before = reason;

        rc = guest_bytes(address, &op, size, 0);
        reason = NULL;
        if (!rc)
            rc = element(cmd, &op);
        reason_element = reason ? i : reason_element;
        reason = reason ? reason : before;
        if (!rc)
            rc = guest_bytes(address, &op, size, 1);
        if (rc)
            return rc;
    }
    return 0;
}

/* The control part */

int xengnt_rig_reset(void)
{
    unsigned int i, j;

    for (i = 0; i < DOMAINS; i++) {
        free(domains[i].memory);
        for (j = 0; j < domains[i].frames; j++)
            free(domains[i].table[j]);
    }
    memset(domains, 0, sizeof(domains));
    caller = NULL;
    return 0;
}

int xengnt_rig_create_domain(const struct xengnt_rig_domain *wanted)
{
    struct domain *made = domains;
    void *memory;

    if (strcmp(wanted->abi, "x86_64") || (wanted->kind && strcmp(wanted->kind, "pv")))
        return -EOPNOTSUPP;
    if (wanted->high == 1 || wanted->pages > MOST_PAGES)
        return -EOPNOTSUPP;
    while (made < domains + DOMAINS && made->alive)
        made++;
    if (made == domains + DOMAINS)
        return -ENOMEM;
    if (posix_memalign(&memory, PAGE, (size_t)wanted->pages * PAGE))
        return -ENOMEM;
    memset(made, 0, sizeof(*made));
    made->memory = memset(memory, 0, (size_t)wanted->pages * PAGE);
    made->pages = (uint32_t)wanted->pages;
    made->privileged = wanted->privileged == 1;
    made->domid = (uint16_t)(made->privileged ? 0 : slot(made) + 1);
    if (wanted->domid >= 0)
        made->domid = (uint16_t)wanted->domid;
    made->max_frames = TABLE_FRAMES;
    if (wanted->max_grant_frames >= 0 && wanted->max_grant_frames < (int)TABLE_FRAMES)
        made->max_frames = (uint32_t)wanted->max_grant_frames;
    made->alive = 1;
    return grow(made, 1) ? -ENOMEM : made->domid;
}

int xengnt_rig_destroy_domain(uint16_t domid)
{
    (void)domid;
    return -ENOSYS;
}

int xengnt_rig_set_caller(uint16_t domid)
{
    caller = find(domid);
    return caller ? 0 : -ESRCH;
}

int xengnt_rig_page(uint16_t domid, uint32_t index, struct xengnt_rig_page *page)
{
    const struct domain *domain = find(domid);

    if (!domain || index >= domain->pages)
        return -ENOENT;
    page->bytes = domain->memory + (size_t)index * PAGE;
    page->frame = frame_of(domain, index);
    page->address = PAGES_AT + (uint64_t)index * PAGE;
    page->machine = page->frame * PAGE;
    return 0;
}

int xengnt_rig_room(uint16_t domid, uint32_t index, uint64_t *address)
{
    if (!find(domid) || index >= ROOMS)
        return -ENOENT;
    *address = ROOMS_AT + (uint64_t)index * PAGE;
    return 0;
}

void *xengnt_rig_bytes(uint16_t domid, uint64_t address, int writing)
{
    const struct domain *domain = find(domid);

    return domain ? at(domain, address, writing) : NULL;
}

void *xengnt_rig_table(uint16_t domid, uint32_t index, int status)
{
    const struct domain *domain = find(domid);

    return domain && !status && index < domain->frames ? domain->table[index] : NULL;
}

const char *xengnt_rig_reason(uint32_t *element_index)
{
    *element_index = reason_element;
    return reason;
}
