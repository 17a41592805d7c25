# SPDX-License-Identifier: MIT
"""Make BTF by hand, right or wrong, for what no compiler at hand would write."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from xengnt.sources import btf_types as btf

Row = Sequence[int]


class Made:
    """BTF that is being made; each method that adds a type returns its number.

    Args:
        after: what it continues, if it is split BTF.
    """

    def __init__(self, after: Made | None = None) -> None:
        self.count = after.count if after else 0
        self.first_string = after.first_string + len(after.strings) if after else 0
        self.strings = b"" if after else b"\0"
        self.types = b""

    def string(self, text: str) -> int:
        """Add a string; "" is there from the start."""
        if not text:
            return 0
        at = self.first_string + len(self.strings)
        self.strings += text.encode() + b"\0"
        return at

    def add(
        self,
        kind: int,
        name: str = "",
        number: int = 0,
        rows: Sequence[Row] = (),
        *,
        flag: bool = False,
        elements: int | None = None,
    ) -> int:
        """Add a type of any kind; `elements` are as many as `rows` unless it says otherwise."""
        count = len(rows) if elements is None else elements
        info = flag << 31 | kind << 24 | count
        self.types += struct.pack("<III", self.string(name), info, number)
        self.types += b"".join(struct.pack(f"<{len(row)}I", *row) for row in rows)
        self.count += 1
        return self.count

    def integer(
        self, name: str, size: int, *, signed: bool = False, first: int = 0, bits: int | None = None
    ) -> int:
        """Add an integer type, of some bits of its size only if `bits` says so."""
        width = 8 * size if bits is None else bits
        what = signed << 24 | first << 16 | width
        return self.add(btf.INT, name, size, [(what,)], elements=0)

    def array(self, of: int, count: int) -> int:
        """Add an array."""
        return self.add(btf.ARRAY, "", 0, [(of, of, count)], elements=0)

    def struct(
        self,
        name: str,
        size: int,
        members: Sequence[tuple[str, int, int]],
        *,
        kind: int = btf.STRUCT,
        flag: bool = False,
    ) -> int:
        """Add a struct of members, each with its type and first bit."""
        rows = [(self.string(member), number, bit) for member, number, bit in members]
        return self.add(kind, name, size, rows, flag=flag)

    def enum(self, name: str, values: dict[str, int], *, flag: bool = False) -> int:
        """Add an enumeration."""
        rows = [(self.string(one), value % (1 << 32)) for one, value in values.items()]
        return self.add(btf.ENUM, name, 4, rows, flag=flag)

    def enum64(self, name: str, values: dict[str, int], *, flag: bool = False) -> int:
        """Add an enumeration of eight bytes."""
        rows = [
            (self.string(one), value % (1 << 32), (value >> 32) % (1 << 32))
            for one, value in values.items()
        ]
        return self.add(btf.ENUM64, name, 8, rows, flag=flag)

    def blob(self, *, layout: bytes | None = None, more: bytes = b"") -> bytes:
        """Return it with a header, which `more` lengthens; `layout` tells the sizes of kinds."""
        numbers = [0, len(self.types), len(self.types), len(self.strings)]
        body = self.types + self.strings
        if layout is not None:
            body += b"\0" * (-len(body) % 4)
            numbers += [len(body), len(layout)]
            body += layout
        size = 8 + 4 * len(numbers) + len(more)
        return struct.pack(f"<2sBBI{len(numbers)}I", btf.MAGIC, 1, 0, size, *numbers) + more + body


def of_all_kinds() -> bytes:
    """Return BTF in which there is each kind of type that is known."""
    made = Made()
    number = made.integer("unsigned int", 4)
    small = made.integer("int", 4, signed=True, bits=3)
    char = made.integer("char", 1, signed=True)
    made.integer("long unsigned int", 8)
    const = made.add(btf.CONST, "", char)
    text = made.add(btf.PTR, "", const)
    name = made.add(btf.TYPEDEF, "name_t", text)
    inner = made.struct("inner", 8, [("a", number, 0), ("b", small, 32), ("c", small, 35)])
    made.struct("", 8, [("x", number, 0)], kind=btf.UNION)
    union = made.struct("either", 8, [("in", inner, 0), ("p", text, 0)], kind=btf.UNION)
    table = made.array(inner, 3)
    enum = made.enum("colour", {"RED": 0, "BLUE": -3}, flag=True)
    wide = made.enum64("wide", {"FAR": 1 << 40})
    made.add(btf.FWD, "unknown")
    real = made.add(btf.FLOAT, "double", 8)
    outer = made.struct(
        "gnttab_copy",
        96,
        [
            ("u", union, 0),
            ("name", made.add(btf.VOLATILE, "", name), 64),
            ("table", table, 128),
            ("colour", enum, 320),
            ("wide", wide, 384),
            ("real", real, 448),
            ("low", number, 3 << 24 | 512),
            ("high", number, 7 << 24 | 515),
        ],
        flag=True,
    )
    made.add(btf.TYPEDEF, "gnttab_copy_t", made.add(btf.RESTRICT, "", outer))
    proto = made.add(btf.FUNC_PROTO, "", number, [(made.string("one"), outer), (0, 0)])
    function = made.add(btf.FUNC, "call", proto)
    variable = made.add(btf.VAR, "table", table, [(1,)], elements=0)
    made.add(btf.DATASEC, ".data", 24, [(variable, 0, 24)])
    made.add(btf.DECL_TAG, "tag", function, [(0,)], elements=0)
    made.add(btf.TYPE_TAG, "user", outer)
    return made.blob()
