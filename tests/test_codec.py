# SPDX-License-Identifier: MIT
"""The codec: every op and entry, in every form, at every ABI and interface version.

What comes out is compared with `blobs.pack` and `blobs.read`, which know nothing but
the offsets of the layout; that these are right, the oracle tests show.
"""

from __future__ import annotations

import array
import ctypes
import json
import mmap
from collections import deque, namedtuple
from collections.abc import Callable, Iterator
from dataclasses import make_dataclass
from decimal import Decimal
from enum import IntEnum, IntFlag
from fractions import Fraction
from functools import cache
from random import Random
from types import MappingProxyType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from blobs import (
    abi_at,
    bounds,
    cleaned,
    combinations,
    elements,
    mask,
    meant,
    names_for,
    names_of,
    nested,
    pack,
    random_blob,
    read,
    seeded,
    settable,
    struct_of,
    values_of,
    views_of,
    width,
)
from oracle import ABIS, VERSIONS

import xengnt
from xengnt import (
    Abi,
    CacheFlag,
    CopyFlag,
    Domid,
    EntryFlag,
    EntryType,
    InvalidValue,
    MapFlag,
    Status,
    TransferFlag,
    UnknownName,
    XengntError,
)
from xengnt.abi.layout import Field, StructLayout
from xengnt.extension import load

Row = dict[str, Any]


CASES = [(abi, name) for abi, version, name in combinations() if version == "newest"]
CASES += [(abi, "grant_entry") for abi in ABIS]
"""Every op and entry at each ABI, at the newest interface version; and the old entry."""


def at(abi: str, name: str) -> Abi:
    """Return an ABI at an interface version that has this op or entry."""
    return abi_at(abi, "undefined" if name == "grant_entry" else "newest")


# Bytes to rows, and back to the same bytes


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("abi", ABIS)
def test_a_full_decode_is_what_the_bytes_say_and_encodes_to_them(abi: str, version: str) -> None:
    """Would catch a field at the wrong place, of the wrong width or sign, in either direction."""
    random = seeded(f"{abi} {version}")
    one = abi_at(abi, version)
    for name in names_of(one):
        struct = struct_of(one, name)
        blob = cleaned(struct, random_blob(struct, 12, random))
        rows = one.decode(name, blob)
        for data, row in zip(elements(struct, blob), rows, strict=True):
            assert row == {f.name: read(f, data) for f in meant(struct, data)}, name
        assert one.encode(name, rows, allow_out=True) == blob, name
        assert one.encode(name, json.loads(json.dumps(rows)), allow_out=True) == blob, name
        assert one.decode(name, one.encode(name, rows, allow_out=True)) == rows, name


@pytest.mark.parametrize("abi", ABIS)
def test_the_member_of_a_union_up_to_its_last_value(abi: str) -> None:
    """Would catch a greatest reference that is taken for a frame, or the next for a reference."""
    one = abi_at(abi)
    for name, row in (("copy", {"flags": 3}), ("cache_flush", {"op": 1 << 31})):
        struct = struct_of(one, name)
        for leaf in struct.leaves:
            if leaf.kind != "union":
                continue
            last = (1 << 32) - 1
            (seen,) = one.decode(name, pack(struct, {**row, leaf.name: last}))
            assert seen[f"{leaf.name}.ref"] == last
            assert leaf.name not in seen
            if leaf.size > 4:
                (seen,) = one.decode(name, pack(struct, {**row, leaf.name: last + 1}))
                assert seen[leaf.name] == last + 1
                assert f"{leaf.name}.ref" not in seen


@pytest.mark.parametrize("abi", ABIS)
def test_dirty_holes_change_nothing_and_are_left_out(abi: str) -> None:
    """Would catch a decoder that reads a hole, and an encoder that fills one."""
    one = abi_at(abi)
    for name in names_of(one):
        struct = struct_of(one, name)
        clean = cleaned(struct, random_blob(struct, 4, seeded(name)))
        dirt = mask(struct, 0xFF, out=False) * 4
        dirty = bytes(a | b for a, b in zip(clean, dirt, strict=True))
        assert one.decode(name, dirty) == one.decode(name, clean)
        assert one.encode(name, one.decode(name, dirty), allow_out=True) == clean


@pytest.mark.parametrize(("abi", "name"), CASES)
def test_all_ways_to_read_agree(abi: str, name: str) -> None:
    """Would catch a reader of its own opinion, of any field, of any member of a union."""
    one = at(abi, name)
    struct = struct_of(one, name)
    blob = random_blob(struct, 6, seeded(name))
    size = struct.size
    view = one.view(name, blob)
    rows = one.decode(name, blob)
    structs = [one.ctype(name).from_buffer_copy(blob, n * size) for n in range(6)]
    records = np.frombuffer(blob, one.dtype(name))
    assert len(view) == len(records) == 6
    assert ctypes.sizeof(structs[0]) == one.dtype(name).itemsize == size
    for field in values_of(struct):
        expected = [read(field, data) for data in elements(struct, blob)]
        assert view.column(field.name) == expected
        assert [element[field.name] for element in view] == expected
        assert [follow(element, field.name) for element in view] == expected
        assert [plain(follow(one, field.name)) for one in structs] == expected
        column: Any = records
        for step in field.name.split("."):
            column = column[step]
        assert column.tolist() == expected
    for number, element in enumerate(view):
        assert dict(element) == rows[number]
        assert list(element) == list(rows[number])
        assert len(element) == len(rows[number])


def follow(value: Any, path: str) -> Any:
    """Return the value at a dotted path of attributes."""
    for step in path.split("."):
        value = getattr(value, step)
    return value


def plain(value: Any) -> Any:
    """Return an array of ctypes as a list."""
    return list(value) if isinstance(value, ctypes.Array) else value


@pytest.mark.parametrize(("abi", "name"), CASES)
def test_tuples_and_columns_have_every_leaf_and_go_back(abi: str, name: str) -> None:
    """Would catch a tuple in another order than that of declaration, and a column of another."""
    one = at(abi, name)
    struct = struct_of(one, name)
    blob = cleaned(struct, random_blob(struct, 5, seeded(name)))
    without_out = cleaned(struct, blob, out=True)
    leaves = views_of(struct).get("") or views_of(struct)["__spacer"]
    inputs = [leaf for leaf in leaves if leaf.direction != "OUT"]
    for in_only, fields in ((False, leaves), (True, inputs)):
        expected = [
            tuple(value for f in fields for value in listed(read(f, data)))
            for data in elements(struct, blob)
        ]
        assert one.decode_tuples(name, blob, in_only=in_only) == expected
    assert one.encode(name, one.decode_tuples(name, blob), allow_out=True) == blob
    if inputs:
        assert one.encode(name, one.decode_tuples(name, blob, in_only=True)) == without_out
    columns = one.decode_columns(name, blob)
    if struct.tag != "grant_entry_v2":
        assert columns == {f.name: [read(f, d) for d in elements(struct, blob)] for f in leaves}
    assert one.encode(name, columns, allow_out=True) == blob


def listed(value: Any) -> list[Any]:
    """Return a value as a list of one, a list as it is."""
    return value if isinstance(value, list) else [value]


def test_columns_of_entries_are_those_of_their_common_view() -> None:
    """Would catch columns that mix views, or lose the one that all entries have."""
    one = abi_at("x86_64")
    full = [{"full_page.hdr.flags": 1, "full_page.frame": n} for n in range(3)]
    sub = [{"sub_page.hdr.flags": 0x101, "sub_page.length": n} for n in range(3)]
    columns = one.decode_columns("grant_entry_v2", one.encode("grant_entry_v2", full))
    assert columns == {
        "full_page.hdr.flags": [1, 1, 1],
        "full_page.hdr.domid": [0, 0, 0],
        "full_page.pad0": [0, 0, 0],
        "full_page.frame": [0, 1, 2],
    }
    mixed = one.encode("grant_entry_v2", [*full, *sub])
    assert list(one.decode_columns("grant_entry_v2", mixed)) == ["__spacer"]
    assert one.decode_columns("grant_entry_v2", b"") == {"__spacer": []}


def test_a_view_is_a_sequence_in_place() -> None:
    """Would catch a view that copies, and indices, slices or names that do not work."""
    one = abi_at("x86_64")
    blob = bytearray(one.encode("copy", {"len": range(5), "flags": 1, "source.u.ref": range(5)}))
    view = one.view("copy", blob)
    assert [element["len"] for element in view[1:3]] == [1, 2]
    assert [element["len"] for element in view[::-2]] == [4, 2, 0]
    assert view[-1] == view[4] != view[3]
    assert view[-1].source.u.ref == 4
    assert dict(view[2].source) == {"u.ref": 2, "domid": 0, "offset": 0}
    assert dict(view[2].source.u) == {"ref": 2}
    for index in (5, -6):
        with pytest.raises(IndexError, match=f"element {index} of 5"):
            view[index]
    blob[32] = 77
    assert view[0].len == view.column("len")[0] == 77
    assert "source.u.gmfn" in view[0]
    assert "nothing" not in view[0]
    assert view[0].get("nothing", 3) == 3
    assert view[0].get("len") == 77
    with pytest.raises(AttributeError, match="nothing"):
        _ = view[0].nothing
    for bad in (lambda: view[0]["nothing"], lambda: view.column("nothing")):
        with pytest.raises(UnknownName, match="'nothing'"):
            bad()
    assert "5 elements of copy" in repr(view)
    assert "source.u.ref=4" in repr(view[4])
    assert one.encode("copy", view, allow_out=True) == blob


BUFFERS: list[Callable[[bytes], Any]] = [
    bytes,
    bytearray,
    memoryview,
    lambda data: array.array("I", data),
    lambda data: np.frombuffer(data, "u1"),
    lambda data: np.frombuffer(data, "u2").reshape(2, -1),
    lambda data: np.frombuffer(data, abi_at("x86_64").dtype("copy")),
    (abi_at("x86_64").ctype("copy") * 3).from_buffer_copy,
    lambda data: load().ffi.buffer(load().ffi.from_buffer("struct gnttab_copy[]", data)),
]


@pytest.mark.parametrize("make", BUFFERS)
def test_bytes_are_taken_from_whatever_has_a_buffer(make: Callable[[bytes], Any]) -> None:
    """Would catch a buffer of structs, or of wider items, that is refused or read wrongly."""
    one = abi_at("x86_64")
    blob = random_blob(struct_of(one, "copy"), 3, seeded(5))
    held = make(blob)
    assert one.decode("copy", held) == one.decode("copy", blob)
    assert one.decode_tuples("copy", held) == one.decode_tuples("copy", blob)
    assert one.view("copy", held).column("len") == one.view("copy", blob).column("len")
    assert one.validate("copy", held) == one.validate("copy", blob)
    assert list(one.dump("copy", held)) == list(one.dump("copy", blob))


ROOMS: list[Callable[[int], Any]] = [
    bytearray,
    lambda size: array.array("H", bytes(size)),
    lambda size: np.zeros(size, "u1"),
    lambda size: np.zeros(size // 40, abi_at("x86_64").dtype("copy")),
    lambda size: (abi_at("x86_64").ctype("copy") * (size // 40))(),
    lambda size: mmap.mmap(-1, max(size, 1)),
    lambda size: memoryview(bytearray(size + 8))[8:],
    lambda size: load().ffi.buffer(load().ffi.new("char[]", size)),
]


@pytest.mark.parametrize("make", ROOMS)
def test_encode_into_writes_to_whatever_is_a_writable_buffer(make: Callable[[int], Any]) -> None:
    """Would catch a buffer that is not taken, and bytes behind the batch that are touched."""
    one = abi_at("x86_64")
    rows = [{"len": 5, "dest.domid": 3}, {"flags": 2}]
    room = make(120)
    assert one.encode_into("copy", room, rows) == 80
    if isinstance(room, mmap.mmap):
        held = room[:]
    else:
        held = room.tobytes() if hasattr(room, "tobytes") else bytes(room)
    assert held[:120] == one.encode("copy", rows) + bytes(40)
    assert one.encode_into("copy", room, []) == 0


@pytest.mark.parametrize(
    ("room", "words"),
    [
        (bytearray(79), "has 79 bytes, and 80 are to be written"),
        (bytes(80), "is read-only"),
        ([0] * 80, "expected a buffer in one piece, got list"),
        (memoryview(bytearray(160))[::2], "expected a buffer in one piece, got memoryview"),
        ("x" * 80, "got str"),
    ],
)
def test_encode_into_refuses_what_it_cannot_fill(room: Any, words: str) -> None:
    """Would catch a batch that is written in part, or an error that does not say why."""
    before = bytes(room) if isinstance(room, bytearray) else None
    with pytest.raises(InvalidValue, match=words):
        abi_at("x86_64").encode_into("copy", room, [{"len": 1}, {"len": 2}])
    assert before is None or bytes(room) == before


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (bytes(41), "41 bytes are not a multiple of the struct's 40: 1 too many at offset 40"),
        (bytes(3), "3 too many at offset 0"),
        ("0" * 40, "got str"),
        (None, "got NoneType"),
        (5, "got int"),
        ([0] * 40, "got list"),
        (memoryview(bytes(80))[::2], "in one piece"),
    ],
)
def test_what_is_no_blob_is_refused(data: object, words: str) -> None:
    """Would catch a short blob that is cut, or bytes made up of something else."""
    one = abi_at("x86_64")
    readers = (one.decode, one.decode_tuples, one.decode_columns, one.view, one.validate, one.dump)
    for reader in readers:
        with pytest.raises(InvalidValue, match=words) as caught:
            reader("copy", data)
        assert caught.value.struct == "gnttab_copy"
        assert "\n" not in str(caught.value)
    if isinstance(data, bytes):
        assert caught.value.offset == len(data) // 40 * 40
        assert caught.value.got == len(data)


@pytest.mark.parametrize("name", names_of(abi_at("x86_64")))
def test_an_empty_blob_is_an_empty_batch(name: str) -> None:
    """Would catch an error, or an element, out of nothing."""
    one = abi_at("x86_64")
    assert one.decode(name, b"") == one.decode_tuples(name, b"") == []
    assert one.validate(name, b"") == list(one.dump(name, b"")) == []
    assert len(one.view(name, b"")) == 0
    assert one.encode(name, []) == one.encode(name, ()) == one.encode(name, iter(())) == b""
    assert not any(one.decode_columns(name, b"").values())
    assert one.encode(name, one.decode_columns(name, b""), allow_out=True) == b""


# Rows in every form


def example(struct: StructLayout, view: str, count: int, random: Random) -> list[Row]:
    """Return rows of all leaves of a view that go in, unions by a member, with dotted names."""
    rows = []
    picked = [
        random.choice(names_for(struct, leaf)[:-1] or [leaf])
        for leaf in views_of(struct)[view]
        if leaf.direction != "OUT"
    ]
    for _ in range(count):
        row: Row = {}
        for field in picked:
            low, high = bounds(field)
            values = [random.choice((low, high, random.randint(low, high))) for _ in range(4)]
            row[field.name] = values[: field.count] if field.count else values[0]
        rows.append(row)
    return rows


@cache
def slots_class(names: tuple[str, ...]) -> Any:
    """Return a class without a dictionary; Python would rename a slot with two underscores."""
    plain_names = [name for name in names if not name.startswith("__")]
    return type("Slots", (), {"__slots__": plain_names}) if plain_names else SimpleNamespace


def slots_object(row: Row) -> Any:
    """Return a row as an object without a dictionary."""
    return filled(slots_class(tuple(row))(), row, slots_object)


def filled(made: Any, row: Row, inner: Callable[[Row], Any]) -> Any:
    """Put the values of a nested row into an object."""
    for name, value in row.items():
        setattr(made, name, inner(value) if isinstance(value, dict) else value)
    return made


@cache
def dataclass_of(names: tuple[str, ...]) -> Any:
    """Return a dataclass with these fields."""
    return make_dataclass("Data", names)


def dataclass_object(row: Row) -> Any:
    """Return a row as an instance of a dataclass."""
    values = {n: dataclass_object(v) if isinstance(v, dict) else v for n, v in row.items()}
    return dataclass_of(tuple(row))(**values)


@cache
def property_class(names: tuple[str, ...]) -> Any:
    """Return a class that has these properties, and nothing of those names in its instances."""
    getters = {name: property(lambda self, name=name: self.row[name]) for name in names}
    return type("Computed", (), {"__slots__": ("row",), **getters})


def property_object(row: Row) -> Any:
    """Return a row as an object that computes its fields."""
    made = property_class(tuple(row))()
    made.row = {n: property_object(v) if isinstance(v, dict) else v for n, v in row.items()}
    return made


def named_tuple(row: Row) -> Any:
    """Return a row as a namedtuple, whose names count and not its order."""
    names = list(reversed(row))
    return namedtuple("Row", names)(**row)  # noqa: PYI024 -- made of names at run time


def mixed(row: Row) -> Row:
    """Return a row with half of its names dotted and half of them nested."""
    names = list(row)
    made = nested({name: row[name] for name in names[::2]})
    for name in names[1::2]:
        made[name] = row[name]
    return made


def half_nested(row: Row) -> Row:
    """Return a row that is nested at the first level, and dotted below."""
    made: Row = {}
    for name, value in row.items():
        first, _, rest = name.partition(".")
        if rest:
            made.setdefault(first, {})[rest] = value
        else:
            made[name] = value
    return made


ROWS: dict[str, Callable[[list[Row]], Any]] = {
    "dotted dicts": lambda rows: rows,
    "a tuple of dicts": tuple,
    "a deque of dicts": deque,
    "a generator": lambda rows: (row for row in rows),
    "dicts in another order": lambda rows: [dict(reversed(row.items())) for row in rows],
    "nested dicts": lambda rows: [nested(row) for row in rows],
    "half nested": lambda rows: [half_nested(row) for row in rows],
    "half of the names nested": lambda rows: [mixed(row) for row in rows],
    "mappings": lambda rows: [MappingProxyType(row) for row in rows],
    "nested mappings": lambda rows: [MappingProxyType(nested(row)) for row in rows],
    "namespaces": lambda rows: [filled(SimpleNamespace(), nested(r), space) for r in rows],
    "slots": lambda rows: [slots_object(nested(row)) for row in rows],
    "dataclasses": lambda rows: [dataclass_object(nested(row)) for row in rows],
    "properties": lambda rows: [property_object(nested(row)) for row in rows],
    "hexadecimal": lambda rows: [{n: hexed(v) for n, v in row.items()} for row in rows],
    "decimal": lambda rows: [{n: texted(v) for n, v in row.items()} for row in rows],
    "numpy scalars": lambda rows: [{n: scalars(v) for n, v in row.items()} for row in rows],
    "objects that are indices": lambda rows: [{n: index_of(v) for n, v in r.items()} for r in rows],
    "all of it mixed": lambda rows: [
        one
        for number, row in enumerate(rows)
        for one in (nested(row), dataclass_object(nested(row)), row, slots_object(nested(row)))[
            number % 4 : number % 4 + 1
        ]
    ],
    "lists as columns": lambda rows: {n: [row[n] for row in rows] for n in rows[0]},
    "tuples as columns": lambda rows: {n: tuple(row[n] for row in rows) for n in rows[0]},
    "nested columns": lambda rows: nested({n: [row[n] for row in rows] for n in rows[0]}),
    "iterators as columns": lambda rows: {n: iter([row[n] for row in rows]) for n in rows[0]},
    "objects of numpy": lambda rows: {n: np.array([r[n] for r in rows], object) for n in rows[0]},
    "texts as columns": lambda rows: {n: [texted(row[n]) for row in rows] for n in rows[0]},
}
"""What can be made of rows with dotted names, without losing the names."""


def space(row: Row) -> Any:
    """Return a row as a namespace."""
    return filled(SimpleNamespace(), row, space)


def hexed(value: Any) -> Any:
    """Return a value in hexadecimal."""
    return [hexed(one) for one in value] if isinstance(value, list) else hex(value)


def texted(value: Any) -> Any:
    """Return a value in decimal."""
    return [texted(one) for one in value] if isinstance(value, list) else str(value)


def scalars(value: Any) -> Any:
    """Return a value as numpy has it."""
    if isinstance(value, list):
        return [scalars(one) for one in value]
    return np.int64(value) if value < 0 else np.uint64(value)


class Indexed:
    """An integer that only says so when asked."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __index__(self) -> int:
        return self.value


def index_of(value: Any) -> Any:
    """Return a value as an object that is an index."""
    return [index_of(one) for one in value] if isinstance(value, list) else Indexed(value)


@pytest.mark.parametrize(("abi", "name"), CASES)
def test_rows_of_every_form_give_the_same_bytes(abi: str, name: str) -> None:
    """Would catch a form of rows that loses, moves or widens a value; a hole or OUT not zero."""
    one = at(abi, name)
    struct = struct_of(one, name)
    random = seeded(f"{abi} {name}")
    for view in views_of(struct):
        for _ in range(2):
            rows = example(struct, view, 4, random)
            if not rows[0]:
                continue
            expected = b"".join(pack(struct, row) for row in rows)
            assert cleaned(struct, expected, out=True) == expected
            for form, make in ROWS.items():
                assert one.encode(name, make(rows)) == expected, form
            for byte in (0x5A, 0xFF):
                pattern = mask(struct, byte, out=True) * 4
                poisoned = bytes(a | b for a, b in zip(expected, pattern, strict=True))
                for form in ("dotted dicts", "nested dicts", "slots", "lists as columns"):
                    made = ROWS[form](rows)
                    assert one.encode(name, made, poison=byte) == poisoned, form
            room = bytearray(b"\xee" * (len(expected) + 8))
            assert one.encode_into(name, room, rows) == len(expected)
            assert room == expected + b"\xee" * 8
            pack_one = one.codec(name).encode_one
            forms = (rows, map(nested, rows), map(dataclass_object, map(nested, rows)))
            for made in forms:
                assert b"".join(map(pack_one, made)) == expected


@pytest.mark.parametrize(("abi", "name"), CASES)
def test_rows_without_names_give_the_same_bytes(abi: str, name: str) -> None:
    """Would catch tuples that go to other fields than those of their place."""
    one = at(abi, name)
    struct = struct_of(one, name)
    random = seeded(name)
    leaves = views_of(struct).get("") or views_of(struct)["__spacer"]
    inputs = [leaf for leaf in leaves if leaf.direction != "OUT"]
    if not inputs:
        return
    rows = [{f.name: limits(f, random) for f in inputs} for _ in range(3)]
    flat = [tuple(value for one in row.values() for value in listed(one)) for row in rows]
    expected = b"".join(pack(struct, row) for row in rows)
    assert one.encode(name, flat) == expected
    assert one.encode(name, list(map(list, flat))) == expected
    assert one.encode(name, (row for row in flat)) == expected
    assert one.encode(name, [tuple(map(str, row)) for row in flat]) == expected
    assert one.encode(name, np.array(flat, object)) == expected
    if all(0 <= value < 1 << 63 for row in flat for value in row):
        assert one.encode(name, np.array(flat)) == expected
    if len(flat[0]) == len(rows[0]) and not any("." in field for field in rows[0]):
        named = [named_tuple(row) for row in rows]
        assert one.encode(name, named) == expected
        assert one.encode(name, [flat[0], *named[1:]]) == expected
    assert b"".join(map(one.codec(name).encode_one, flat)) == expected
    assert one.encode(name, flat, strict=True) == expected


def limits(field: Field, random: Random) -> Any:
    """Return one of the outermost values of a field, or any."""
    low, high = bounds(field)
    values = [random.choice((low, high, random.randint(low, high))) for _ in range(4)]
    return values[: field.count] if field.count else values[0]


@pytest.mark.parametrize("abi", ["x86_64", "x86_32"])
def test_columns_of_every_kind_give_the_same_bytes(abi: str) -> None:
    """Would catch an array whose items are read with another width, sign or byte order."""
    one = abi_at(abi)
    struct = struct_of(one, "map_grant_ref")
    refs = [3, 1, 2]
    expected = b"".join(pack(struct, {"ref": ref, "dom": 7}) for ref in refs)
    columns: list[Any] = [refs, tuple(refs), iter(refs), deque(refs), memoryview(bytes(refs))]
    columns += [dict.fromkeys(refs).keys(), (ref for ref in refs), (ctypes.c_uint16 * 3)(*refs)]
    columns += [array.array(code, refs) for code in "bBhHiIlLqQ"]
    for order in "<>":
        columns += [np.array(refs, f"{order}{kind}{size}") for kind in "iu" for size in (2, 4, 8)]
    columns += [np.array(refs, kind) for kind in ("i1", "u1", "O", "U3")]
    columns += [np.array([3, 0, 1, 0, 2, 0])[::2], np.array([2, 1, 3])[::-1]]
    columns += [["3", "0x1", "0X2"], np.array([3, 1, 2])]
    for column in columns:
        assert one.encode("map_grant_ref", {"ref": column, "dom": 7}) == expected
    assert one.encode("map_grant_ref", {"ref": range(3, 0, -1), "dom": [7] * 3}) == b"".join(
        pack(struct, {"ref": ref, "dom": 7}) for ref in (3, 2, 1)
    )


@pytest.mark.parametrize("scalar", [7, "7", "0x7", np.uint8(7), np.array(7), Indexed(7)])
def test_a_scalar_column_holds_for_all_elements(scalar: object) -> None:
    """Would catch a scalar that is given to the first element only, or counts as an array."""
    one = abi_at("x86_64")
    struct = struct_of(one, "map_grant_ref")
    expected = b"".join(pack(struct, {"dom": 7, "ref": ref}) for ref in range(4))
    assert one.encode("map_grant_ref", {"dom": scalar, "ref": range(4)}) == expected
    assert one.encode("map_grant_ref", {"dom": scalar}) == pack(struct, {"dom": 7})
    assert one.encode("map_grant_ref", {"dom": scalar, "ref": []}) == b""


def test_nothing_given_is_one_struct_of_zeros() -> None:
    """Would catch an initialiser that differs from C's ``{}``."""
    one = abi_at("x86_64")
    assert one.encode("copy", [{}]) == one.encode("copy", {}) == bytes(40)
    assert one.encode("copy", [{}, {"source": {}}]) == bytes(80)


def test_arrays_of_an_array_field() -> None:
    """Would catch the words of one entry that are taken for one word each of several."""
    one = abi_at("arm64")
    words = bytes(range(32))
    table = np.frombuffer(words, "<u4").reshape(2, 4)
    for column in (table, table.tolist(), tuple(map(tuple, table.tolist())), list(table)):
        assert one.encode("grant_entry_v2", {"__spacer": column}) == words
    for row in (table[0], table[0].tolist(), iter(table[0].tolist())):
        assert one.encode("grant_entry_v2", {"__spacer": row}) == words[:16]
    for row in (table[0], table[0].tolist(), tuple(table[0].tolist())):
        assert one.encode("grant_entry_v2", [{"__spacer": row}]) == words[:16]
    for bad in ([1, 2, 3], [1] * 5, [[1, 2, 3]], 5, "5"):
        with pytest.raises(InvalidValue, match="__spacer") as caught:
            one.encode("grant_entry_v2", {"__spacer": bad})
        assert caught.value.field == "__spacer"


@pytest.mark.parametrize(("abi", "name"), CASES)
def test_ctypes_objects_are_rows(abi: str, name: str) -> None:
    """Would catch a union that is lost because an object has all its members at once."""
    one = at(abi, name)
    struct = struct_of(one, name)
    blob = cleaned(struct, random_blob(struct, 5, seeded(name)))
    structs = (one.ctype(name) * 5).from_buffer_copy(blob)
    assert one.encode(name, list(structs), allow_out=True) == blob
    assert one.encode(name, structs, allow_out=True) == blob
    if any(leaf.direction != "OUT" for leaf in struct.leaves):
        assert one.encode(name, structs) == cleaned(struct, blob, out=True)


def test_cffi_objects_are_rows() -> None:
    """Would catch a struct of cffi that cannot be passed on."""
    one = Abi.native()
    ffi = load().ffi
    for name in ("copy", "map_grant_ref", "cache_flush", "transfer"):
        struct = struct_of(one, name)
        blob = cleaned(struct, random_blob(struct, 3, seeded(name)))
        rows = ffi.from_buffer(f"struct {struct.tag}[]", blob)
        assert one.encode(name, rows, allow_out=True) == blob
        assert one.encode(name, list(rows)) == cleaned(struct, blob, out=True)


def test_objects_with_different_fields_each_keep_their_own() -> None:
    """Would catch a fast way that gives all objects the fields of the first, or of a class."""
    one = Abi("x86_64")
    struct = struct_of(one, "map_grant_ref")

    class Partly:
        __slots__ = ("dom", "flags", "ref")

    def partly(**values: int) -> Partly:
        made = Partly()
        for name, value in values.items():
            setattr(made, name, value)
        return made

    for make in (SimpleNamespace, partly):
        for values in (
            [{"ref": 1}, {"ref": 2, "flags": 3}],
            [{"ref": 2, "flags": 3}, {"ref": 1}],
            [{"ref": 2, "flags": 3}, {"ref": 1, "dom": 4}],
            [{"dom": 1}, {"flags": 3}],
        ):
            expected = b"".join(pack(struct, row) for row in values)
            assert one.encode("map_grant_ref", [make(**row) for row in values]) == expected
            for row in values:  # whatever was learnt from the ones before
                assert one.encode("map_grant_ref", [make(**row)]) == pack(struct, row)


def test_an_object_of_two_minds_about_a_union_is_refused() -> None:
    """Would catch one member that silently wins over another."""
    one = abi_at("x86_64")

    def copy(**members: int | None) -> Any:
        return SimpleNamespace(source=SimpleNamespace(u=SimpleNamespace(**members)), len=3)

    for members, expected in (
        ({"ref": 5, "gmfn": 5}, 5),
        ({"ref": 5, "gmfn": None}, 5),
        ({"ref": None, "gmfn": 5}, 5),
        ({"ref": 5, "gmfn": 5 + (1 << 40)}, 5 + (1 << 40)),
        ({"ref": None, "gmfn": None}, 0),
    ):
        row = pack(struct_of(one, "copy"), {"source.u.gmfn": expected, "len": 3})
        assert one.encode("copy", [copy(**members)]) == row
    with pytest.raises(InvalidValue, match=r"row 1: .*union and differ") as caught:
        one.encode("copy", [copy(ref=5, gmfn=5), copy(ref=5, gmfn=6)])
    assert (caught.value.element, caught.value.field) == (1, "source.u.ref")


# Names of values


class Own(IntEnum):
    """An enumeration of the user's."""

    SELF = 0x7FF0


class Bits(IntFlag):
    """Flags of the user's."""

    A = 1
    B = 4


SYMBOLS: list[tuple[str, str, object, int]] = [
    ("map_grant_ref", "flags", "GNTMAP_host_map", 2),
    ("map_grant_ref", "flags", "host_map", 2),
    ("map_grant_ref", "flags", "HOST_MAP", 2),
    ("map_grant_ref", "flags", "GNTMAP_host_map|GNTMAP_readonly", 6),
    ("map_grant_ref", "flags", "host_map | readonly", 6),
    ("map_grant_ref", "flags", "host_map|0x10", 0x12),
    ("map_grant_ref", "flags", "host_map|host_map", 2),
    ("map_grant_ref", "flags", "GNTMAP_guest_avail_mask", 0xFFFF0000),
    ("map_grant_ref", "flags", MapFlag.HOST_MAP, 2),
    ("map_grant_ref", "flags", MapFlag.HOST_MAP | MapFlag.READONLY, 6),
    ("map_grant_ref", "flags", Bits.A | Bits.B, 5),
    ("map_grant_ref", "dom", "DOMID_SELF", 0x7FF0),
    ("map_grant_ref", "dom", "SELF", 0x7FF0),
    ("map_grant_ref", "dom", Own.SELF, 0x7FF0),
    ("map_grant_ref", "dom", Domid.SELF, 0x7FF0),
    ("map_grant_ref", "dom", " 0x10 ", 16),
    ("map_grant_ref", "ref", "0xffffffff", 0xFFFFFFFF),
    ("copy", "flags", "source_gref|dest_gref", 3),
    ("copy", "flags", CopyFlag.SOURCE_GREF, 1),
    ("copy", "source.domid", "DOMID_IO", 0x7FF1),
    ("cache_flush", "op", "CLEAN|INVAL", 3),
    ("cache_flush", "op", "GNTTAB_CACHE_SOURCE_GREF|CLEAN", 0x80000001),
    ("cache_flush", "op", CacheFlag.SOURCE_GREF, 1 << 31),
    ("grant_entry_v1", "flags", "permit_access|readonly", 5),
    ("grant_entry_v1", "flags", "GTF_accept_transfer|GTF_transfer_completed", 10),
    ("grant_entry_v1", "flags", EntryType.PERMIT_ACCESS | EntryFlag.READING, 9),
    ("grant_entry_v1", "flags", TransferFlag.COMMITTED, 4),
    ("grant_entry_v2", "sub_page.hdr.flags", "permit_access|sub_page", 0x101),
    ("grant_status_t", "grant_status_t", "reading|writing", 24),
]


@pytest.mark.parametrize(("name", "field", "given", "value"), SYMBOLS)
def test_values_by_name(name: str, field: str, given: object, value: int) -> None:
    """Would catch a name that means another number, or is not understood in some form of rows."""
    one = abi_at("arm32")
    struct = struct_of(one, name)
    expected = pack(struct, {field: value})
    assert one.encode(name, [{field: given}]) == expected
    assert one.encode(name, [nested({field: given})]) == expected
    assert one.encode(name, [space(nested({field: given}))]) == expected
    assert one.encode(name, {field: given}) == expected
    assert one.encode(name, {field: [given, given]}) == expected * 2
    assert one.encode(name, [{field: value}, {field: given}]) == expected * 2


@pytest.mark.parametrize(
    "text", ["0b10", "0o7", "010", "1_0", "0x1_0", "1.0", "1e3", "+1", "0x", "- 1", "\u0661", "one"]
)
def test_what_is_no_number_in_c_is_none_here(text: str) -> None:
    """Would catch a spelling that only Python takes for a number, or takes for another."""
    one = abi_at("x86_64")
    for rows in ([{"ref": text}], {"ref": text}, {"ref": [text]}, [{"flags": f"readonly|{text}"}]):
        with pytest.raises(UnknownName, match="is not a number"):
            one.encode("map_grant_ref", rows)


def test_statuses_by_name_where_they_may_be_given() -> None:
    """Would catch a status that only works as a number."""
    one = abi_at("x86_64")
    for status in Status:
        expected = one.encode("dump_table", [{"status": int(status)}], allow_out=True)
        for given in (status, status.c_name, status.name, status.name.lower()):
            assert one.encode("dump_table", [{"status": given}], allow_out=True) == expected
    assert one.decode("dump_table", expected) == [{"dom": 0, "status": -13}]


@pytest.mark.parametrize(("abi", "version"), [("x86_64", "newest"), ("arm32", "0x00030201")])
def test_names_of_every_value_lead_back_to_it(abi: str, version: str) -> None:
    """Would catch a value whose names mean another value, or nothing."""
    one = abi_at(abi, version)
    seen = set()
    for name in names_of(one):
        for _, slot in one.codec(name).plan.slots.values():
            if not slot.symbols.enums or (slot.field.enum, slot.size) in seen:
                continue
            seen.add((slot.field.enum, slot.size))
            narrow = slot.size == 2
            for value in range(slot.low, slot.high + 1) if narrow else wide_values():
                text = slot.symbols.text(value)
                assert text is None or slot.symbols.parse(text) == value, (name, slot.name)
            for enum in slot.symbols.enums:
                for member in enum.members:
                    value = one.layout.constants[member].value
                    assert slot.symbols.text(value) is not None
                    for text in (member, enum.short(member), enum.short(member).upper()):
                        assert slot.symbols.parse(text) == value


def wide_values() -> Iterator[int]:
    """Give values of 32 bits: each bit and pair of bits, and some others."""
    yield from (1 << a | 1 << b for a in range(32) for b in range(32))
    random = seeded(1)
    yield from (random.getrandbits(32) for _ in range(500))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "GTF_invalid"),
        (1, "GTF_permit_access"),
        (5, "GTF_permit_access|GTF_readonly"),
        (2 | 4, "GTF_accept_transfer|GTF_transfer_committed"),
        (2 | 12, "GTF_accept_transfer|GTF_transfer_committed|GTF_transfer_completed"),
        (3 | 8, "GTF_transitive|GTF_reading"),
        (1 | 0x118, "GTF_permit_access|GTF_reading|GTF_writing|GTF_sub_page"),
        (0x8001, "GTF_permit_access|0x8000"),
    ],
)
def test_flags_of_an_entry_read_by_its_type(value: int, text: str) -> None:
    """Would catch a transfer that is shown as read-only, or a readonly as a transfer."""
    one = abi_at("x86_64")
    symbols = one.codec("grant_entry_v1").plan.slots["flags"][1].symbols
    assert symbols.text(value) == text
    line = next(iter(one.dump("grant_entry_v1", value.to_bytes(8, "little"))))
    assert (line.name, line.value, line.symbol) == ("flags", value, text)


# What does not fit


FORMS = (
    *("dotted dicts", "nested dicts", "mappings", "nested mappings", "a generator"),
    *("namespaces", "slots", "dataclasses", "properties", "lists as columns"),
    *("tuples as columns", "nested columns", "iterators as columns", "objects of numpy"),
)
OBJECTS = ("namespaces", "slots", "dataclasses", "properties")


def paths(field: str) -> Iterator[tuple[str, int | None, Callable[[Abi, str, object], bytes]]]:
    """Give every way to hand over a value for a field: a name, the element at fault, a call."""

    def rows(value: object, form: str) -> Any:
        return ROWS[form]([{field: 0}, {field: value}, {field: 1}])

    def allowing(abi: Abi, name: str, value: object) -> bytes:
        return abi.encode(name, rows(value, "dotted dicts"), allow_out=True)

    for form in FORMS:
        yield form, 1, lambda abi, name, value, form=form: abi.encode(name, rows(value, form))
    yield "allowing OUT", 1, allowing
    yield "a scalar column", None, lambda abi, name, value: abi.encode(name, {field: value})
    yield "one row", 0, lambda abi, name, value: abi.codec(name).encode_one({field: value})
    yield "one nested", 0, lambda abi, name, v: abi.codec(name).encode_one(nested({field: v}))
    yield "poisoned", 1, lambda abi, name, v: abi.encode(name, [{field: 0}, {field: v}], poison=9)


def tuples_with(struct: StructLayout, leaf: Field, value: object) -> list[tuple[object, ...]]:
    """Return tuples of all leaves that go in, the second of which has a value in its place."""
    inputs = [f for f in views_of(struct)[""] if f.direction != "OUT"]
    return [tuple(value if f is leaf and n == 1 else 1 for f in inputs) for n in range(3)]


@pytest.mark.parametrize(("abi", "name"), CASES)
def test_what_does_not_fit_is_refused_on_every_path(abi: str, name: str) -> None:
    """Would catch silent narrowing, as numpy and ctypes do it, anywhere."""
    one = at(abi, name)
    struct = struct_of(one, name)
    for field in settable(struct):
        if field.direction == "OUT" or field.count:
            continue
        low, high = bounds(field)
        for value in (low - 1, high + 1):
            for form, element, call in paths(field.name):
                if abi not in ("x86_64", "x86_32") and form not in ("dotted dicts", *OBJECTS[:2]):
                    continue
                with pytest.raises(InvalidValue) as caught:
                    call(one, name, value)
                refused(caught.value, struct, field, element, value, form)
            room = bytearray(b"\xee" * struct.size * 3)
            with pytest.raises(InvalidValue):
                one.encode_into(name, room, [{field.name: 0}, {field.name: value}])
            assert set(room) == {0xEE}
            for column in arrays([0, value, 1]):
                with pytest.raises(InvalidValue) as caught:
                    one.encode(name, {field.name: column})
                refused(caught.value, struct, field, 1, value, repr(column))
            for text in (str(value), hex(value)):
                with pytest.raises(InvalidValue) as caught:
                    one.encode(name, [{field.name: text}])
                refused(caught.value, struct, field, 0, value, text)
            if field in views_of(struct).get("", []):
                with pytest.raises(InvalidValue) as caught:
                    one.encode(name, tuples_with(struct, field, value))
                refused(caught.value, struct, field, 1, value, "tuples")
        for value in (low, high):  # these fit
            for form, _, call in paths(field.name):
                if form != "poisoned":
                    assert pack(struct, {field.name: value}) in call(one, name, value), form


def refused(
    error: InvalidValue,
    struct: StructLayout,
    field: Field,
    element: int | None,
    value: int,
    form: str,
) -> None:
    """Check that an error says all there is to say."""
    assert error.struct == struct.tag, form
    assert error.field == field.name, form
    assert error.element == element, form
    assert error.offset == field.offset, form
    assert error.expected == bounds(field), form
    assert error.got == value, form
    words = str(error)
    assert field.name in words
    assert str(value) in words
    assert "\n" not in words
    assert element is None or f"row {element}" in words


def arrays(values: list[int]) -> Iterator[Any]:
    """Give arrays of C integers that hold these values."""
    for code in "hHiIqQ":
        try:
            yield array.array(code, values)
            yield np.array(values, code)
        except OverflowError:
            continue


NO_INTEGERS: list[object] = [
    *(True, False, np.True_, np.array(True), np.timedelta64(3, "ns"), np.datetime64(3, "ns")),  # noqa: FBT003 -- they are values
    *(1.0, float("nan"), float("inf"), 1j, None, b"1", bytearray(b"1"), object()),
    *(Decimal(1), Fraction(1), np.float64(1.0), np.float32(1.0), [1], (1,), {1}, [], {"x": 1}),
    *(np.array([1]), np.array([1.0]), np.zeros((2, 2)), int, len, ...),
]


@pytest.mark.parametrize("value", NO_INTEGERS, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize(("name", "field"), [("transfer", "mfn"), ("copy", "dest.u.ref")])
def test_what_is_no_integer_is_refused_on_every_path(name: str, field: str, value: object) -> None:
    """Would catch a float that is cut, a None that becomes 0, bytes that become their first."""
    one = abi_at("x86_32")
    for form, element, call in paths(field):
        if form == "a scalar column" and isinstance(value, list | tuple | np.ndarray):
            continue  # that is an array of columns
        if form == "nested columns" and isinstance(value, dict):
            continue  # that is one level more
        if form in OBJECTS and value is None and field == "dest.u.ref":
            continue  # that is another member
        with pytest.raises((InvalidValue, UnknownName)) as caught:
            call(one, name, value)
        error = caught.value
        assert isinstance(error, XengntError)
        assert "\n" not in str(error), form
        assert len(str(error)) < 300, form
        assert error.struct == f"gnttab_{name}", form
        assert (error.field or "").startswith(field), form
        assert element is None or error.element == element, form


@pytest.mark.parametrize(("abi", "name"), [c for c in CASES if c[0] in ("x86_64", "x86_32")])
def test_what_is_no_integer_is_refused_by_every_field(abi: str, name: str) -> None:
    """Would catch a field that takes a float, or None, when its neighbours do not."""
    one = at(abi, name)
    for field in settable(struct_of(one, name)):
        if field.direction == "OUT" or field.count:
            continue
        for value in (1.0, None, b"1", [1], np.float64(2), True):
            for rows in (
                [{field.name: 1}, {field.name: value}],
                {field.name: [1, value]},
                [space(nested({field.name: 1})), space(nested({field.name: value or 1.0}))],
            ):
                with pytest.raises(InvalidValue, match=r"row 1: .*expected an integer") as caught:
                    one.encode(name, rows)
                assert caught.value.field == field.name


@pytest.mark.parametrize(
    "column",
    [
        *([1.0, 2.0], np.array([1.0, 2.0]), array.array("d", [1, 2]), [1, 2.0], [1, None]),
        *([[1], [2]], np.zeros((2, 2), int), b"ab", bytearray(b"ab"), {1, 2}, frozenset((1, 2))),
        *([b"1", b"2"], np.array(["2020-01-01"], "M8[D]"), np.array([1j]), np.array([None])),
        *([1, True], np.array([True, False]), np.array([1, 2], "m8[ns]"), np.array([1], "M8[ns]")),
        *([1, np.True_], [np.timedelta64(1, "ns")], np.array([1, True], object)),
        1.5,
    ],
)
def test_columns_of_other_things_are_refused(column: object) -> None:
    """Would catch an array of floats that is rounded, or a set whose order is chance."""
    with pytest.raises(InvalidValue, match=r"^map_grant_ref.*: ref: expected a") as caught:
        abi_at("x86_64").encode("map_grant_ref", {"ref": column, "dom": 1})
    assert caught.value.field == "ref"
    assert "\n" not in str(caught.value)


def test_a_number_too_long_to_print_is_refused_like_any_other() -> None:
    """Would catch an error about the error."""
    one = abi_at("x86_64")
    for value in (10**5000, -(10**5000), "0x" + "f" * 5000, "9" * 5000, "x" * 5000):
        for rows in ([{"ref": value}], {"ref": value}, {"ref": [value]}):
            with pytest.raises((InvalidValue, UnknownName), match="characters") as caught:
                one.encode("map_grant_ref", rows)
            assert len(str(caught.value)) < 200
    with pytest.raises(UnknownName, match="characters"):
        one.encode("map_grant_ref", [{"x" * 5000: 1}])


# What does not go together

ERRORS: list[tuple[str, str, object, dict[str, Any], type, str]] = [
    ("an unknown field", "map_grant_ref", [{}, {"rfe": 1}], {}, UnknownName,
     "row 1: no field 'rfe', did you mean ref?"),
    ("an unknown nested field", "copy", [{"source": {"u": {"rf": 1}}}], {}, UnknownName,
     "row 0: no field 'source.u.rf', did you mean source.u.ref?"),
    ("an unknown field with nothing in it", "copy", [{"sauce": {}}], {}, UnknownName,
     "row 0: no field 'sauce'"),
    ("an unknown column", "copy", {"lenn": [1]}, {}, UnknownName,
     "copy: no field 'lenn', did you mean len?"),
    ("a name that is no text", "copy", [{1: 1}], {}, UnknownName, "row 0: no field '1'"),
    ("a struct as a value", "copy", [{"source": 3}], {}, UnknownName,
     "row 0: 'source' is a struct: give its members, source.u, source.domid, source.offset"),
    ("a union of structs", "grant_entry_v2", [{"sub_page": 3}], {}, UnknownName,
     "row 0: 'sub_page' is a struct: give its members, sub_page.hdr, "),
    ("two names of an enumeration", "map_grant_ref", [{}, {"dom": "DOMID_SELF|DOMID_IO|0x8"}], {},
     InvalidValue, "row 1: dom: DOMID_SELF and DOMID_IO are two of enum domid"),
    ("two types of an entry", "grant_entry_v1", [{"flags": "permit_access|accept_transfer"}], {},
     InvalidValue, "permit_access and accept_transfer are two of enum grant_entry_type"),
    ("two statuses", "copy", {"status": ["bad_page|eagain"]}, {"allow_out": True}, InvalidValue,
     "bad_page and eagain are two of enum grant_status"),
    ("an unknown symbol", "map_grant_ref", [{"flags": "host_mpa"}], {}, UnknownName,
     "is not a number or a name of enum gnttab_map_flag, did you mean host_map?"),
    ("an unknown symbol in a column", "map_grant_ref", {"dom": [1, "DOMID_SLEF"]}, {}, UnknownName,
     "row 1: dom: 'DOMID_SLEF' is not a number or a name of enum domid, did you mean DOMID_SELF?"),
    ("a name of another family", "copy", [{"flags": "GNTMAP_readonly"}], {}, UnknownName,
     "row 0: flags: 'GNTMAP_readonly' is not"),
    ("a name for a number", "copy", [{"len": "host_map"}], {}, UnknownName,
     "row 0: len: 'host_map' is not a number"),
    ("an empty name", "map_grant_ref", [{"flags": "host_map|"}], {}, UnknownName, "'' is not"),
    ("a float in a text", "map_grant_ref", [{"ref": "1.0"}], {}, UnknownName, "'1.0' is not"),
    ("two members of a union", "copy", [{}, {"dest.u.ref": 1, "dest.u.gmfn": 1}], {}, InvalidValue,
     "row 1: dest.u.ref and dest.u.gmfn are members of one union: give one"),
    ("a member and the union", "copy", [{"dest": {"u": {"ref": 1}}, "dest.u": 1}], {}, InvalidValue,
     "row 0: dest.u.ref and dest.u are members of one union"),
    ("two members in columns", "cache_flush", {"a.ref": [1], "a.dev_bus_addr": [1]}, {},
     InvalidValue, "cache_flush: a.ref and a.dev_bus_addr are members of one union"),
    ("two views of an entry", "grant_entry_v2",
     [{"full_page.frame": 3}, {"full_page.frame": 3, "sub_page.length": 1}], {}, InvalidValue,
     "row 1: full_page and sub_page are members of one union: give one"),
    ("a header beside a view", "grant_entry_v2", [{"hdr": {"flags": 1}, "full_page.frame": 3}], {},
     InvalidValue, "row 0: hdr and full_page are members of one union"),
    ("the same field twice", "copy", [{"source": {"domid": 1}, "source.domid": 1}], {},
     InvalidValue, "row 0: source.domid is given twice"),
    ("the same column twice", "copy", {"source": {"domid": 1}, "source.domid": [1]}, {},
     InvalidValue, "copy: source.domid is given twice"),
    ("what only comes out", "map_grant_ref", [{}, {"status": 0}], {}, InvalidValue,
     "row 1: status is OUT: only the callee writes it"),
    ("a column that only comes out", "map_grant_ref", {"handle": [1]}, {}, InvalidValue,
     "handle is OUT: only the callee writes it"),
    ("a field missing", "map_grant_ref", [{"host_addr": 0, "flags": 0, "ref": 1, "dom": 0},
     {"host_addr": 0, "flags": 0, "dom": 0}], {"strict": True}, InvalidValue,
     "row 1: ref is missing"),
    ("fields missing", "copy", [{"source.u.ref": 1, "source.domid": 1, "source.offset": 1,
     "dest.domid": 1, "dest.offset": 0, "flags": 1}], {"strict": True}, InvalidValue,
     "row 0: dest.u, len are missing"),
    ("all missing", "swap_grant_ref", [{}], {"strict": True}, InvalidValue,
     "row 0: ref_a, ref_b are missing"),
    ("a column missing", "swap_grant_ref", {"ref_a": [1, 2]}, {"strict": True}, InvalidValue,
     "swap_grant_ref: ref_b is missing"),
    ("a part of a view missing", "grant_entry_v2", [{"transitive.gref": 1}], {"strict": True},
     InvalidValue, "row 0: transitive.hdr.flags, transitive.hdr.domid, transitive.trans_domid, tr"),
    ("ragged columns", "map_grant_ref", {"ref": [1, 2], "dom": [1], "flags": 3}, {}, InvalidValue,
     "columns of different lengths: ref has 2, dom has 1"),
    ("a short tuple", "map_grant_ref", [(1, 2, 3, 4), (1, 2, 3)], {}, InvalidValue,
     "row 1: 3 values for 4 fields"),
    ("a long tuple", "map_grant_ref", [(1, 2, 3, 4), (1, 2, 3, 4, 5)], {}, InvalidValue,
     "row 1: 5 values for 4 fields"),
    ("a short tuple first", "map_grant_ref", [()], {}, InvalidValue, "row 0: 0 values for 4"),
    ("a mapping as a value", "map_grant_ref", [{}, {"ref": {"x": 1}}], {}, InvalidValue,
     "row 1: ref: expected a value, got a mapping"),
    ("an empty mapping as a value", "map_grant_ref", [{"ref": {}}], {}, InvalidValue,
     "row 0: ref: expected a value, got a mapping"),
    ("a mapping as a union's member", "copy", [{"source": {"u": {"ref": {"x": 1}}}}], {},
     InvalidValue, "row 0: source.u.ref: expected a value, got a mapping"),
    ("no rows", "copy", 5, {}, InvalidValue, "expected rows or a mapping of columns, got int"),
    ("a text", "copy", "abc", {}, InvalidValue, "got str"),
    ("bytes", "copy", bytes(40), {}, InvalidValue, "got bytes"),
    ("nothing", "copy", None, {}, InvalidValue, "got NoneType"),
    ("a set of rows", "copy", {(1,), (2,)}, {}, InvalidValue, "no order"),
    ("numbers as rows", "copy", [1, 2], {}, InvalidValue, "row 0: a row that is int"),
    ("a number among rows", "map_grant_ref", [{"ref": 1}, 5], {}, InvalidValue,
     "row 1: a row that is int and has none of the fields"),
    ("nothing among rows", "map_grant_ref", [{"ref": 1}, None], {}, InvalidValue, "row 1: a row"),
    ("a text among rows", "map_grant_ref", [{"ref": 1}, "x"], {}, InvalidValue, "row 1: a row"),
    ("an object of another kind", "map_grant_ref", [SimpleNamespace(rfe=1)], {}, InvalidValue,
     "row 0: a row that is SimpleNamespace and has none of the fields"),
    ("tables of structs of numpy", "map_grant_ref", np.zeros((2, 2), [("ref", "u4")]), {},
     InvalidValue, "an array of structs of more than one dimension"),
    ("poison that is no byte", "copy", [], {"poison": 256}, InvalidValue, "256 is not a byte"),
    ("negative poison", "copy", [], {"poison": -1}, InvalidValue, "-1 is not a byte"),
    ("poison that is no number", "copy", [], {"poison": "x"}, InvalidValue, "'x' is not a byte"),
    ("poison that is a truth", "copy", [], {"poison": True}, InvalidValue, "True is not a byte"),
    ("an unknown op", "copi", [], {}, UnknownName, "no struct or op 'copi'"),
    ("an unknown op like another", "cop", [], {}, UnknownName, ", did you mean copy?"),
    ("a status as an op", Status.OKAY, [], {}, UnknownName, "no struct or op 'GNTST_okay'"),
    ("a number as an op", 5, [], {}, UnknownName, "no struct or op '5'"),
    ("nothing as an op", None, [], {}, UnknownName, "no struct or op 'None'"),
    ("a list as an op", [], [], {}, UnknownName, "no struct or op '[]'"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "rows", "options", "kind", "words"),
    [row[1:] for row in ERRORS],
    ids=[row[0].replace(" ", "-") for row in ERRORS],
)
def test_what_does_not_go_together_is_refused(
    name: str, rows: object, options: dict[str, Any], kind: type[Exception], words: str
) -> None:
    """Would catch a mistake that passes, an error of several lines, or bytes written before it."""
    one = abi_at("x86_64")
    with pytest.raises(kind) as caught:
        one.encode(name, rows, **options)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    if "row 1" in words:
        assert isinstance(caught.value, XengntError)
        assert caught.value.element == 1
    room = bytearray(b"\xee" * 400)
    with pytest.raises(kind):
        one.encode_into(name, room, rows, **options)
    assert set(room) == {0xEE}


@pytest.mark.parametrize(
    ("version", "name"),
    [
        *((v, n) for v in ("undefined", "0x00030201") for n in ("set_version", "cache_flush")),
        *((v, n) for v in ("undefined", "0x00030203") for n in ("grant_entry_v1", "set_version")),
        *(
            (v, n)
            for v in ("undefined", "0x00030203")
            for n in ("grant_entry_v2", "grant_status_t")
        ),
        *((v, "grant_entry") for v in ("0x0003020a", "newest")),
    ],
)
def test_what_an_interface_version_does_not_have(version: str, name: str) -> None:
    """Would catch an op or entry that is there at a version that does not have it."""
    one = abi_at("x86_64", version)
    gate = "before interface" if name == "grant_entry" else "from interface version 0x0003020a"
    for call in (one.encode, one.decode, one.view, one.validate, lambda name, _: one.struct(name)):
        with pytest.raises(UnknownName, match=name) as caught:
            call(name, b"")
        assert (version if version != "newest" else "0x00041300") in str(caught.value)
        assert f": it is there {gate}" in str(caught.value)


def test_what_comes_out_can_be_given_if_asked_for() -> None:
    """Would catch OUT fields that are lost, and IN/OUT and IN-pointer fields taken for OUT."""
    one = abi_at("x86_64")
    struct = struct_of(one, "map_grant_ref")
    rows = [{"status": -9, "handle": 5, "dev_bus_addr": 6, "ref": 7}]
    assert one.encode("map_grant_ref", rows, allow_out=True) == pack(struct, rows[0])
    assert one.encode("map_grant_ref", rows, allow_out=True, strict=False, poison=0xFF) == pack(
        struct, rows[0]
    )
    assert one.encode("set_version", [{"version": 2}]) == b"\x02\0\0\0"
    listed = one.encode("setup_table", [{"dom": 1, "nr_frames": 2, "frame_list": 0x1000}])
    assert one.decode("setup_table", listed)[0]["frame_list"] == 0x1000
    everything = {f.name: 1 for f in struct.leaves}
    assert one.encode("map_grant_ref", [everything], allow_out=True, strict=True)
    only_in = dict.fromkeys(("host_addr", "flags", "ref", "dom"), 1)
    assert one.encode("map_grant_ref", [only_in], allow_out=True, strict=True)


def test_objects_are_not_asked_for_what_comes_out() -> None:
    """Would catch the struct of an earlier call that cannot be used again."""
    one = abi_at("x86_64")
    struct = struct_of(one, "map_grant_ref")
    row = SimpleNamespace(ref=1, status=-9, handle=3)
    assert one.encode("map_grant_ref", [row]) == pack(struct, {"ref": 1})
    assert one.encode("map_grant_ref", [row], allow_out=True) == pack(struct, vars(row))


def test_a_row_that_fails_does_not_spoil_the_next() -> None:
    """Would catch a packer that is kept although its names were refused."""
    one = Abi("x86_64")
    for _ in range(2):
        with pytest.raises(InvalidValue):
            one.encode("map_grant_ref", [{"status": 1}])
        with pytest.raises(UnknownName):
            one.encode("map_grant_ref", [{"rfe": 1}])
        with pytest.raises(InvalidValue):
            one.encode("map_grant_ref", [{"ref": 1 << 32}])
        assert one.encode("map_grant_ref", [{"ref": 1}])[12] == 1
    pack_one = one.codec("map_grant_ref").encode_one
    assert pack_one({"ref": 1}) == one.codec("map_grant_ref").encode_one({"ref": 1})
    with pytest.raises(InvalidValue, match="does not fit"):
        one.codec("map_grant_ref").encode_one({"ref": 1 << 32})
    assert one.codec("map_grant_ref").encode_one((1, 2, 3, 4)) == one.encode(
        "map_grant_ref", [(1, 2, 3, 4)]
    )


def test_the_classes_for_others_have_the_layout() -> None:
    """Would catch a ctypes member or numpy field at another offset, or of another size."""
    for abi, version, name in combinations():
        if version not in ("undefined", "newest"):
            continue
        one = abi_at(abi, version)
        struct = struct_of(one, name)
        made, dtype = one.ctype(name), one.dtype(name)
        assert ctypes.sizeof(made) == dtype.itemsize == struct.size
        for field in values_of(struct):
            *path, last = field.name.split(".")
            kind, offset, inner, base = made, 0, dtype, 0
            for step in path:
                offset += getattr(kind, step).offset
                kind = dict(kind._fields_)[step]
                base += inner.fields[step][1]
                inner = inner.fields[step][0]
            place = getattr(kind, last)
            assert (offset + place.offset, place.size) == (field.offset, field.size), field.name
            assert base + inner.fields[last][1] == field.offset, field.name
            assert inner.fields[last][0].itemsize == field.size, field.name
            assert inner.fields[last][0].base.kind == ("i" if field.signed else "u"), field.name
            assert inner.fields[last][0].base.itemsize == width(field), field.name


def test_the_package_names_what_it_promises() -> None:
    """Would catch a name of the design that is not there."""
    assert xengnt.Abi is Abi
    for name in ("encode", "encode_into", "decode", "decode_tuples", "decode_columns", "view"):
        assert callable(getattr(Abi, name))
