/* SPDX-License-Identifier: MIT */
/*
 * fields.h: every field of the grant-table interface, written down by hand.
 *
 * TYPES(S) gives S(name, type, fields) for each op and entry; fields(F, H) gives
 * F(path) for each field that is an integer, H(path) for each that is a handle.
 * Whatever header is included supplies the types. That this list is complete is
 * up to the test, which compares its names with those of the package.
 */
#ifndef XENGNT_TESTS_FIELDS_H
#define XENGNT_TESTS_FIELDS_H

#define MAP_GRANT_REF(F, H) \
    F(host_addr) F(flags) F(ref) F(dom) F(status) F(handle) F(dev_bus_addr)
#define UNMAP_GRANT_REF(F, H) F(host_addr) F(dev_bus_addr) F(handle) F(status)
#define SETUP_TABLE(F, H) F(dom) F(nr_frames) F(status) H(frame_list)
#define DUMP_TABLE(F, H) F(dom) F(status)
#define TRANSFER(F, H) F(mfn) F(domid) F(ref) F(status)
#define COPY(F, H) \
    F(source.u.ref) F(source.u.gmfn) F(source.domid) F(source.offset) \
    F(dest.u.ref) F(dest.u.gmfn) F(dest.domid) F(dest.offset) \
    F(len) F(flags) F(status)
#define QUERY_SIZE(F, H) F(dom) F(nr_frames) F(max_nr_frames) F(status)
#define UNMAP_AND_REPLACE(F, H) F(host_addr) F(new_addr) F(handle) F(status)
#define SET_VERSION(F, H) F(version)
#define GET_STATUS_FRAMES(F, H) F(nr_frames) F(dom) F(status) H(frame_list)
#define GET_VERSION(F, H) F(dom) F(pad) F(version)
#define SWAP_GRANT_REF(F, H) F(ref_a) F(ref_b) F(status)
#define CACHE_FLUSH(F, H) F(a.dev_bus_addr) F(a.ref) F(offset) F(length) F(op)

#define ENTRY(F, H) F(flags) F(domid) F(frame)
#define ENTRY_V2(F, H) \
    F(hdr.flags) F(hdr.domid) \
    F(full_page.hdr.flags) F(full_page.hdr.domid) F(full_page.pad0) F(full_page.frame) \
    F(sub_page.hdr.flags) F(sub_page.hdr.domid) F(sub_page.page_off) F(sub_page.length) \
    F(sub_page.frame) \
    F(transitive.hdr.flags) F(transitive.hdr.domid) F(transitive.trans_domid) \
    F(transitive.pad0) F(transitive.gref) \
    F(__spacer[0]) F(__spacer[1]) F(__spacer[2]) F(__spacer[3])
#define STATUS_WORD(F, H) F(grant_status_t)

#define OLD_TYPES(S) \
    S(map_grant_ref, struct gnttab_map_grant_ref, MAP_GRANT_REF) \
    S(unmap_grant_ref, struct gnttab_unmap_grant_ref, UNMAP_GRANT_REF) \
    S(setup_table, struct gnttab_setup_table, SETUP_TABLE) \
    S(dump_table, struct gnttab_dump_table, DUMP_TABLE) \
    S(transfer, struct gnttab_transfer, TRANSFER) \
    S(copy, struct gnttab_copy, COPY) \
    S(query_size, struct gnttab_query_size, QUERY_SIZE) \
    S(unmap_and_replace, struct gnttab_unmap_and_replace, UNMAP_AND_REPLACE)

#if __XEN_INTERFACE_VERSION__ < 0x0003020a
#define TYPES(S) OLD_TYPES(S) S(grant_entry, struct grant_entry, ENTRY)
#else
/* A word of the status array, as a struct so that it has a field as well. */
struct status_word {
    grant_status_t grant_status_t;
};

#define TYPES(S) \
    OLD_TYPES(S) \
    S(set_version, struct gnttab_set_version, SET_VERSION) \
    S(get_status_frames, struct gnttab_get_status_frames, GET_STATUS_FRAMES) \
    S(get_version, struct gnttab_get_version, GET_VERSION) \
    S(swap_grant_ref, struct gnttab_swap_grant_ref, SWAP_GRANT_REF) \
    S(cache_flush, struct gnttab_cache_flush, CACHE_FLUSH) \
    S(grant_entry_v1, struct grant_entry_v1, ENTRY) \
    S(grant_entry_v2, union grant_entry_v2, ENTRY_V2) \
    S(grant_status_t, struct status_word, STATUS_WORD)
#endif

#endif
