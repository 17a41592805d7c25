# SPDX-License-Identifier: MIT
"""The same batch for us and for the libraries people use, and what each does with it.

Everything is made from the layout, as one would write it by hand: formats of `struct`,
structures of ctypes, construct and dissect.cstruct, dtypes, straight lines of code.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable, Iterator
from itertools import starmap
from struct import Struct
from typing import Any

import construct
import numpy as np
from dissect.cstruct import cstruct

import xengnt
from xengnt.abi.layout import Field
from xengnt.extension import load

Call = Callable[[], object]
Peers = dict[str, Call]

SLOW = 1000
"""Peers of a microsecond or more an element are measured up to so many."""
LARGE = 100_000
"""The faster ones among them up to so many."""

FFI = load().ffi


class Case:
    """Some elements of an op on an ABI, in every form that is measured."""

    def __init__(self, abi: str, op: str, count: int) -> None:
        self.abi = xengnt.Abi(abi)
        self.op = op
        self.count = count
        self.struct = self.abi.struct(op)
        self.leaves = list(self.struct.leaves)
        self.inputs = [self._given(leaf) for leaf in self.leaves if leaf.direction != "OUT"]
        self.names = [field.name for field in self.inputs]
        self.columns = {field.name: self._column(field) for field in self.inputs}
        listed = [column.tolist() for column in self.columns.values()]
        self.tuples = list(zip(*listed, strict=True))
        self.blob = self.abi.encode(op, self.columns)

    def _given(self, leaf: Field) -> Field:
        """A union is given by its grant on the one side of a copy, by its frame on the other."""
        if leaf.kind != "union":
            return leaf
        members = self.struct.members_of(leaf.name)
        return members[0] if leaf.name.startswith("source") else members[-1]

    def _column(self, field: Field) -> Any:
        """Values that Xen would take."""
        last = field.name.rpartition(".")[2]
        fixed = {"flags": 2 if self.op == "map_grant_ref" else 1, "len": 512, "offset": 128}
        fixed |= {"dom": 3, "domid": 3 if field.name.startswith("source") else 0x7FF0}
        if last in fixed:
            return np.full(self.count, fixed[last], f"u{field.size}")
        return np.arange(self.count).astype(f"u{field.size}")

    def form(self, fields: list[Field]) -> Struct:
        """The format with just these fields."""
        codes = {1: "b", 2: "h", 4: "i", 8: "q"}
        text, reached = "<", 0
        for field in fields:
            code = codes[field.size]
            text += f"{field.offset - reached}x{code if field.signed else code.upper()}"
            reached = field.end
        return Struct(f"{text}{self.struct.size - reached}x")

    def dtype(self, fields: list[Field]) -> Any:
        """The dtype with just these fields."""
        return np.dtype(
            {
                "names": [field.name for field in fields],
                "formats": [f"<{'i' if field.signed else 'u'}{field.size}" for field in fields],
                "offsets": [field.offset for field in fields],
                "itemsize": self.struct.size,
            }
        )


def called(names: list[str]) -> list[str]:
    """Dotted names as those of variables and attributes."""
    return [name.replace(".", "_") for name in names]


def columns_to_bytes(case: Case) -> Peers:
    """Columns of numpy into a buffer that is used again and again."""
    abi, op, columns = case.abi, case.op, case.columns
    size = len(case.blob)
    room, source = bytearray(size), bytearray(case.blob)
    out = np.zeros(case.count, case.dtype(case.inputs))
    wide = {name: column.astype("i8") for name, column in columns.items()}
    known, table = abi.prepare(op, columns), abi.prepare(op, columns)
    checked, table_checked = abi.prepare(op, wide), abi.prepare(op, wide)
    for one in (table, table_checked):
        one._batch.kernel = -1  # noqa: SLF001 -- as for a layout without one
    to, of = FFI.from_buffer(room), FFI.from_buffer(source)

    def assigned(given: dict[str, Any]) -> Call:
        def assign() -> None:
            for name, column in given.items():
                out[name] = column

        return assign

    return {
        "memcpy": lambda: FFI.memmove(to, of, size),
        "xengnt, prepared": known.encode,
        "xengnt, any layout": table.encode,
        "xengnt, int64": checked.encode,
        "xengnt, int64, any layout": table_checked.encode,
        "xengnt, encode_into": lambda: abi.encode_into(op, room, columns),
        "numpy": assigned(columns),
        "numpy, int64 unchecked": assigned(wide),
    }


def bytes_to_columns(case: Case) -> Peers:
    """All fields of a blob into arrays that are there already."""
    abi, op, size = case.abi, case.op, len(case.blob)
    room, source = bytearray(size), bytearray(case.blob)
    arrays = abi.decode_columns(op, case.blob, arrays=True)
    ours = abi.prepare(op, arrays, source, allow_out=True)
    leaves = np.frombuffer(case.blob, case.dtype(case.leaves))
    to, of = FFI.from_buffer(room), FFI.from_buffer(source)

    def copied() -> None:
        for name, column in arrays.items():
            column[:] = leaves[name]

    return {
        "memcpy": lambda: FFI.memmove(to, of, size),
        "xengnt, prepared": ours.decode,
        "xengnt, decode_columns": lambda: abi.decode_columns(op, source, arrays=True),
        "numpy": copied,
    }


def transcoding(case: Case) -> Peers:
    """A blob for the other of the two x86 ABIs."""
    abi, op = case.abi, case.op
    other = xengnt.Abi("x86_32" if abi.name == "x86_64" else "x86_64")
    target = Case(other.name, op, case.count)
    leaves = np.frombuffer(case.blob, case.dtype(case.leaves))
    form, size = target.form(target.leaves), len(target.blob)
    room, source = bytearray(size), bytearray(target.blob)
    to, of = FFI.from_buffer(room), FFI.from_buffer(source)

    def assigned() -> None:
        out = np.zeros(case.count, target.dtype(target.leaves))
        for leaf in case.leaves:
            out[leaf.name] = leaves[leaf.name]

    peers: Peers = {
        "memcpy": lambda: FFI.memmove(to, of, size),
        "xengnt": lambda: abi.transcode(op, case.blob, other),
        "numpy, unchecked": assigned,
    }
    if case.count <= LARGE:
        unpack = case.form(case.leaves).iter_unpack
        peers["struct"] = lambda: b"".join(starmap(form.pack, unpack(case.blob)))
    return peers


def validating(case: Case) -> Peers:
    """Whether a blob has anything wrong: status, domains, flags, holes, pages."""
    words = np.frombuffer(case.blob, "u8")
    ones = b"\1" * len(case.blob)
    named = dict(zip(called([leaf.name for leaf in case.leaves]), case.leaves, strict=True))
    tests = ["-13 <= status <= 0"]
    if case.op == "copy":
        tests += [
            "not flags & ~3", "len <= 4096", "source_offset + len <= 4096",
            "dest_offset + len <= 4096", "source_domid <= 0x7ff0", "dest_domid <= 0x7ff0",
            "(flags & 1 or source_domid == 0x7ff0)", "(flags & 2 or dest_domid == 0x7ff0)",
        ]  # fmt: skip
    else:
        tests += ["not flags & 0xffe0", "flags & 3", "dom < 0x7ff0"]
    unpack = case.form(case.leaves).iter_unpack
    space: dict[str, Any] = {"unpack": unpack, "blob": case.blob}
    exec(  # noqa: S102 -- a loop as one would write it
        f"def loop():\n    for {', '.join(named)}, in unpack(blob):\n"
        f"        if not ({' and '.join(tests)}):\n            return False\n    return True\n",
        space,
    )
    peers: Peers = {
        "reading, numpy": lambda: np.bitwise_or.reduce(words),
        "reading, memchr": lambda: ones.find(b"\xfe"),
        "xengnt": lambda: case.abi.validate(case.op, case.blob, when="after"),
    }
    if case.count <= LARGE:
        peers["struct"] = space["loop"]
    return peers


def rows_to_bytes(case: Case) -> Iterator[tuple[str, Peers]]:
    """Rows of each form, as bytes."""
    abi, op, count = case.abi, case.op, case.count
    form, tuples, names = case.form(case.inputs), case.tuples, called(case.names)
    dicts = [dict(zip(case.names, row, strict=True)) for row in tuples]
    space: dict[str, Any] = {"pack": form.pack}
    values = ", ".join(f"d[{name!r}]" for name in case.names)
    exec(f"def by_hand(rows):\n    return b''.join([pack({values}) for d in rows])\n", space)  # noqa: S102 -- the same
    by_dicts: Peers = {
        "struct, by hand": lambda: space["by_hand"](dicts),
        "xengnt": lambda: abi.encode(op, dicts),
    }
    by_tuples: Peers = {
        "struct, by hand": lambda: b"".join(starmap(form.pack, tuples)),
        "xengnt": lambda: abi.encode(op, tuples),
    }
    kind = case.dtype(case.inputs)
    if count <= LARGE:

        def by_numpy() -> bytes:
            out = np.zeros(count, kind)  # np.array leaves the holes as they are
            out[:] = tuples
            return out.tobytes()

        by_tuples["numpy"] = by_numpy
    if count <= LARGE and abi.name == "x86_64":
        nested = [_nested(row) for row in dicts]
        made = f"struct gnttab_{op}[]"
        by_dicts["cffi"] = lambda: bytes(FFI.buffer(FFI.new(made, nested)))
    if count <= SLOW:
        by_dicts |= _libraries(case, dicts)
    yield "dicts to bytes", by_dicts
    yield "tuples to bytes", by_tuples
    if op == "map_grant_ref":
        Row: Any = type("Row", (), {"__slots__": tuple(names)})  # noqa: N806 -- a class
        objects = []
        for row in tuples:
            one = Row()
            for name, value in zip(names, row, strict=True):
                setattr(one, name, value)
            objects.append(one)
        values = ", ".join(f"o.{name}" for name in names)
        exec(f"def objects(rows):\n    return b''.join([pack({values}) for o in rows])\n", space)  # noqa: S102 -- the same
        yield (
            "objects to bytes",
            {
                "struct, by hand": lambda: space["objects"](objects),
                "xengnt": lambda: abi.encode(op, objects),
            },
        )


def _nested(row: dict[str, int]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in row.items():
        *path, last = name.split(".")
        inner = made
        for step in path:
            inner = inner.setdefault(step, {})
        inner[last] = value
    return made


def _members(case: Case) -> Iterator[tuple[str, int, bool, bool]]:
    """Give the members of a packed struct: name, size, signedness, whether it is a field."""
    reached = 0
    for field in sorted({f.offset: f for f in (*case.leaves, *case.inputs)}.values(), key=_offset):
        if field.offset > reached:
            yield f"hole_{reached}", field.offset - reached, False, False
        yield field.name.replace(".", "_"), field.size, bool(field.signed), True
        reached = field.end
    if case.struct.size > reached:
        yield f"hole_{reached}", case.struct.size - reached, False, False


def _offset(field: Field) -> int:
    return field.offset


def _libraries(case: Case, dicts: list[dict[str, int]]) -> Peers:
    """Pack with what takes a description of the struct."""
    rows = [dict(zip(called(list(row)), row.values(), strict=True)) for row in dicts]
    integers = {2: ctypes.c_uint16, 4: ctypes.c_uint32, 8: ctypes.c_uint64}
    fields = [
        (name, integers[size] if real else ctypes.c_uint8 * size)
        for name, size, _, real in _members(case)
    ]
    packed = {"_pack_": 1, "_layout_": "ms", "_fields_": fields}
    one: Any = type("One", (ctypes.LittleEndianStructure,), packed)
    described = construct.Struct(
        *(
            name / construct.Default(getattr(construct, f"Int{8 * size}{'s' if s else 'u'}l"), 0)
            if real
            else construct.Padding(size)
            for name, size, s, real in _members(case)
        )
    ).compile()
    lines = [
        f"{'int' if s else 'uint'}{8 * size} {name};" if real else f"uint8 {name}[{size}];"
        for name, size, s, real in _members(case)
    ]
    loaded: Any = cstruct().load(f"struct m {{ {' '.join(lines)} }};")

    def by_ctypes() -> bytes:
        array = (one * len(rows))()
        for element, row in zip(array, rows, strict=True):
            for name, value in row.items():
                setattr(element, name, value)
        return bytes(array)

    return {
        "ctypes": by_ctypes,
        "construct": lambda: b"".join([described.build(row) for row in rows]),
        "dissect.cstruct": lambda: b"".join([loaded.m(**row).dumps() for row in rows]),
    }


def bytes_to_rows(case: Case) -> Iterator[tuple[str, Peers]]:
    """Bytes as rows."""
    abi, op, blob = case.abi, case.op, case.blob
    form = case.form(case.leaves)
    shown = list(abi.decode(op, blob)[0])
    names = ", ".join(called(shown))
    pairs = ", ".join(f"{name!r}: {called([name])[0]}" for name in shown)
    space: dict[str, Any] = {"unpack": form.iter_unpack, "blob": blob}
    exec(f"def by_hand():\n    return [{{{pairs}}} for {names} in unpack(blob)]\n", space)  # noqa: S102 -- the same

    def uncollected() -> object:
        gc.disable()
        try:
            return abi.decode(op, blob)
        finally:
            gc.enable()

    def hand_uncollected() -> object:
        gc.disable()
        try:
            return space["by_hand"]()
        finally:
            gc.enable()

    yield (
        "bytes to dicts",
        {
            "struct, by hand": space["by_hand"],
            "struct, by hand, no collector": hand_uncollected,
            "xengnt": lambda: abi.decode(op, blob),
            "xengnt, no collector": uncollected,
        },
    )
    yield (
        "bytes to tuples",
        {
            "struct, by hand": lambda: list(form.iter_unpack(blob)),
            "xengnt": lambda: abi.decode_tuples(op, blob),
        },
    )


def one_op(case: Case) -> Peers:
    """One row to bytes, and what calls cost before they do anything."""
    row = dict(zip(case.names, case.tuples[0], strict=True))
    values = ", ".join(f"row[{name!r}]" for name in case.names)
    space: dict[str, Any] = {"pack": case.form(case.inputs).pack}
    exec(f"def generated(row):\n    return pack({values})\n", space)  # noqa: S102 -- the same
    generated = space["generated"]
    codec = case.abi.codec(case.op)
    codec.encode_one(row)
    ours = codec.encode_one
    return {
        "generated code": lambda: generated(row),
        "xengnt, encode_one": lambda: ours(row),
        "xengnt, encode": lambda: case.abi.encode(case.op, [row]),
    }


class Nothing:
    """A call that does nothing."""

    def encode(self) -> int:
        """Return a number."""
        return 0


def fixed_cost(case: Case) -> Peers:
    """A prepared batch of one element."""
    return {
        "empty call": Nothing().encode,
        "xengnt, prepared": case.abi.prepare(case.op, case.columns).encode,
    }


def works(case: Case) -> Iterator[tuple[str, Peers]]:
    """Give what is measured with a case, and by whom."""
    yield "columns to bytes", columns_to_bytes(case)
    yield "bytes to columns", bytes_to_columns(case)
    yield "transcode", transcoding(case)
    yield "validate", validating(case)
    yield from rows_to_bytes(case)
    yield from bytes_to_rows(case)
    if case.count == 1:
        yield "one op", one_op(case)
        yield "fixed cost", fixed_cost(case)


def verify(case: Case) -> None:
    """Raise unless all that make bytes make the same."""
    for name, peers in rows_to_bytes(case):
        for peer, call in peers.items():
            if call() != case.blob:
                raise SystemExit(f"{peer}, {name}: other bytes than the others'")
    if case.abi.validate(case.op, case.blob, when="after"):
        raise SystemExit("the blob has findings")
    peers = transcoding(case)
    if case.count <= LARGE and peers["xengnt"]() != peers["struct"]():
        raise SystemExit("transcode: other bytes than struct's")
