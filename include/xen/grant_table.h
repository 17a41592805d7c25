/* SPDX-License-Identifier: MIT */
/*
 * grant_table.h: how Xen guests share and pass on page frames.
 *
 * Compatible with Xen's public header of the same name, in identifiers, values
 * and layouts, for all architectures and for interface versions up to
 * 0x00041300. It is also the one place from which this project derives all
 * that it knows of the interface, so the comments that carry a markup are read
 * by a program:
 *
 *   ` enum E { // P_*            the macros up to ` } are the values of E. Python drops
 *                                the prefix P_ of their names. More may follow:
 *      => struct s_*             P_x is a command, and its argument is struct s_x
 *      bits                      each macro is a bit or a mask of bits, not a number
 *      in MASK                   the values occupy the bits MASK of their field only
 *      if V, unless V            these bits have this meaning only when the number kept
 *                                in the same field is V, or is not V
 *   IN, OUT, IN/OUT parameters   the direction of the members from here on. IN-pointer:
 *                                the caller writes an address, the callee writes behind it
 *   => enum E | F                the member's value is of E, or made up of E and F
 *   => count M                   behind the address are as many elements as member M says
 *   => path: C ? a : b           of the union at path (without one: of this union) the
 *                                member a is meant if C holds, else b; b may be another
 *                                such choice. C is a bit, or the value of an enumeration,
 *                                in a field of the same struct
 *   [Xen 4.2]                    the first release that had it
 */

#ifndef __XEN_PUBLIC_GRANT_TABLE_H__
#define __XEN_PUBLIC_GRANT_TABLE_H__

#include "xen.h"

/*
 * A domain's grant table is memory that it shares with Xen: an array of
 * entries, in one or more frames. Each entry lets one other domain do one thing
 * with one page: map it, copy from or to it, or move a page into its place. The
 * index of an entry is its grant reference. The granting domain passes that
 * number to its peer, who uses it in place of a frame number, and so need not
 * know where the page is.
 */

/*
 * Writing entries while others look
 * ---------------------------------
 * Xen reads and writes entries at any time, on any CPU. A guest must order its
 * own accesses as follows. wmb is a barrier that keeps stores in order (on x86
 * the compiler alone has to be stopped). cmpxchg is an atomic compare-and-swap
 * of the 16-bit flags.
 *
 * Introduce an entry:
 *     store domid; store frame; wmb; store flags, whose type makes it valid.
 *     For GTF_accept_transfer the frame is the guest's own slot that the new
 *     page is to fill, or 0.
 * Withdraw an unused GTF_permit_access entry:
 *     load flags; see neither GTF_reading nor GTF_writing; cmpxchg flags to 0.
 *     If it succeeds the entry is free. No barrier is needed: what follows
 *     depends on the result.
 * Withdraw a GTF_permit_access entry in use:
 *     not possible. Ask the peer to give up the page, and try again.
 * Withdraw an unused GTF_accept_transfer entry:
 *     load flags; see GTF_transfer_committed clear; cmpxchg flags to 0.
 * Withdraw a committed GTF_accept_transfer entry:
 *     wait for GTF_transfer_completed, which comes soon, and write nothing
 *     before: the frame is not there yet.
 * Make a GTF_permit_access entry read-only:
 *     cmpxchg that sets GTF_readonly, from flags without GTF_writing.
 * Make it writable again:
 *     atomically clear GTF_readonly; no other bit may be lost.
 *
 * In a version 2 table GTF_reading and GTF_writing are not in the entry, but in
 * the status array. So to withdraw: store 0 to flags; full barrier; load the
 * status. Bits that are set there mean that the entry is still in use, and that
 * it must not be used again until they clear.
 */

/* The number of an entry in some domain's grant table. */
typedef uint32_t grant_ref_t;

/*
 * Entries, version 1. Marked is who writes a member: the guest [GST] or Xen
 * [XEN]. Before interface version 0x0003020a there was no other version.
 */
#if __XEN_INTERFACE_VERSION__ < 0x0003020a
# define grant_entry_v1 grant_entry
# define grant_entry_v1_t grant_entry_t
#endif

/* An entry of a version 1 grant table. */
struct grant_entry_v1 {
    /* Type and subflags. [GST, XEN] */
    uint16_t flags;     /* => enum grant_entry_type | grant_entry_flag | grant_transfer_flag */
    /* The domain that may use the entry. [GST] */
    domid_t  domid;
    /*
     * The frame number of the page to share, or of the slot to fill. [GST]
     * Once GTF_transfer_completed is set in the entry of a guest that is not
     * translated: the machine frame that it was given. [XEN]
     */
    uint32_t frame;
};
typedef struct grant_entry_v1 grant_entry_v1_t;

/* This many first entries outlive a change of the table's version. The
 * tools may fill them before the domain starts. [Xen 4.2] */
#define GNTTAB_NR_RESERVED_ENTRIES     8
#define GNTTAB_RESERVED_CONSOLE        0 /* The entry of the console's ring. [Xen 4.2] */
#define GNTTAB_RESERVED_XENSTORE       1 /* The entry of xenstore's ring. [Xen 4.2] */

/* The bits of an entry's flags that hold its type. */
#define GTF_type_mask       (3U<<0)

/* What an entry grants. */
/* ` enum grant_entry_type { // GTF_* in GTF_type_mask */
#define GTF_invalid         (0U<<0) /* Grants nothing. */
#define GTF_permit_access   (1U<<0) /* The domain may map the frame and copy from or to it. */
#define GTF_accept_transfer (2U<<0) /* The domain may move one page of its own into the frame's place. */
#define GTF_transitive      (3U<<0) /* The domain may copy by way of another domain's grant. [Xen 4.0] */
/* ` } */

/* Properties of an entry, and whether it is in use. */
/* ` enum grant_entry_flag { // GTF_* bits unless GTF_accept_transfer */
#define _GTF_readonly       (2)
#define GTF_readonly        (1U<<_GTF_readonly) /* Not for writing. [GST] */
#define _GTF_reading        (3)
#define GTF_reading         (1U<<_GTF_reading)  /* In use for reading. [XEN] */
#define _GTF_writing        (4)
#define GTF_writing         (1U<<_GTF_writing)  /* In use for writing. [XEN] */
#define _GTF_PWT            (5)
#define GTF_PWT             (1U<<_GTF_PWT)      /* x86 caching of mappings: write-through. [GST] [Xen 3.2] */
#define _GTF_PCD            (6)
#define GTF_PCD             (1U<<_GTF_PCD)      /* x86 caching of mappings: disabled. [GST] [Xen 3.2] */
#define _GTF_PAT            (7)
#define GTF_PAT             (1U<<_GTF_PAT)      /* x86 caching of mappings: the PAT bit. [GST] [Xen 3.2] */
#define _GTF_sub_page       (8)
#define GTF_sub_page        (1U<<_GTF_sub_page) /* Only a part of the page, to copy and not to map. [GST] [Xen 4.0] */
/* ` } */

/* How far the transfer into an entry has come. */
/* ` enum grant_transfer_flag { // GTF_transfer_* bits if GTF_accept_transfer */
#define _GTF_transfer_committed (2)
/* A page is on its way: leave the entry alone until it has come. [XEN] */
#define GTF_transfer_committed  (1U<<_GTF_transfer_committed)
#define _GTF_transfer_completed (3)
/* The page is here, and its number is in the entry. Always follows. [XEN] */
#define GTF_transfer_completed  (1U<<_GTF_transfer_completed)
/* ` } */

#if __XEN_INTERFACE_VERSION__ >= 0x0003020a
/*
 * Entries, version 2. All entries of a table are of the same version. Those who
 * use references do not see which version the granting domain has chosen.
 */

/* What entries of both versions begin with. */
struct grant_entry_header {
    uint16_t flags;     /* => enum grant_entry_type | grant_entry_flag | grant_transfer_flag */
    domid_t  domid;     /* The domain that may use the entry. [GST] */
};
typedef struct grant_entry_header grant_entry_header_t;

/* An entry of a version 2 grant table. Its type and GTF_sub_page tell which
 * member counts. */
/* => GTF_permit_access ? GTF_sub_page ? sub_page : full_page : GTF_accept_transfer ? full_page : GTF_transitive ? transitive : __spacer */
union grant_entry_v2 {
    grant_entry_header_t hdr;

    /* The whole page: as in version 1, with a wider frame number. */
    struct {
        grant_entry_header_t hdr;
        uint32_t pad0;
        uint64_t frame;         /* As in grant_entry_v1. [GST, XEN] */
    } full_page;

    /* The bytes from page_off on, length of them. */
    struct {
        grant_entry_header_t hdr;
        uint16_t page_off;      /* Where the part begins, in bytes. [GST] */
        uint16_t length;        /* How long it is, in bytes. [GST] */
        uint64_t frame;         /* The frame number of the page. [GST] */
    } sub_page;

    /* Entry gref of trans_domid's table, used in that the caller's name. It
     * must allow the caller at least as much, and cannot be mapped. */
    struct {
        grant_entry_header_t hdr;
        domid_t trans_domid;    /* The domain whose grant is passed on. [GST] */
        uint16_t pad0;
        grant_ref_t gref;       /* The grant that is passed on. [GST] */
    } transitive;

    uint32_t __spacer[4];       /* Makes it a power of two. */
};
typedef union grant_entry_v2 grant_entry_v2_t;

/* The status array of a version 2 table has one of these for each entry, with
 * GTF_reading and GTF_writing as Xen sets them. */
typedef uint16_t grant_status_t; /* => enum grant_entry_flag */

#endif /* __XEN_INTERFACE_VERSION__ */

/*
 * ` long
 * ` HYPERVISOR_grant_table_op(enum grant_table_op cmd, void *args, unsigned int count)
 *
 * args is an array of count structs, those of cmd. A negative result means that
 * the call as a whole went wrong. Each struct has its own status besides.
 */

/* The commands of the hypercall. */
/* ` enum grant_table_op { // GNTTABOP_* => struct gnttab_* */
#define GNTTABOP_map_grant_ref        0
#define GNTTABOP_unmap_grant_ref      1
#define GNTTABOP_setup_table          2
#define GNTTABOP_dump_table           3  /* [Xen 3.0.0] */
#define GNTTABOP_transfer             4  /* [Xen 3.0.0] */
#define GNTTABOP_copy                 5  /* [Xen 3.0.3] */
#define GNTTABOP_query_size           6  /* [Xen 3.1] */
#define GNTTABOP_unmap_and_replace    7  /* [Xen 3.2] */
#if __XEN_INTERFACE_VERSION__ >= 0x0003020a
#define GNTTABOP_set_version          8  /* [Xen 4.0] */
#define GNTTABOP_get_status_frames    9  /* [Xen 4.0] */
#define GNTTABOP_get_version          10 /* [Xen 4.0] */
#define GNTTABOP_swap_grant_ref       11 /* [Xen 4.2] */
#define GNTTABOP_cache_flush          12 /* [Xen 4.5] */
#endif /* __XEN_INTERFACE_VERSION__ */
/* ` } */

/* The number of a mapping, valid until that mapping is gone. */
typedef uint32_t grant_handle_t;

/*
 * GNTTABOP_map_grant_ref: map the page that entry ref of dom grants.
 *
 * GNTMAP_device_map asks for an address that devices can use, and gets it in
 * dev_bus_addr. GNTMAP_host_map asks for a mapping for CPUs: at the virtual
 * address host_addr, or with GNTMAP_contains_pte in the page-table entry at the
 * machine address host_addr. Either way handle names the mapping, and is what
 * GNTTABOP_unmap_grant_ref wants back. A mapping that is removed in any other
 * way stays on the books, and the page with it. dom cannot be DOMID_SELF.
 */
struct gnttab_map_grant_ref {
    /* IN parameters. */
    uint64_t host_addr;     /* Where to map it for CPUs. */
    uint32_t flags;         /* => enum gnttab_map_flag */
    grant_ref_t ref;        /* The entry that grants the page. */
    domid_t  dom;           /* The domain that grants it. */
    /* OUT parameters. */
    int16_t  status;        /* => enum grant_status */
    grant_handle_t handle;  /* Names the mapping; untouched on failure. */
    uint64_t dev_bus_addr;  /* The address for devices; untouched on failure. */
};
typedef struct gnttab_map_grant_ref gnttab_map_grant_ref_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_map_grant_ref_t);

/*
 * GNTTABOP_unmap_grant_ref: remove the mappings of handle.
 *
 * The mapping at host_addr and that at dev_bus_addr each go if the address is
 * not 0, and must then be the handle's. With both 0 nothing happens. The handle
 * is free when neither is left. After the whole batch no CPU or device holds a
 * stale translation.
 */
struct gnttab_unmap_grant_ref {
    /* IN parameters. */
    uint64_t host_addr;     /* The mapping for CPUs, as it was asked for, or 0. */
    uint64_t dev_bus_addr;  /* The mapping for devices, as it was returned, or 0. */
    grant_handle_t handle;  /* What map returned. */
    /* OUT parameters. */
    int16_t  status;        /* => enum grant_status */
};
typedef struct gnttab_unmap_grant_ref gnttab_unmap_grant_ref_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_unmap_grant_ref_t);

/*
 * GNTTABOP_setup_table: see to it that dom's grant table has at least nr_frames
 * frames, and list where they are.
 *
 * dom may be DOMID_SELF; others need privilege. frame_list gets exactly
 * nr_frames numbers, even where the table is larger. Until interface version
 * 0x00040300 its elements were unsigned long, which on 32-bit Arm is half of
 * what Xen writes. One struct a call.
 */
struct gnttab_setup_table {
    /* IN parameters. */
    domid_t  dom;           /* Whose table. */
    uint32_t nr_frames;     /* How many frames it shall have, and frame_list takes. */
    /* OUT parameters. */
    int16_t  status;        /* => enum grant_status */
    /* IN-pointer parameters. */
#if __XEN_INTERFACE_VERSION__ < 0x00040300
    XEN_GUEST_HANDLE(ulong) frame_list;     /* Gets the frame numbers. => count nr_frames */
#else
    XEN_GUEST_HANDLE(xen_pfn_t) frame_list; /* Gets the frame numbers. => count nr_frames */
#endif
};
typedef struct gnttab_setup_table gnttab_setup_table_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_setup_table_t);

/*
 * GNTTABOP_dump_table: print a domain's grant table on Xen's console.
 *
 * For debugging, long ago: current Xen does not have it.
 */
struct gnttab_dump_table {
    /* IN parameters. */
    domid_t dom;            /* Whose table. */
    /* OUT parameters. */
    int16_t status;         /* => enum grant_status */
};
typedef struct gnttab_dump_table gnttab_dump_table_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_dump_table_t);

/*
 * GNTTABOP_transfer: give a page away, for good.
 *
 * Entry ref of domain domid must be a GTF_accept_transfer that names the
 * caller. Only GNTST_bad_page leaves the page with the caller; after any other
 * failure it belongs to neither. For PV guests only.
 */
struct gnttab_transfer {
    /* IN parameters. */
    xen_pfn_t     mfn;      /* The page, by its machine frame number. */
    domid_t       domid;    /* Who gets it. */
    grant_ref_t   ref;      /* The receiver's entry that accepts it. */
    /* OUT parameters. */
    int16_t       status;   /* => enum grant_status */
};
typedef struct gnttab_transfer gnttab_transfer_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_transfer_t);

/* How the two sides of a copy are given. */
/* ` enum gnttab_copy_flag { // GNTCOPY_* bits */
#define _GNTCOPY_source_gref      (0)
#define GNTCOPY_source_gref       (1<<_GNTCOPY_source_gref) /* The source is a grant reference. [Xen 3.0.3] */
#define _GNTCOPY_dest_gref        (1)
#define GNTCOPY_dest_gref         (1<<_GNTCOPY_dest_gref)   /* The destination is a grant reference. [Xen 3.0.3] */
/* ` } */

/*
 * GNTTABOP_copy: have Xen copy bytes from one page to another.
 *
 * Each side is a grant reference in the table of its domid if its flag is set;
 * otherwise a frame of the caller's own, and domid is DOMID_SELF. The two sides
 * may be grants of two different domains. Neither side may cross the end of its
 * page, and the destination's grant must not be read-only.
 */
struct gnttab_copy {
    /* IN parameters. */
    struct gnttab_copy_ptr {
        union {
            grant_ref_t ref;    /* A grant reference in domid's table. */
            xen_pfn_t   gmfn;   /* A frame number of the caller's. */
        } u;
        domid_t  domid;         /* Whose grant; or DOMID_SELF, for a frame. */
        uint16_t offset;        /* Where in the page to begin, in bytes. */
    } source,               /* => u: GNTCOPY_source_gref ? ref : gmfn */
      dest;                 /* => u: GNTCOPY_dest_gref ? ref : gmfn */
    uint16_t      len;      /* How many bytes. */
    uint16_t      flags;    /* => enum gnttab_copy_flag */
    /* OUT parameters. */
    int16_t       status;   /* => enum grant_status */
};
typedef struct gnttab_copy  gnttab_copy_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_copy_t);

/*
 * GNTTABOP_query_size: ask how many frames a grant table has, and may have.
 *
 * dom may be DOMID_SELF; others need privilege. One struct a call.
 */
struct gnttab_query_size {
    /* IN parameters. */
    domid_t  dom;           /* Whose table. */
    /* OUT parameters. */
    uint32_t nr_frames;     /* Its frames now; untouched on failure. */
    uint32_t max_nr_frames; /* Its frames at the most; untouched on failure. */
    int16_t  status;        /* => enum grant_status */
};
typedef struct gnttab_query_size gnttab_query_size_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_query_size_t);

/*
 * GNTTABOP_unmap_and_replace: remove a mapping and put another in its place, at
 * once.
 *
 * What new_addr maps is moved to host_addr, and new_addr is left unmapped.
 * After the whole batch no CPU or device holds a stale translation.
 */
struct gnttab_unmap_and_replace {
    /* IN parameters. */
    uint64_t host_addr;     /* The granted mapping for CPUs that goes. */
    uint64_t new_addr;      /* The address whose page takes its place, or 0. */
    grant_handle_t handle;  /* What map returned. */
    /* OUT parameters. */
    int16_t  status;        /* => enum grant_status */
};
typedef struct gnttab_unmap_and_replace gnttab_unmap_and_replace_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_unmap_and_replace_t);

#if __XEN_INTERFACE_VERSION__ >= 0x0003020a
/*
 * GNTTABOP_set_version: choose the version of the caller's grant table, 1 or 2.
 *
 * No grant may be in use, the reserved entries excepted. All other entries are
 * cleared.
 */
struct gnttab_set_version {
    /* IN/OUT parameters. */
    uint32_t version;       /* The version wanted; then the version in force. */
};
typedef struct gnttab_set_version gnttab_set_version_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_set_version_t);

/*
 * GNTTABOP_get_status_frames: list the frames of a domain's status array.
 *
 * Version 2 keeps the bits that Xen writes out of the entries, in an array of
 * their own. dom may be DOMID_SELF; others need privilege. frame_list gets
 * exactly nr_frames numbers, even where there are more. One struct a call.
 */
struct gnttab_get_status_frames {
    /* IN parameters. */
    uint32_t nr_frames;     /* How many numbers frame_list takes. */
    domid_t  dom;           /* Whose table. */
    /* OUT parameters. */
    int16_t  status;        /* => enum grant_status */
    /* IN-pointer parameters. */
    XEN_GUEST_HANDLE(uint64_t) frame_list; /* Gets the frame numbers. => count nr_frames */
};
typedef struct gnttab_get_status_frames gnttab_get_status_frames_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_get_status_frames_t);

/*
 * GNTTABOP_get_version: ask which version a domain's grant table has.
 *
 * dom may be DOMID_SELF; others need privilege.
 */
struct gnttab_get_version {
    /* IN parameters. */
    domid_t dom;            /* Whose table. */
    uint16_t pad;
    /* OUT parameters. */
    uint32_t version;       /* 1 or 2; untouched on failure. */
};
typedef struct gnttab_get_version gnttab_get_version_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_get_version_t);

/*
 * GNTTABOP_swap_grant_ref: exchange the contents of two entries of the caller's
 * own table. Neither may be in use.
 */
struct gnttab_swap_grant_ref {
    /* IN parameters. */
    grant_ref_t ref_a;      /* One entry. */
    grant_ref_t ref_b;      /* The other. */
    /* OUT parameters. */
    int16_t status;         /* => enum grant_status */
};
typedef struct gnttab_swap_grant_ref gnttab_swap_grant_ref_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_swap_grant_ref_t);

/* What to do with cache lines. */
/* ` enum gnttab_cache_flag { // GNTTAB_CACHE_* bits */
#define GNTTAB_CACHE_CLEAN          (1u<<0)  /* Write dirty lines back. [Xen 4.5] */
#define GNTTAB_CACHE_INVAL          (1u<<1)  /* Drop lines. [Xen 4.5] */
#define GNTTAB_CACHE_SOURCE_GREF    (1u<<31) /* The page is given by a grant reference. [Xen 4.5] */
/* ` } */

/*
 * GNTTABOP_cache_flush: clean or drop the cache lines of a part of a page that
 * the caller has mapped.
 *
 * There is no status: the first element that fails ends the call, with its
 * error as the result. For Arm; x86 had it until Xen 4.20.
 */
struct gnttab_cache_flush {
    /* IN parameters. */
    union {
        uint64_t dev_bus_addr;  /* The page, as map returned it. */
        grant_ref_t ref;        /* The page, by a reference. */
    } a;                    /* => GNTTAB_CACHE_SOURCE_GREF ? ref : dev_bus_addr */
    uint16_t offset;        /* Where in the page to begin, in bytes. */
    uint16_t length;        /* How many bytes. */
    uint32_t op;            /* => enum gnttab_cache_flag */
};
typedef struct gnttab_cache_flush gnttab_cache_flush_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_cache_flush_t);

#endif /* __XEN_INTERFACE_VERSION__ */

/* How to map a page. */
/* ` enum gnttab_map_flag { // GNTMAP_* bits */
#define _GNTMAP_device_map      (0)
#define GNTMAP_device_map       (1<<_GNTMAP_device_map)      /* Map it for devices. */
#define _GNTMAP_host_map        (1)
#define GNTMAP_host_map         (1<<_GNTMAP_host_map)        /* Map it for CPUs. */
#define _GNTMAP_readonly        (2)
#define GNTMAP_readonly         (1<<_GNTMAP_readonly)        /* Map it without write access. */
#define _GNTMAP_application_map (3)
/* With host_map: for the guest's user space as well as its kernel. */
#define GNTMAP_application_map  (1<<_GNTMAP_application_map)
#define _GNTMAP_contains_pte    (4)
/* With host_map: host_addr is the machine address of a page-table entry. [Xen 3.0.0] */
#define GNTMAP_contains_pte     (1<<_GNTMAP_contains_pte)
#define _GNTMAP_guest_avail0    (16)
/* Bits for the guest's own use in the page-table entry; see
 * XENFEAT_gnttab_map_avail_bits. [Xen 3.4] */
#define GNTMAP_guest_avail_mask ((uint32_t)~0 << _GNTMAP_guest_avail0)
/* ` } */

/* What became of one element of a call. All failures are negative. */
/* ` enum grant_status { // GNTST_* */
#define GNTST_okay             (0)   /* Done. */
#define GNTST_general_error    (-1)  /* Something that has no status of its own. */
#define GNTST_bad_domain       (-2)  /* No such domain, or one that this call does not take. */
#define GNTST_bad_gntref       (-3)  /* No such entry, or not one for this call. */
#define GNTST_bad_handle       (-4)  /* No such mapping. */
#define GNTST_bad_virt_addr    (-5)  /* Cannot map or write at this virtual address. */
#define GNTST_bad_dev_addr     (-6)  /* Not the device address of this mapping. */
#define GNTST_no_device_space  (-7)  /* The I/O MMU has no room. No current Xen returns it. [Xen 3.0.0] */
#define GNTST_permission_denied (-8) /* The caller may not do this. [Xen 3.0.0] */
#define GNTST_bad_page         (-9)  /* Not a page that this call takes. [Xen 3.0.0] */
#define GNTST_bad_copy_arg    (-10)  /* One side of the copy leaves its page. [Xen 3.0.3] */
#define GNTST_address_too_big (-11)  /* The frame number is too large for the receiver. [Xen 3.2] */
#define GNTST_eagain          (-12)  /* Not now: try again. [Xen 4.0] */
#define GNTST_no_space        (-13)  /* Out of handles, or of other space. [Xen 4.16] */
/* ` } */

/* A message for each status: element -s is that of status s. */
#define GNTTABOP_error_msgs {                   \
    "okay",                                     \
    "undefined error",                          \
    "unrecognised domain id",                   \
    "invalid grant reference",                  \
    "invalid mapping handle",                   \
    "invalid virtual address",                  \
    "invalid device address",                   \
    "no spare translation slot in the I/O MMU", \
    "permission denied",                        \
    "bad page",                                 \
    "copy arguments cross page boundary",       \
    "page address size too large",              \
    "operation not done; try again",            \
    "out of space",                             \
}

#endif /* __XEN_PUBLIC_GRANT_TABLE_H__ */
