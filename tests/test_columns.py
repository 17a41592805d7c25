# SPDX-License-Identifier: MIT
"""Columns in memory: every path there is, on every ABI, against bytes packed by hand."""

from __future__ import annotations

import array
import mmap
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from blobs import (
    abi_at,
    bounds,
    cleaned,
    names_of,
    pack,
    random_blob,
    read,
    seeded,
    settable,
    struct_of,
    values_of,
)
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from oracle import ABIS
from test_codec_properties import Case, cases, rows_of, thorough

from xengnt import Abi, InvalidValue, UnknownName, XengntError
from xengnt.abi.layout import StructLayout
from xengnt.codec import kernels
from xengnt.codec.prepared import Prepared

Columns = dict[str, Any]

OP = "map_grant_ref"
GUARD = 0xA5
TYPES = ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8")


def holds(kind: str, values: Any) -> bool:
    """Tell whether a type of numpy holds all values."""
    about = np.iinfo(kind)
    flat = [one for value in values for one in (value if isinstance(value, list) else [value])]
    return all(about.min <= one <= about.max for one in flat)


def strided(values: Any, kind: str, layout: str) -> Any:
    """Return values as an array of numpy that lies in memory in a way of its own."""
    plain = np.array(values, kind)
    if layout == "backwards":
        return plain[::-1].copy()[::-1]
    if layout == "sparse":
        wide = np.full((3 * len(plain) + 1, *plain.shape[1:]), 0x55, kind)
        wide[1::3] = plain
        return wide[1::3]
    if layout == "odd":
        raw = np.zeros(plain.nbytes + 1, "u1")
        raw[1:] = np.frombuffer(plain.tobytes(), "u1")
        return raw[1:].view(kind).reshape(plain.shape)
    if layout == "crossed" and plain.ndim == 2:
        return np.asfortranarray(plain)
    plain.flags.writeable = layout != "readonly"
    return plain


LAYOUTS = ("plain", "backwards", "sparse", "odd", "crossed", "readonly")


@st.composite
def columns_of(draw: st.DrawFn, rows: list[dict[str, Any]]) -> Columns:
    """Draw columns that mean these rows: of any type that holds them, anywhere in memory."""
    made: Columns = {}
    for name in rows[0]:
        values = [row[name] for row in rows]
        kinds = [kind for kind in TYPES if holds(kind, values)]
        form = draw(st.sampled_from(("numpy", "numpy", "numpy", "array", "list", "tuple")))
        if not kinds:
            form = "list"
        if form == "numpy":
            made[name] = strided(
                values, draw(st.sampled_from(kinds)), draw(st.sampled_from(LAYOUTS))
            )
        elif form == "array" and not isinstance(values[0], list):
            code = np.dtype(draw(st.sampled_from(kinds))).char
            made[name] = array.array(code, values)
        else:
            made[name] = tuple(values) if form == "tuple" else values
    return made


def into_guarded(one: Abi, name: str, rows: Any, size: int, start: int) -> bytes:
    """Encode into the middle of a buffer, and see that nothing around it is written."""
    room = bytearray([GUARD]) * (start + size + 64)
    written = one.encode_into(name, memoryview(room)[start:], rows)
    assert written == size
    assert set(room[:start]) <= {GUARD}
    assert set(room[start + size :]) == {GUARD}
    return bytes(room[start : start + size])


@thorough
@given(cases(), st.data(), st.integers(0, 9))
def test_all_paths_agree(case: Case, data: st.DataObject, start: int) -> None:
    """Would catch a path that shifts, cuts, widens or swaps a value, or writes beside it."""
    one, name, struct = case
    rows = data.draw(rows_of(struct, out=False, same=True))
    assume(rows[0])
    rows *= data.draw(st.sampled_from((1, 1, 30)))
    expected = b"".join(pack(struct, row) for row in rows)
    columns = data.draw(columns_of(rows))
    assert one.encode(name, columns) == expected
    assert one.encode(name, rows) == expected
    assert into_guarded(one, name, columns, len(expected), start) == expected
    memory = {field: np.asarray(column) for field, column in columns.items()}
    if all(column.dtype.kind in "iu" for column in memory.values()):
        batch = one.prepare(name, memory)
        assert batch.encode() == len(expected)
        assert bytes(batch.buffer) == expected
        room = bytearray([GUARD]) * (start + len(expected) + 9)
        odd = one.prepare(name, memory, memoryview(room)[start:])
        assert odd.encode() == odd.encode() == len(expected)
        assert room[start:-9] == expected
        assert set(room[:start] + room[-9:]) == {GUARD}


@thorough
@given(cases(), st.data())
def test_scalars_are_those_of_every_row(case: Case, data: st.DataObject) -> None:
    """Would catch a scalar that goes to the first row alone, or to another field."""
    one, name, struct = case
    rows = data.draw(rows_of(struct, out=True, same=True))
    scalars = [field for field in rows[0] if struct.field(field).count is None]
    assume(len(rows[0]) > 1 and scalars)
    fixed = data.draw(st.sampled_from(scalars))
    rows = [{**row, fixed: rows[0][fixed]} for row in rows * 2]
    columns = data.draw(columns_of(rows)) | {fixed: rows[0][fixed]}
    expected = b"".join(pack(struct, row) for row in rows)
    assert one.encode(name, columns, allow_out=True) == expected


def blob_for(abi: str, name: str, count: int = 150) -> tuple[Abi, StructLayout, bytes]:
    """Return an ABI, a struct, and random structs of it."""
    one = abi_at(abi)
    struct = struct_of(one, name)
    return one, struct, random_blob(struct, count, seeded(abi, name))


EVERY = [(abi, name) for abi in ABIS for name in names_of(abi_at(abi))]


@pytest.mark.parametrize(("abi", "name"), EVERY)
def test_bytes_come_back_as_columns(abi: str, name: str) -> None:
    """Would catch a field read elsewhere, without its sign or out of order; and a hole kept."""
    one, struct, blob = blob_for(abi, name)
    lists = one.decode_columns(name, blob)
    arrays = one.decode_columns(name, bytearray(b"\0" + blob)[1:], arrays=True)
    assert {field: column.tolist() for field, column in arrays.items()} == lists
    for field, column in arrays.items():
        size = struct.field(field).size // (struct.field(field).count or 1)
        assert column.dtype.itemsize == size
    assert one.encode(name, arrays, allow_out=True) == cleaned(struct, blob)
    view = one.view(name, blob)
    for field in lists:
        assert view.array(field).tolist() == view.column(field) == lists[field]
        assert np.shares_memory(view.array(field), np.frombuffer(blob, "u1"))
    structs = view.array()
    assert structs.dtype == one.dtype(name)
    assert one.encode(name, structs, allow_out=True) == cleaned(struct, blob)
    assert one.encode(name, structs) == cleaned(struct, blob, out=True)


@pytest.mark.parametrize(("abi", "name"), EVERY)
def test_columns_can_be_anywhere(abi: str, name: str) -> None:
    """Would catch a column of the caller's that is written at other strides, or beside it."""
    one, struct, blob = blob_for(abi, name)
    count = len(blob) // struct.size
    for field in values_of(struct):
        expected = [
            read(field, blob[at : at + struct.size]) for at in range(0, len(blob), struct.size)
        ]
        inner = () if field.count is None else (field.count,)
        for kind in TYPES:
            limits, (low, high) = np.iinfo(kind), bounds(field)
            room = np.full((2 * count + 1, *inner), 85, kind)
            if limits.min <= low and limits.max >= high:
                for target in (room[1::2], room[-2::-2]):
                    room[:] = 85
                    one.decode_columns(name, blob, into={field.name: target})
                    assert target.tolist() == expected
                    assert (room[::2] == 85).all()
            else:
                with pytest.raises(InvalidValue, match="or wider") as caught:
                    one.decode_columns(name, blob, into={field.name: room[1::2]})
                assert caught.value.field == field.name
                assert (room == 85).all()


def beyond(field: Any) -> list[int]:
    """Return values that a field does not hold, from near and far."""
    low, high = bounds(field)
    far = (low - 1, high + 1, -(1 << 63), (1 << 63) - 1, (1 << 64) - 1, -129, 1 << 40)
    return [n for n in far if not low <= n <= high and any(holds(kind, [n]) for kind in TYPES)]


def attempts(one: Abi, name: str, columns: Columns, size: int) -> Iterator[Callable[[], object]]:
    """Give every way to encode columns; none may write."""
    room = bytearray([GUARD]) * size

    def clean(call: Callable[[], object]) -> Callable[[], object]:
        def done() -> object:
            try:
                return call()
            finally:
                assert set(room) == {GUARD}

        return done

    lists = {field: list(column.tolist()) for field, column in columns.items()}
    rows = [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]
    yield clean(lambda: one.encode(name, columns, allow_out=True))
    yield clean(lambda: one.encode(name, lists, allow_out=True))
    yield clean(lambda: one.encode(name, rows, allow_out=True))
    yield clean(lambda: one.encode_into(name, room, columns, allow_out=True))
    yield clean(lambda: one.encode_into(name, room, lists, allow_out=True))
    yield clean(one.prepare(name, columns, room, allow_out=True).encode)
    if not any("." in field for field in columns):
        made = np.zeros(len(rows), [(field, column.dtype) for field, column in columns.items()])
        for field, column in columns.items():
            made[field] = column
        yield clean(lambda: one.encode(name, made, allow_out=True))


@pytest.mark.parametrize(("abi", "name"), EVERY)
def test_what_does_not_fit_is_refused_by_every_path(abi: str, name: str) -> None:
    """Would catch a value narrowed, or an error without its field, element, offset and range."""
    one = abi_at(abi)
    struct = struct_of(one, name)
    random = Random(f"{abi} {name}")
    for field in settable(struct):
        if field.count is not None:
            continue
        for value in beyond(field):
            count, bad = 70, random.choice((0, 1, 63, 64, 69))
            kind = random.choice([kind for kind in TYPES if holds(kind, [value])])
            column = np.zeros(count, kind)
            column[bad] = value
            column = strided(column, kind, random.choice(LAYOUTS))
            for attempt in attempts(one, name, {field.name: column}, count * struct.size):
                with pytest.raises(InvalidValue) as caught:
                    attempt()
                error = caught.value
                assert (error.struct, error.field, error.element) == (struct.tag, field.name, bad)
                assert (error.offset, error.expected) == (field.offset, bounds(field))
                assert error.got == value


def test_an_array_in_a_struct_is_refused_by_its_element() -> None:
    """Would catch a value beyond its range in an array of a struct, which is several columns."""
    one = abi_at("x86_64")
    words = np.zeros((70, 4), "i8")
    words[65, 2] = 1 << 32
    for given_ in (words, words.tolist(), np.asfortranarray(words)):
        with pytest.raises(InvalidValue, match="row 65: __spacer: 4294967296 does not fit"):
            one.encode("grant_entry_v2", {"__spacer": given_})


def test_the_first_error_is_the_one_of_the_first_row() -> None:
    """Would catch an error that depends on which columns are in memory."""
    one = abi_at("x86_64")
    columns = {"ref": np.zeros(200, "i8"), "dom": np.zeros(200, "i8"), "flags": np.zeros(200, "i8")}
    columns["flags"][150] = columns["dom"][9] = columns["ref"][9] = -1
    for given_ in (columns, {field: column.tolist() for field, column in columns.items()}):
        with pytest.raises(InvalidValue, match="row 9: ref: -1 does not fit"):
            one.encode(OP, given_)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (np.zeros(3, bool), "got False"),
        (np.zeros(3, "f4"), "got 0.0"),
        (np.zeros(3, "M8[s]"), "expected an array"),
        (np.ma.masked_array([1, 2, 3], [0, 1, 0], "u4"), "got None"),
        (np.zeros((3, 2), "u4"), r"got \[0, 0\]"),
        (array.array("d", [1, 2, 3]), "got 1.0"),
        (memoryview(b"abc").cast("c"), "got b'a'"),
        (b"abc", "got b'abc'"),
        (np.datetime64(5, "s"), "expected an integer"),
        (np.zeros(1, "u4,u4")[0], "expected an integer"),
        (np.zeros(2, "u4"), "columns of different lengths: ref has 2, dom has 3"),
        (np.zeros(0, "u4"), "columns of different lengths: ref has 0, dom has 3"),
    ],
)
def test_what_is_in_memory_and_no_integers_is_refused(column: Any, words: str) -> None:
    """Would catch bytes of floats, truths, dates or masked elements that are taken for integers."""
    columns = {"ref": column, "dom": np.zeros(3, "u2")}
    with pytest.raises(InvalidValue, match=words):
        abi_at("x86_64").encode(OP, columns)
    with pytest.raises(InvalidValue):
        abi_at("x86_64").encode_into(OP, bytearray(99), columns)
    with pytest.raises(InvalidValue):
        abi_at("x86_64").prepare(OP, columns)


@pytest.mark.parametrize(
    "column",
    [
        np.array([1, 2, 3], ">u4"),
        np.array([1, 2, 3], object),
        np.array([1, 2, 3], "<i8"),
        np.array([[1, 9], [2, 9], [3, 9]])[:, 0],
        memoryview(array.array("H", [1, 2, 3])),
        memoryview(array.array("H", [1, 9, 2, 9, 3]))[::2],
        array.array("l", [1, 2, 3]),
        (iter([1, 2, 3])),
        (1, 2, 3),
    ],
)
def test_integers_of_any_kind_are_taken(column: Any) -> None:
    """Would catch a byte order, or a buffer in several pieces, that is read as another."""
    blob = abi_at("x86_64").encode(OP, {"ref": column, "dom": np.array([4, 5, 6], "u1")})
    assert blob == abi_at("x86_64").encode(OP, [{"ref": n, "dom": n + 3} for n in (1, 2, 3)])


def test_empty_columns_give_no_bytes() -> None:
    """Would catch an empty batch that reads or writes, or is refused."""
    one = abi_at("x86_32")
    empty = {"ref": np.zeros(0, "u4"), "dom": 5}
    assert one.encode(OP, empty) == b""
    assert one.encode_into(OP, bytearray(0), empty) == 0
    assert one.prepare(OP, empty).encode() == 0
    assert one.transcode(OP, b"", "x86_64") == b""
    assert one.validate(OP, b"") == []
    assert one.decode_columns(OP, b"", arrays=True)["ref"].shape == (0,)


def test_columns_in_the_buffer_itself_are_read_first() -> None:
    """Would catch fields that are overwritten while they are still to be read."""
    one, _, blob = blob_for("x86_64", OP)
    room = bytearray(blob)
    structs = one.view(OP, room).array()
    backwards = {name: structs[name][::-1] for name in ("host_addr", "flags", "ref", "dom")}
    expected = one.encode(OP, backwards)
    one.encode_into(OP, room, backwards)
    assert room == expected
    with pytest.raises(InvalidValue, match="a column is in the buffer"):
        one.prepare(OP, backwards, room)
    with pytest.raises(InvalidValue, match="it is in the bytes that are decoded"):
        one.decode_columns(OP, room, into={"ref": structs["ref"]})


def test_what_is_prepared_sees_what_changes() -> None:
    """Would catch a batch that keeps the values it was made with, or goes on after an error."""
    one = abi_at("x86_64")
    columns = {"ref": np.arange(5, dtype="i8"), "flags": np.full(5, 2, "u4"), "dom": 3}
    batch = one.prepare(OP, columns)
    batch.encode()
    columns["ref"][4] = 77
    assert batch.encode() == batch.size == 160
    assert one.decode(OP, batch.buffer)[4]["ref"] == 77
    before = bytes(batch.buffer)
    columns["ref"][3] = -1
    columns["ref"][0] = 5
    with pytest.raises(InvalidValue, match="row 3: ref: -1 does not fit"):
        batch.encode()
    assert batch.buffer == before
    columns["ref"][3] = 3
    batch.encode()
    assert one.decode(OP, batch.buffer)[0]["ref"] == 5
    assert "160 bytes of map_grant_ref" in repr(batch)


def test_what_is_prepared_reads_back() -> None:
    """Would catch columns that are bound to other places for reading than for writing."""
    one, _, blob = blob_for("x86_32", "copy")
    columns = one.decode_columns("copy", blob, arrays=True)
    batch = one.prepare("copy", columns, allow_out=True)
    batch.encode()
    kept = {name: column.copy() for name, column in columns.items()}
    for column in columns.values():
        column[:] = 0
    assert batch.decode() == batch.size
    assert all((columns[name] == column).all() for name, column in kept.items())
    frozen = np.zeros(3, "u4")
    frozen.flags.writeable = False
    for wrong in (
        {"ref": frozen},
        {"ref": np.zeros(3, "u2")},
        {"ref": np.zeros(3, "u4"), "dom": 1},
    ):
        fixed: Prepared = one.prepare(OP, wrong)
        fixed.encode()
        with pytest.raises(InvalidValue):
            fixed.decode()


def test_only_what_is_in_memory_is_prepared() -> None:
    """Would catch a list, or rows, whose later values nobody would see."""
    one = abi_at("x86_64")
    for wrong in ({"ref": [1, 2]}, [{"ref": 1}], {"ref": iter([1])}, 5, {"flags": np.array(["x"])}):
        with pytest.raises(InvalidValue, match="expected columns in memory"):
            one.prepare(OP, wrong)
    with pytest.raises(InvalidValue, match="the buffer has 63 bytes, and 64 are to be written"):
        one.prepare(OP, {"ref": np.zeros(2, "u4")}, bytearray(63))
    with pytest.raises(UnknownName):
        one.prepare(OP, {"rfe": np.zeros(2, "u4")})
    with pytest.raises(InvalidValue, match="OUT"):
        one.prepare(OP, {"status": np.zeros(2, "u4")})


@pytest.mark.parametrize(
    ("into", "words"),
    [
        ({"ref": np.zeros(2, "u4")}, "ref: expected 3 elements, got 2"),
        ({"ref": np.zeros((3, 1), "u4")}, "ref: expected 3 elements, got 3x1"),
        ({"ref": [0, 0, 0]}, "expected an array of uint32, or wider, got list"),
        ({"ref": 5}, "expected an array of uint32, or wider, got int"),
        ({"ref": bytes(12)}, "expected an array of uint32, or wider, got bytes"),
        (
            {"ref": np.zeros(3, "f4")},
            "expected an array of uint32, or wider, got ndarray of float32",
        ),
        ({"status": np.zeros(3, "u8")}, "expected an array of int16, or wider"),
        ({"host_addr": np.zeros(3, "i8")}, "expected an array of uint64, or wider"),
    ],
)
def test_columns_that_cannot_be_filled_are_refused(into: Columns, words: str) -> None:
    """Would catch a value that loses bits on the way out, or is written behind an array."""
    with pytest.raises(InvalidValue, match=words):
        abi_at("x86_64").decode_columns(OP, bytes(96), into=into)
    with pytest.raises(UnknownName, match="no field 'rfe'"):
        abi_at("x86_64").decode_columns(OP, bytes(96), into={"rfe": np.zeros(3, "u4")})


# Between ABIs


@pytest.mark.parametrize("name", names_of(abi_at("x86_64")))
def test_structs_go_from_one_abi_to_another(name: str) -> None:
    """Would catch a field that is moved, cut, or loses its sign between two ABIs."""
    for source in ABIS:
        for target in ABIS:
            one, other = abi_at(source), abi_at(target)
            struct = struct_of(one, name)
            blob = bytearray(random_blob(struct, 100, seeded(source, name)))
            for leaf in struct.leaves:  # only what fits on both
                for start in range(leaf.offset, len(blob), struct.size):
                    if struct_of(other, name).field(leaf.name).size < leaf.size:
                        blob[start + 4 : start + 8] = bytes(4)
            moved = one.transcode(name, blob, target)
            rows = one.decode_tuples(name, blob)
            assert moved == other.encode(name, rows, allow_out=True)
            assert moved == one.transcode(name, memoryview(blob), other)
            assert other.transcode(name, moved, one) == cleaned(struct, bytes(blob))


def test_what_does_not_fit_the_other_abi_is_refused() -> None:
    """Would catch a frame or an address that loses its upper half on the way to 32 bits."""
    one = abi_at("x86_64")
    for name, field in (("transfer", "mfn"), ("copy", "dest.u"), ("setup_table", "frame_list")):
        rows = [dict.fromkeys([field], n) for n in (5, 1 << 32, 1)]
        with pytest.raises(
            InvalidValue, match=rf"row 1: {field}: 4294967296 does not fit"
        ) as caught:
            one.transcode(name, one.encode(name, rows), "x86_32")
        assert (caught.value.element, caught.value.field) == (1, field)
    with pytest.raises(InvalidValue, match="not a multiple"):
        one.transcode("copy", bytes(39), "x86_32")
    with pytest.raises(UnknownName):
        one.transcode("copy", bytes(40), "x86_31")
    with pytest.raises(UnknownName):
        one.transcode("cache_flush", bytes(16), Abi("x86_32", "undefined"))


# Without the extension, beyond 4 GiB, in threads


def test_no_extension_means_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Would catch a package without its extension that packs, moves or judges otherwise."""
    with_it, _, blob = blob_for("x86_64", "copy")
    blob = blob[: 40 * 20]
    arrays = with_it.decode_columns("copy", blob, arrays=True)
    encoded = with_it.encode("copy", arrays, allow_out=True)
    findings = with_it.validate("copy", blob)
    small = with_it.encode("copy", {"len": np.arange(20)})
    moved = with_it.transcode("copy", small, "x86_32")
    monkeypatch.setattr(kernels, "load", lambda: None)
    without = Abi("x86_64")
    assert without.encode("copy", arrays, allow_out=True) == encoded
    assert without.validate("copy", blob) == findings
    assert without.transcode("copy", small, "x86_32") == moved
    room = bytearray(len(encoded))
    without.encode_into("copy", room, arrays, allow_out=True)
    assert room == encoded
    for call in (
        lambda: without.prepare("copy", {"len": arrays["len"]}),
        lambda: without.decode_columns("copy", blob, arrays=True),
    ):
        with pytest.raises(XengntError):
            call()


def test_beyond_four_gib(tmp_path: Path) -> None:
    """Would catch an offset or a stride that is kept in 32 bits."""
    one = abi_at("x86_64")
    sparse = tmp_path / "sparse"
    with sparse.open("w+b") as file:
        file.truncate(5 << 30)
        room = mmap.mmap(file.fileno(), 0)
    with room:
        whole = np.frombuffer(room, "u4")
        column = whole[7 :: (2 << 28) + 1]
        column[:] = [11, 22, 33]
        assert column.strides[0] > 1 << 31
        expected = one.encode(OP, [{"ref": n} for n in (11, 22, 33)])
        assert one.encode(OP, {"ref": column}) == expected
        back = column[::-1]
        one.decode_columns(OP, expected, into={"ref": back})
        assert column.tolist() == [33, 22, 11]
        start = (4 << 30) + 13
        with memoryview(room) as view, view[start:] as far:
            one.encode_into(OP, far, {"ref": np.array([1, 2, 3])})
            assert one.view(OP, far[:96]).column("ref") == [1, 2, 3]
            del far
        del whole, column, back


def test_kernels_run_beside_other_threads() -> None:
    """Would catch a batch whose state is shared with another that runs at the same time."""
    one, _, blob = blob_for("x86_64", OP, 3000)
    columns = one.decode_columns(OP, blob, arrays=True)
    expected = one.encode(OP, columns, allow_out=True)
    wrong: list[object] = []

    def work() -> None:
        for _ in range(20):
            if one.encode(OP, columns, allow_out=True) != expected:
                wrong.append("encode")
            if one.decode_columns(OP, expected, arrays=True)["ref"][7] != columns["ref"][7]:
                wrong.append("decode")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize("form", ["memory", "lists", "dicts", "tuples"])
def test_encoding_takes_no_more_memory_than_its_output(form: str) -> None:
    """Would catch a copy of a batch, or of its rows, that is kept while it is encoded."""
    one = abi_at("x86_64")
    count = 50_000
    rows: Any = {"ref": np.arange(count, dtype="u4"), "dom": np.zeros(count, "u2")}
    if form == "lists":
        rows = {field: column.tolist() for field, column in rows.items()}
    elif form == "dicts":
        rows = [{"ref": n, "dom": 0} for n in range(count)]
    elif form == "tuples":
        rows = [(0, 0, n, 0) for n in range(count)]
    one.encode(OP, rows)
    tracemalloc.start()
    try:
        blob = one.encode(OP, rows)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak <= 1.05 * len(blob)


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_any_mix_of_columns_is_packed_as_its_rows(data: st.DataObject) -> None:
    """Would catch a list beside an array in memory that is packed by other rules."""
    one = abi_at(data.draw(st.sampled_from(ABIS)))
    struct = struct_of(one, "copy")
    rows = data.draw(rows_of(struct, out=True, same=True))
    assume(rows[0])
    columns = data.draw(columns_of(rows))
    expected = b"".join(pack(struct, row) for row in rows)
    assert one.encode("copy", columns, allow_out=True) == expected
    room = bytearray(len(expected))
    one.encode_into("copy", room, columns, allow_out=True)
    assert room == expected
