# SPDX-License-Identifier: MIT
"""What the codec is given by people: objects of every sort, names, endless things, copies."""

from __future__ import annotations

import copy
import ctypes
import itertools
import pickle
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import cffi
import numpy as np
import pytest
from blobs import abi_at, pack, random_blob, seeded, struct_of
from oracle import ABIS

import xengnt
from xengnt import Abi, GrantError, InvalidValue, Op, UnknownName
from xengnt.extension import load

ABI = abi_at("x86_64")
SWAP = "swap_grant_ref"


# Buffers


OBJECTS: list[Callable[[], Any]] = [
    lambda: np.array([1 << 70, 2, 3], object),
    lambda: np.array([], object),
    lambda: np.zeros(3, [("a", object)]),
    lambda: np.zeros(3, [("a", "u4"), ("b", object)]),
    lambda: (ctypes.py_object * 3)(1, 2, 3),
    lambda: memoryview(np.array([1, 2, 3], object)),
    lambda: np.float64(1),
    lambda: np.array(7),
    lambda: np.True_,
    lambda: cffi.FFI().new("int *"),
    lambda: cffi.FFI().cast("int", 5),
    lambda: cffi.FFI().NULL,
]


@pytest.mark.parametrize("make", OBJECTS)
def test_bytes_that_nobody_may_touch_are_refused(make: Callable[[], Any]) -> None:
    """Would catch addresses of Python's objects that are read, or overwritten and crash."""
    with pytest.raises(InvalidValue, match="in one piece"):
        ABI.decode(SWAP, make())
    with pytest.raises(InvalidValue, match="in one piece"):
        ABI.encode_into(SWAP, make(), [])


def test_an_array_of_objects_is_called_so() -> None:
    """Would catch an error that does not say why an array, of all things, is not taken."""
    with pytest.raises(InvalidValue, match="in one piece, got ndarray of object"):
        ABI.decode(SWAP, np.array([1, 2, 3], object))


def test_a_member_called_o_is_no_object() -> None:
    """Would catch a struct that is refused for the names of its members."""
    made = np.zeros(3, [("O", "u4"), ("xOx", "u4"), ("s", "u4")])

    class Struct(ctypes.Structure):
        _fields_ = (("O", ctypes.c_uint32), ("P", ctypes.c_uint32), ("Q", ctypes.c_uint32))

    assert len(ABI.decode(SWAP, made)) == 3
    assert len(ABI.decode(SWAP, (Struct * 3)())) == 3
    assert len(ABI.decode(SWAP, memoryview(made))) == 3


def test_data_of_cffi_is_read_and_written_in_place() -> None:
    """Would catch an array or a struct of cffi that has to be wrapped by hand."""
    ffi = load().ffi
    native = Abi.native()
    blob = random_blob(struct_of(native, "copy"), 2, seeded(3))
    array = ffi.new("struct gnttab_copy[2]")
    assert native.encode_into("copy", array, native.decode("copy", blob), allow_out=True) == 80
    assert native.decode("copy", array) == native.decode("copy", blob)
    assert native.decode("copy", array[1]) == native.decode("copy", blob)[1:]
    native.encode_into("copy", array[0], [{"len": 9}])
    assert array[0].len == 9
    other = cffi.FFI()
    other.cdef("struct pair { unsigned a, b, c; };")
    assert ABI.decode(SWAP, other.new("struct pair[]", [(1, 2, 3)]))[0]["ref_b"] == 2


# Columns and arrays without an end


def numbers() -> Iterator[int]:
    """Give numbers for ever."""
    yield from itertools.count()


ENDLESS: list[Callable[[], Any]] = [
    lambda: itertools.repeat(0), numbers, itertools.count, lambda: iter(int, 1),
]  # fmt: skip


@pytest.mark.parametrize("make", ENDLESS)
def test_a_column_without_an_end_is_read_as_far_as_the_others_go(make: Callable[[], Any]) -> None:
    """Would catch a column that eats all memory."""
    for other in (list, tuple, np.array, iter, deque):
        for names in (("ref_a", "ref_b"), ("ref_b", "ref_a")):
            columns = dict(zip(names, (other([1, 2]), make()), strict=True))
            with pytest.raises(InvalidValue, match=r"different lengths: .*has 3"):
                ABI.encode(SWAP, columns)
    for rows in ([{"__spacer": make()}], [{"__spacer": [0] * 4}, {"__spacer": make()}]):
        with pytest.raises(InvalidValue, match="__spacer: more elements for 4"):
            ABI.encode("grant_entry_v2", rows)


def test_columns_without_a_length_are_columns() -> None:
    """Would catch iterators of one length that are taken for different ones, or lose a value."""
    expected = ABI.encode(SWAP, {"ref_a": [1, 2], "ref_b": [3, 4]})
    for a, b in itertools.product((list, iter), repeat=2):
        assert ABI.encode(SWAP, {"ref_a": a([1, 2]), "ref_b": b([3, 4])}) == expected
    for a, b in (([1, 2], [3]), ([1], [2, 3]), ([], [1])):
        with pytest.raises(InvalidValue, match="columns of different lengths: ref_a has"):
            ABI.encode(SWAP, {"ref_a": iter(a), "ref_b": iter(b)})
    words = ABI.encode("grant_entry_v2", {"__spacer": iter([1, 2, 3, 4])})
    assert words == ABI.encode("grant_entry_v2", [{"__spacer": [1, 2, 3, 4]}])
    assert ABI.encode(SWAP, {"ref_a": iter([]), "ref_b": 5}) == b""


# Objects


@dataclass
class Pair:
    """A row with a default."""

    ref_b: int = 2
    ref_a: int = 1


class Broken:
    """A row of which a property fails."""

    ref_b = 2

    @property
    def ref_a(self) -> Any:
        """Fail."""
        return self.typo  # type: ignore[attr-defined]  # that is the point


class Late:
    """A row of which a property fails from the second on."""

    made = 0

    def __init__(self) -> None:
        Late.made += 1
        self.first = Late.made == 1
        self.ref_b = 2

    @property
    def ref_a(self) -> int:
        """Return a value, or fail."""
        if not self.first:
            raise AttributeError("there is no more")
        return 1


class Dynamic:
    """A row whose fields are made up when they are asked for."""

    def __getattr__(self, name: str) -> int:
        if name == "ref_a":
            return 5
        raise AttributeError(name)


def test_a_property_that_fails_is_no_zero() -> None:
    """Would catch a mistake inside of a property that silently becomes 0."""
    for rows in ([Broken()], [Pair(), Broken()], [{}, Broken(), Pair()]):
        with pytest.raises(InvalidValue, match=r"the attribute ref_a of Broken fails: .*typo") as e:
            ABI.encode(SWAP, rows)
        assert e.value.field == "ref_a"
        assert isinstance(rows[e.value.element or 0], Broken)
    Late.made = 0
    with pytest.raises(InvalidValue, match="row 2: the attribute ref_a of Late fails"):
        ABI.encode(SWAP, [Late(), (1, 2), Late()])
    Late.made = 0
    with pytest.raises(InvalidValue, match="row 1: the attribute ref_a of Late fails"):
        ABI.encode(SWAP, [Late(), Late()])
    assert ABI.encode(SWAP, [Dynamic()]) == pack(struct_of(ABI, SWAP), {"ref_a": 5})


def test_a_class_is_no_row() -> None:
    """Would catch a class, given instead of an object of it, whose defaults are encoded."""
    for rows in ([Pair], [Pair(), Pair], [{"ref_a": 1}, Pair]):
        with pytest.raises(InvalidValue, match=f"row {len(rows) - 1}: a row that is the class Pai"):
            ABI.encode(SWAP, rows)
    with pytest.raises(InvalidValue, match="the class Pair"):
        ABI.codec(SWAP).encode_one(Pair)


@pytest.mark.parametrize("byte", [5, np.uint8(5), Op.COPY])
def test_poison_is_any_integer(byte: int) -> None:
    """Would catch a byte of numpy, or of an enumeration, that is refused."""
    assert ABI.encode(SWAP, [{}], poison=byte) == bytes(8) + b"\5" * 4


@pytest.mark.parametrize("value", [{9, 1, 5, 3}, frozenset((9, 1, 5, 3))])
def test_a_set_is_no_array(value: object) -> None:
    """Would catch words of an entry in the order of their hashes."""
    for rows in ([{"__spacer": value}], {"__spacer": [value]}, {"__spacer": value}):
        with pytest.raises(InvalidValue, match="__spacer: "):
            ABI.encode("grant_entry_v2", rows)


@pytest.mark.parametrize("kind", ["m8[ns]", "M8[ns]", "m8[s]", "?"])
def test_rows_of_dates_or_truths_are_refused(kind: str) -> None:
    """Would catch nanoseconds that become references because numpy keeps them as integers."""
    array = np.array([[1, 2], [3, 4]]).astype(kind)
    for rows in (array, list(array), [tuple(row) for row in array]):
        with pytest.raises(InvalidValue):
            ABI.encode(SWAP, rows)


def test_what_is_nested_too_deep_to_show_is_refused_like_any_other() -> None:
    """Would catch the interpreter's limit that comes through."""
    for depth in (10, 200, 900, 990, 1000, 1100, 3000, 5000):
        deep: list[Any] = []
        for _ in range(depth):
            deep = [deep]
        for rows in ([{"len": deep}], {"len": [deep]}, [{"source": {"u": {"ref": deep}}}]):
            with pytest.raises(InvalidValue, match="expected an integer or a name") as caught:
                ABI.encode("copy", rows)
            assert len(str(caught.value)) < 300


# Names


@pytest.mark.parametrize("abi", ABIS)
def test_a_struct_by_all_its_names(abi: str) -> None:
    """Would catch a name of C, or of Python, that is not understood."""
    one = abi_at(abi)
    blob = random_blob(struct_of(one, "copy"), 2, seeded(abi))
    expected = one.decode("copy", blob)
    for name in ("gnttab_copy", "gnttab_copy_t", "GNTTABOP_copy", Op.COPY):
        assert one.decode(name, blob) == expected
        assert one.struct(name) == one.struct("copy")
        assert one.validate(name, blob) == one.validate("copy", blob)
        assert one.ctype(name).__name__ == "gnttab_copy"
        assert one.codec(name).op == "copy"
    assert one.codec("grant_entry_v1_t") is one.codec("grant_entry_v1")
    for op in Op:
        assert one.codec(op) is one.codec(op.name.lower()) is one.codec(op.c_name)
    with pytest.raises(UnknownName, match="'5'"):
        one.codec(5)


def test_a_scalar_type_has_a_layout() -> None:
    """Would catch a name that can be decoded and not be asked about."""
    struct = ABI.struct("grant_status_t")
    assert (struct.size, [field.name for field in struct.fields]) == (2, ["grant_status_t"])


@pytest.mark.parametrize(
    ("name", "version", "words"),
    [
        (5, "newest", "unknown ABI 5"),
        ([], "newest", r"unknown ABI \[\]"),
        ("x86_64", 1.5, r"invalid interface version 1\.5"),
        ("x86_64", b"newest", "invalid interface version b'newest'"),
        ("x86_64", None, "invalid interface version None"),
        ("x86_64", True, "invalid interface version True"),
        ("x\x1b[31m", "newest", r"unknown ABI 'x\\x1b\[31m'"),
    ],
)
def test_an_abi_that_there_is_not(name: Any, version: Any, words: str) -> None:
    """Would catch an error of Python's own about a number where a text is wanted."""
    with pytest.raises((UnknownName, InvalidValue), match=words):
        Abi(name, version)


# Copies, and other processes


def sent(value: Any) -> Any:
    """Return what arrives in another process."""
    return pickle.loads(pickle.dumps(value))  # noqa: S301 -- these are our own bytes


def test_an_abi_can_be_sent_and_compared() -> None:
    """Would catch an ABI that cannot go to another process once it was used."""
    one = Abi("x86_32", "0x00030203")
    blob = one.encode("copy", {"len": [1, 2]})
    one.validate("copy", blob)
    one.view("copy", blob)
    for other in (
        sent(one),
        copy.copy(one),
        copy.deepcopy(one),
        Abi("i386", 0x00030203),
    ):
        assert other == one
        assert hash(other) == hash(one)
        assert other.decode("copy", blob) == one.decode("copy", blob)
    assert one != Abi("x86_32")
    assert one != Abi("x86_64", "0x00030203")
    assert one != "x86_32"
    codec = sent(one.codec("copy"))
    assert codec.encode({"len": [1, 2]}) == blob
    assert len({one, Abi("i386", 0x00030203), Abi("x86_32")}) == 2


def test_an_element_can_be_copied() -> None:
    """Would catch a copy that asks itself for its own attributes for ever."""
    element = ABI.view("copy", ABI.encode("copy", [{"len": 7, "source.u.ref": 3, "flags": 1}]))[0]
    assert copy.copy(element) == element
    assert copy.copy(element.source).u.ref == 3
    with pytest.raises(AttributeError):
        _ = element.__nothing__


def test_an_error_survives_the_way_from_another_process() -> None:
    """Would catch an error that breaks a pool of processes, or arrives without what it says."""
    error = GrantError("copy: x", op="copy", rc=-14, element=2, offset=34, field="status")
    error.add_note("there")
    for again in (copy.copy, copy.deepcopy, sent):
        made = again(error)
        assert (str(made), made.op, made.rc, made.errno) == ("copy: x", "copy", -14, 14)
        assert (made.element, made.offset, made.field, made.status) == (2, 34, "status", None)
        assert vars(made) == vars(error)
    assert GrantError("x", op="copy", rc=0, status=-3).errno is None
    unknown = UnknownName("x", field="a", expected=["b"])
    assert vars(sent(unknown)) == vars(unknown)


def test_errors_are_one_line_that_a_terminal_only_shows() -> None:
    """Would catch a name with a line end or an escape sequence that is printed as it is."""
    for name in ("a\nb", "\x1b[31m", "\x9b31m", "\r", "a\u202eb", "\udcff", "\x7f"):
        for rows in ([{name: 1}], [{"flags": name}], {name: [1]}):
            with pytest.raises(UnknownName) as caught:
                ABI.encode("map_grant_ref", rows)
            assert str(caught.value).isprintable()
    assert str(xengnt.SourceError("grün\x1b[0m\n…")) == r"grün\x1b[0m\n…"
