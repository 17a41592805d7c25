# SPDX-License-Identifier: MIT
"""The layouts, gates and constants of the ABI as written down by hand, against the engine.

The tables here were read off the public header by a person, and owe nothing to this
project's header or reader. They are here to disagree; nothing derives from them.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest

from xengnt.abi.declarations import header
from xengnt.abi.layout import Layout, StructLayout, compute
from xengnt.abi.targets import TARGETS

X86 = ("x86_64", "x86_32")
ABIS = (*X86, "arm64", "arm32", "riscv64", "ppc64")
VERSIONS = (
    "undefined",
    "0x00030101",
    "0x00030201",
    "0x00030203",
    "0x0003020a",
    "0x00040300",
    "newest",
)
FULL = ("0x0003020a", "0x00040300", "newest")
"""The versions that have all of the interface."""

each_abi = pytest.mark.parametrize("abi", ABIS)
each_version = pytest.mark.parametrize("version", VERSIONS)


class Fact(NamedTuple):
    """A struct: its size, and its leaves as (offset, size)."""

    size: int
    leaves: dict[str, tuple[int, int]]


def facts(table: str) -> dict[str, Fact]:
    """Read ``tag size: leaf@offset:size …``, a struct a line, lines continued by indentation."""
    found = {}
    for line in re.sub(r"\n\s{8,}", " ", table).strip().splitlines():
        head, _, tail = line.partition(": ")
        tag, size = head.split()
        leaves = {}
        for word in tail.split():
            name, offset, length = re.split("[@:]", word)
            leaves[name] = int(offset), int(length)
        found[tag] = Fact(int(size), leaves)
    return found


SAME = facts("""
    grant_entry_v1 8: flags@0:2 domid@2:2 frame@4:4
    grant_entry_header 4: flags@0:2 domid@2:2
    grant_entry_v2 16: hdr.flags@0:2 hdr.domid@2:2
        full_page.hdr.flags@0:2 full_page.hdr.domid@2:2 full_page.pad0@4:4 full_page.frame@8:8
        sub_page.hdr.flags@0:2 sub_page.hdr.domid@2:2 sub_page.page_off@4:2 sub_page.length@6:2
        sub_page.frame@8:8
        transitive.hdr.flags@0:2 transitive.hdr.domid@2:2 transitive.trans_domid@4:2
        transitive.pad0@6:2 transitive.gref@8:4
        __spacer@0:16
    gnttab_map_grant_ref 32: host_addr@0:8 flags@8:4 ref@12:4 dom@16:2 status@18:2 handle@20:4
        dev_bus_addr@24:8
    gnttab_unmap_grant_ref 24: host_addr@0:8 dev_bus_addr@8:8 handle@16:4 status@20:2
    gnttab_unmap_and_replace 24: host_addr@0:8 new_addr@8:8 handle@16:4 status@20:2
    gnttab_dump_table 4: dom@0:2 status@2:2
    gnttab_query_size 16: dom@0:2 nr_frames@4:4 max_nr_frames@8:4 status@12:2
    gnttab_set_version 4: version@0:4
    gnttab_get_version 8: dom@0:2 pad@2:2 version@4:4
    gnttab_swap_grant_ref 12: ref_a@0:4 ref_b@4:4 status@8:2
    gnttab_cache_flush 16: a@0:8 offset@8:2 length@10:2 op@12:4
""")
"""The same on all ABIs."""

X86_32_ONLY = facts("""
    gnttab_setup_table 16: dom@0:2 nr_frames@4:4 status@8:2 frame_list@12:4
    gnttab_get_status_frames 12: nr_frames@0:4 dom@4:2 status@6:2 frame_list@8:4
    gnttab_transfer 16: mfn@0:4 domid@4:2 ref@8:4 status@12:2
    gnttab_copy_ptr 8: u@0:4 domid@4:2 offset@6:2
    gnttab_copy 24: source.u@0:4 source.domid@4:2 source.offset@6:2
        dest.u@8:4 dest.domid@12:2 dest.offset@14:2 len@16:2 flags@18:2 status@20:2
""")
ALL_OTHERS = facts("""
    gnttab_setup_table 24: dom@0:2 nr_frames@4:4 status@8:2 frame_list@16:8
    gnttab_get_status_frames 16: nr_frames@0:4 dom@4:2 status@6:2 frame_list@8:8
    gnttab_transfer 24: mfn@0:8 domid@8:2 ref@12:4 status@16:2
    gnttab_copy_ptr 16: u@0:8 domid@8:2 offset@10:2
    gnttab_copy 40: source.u@0:8 source.domid@8:2 source.offset@10:2
        dest.u@16:8 dest.domid@24:2 dest.offset@26:2 len@32:2 flags@34:2 status@36:2
""")
"""The five structs that differ, in both their forms."""

NARROW = {
    "grant_entry": 4,
    "grant_entry_v1": 4,
    "grant_entry_header": 2,
    "gnttab_dump_table": 2,
    "gnttab_query_size": 4,
    "gnttab_set_version": 4,
    "gnttab_get_version": 4,
    "gnttab_swap_grant_ref": 4,
}
"""Alignments of the structs without a 64-bit member. All others: 4 on x86_32, 8 elsewhere."""

LATE = {
    "grant_entry_header",
    "grant_entry_v2",
    "gnttab_set_version",
    "gnttab_get_status_frames",
    "gnttab_get_version",
    "gnttab_swap_grant_ref",
    "gnttab_cache_flush",
}
"""Not there below interface version 0x0003020a."""

OPS = (
    "map_grant_ref",
    "unmap_grant_ref",
    "setup_table",
    "dump_table",
    "transfer",
    "copy",
    "query_size",
    "unmap_and_replace",
    "set_version",
    "get_status_frames",
    "get_version",
    "swap_grant_ref",
    "cache_flush",
)
"""By number."""

STATUSES = (
    "okay",
    "general_error",
    "bad_domain",
    "bad_gntref",
    "bad_handle",
    "bad_virt_addr",
    "bad_dev_addr",
    "no_device_space",
    "permission_denied",
    "bad_page",
    "bad_copy_arg",
    "address_too_big",
    "eagain",
    "no_space",
)
"""By number, negated."""

UNSIGNED = {
    "GTF_invalid": 0,
    "GTF_permit_access": 1,
    "GTF_accept_transfer": 2,
    "GTF_transitive": 3,
    "GTF_type_mask": 3,
    "GTF_readonly": 1 << 2,
    "GTF_reading": 1 << 3,
    "GTF_writing": 1 << 4,
    "GTF_PWT": 1 << 5,
    "GTF_PCD": 1 << 6,
    "GTF_PAT": 1 << 7,
    "GTF_sub_page": 1 << 8,
    "GTF_transfer_committed": 1 << 2,
    "GTF_transfer_completed": 1 << 3,
    "GNTMAP_guest_avail_mask": 0xFFFF0000,
    "DOMID_FIRST_RESERVED": 0x7FF0,
    "DOMID_SELF": 0x7FF0,
    "DOMID_IO": 0x7FF1,
    "DOMID_XEN": 0x7FF2,
    "DOMID_COW": 0x7FF3,
    "DOMID_INVALID": 0x7FF4,
    "DOMID_ANY": 0x7FF5,
    "DOMID_IDLE": 0x7FFF,
    "DOMID_MASK": 0x7FFF,
}
SIGNED = {
    "GNTMAP_device_map": 1 << 0,
    "GNTMAP_host_map": 1 << 1,
    "GNTMAP_readonly": 1 << 2,
    "GNTMAP_application_map": 1 << 3,
    "GNTMAP_contains_pte": 1 << 4,
    "_GNTMAP_guest_avail0": 16,
    "GNTCOPY_source_gref": 1 << 0,
    "GNTCOPY_dest_gref": 1 << 1,
    "GNTTAB_NR_RESERVED_ENTRIES": 8,
    "GNTTAB_RESERVED_CONSOLE": 0,
    "GNTTAB_RESERVED_XENSTORE": 1,
    **{f"GNTST_{name}": -number for number, name in enumerate(STATUSES)},
}
LATE_UNSIGNED = {
    "GNTTAB_CACHE_CLEAN": 1 << 0,
    "GNTTAB_CACHE_INVAL": 1 << 1,
    "GNTTAB_CACHE_SOURCE_GREF": 1 << 31,
}
"""From interface version 0x0003020a."""

RELEASES = {
    "3.0.0": (
        "GNTTABOP_dump_table",
        "GNTTABOP_transfer",
        "GNTMAP_contains_pte",
        "GNTST_bad_page",
    ),
    "3.0.3": (
        "GNTTABOP_copy",
        "GNTCOPY_source_gref",
        "GNTCOPY_dest_gref",
        "GNTST_bad_copy_arg",
    ),
    "3.1": ("GNTTABOP_query_size",),
    "3.2": (
        "GNTTABOP_unmap_and_replace",
        "GTF_PWT",
        "GTF_PCD",
        "GTF_PAT",
        "GNTST_address_too_big",
    ),
    "3.4": ("GNTMAP_guest_avail_mask",),
    "4.0": (
        "GNTTABOP_set_version",
        "GNTTABOP_get_status_frames",
        "GNTTABOP_get_version",
        "GTF_sub_page",
        "GTF_transitive",
        "GNTST_eagain",
    ),
    "4.2": (
        "GNTTABOP_swap_grant_ref",
        "GNTTAB_NR_RESERVED_ENTRIES",
        "GNTTAB_RESERVED_CONSOLE",
        "GNTTAB_RESERVED_XENSTORE",
    ),
    "4.5": ("GNTTABOP_cache_flush", *LATE_UNSIGNED),
    "4.16": ("GNTST_no_space",),
}
"""The first release of Xen that had them."""


def layout_at(abi: str, version: str = "newest") -> Layout:
    """Return the engine's layout."""
    return compute(header().at(abi, version))


def stated(abi: str, version: str) -> dict[str, Fact]:
    """Return what the tables state for an ABI and interface version, by C tag there."""
    table = {**SAME, **(X86_32_ONLY if abi == "x86_32" else ALL_OTHERS)}
    if version in FULL:
        return table
    names = {"grant_entry_v1": "grant_entry"}
    return {names.get(tag, tag): fact for tag, fact in table.items() if tag not in LATE}


def leaves(struct: StructLayout) -> dict[str, tuple[int, int]]:
    """Return the leaves of a struct as the tables have them."""
    return {leaf.name: (leaf.offset, leaf.size) for leaf in struct.leaves}


def test_the_six_abis() -> None:
    """Catches an ABI that is added or lost without facts about it."""
    assert tuple(TARGETS) == ABIS


@each_version
@each_abi
def test_structs(abi: str, version: str) -> None:
    """Catches a struct at the wrong versions, and any wrong size, offset or width in one."""
    engine = {
        tag: Fact(struct.size, leaves(struct))
        for tag, struct in layout_at(abi, version).structs.items()
    }
    assert engine == stated(abi, version)


@each_version
@each_abi
def test_alignments(abi: str, version: str) -> None:
    """Catches a 64-bit member that is aligned to 8 on x86_32, or to 4 anywhere else."""
    wide = 4 if abi == "x86_32" else 8
    for tag, struct in layout_at(abi, version).structs.items():
        assert struct.align == NARROW.get(tag, wide), tag


@each_abi
def test_only_five_structs_differ(abi: str) -> None:
    """Catches an ABI other than x86_32 whose layout is not that of the rest."""
    reference, other = layout_at("x86_64").structs, layout_at(abi).structs
    differ = {
        tag
        for tag, struct in other.items()
        if (struct.size, leaves(struct)) != (reference[tag].size, leaves(reference[tag]))
    }
    assert differ == (X86_32_ONLY.keys() if abi == "x86_32" else set())


@each_abi
def test_unions(abi: str) -> None:
    """Catches members of a union that do not lie one upon another, or have the wrong width."""
    layout = layout_at(abi)
    wide = 4 if abi == "x86_32" else 8
    flush, pointer = layout.struct("cache_flush"), layout.struct("gnttab_copy_ptr")
    assert [(f.name, f.offset, f.size) for f in flush.members_of("a")] == [
        ("a.dev_bus_addr", 0, 8),
        ("a.ref", 0, 4),
    ]
    assert [(f.name, f.offset, f.size) for f in pointer.members_of("u")] == [
        ("u.ref", 0, 4),
        ("u.gmfn", 0, wide),
    ]
    entry = layout.struct("grant_entry_v2")
    assert entry.kind == "union"
    assert {f.name: (f.offset, f.size) for f in entry.members_of("")} == {
        "hdr": (0, 4),
        "full_page": (0, 16),
        "sub_page": (0, 16),
        "transitive": (0, 12),
        "__spacer": (0, 16),
    }
    assert entry.field("__spacer").count == 4


@each_version
@each_abi
def test_guest_handles(abi: str, version: str) -> None:
    """Catches a handle of the wrong width or alignment, or of elements of the wrong width."""
    # Before 0x00040300 the frames of setup_table are words, which are 4 bytes on arm32.
    layout = layout_at(abi, version)
    word = 4 if abi in ("x86_32", "arm32") else 8
    handle = 4 if abi == "x86_32" else 8
    frame = 4 if abi == "x86_32" else 8
    early = version not in ("0x00040300", "newest")
    lists = {"gnttab_setup_table": ("unsigned long", word) if early else ("xen_pfn_t", frame)}
    if version in FULL:
        lists["gnttab_get_status_frames"] = ("uint64_t", 8)
    for tag, (ctype, size) in lists.items():
        field = layout.structs[tag].field("frame_list")
        assert (field.kind, field.size, field.align) == ("handle", handle, handle)
        assert field.pointee is not None
        assert (field.pointee.size, field.pointee.signed) == (size, False)
        assert field.pointee.type == ctype
    others = {
        f"{tag}.{field.name}"
        for tag, struct in layout.structs.items()
        for field in struct.fields
        if field.kind == "handle"
    }
    assert others == {f"{tag}.frame_list" for tag in lists}


@each_version
@each_abi
def test_types(abi: str, version: str) -> None:
    """Catches a frame number that is a word on Arm, and other types of the wrong width."""
    sizes = {
        "domid_t": 2,
        "grant_ref_t": 4,
        "grant_handle_t": 4,
        "xen_pfn_t": 4 if abi == "x86_32" else 8,
        "xen_ulong_t": 4 if abi == "x86_32" else 8,
    }
    if version in FULL:
        sizes["grant_status_t"] = 2
    typedefs = layout_at(abi, version).typedefs
    assert {name: one.size for name, one in typedefs.items()} == sizes
    assert not any(one.signed for one in typedefs.values())


@each_version
@each_abi
def test_signs(abi: str, version: str) -> None:
    """Catches an unsigned status, which would never be below 0, and anything else signed."""
    signed = {
        f"{tag}.{field.name}"
        for tag, struct in layout_at(abi, version).structs.items()
        for field in struct.fields
        if field.signed
    }
    with_status = {tag for tag, fact in stated(abi, version).items() if "status" in fact.leaves}
    assert signed == {f"{tag}.status" for tag in with_status}
    assert len(with_status) == (10 if version in FULL else 8)


@each_version
@each_abi
def test_ops(abi: str, version: str) -> None:
    """Catches an op with another's number or struct, or at versions that do not have it."""
    names = OPS if version in FULL else OPS[:8]
    layout = layout_at(abi, version)
    assert {name: (op.number, op.struct, op.constant) for name, op in layout.ops.items()} == {
        name: (number, f"gnttab_{name}", f"GNTTABOP_{name}") for number, name in enumerate(names)
    }
    for number, name in enumerate(names):
        constant = layout.constants[f"GNTTABOP_{name}"]
        assert (constant.value, constant.size, constant.signed) == (number, 4, True)
    assert not any(f"GNTTABOP_{name}" in layout.constants for name in OPS if name not in names)


@each_version
@each_abi
def test_constants(abi: str, version: str) -> None:
    """Catches a constant of the wrong value or signedness, or that is gone at some version."""
    unsigned = {**UNSIGNED, **(LATE_UNSIGNED if version in FULL else {})}
    layout = layout_at(abi, version)
    for table, signed in ((unsigned, False), (SIGNED, True)):
        for name, value in table.items():
            constant = layout.constants[name]
            assert (constant.value, constant.size, constant.signed) == (value, 4, signed), name
    if version not in FULL:
        assert not LATE_UNSIGNED.keys() & layout.constants.keys()


@each_abi
def test_each_flag_has_its_bit(abi: str) -> None:
    """Catches a flag whose ``_NAME``, the number of its bit, is not where the flag is."""
    constants = layout_at(abi).constants
    bits = {
        name: constant.value for name, constant in constants.items() if re.match("_G[A-Z]", name)
    }
    assert len(bits) == 9 + 6 + 2
    for name, bit in bits.items():
        if name != "_GNTMAP_guest_avail0":  # has a mask instead of a flag
            assert constants[name[1:]].value == 1 << bit, name


@each_version
@each_abi
def test_no_constant_beyond(abi: str, version: str) -> None:
    """Catches statuses, domain ids or flags that Xen does not have, or that it removed."""
    layout = layout_at(abi, version)
    known = {*UNSIGNED, *LATE_UNSIGNED, *SIGNED, *(f"GNTTABOP_{name}" for name in OPS)}
    known |= {f"_{name}" for name in known}
    assert not layout.constants.keys() - known - {"__HYPERVISOR_grant_table_op"}
    assert layout.constants["__HYPERVISOR_grant_table_op"].value == 20


@each_version
@each_abi
def test_one_message_for_each_status(abi: str, version: str) -> None:
    """Catches messages that shifted against the statuses: one is known for its words."""
    layout = layout_at(abi, version)
    assert len(layout.messages) == len(STATUSES)
    assert all(layout.messages)
    assert (layout.messages[0], layout.messages[9]) == ("okay", "bad page")


def test_gates() -> None:
    """Catches a newest version or a gate that moved."""
    assert header().newest == 0x00041300
    assert header().gates == (0x00030201, 0x0003020A, 0x00040300)


@each_abi
def test_nothing_else_is_gated(abi: str) -> None:
    """Catches a layout that changes where the ABI does not; gate 0x00030201 moves no byte."""
    for before, after in (
        ("undefined", "0x00030101"),
        ("0x00030101", "0x00030201"),
        ("0x00030201", "0x00030203"),
        ("0x00040300", "newest"),
    ):
        one, two = layout_at(abi, before), layout_at(abi, after)
        assert one.structs == two.structs, f"{before} {after}"
        assert (one.constants, one.ops, one.typedefs) == (two.constants, two.ops, two.typedefs)


@pytest.mark.parametrize(
    ("release", "name"), [(release, name) for release, names in RELEASES.items() for name in names]
)
def test_releases(release: str, name: str) -> None:
    """Catches a header that says something came with another release than it did."""
    assert f"[Xen {release}]" in header().docs[name]


def test_nothing_else_is_dated() -> None:
    """Catches a release stated for what the first Xen with grant tables had already."""
    dated = {name for name, doc in header().docs.items() if re.search(r"\[Xen \d", doc)}
    # Of these two statuses the table above knows only that numbers changed with 3.0.0.
    renumbered = {"GNTST_no_device_space", "GNTST_permission_denied"}
    assert dated - renumbered == {name for names in RELEASES.values() for name in names}
