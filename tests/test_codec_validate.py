# SPDX-License-Identifier: MIT
"""What `validate` finds: each thing that can be wrong once, alone, at the right place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from blobs import abi_at, mask, names_of, pack, random_blob, seeded, struct_of
from oracle import ABIS, VERSIONS

from xengnt import Abi, InvalidValue, Status
from xengnt.findings import ERROR, WARNING, Finding

Row = dict[str, Any]

SELF = 0x7FF0

CLEAN: dict[str, list[Row]] = {
    "map_grant_ref": [
        {"host_addr": 0x7F00_0000_1000, "flags": 6, "ref": 8, "dom": 3},
        {"flags": 0xFFFF0002, "ref": 0xFFFFFFFF, "dom": 0x7FEF},
    ],
    "unmap_grant_ref": [{"host_addr": 1 << 63, "dev_bus_addr": 5, "handle": 0xFFFFFFFF}],
    "unmap_and_replace": [{"host_addr": 4096, "new_addr": 8192, "handle": 1}],
    "setup_table": [{"dom": SELF, "nr_frames": 4, "frame_list": 0x1000}, {"dom": 1}],
    "dump_table": [{"dom": 7}],
    "transfer": [{"mfn": 0xFFFFF, "domid": 3, "ref": 9}],
    "copy": [
        {"source.u.ref": 8, "source.domid": 3, "dest.domid": SELF, "len": 4096, "flags": 1},
        {"source.domid": SELF, "dest.u.ref": 8, "dest.domid": 3, "flags": 2, "len": 1},
        {"source.u.ref": 1, "dest.u.ref": 2, "source.offset": 4095, "len": 1, "flags": 3},
        {"source.u.gmfn": 0xFFFFFFFF, "source.domid": SELF, "dest.domid": SELF, "len": 16},
        {"source.u.ref": 1, "source.domid": SELF, "dest.domid": SELF, "flags": 1},
        {"source.domid": SELF, "dest.domid": SELF, "source.offset": 4096},
    ],
    "query_size": [{"dom": SELF}],
    "set_version": [{"version": 1}],
    "get_status_frames": [{"nr_frames": 1, "dom": SELF, "frame_list": 8}],
    "get_version": [{"dom": SELF}, {"dom": 5}],
    "swap_grant_ref": [{"ref_a": 0, "ref_b": 0xFFFFFFFF}],
    "cache_flush": [
        {"a.dev_bus_addr": (1 << 56) - 1, "offset": 4095, "length": 1, "op": 3},
        {"a.dev_bus_addr": 5, "length": 4096, "op": 1},
        {"offset": 4095},
    ],
    "grant_entry_v1": [
        {"flags": 1 | 0x1FC, "domid": 3, "frame": 0xFFFFFFFF},
        {"flags": 2 | 0xC, "domid": 3},
        {},
    ],
    "grant_entry_v2": [
        {"full_page.hdr.flags": 0x1D, "full_page.frame": (1 << 52) - 1},
        {"full_page.hdr.flags": 0xE, "full_page.frame": 7},
        {"sub_page.hdr.flags": 0x101, "sub_page.page_off": 4000, "sub_page.length": 96},
        {"transitive.hdr.flags": 3, "transitive.trans_domid": 4, "transitive.gref": 0xFFFFFFFF},
        {},
    ],
    "grant_status_t": [{"grant_status_t": 0x18}, {}],
}
CLEAN["grant_entry"] = CLEAN["grant_entry_v1"]
"""Elements that have nothing wrong with them, at any ABI."""


def judged(abi: Abi, name: str, row: Row, when: str = "before") -> list[Finding]:
    """Return the findings about an element that stands between two clean ones."""
    struct = struct_of(abi, name)
    clean = pack(struct, CLEAN[name][0])
    findings = abi.validate(name, clean + pack(struct, row) + clean, when=when)
    return [found for found in findings if found.code != "count"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("abi", ABIS)
def test_nothing_is_found_in_clean_blobs(abi: str, version: str) -> None:
    """Would catch a false alarm: an allowed flag, domain, frame or length that is refused."""
    one = abi_at(abi, version)
    for name in names_of(one):
        struct = struct_of(one, name)
        for when in ("before", "after"):
            for row in CLEAN[name]:
                assert one.validate(name, pack(struct, row), when=when) == [], name
                assert judged(one, name, row, when) == [], name


def test_all_statuses_and_everything_that_comes_out_is_clean() -> None:
    """Would catch a status that the validator does not know, or an OUT value that it judges."""
    one = abi_at("x86_64")
    for status in Status:
        row = {**CLEAN["map_grant_ref"][0], "status": status, "handle": 0xFFFFFFFF}
        row["dev_bus_addr"] = (1 << 64) - 1
        assert judged(one, "map_grant_ref", row, "after") == []


Case = tuple[str, Row, str, str, str, object]

# The op, what is changed in its first clean row, and what is to be found: severity, code,
# field, the value that is reported.
CASES: list[Case] = [
    # Bits without a meaning, of each family.
    ("map_grant_ref", {"flags": 0x22}, WARNING, "flags", "flags", 0x22),
    ("map_grant_ref", {"flags": 0x8002}, WARNING, "flags", "flags", 0x8002),
    # Neither of the two mappings that there are.
    ("map_grant_ref", {"flags": 0}, ERROR, "flags", "flags", 0),
    ("map_grant_ref", {"flags": 4}, ERROR, "flags", "flags", 4),
    ("copy", {"flags": 5}, WARNING, "flags", "flags", 5),
    ("copy", {"flags": 0x8001}, WARNING, "flags", "flags", 0x8001),
    ("cache_flush", {"op": 4}, ERROR, "flags", "op", 4),
    ("cache_flush", {"op": 1 << 30}, ERROR, "flags", "op", 1 << 30),
    ("cache_flush", {"op": 1 << 31 | 1, "a.dev_bus_addr": 7}, ERROR, "flags", "op", 1 << 31 | 1),
    ("cache_flush", {"a.dev_bus_addr": 1 << 56}, ERROR, "frame", "a.dev_bus_addr", 1 << 56),
    ("set_version", {"version": 0}, ERROR, "version", "version", 0),
    ("set_version", {"version": 3}, ERROR, "version", "version", 3),
    ("grant_entry_v1", {"flags": 0x201}, WARNING, "flags", "flags", 0x201),
    ("grant_entry_v1", {"flags": 0x12}, WARNING, "flags", "flags", 0x12),
    ("grant_entry_v1", {"flags": 0x102}, WARNING, "flags", "flags", 0x102),
    ("grant_entry_v1", {"flags": 0x8003}, WARNING, "flags", "flags", 0x8003),
    ("grant_entry_v2", {"full_page.hdr.flags": 0x401}, WARNING, "flags", "full_page.hdr.flags",
     0x401),
    ("grant_entry_v2", {"full_page.hdr.flags": 0x22}, WARNING, "flags", "full_page.hdr.flags",
     0x22),
    ("grant_status_t", {"grant_status_t": 0x1}, WARNING, "flags", "grant_status_t", 1),
    ("grant_status_t", {"grant_status_t": 0x8000}, WARNING, "flags", "grant_status_t", 0x8000),
    # Pads.
    ("get_version", {"pad": 0x102}, WARNING, "pad", "pad", 0x102),
    ("grant_entry_v2", {"full_page.pad0": 1}, WARNING, "pad", "full_page.pad0", 1),
    # Domains.
    ("map_grant_ref", {"dom": SELF}, ERROR, "domid", "dom", SELF),
    ("map_grant_ref", {"dom": 0x7FF1}, ERROR, "domid", "dom", 0x7FF1),
    ("map_grant_ref", {"dom": 0x8000}, ERROR, "domid", "dom", 0x8000),
    ("transfer", {"domid": SELF}, ERROR, "domid", "domid", SELF),
    ("transfer", {"domid": 0xFFFF}, ERROR, "domid", "domid", 0xFFFF),
    ("setup_table", {"dom": 0x7FF1}, ERROR, "domid", "dom", 0x7FF1),
    ("setup_table", {"dom": 0x7FFF}, ERROR, "domid", "dom", 0x7FFF),
    ("query_size", {"dom": 0x7FF2}, ERROR, "domid", "dom", 0x7FF2),
    ("get_version", {"dom": 0x7FF4}, ERROR, "domid", "dom", 0x7FF4),
    ("get_status_frames", {"dom": 0x8001}, ERROR, "domid", "dom", 0x8001),
    ("copy", {"source.domid": 0x7FF1}, ERROR, "domid", "source.domid", 0x7FF1),
    ("copy", {"dest.domid": 0x9000}, ERROR, "domid", "dest.domid", 0x9000),
    ("grant_entry_v1", {"domid": SELF}, ERROR, "domid", "domid", SELF),
    ("grant_entry_v1", {"domid": 0x8000}, ERROR, "domid", "domid", 0x8000),
    ("grant_entry_v2", {"full_page.hdr.domid": 0x7FF5}, ERROR, "domid", "full_page.hdr.domid",
     0x7FF5),
    # A frame of somebody else's.
    ("copy", {"dest.domid": 3}, ERROR, "domid", "dest.domid", 3),
    ("copy", {"flags": 0}, ERROR, "domid", "source.domid", 3),
    # The end of the page.
    ("copy", {"source.offset": 1}, ERROR, "page", "source.offset", 1),
    ("copy", {"dest.offset": 0xFFFF}, ERROR, "page", "dest.offset", 0xFFFF),
    ("cache_flush", {"length": 2}, ERROR, "page", "offset", 4095),
    ("cache_flush", {"offset": 4096}, ERROR, "page", "offset", 4096),
    ("cache_flush", {"offset": 4096, "length": 0}, ERROR, "page", "offset", 4096),
    ("cache_flush", {"length": 4097}, ERROR, "page", "length", 4097),
    ("copy", {"len": 4097}, ERROR, "page", "len", 4097),
    ("copy", {"len": 4097, "source.offset": 9}, ERROR, "page", "len", 4097),
    # Of no bytes: what new versions of Xen do not look at.
    ("copy", {"len": 0, "source.offset": 4097}, WARNING, "page", "source.offset", 4097),
    ("copy", {"len": 0, "dest.domid": 3}, WARNING, "domid", "dest.domid", 3),
    ("copy", {"len": 0, "dest.domid": 0x9000}, WARNING, "domid", "dest.domid", 0x9000),
]  # fmt: skip


@pytest.mark.parametrize("abi", ABIS)
@pytest.mark.parametrize(
    ("name", "change", "severity", "code", "field", "got"),
    CASES,
    ids=[f"{case[3]}-{case[0]}-{'-'.join(map(str, case[1].items()))}" for case in CASES],
)
def test_one_thing_wrong_is_one_finding(
    name: str,
    change: Row,
    severity: str,
    code: str,
    field: str,
    got: object,
    abi: str,
) -> None:
    """Would catch what is not found, is found twice, or at the wrong element or offset."""
    one = abi_at(abi)
    struct = struct_of(one, name)
    findings = judged(one, name, {**CLEAN[name][0], **change})
    assert [(f.severity, f.code) for f in findings] == [(severity, code)]
    found = findings[0]
    assert found.where == f"{struct.tag}.{field}"
    assert found.element == 1
    assert found.offset == struct.field(field).offset
    assert found.got == got
    assert found.abi == abi
    assert found.interface_version == one.interface_version
    assert found.message.startswith(f"element 1: {found.where} ")
    assert "\n" not in found.message
    assert judged(one, name, {**CLEAN[name][0], **change}, "after") == findings


@pytest.mark.parametrize("abi", ABIS)
def test_every_byte_of_every_hole_is_looked_at(abi: str) -> None:
    """Would catch a hole that is not known to the validator, or one byte of it."""
    one = abi_at(abi)
    for name in names_of(one):
        struct = struct_of(one, name)
        clean = pack(struct, CLEAN[name][0])
        for offset, length in struct.holes:
            for at in range(offset, offset + length):
                bad = bytearray(clean)
                bad[at] = 0x80
                findings = one.validate(name, bad)
                assert [(f.severity, f.code) for f in findings] == [(WARNING, "hole")], name
                found = findings[0]
                assert (found.where, found.element, found.offset) == (struct.tag, 0, offset)
                assert found.got == bad[offset : offset + length].hex()
                assert one.validate(name, bad, when="after") == findings
        dirty = bytes(a | b for a, b in zip(clean, mask(struct, 0xAA, out=False), strict=True))
        assert len(one.validate(name, dirty)) == len(struct.holes)


@pytest.mark.parametrize("value", [1, -14, 0x7FFF, -0x8000])
@pytest.mark.parametrize("abi", ["x86_64", "x86_32", "arm32"])
def test_a_status_that_there_is_not_counts_after_the_call_only(abi: str, value: int) -> None:
    """Would catch old bytes of the caller's that are judged before the call, or none after it."""
    one = abi_at(abi)
    seen = 0
    for op in one.layout.ops:
        struct = struct_of(one, op)
        if "status" not in struct.by_name:
            continue
        seen += 1
        row = {**CLEAN[op][0], "status": value}
        assert judged(one, op, row) == []
        (found,) = judged(one, op, row, "after")
        assert (found.severity, found.code, found.element) == (ERROR, "status", 1)
        assert (found.where, found.got) == (f"{struct.tag}.status", value)
        assert found.offset == struct.field("status").offset
    assert seen == 10


def test_poison_is_found_in_holes_and_after_the_call_where_nothing_was_written() -> None:
    """Would catch a callee that leaves its fields alone, and is not found out."""
    one = abi_at("x86_64")
    rows = CLEAN["copy"]
    poisoned = one.encode("copy", rows, poison=0xAA)
    before = one.validate("copy", poisoned)
    assert {found.code for found in before} == {"hole"}
    after = one.validate("copy", poisoned, when="after")
    assert [f.code for f in after].count("status") == len(rows)
    assert len(after) == len(before) + len(rows)


WIDE = tuple(abi for abi in ABIS if abi != "x86_32")


@pytest.mark.parametrize("abi", WIDE)
@pytest.mark.parametrize("bit", [32, 40, 51, 52, 63])
def test_bits_above_a_reference(abi: str, bit: int) -> None:
    """Would catch a reference whose upper half is garbage, for those who read it as a frame."""
    one = abi_at(abi)
    for name, leaf, row in (
        ("copy", "source.u", CLEAN["copy"][0]),
        ("copy", "dest.u", CLEAN["copy"][1]),
        ("cache_flush", "a", {"op": 1 << 31, "length": 4096}),
    ):
        rest = {k: v for k, v in row.items() if not k.startswith(f"{leaf}.")}
        refused = judged(one, name, {**rest, leaf: 8})  # the reference itself
        found, *others = judged(one, name, {**rest, leaf: 8 | 1 << bit})
        assert others == refused
        struct = struct_of(one, name)
        assert (found.severity, found.code, found.element) == (WARNING, "union", 1)
        assert found.where == f"{struct.tag}.{leaf}.ref"
        assert found.offset == struct.field(leaf).offset + 4
        assert found.got == (1 << bit - 32).to_bytes(4, "little").hex()
        assert [one.code for one in refused] == ["flags"] * (name == "cache_flush")


def test_there_is_nothing_above_a_reference_where_frames_are_as_narrow() -> None:
    """Would catch a finding on x86_32 about bytes of the next field."""
    one = abi_at("x86_32")
    row = {**CLEAN["copy"][2], "source.u.ref": 0xFFFFFFFF, "source.domid": 0x7FEF}
    assert judged(one, "copy", row) == []


@pytest.mark.parametrize("abi", WIDE)
@pytest.mark.parametrize(
    ("name", "field", "row"),
    [
        ("transfer", "mfn", CLEAN["transfer"][0]),
        ("copy", "source.u.gmfn", {**CLEAN["copy"][3]}),
        ("copy", "dest.u.gmfn", {**CLEAN["copy"][3]}),
        ("grant_entry_v2", "full_page.frame", CLEAN["grant_entry_v2"][0]),
        ("grant_entry_v2", "full_page.frame", CLEAN["grant_entry_v2"][1]),
        ("grant_entry_v2", "sub_page.frame", CLEAN["grant_entry_v2"][2]),
    ],
)
def test_frame_numbers_that_are_none(abi: str, name: str, field: str, row: Row) -> None:
    """Would catch an address, or garbage, that passes for a frame number."""
    one = abi_at(abi)
    for value in ((1 << 52) - 1, 0, 0xFFFFFFFF):
        assert judged(one, name, {**row, field: value}) == []
    for value in (1 << 52, (1 << 64) - 1):
        (found,) = judged(one, name, {**row, field: value})
        struct = struct_of(one, name)
        assert (found.severity, found.code, found.element) == (ERROR, "frame", 1)
        assert (found.where, found.got) == (f"{struct.tag}.{field}", value)
        assert found.offset == struct.field(field).offset


ENTRIES: list[tuple[Row, list[tuple[str, str, int]]]] = [
    ({"sub_page.hdr.flags": 0x101, "sub_page.page_off": 4000, "sub_page.length": 97},
     [("page", "sub_page.page_off", 4)]),
    ({"sub_page.hdr.flags": 0x101, "sub_page.page_off": 4096}, []),
    ({"sub_page.hdr.flags": 0x101, "sub_page.length": 4097}, [("page", "sub_page.length", 6)]),
    ({"transitive.hdr.flags": 3, "transitive.pad0": 1}, [("pad", "transitive.pad0", 6)]),
    ({"transitive.hdr.flags": 3, "transitive.trans_domid": SELF},
     [("domid", "transitive.trans_domid", 4)]),
    ({"transitive.hdr.flags": 0x203}, [("flags", "transitive.hdr.flags", 0)]),
    ({"__spacer": [3, 0, 0, 1]}, [("hole", "", 12)]),
    ({"__spacer": [3 | 0x8000 << 16, 0, 0, 1]},
     [("hole", "", 12), ("domid", "transitive.hdr.domid", 2)]),
    ({"__spacer": [0, 1, 2, 3]}, []),
    ({"sub_page.hdr.flags": 0x102, "sub_page.length": 0xFFFF}, [("flags", "full_page.hdr.flags", 0),
     ("pad", "full_page.pad0", 4)]),
]  # fmt: skip


@pytest.mark.parametrize(("row", "expected"), ENTRIES)
@pytest.mark.parametrize("abi", ["x86_32", "riscv64"])
def test_entries_of_version_2_are_judged_by_the_view_that_is_meant(
    abi: str, row: Row, expected: list[tuple[str, str, int]]
) -> None:
    """Would catch a sub-page that is judged as a page, or bytes behind one that nobody sees."""
    findings = judged(abi_at(abi), "grant_entry_v2", row)
    names = [f"grant_entry_v2.{field}".rstrip(".") for _, field, _ in expected]
    assert [(f.code, f.where, f.offset, f.element) for f in findings] == [
        (code, name, offset, 1) for (code, _, offset), name in zip(expected, names, strict=True)
    ]


def test_a_transfer_flag_is_no_flag_of_other_entries_and_the_other_way_round() -> None:
    """Would catch flags that are judged without a look at the type."""
    one = abi_at("x86_64")
    for kind in range(4):
        known = 0xC | 3 if kind == 2 else 0x1FC | 3
        for bit in range(2, 16):
            found = judged(one, "grant_entry_v1", {"flags": kind | 1 << bit})
            assert bool(found) is not bool(known & 1 << bit), (kind, bit)
            assert all(one.code == "flags" for one in found)


def test_both_sides_of_a_copy_are_found_at_once() -> None:
    """Would catch a validator that stops at the first finding of an element, or of a blob."""
    one = abi_at("x86_64")
    bad = {"source.offset": 4000, "dest.offset": 4001, "len": 100, "dest.domid": 9, "flags": 0x11}
    blob = pack(struct_of(one, "copy"), {**bad, "source.domid": 0x8000}) * 2
    found = [(f.element, f.code, f.where.partition(".")[2]) for f in one.validate("copy", blob)]
    expected = {
        ("domid", "source.domid"),
        ("domid", "dest.domid"),
        ("flags", "flags"),
        ("page", "source.offset"),
        ("page", "dest.offset"),
    }
    assert {row[1:] for row in found} == expected
    assert [row[0] for row in found] == [0] * 5 + [1] * 5


def test_names_of_the_old_version_are_used() -> None:
    """Would catch a finding about a struct that the caller's header does not have."""
    one = abi_at("arm64", "undefined")
    blob = pack(struct_of(one, "grant_entry"), {"flags": 0x201, "domid": 0x7FF0})
    found = one.validate("grant_entry", blob)
    assert [f.where for f in found] == ["grant_entry.flags", "grant_entry.domid"]
    assert found[0].as_json()["interface_version"] == "undefined"


def test_another_moment_than_before_or_after_is_refused() -> None:
    """Would catch a misspelt moment that is taken for one of the two."""
    with pytest.raises(InvalidValue, match="expected before or after, got 'during'"):
        abi_at("x86_64").validate("copy", b"", when="during")


def test_a_copy_of_no_bytes_says_which_versions_mind() -> None:
    """Would catch a warning about what a new Xen takes that does not say so."""
    (found,) = judged(abi_at("arm64"), "copy", {**CLEAN["copy"][0], "len": 0, "flags": 0})
    assert found.message.endswith("; Xen before 4.19 refuses it, although len is 0")
    after = {**CLEAN["copy"][0], "len": 0, "status": 5}
    (found,) = judged(abi_at("arm64"), "copy", after, "after")
    assert (found.severity, found.code) == (ERROR, "status")


@pytest.mark.parametrize("abi", ABIS)
def test_what_one_architecture_refuses(abi: str) -> None:
    """Would catch a value that Arm or x86 refuses and others take, and it is told to all."""
    one = abi_at(abi)
    arm, x86 = abi.startswith("arm"), abi.startswith("x86")
    for name, row, refused in (
        ("map_grant_ref", {"flags": 1}, arm),
        ("map_grant_ref", {"flags": 3}, arm),
        ("map_grant_ref", {"flags": 0xA}, arm),
        ("map_grant_ref", {"flags": 0x12}, arm),
        ("set_version", {"version": 2}, arm),
        ("cache_flush", {"op": 2}, x86),
    ):
        findings = judged(one, name, {**CLEAN[name][0], **row})
        assert [found.severity for found in findings] == [ERROR] * refused, (name, row)


@pytest.mark.parametrize("abi", ABIS)
def test_how_many_structs_a_call_takes(abi: str) -> None:
    """Would catch a batch that is an error as a whole, or of which Xen does one element."""
    one = abi_at(abi)
    several = {"set_version": WARNING, "get_version": WARNING}
    several |= dict.fromkeys(("setup_table", "query_size", "get_status_frames"), ERROR)
    for name in names_of(one):
        clean = pack(struct_of(one, name), CLEAN[name][0])
        assert one.validate(name, clean) == one.validate(name, b"") == []
        found = [(f.severity, f.code, f.element, f.got) for f in one.validate(name, clean * 3)]
        assert found == ([(several[name], "count", None, 3)] if name in several else [])


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("abi", ABIS)
def test_everything_that_has_a_name_is_judged_and_read(abi: str, version: str) -> None:
    """Would catch a struct that only occurs inside another, or a type, that raises."""
    one = abi_at(abi, version)
    random = seeded(abi, version)
    names = [*one.layout.ops, *one.layout.structs, *one.layout.typedefs, *one.layout.aliases]
    for name in names:
        struct = one.struct(name)
        assert one.codec(name).plan.struct == struct
        for blob in (bytes(struct.size), b"\xff" * struct.size, random_blob(struct, 4, random)):
            rows = one.decode(name, blob)
            assert one.decode(name, one.encode(name, rows, allow_out=True)) == rows
            assert list(map(dict, one.view(name, blob))) == rows
            assert b"".join(line.data for line in one.dump(name, blob)) == blob
            for when in ("before", "after"):
                for found in one.validate(name, blob, when=when):
                    json.dumps(found.as_json())
