# SPDX-License-Identifier: MIT
"""Find a section of an ELF file, and which ABI the file is for.

Just the section headers: enough to get at data that has a format of its own.

Imports ``xengnt.errors``, ``xengnt.abi``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from xengnt.abi.targets import TARGETS, Target
from xengnt.errors import SourceError

MAGIC = b"\x7fELF"

EM_BPF = 247
"""The machine of BPF objects, which is none of ours: they are made for whatever loads them."""

MACHINES = {
    (62, 64): "x86_64",
    (3, 32): "x86_32",
    (183, 64): "arm64",
    (40, 32): "arm32",
    (243, 64): "riscv64",
    (21, 64): "ppc64",
}
"""The ABIs by machine and by how many bits the file has."""

_NO_CONTENTS = 8
_COMPRESSED = 0x800
_MANY = 0xFFFF


@dataclass(frozen=True, slots=True)
class _Format:
    """Where what is needed stands in headers of a class of ELF."""

    header: struct.Struct  # shoff, shentsize, shnum, shstrndx
    start: int  # of these in the ELF header
    section: struct.Struct  # name, type, flags, offset, size, link


_FORMATS = {
    32: _Format(struct.Struct("<I10xHHH"), 32, struct.Struct("<III4xIII")),
    64: _Format(struct.Struct("<Q10xHHH"), 40, struct.Struct("<IIQ8xQQI")),
}


@dataclass(frozen=True, slots=True)
class _Section:
    name: int
    type: int
    flags: int
    offset: int
    size: int
    link: int


@dataclass(slots=True)
class Elf:
    """An ELF file.

    Args:
        data: all of it.
        name: what errors call it.

    Raises:
        SourceError: it is none, or one of a kind that no ABI of ours has.
    """

    data: memoryview
    name: str
    machine: int = field(init=False)
    bits: int = field(init=False)

    def __post_init__(self) -> None:
        ident = bytes(self.data[:20])
        if len(ident) < 20 or ident[:4] != MAGIC or ident[4] not in (1, 2):  # noqa: PLR2004 -- up to e_machine
            raise SourceError(f"{self.name}: not an ELF file")
        if ident[5] != 1:
            raise SourceError(f"{self.name}: big-endian, and all ABIs are little-endian")
        self.bits = 32 * ident[4]
        self.machine = int.from_bytes(ident[18:20], "little")

    @property
    def target(self) -> Target | None:
        """The ABI that it is for; None for BPF, which is for any.

        Raises:
            SourceError: it is for another.
        """
        if self.machine == EM_BPF:
            return None
        abi = MACHINES.get((self.machine, self.bits))
        if abi is None:
            raise SourceError(
                f"{self.name}: a {self.bits}-bit ELF file for machine {self.machine}, "
                f"which is none of {', '.join(TARGETS)}"
            )
        return TARGETS[abi]

    def section(self, name: str) -> memoryview | None:
        """Return the contents of the section of this name, None if there is none.

        Raises:
            SourceError: the file is damaged, or the section has no plain contents.
        """
        wanted = name.encode() + b"\0"
        sections = self._sections()
        names = next(sections, None)
        if names is None:
            return None
        texts = bytes(self._contents(names, "the names of sections"))
        for one in sections:
            if texts[one.name : one.name + len(wanted)] == wanted:
                return self._contents(one, f"section {name}")
        return None

    def _sections(self) -> Iterator[_Section]:
        """Give the section that has the names of all, then all."""
        form = _FORMATS[self.bits]
        if len(self.data) < form.start + form.header.size:
            raise SourceError(f"{self.name}: cut off in the ELF header")
        start, stride, number, names = form.header.unpack_from(self.data, form.start)
        if not start:
            return
        if stride < form.section.size:
            raise SourceError(f"{self.name}: section headers of {stride} bytes")
        first = self._header(start)
        number = number or first.size  # where there are too many to count in 16 bits
        names = first.link if names == _MANY else names
        if number > (len(self.data) - start) // stride or names >= number:
            raise SourceError(f"{self.name}: cut off in the section headers")
        yield self._header(start + names * stride)
        for index in range(number):
            yield self._header(start + index * stride)

    def _header(self, at: int) -> _Section:
        form = _FORMATS[self.bits].section
        if at + form.size > len(self.data):
            raise SourceError(f"{self.name}: cut off in the section headers")
        return _Section(*form.unpack_from(self.data, at))

    def _contents(self, section: _Section, what: str) -> memoryview:
        if section.type == _NO_CONTENTS:
            raise SourceError(f"{self.name}: {what} was stripped of its contents")
        if section.flags & _COMPRESSED:
            raise SourceError(f"{self.name}: {what} is compressed")
        if section.offset + section.size > len(self.data):
            raise SourceError(f"{self.name}: cut off in {what}")
        return self.data[section.offset : section.offset + section.size]
