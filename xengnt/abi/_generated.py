# SPDX-License-Identifier: MIT
"""What include/xen declares. Written by build_ffi.py from include/xen: change that, not this."""

# ruff: noqa
from xengnt.abi.declarations import (
    Aggregate,
    Arithmetic,
    Array,
    Constant,
    Enum,
    Header,
    Member,
    Named,
    Pointer,
    Tagged,
    Typedef,
    Variant,
)

HEADER = Header(
    newest=0x00041300,
    gates=(0x00030201, 0x0003020a, 0x00040300, ),
    typedefs={
        'domid_t': (
            Variant(
                what=Typedef(type=Named(name='uint16_t'), enum='domid', doc="A domain's number."),
            ),
        ),
        'grant_ref_t': (
            Variant(
                what=Typedef(
                    type=Named(name='uint32_t'),
                    doc="The number of an entry in some domain's grant table.",
                ),
            ),
        ),
        'grant_handle_t': (
            Variant(
                what=Typedef(
                    type=Named(name='uint32_t'),
                    doc='The number of a mapping, valid until that mapping is gone.',
                ),
            ),
        ),
        '__guest_handle_ulong': (
            Variant(
                what=Typedef(type=Pointer(to=Arithmetic(name='unsigned long'))),
                before=0x00030201,
                abis=('x86_64', 'x86_32'),
            ),
            Variant(
                what=Typedef(
                    type=Aggregate(
                        kind='struct',
                        tag=None,
                        members=(Member(name='p', type=Pointer(to=Arithmetic(name='unsigned long'))),),
                    ),
                ),
                since=0x00030201,
                before=0x00040300,
                abis=('x86_64', 'x86_32'),
            ),
        ),
        'xen_pfn_t': (
            Variant(what=Typedef(type=Arithmetic(name='unsigned long')), abis=('x86_64', 'x86_32')),
            Variant(
                what=Typedef(type=Named(name='uint64_t')),
                abis=('arm64', 'arm32', 'riscv64', 'ppc64'),
            ),
        ),
        'xen_ulong_t': (
            Variant(what=Typedef(type=Arithmetic(name='unsigned long')), abis=('x86_64', 'x86_32')),
            Variant(
                what=Typedef(type=Named(name='uint64_t')),
                abis=('arm64', 'arm32', 'riscv64', 'ppc64'),
            ),
        ),
        'grant_entry_t': (Variant(what=Typedef(type=Tagged(kind='struct', tag='grant_entry')), before=0x0003020a),),
        'gnttab_map_grant_ref_t': (Variant(what=Typedef(type=Tagged(kind='struct', tag='gnttab_map_grant_ref'))),),
        'gnttab_unmap_grant_ref_t': (Variant(what=Typedef(type=Tagged(kind='struct', tag='gnttab_unmap_grant_ref'))),),
        'gnttab_setup_table_t': (Variant(what=Typedef(type=Tagged(kind='struct', tag='gnttab_setup_table'))),),
        'gnttab_dump_table_t': (Variant(what=Typedef(type=Tagged(kind='struct', tag='gnttab_dump_table'))),),
        'gnttab_transfer_t': (Variant(what=Typedef(type=Tagged(kind='struct', tag='gnttab_transfer'))),),
        'gnttab_copy_t': (Variant(what=Typedef(type=Tagged(kind='struct', tag='gnttab_copy'))),),
        'gnttab_query_size_t': (Variant(what=Typedef(type=Tagged(kind='struct', tag='gnttab_query_size'))),),
        'gnttab_unmap_and_replace_t': (Variant(what=Typedef(type=Tagged(kind='struct', tag='gnttab_unmap_and_replace'))),),
        'grant_entry_header_t': (
            Variant(
                what=Typedef(type=Tagged(kind='struct', tag='grant_entry_header')),
                since=0x0003020a,
            ),
        ),
        '__guest_handle_uint64_t': (
            Variant(
                what=Typedef(
                    type=Aggregate(
                        kind='struct',
                        tag=None,
                        members=(Member(name='p', type=Pointer(to=Named(name='uint64_t'))),),
                    ),
                ),
                since=0x0003020a,
                abis=('x86_64', 'x86_32'),
            ),
        ),
        'grant_entry_v1_t': (
            Variant(
                what=Typedef(type=Tagged(kind='struct', tag='grant_entry_v1')),
                since=0x0003020a,
            ),
        ),
        'grant_entry_v2_t': (Variant(what=Typedef(type=Tagged(kind='union', tag='grant_entry_v2')), since=0x0003020a),),
        'grant_status_t': (
            Variant(
                what=Typedef(
                    type=Named(name='uint16_t'),
                    enum='grant_entry_flag',
                    doc='The status array of a version 2 table has one of these for each entry, with GTF_reading and GTF_writing as Xen sets them.',
                ),
                since=0x0003020a,
            ),
        ),
        'gnttab_set_version_t': (
            Variant(
                what=Typedef(type=Tagged(kind='struct', tag='gnttab_set_version')),
                since=0x0003020a,
            ),
        ),
        'gnttab_get_status_frames_t': (
            Variant(
                what=Typedef(type=Tagged(kind='struct', tag='gnttab_get_status_frames')),
                since=0x0003020a,
            ),
        ),
        'gnttab_get_version_t': (
            Variant(
                what=Typedef(type=Tagged(kind='struct', tag='gnttab_get_version')),
                since=0x0003020a,
            ),
        ),
        'gnttab_swap_grant_ref_t': (
            Variant(
                what=Typedef(type=Tagged(kind='struct', tag='gnttab_swap_grant_ref')),
                since=0x0003020a,
            ),
        ),
        'gnttab_cache_flush_t': (
            Variant(
                what=Typedef(type=Tagged(kind='struct', tag='gnttab_cache_flush')),
                since=0x0003020a,
            ),
        ),
        '__guest_handle_xen_pfn_t': (
            Variant(
                what=Typedef(
                    type=Aggregate(
                        kind='struct',
                        tag=None,
                        members=(Member(name='p', type=Pointer(to=Named(name='xen_pfn_t'))),),
                    ),
                ),
                since=0x00040300,
                abis=('x86_64', 'x86_32'),
            ),
        ),
        '__guest_handle_64_ulong': (
            Variant(
                what=Typedef(
                    type=Aggregate(
                        kind='union',
                        tag=None,
                        members=(
                            Member(name='p', type=Pointer(to=Arithmetic(name='unsigned long'))),
                            Member(name='q', type=Named(name='uint64_t'), align=8),
                        ),
                    ),
                ),
                before=0x00040300,
                abis=('arm64', 'arm32', 'riscv64', 'ppc64'),
            ),
        ),
        '__guest_handle_64_uint64_t': (
            Variant(
                what=Typedef(
                    type=Aggregate(
                        kind='union',
                        tag=None,
                        members=(
                            Member(name='p', type=Pointer(to=Named(name='uint64_t'))),
                            Member(name='q', type=Named(name='uint64_t'), align=8),
                        ),
                    ),
                ),
                since=0x0003020a,
                abis=('arm64', 'arm32', 'riscv64', 'ppc64'),
            ),
        ),
        '__guest_handle_64_xen_pfn_t': (
            Variant(
                what=Typedef(
                    type=Aggregate(
                        kind='union',
                        tag=None,
                        members=(
                            Member(name='p', type=Pointer(to=Named(name='xen_pfn_t'))),
                            Member(name='q', type=Named(name='uint64_t'), align=8),
                        ),
                    ),
                ),
                since=0x00040300,
                abis=('arm64', 'arm32', 'riscv64', 'ppc64'),
            ),
        ),
    },
    aggregates={
        'grant_entry': (
            Variant(
                what=Aggregate(
                    kind='struct',
                    tag='grant_entry',
                    members=(
                        Member(
                            name='flags',
                            type=Named(name='uint16_t'),
                            enum='grant_entry_type|grant_entry_flag|grant_transfer_flag',
                            doc='Type and subflags. [GST, XEN]',
                        ),
                        Member(
                            name='domid',
                            type=Named(name='domid_t'),
                            doc='The domain that may use the entry. [GST]',
                        ),
                        Member(
                            name='frame',
                            type=Named(name='uint32_t'),
                            doc='The frame number of the page to share, or of the slot to fill. [GST] Once GTF_transfer_completed is set in the entry of a guest that is not translated: the machine frame that it was given. [XEN]',
                        ),
                    ),
                    doc='An entry of a version 1 grant table.',
                ),
                before=0x0003020a,
            ),
        ),
        'gnttab_map_grant_ref': (
            Variant(
                what=Aggregate(
                    kind='struct',
                    tag='gnttab_map_grant_ref',
                    members=(
                        Member(
                            name='host_addr',
                            type=Named(name='uint64_t'),
                            direction='IN',
                            doc='Where to map it for CPUs.',
                        ),
                        Member(
                            name='flags',
                            type=Named(name='uint32_t'),
                            direction='IN',
                            enum='gnttab_map_flag',
                        ),
                        Member(
                            name='ref',
                            type=Named(name='grant_ref_t'),
                            direction='IN',
                            doc='The entry that grants the page.',
                        ),
                        Member(
                            name='dom',
                            type=Named(name='domid_t'),
                            direction='IN',
                            doc='The domain that grants it.',
                        ),
                        Member(
                            name='status',
                            type=Named(name='int16_t'),
                            direction='OUT',
                            enum='grant_status',
                        ),
                        Member(
                            name='handle',
                            type=Named(name='grant_handle_t'),
                            direction='OUT',
                            doc='Names the mapping; untouched on failure.',
                        ),
                        Member(
                            name='dev_bus_addr',
                            type=Named(name='uint64_t'),
                            direction='OUT',
                            doc='The address for devices; untouched on failure.',
                        ),
                    ),
                    doc='GNTTABOP_map_grant_ref: map the page that entry ref of dom grants.\nGNTMAP_device_map asks for an address that devices can use, and gets it in dev_bus_addr. GNTMAP_host_map asks for a mapping for CPUs: at the virtual address host_addr, or with GNTMAP_contains_pte in the page-table entry at the machine address host_addr. Either way handle names the mapping, and is what GNTTABOP_unmap_grant_ref wants back. A mapping that is removed in any other way stays on the books, and the page with it. dom cannot be DOMID_SELF.',
                ),
            ),
        ),
        'gnttab_unmap_grant_ref': (
            Variant(
                what=Aggregate(
                    kind='struct',
                    tag='gnttab_unmap_grant_ref',
                    members=(
                        Member(
                            name='host_addr',
                            type=Named(name='uint64_t'),
                            direction='IN',
                            doc='The mapping for CPUs, as it was asked for, or 0.',
                        ),
                        Member(
                            name='dev_bus_addr',
                            type=Named(name='uint64_t'),
                            direction='IN',
                            doc='The mapping for devices, as it was returned, or 0.',
                        ),
                        Member(
                            name='handle',
                            type=Named(name='grant_handle_t'),
                            direction='IN',
                            doc='What map returned.',
                        ),
                        Member(
                            name='status',
                            type=Named(name='int16_t'),
                            direction='OUT',
                            enum='grant_status',
                        ),
                    ),
                    doc="GNTTABOP_unmap_grant_ref: remove the mappings of handle.\nThe mapping at host_addr and that at dev_bus_addr each go if the address is not 0, and must then be the handle's. With both 0 nothing happens. The handle is free when neither is left. After the whole batch no CPU or device holds a stale translation.",
                ),
            ),
        ),
        'gnttab_setup_table': (
            Variant(
                what=Aggregate(
                    kind='struct',
                    tag='gnttab_setup_table',
                    members=(
                        Member(
                            name='dom',
                            type=Named(name='domid_t'),
                            direction='IN',
                            doc='Whose table.',
                        ),
                        Member(
                            name='nr_frames',
                            type=Named(name='uint32_t'),
                            direction='IN',
                            doc='How many frames it shall have, and frame_list takes.',
                        ),
                        Member(
                            name='status',
                            type=Named(name='int16_t'),
                            direction='OUT',
                            enum='grant_status',
                        ),
                        Member(
                            name='frame_list',
                            type=Named(name='__guest_handle_ulong'),
                            direction='IN-pointer',
                            count='nr_frames',
                            doc='Gets the frame numbers. ',
                        ),
                    ),
                    doc="GNTTABOP_setup_table: see to it that dom's grant table has at least nr_frames frames, and list where they are.\ndom may be DOMID_SELF; others need privilege. frame_list gets exactly nr_frames numbers, even where the table is larger. Until interface version 0x00040300 its elements were unsigned long, which on 32-bit Arm is half of what Xen writes. One struct a call.",
                ),
                before=0x00040300,
                abis=('x86_64', 'x86_32'),
            ),
            Variant(
                what=Aggregate(
                    kind='struct',
                    tag='gnttab_setup_table',
                    members=(
                        Member(
                            name='dom',
                            type=Named(name='domid_t'),
                            direction='IN',
                            doc='Whose table.',
                        ),
                        Member(
                            name='nr_frames',
                            type=Named(name='uint32_t'),
                            direction='IN',
                            doc='How many frames it shall have, and frame_list takes.',
                        ),
                        Member(
                            name='status',
                            type=Named(name='int16_t'),
                            direction='OUT',
                            enum='grant_status',
                        ),
                        Member(
                            name='frame_list',
                            type=Named(name='__guest_handle_xen_pfn_t'),
                            direction='IN-pointer',
                            count='nr_frames',
                            doc='Gets the frame numbers. ',
                        ),
                    ),
                    doc="GNTTABOP_setup_table: see to it that dom's grant table has at least nr_frames frames, and list where they are.\ndom may be DOMID_SELF; others need privilege. frame_list gets exactly nr_frames numbers, even where the table is larger. Until interface version 0x00040300 its elements were unsigned long, which on 32-bit Arm is half of what Xen writes. One struct a call.",
                ),
                since=0x00040300,
                abis=('x86_64', 'x86_32'),
            ),
            Variant(
                what=Aggregate(
                    kind='struct',
                    tag='gnttab_setup_table',
                    members=(
                        Member(
                            name='dom',
                            type=Named(name='domid_t'),
                            direction='IN',
                            doc='Whose table.',
                        ),
                        Member(
                            name='nr_frames',
                            type=Named(name='uint32_t'),
                            direction='IN',
                            doc='How many frames it shall have, and frame_list takes.',
                        ),
                        Member(
                            name='status',
                            type=Named(name='int16_t'),
                            direction='OUT',
                            enum='grant_status',
                        ),
                        Member(
                            name='frame_list',
                            type=Named(name='__guest_handle_64_ulong'),
                            direction='IN-pointer',
                            count='nr_frames',
                            doc='Gets the frame numbers. ',
                        ),
                    ),
                    doc="GNTTABOP_setup_table: see to it that dom's grant table has at least nr_frames frames, and list where they are.\ndom may be DOMID_SELF; others need privilege. frame_list gets exactly nr_frames numbers, even where the table is larger. Until interface version 0x00040300 its elements were unsigned long, which on 32-bit Arm is half of what Xen writes. One struct a call.",
                ),
                before=0x00040300,
                abis=('arm64', 'arm32', 'riscv64', 'ppc64'),
            ),
            Variant(
                what=Aggregate(
                    kind='struct',
                    tag='gnttab_setup_table',
                    members=(
                        Member(
                            name='dom',
                            type=Named(name='domid_t'),
                            direction='IN',
                            doc='Whose table.',
                        ),
                        Member(
                            name='nr_frames',
                            type=Named(name='uint32_t'),
                            direction='IN',
                            doc='How many frames it shall have, and frame_list takes.',
                        ),
                        Member(
                            name='status',
                            type=Named(name='int16_t'),
                            direction='OUT',
                            enum='grant_status',
                        ),
                        Member(
                            name='frame_list',
                            type=Named(name='__guest_handle_64_xen_pfn_t'),
                            direction='IN-pointer',
                            count='nr_frames',
                            doc='Gets the frame numbers. ',
                        ),
                    ),
                    doc="GNTTABOP_setup_table: see to it that dom's grant table has at least nr_frames frames, and list where they are.\ndom may be DOMID_SELF; others need privilege. frame_list gets exactly nr_frames numbers, even where the table is larger. Until interface version 0x00040300 its elements were unsigned long, which on 32-bit Arm is half of what Xen writes. One struct a call.",
                ),
                since=0x00040300,
                abis=('arm64', 'arm32', 'riscv64', 'ppc64'),
            ),
        ),
        'gnttab_dump_table': (
            Variant(
                what=Aggregate(
                    kind='struct',
                    tag='gnttab_dump_table',
                    members=(
                        Member(
                            name='dom',
                            type=Named(name='domid_t'),
                            direction='IN',
                            doc='Whose table.',
                        ),
                        Member(
                            name='status',
                            type=Named(name='int16_t'),
                            direction='OUT',
                            enum='grant_status',
                        ),
                    ),
                    doc="GNTTABOP_dump_table: print a domain's grant table on Xen's console.\nFor debugging, long ago: current Xen does not have it.",
                ),
            ),
        ),
        'gnttab_transfer': (
            Variant(
                what=Aggregate(
                    kind='struct',
                    tag='gnttab_transfer',
                    members=(
                        Member(
                            name='mfn',
                            type=Named(name='xen_pfn_t'),
                            direction='IN',
                            doc='The page, by its machine frame number.',
                        ),
                        Member(
                            name='domid',
                            type=Named(name='domid_t'),
                            direction='IN',
                            doc='Who gets it.',
                        ),
                        Member(
                            name='ref',
                            type=Named(name='grant_ref_t'),
                            direction='IN',
                            doc="The receiver's entry that accepts it.",
                        ),
                        Member(
                            name='status',
                            type=Named(name='int16_t'),
                            direction='OUT',
                            enum='grant_status',
                        ),
                    ),
                    doc='GNTTABOP_transfer: give a page away, for good.\nEntry ref of domain domid must be a GTF_accept_transfer that names the caller. Only GNTST_bad_page leaves the page with the caller; after any other failure it belongs to neither. For PV guests only.',
                ),
            ),
        ),
        'gnttab_copy_ptr': (
            Variant(
                what=Aggregate(
                    kind='struct',
                    tag='gnttab_copy_ptr',
                    members=(
                        Member(
                            name='u',
                            type=Aggregate(
                                kind='union',
                                tag=None,
                                members=(
                                    Member(
                                        name='ref',
                                        type=Named(name='grant_ref_t'),
                                        direction='IN',
                                        doc="A grant reference in domid's table.",
                                    ),
                                    Member(
                                        name='gmfn',
                                        type=Named(name='xen_pfn_t'),
                                        direction='IN',
                                        doc="A frame number of the caller's.",
                                    ),
                                ),
                            ),
                            direction='IN',
                        ),
                        Member(
                            name='domid',
                            type=Named(name='domid_t'),
                            direction='IN',
                            doc='Whose grant; or DOMID_SELF, for a frame.',
                        ),
                        Member(
                            name='offset',
                            type=Named(name='uint16_t'),
                            direction='IN',
                            doc='Where in the page to begin, in bytes.',
                        ),
                    ),
                ),
            ),
        ),
        'gnttab_copy': (
            Variant(
                what=Aggregate(
                    kind='struct',
                    tag='gnttab_copy',
                    members=(
                        Member(
                            name='source',
                            type=Aggregate(
                                kind='struct',
                                tag='gnttab_copy_ptr',
                                members=(
                                    Member(
                                        name='u',
                                        type=Aggregate(
                                            kind='union',
                                            tag=None,
                                            members=(
                                                Member(
                                                    name='ref',
                                                    type=Named(name='grant_ref_t'),
                                                    direction='IN',
                                                    doc="A grant reference in domid's table.",
                                                ),
                                                Member(
                                                    name='gmfn',
                                                    type=Named(name='xen_pfn_t'),
                                                    direction='IN',
                                                    doc="A frame number of the caller's.",
                                                ),
                                            ),
                                        ),
                                        direction='IN',
                                    ),
                                    Member(
                                        name='domid',
                                        type=Named(name='domid_t'),
                                        direction='IN',
                                        doc='Whose grant; or DOMID_SELF, for a frame.',
                                    ),
                                    Member(
                                        name='offset',
                                        type=Named(name='uint16_t'),
                                        direction='IN',
                                        doc='Where in the page to begin, in bytes.',
                                    ),
                                ),
                            ),
                            direction='IN',
                            select=(('u', 'GNTCOPY_source_gref ? ref : gmfn'),),
                        ),
                        Member(
                            name='dest',
                            type=Aggregate(
                                kind='struct',
                                tag='gnttab_copy_ptr',
                                members=(
                                    Member(
                                        name='u',
                                        type=Aggregate(
                                            kind='union',
                                            tag=None,
                                            members=(
                                                Member(
                                                    name='ref',
                                                    type=Named(name='grant_ref_t'),
                                                    direction='IN',
                                                    doc="A grant reference in domid's table.",
                                                ),
                                                Member(
                                                    name='gmfn',
                                                    type=Named(name='xen_pfn_t'),
                                                    direction='IN',
                                                    doc="A frame number of the caller's.",
                                                ),
                                            ),
                                        ),
                                        direction='IN',
                                    ),
                                    Member(
                                        name='domid',
                                        type=Named(name='domid_t'),
                                        direction='IN',
                                        doc='Whose grant; or DOMID_SELF, for a frame.',
                                    ),
                                    Member(
                                        name='offset',
                                        type=Named(name='uint16_t'),
                                        direction='IN',
                                        doc='Where in the page to begin, in bytes.',
                                    ),
                                ),
                            ),
                            direction='IN',
                            select=(('u', 'GNTCOPY_dest_gref ? ref : gmfn'),),
                        ),
                        Member(
                            name='len',
                            type=Named(name='uint16_t'),
                            direction='IN',
                            doc='How many bytes.',
                        ),
                        Member(
                            name='flags',
                            type=Named(name='uint16_t'),
                            direction='IN',
                            enum='gnttab_copy_flag',
                        ),
                        Member(
                            name='status',
                            type=Named(name='int16_t'),
                            direction='OUT',
                            enum='grant_status',
                        ),
                    ),
                    doc="GNTTABOP_copy: have Xen copy bytes from one page to another.\nEach side is a grant reference in the table of its domid if its flag is set; otherwise a frame of the caller's own, and domid is DOMID_SELF. The two sides may be grants of two different domains. Neither side may cross the end of its page, and the destination's grant must not be read-only.",
                ),
            ),
        ),
        'gnttab_query_size': (
            Variant(
                what=Aggregate(
                    kind='struct',
                    tag='gnttab_query_size',
                    members=(
                        Member(
                            name='dom',
                            type=Named(name='domid_t'),
                            direction='IN',
                            doc='Whose table.',
                        ),
                        Member(
                            name='nr_frames',
                            type=Named(name='uint32_t'),
                            direction='OUT',
                            doc='Its frames now; untouched on failure.',
                        ),
                        Member(
                            name='max_nr_frames',
                            type=Named(name='uint32_t'),
                            direction='OUT',
                            doc='Its frames at the most; untouched on failure.',
                        ),
                        Member(
                            name='status',
                            type=Named(name='int16_t'),
                            direction='OUT',
                            enum='grant_status',
                        ),
                    ),
                    doc='GNTTABOP_query_size: ask how many frames a grant table has, and may have.\ndom may be DOMID_SELF; others need privilege. One struct a call.',
                ),
            ),
        ),
        'gnttab_unmap_and_replace': (
            Variant(
                what=Aggregate(
                    kind='struct',
                    tag='gnttab_unmap_and_replace',
                    members=(
                        Member(
                            name='host_addr',
                            type=Named(name='uint64_t'),
                            direction='IN',
                            doc='The granted mapping for CPUs that goes.',
                        ),
                        Member(
                            name='new_addr',
                            type=Named(name='uint64_t'),
                            direction='IN',
                            doc='The address whose page takes its place, or 0.',
                        ),
                        Member(
                            name='handle',
                            type=Named(name='grant_handle_t'),
                            direction='IN',
                            doc='What map returned.',
                        ),
                        Member(
                            name='status',
                            type=Named(name='int16_t'),
                            direction='OUT',
                            enum='grant_status',
                        ),
                    ),
                    doc='GNTTABOP_unmap_and_replace: remove a mapping and put another in its place, at once.\nWhat new_addr maps is moved to host_addr, and new_addr is left unmapped. After the whole batch no CPU or device holds a stale translation.',
                ),
            ),
        ),
        'grant_entry_v1': (
            Variant(
                what=Aggregate(
                    kind='struct',
                    tag='grant_entry_v1',
                    members=(
                        Member(
                            name='flags',
                            type=Named(name='uint16_t'),
                            enum='grant_entry_type|grant_entry_flag|grant_transfer_flag',
                            doc='Type and subflags. [GST, XEN]',
                        ),
                        Member(
                            name='domid',
                            type=Named(name='domid_t'),
                            doc='The domain that may use the entry. [GST]',
                        ),
                        Member(
                            name='frame',
                            type=Named(name='uint32_t'),
                            doc='The frame number of the page to share, or of the slot to fill. [GST] Once GTF_transfer_completed is set in the entry of a guest that is not translated: the machine frame that it was given. [XEN]',
                        ),
                    ),
                    doc='An entry of a version 1 grant table.',
                ),
                since=0x0003020a,
            ),
        ),
        'grant_entry_header': (
            Variant(
                what=Aggregate(
                    kind='struct',
                    tag='grant_entry_header',
                    members=(
                        Member(
                            name='flags',
                            type=Named(name='uint16_t'),
                            enum='grant_entry_type|grant_entry_flag|grant_transfer_flag',
                        ),
                        Member(
                            name='domid',
                            type=Named(name='domid_t'),
                            doc='The domain that may use the entry. [GST]',
                        ),
                    ),
                    doc='What entries of both versions begin with.',
                ),
                since=0x0003020a,
            ),
        ),
        'grant_entry_v2': (
            Variant(
                what=Aggregate(
                    kind='union',
                    tag='grant_entry_v2',
                    members=(
                        Member(name='hdr', type=Named(name='grant_entry_header_t')),
                        Member(
                            name='full_page',
                            type=Aggregate(
                                kind='struct',
                                tag=None,
                                members=(
                                    Member(name='hdr', type=Named(name='grant_entry_header_t')),
                                    Member(name='pad0', type=Named(name='uint32_t')),
                                    Member(
                                        name='frame',
                                        type=Named(name='uint64_t'),
                                        doc='As in grant_entry_v1. [GST, XEN]',
                                    ),
                                ),
                                doc='The whole page: as in version 1, with a wider frame number.',
                            ),
                            doc='The whole page: as in version 1, with a wider frame number.',
                        ),
                        Member(
                            name='sub_page',
                            type=Aggregate(
                                kind='struct',
                                tag=None,
                                members=(
                                    Member(name='hdr', type=Named(name='grant_entry_header_t')),
                                    Member(
                                        name='page_off',
                                        type=Named(name='uint16_t'),
                                        doc='Where the part begins, in bytes. [GST]',
                                    ),
                                    Member(
                                        name='length',
                                        type=Named(name='uint16_t'),
                                        doc='How long it is, in bytes. [GST]',
                                    ),
                                    Member(
                                        name='frame',
                                        type=Named(name='uint64_t'),
                                        doc='The frame number of the page. [GST]',
                                    ),
                                ),
                                doc='The bytes from page_off on, length of them.',
                            ),
                            doc='The bytes from page_off on, length of them.',
                        ),
                        Member(
                            name='transitive',
                            type=Aggregate(
                                kind='struct',
                                tag=None,
                                members=(
                                    Member(name='hdr', type=Named(name='grant_entry_header_t')),
                                    Member(
                                        name='trans_domid',
                                        type=Named(name='domid_t'),
                                        doc='The domain whose grant is passed on. [GST]',
                                    ),
                                    Member(name='pad0', type=Named(name='uint16_t')),
                                    Member(
                                        name='gref',
                                        type=Named(name='grant_ref_t'),
                                        doc='The grant that is passed on. [GST]',
                                    ),
                                ),
                                doc="Entry gref of trans_domid's table, used in that the caller's name. It must allow the caller at least as much, and cannot be mapped.",
                            ),
                            doc="Entry gref of trans_domid's table, used in that the caller's name. It must allow the caller at least as much, and cannot be mapped.",
                        ),
                        Member(
                            name='__spacer',
                            type=Array(of=Named(name='uint32_t'), count=4),
                            doc='Makes it a power of two.',
                        ),
                    ),
                    select='GTF_permit_access ? GTF_sub_page ? sub_page : full_page : GTF_accept_transfer ? full_page : GTF_transitive ? transitive : __spacer',
                    doc='An entry of a version 2 grant table. Its type and GTF_sub_page tell which member counts.',
                ),
                since=0x0003020a,
            ),
        ),
        'gnttab_set_version': (
            Variant(
                what=Aggregate(
                    kind='struct',
                    tag='gnttab_set_version',
                    members=(
                        Member(
                            name='version',
                            type=Named(name='uint32_t'),
                            direction='IN/OUT',
                            doc='The version wanted; then the version in force.',
                        ),
                    ),
                    doc="GNTTABOP_set_version: choose the version of the caller's grant table, 1 or 2.\nNo grant may be in use, the reserved entries excepted. All other entries are cleared.",
                ),
                since=0x0003020a,
            ),
        ),
        'gnttab_get_status_frames': (
            Variant(
                what=Aggregate(
                    kind='struct',
                    tag='gnttab_get_status_frames',
                    members=(
                        Member(
                            name='nr_frames',
                            type=Named(name='uint32_t'),
                            direction='IN',
                            doc='How many numbers frame_list takes.',
                        ),
                        Member(
                            name='dom',
                            type=Named(name='domid_t'),
                            direction='IN',
                            doc='Whose table.',
                        ),
                        Member(
                            name='status',
                            type=Named(name='int16_t'),
                            direction='OUT',
                            enum='grant_status',
                        ),
                        Member(
                            name='frame_list',
                            type=Named(name='__guest_handle_uint64_t'),
                            direction='IN-pointer',
                            count='nr_frames',
                            doc='Gets the frame numbers. ',
                        ),
                    ),
                    doc="GNTTABOP_get_status_frames: list the frames of a domain's status array.\nVersion 2 keeps the bits that Xen writes out of the entries, in an array of their own. dom may be DOMID_SELF; others need privilege. frame_list gets exactly nr_frames numbers, even where there are more. One struct a call.",
                ),
                since=0x0003020a,
                abis=('x86_64', 'x86_32'),
            ),
            Variant(
                what=Aggregate(
                    kind='struct',
                    tag='gnttab_get_status_frames',
                    members=(
                        Member(
                            name='nr_frames',
                            type=Named(name='uint32_t'),
                            direction='IN',
                            doc='How many numbers frame_list takes.',
                        ),
                        Member(
                            name='dom',
                            type=Named(name='domid_t'),
                            direction='IN',
                            doc='Whose table.',
                        ),
                        Member(
                            name='status',
                            type=Named(name='int16_t'),
                            direction='OUT',
                            enum='grant_status',
                        ),
                        Member(
                            name='frame_list',
                            type=Named(name='__guest_handle_64_uint64_t'),
                            direction='IN-pointer',
                            count='nr_frames',
                            doc='Gets the frame numbers. ',
                        ),
                    ),
                    doc="GNTTABOP_get_status_frames: list the frames of a domain's status array.\nVersion 2 keeps the bits that Xen writes out of the entries, in an array of their own. dom may be DOMID_SELF; others need privilege. frame_list gets exactly nr_frames numbers, even where there are more. One struct a call.",
                ),
                since=0x0003020a,
                abis=('arm64', 'arm32', 'riscv64', 'ppc64'),
            ),
        ),
        'gnttab_get_version': (
            Variant(
                what=Aggregate(
                    kind='struct',
                    tag='gnttab_get_version',
                    members=(
                        Member(
                            name='dom',
                            type=Named(name='domid_t'),
                            direction='IN',
                            doc='Whose table.',
                        ),
                        Member(name='pad', type=Named(name='uint16_t'), direction='IN'),
                        Member(
                            name='version',
                            type=Named(name='uint32_t'),
                            direction='OUT',
                            doc='1 or 2; untouched on failure.',
                        ),
                    ),
                    doc="GNTTABOP_get_version: ask which version a domain's grant table has.\ndom may be DOMID_SELF; others need privilege.",
                ),
                since=0x0003020a,
            ),
        ),
        'gnttab_swap_grant_ref': (
            Variant(
                what=Aggregate(
                    kind='struct',
                    tag='gnttab_swap_grant_ref',
                    members=(
                        Member(
                            name='ref_a',
                            type=Named(name='grant_ref_t'),
                            direction='IN',
                            doc='One entry.',
                        ),
                        Member(
                            name='ref_b',
                            type=Named(name='grant_ref_t'),
                            direction='IN',
                            doc='The other.',
                        ),
                        Member(
                            name='status',
                            type=Named(name='int16_t'),
                            direction='OUT',
                            enum='grant_status',
                        ),
                    ),
                    doc="GNTTABOP_swap_grant_ref: exchange the contents of two entries of the caller's own table. Neither may be in use.",
                ),
                since=0x0003020a,
            ),
        ),
        'gnttab_cache_flush': (
            Variant(
                what=Aggregate(
                    kind='struct',
                    tag='gnttab_cache_flush',
                    members=(
                        Member(
                            name='a',
                            type=Aggregate(
                                kind='union',
                                tag=None,
                                members=(
                                    Member(
                                        name='dev_bus_addr',
                                        type=Named(name='uint64_t'),
                                        direction='IN',
                                        doc='The page, as map returned it.',
                                    ),
                                    Member(
                                        name='ref',
                                        type=Named(name='grant_ref_t'),
                                        direction='IN',
                                        doc='The page, by a reference.',
                                    ),
                                ),
                            ),
                            direction='IN',
                            select=(('', 'GNTTAB_CACHE_SOURCE_GREF ? ref : dev_bus_addr'),),
                        ),
                        Member(
                            name='offset',
                            type=Named(name='uint16_t'),
                            direction='IN',
                            doc='Where in the page to begin, in bytes.',
                        ),
                        Member(
                            name='length',
                            type=Named(name='uint16_t'),
                            direction='IN',
                            doc='How many bytes.',
                        ),
                        Member(
                            name='op',
                            type=Named(name='uint32_t'),
                            direction='IN',
                            enum='gnttab_cache_flag',
                        ),
                    ),
                    doc='GNTTABOP_cache_flush: clean or drop the cache lines of a part of a page that the caller has mapped.\nThere is no status: the first element that fails ends the call, with its error as the result. For Arm; x86 had it until Xen 4.20.',
                ),
                since=0x0003020a,
            ),
        ),
    },
    constants={
        '__HYPERVISOR_grant_table_op': (Variant(what=Constant(value=20, size=4, signed=True)),),
        'DOMID_FIRST_RESERVED': (Variant(what=Constant(value=32752, size=4, signed=False)),),
        'DOMID_MASK': (Variant(what=Constant(value=32767, size=4, signed=False)),),
        'DOMID_SELF': (Variant(what=Constant(value=32752, size=4, signed=False)),),
        'DOMID_IO': (Variant(what=Constant(value=32753, size=4, signed=False)),),
        'DOMID_XEN': (Variant(what=Constant(value=32754, size=4, signed=False)),),
        'DOMID_COW': (Variant(what=Constant(value=32755, size=4, signed=False)),),
        'DOMID_INVALID': (Variant(what=Constant(value=32756, size=4, signed=False)),),
        'DOMID_ANY': (Variant(what=Constant(value=32757, size=4, signed=False)),),
        'DOMID_IDLE': (Variant(what=Constant(value=32767, size=4, signed=False)),),
        'GNTTAB_NR_RESERVED_ENTRIES': (Variant(what=Constant(value=8, size=4, signed=True)),),
        'GNTTAB_RESERVED_CONSOLE': (Variant(what=Constant(value=0, size=4, signed=True)),),
        'GNTTAB_RESERVED_XENSTORE': (Variant(what=Constant(value=1, size=4, signed=True)),),
        'GTF_type_mask': (Variant(what=Constant(value=3, size=4, signed=False)),),
        'GTF_invalid': (Variant(what=Constant(value=0, size=4, signed=False)),),
        'GTF_permit_access': (Variant(what=Constant(value=1, size=4, signed=False)),),
        'GTF_accept_transfer': (Variant(what=Constant(value=2, size=4, signed=False)),),
        'GTF_transitive': (Variant(what=Constant(value=3, size=4, signed=False)),),
        '_GTF_readonly': (Variant(what=Constant(value=2, size=4, signed=True)),),
        'GTF_readonly': (Variant(what=Constant(value=4, size=4, signed=False)),),
        '_GTF_reading': (Variant(what=Constant(value=3, size=4, signed=True)),),
        'GTF_reading': (Variant(what=Constant(value=8, size=4, signed=False)),),
        '_GTF_writing': (Variant(what=Constant(value=4, size=4, signed=True)),),
        'GTF_writing': (Variant(what=Constant(value=16, size=4, signed=False)),),
        '_GTF_PWT': (Variant(what=Constant(value=5, size=4, signed=True)),),
        'GTF_PWT': (Variant(what=Constant(value=32, size=4, signed=False)),),
        '_GTF_PCD': (Variant(what=Constant(value=6, size=4, signed=True)),),
        'GTF_PCD': (Variant(what=Constant(value=64, size=4, signed=False)),),
        '_GTF_PAT': (Variant(what=Constant(value=7, size=4, signed=True)),),
        'GTF_PAT': (Variant(what=Constant(value=128, size=4, signed=False)),),
        '_GTF_sub_page': (Variant(what=Constant(value=8, size=4, signed=True)),),
        'GTF_sub_page': (Variant(what=Constant(value=256, size=4, signed=False)),),
        '_GTF_transfer_committed': (Variant(what=Constant(value=2, size=4, signed=True)),),
        'GTF_transfer_committed': (Variant(what=Constant(value=4, size=4, signed=False)),),
        '_GTF_transfer_completed': (Variant(what=Constant(value=3, size=4, signed=True)),),
        'GTF_transfer_completed': (Variant(what=Constant(value=8, size=4, signed=False)),),
        'GNTTABOP_map_grant_ref': (Variant(what=Constant(value=0, size=4, signed=True)),),
        'GNTTABOP_unmap_grant_ref': (Variant(what=Constant(value=1, size=4, signed=True)),),
        'GNTTABOP_setup_table': (Variant(what=Constant(value=2, size=4, signed=True)),),
        'GNTTABOP_dump_table': (Variant(what=Constant(value=3, size=4, signed=True)),),
        'GNTTABOP_transfer': (Variant(what=Constant(value=4, size=4, signed=True)),),
        'GNTTABOP_copy': (Variant(what=Constant(value=5, size=4, signed=True)),),
        'GNTTABOP_query_size': (Variant(what=Constant(value=6, size=4, signed=True)),),
        'GNTTABOP_unmap_and_replace': (Variant(what=Constant(value=7, size=4, signed=True)),),
        '_GNTCOPY_source_gref': (Variant(what=Constant(value=0, size=4, signed=True)),),
        'GNTCOPY_source_gref': (Variant(what=Constant(value=1, size=4, signed=True)),),
        '_GNTCOPY_dest_gref': (Variant(what=Constant(value=1, size=4, signed=True)),),
        'GNTCOPY_dest_gref': (Variant(what=Constant(value=2, size=4, signed=True)),),
        '_GNTMAP_device_map': (Variant(what=Constant(value=0, size=4, signed=True)),),
        'GNTMAP_device_map': (Variant(what=Constant(value=1, size=4, signed=True)),),
        '_GNTMAP_host_map': (Variant(what=Constant(value=1, size=4, signed=True)),),
        'GNTMAP_host_map': (Variant(what=Constant(value=2, size=4, signed=True)),),
        '_GNTMAP_readonly': (Variant(what=Constant(value=2, size=4, signed=True)),),
        'GNTMAP_readonly': (Variant(what=Constant(value=4, size=4, signed=True)),),
        '_GNTMAP_application_map': (Variant(what=Constant(value=3, size=4, signed=True)),),
        'GNTMAP_application_map': (Variant(what=Constant(value=8, size=4, signed=True)),),
        '_GNTMAP_contains_pte': (Variant(what=Constant(value=4, size=4, signed=True)),),
        'GNTMAP_contains_pte': (Variant(what=Constant(value=16, size=4, signed=True)),),
        '_GNTMAP_guest_avail0': (Variant(what=Constant(value=16, size=4, signed=True)),),
        'GNTMAP_guest_avail_mask': (Variant(what=Constant(value=4294901760, size=4, signed=False)),),
        'GNTST_okay': (Variant(what=Constant(value=0, size=4, signed=True)),),
        'GNTST_general_error': (Variant(what=Constant(value=-1, size=4, signed=True)),),
        'GNTST_bad_domain': (Variant(what=Constant(value=-2, size=4, signed=True)),),
        'GNTST_bad_gntref': (Variant(what=Constant(value=-3, size=4, signed=True)),),
        'GNTST_bad_handle': (Variant(what=Constant(value=-4, size=4, signed=True)),),
        'GNTST_bad_virt_addr': (Variant(what=Constant(value=-5, size=4, signed=True)),),
        'GNTST_bad_dev_addr': (Variant(what=Constant(value=-6, size=4, signed=True)),),
        'GNTST_no_device_space': (Variant(what=Constant(value=-7, size=4, signed=True)),),
        'GNTST_permission_denied': (Variant(what=Constant(value=-8, size=4, signed=True)),),
        'GNTST_bad_page': (Variant(what=Constant(value=-9, size=4, signed=True)),),
        'GNTST_bad_copy_arg': (Variant(what=Constant(value=-10, size=4, signed=True)),),
        'GNTST_address_too_big': (Variant(what=Constant(value=-11, size=4, signed=True)),),
        'GNTST_eagain': (Variant(what=Constant(value=-12, size=4, signed=True)),),
        'GNTST_no_space': (Variant(what=Constant(value=-13, size=4, signed=True)),),
        'GNTTABOP_set_version': (Variant(what=Constant(value=8, size=4, signed=True), since=0x0003020a),),
        'GNTTABOP_get_status_frames': (Variant(what=Constant(value=9, size=4, signed=True), since=0x0003020a),),
        'GNTTABOP_get_version': (Variant(what=Constant(value=10, size=4, signed=True), since=0x0003020a),),
        'GNTTABOP_swap_grant_ref': (Variant(what=Constant(value=11, size=4, signed=True), since=0x0003020a),),
        'GNTTABOP_cache_flush': (Variant(what=Constant(value=12, size=4, signed=True), since=0x0003020a),),
        'GNTTAB_CACHE_CLEAN': (Variant(what=Constant(value=1, size=4, signed=False), since=0x0003020a),),
        'GNTTAB_CACHE_INVAL': (Variant(what=Constant(value=2, size=4, signed=False), since=0x0003020a),),
        'GNTTAB_CACHE_SOURCE_GREF': (Variant(what=Constant(value=2147483648, size=4, signed=False), since=0x0003020a),),
    },
    enums={
        'grant_entry_type': (
            Variant(
                what=Enum(
                    name='grant_entry_type',
                    members=('GTF_invalid', 'GTF_permit_access', 'GTF_accept_transfer', 'GTF_transitive'),
                    prefix='GTF_',
                    mask='GTF_type_mask',
                    doc='What an entry grants.',
                ),
            ),
        ),
        'grant_entry_flag': (
            Variant(
                what=Enum(
                    name='grant_entry_flag',
                    members=(
                        'GTF_readonly',
                        'GTF_reading',
                        'GTF_writing',
                        'GTF_PWT',
                        'GTF_PCD',
                        'GTF_PAT',
                        'GTF_sub_page',
                    ),
                    prefix='GTF_',
                    bits=True,
                    condition='!GTF_accept_transfer',
                    doc='Properties of an entry, and whether it is in use.',
                ),
            ),
        ),
        'grant_transfer_flag': (
            Variant(
                what=Enum(
                    name='grant_transfer_flag',
                    members=('GTF_transfer_committed', 'GTF_transfer_completed'),
                    prefix='GTF_transfer_',
                    bits=True,
                    condition='GTF_accept_transfer',
                    doc='How far the transfer into an entry has come.',
                ),
            ),
        ),
        'grant_table_op': (
            Variant(
                what=Enum(
                    name='grant_table_op',
                    members=(
                        'GNTTABOP_map_grant_ref',
                        'GNTTABOP_unmap_grant_ref',
                        'GNTTABOP_setup_table',
                        'GNTTABOP_dump_table',
                        'GNTTABOP_transfer',
                        'GNTTABOP_copy',
                        'GNTTABOP_query_size',
                        'GNTTABOP_unmap_and_replace',
                    ),
                    prefix='GNTTABOP_',
                    struct_prefix='gnttab_',
                    doc='The commands of the hypercall.',
                ),
                before=0x0003020a,
            ),
            Variant(
                what=Enum(
                    name='grant_table_op',
                    members=(
                        'GNTTABOP_map_grant_ref',
                        'GNTTABOP_unmap_grant_ref',
                        'GNTTABOP_setup_table',
                        'GNTTABOP_dump_table',
                        'GNTTABOP_transfer',
                        'GNTTABOP_copy',
                        'GNTTABOP_query_size',
                        'GNTTABOP_unmap_and_replace',
                        'GNTTABOP_set_version',
                        'GNTTABOP_get_status_frames',
                        'GNTTABOP_get_version',
                        'GNTTABOP_swap_grant_ref',
                        'GNTTABOP_cache_flush',
                    ),
                    prefix='GNTTABOP_',
                    struct_prefix='gnttab_',
                    doc='The commands of the hypercall.',
                ),
                since=0x0003020a,
            ),
        ),
        'gnttab_copy_flag': (
            Variant(
                what=Enum(
                    name='gnttab_copy_flag',
                    members=('GNTCOPY_source_gref', 'GNTCOPY_dest_gref'),
                    prefix='GNTCOPY_',
                    bits=True,
                    doc='How the two sides of a copy are given.',
                ),
            ),
        ),
        'gnttab_map_flag': (
            Variant(
                what=Enum(
                    name='gnttab_map_flag',
                    members=(
                        'GNTMAP_device_map',
                        'GNTMAP_host_map',
                        'GNTMAP_readonly',
                        'GNTMAP_application_map',
                        'GNTMAP_contains_pte',
                        'GNTMAP_guest_avail_mask',
                    ),
                    prefix='GNTMAP_',
                    bits=True,
                    doc='How to map a page.',
                ),
            ),
        ),
        'grant_status': (
            Variant(
                what=Enum(
                    name='grant_status',
                    members=(
                        'GNTST_okay',
                        'GNTST_general_error',
                        'GNTST_bad_domain',
                        'GNTST_bad_gntref',
                        'GNTST_bad_handle',
                        'GNTST_bad_virt_addr',
                        'GNTST_bad_dev_addr',
                        'GNTST_no_device_space',
                        'GNTST_permission_denied',
                        'GNTST_bad_page',
                        'GNTST_bad_copy_arg',
                        'GNTST_address_too_big',
                        'GNTST_eagain',
                        'GNTST_no_space',
                    ),
                    prefix='GNTST_',
                    doc='What became of one element of a call. All failures are negative.',
                ),
            ),
        ),
        'domid': (
            Variant(
                what=Enum(
                    name='domid',
                    members=(
                        'DOMID_SELF',
                        'DOMID_IO',
                        'DOMID_XEN',
                        'DOMID_COW',
                        'DOMID_INVALID',
                        'DOMID_ANY',
                        'DOMID_IDLE',
                    ),
                    prefix='DOMID_',
                    doc='Domain ids with a special meaning.',
                ),
            ),
        ),
        'gnttab_cache_flag': (
            Variant(
                what=Enum(
                    name='gnttab_cache_flag',
                    members=('GNTTAB_CACHE_CLEAN', 'GNTTAB_CACHE_INVAL', 'GNTTAB_CACHE_SOURCE_GREF'),
                    prefix='GNTTAB_CACHE_',
                    bits=True,
                    doc='What to do with cache lines.',
                ),
                since=0x0003020a,
            ),
        ),
    },
    messages=(
        Variant(
            what=(
                'okay',
                'undefined error',
                'unrecognised domain id',
                'invalid grant reference',
                'invalid mapping handle',
                'invalid virtual address',
                'invalid device address',
                'no spare translation slot in the I/O MMU',
                'permission denied',
                'bad page',
                'copy arguments cross page boundary',
                'page address size too large',
                'operation not done; try again',
                'out of space',
            ),
        ),
    ),
    docs={
        '__HYPERVISOR_grant_table_op': 'The number of the hypercall that grant_table.h is about.',
        'DOMID_FIRST_RESERVED': 'From here on, ids have special meanings and name no ordinary domain.',
        'DOMID_MASK': 'The bits that an id may use.',
        'DOMID_SELF': 'The calling domain.',
        'DOMID_IO': 'Owner of I/O memory, in page-table updates.',
        'DOMID_XEN': "Owner of the pages of Xen's that it shares.",
        'DOMID_COW': 'Owner of copy-on-write pages.',
        'DOMID_INVALID': 'No domain: pages whose owner is unknown.',
        'DOMID_ANY': 'No particular domain: a free choice, or all of them.',
        'DOMID_IDLE': 'The idle domain.',
        'GNTTAB_NR_RESERVED_ENTRIES': "This many first entries outlive a change of the table's version. The tools may fill them before the domain starts. [Xen 4.2]",
        'GNTTAB_RESERVED_CONSOLE': "The entry of the console's ring. [Xen 4.2]",
        'GNTTAB_RESERVED_XENSTORE': "The entry of xenstore's ring. [Xen 4.2]",
        'GTF_type_mask': "The bits of an entry's flags that hold its type.",
        'GTF_invalid': 'Grants nothing.',
        'GTF_permit_access': 'The domain may map the frame and copy from or to it.',
        'GTF_accept_transfer': "The domain may move one page of its own into the frame's place.",
        'GTF_transitive': "The domain may copy by way of another domain's grant. [Xen 4.0]",
        '_GTF_readonly': 'Properties of an entry, and whether it is in use.',
        'GTF_readonly': 'Not for writing. [GST]',
        'GTF_reading': 'In use for reading. [XEN]',
        'GTF_writing': 'In use for writing. [XEN]',
        'GTF_PWT': 'x86 caching of mappings: write-through. [GST] [Xen 3.2]',
        'GTF_PCD': 'x86 caching of mappings: disabled. [GST] [Xen 3.2]',
        'GTF_PAT': 'x86 caching of mappings: the PAT bit. [GST] [Xen 3.2]',
        'GTF_sub_page': 'Only a part of the page, to copy and not to map. [GST] [Xen 4.0]',
        '_GTF_transfer_committed': 'How far the transfer into an entry has come.',
        'GTF_transfer_committed': 'A page is on its way: leave the entry alone until it has come. [XEN]',
        'GTF_transfer_completed': 'The page is here, and its number is in the entry. Always follows. [XEN]',
        'GNTTABOP_map_grant_ref': 'The commands of the hypercall.',
        'GNTTABOP_dump_table': '[Xen 3.0.0]',
        'GNTTABOP_transfer': '[Xen 3.0.0]',
        'GNTTABOP_copy': '[Xen 3.0.3]',
        'GNTTABOP_query_size': '[Xen 3.1]',
        'GNTTABOP_unmap_and_replace': '[Xen 3.2]',
        '_GNTCOPY_source_gref': 'How the two sides of a copy are given.',
        'GNTCOPY_source_gref': 'The source is a grant reference. [Xen 3.0.3]',
        'GNTCOPY_dest_gref': 'The destination is a grant reference. [Xen 3.0.3]',
        '_GNTMAP_device_map': 'How to map a page.',
        'GNTMAP_device_map': 'Map it for devices.',
        'GNTMAP_host_map': 'Map it for CPUs.',
        'GNTMAP_readonly': 'Map it without write access.',
        'GNTMAP_application_map': "With host_map: for the guest's user space as well as its kernel.",
        'GNTMAP_contains_pte': 'With host_map: host_addr is the machine address of a page-table entry. [Xen 3.0.0]',
        'GNTMAP_guest_avail_mask': "Bits for the guest's own use in the page-table entry; see XENFEAT_gnttab_map_avail_bits. [Xen 3.4]",
        'GNTST_okay': 'Done.',
        'GNTST_general_error': 'Something that has no status of its own.',
        'GNTST_bad_domain': 'No such domain, or one that this call does not take.',
        'GNTST_bad_gntref': 'No such entry, or not one for this call.',
        'GNTST_bad_handle': 'No such mapping.',
        'GNTST_bad_virt_addr': 'Cannot map or write at this virtual address.',
        'GNTST_bad_dev_addr': 'Not the device address of this mapping.',
        'GNTST_no_device_space': 'The I/O MMU has no room. No current Xen returns it. [Xen 3.0.0]',
        'GNTST_permission_denied': 'The caller may not do this. [Xen 3.0.0]',
        'GNTST_bad_page': 'Not a page that this call takes. [Xen 3.0.0]',
        'GNTST_bad_copy_arg': 'One side of the copy leaves its page. [Xen 3.0.3]',
        'GNTST_address_too_big': 'The frame number is too large for the receiver. [Xen 3.2]',
        'GNTST_eagain': 'Not now: try again. [Xen 4.0]',
        'GNTST_no_space': 'Out of handles, or of other space. [Xen 4.16]',
        'GNTTABOP_set_version': '[Xen 4.0]',
        'GNTTABOP_get_status_frames': '[Xen 4.0]',
        'GNTTABOP_get_version': '[Xen 4.0]',
        'GNTTABOP_swap_grant_ref': '[Xen 4.2]',
        'GNTTABOP_cache_flush': '[Xen 4.5]',
        'GNTTAB_CACHE_CLEAN': 'Write dirty lines back. [Xen 4.5]',
        'GNTTAB_CACHE_INVAL': 'Drop lines. [Xen 4.5]',
        'GNTTAB_CACHE_SOURCE_GREF': 'The page is given by a grant reference. [Xen 4.5]',
    },
)
