# SPDX-License-Identifier: MIT
"""The types in BTF, the format in which Linux kernels carry theirs.

A blob of BTF has a header, a section of numbered types, one of strings, and newer ones
a section that tells the sizes of all kinds of types. Type 0 is ``void``. Split BTF, as
in kernel modules, continues the types and strings of a base.

Imports ``xengnt.errors`` only.
"""

from __future__ import annotations

import re
import struct
import sys
from array import array
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from xengnt.errors import SourceError

MAGIC = b"\x9f\xeb"

MAX_NAME = 512
"""What is behind this many bytes of a name is not read."""

VOID, INT, PTR, ARRAY, STRUCT, UNION, ENUM, FWD, TYPEDEF, VOLATILE = range(10)
CONST, RESTRICT, FUNC, FUNC_PROTO, VAR, DATASEC, FLOAT, DECL_TAG, TYPE_TAG, ENUM64 = range(10, 20)

_SIZES: dict[int, tuple[int, int]] = {
    **dict.fromkeys((PTR, FWD, TYPEDEF, VOLATILE, CONST, RESTRICT, FUNC, FLOAT, TYPE_TAG), (0, 0)),
    **dict.fromkeys((INT, VAR, DECL_TAG), (1, 0)),
    **dict.fromkeys((STRUCT, UNION, DATASEC, ENUM64), (0, 3)),
    **dict.fromkeys((ENUM, FUNC_PROTO), (0, 2)),
    ARRAY: (3, 0),
}
"""How many words follow the three that each type has: once, and for each of its elements."""

_HEADER = struct.Struct("<2sBBIIIII")
_WITH_LAYOUT = 32  # bytes of a header that has it
_ALIGN = 64
_EMBEDDED = re.compile(rb"\x9f\xeb\x01\0[\x18\x20]\0\0\0", re.DOTALL)


class Type(NamedTuple):
    """A type.

    Attributes:
        id: its number.
        kind: which kind of type.
        name: "" if it has none.
        flag: of a struct, whether it states the widths of bit-fields; of an
            enumeration, whether it is signed; of a forward declaration, whether it
            is of a union.
        number: its size in bytes, or the type that it refers to.
        elements: how many members, enumerators and so on it has.
        at: where what belongs to it begins, in words.
    """

    id: int
    kind: int
    name: str
    flag: bool
    number: int
    elements: int
    at: int


class Member(NamedTuple):
    """A member of a struct or union.

    Attributes:
        name: "" if it has none.
        type: its number.
        bit: where it begins, in bits.
        width: of a bit-field, in bits; 0 for others, and for those of old BTF, where
            the type tells.
    """

    name: str
    type: int
    bit: int
    width: int


@dataclass(frozen=True, slots=True)
class _Header:
    """The sections of a blob, each as its first byte and the one behind its last."""

    types: tuple[int, int]
    strings: tuple[int, int]
    layout: tuple[int, int]
    more: bool  # whether there may be sections that we do not know

    @property
    def end(self) -> int:
        return max(self.types[1], self.strings[1], self.layout[1])


def parse(data: memoryview, name: str, base: Types | None = None) -> list[Types]:
    """Return the types of all blobs in a section: linkers put those of several objects there.

    Args:
        data: the section.
        name: what errors call it.
        base: what the types continue, if they do.

    Raises:
        SourceError: it is damaged, or there is a kind of type in it whose size is unknown.
    """
    found: list[Types] = []
    while True:
        header = _header(data, name)
        found.append(Types(data, name, header, base))
        padding = bytes(data[header.end : header.end + _ALIGN])
        data = data[header.end + len(padding) - len(padding.lstrip(b"\0")) :]
        if header.more or not len(data):
            return found
        if base or data[:2] != MAGIC:  # linkers do not make split BTF
            raise SourceError(f"{name}: there are {len(data)} bytes behind its BTF")


def embedded(data: memoryview) -> memoryview | None:
    """Return the largest blob of BTF that lies anywhere in some data, None if there is none.

    A kernel's own is the largest in it; there may be those of small BPF programs as well.
    """
    best: memoryview | None = None
    for match in _EMBEDDED.finditer(data):
        blob = data[match.start() :]
        try:
            header = _header(blob, "")
        except SourceError:
            continue
        first, end = header.strings
        plain = end > first and blob[first] == blob[end - 1] == 0
        if plain and (best is None or header.end > len(best)):
            best = blob[: header.end]
    return best


def _header(data: memoryview, name: str) -> _Header:
    """Read the header of a blob, and see that its sections are there."""
    if data[:2] == MAGIC[::-1]:
        raise SourceError(f"{name}: big-endian BTF, and all ABIs are little-endian")
    if data[:2] != MAGIC:
        raise SourceError(f"{name}: not BTF")
    if len(data) < _HEADER.size:
        raise SourceError(f"{name}: BTF, cut off in its header")
    _, version, _, size, *numbers = _HEADER.unpack_from(data)
    if version != 1:
        raise SourceError(f"{name}: BTF of version {version}, and only 1 is known")
    if size < _HEADER.size:
        raise SourceError(f"{name}: BTF with a header of {size} bytes")
    if size >= _WITH_LAYOUT and len(data) >= _WITH_LAYOUT:
        numbers += struct.unpack_from("<II", data, _HEADER.size)
    else:
        numbers += [0, 0]
    sections = []
    for what, start, length in zip(
        ("types", "strings", "layout"), numbers[::2], numbers[1::2], strict=True
    ):
        if size + start + length > len(data):
            raise SourceError(f"{name}: BTF, cut off in its section of {what}")
        sections.append((size + start, size + start + length))
    types, strings, layout = sections
    if (types[1] - types[0]) % 4:
        raise SourceError(f"{name}: BTF whose types are not made of whole words")
    return _Header(types, strings, layout, more=size > _WITH_LAYOUT)


class Types:
    """The types of a blob, together with those of its base.

    Args:
        data: the blob.
        name: what errors call it.
        header: of the blob.
        base: what it continues. The one that a module brings along has no members in structs.

    Attributes:
        first: the number of the first type that is not from the base.

    Raises:
        SourceError: it is damaged.
    """

    def __init__(self, data: memoryview, name: str, header: _Header, base: Types | None) -> None:
        strings = bytes(data[slice(*header.strings)])
        if strings[-1:] not in (b"\0", b""):
            raise SourceError(f"{name}: BTF whose last string does not end")
        if base is None and strings[:1] != b"\0":
            raise SourceError(
                f"{name}: split BTF, which continues that of a kernel: "
                "give the kernel as its base (--btf-base)"
            )
        self.name = name
        self.words: array[int] = array("I")
        self.starts: array[int] = array("I", (0,))
        self.kinds = bytearray((VOID,))
        self.strings = strings
        if base:
            self.words += base.words
            self.starts = base.starts[:]
            self.kinds = base.kinds[:]
            self.strings = base.strings + strings
        self.first = len(self.starts)
        start = len(self.words)
        self.words += _words(data[slice(*header.types)])
        self._index(start, self._sizes(data[slice(*header.layout)]))

    def __len__(self) -> int:
        """Return how many types there are, ``void`` and those of the base included."""
        return len(self.starts)

    def _sizes(self, layout: memoryview) -> dict[int, tuple[int, int]]:
        """Return how many words each kind takes, those included that only the blob knows."""
        rows = struct.iter_unpack("<BBxx", layout[: len(layout) // 4 * 4])
        stated = {
            kind: (once // 4, each // 4)
            for kind, (once, each) in enumerate(rows)
            if kind and not once % 4 and not each % 4
        }
        return {**stated, **_SIZES}

    def _index(self, at: int, sizes: dict[int, tuple[int, int]]) -> None:
        """Find out where each type begins, from a word on."""
        words, starts, kinds = self.words, self.starts, self.kinds
        end = len(words)
        while at < end:
            if at + 3 > end:
                raise SourceError(f"{self.name}: type {len(self)} is cut off")
            info = words[at + 1]
            kind = info >> 24 & 0x7F
            size = sizes.get(kind)
            if size is None:
                raise SourceError(
                    f"{self.name}: type {len(self)} is of kind {kind}, which is not known, "
                    "and nothing says how long it is"
                )
            starts.append(at)
            kinds.append(kind)
            at += 3 + size[0] + size[1] * (info & 0xFFFFFF)
        if at > end:
            raise SourceError(f"{self.name}: type {len(self) - 1} is cut off")

    def of_kinds(self, kinds: Collection[int]) -> Iterator[Type]:
        """Give all types of some kinds, those of the base first."""
        for number, kind in enumerate(self.kinds):
            if kind in kinds:
                yield self[number]

    def __getitem__(self, number: int) -> Type:
        """Return a type by its number; ``void`` has none of what others have.

        Raises:
            SourceError: there is none.
        """
        if number >= len(self):
            raise SourceError(f"{self.name}: there is no type {number}")
        if number == VOID:
            return Type(VOID, VOID, "void", flag=False, number=0, elements=0, at=0)
        at = self.starts[number]
        name, info, last = self.words[at : at + 3]
        flag, elements = bool(info >> 31), info & 0xFFFFFF
        return Type(number, self.kinds[number], self._string(name), flag, last, elements, at + 3)

    def _string(self, offset: int) -> str:
        """Return the string at an offset, or as much of it as anybody would call something."""
        end = self.strings.find(b"\0", offset, offset + MAX_NAME)
        if offset >= len(self.strings):
            raise SourceError(f"{self.name}: there is no string {offset}")
        return self.strings[offset : end if end >= 0 else offset + MAX_NAME].decode(
            errors="replace"
        )

    def _rows(self, of: Type, width: int) -> Iterator[array[int]]:
        """Give the words of each element of a type."""
        for at in range(of.at, of.at + of.elements * width, width):
            yield self.words[at : at + width]

    def members(self, of: Type) -> Iterator[Member]:
        """Give the members of a struct or union."""
        for name, number, place in self._rows(of, 3):
            bit, width = (place & 0xFFFFFF, place >> 24) if of.flag else (place, 0)
            yield Member(self._string(name), number, bit, width)

    def enumerators(self, of: Type) -> Iterator[tuple[str, int]]:
        """Give the constants of an enumeration, with values as if it were unsigned."""
        if of.kind == ENUM64:
            for name, low, high in self._rows(of, 3):
                yield self._string(name), high << 32 | low
        else:
            for name, value in self._rows(of, 2):
                yield self._string(name), value

    def element(self, of: Type) -> tuple[int, int]:
        """Return the type of an array's elements, and how many there are."""
        return self.words[of.at], self.words[of.at + 2]

    def bits(self, of: Type) -> tuple[bool, int, int]:
        """Return whether an integer is signed, and its first bit and width within its size."""
        what = self.words[of.at]
        return bool(what >> 24 & 1), what >> 16 & 0xFF, what & 0xFF


def _words(data: memoryview) -> array[int]:
    words = array("I", bytes(data))
    if sys.byteorder == "big":
        words.byteswap()
    return words
