# SPDX-License-Identifier: MIT
"""Layouts compared: any change of any field is seen, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import xengnt
from xengnt.abi.layout import Field, Layout, StructLayout
from xengnt.abi.targets import TARGETS
from xengnt.check import check
from xengnt.compare import compare, compare_struct, pairs
from xengnt.findings import ERROR, NOTE, Finding

LAYOUTS = [
    xengnt.Abi(abi, version).layout
    for abi in TARGETS
    for version in ("undefined", "0x0003020a", "newest")
]
STRUCTS = sorted({one.tag for layout in LAYOUTS for one in layout.structs.values()})


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda one: f"{one.abi}-{one.interface_version:#x}")
def test_nothing_differs_from_itself(layout: Layout) -> None:
    """Would catch a comparison that sees a difference where there is none."""
    assert compare(layout, layout) == []


@st.composite
def fields(draw: st.DrawFn) -> tuple[StructLayout, Field]:
    """Draw a struct and one of its scalar fields that is no pad."""
    layout = draw(st.sampled_from(LAYOUTS))
    struct = draw(st.sampled_from(list(layout.structs.values())))
    some = [one for one in struct.fields if one.scalar and "pad" not in one.name]
    assume(some)
    return struct, draw(st.sampled_from(some))


def changed(struct: StructLayout, old: Field, new: Field) -> StructLayout:
    """Return a struct with another field in the place of one."""
    return replace(struct, fields=tuple(new if one is old else one for one in struct.fields))


@settings(max_examples=400, deadline=None)
@given(fields(), st.data())
def test_any_change_of_a_field_is_an_error(
    drawn: tuple[StructLayout, Field], data: st.DataObject
) -> None:
    """Would catch a property of a field that is not compared, or is blamed on another."""
    struct, field = drawn
    ways = {
        "offset": replace(field, offset=field.offset + data.draw(st.sampled_from([-4, 1, 2, 8]))),
        "size": replace(field, size=field.size * 2, align=None),
        "count": replace(field, count=(field.count or 1) + 1),
    }
    if field.kind == "int":
        ways["sign"] = replace(field, signed=not field.signed)
        ways["kind"] = replace(field, kind="float", signed=None)
    if field.pointee and field.pointee.size:
        pointee = replace(field.pointee, size=field.pointee.size * 2)
        ways["pointee"] = replace(field, pointee=pointee)
    theirs = changed(struct, field, ways[data.draw(st.sampled_from(sorted(ways)))])
    errors = [one for one in compare_struct(struct, theirs) if one.severity == ERROR]
    assert errors
    assert {one.where for one in errors} == {f"{struct.tag}.{field.name}"}


@settings(max_examples=200, deadline=None)
@given(fields())
def test_a_field_that_is_gone_is_missed(drawn: tuple[StructLayout, Field]) -> None:
    """Would catch a field that may be dropped without a word."""
    struct, field = drawn
    kept = tuple(one for one in struct.fields if one is not field)
    found = compare_struct(struct, replace(struct, fields=kept))
    assert [(f.code, f.where) for f in found if f.code == "field-missing"] == [
        ("field-missing", f"{struct.tag}.{field.name}")
    ]


@settings(max_examples=200, deadline=None)
@given(fields(), fields())
def test_swapped_fields_are_not_renamed(
    drawn: tuple[StructLayout, Field], other: tuple[StructLayout, Field]
) -> None:
    """Would catch two fields that changed places and are taken for each other."""
    struct, one = drawn
    peers = [
        peer
        for peer in struct.members_of(one.name.rpartition(".")[0])
        if peer.scalar and peer is not one and (peer.size, peer.kind) == (one.size, one.kind)
    ]
    assume(peers and peers[0].offset != one.offset)
    peer = peers[0]
    swapped = tuple(
        replace(field, offset={one: peer, peer: one}[field].offset)
        if field in (one, peer)
        else field
        for field in struct.fields
    )
    errors = [
        f for f in compare_struct(struct, replace(struct, fields=swapped)) if f.severity == ERROR
    ]
    assert {f.where for f in errors} == {f"{struct.tag}.{one.name}", f"{struct.tag}.{peer.name}"}


@settings(max_examples=200, deadline=None)
@given(fields(), fields())
def test_any_two_structs_can_be_compared(
    drawn: tuple[StructLayout, Field], other: tuple[StructLayout, Field]
) -> None:
    """Would catch structs that have little in common and cannot be put side by side."""
    ours, theirs = drawn[0], other[0]
    found = compare_struct(ours, theirs)
    shown = pairs(ours, theirs)
    assert [left for left, _ in shown if left] == list(ours.fields)
    assert sorted(f.name for _, f in shown if f) == sorted(f.name for f in theirs.fields)
    if ours != theirs and ours.size != theirs.size:
        assert any(one.code == "struct-size" for one in found)


@settings(max_examples=200, deadline=None)
@given(fields(), st.sampled_from(["host_addr", "x", "other_name"]))
def test_another_name_in_the_same_place_is_a_note(
    drawn: tuple[StructLayout, Field], name: str
) -> None:
    """Would catch a renamed field that counts as wrong, or passes without a word."""
    struct, field = drawn
    path = field.name.rpartition(".")[0]
    assume(all(one.name.rpartition(".")[2] != name for one in struct.fields))
    new = replace(field, name=f"{path}.{name}" if path else name)
    found = compare_struct(struct, changed(struct, field, new))
    assert [(f.severity, f.code, f.where) for f in found] == [
        (NOTE, "field-renamed", f"{struct.tag}.{field.name}")
    ]


def read_both(folder: Path, reference: str, theirs: str) -> list[Finding]:
    """Hold one header against another, and return what is graver than a note."""
    (folder / "ours.h").write_text(f"#include <stdint.h>\n{reference}")
    (folder / "theirs.h").write_text(f"#include <stdint.h>\n{theirs}")
    found = check(folder / "theirs.h", against=folder / "ours.h", abis=["x86_64"]).findings
    return [one for one in found if one.severity != NOTE]


REF, STATUS, LIST = "uint32_t ref", "int16_t status", "uint64_t *list"


def three(*members: str) -> str:
    """Return a struct of these members, with a few types before it."""
    types = "typedef struct { uint32_t v; } ref_t; struct w { struct { int16_t v; } in; };"
    return f"{types} struct s {{ {'; '.join(members)}; }};"


@pytest.mark.parametrize(
    ("members", "codes"),
    [
        (("ref_t ref", STATUS, LIST), set()),
        ((REF, "struct w status", LIST), set()),
        ((REF, "struct { uint16_t v; } status", LIST), {"field-sign"}),
        (("struct { uint16_t a, b; } ref", STATUS, LIST), {"field-kind"}),
        (("float ref", STATUS, LIST), {"field-kind"}),
        ((REF, STATUS, "struct { uint32_t *p; } list"), {"pointee-size"}),
        (("union { uint32_t v; uint8_t b[4]; } ref", STATUS, LIST), set()),
    ],
)
def test_what_wraps_a_scalar_is_looked_into(
    tmp_path: Path, members: tuple[str, ...], codes: set[str]
) -> None:
    """Would catch a struct in the place of an integer that passes whatever is in it."""
    ours = f"struct s {{ {REF}; {STATUS}; {LIST}; }};"
    assert {one.code for one in read_both(tmp_path, ours, three(*members))} == codes


def test_a_union_is_no_floating_point_number(tmp_path: Path) -> None:
    """Would catch a union of integers that may become anything of its size."""
    ours = "struct s { union { uint32_t a; uint64_t b; } u; };"
    assert read_both(tmp_path, ours, "struct s { double u; };")
    assert not read_both(tmp_path, ours, "struct s { uint64_t u; };")


@pytest.mark.parametrize(
    ("ours", "theirs", "codes"),
    [
        ("uint64_t source, dest;", "uint64_t dst, src;", {"field-offset"}),
        ("uint32_t nr_frames, max_nr_frames;", "uint32_t max_frames, frames;", {"field-offset"}),
        ("uint32_t flags, ref;", "uint32_t gref, flgs;", {"field-offset"}),
        ("uint64_t host_addr, new_addr;", "uint64_t new, host;", {"field-offset"}),
        ("uint32_t ref_a, ref_b;", "uint32_t y, x;", {"field-guess"}),
        ("uint32_t flags, ref;", "uint32_t flgs, gref;", set()),
        ("uint32_t ref; int16_t status;", "uint32_t a; int16_t b;", set()),
    ],
)
def test_renamed_fields_may_be_swapped(
    tmp_path: Path, ours: str, theirs: str, codes: set[str]
) -> None:
    """Would catch a swap that is taken for two renamed fields."""
    found = read_both(tmp_path, f"struct s {{ {ours} }};", f"struct s {{ {theirs} }};")
    assert {one.code for one in found} == codes


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("unsigned a:3, b:5;", "unsigned a:5, b:3;"),
        ("unsigned a:1, b:1;", "unsigned b:1, a:1;"),
    ],
)
def test_bits_have_places_too(tmp_path: Path, ours: str, theirs: str) -> None:
    """Would catch bit-fields that only share their bytes."""
    assert read_both(tmp_path, f"struct s {{ {ours} }};", f"struct s {{ {theirs} }};")


def test_a_used_pad_is_more_than_a_note(tmp_path: Path) -> None:
    """Would catch bytes that must be zero and hold something of theirs."""
    ours = "struct s { uint16_t dom; uint16_t pad; uint32_t version; };"
    [found] = read_both(tmp_path, ours, ours.replace("uint16_t pad", "int16_t status"))
    assert found.code == "pad-used"


def test_another_view_of_a_union_is_extra(tmp_path: Path) -> None:
    """Would catch raw bytes in a union that are taken for a struct in it."""
    ours = "union u { struct { uint32_t a, b; } one; struct { uint64_t c; } two; };"
    theirs = "union u { struct { uint32_t a, b; } one; uint64_t raw[1]; };"
    assert not read_both(tmp_path, ours, theirs)


def test_the_cause_is_never_padding_that_is_not_there(tmp_path: Path) -> None:
    """Would catch a swap that is explained by padding."""
    ours = "struct s { uint16_t flags; uint16_t domid; uint32_t frame; };"
    theirs = "struct s { uint16_t domid; uint16_t flags; uint32_t frame; };"
    [flags, domid] = read_both(tmp_path, ours, theirs)
    assert flags.because is not None
    assert flags.because.startswith("domid is before it")
    assert "padding" not in str(domid.because)


def test_findings_name_their_field_and_its_line(tmp_path: Path) -> None:
    """Would catch a field that is spelled otherwise and located at the head of its struct."""
    path = tmp_path / "theirs.h"
    path.write_text(
        "#include <stdint.h>\n"
        "typedef struct {\n"
        "    uint32_t RefA;\n"
        "    uint32_t RefB;\n"
        "    uint16_t Status;\n"
        "} GnttabSwapGrantRef;\n"
    )
    [sign] = [one for one in check(path, abis=["x86_64"]).findings if one.severity != NOTE]
    assert (sign.code, sign.where) == ("field-sign", "gnttab_swap_grant_ref.status")
    assert sign.theirs == "GnttabSwapGrantRef.Status"
    assert sign.source == f"{path}:5"
