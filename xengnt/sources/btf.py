# SPDX-License-Identifier: MIT
"""Read structs from BTF, wherever it is: a raw file, an object, a module, a kernel image.

BTF states the size of each struct and the bit where each member begins. It has no
macros and no alignments, and no files and lines.

Imports ``xengnt.errors``, ``xengnt.abi``, ``xengnt.sources``.
"""

from __future__ import annotations

import mmap
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from xengnt.abi.declarations import Constant, Named
from xengnt.abi.layout import Layout, StructLayout, TypeLayout, spell
from xengnt.abi.targets import UNDEFINED, Target, native
from xengnt.errors import SourceError
from xengnt.sources import btf_types as btf
from xengnt.sources import elf_sections, kernel_image
from xengnt.sources.btf_measure import AGGREGATES, ENUMS, SCALARS, Measure
from xengnt.sources.btf_types import Type, Types
from xengnt.sources.reading import ALIGNMENT, MACROS, Definition, Problem, Reading, Wanted

MAX_ALL_FIELDS = 1_000_000
"""What is wanted may not have more fields than this, all structs together."""

_LONG_NAME = 64  # counts as another field

_T = TypeVar("_T")

_LAYERS = 4  # a kernel in more wrappings than this is none
_LONG = {"long", "long int", "unsigned long", "long unsigned int"}


def read_file(
    path: Path, wanted: Wanted, target: Target | None = None, base: Path | None = None
) -> Reading:
    """Read a file that has BTF: raw, in an ELF file, or in an image of a kernel.

    Args:
        path: the file.
        wanted: tells of a tag, typedef or enumerator whether it is wanted.
        target: the ABI, where the file does not state it; this machine's if None.
        base: of a kernel module, the kernel, in any of these forms.

    Raises:
        SourceError: it cannot be read, or is for another ABI.
        Unavailable: it needs a decompressor that is not here.
    """
    found = _find(path)
    if found.target and target and found.target != target:
        raise SourceError(f"{path}: is for {found.target}, not for {target}")
    below = found.base
    if base is not None:
        if below is not None:
            raise SourceError(f"{path}: has a base of its own, in the section .BTF.base")
        below = _find(base).data
    return read(found.data, str(path), found.target or target or native(), wanted, below)


def read(
    data: bytes | memoryview,
    name: str,
    target: Target,
    wanted: Wanted,
    base: bytes | memoryview | None = None,
) -> Reading:
    """Read BTF.

    Args:
        data: the BTF.
        name: what errors call it.
        target: the ABI that it is for.
        wanted: tells of a tag, typedef or enumerator whether it is wanted.
        base: the BTF that this continues.

    Raises:
        SourceError: it is damaged, or cannot be for this ABI.
    """
    below = btf.parse(memoryview(base), f"the base of {name}")[0] if base is not None else None
    reading = Reading(
        Layout(target.name, UNDEFINED, {}, {}, {}, {}), unseen=frozenset({MACROS, ALIGNMENT})
    )
    taker = _Taker(reading, target, wanted)
    for types in btf.parse(memoryview(data), name, below):
        taker.take(types)
    return reading


# Where the BTF is in a file.


@dataclass(frozen=True, slots=True)
class _Found:
    data: memoryview
    target: Target | None = None
    base: memoryview | None = None


def _find(path: Path) -> _Found:
    """Find the BTF in a file, in as many wrappings as it may be."""
    name, data = str(path), _open(path)
    for _ in range(_LAYERS):
        if data[:2] in (btf.MAGIC, btf.MAGIC[::-1]):
            return _Found(data)
        if data[:4] == elf_sections.MAGIC:
            elf = elf_sections.Elf(data, name)
            found = elf.section(".BTF")
            if found is None:
                raise SourceError(f"{name}: has no section .BTF")
            return _Found(found, elf.target, elf.section(".BTF.base"))
        target = kernel_image.flat(data)
        if target:
            found = btf.embedded(data)
            if found is None:
                raise SourceError(f"{name}: a kernel without BTF")
            return _Found(found, target)
        inner = kernel_image.unpack(data, name)
        if inner is None:
            raise SourceError(f"{name}: neither BTF, nor an ELF file, nor the image of a kernel")
        data = inner
    raise SourceError(f"{name}: compressed more often than a kernel is")


def _open(path: Path) -> memoryview:
    """Return what is in a file, without reading more of a large one than is looked at."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise SourceError(f"{path}: not a file")
        with path.open("rb") as file:
            try:
                return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            except (OSError, ValueError):  # empty, or in a file system that cannot do it
                return memoryview(file.read(kernel_image.LIMIT))
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from None


# What is taken from it.


class _Taker:
    """Takes what is wanted from blobs into a reading."""

    def __init__(self, reading: Reading, target: Target, wanted: Wanted) -> None:
        self.reading = reading
        self.layout = reading.layout
        self.target = target
        self.wanted = wanted
        self._definitions: set[StructLayout] = set()
        self._fields = 0

    def take(self, types: Types) -> None:
        """Take from a blob."""
        self._refuse_another_abi(types)
        measure = Measure(types, self.target)
        taken: set[int] = set()
        unnamed: dict[int, str] = {}  # structs without a tag, and their first typedefs
        for one in types.of_kinds((*AGGREGATES, btf.TYPEDEF)):
            if not one.name or not self.wanted(one.name):
                continue
            try:
                struct = one
                if one.kind == btf.TYPEDEF:
                    struct = self._typedef(measure, one, unnamed)
                if struct.kind in AGGREGATES and struct.id not in taken:
                    taken.add(struct.id)
                    self._struct(measure, struct.name or one.name, struct)
            except SourceError as error:
                self._problem(one.name, str(error))
            if self._fields > MAX_ALL_FIELDS:
                raise SourceError(f"{types.name}: more than {MAX_ALL_FIELDS} fields are wanted")
        for one in types.of_kinds(ENUMS):
            self._enum(measure, one)
        self.reading.assumptions += [Problem(*one) for one in measure.assumed.items()]

    def _problem(self, name: str, message: str) -> None:
        self.reading.problems.setdefault(name, Problem(name, message))

    def _refuse_another_abi(self, types: Types) -> None:
        """Raise if types of the language have sizes that they have not on this ABI."""
        word = self.target.word
        for one in types.of_kinds((btf.INT,)):
            if one.name in _LONG and one.number != word:
                raise SourceError(
                    f"{types.name}: cannot be for {self.target}: {one.name} has {one.number} bytes "
                    f"there, not {word}"
                )

    def _struct(self, measure: Measure, name: str, struct: Type) -> None:
        """Take a struct or union."""
        found = measure.struct(name, struct)
        self._fields += sum(1 + len(field.name) // _LONG_NAME for field in found.fields)
        if found in self._definitions:
            return
        self._definitions.add(found)
        if self.layout.structs.setdefault(name, found) is not found:
            where = f"{measure.types.name}: type {struct.id}"
            self.reading.others.append(Definition(found, where))

    def _typedef(self, measure: Measure, one: Type, unnamed: dict[int, str]) -> Type:
        """Take a typedef, and return what it names if that is a struct to take as well.

        As in the layout engine, a struct without a tag goes by its first typedef, unless it
        is a guest handle.
        """
        found = measure.bare(one.id)
        if spell(Named(one.name)) != one.name:  # a handle, by its name
            return one
        if found.kind in AGGREGATES and not found.name:
            if measure.type(found.id).kind == "handle":
                return one
            if unnamed.setdefault(found.id, one.name) != one.name:
                self._state(measure, self.layout.aliases, one.name, unnamed[found.id])
        elif found.kind in (*AGGREGATES, btf.FWD, btf.PTR):
            self._state(measure, self.layout.aliases, one.name, spell(measure.ctype(found.id)))
        elif found.kind in SCALARS:
            shape = measure.type(found.id)
            scalar = TypeLayout(shape.size, None, shape.kind, shape.signed)
            self._state(measure, self.layout.typedefs, one.name, scalar)
        return found

    def _enum(self, measure: Measure, one: Type) -> None:
        """Take the constants of an enumeration."""
        signed: bool | None = None
        for name, value in measure.types.enumerators(one):
            if not self.wanted(name):
                continue
            number = value
            signed = measure.signed(one) if signed is None else signed
            if signed:
                half = 1 << (63 if one.kind == btf.ENUM64 else 31)
                number = (value ^ half) - half
            if -(1 << 31) <= number < 1 << 31:  # an int then, whatever the others are
                constant = Constant(number, 4, signed=True)
            else:
                constant = Constant(number, one.number, signed)
            self._state(measure, self.layout.constants, name, constant)

    def _state(self, measure: Measure, into: dict[str, _T], name: str, what: _T) -> None:
        if into.setdefault(name, what) != what:
            self._problem(name, f"{measure.types.name}: {name} is defined twice, and differently")
