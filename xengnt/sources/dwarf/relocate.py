# SPDX-License-Identifier: MIT
"""Apply the relocations of an object file to its debugging information.

Only what assemblers put there: absolute addresses and offsets, and RISC-V's sums
and differences. Sections begin at address 0.

Imports ``xengnt.errors`` only.
"""

from __future__ import annotations

import struct

from xengnt.errors import SourceError

_SET, _ADD, _SUB = range(3)
_SET_LEB, _SUB_LEB, _SET6, _SUB6 = range(3, 7)

_WORDS = {
    1: struct.Struct("<B"),
    2: struct.Struct("<H"),
    4: struct.Struct("<I"),
    8: struct.Struct("<Q"),
}

_NOTHING = (_SET, 0)

_KINDS: dict[str, dict[int, tuple[int, int]]] = {
    "x86_64": {1: (_SET, 8), 10: (_SET, 4), 11: (_SET, 4), 17: (_SET, 8), 21: (_SET, 4)},
    "x86_32": {1: (_SET, 4), 32: (_SET, 4)},
    "arm64": {257: (_SET, 8), 258: (_SET, 4), 259: (_SET, 2), 1029: (_SET, 8)},
    "arm32": {2: (_SET, 4), 106: (_SET, 4)},
    "ppc64": {1: (_SET, 4), 38: (_SET, 8), 78: (_SET, 8)},
    "riscv64": {
        1: (_SET, 4),
        2: (_SET, 8),
        8: (_SET, 4),
        9: (_SET, 8),
        51: _NOTHING,
        33: (_ADD, 1),
        34: (_ADD, 2),
        35: (_ADD, 4),
        36: (_ADD, 8),
        37: (_SUB, 1),
        38: (_SUB, 2),
        39: (_SUB, 4),
        40: (_SUB, 8),
        52: (_SUB6, 1),
        53: (_SET6, 1),
        54: (_SET, 1),
        55: (_SET, 2),
        56: (_SET, 4),
        60: (_SET_LEB, 1),
        61: (_SUB_LEB, 1),
    },
}
"""What to do for each type of relocation, by ABI, and on how many bytes."""


def relocate(
    data: memoryview, table: memoryview, symbols: memoryview, abi: str, word: int, *, addends: bool
) -> None:
    """Apply a table of relocations to the bytes of a section, in place.

    Args:
        data: the section.
        table: the relocations.
        symbols: the symbol table that they refer to.
        abi: the name of the ABI.
        word: the size of an address.
        addends: whether they have addends; those without leave them in the section.

    Raises:
        SourceError: a relocation that is of no known kind, or does not fit.
    """
    wide = word == 8  # noqa: PLR2004 -- bytes
    row = struct.Struct(("<QQ" if wide else "<II") + (("q" if wide else "i") if addends else ""))
    value_of = struct.Struct("<8xQ8x" if wide else "<4xI8x")
    values = [value for (value,) in value_of.iter_unpack(symbols[: _whole(symbols, value_of)])]
    kinds = _KINDS[abi]
    shift, low = (32, 0xFFFFFFFF) if wide else (8, 0xFF)
    for place, info, *rest in row.iter_unpack(table[: _whole(table, row)]):
        kind = info & low
        if kind == 0:
            continue
        if kind not in kinds or info >> shift >= len(values):
            raise SourceError(f"a relocation of unknown type {kind} in debugging information")
        how, size = kinds[kind]
        if size == 0:
            continue
        if place + size > len(data):
            raise SourceError("a relocation outside of its section")
        number = values[info >> shift]
        if how in (_SET_LEB, _SUB_LEB):
            _leb(data, place, number + rest[0], subtract=how == _SUB_LEB)
            continue
        store = _WORDS[size]
        (old,) = store.unpack_from(data, place)
        number += rest[0] if rest else old
        if how == _ADD:
            number = old + number
        elif how == _SUB:
            number = old - number
        elif how == _SET6:
            number = (old & 0xC0) | (number & 0x3F)
        elif how == _SUB6:
            number = (old & 0xC0) | ((old - number) & 0x3F)
        store.pack_into(data, place, number & ((1 << 8 * size) - 1))


def _whole(data: memoryview, row: struct.Struct) -> int:
    """Return the length without an incomplete last row."""
    return len(data) - len(data) % row.size


def _leb(data: memoryview, place: int, number: int, *, subtract: bool) -> None:
    """Set or lessen a number of variable length, which keeps its length."""
    old, end = 0, place
    while data[end] & 0x80:
        end += 1
    for at in range(end, place - 1, -1):
        old = old << 7 | data[at] & 0x7F
    number = old - number if subtract else number
    for at in range(place, end + 1):
        data[at] = number & 0x7F | (0x80 if at < end else 0)
        number >>= 7
