# SPDX-License-Identifier: MIT
"""Rows packed in C against the same rows packed one by one in Python."""

from __future__ import annotations

import gc
import itertools
import weakref
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xengnt
from xengnt.codec import packer as packer_module
from xengnt.codec.rows import MAX_PACKERS, Encoder
from xengnt.errors import Unavailable, XengntError
from xengnt.extension import ROWS, load

NAMES = ("host_addr", "flags", "ref", "dom")
OP = "map_grant_ref"


class Seven:
    """An integer in disguise."""

    def __index__(self) -> int:
        return 7


class Broken:
    """What raises when it is asked for its value."""

    def __init__(self, error: type[BaseException]) -> None:
        self.error = error

    def __index__(self) -> int:
        raise self.error


class Given:
    """An object with some fields of its own."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self.__dict__.update(fields)


class Slotted:
    """An object with slots."""

    __slots__ = NAMES

    def __init__(self, fields: dict[str, Any]) -> None:
        for name, value in fields.items():
            setattr(self, name, value)


@pytest.fixture
def encoder() -> Encoder:
    """Return a fresh encoder of maps."""
    return xengnt.Abi("x86_64").codec(OP).encoder()


def slow(encoder: Encoder, rows: list[Any]) -> bytes | str:
    """Return what packing each row alone gives, or the error in words."""
    try:
        packed = [encoder.normalise(row, number) for number, row in enumerate(rows)]
    except XengntError as error:
        return str(error)
    return b"".join(packer.struct.pack(*values) for packer, values in packed)


def fast(encoder: Encoder, rows: list[Any]) -> bytes | str:
    """Return what packing them together gives, or the error in words."""
    try:
        return encoder.encode(rows)
    except XengntError as error:
        return str(error)


numbers = st.one_of(
    st.integers(-2, 2),
    st.sampled_from([2**n + d for n in (7, 8, 15, 16, 31, 32, 63, 64) for d in (-1, 0)]),
    st.sampled_from([-(2**n) - d for n in (7, 15, 31, 63) for d in (0, 1)]),
    st.integers(0, 2**64 - 1),
)
values = st.one_of(
    numbers, numbers, st.booleans(), st.builds(Seven), st.sampled_from(["readonly", "", 1.0, None])
)
dicts = st.one_of(
    st.fixed_dictionaries(dict.fromkeys(NAMES, values)),
    st.fixed_dictionaries(dict.fromkeys(NAMES[1:], values)),
    st.dictionaries(st.sampled_from([*NAMES, "handle", "nothing"]), values, max_size=4),
)
plain = st.fixed_dictionaries(
    {"host_addr": st.integers(0, 2**64 - 1), "flags": st.integers(0, 2**32 - 1)}
)
anything = st.one_of(
    st.lists(plain, min_size=1, max_size=4),
    st.lists(dicts, min_size=1, max_size=4),
    st.lists(dicts.map(lambda row: tuple(row.values())), min_size=1, max_size=4),
    st.lists(dicts.map(lambda row: list(row.values())), min_size=1, max_size=4),
    st.lists(dicts.filter(bool).map(Given), min_size=1, max_size=4),
    st.lists(
        st.fixed_dictionaries(dict.fromkeys(NAMES, values)).map(Slotted), min_size=1, max_size=4
    ),
    st.lists(st.one_of(dicts, dicts.map(lambda row: tuple(row.values()))), min_size=1, max_size=3),
)


@settings(max_examples=600, deadline=None)
@given(anything)
def test_many_are_packed_as_each_alone(rows: list[Any]) -> None:
    """Would catch a range, a name or a form that the fast way sees in another light."""
    encoder = Encoder(xengnt.Abi("x86_64").codec(OP).plan)
    expected = slow(encoder, rows)
    assert fast(encoder, rows) == expected
    assert fast(encoder, rows) == expected  # now with what the first time left behind


@pytest.mark.parametrize("abi", ["x86_64", "x86_32"])
@pytest.mark.parametrize("op", ["copy", "transfer", "grant_entry_v2", "cache_flush"])
def test_no_extension_means_the_same_bytes(
    abi: str, op: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Would catch a package without its extension that packs otherwise, or not at all."""
    codec = xengnt.Abi(abi).codec(op)
    blob = bytes(range(codec.plan.struct.size)) * 3
    rows = xengnt.Abi(abi).decode_tuples(op, blob)
    with_it = Encoder(codec.plan, allow_out=True).encode(rows)

    def missing(name: str) -> None:
        raise Unavailable(name)

    monkeypatch.setattr(packer_module, "load", missing)
    without = Encoder(codec.plan, allow_out=True)
    assert without.packer(without.inputs).fast is None
    assert without.encode(rows) == with_it
    first = dict.fromkeys(without.inputs[:1], 1)
    if codec.plan.raw.slots[without.inputs[0]].count is None:
        assert without.encode([first]) == without.encode_one(first) == without.encode_one(first)


def test_an_interrupt_reaches_the_caller(encoder: Encoder) -> None:
    """Would catch a Ctrl-C, or the end of the program, that is taken for a bad value."""
    for error in (KeyboardInterrupt, SystemExit):
        broken = dict.fromkeys(NAMES, Broken(error))
        for rows in ([broken], [tuple(broken.values())], [Slotted(broken)]):
            encoder.encode([dict.fromkeys(NAMES, 1)])
            with pytest.raises(error):
                encoder.encode(rows)


def test_rows_may_change_while_they_are_packed(encoder: Encoder) -> None:
    """Would catch memory that is read after a value has taken its own row away."""
    rows: list[Any] = []

    class Emptying:
        def __index__(self) -> int:
            for row in rows:
                row.clear()
            rows.clear()
            gc.collect()
            return 1

    fast = encoder.packer(NAMES).fast
    for make, pack in ((dict, fast.dicts), (lambda row: list(row.values()), fast.tuples)):
        rows[:] = [make({**dict.fromkeys(NAMES, 1), "flags": Emptying()}) for _ in range(3)]
        assert pack(rows) is None
        assert encoder.encode(rows) == b""


def test_later_objects_may_have_more_fields(encoder: Encoder) -> None:
    """Would catch a field that is dropped because the first object did not have it."""
    rows = [Given({"flags": 1}), Given({"flags": 1, "dom": 2})]
    assert encoder.encode(rows) == encoder.encode([{"flags": 1}]) + encoder.encode(
        [{"flags": 1, "dom": 2}]
    )


class Swap(NamedTuple):
    """A tuple whose fields are in another order than the struct's."""

    ref_b: int
    ref_a: int


class Pair(list[int]):
    """A list of another class."""


def test_tuples_and_lists_are_those_and_no_others() -> None:
    """Would catch a namedtuple that is packed by position because others before it were."""
    encoder = Encoder(xengnt.Abi("x86_64").codec("swap_grant_ref").plan)
    expected = encoder.encode([{"ref_a": 1, "ref_b": 2}] * 2)
    for first in ((1, 2), [1, 2], {"ref_a": 1, "ref_b": 2}, Swap(2, 1), Pair((1, 2))):
        for second in ((1, 2), [1, 2], {"ref_a": 1, "ref_b": 2}, Swap(2, 1), Pair((1, 2))):
            assert encoder.encode([first, second]) == expected
            assert encoder.encode_one(first) + encoder.encode_one(second) == expected


@pytest.mark.parametrize("name", ["set_version", "query_size", "grant_status_t"])
def test_tuples_of_one_value(name: str) -> None:
    """Would catch a tuple of one that is packed as zeros."""
    abi = xengnt.Abi("x86_64")
    for rows in ([(1,), (2,)], [[1], [2]], ((1,), (2,))):
        assert abi.encode(name, rows) == abi.encode(
            name, [{abi_field(abi, name): n} for n in (1, 2)]
        )


def abi_field(abi: xengnt.Abi, name: str) -> str:
    """Return the name of the only field that goes in."""
    (field,) = abi.codec(name).encoder().inputs
    return field


def test_what_was_packed_before_does_not_matter(encoder: Encoder) -> None:
    """Would catch rows that are packed like the last ones though they are of another form."""
    forms: list[list[Any]] = [
        [dict.fromkeys(NAMES, 7)] * 2,
        [dict.fromkeys(reversed(NAMES), 7)] * 2,
        [(7, 7, 7, 7)] * 2,
        [Slotted(dict.fromkeys(NAMES, 7))] * 2,
        [Given(dict.fromkeys(NAMES, 7))] * 2,
        [{**dict.fromkeys(NAMES, 7), "flags": "7"}] * 2,
    ]
    expected = encoder.encode(forms[0])
    for one in forms:
        for other in forms:
            assert encoder.encode(one) == encoder.encode(other) == expected
    assert encoder.encode([]) == b""
    assert encoder.encode([{"ref": 7}]) != expected[:32]


def test_what_is_remembered_has_an_end(encoder: Encoder) -> None:
    """Would catch memory that grows with every order of names, row class or value seen."""
    orders = list(itertools.permutations((*NAMES, "handle"), 5))
    wide = Encoder(encoder.plan, allow_out=True)
    for order in [*orders, *itertools.permutations((*NAMES, "status"))][:240]:
        assert wide.encode([dict.fromkeys(order, 1)])
    for several in itertools.chain.from_iterable(
        itertools.permutations(NAMES, size) for size in range(5)
    ):
        wide.encode([dict.fromkeys(several, 1)])
    assert len(wide._packers) <= MAX_PACKERS  # noqa: SLF001 -- what is remembered cannot be seen from outside

    def made() -> weakref.ref[type]:
        kind = type("Row", (), {"ref": 1})
        assert len(encoder.encode([kind()])) == 32
        return weakref.ref(kind)

    first = made()
    encoder.encode([{"ref": 1}])
    gc.collect()
    assert first() is None
    symbols = encoder.plan.slots["flags"][1].symbols
    for value in range(5000):
        symbols.text(value)
    assert symbols._text.cache_info().currsize <= 1024  # noqa: SLF001 -- what is remembered cannot be seen from outside
    refs = encoder.plan.slots["ref"][1].symbols
    assert refs.text(5) is None
    assert refs._text.cache_info().currsize == 0  # noqa: SLF001 -- what is remembered cannot be seen from outside


@pytest.mark.parametrize(
    "arguments",
    [
        (8, (("a", 0, -1, 3, 0),)),
        (8, (("a", 7, -1, 2, 0),)),
        (8, (("a", -1, -1, 2, 0),)),
        (8, (("a", 0, 2**62, 2, 0),)),
        (8, ((1, 0, -1, 2, 0),)),
        (8, (1,)),
        (8, [1]),
        (0, ()),
        (-8, ()),
    ],
)
def test_a_slot_outside_the_struct_is_refused(arguments: tuple[Any, ...]) -> None:
    """Would catch a plan that makes C write beyond the bytes it has."""
    with pytest.raises((TypeError, ValueError)):
        load(ROWS).Packer(*arguments)
