# SPDX-License-Identifier: MIT
"""The codec under Hypothesis, and under a great many random bytes."""

from __future__ import annotations

import json
import string
from collections.abc import Callable
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
)
from hypothesis import HealthCheck, assume, given, note, settings
from hypothesis import strategies as st
from oracle import ABIS, VERSIONS

from xengnt import Abi, InvalidValue, UnknownName, XengntError
from xengnt.abi.layout import Field, StructLayout

Row = dict[str, Any]
Case = tuple[Abi, str, StructLayout]

thorough = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""No deadline: how long an example takes says nothing on a shared machine."""


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw an op or entry, with an ABI and interface version that has it."""
    abi, version, name = draw(st.sampled_from(combinations()))
    one = abi_at(abi, version)
    note(f"{name} at {abi} {version}")
    return one, name, struct_of(one, name)


def integers(field: Field) -> st.SearchStrategy[Any]:
    """Draw values of a field, often those at the edges."""
    low, high = bounds(field)
    some = st.one_of(st.sampled_from((low, high, 0, 1)), st.integers(low, high))
    return (
        some if field.count is None else st.lists(some, min_size=field.count, max_size=field.count)
    )


def rows_of(struct: StructLayout, *, out: bool, same: bool = False) -> st.SearchStrategy[list[Row]]:
    """Draw rows with some of the names of a view, `same` if all have the names of the first."""

    @st.composite
    def some_fields(draw: st.DrawFn) -> list[Field]:
        leaves = draw(st.sampled_from(list(views_of(struct).values())))
        leaves = [leaf for leaf in leaves if out or leaf.direction != "OUT"]
        picked = draw(st.lists(st.booleans(), min_size=len(leaves), max_size=len(leaves)))
        return [
            draw(st.sampled_from(names_for(struct, leaf)))
            for leaf, taken in zip(leaves, picked, strict=True)
            if taken
        ]

    def row(fields: list[Field]) -> st.SearchStrategy[Row]:
        # A union given whole is an integer as wide as its widest member.
        return st.fixed_dictionaries({field.name: integers(field) for field in fields})

    if same:
        return some_fields().flatmap(lambda fields: st.lists(row(fields), min_size=1, max_size=5))
    return st.lists(some_fields().flatmap(row), max_size=5)


def blobs_of(struct: StructLayout) -> st.SearchStrategy[bytes]:
    """Draw up to four structs of any bytes."""
    one = st.one_of(
        st.binary(min_size=struct.size, max_size=struct.size),
        st.lists(
            st.sampled_from((0, 0, 0, 1, 2, 3, 0xFF)), min_size=struct.size, max_size=struct.size
        ).map(bytes),
    )
    return st.lists(one, max_size=4).map(b"".join)


@thorough
@given(cases(), st.data())
def test_rows_are_packed_as_the_layout_says(case: Case, data: st.DataObject) -> None:
    """Would catch any row whose bytes are not its values at their offsets and zeros elsewhere."""
    one, name, struct = case
    rows = data.draw(rows_of(struct, out=True))
    expected = b"".join(pack(struct, row) for row in rows)
    assert one.encode(name, rows, allow_out=True) == expected
    assert one.encode(name, [nested(row) for row in rows], allow_out=True) == expected
    assert one.encode(name, json.loads(json.dumps(rows)), allow_out=True) == expected
    pack_one = one.codec(name).encoder(allow_out=True).encode_one
    assert b"".join(map(pack_one, rows)) == expected
    view = one.view(name, expected)
    for number, row in enumerate(rows):
        for field, value in row.items():
            if field in {f.name for f in values_of(struct)}:
                assert view[number][field] == view.column(field)[number] == value


@thorough
@given(cases(), st.data())
def test_columns_are_packed_as_their_rows(case: Case, data: st.DataObject) -> None:
    """Would catch a column that is cut, shifted or swapped with another."""
    one, name, struct = case
    rows = data.draw(rows_of(struct, out=False, same=True))
    assume(rows[0])
    columns = {field: [row[field] for row in rows] for field in rows[0]}
    expected = b"".join(pack(struct, row) for row in rows)
    assert one.encode(name, columns) == expected
    assert one.encode(name, nested(columns)) == expected
    assert one.encode(name, {f: np.array(c, object) for f, c in columns.items()}) == expected
    first = next(iter(columns))
    if struct.field(first).count is None:
        scalar = {**columns, first: columns[first][0]}
        rows = [{**row, first: columns[first][0]} for row in rows]
        if len(columns) > 1:
            assert one.encode(name, scalar) == b"".join(pack(struct, row) for row in rows)


@thorough
@given(cases(), st.data())
def test_a_decode_reproduces_every_byte_but_holes(case: Case, data: st.DataObject) -> None:
    """Would catch bits that a decode drops: of a field, above a union's member, behind a view."""
    one, name, struct = case
    blob = data.draw(blobs_of(struct))
    clean = cleaned(struct, blob)
    rows = one.decode(name, blob)
    assert one.encode(name, rows, allow_out=True) == clean
    assert one.decode(name, clean) == rows
    assert one.encode(name, one.decode_tuples(name, blob), allow_out=True) == clean
    assert one.encode(name, one.decode_columns(name, blob), allow_out=True) == clean
    assert one.encode(name, list(one.view(name, blob)), allow_out=True) == clean
    for part, row in zip(elements(struct, blob), rows, strict=True):
        assert row == {field.name: read(field, part) for field in meant(struct, part)}
    inputs = [{n: v for n, v in row.items() if struct.field(n).direction != "OUT"} for row in rows]
    assert one.encode(name, inputs) == cleaned(struct, blob, out=True)


@thorough
@given(cases(), st.data(), st.integers(0, 255))
def test_poison_is_in_holes_and_out_and_nowhere_else(
    case: Case, data: st.DataObject, byte: int
) -> None:
    """Would catch a pattern that hides a value, or bytes of the callee's that lack it."""
    one, name, struct = case
    rows = data.draw(rows_of(struct, out=False))
    pattern = mask(struct, byte, out=True)
    expected = b"".join(
        bytes(a | b for a, b in zip(pack(struct, row), pattern, strict=True)) for row in rows
    )
    assert one.encode(name, rows, poison=byte) == expected
    holes = mask(struct, byte, out=False)
    everything = one.decode(name, expected)
    assert one.encode(name, everything, allow_out=True, poison=byte) == b"".join(
        bytes(a | b for a, b in zip(cleaned(struct, part), holes, strict=True))
        for part in elements(struct, expected)
    )


@thorough
@given(cases(), st.data())
def test_no_value_beyond_its_range_gets_in(case: Case, data: st.DataObject) -> None:
    """Would catch narrowing at any distance from the range, and bytes written before the error."""
    one, name, struct = case
    fields = [f for f in settable(struct) if f.direction != "OUT" and f.count is None]
    assume(fields)
    field = data.draw(st.sampled_from(fields))
    low, high = bounds(field)
    value = data.draw(
        st.one_of(st.integers(max_value=low - 1), st.integers(min_value=high + 1))
        | st.sampled_from((1 << 63, 1 << 64, -(1 << 63), 1 << 200, high + 1, low - 1))
    )
    assume(not low <= value <= high)
    number = data.draw(st.integers(0, 4))
    column = [value if n == number else 0 for n in range(5)]
    room = bytearray(b"\xee" * struct.size * 5)
    for rows in ([{field.name: one} for one in column], {field.name: column}):
        with pytest.raises(InvalidValue) as caught:
            one.encode_into(name, room, rows)
        error = caught.value
        assert (error.struct, error.field, error.element) == (struct.tag, field.name, number)
        assert (error.offset, error.expected, error.got) == (field.offset, (low, high), value)
        assert set(room) == {0xEE}


NAMES = (
    *("ref", "dom", "flags", "host_addr", "status", "source", "dest", "source.u", "u", "len", "op"),
    *("dest.u.ref", "domid", "hdr", "hdr.flags", "full_page", "full_page.frame", "version", "a"),
    *(
        "sub_page.length",
        "__spacer",
        "transitive",
        "a.ref",
        "frame",
        "gmfn",
        "domid",
        "source.u.ref",
    ),
)
TEXTS = ("readonly", "DOMID_SELF", "0x10", "host_map|readonly", "a|b", "1|", "-1", "\u0661")
ARRAYS = (np.uint8(3), np.float32(1), np.array([1, 2]), np.zeros((2, 4), "u2"), np.array(4))

names = st.sampled_from(NAMES) | st.text(string.ascii_lowercase + "._", max_size=5)
anything: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        *(st.none(), st.booleans(), st.integers(), st.integers(0, 3), st.floats()),
        *(st.binary(max_size=4), st.text(max_size=4), st.sampled_from(TEXTS + ARRAYS)),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner, inner),
        st.dictionaries(names, inner, max_size=3),
    ),
    max_leaves=12,
)


def attempt(call: Callable[..., Any], *arguments: object, **options: object) -> Any:
    """Return what a call gives, or the error of ours that it raises; no other may be."""
    try:
        return call(*arguments, **options)
    except XengntError as error:
        return error


@settings(thorough, max_examples=300)
@given(
    st.sampled_from(
        ["map_grant_ref", "copy", "cache_flush", "grant_entry_v1", "grant_entry_v2", "set_version"]
    ),
    anything,
    st.fixed_dictionaries({"strict": st.booleans(), "allow_out": st.booleans()}),
)
def test_whatever_is_given_is_encoded_or_refused_in_one_line(
    name: str, rows: Any, options: dict[str, bool]
) -> None:
    """Would catch any other error, and any blob with a dirty hole or OUT field."""
    one = abi_at("arm32")
    struct = struct_of(one, name)
    done = attempt(one.encode, name, rows, **options)
    if isinstance(done, bytes):
        assert len(done) % struct.size == 0
        assert cleaned(struct, done, out=not options["allow_out"]) == done
    else:
        assert isinstance(done, InvalidValue | UnknownName)
        assert str(done)
        assert "\n" not in str(done)
        assert done.struct == struct.tag


@settings(thorough, max_examples=200)
@given(st.sampled_from(names_of(abi_at("x86_64"))), st.data())
def test_any_text_is_a_value_or_an_unknown_name(name: str, data: st.DataObject) -> None:
    """Would catch a text that raises anything else, or names that mean another value."""
    one = abi_at("x86_64")
    plan = one.codec(name).plan
    slot = data.draw(st.sampled_from([slot for _, slot in plan.slots.values()]))
    value = data.draw(st.integers(slot.low, slot.high))
    text = slot.symbols.text(value)
    assert text is None or slot.symbols.parse(text) == value
    words = [text or "0", "0x1", "readonly", "GNTMAP_readonly", "DOMID_SELF", "SELF", "", " ", "|"]
    text = data.draw(st.text(max_size=6) | st.lists(st.sampled_from(words)).map("|".join))
    done = attempt(slot.symbols.parse, text)
    assert isinstance(done, int | UnknownName)
    assert "\n" not in str(done)


@settings(thorough, max_examples=200)
@given(
    st.sampled_from([*names_of(abi_at("x86_64")), "copi", "", "gnttab_copy", "x" * 300]),
    st.binary(max_size=100) | st.binary(max_size=10).map(lambda data: data * 8),
)
def test_any_bytes_are_decoded_or_refused_in_one_line(name: str, blob: bytes) -> None:
    """Would catch bytes that crash a reader."""
    one = abi_at("ppc64")
    for reader in (one.decode, one.decode_tuples, one.decode_columns, one.validate, one.view):
        done = attempt(reader, name, blob)
        known = name in [*names_of(one), "gnttab_copy"]
        whole = known and len(blob) % struct_of(one, name).size == 0
        assert isinstance(done, XengntError) is not whole
        assert "\n" not in str(done)


# Many random blobs

RANDOM = 100_000
BATCH = 10_000


def random_batches(struct: StructLayout, seed: int) -> list[bytes]:
    """Return that many random structs in batches: in one all bytes are random, in others few.

    Where all are, hardly any flag is as it should be, and no member of a union is meant.
    """
    random = np.random.default_rng(seed)
    made = []
    for number in range(RANDOM // BATCH):
        data = random.integers(0, 256, BATCH * struct.size, "u1")
        if number:
            data *= random.integers(0, 32, len(data), "u1") == 0
        made.append(data.tobytes())
    return made


@pytest.mark.parametrize(("number", "name"), list(enumerate(names_of(abi_at("x86_64")))))
def test_random_blobs_raise_nothing(number: int, name: str) -> None:
    """Would catch bytes that crash a decoder or the validator, or findings that lead nowhere."""
    one = abi_at(ABIS[number % len(ABIS)])
    struct = struct_of(one, name)
    for batch in random_batches(struct, number):
        rows = one.decode(name, batch)
        assert len(rows) == BATCH
        assert one.encode(name, rows[:500], allow_out=True) == cleaned(
            struct, batch[: 500 * struct.size]
        )
        findings = [one for one in one.validate(name, batch) if one.code != "count"]
        assert name == "set_version" or findings
        for found in findings[::100]:
            assert found.element in range(BATCH)
            assert found.offset in range(struct.size)


@pytest.mark.parametrize("version", VERSIONS)
def test_random_blobs_raise_nothing_at_any_version(version: str) -> None:
    """Would catch a struct of an older version that cannot be judged, before or after a call."""
    for abi in ABIS:
        one = abi_at(abi, version)
        for name in names_of(one):
            struct = struct_of(one, name)
            blob = random_blob(struct, 20, seeded(abi, version, name))
            assert len(one.decode(name, blob)) == 20
            for when in ("before", "after"):
                one.validate(name, blob, when=when)
            assert b"".join(line.data for line in one.dump(name, blob)) == blob
