# SPDX-License-Identifier: MIT
"""Read the debugging information of an ELF file: what compilers made of structs.

All units are looked through, since each may have its own idea of a struct; their
entries are stepped over quickly, and only those of a name that is wanted are decoded.

Imports ``xengnt.errors``, ``xengnt.abi``, ``xengnt.sources`` and the modules beside it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from xengnt.abi.declarations import Constant
from xengnt.abi.layout import Field, Layout, StructLayout, TypeLayout
from xengnt.abi.targets import UNDEFINED
from xengnt.errors import InvalidValue, SourceError
from xengnt.sources.dwarf import constants as dw
from xengnt.sources.dwarf import links
from xengnt.sources.dwarf.abbreviations import Abbreviation
from xengnt.sources.dwarf.elf import Elf
from xengnt.sources.dwarf.forms import Damaged
from xengnt.sources.dwarf.lines import Lines
from xengnt.sources.dwarf.types import Incomplete, Types, definition, resolve
from xengnt.sources.dwarf.units import Entry, File, Unit, Units
from xengnt.sources.reading import ALIGNMENT, MACROS, Definition, Problem, Reading, Wanted

T = TypeVar("T", TypeLayout, Constant, str)

Progress = Callable[[int, int], None]
"""Is told how many bytes of how many are done; the total may grow."""

_STEP = 1 << 20
_FORGET = 1 << 26
_MAX_NAMES = 500_000


def read(path: Path, wanted: Wanted, progress: Progress | None = None) -> Reading:
    """Read an ELF file, and what belongs to it.

    Args:
        path: an object, executable, shared object, kernel, kernel module, debug file,
            or a file or package of split units.
        wanted: tells of the name of a struct, typedef or enumerator whether it is wanted.
        progress: is told now and then how far it is.

    Raises:
        SourceError: it is no ELF file for one of the ABIs, has no debugging
            information, or what it has cannot be read.
        Unavailable: pyelftools is not there.
    """
    return _Reader(Elf(path), wanted, progress or (lambda _done, _total: None)).read()


@contextmanager
def _damage(elf: Elf) -> Iterator[None]:
    """Turn what damaged debugging information leads to into an error that names the file."""
    try:
        yield
    except (Damaged, IndexError, KeyError, OverflowError, struct.error) as why:
        reason = str(why) if isinstance(why, Damaged) else "it leads out of itself"
        raise SourceError(f"{elf.path}: damaged debugging information: {reason}") from None
    except (MemoryError, RecursionError):
        raise SourceError(f"{elf.path}: debugging information beyond all bounds") from None


class _Reader:
    """Reads one file, and those that belong to it."""

    def __init__(self, elf: Elf, wanted: Wanted, progress: Progress) -> None:
        self.elf = elf
        self.wanted = wanted
        self.progress = progress
        self.reading = Reading(
            Layout(elf.abi.name, UNDEFINED, {}, {}, {}, {}), unseen=frozenset({MACROS, ALIGNMENT})
        )
        self.types = Types()
        self.lines = Lines()
        self.units = Units()
        self._definitions: dict[str, list[Definition]] = {}
        self._incomplete: dict[str, Problem] = {}
        self._imports: set[int] = set()
        self._skeletons: dict[tuple[str, str], set[int]] = {}
        self._done = self._total = self._told = self._kept = 0

    def read(self) -> Reading:
        """Read it."""
        with _damage(self.elf):
            elf = links.debug_file(self.elf)
            supplement = links.supplement(elf)
        with _damage(elf):
            self._file(File(elf, File(supplement) if supplement else None))
        if self._skeletons:
            self._split(elf)
        layout, problems = self.reading.layout, self.reading.problems
        for name, problem in self._incomplete.items():
            if name not in layout.structs:
                problems.setdefault(name, problem)
        for name in layout.typedefs.keys() & layout.aliases.keys():
            message = f"{elf.path}: {name} is {layout.aliases[name]}, and elsewhere a number"
            problems.setdefault(name, Problem(name, message))
        self.progress(self._total, self._total)
        return self.reading

    # Files and units.

    def _file(self, file: File) -> None:
        """Take in the units of a file."""
        self._total += sum(len(info.data) for info in file.infos)
        for info in file.infos:
            for header in info.headers():
                self._unit(Unit(header, self.units))
                self._count(file.elf, header.end - header.start)
        self._imported(file)
        self.types.forget()

    def _count(self, elf: Elf, size: int) -> None:
        self._done += size
        if self._done - self._told >= _STEP:
            self._told = self._done
            self.progress(self._done, self._total)
        if self._done - self._kept >= _FORGET:
            self._kept = self._done
            elf.forget()

    def _imported(self, file: File) -> None:
        """Take in the units that units of a file import from its supplement."""
        done: set[int] = set()
        while todo := self._imports - done:
            for offset in todo:
                done.add(offset)
                if file.supplement is None or not file.supplement.infos:
                    raise Damaged("an import from a supplementary file, which it does not name")
                header = file.supplement.infos[0].around(offset)
                self._unit(Unit(header, self.units), supplement=True)
        self._imports.clear()

    def _split(self, elf: Elf) -> None:
        """Take in the rest of units of which the file has only the first part."""
        package = links.package(elf)
        if package and self._rest(package, {one for s in self._skeletons.values() for one in s}):
            return
        missing = [
            name
            for (name, folder), identities in self._skeletons.items()
            if not any(self._rest(f, identities) for f in links.split_files(elf, name, folder))
        ]
        if missing:
            message = (
                f"{elf.path}: debugging information is split off into {missing[0]}"
                f"{f' and {len(missing) - 1} more files' if missing[1:] else ''}, not found: "
                "put it beside the file, make a package of all with dwp, or pass the .dwo itself"
            )
            if not self.reading.layout.structs:
                raise SourceError(message)
            self.reading.problems[missing[0]] = Problem(missing[0], message)

    def _rest(self, elf: Elf, identities: set[int]) -> bool:
        """Take in a file if it has the rest of these units; tell whether it does."""
        with _damage(elf):
            file = File(elf, split=True)
            units = (Unit(header, self.units) for info in file.infos for header in info.headers())
            if not identities <= {unit.identity for unit in units}:
                return False
            self._file(file)
        return True

    def _unit(self, unit: Unit, *, supplement: bool = False) -> None:
        """Take in what is wanted of a unit."""
        split = unit.top.string(dw.AT_dwo_name) or unit.top.string(dw.AT_GNU_dwo_name)
        if split is not None and not unit.file.split:
            folder = unit.top.string(dw.AT_comp_dir) or "."
            identities = self._skeletons.setdefault((split, folder), set())
            if unit.identity is not None:
                identities.add(unit.identity)
            return
        for offset, inside, abbreviation, enumeration in unit.named():
            if abbreviation.tag == dw.TAG_imported_unit:
                self._import(unit, offset, supplement=supplement)
                continue
            name = self._name(unit, offset, inside, abbreviation)
            if name is not None:
                entry = unit.decode(offset)
                if entry is not None:
                    self._take(name, entry, enumeration)

    def _import(self, unit: Unit, offset: int, *, supplement: bool) -> None:
        entry = unit.decode(offset)
        form, value = entry.values.get(dw.AT_import, (0, None)) if entry else (0, None)
        inner = supplement and form == dw.FORM_ref_addr
        if isinstance(value, int) and (inner or form in dw.SUPPLEMENT_REFERENCES):
            self._imports.add(value)

    def _name(self, unit: Unit, offset: int, inside: int, abbreviation: Abbreviation) -> str | None:
        """Return the name of an entry if it is wanted, else None."""
        found = unit.name_form(inside, abbreviation)
        if found is None:
            if not abbreviation.borrows:
                return None
            entry = unit.decode(offset)
            other = entry.reference(dw.AT_specification) if entry else None
            name = other.name if other else None
            return name if name and self.wanted(name) else None
        form, value = found
        if not isinstance(value, bytes) and form not in dw.OWN_STRINGS:
            name = unit.string(form, value)
            return name if self.wanted(name) else None
        place = value if isinstance(value, bytes) else unit.place(form, value)
        names = unit.file.names
        if place not in names:
            if len(names) >= _MAX_NAMES:
                names.clear()
            name = unit.string(form, value)
            names[place] = name if self.wanted(name) else None
        return names[place]

    # What is in them.

    def _take(self, name: str, entry: Entry, enumeration: int) -> None:
        """Take in an entry of a name that is wanted."""
        try:
            if entry.tag in dw.AGGREGATES:
                self._struct(name, entry)
            elif entry.tag in dw.ALIASES:
                self._typedef(name, entry)
            elif entry.tag == dw.TAG_enumerator:
                parent = entry.unit.decode(enumeration)
                if parent is not None:
                    constants = self.reading.layout.constants
                    self._note(constants, name, self.types.constant(parent, entry), entry)
        except Incomplete as why:
            self._incomplete.setdefault(name, self._problem(name, entry, why))
        except InvalidValue as why:
            self.reading.problems.setdefault(name, self._problem(name, entry, why))

    def _problem(self, name: str, entry: Entry, why: InvalidValue) -> Problem:
        return Problem(name, f"{self._where(entry)}: {name}: {why}")

    def _where(self, entry: Entry) -> str:
        return self.lines.where(entry) or str(entry.unit.file.elf.path)

    def _typedef(self, name: str, entry: Entry) -> None:
        end, names = resolve(entry)
        if end is None:
            return
        found = self.types.type(end)
        layout = self.reading.layout
        if found.count is not None:
            return
        if found.aggregate is not None:
            tag = found.aggregate.name
            if tag:
                self._note(layout.aliases, name, f"{found.kind} {tag}", entry)
            elif self.types.aggregate(found.aggregate).handle is not None:
                return  # a guest handle
            elif names[-1] != name:  # the typedef that it goes by comes in between
                self._note(layout.aliases, name, names[-1], entry)
            if tag is None or not self.wanted(tag):  # else it is met by its own name
                self._struct(tag or names[-1], found.aggregate)
        elif found.kind == "handle":
            self._note(layout.aliases, name, found.name, entry)
        elif found.kind in ("int", "float") and found.size is not None:
            scalar = TypeLayout(found.size, None, found.kind, found.signed)
            self._note(layout.typedefs, name, scalar, entry)

    def _note(self, known: dict[str, T], name: str, found: T, entry: Entry) -> None:
        """Note a typedef or constant; two that differ are a problem."""
        first = known.setdefault(name, found)
        if first is found or first == found:
            if name not in self.reading.where:
                self.reading.where[name] = self._where(entry)
        elif name not in self.reading.problems:
            places = f"{self.reading.where[name]} and {self._where(entry)}"
            self.reading.problems[name] = Problem(name, f"{places} differ on {name}")

    def _struct(self, tag: str, entry: Entry) -> None:
        entry = definition(entry)
        if entry.has(dw.AT_declaration):
            return
        laid = self.types.aggregate(entry)
        layout = replace(laid.layout, tag=tag)
        known = self._definitions.setdefault(tag, [])
        for number, one in enumerate(known):
            if _same(one.layout, layout):
                if _unknown(layout) < _unknown(one.layout):
                    known[number] = Definition(layout, one.where)
                    if number == 0:
                        self.reading.layout.structs[tag] = layout
                return
        here = Definition(layout, self._where(entry))
        known.append(here)
        if len(known) > 1:
            self.reading.others.append(here)
            return
        self.reading.layout.structs[tag] = layout
        self.reading.where[tag] = here.where
        for field, member in zip(layout.fields, laid.entries, strict=True):
            place = self.lines.where(member)
            if place is not None:
                self.reading.where[f"{tag}.{field.name}"] = place


def _same(one: StructLayout, other: StructLayout) -> bool:
    """Tell whether two structs agree in what both know; what types are called is no matter."""
    if (one.kind, one.size, len(one.fields)) != (other.kind, other.size, len(other.fields)):
        return False
    return _agree(one.align, other.align) and all(
        _alike(a, b) for a, b in zip(one.fields, other.fields, strict=True)
    )


def _alike(one: Field, other: Field) -> bool:
    first, second = (replace(f, type="", pointee=None, align=None) for f in (one, other))
    if first != second or not _agree(one.align, other.align):
        return False
    if one.pointee is None or other.pointee is None:
        return one.pointee is other.pointee
    return _agree(one.pointee.size, other.pointee.size) and _agree(
        one.pointee.signed, other.pointee.signed
    )


def _agree(one: int | None, other: int | None) -> bool:
    return one is None or other is None or one == other


def _unknown(layout: StructLayout) -> int:
    """Return how many things are not known of a struct."""
    pointees = [field.pointee for field in layout.fields if field.pointee is not None]
    return (layout.align is None) + sum(one.size is None for one in pointees)
