# SPDX-License-Identifier: MIT
"""Layouts compared: any change of any field is seen, and nothing else is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import xengnt
from xengnt.abi.layout import Field, Layout, StructLayout
from xengnt.abi.targets import TARGETS
from xengnt.compare import compare, compare_struct, pairs
from xengnt.findings import ERROR, NOTE

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
