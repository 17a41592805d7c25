# SPDX-License-Identifier: MIT
"""An ELF file: which ABI it is for, and its sections.

The file is mapped, not read, so that a section costs memory only while it is looked
at. The map is private: relocations are applied in it.

Imports ``xengnt.errors``, ``xengnt.abi``, ``xengnt.sources`` and ``relocate``.
"""

from __future__ import annotations

import mmap
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xengnt.abi.targets import TARGETS, Target
from xengnt.errors import SourceError, Unavailable
from xengnt.sources.dwarf.relocate import relocate
from xengnt.sources.elf_sections import MACHINES

MAX_SECTIONS = 200_000
MAX_INFLATED = 1 << 30
"""What compressed sections may become, each."""

_COMPRESSED = 0x800
_ZLIB = 1
_NOTE_BUILD_ID = 3


@dataclass(slots=True)
class _Section:
    """A section as the file has it."""

    name: str
    kind: str
    flags: int
    start: int
    size: int
    link: int
    info: int


class Elf:
    """A mapped ELF file.

    Attributes:
        path: its path.
        abi: the ABI that it is for.
        relocatable: whether it is an object file, or a kernel module.
    """

    def __init__(self, path: Path) -> None:
        """Open a file.

        Raises:
            SourceError: it cannot be read, is no ELF file, or for none of the six ABIs.
            Unavailable: pyelftools is not there.
        """
        try:
            from elftools.elf.elffile import ELFFile
        except ImportError:
            raise Unavailable(
                f"{path}: reading debugging information needs pyelftools: "
                "pip install 'xengnt[dwarf]'"
            ) from None
        self.path = path
        self._map = _map(path)
        if self._map[:4] != b"\x7fELF":
            raise SourceError(f"{path}: not an ELF file")
        try:
            stream: Any = self._map  # reads and seeks, as a file does
            elf = ELFFile(stream)
            self.abi = _abi(path, elf)
            self.relocatable = elf["e_type"] == "ET_REL"
            self._sections = list(self._headers(elf))
        except SourceError:
            raise
        except Exception as why:  # noqa: BLE001 -- pyelftools raises all kinds of errors
            raise SourceError(f"{path}: damaged ELF headers: {why or type(why).__name__}") from None
        self._view = memoryview(self._map)
        self._read: dict[int, memoryview] = {}

    def _headers(self, elf: Any) -> Iterator[_Section]:
        if elf.num_sections() > MAX_SECTIONS:
            raise SourceError(f"{self.path}: more than {MAX_SECTIONS} sections")
        for section in elf.iter_sections():
            header = section.header
            size = 0 if header.sh_type == "SHT_NOBITS" else header.sh_size
            yield _Section(
                section.name, str(header.sh_type), header.sh_flags,
                header.sh_offset, size, header.sh_link, header.sh_info,
            )  # fmt: skip

    def sections(self, name: str) -> list[memoryview]:
        """Return all sections of a name, such as ``.debug_info``, that have bytes.

        Compressed ones of old toolchains, ``.zdebug_info``, go by the name without z.
        """
        old = name.replace(".debug_", ".zdebug_")
        found = [
            self._data(number)
            for number, section in enumerate(self._sections)
            if section.name in (name, old) and section.size
        ]
        return [data for data in found if data]

    def section(self, name: str) -> memoryview:
        """Return the one section of a name, empty if there is none."""
        return next(iter(self.sections(name)), memoryview(b""))

    def build_id(self) -> bytes:
        """Return what identifies the build, empty if it does not say."""
        note = bytes(self.section(".note.gnu.build-id"))
        sizes = [int.from_bytes(note[at : at + 4], "little") for at in (0, 4, 8)]
        if sizes[0] != len(b"GNU\0") or sizes[2] != _NOTE_BUILD_ID:
            return b""
        return note[16 : 16 + sizes[1]]

    def checksum(self) -> int:
        """Return the CRC of the file, which debug links state."""
        return zlib.crc32(self._map)

    def forget(self) -> None:
        """Give back the memory of what was read of the file; it can be read again."""
        if not self.relocatable:
            self._map.madvise(mmap.MADV_DONTNEED)

    def _data(self, number: int) -> memoryview:
        """Return the bytes of a section, decompressed and relocated."""
        if number not in self._read:
            section = self._sections[number]
            data = self._bytes(section)
            if section.flags & _COMPRESSED:
                data = self._decompressed(section, data)
            elif section.name.startswith(".zdebug_"):
                if bytes(data[:4]) != b"ZLIB":
                    raise SourceError(f"{self.path}: {section.name} is not compressed with zlib")
                data = self._inflated(section, data[12:], int.from_bytes(data[4:12], "big"))
            if self.relocatable:
                self._relocate(number, data)
            self._read[number] = data.toreadonly()
        return self._read[number]

    def _bytes(self, section: _Section) -> memoryview:
        data = self._view[section.start : section.start + section.size]
        if len(data) != section.size:
            raise SourceError(f"{self.path}: cut off: section {section.name} is not all there")
        return data

    def _decompressed(self, section: _Section, data: memoryview) -> memoryview:
        kind = int.from_bytes(data[:4], "little")
        start, word = (24, 8) if self.abi.word == 8 else (12, 4)  # noqa: PLR2004 -- bytes
        at = 8 if word == 8 else 4  # noqa: PLR2004 -- bytes
        if kind != _ZLIB:
            name = "zstd" if kind == 2 else f"method {kind}"  # noqa: PLR2004 -- as ELF numbers them
            raise SourceError(
                f"{self.path}: {section.name} is compressed with {name}, which is not read here: "
                "objcopy --decompress-debug-sections makes a copy that is"
            )
        size = int.from_bytes(data[at : at + word], "little")
        return self._inflated(section, data[start:], size)

    def _inflated(self, section: _Section, data: memoryview, size: int) -> memoryview:
        if size > MAX_INFLATED:
            raise SourceError(
                f"{self.path}: {section.name} would be {size} bytes, the limit is {MAX_INFLATED}"
            )
        try:
            inflated = zlib.decompressobj().decompress(data, size or 1)
        except zlib.error as why:
            raise SourceError(f"{self.path}: {section.name} does not decompress: {why}") from None
        if len(inflated) != size:
            raise SourceError(f"{self.path}: {section.name} is cut off")
        return memoryview(bytearray(inflated) if self.relocatable else inflated)

    def _relocate(self, number: int, data: memoryview) -> None:
        for table in self._sections:
            if table.info != number or table.kind not in ("SHT_RELA", "SHT_REL"):
                continue
            if table.link >= len(self._sections):
                raise SourceError(f"{self.path}: {table.name} has no symbols")
            symbols = self._sections[table.link]
            try:
                relocate(
                    data,
                    self._bytes(table),
                    self._bytes(symbols),
                    self.abi.name,
                    self.abi.word,
                    addends=table.kind == "SHT_RELA",
                )
            except SourceError as why:
                raise SourceError(f"{self.path}: {table.name}: {why}") from None


def _map(path: Path) -> mmap.mmap:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait
            raise SourceError(f"{path}: not a file")
        if status.st_size == 0:
            raise SourceError(f"{path}: an empty file")
        with path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    except OSError as why:
        raise SourceError(f"{path}: {why.strerror}") from None


def _abi(path: Path, elf: Any) -> Target:
    from elftools.elf.enums import ENUM_E_MACHINE

    machine, bits = elf["e_machine"], elf.elfclass
    name = str(machine).removeprefix("EM_")
    if not elf.little_endian:
        raise SourceError(f"{path}: big-endian ({name}); the ABIs are all little-endian")
    abi = MACHINES.get((ENUM_E_MACHINE.get(machine, machine), bits))
    if abi is None:
        raise SourceError(f"{path}: for {name}, {bits} bits, which is none of {', '.join(TARGETS)}")
    return TARGETS[abi]
