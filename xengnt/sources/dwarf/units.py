# SPDX-License-Identifier: MIT
"""Units of debugging information, and the entries in them.

DWARF 2 to 5, with offsets of 32 and 64 bits, and the extensions of GNU for split
and supplementary files. Entries are stepped over by what their abbreviation says;
only those that somebody asks for are decoded.

What is damaged shows as `Damaged`, or as IndexError, struct.error or KeyError; who
reads a file turns them into one error.

Imports the modules beside it.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from xengnt.sources.dwarf import constants as dw
from xengnt.sources.dwarf.abbreviations import Abbreviation, Abbreviations
from xengnt.sources.dwarf.elf import Elf
from xengnt.sources.dwarf.forms import Damaged, past, text, u16, u32, u64, uleb, value

MAX_COLUMNS = 16
MAX_UNITS = 2_000_000

_SPLIT = "{}.dwo"
_LTO = ".gnu.debuglto_{}"
"""How sections are called in files of split units, and in objects that are to be optimised
when they are linked."""


class Header(NamedTuple):
    """The header of a unit, and where it is.

    Attributes:
        section: its section.
        start: its offset in there.
        first: that of its first entry.
        end: that of what follows the unit.
        version: of DWARF.
        wide: the size of offsets.
        word: the size of addresses.
        table: the offset of its abbreviations.
        signature: of a type unit, the signature of the type.
        type: of a type unit, the offset of the type in the unit.
        split: of a unit in two parts, what both have in common.
    """

    section: Info
    start: int
    first: int
    end: int
    version: int
    wide: int
    word: int
    table: int
    signature: int | None
    type: int
    split: int | None


class Info:
    """A section of units.

    Attributes:
        file: the file that it is in.
        data: its bytes.
        types: whether it is ``.debug_types``, whose headers are different.
    """

    def __init__(self, file: File, data: memoryview, *, types: bool) -> None:
        self.file = file
        self.data = data
        self.types = types

    def headers(self) -> Iterator[Header]:
        """Give the headers of all units; zeros between them are what a linker filled in."""
        at = 0
        while at < len(self.data):
            if not any(self.data[at : at + 4]):
                at += 4
                continue
            header = self.header(at)
            yield header
            at = header.end

    def header(self, start: int) -> Header:
        """Return the header of the unit that begins at an offset."""
        data, wide, at = self.data, 4, start + 4
        (length,) = u32(data, start)
        if length == 0xFFFFFFFF:  # noqa: PLR2004 -- the mark of 64-bit offsets
            wide, at = 8, start + 12
            (length,) = u64(data, start + 4)
        end = at + length
        if end > len(data):
            raise Damaged(f"the unit at {start:#x} is cut off")
        (version,) = u16(data, at)
        at += 2
        kind = dw.UT_type if self.types else dw.UT_compile
        if version == 5:  # noqa: PLR2004 -- a version
            kind, word, at = data[at], data[at + 1], at + 2
            table, at = self._offset(at, wide), at + wide
        elif 2 <= version < 5:  # noqa: PLR2004 -- versions
            table, at = self._offset(at, wide), at + wide
            word, at = data[at], at + 1
        else:
            raise Damaged(f"the unit at {start:#x} is of DWARF version {version}, not 2 to 5")
        table += self.file.package.get((self.types, start), (0, 0))[0]
        signature, inner, split = None, 0, None
        if kind in (dw.UT_type, dw.UT_split_type):
            (signature,) = u64(data, at)
            inner, at = self._offset(at + 8, wide), at + 8 + wide
        elif kind in (dw.UT_skeleton, dw.UT_split_compile):
            (split,), at = u64(data, at), at + 8
        elif kind not in (dw.UT_compile, dw.UT_partial):
            raise Damaged(f"the unit at {start:#x} is of unknown kind {kind:#x}")
        if at > end or word not in (4, 8):
            raise Damaged(f"the unit at {start:#x} has a damaged header")
        return Header(self, start, at, end, version, wide, word, table, signature, inner, split)

    def _offset(self, at: int, wide: int) -> int:
        value: int = (u32 if wide == 4 else u64)(self.data, at)[0]  # noqa: PLR2004 -- bytes
        return value

    @cached_property
    def starts(self) -> list[int]:
        """Where units begin."""
        found = []
        for header in self.headers():
            found.append(header.start)
            if len(found) > MAX_UNITS:
                raise Damaged(f"more than {MAX_UNITS} units")
        return found

    def around(self, offset: int) -> Header:
        """Return the header of the unit that an offset lies in."""
        if offset >= len(self.data):
            raise Damaged(f"a reference to {offset:#x}, outside of its section")
        return self.header(self.starts[bisect_right(self.starts, offset) - 1])


class File:
    """The debugging information in a file.

    Attributes:
        elf: the file.
        split: whether it holds the units proper of skeletons.
        infos: its sections of units.
        package: of a package of split units, where the abbreviations and string offsets
            of each unit begin, by whether it is in ``.debug_types``, and its offset.
        strings: where its strings are.
        names: the names at offsets in there, and others by their bytes; None where nobody
            wants them.
        abbreviations: its abbreviations.
        supplement: the file with what several files have in common, if there is one.
    """

    def __init__(self, elf: Elf, supplement: File | None = None, *, split: bool = False) -> None:
        """Take a file.

        Args:
            elf: the file.
            supplement: what it refers to.
            split: whether to take the units proper, where it has both parts.
        """
        self.elf = elf
        kinds = (_SPLIT,) if split else ("{}", _SPLIT, _LTO)
        self._kind = next((k for k in kinds if elf.sections(k.format(".debug_info"))), _SPLIT)
        self.split = self._kind == _SPLIT
        self.supplement = supplement
        self.package = dict(_package(elf))
        self.names: dict[int | bytes, str | None] = {}
        self.infos = [
            Info(self, data, types=types)
            for name, types in ((".debug_info", False), (".debug_types", True))
            for data in elf.sections(self._name(name))
        ]
        self.strings = self.section(".debug_str")
        self.string_offsets = self.section(".debug_str_offsets")
        self.line_strings = self.section(".debug_line_str")
        self.abbreviations = Abbreviations(self.section(".debug_abbrev"))

    def _name(self, name: str) -> str:
        return self._kind.format(name)

    def section(self, name: str) -> memoryview:
        """Return the one section of a name, by what it is called in this kind of file."""
        return self.elf.section(self._name(name))

    @cached_property
    def signatures(self) -> dict[int, tuple[Info, int]]:
        """The type units: section and offset, by signature."""
        return {
            header.signature: (info, header.start)
            for info in self.infos
            for header in info.headers()
            if header.signature is not None
        }


def _package(elf: Elf) -> Iterator[tuple[tuple[bool, int], tuple[int, int]]]:
    """Give the rows of the indices of a package of split units."""
    for name in (".debug_cu_index", ".debug_tu_index"):
        data = elf.section(name)
        columns, units, slots = struct.unpack_from("<4x3I", data) if data else (0, 0, 0)
        if units == 0:
            continue
        at = 16 + 12 * slots
        if not 0 < columns <= MAX_COLUMNS:
            raise Damaged(f"{name} has {columns} columns")
        row = struct.Struct(f"<{columns}I")
        if at + row.size * (units + 1) > len(data):
            raise Damaged(f"{name} is cut off")
        kinds = row.unpack_from(data, at)
        for number in range(1, units + 1):
            places = dict(zip(kinds, row.unpack_from(data, at + number * row.size), strict=True))
            types = dw.SECT_INFO not in places
            where = places.get(dw.SECT_TYPES if types else dw.SECT_INFO, 0)
            yield (types, where), (places.get(dw.SECT_ABBREV, 0), places.get(dw.SECT_STR, 0))


@dataclass(slots=True, eq=False)
class Entry:
    """An entry, decoded.

    Attributes:
        unit: the unit that it is in.
        offset: where it begins, in the section.
        tag: its tag.
        values: form and value of each attribute; strings and references as offsets.
        end: where its attributes end.
        abbreviation: what it has in common with others.
    """

    unit: Unit
    offset: int
    tag: int
    values: dict[int, tuple[int, int | bytes]]
    end: int
    abbreviation: Abbreviation

    @property
    def key(self) -> tuple[int, int]:
        """What tells it from all others, while the file is open."""
        return id(self.unit.header.section), self.offset

    def number(self, attribute: int) -> int | None:
        """Return an attribute that is a number; None if it is not there, or no number."""
        form, value = self.values.get(attribute, (0, None))
        return value if isinstance(value, int) and form not in dw.OTHER_FORMS else None

    def has(self, attribute: int) -> bool:
        """Tell whether it has an attribute that is not false."""
        return bool(self.values.get(attribute, (0, 0))[1])

    def string(self, attribute: int) -> str | None:
        """Return an attribute that is a string, None if it is not there."""
        if attribute not in self.values:
            return None
        form, value = self.values[attribute]
        return self.unit.string(form, value)

    @property
    def name(self) -> str | None:
        """Its name, if it has one."""
        return self.string(dw.AT_name)

    def reference(self, attribute: int) -> Entry | None:
        """Return the entry that an attribute refers to, None if it is not there."""
        if attribute not in self.values:
            return None
        form, value = self.values[attribute]
        if not isinstance(value, int) or form not in dw.REFERENCES:
            raise Damaged(f"the entry at {self.offset:#x} refers to nothing")
        return self.unit.referred(form, value)

    def children(self) -> Iterator[Entry]:
        """Give its children."""
        if not self.abbreviation.children:
            return
        at = self.end
        while True:
            entry = self.unit.decode(at)
            if entry is None:
                return
            yield entry
            at = self.unit.after(at)


class Unit:
    """A unit: how to find and decode its entries.

    Attributes:
        header: its header.
        file: the file that it is in.
    """

    def __init__(self, header: Header, units: Units) -> None:
        self.header = header
        self.file = header.section.file
        self._units = units
        self._data = header.section.data
        shape = (header.wide, header.word, header.version)
        self._table = self.file.abbreviations.table(header.table, *shape)
        self._sizes = dw.fixed_sizes(*shape)

    @cached_property
    def top(self) -> Entry:
        """Its first entry, which says what it is."""
        entry = self.decode(self.header.first)
        if entry is None:
            raise Damaged(f"the unit at {self.header.start:#x} is empty")
        return entry

    @property
    def identity(self) -> int | None:
        """Of a unit in two parts, what tells that they belong together."""
        split = self.header.split
        return self.top.number(dw.AT_GNU_dwo_id) if split is None else split

    @cached_property
    def plain_c(self) -> bool:
        """Whether it is of C, where no type is declared inside another."""
        return self.top.number(dw.AT_language) in dw.LANGUAGES_C

    @cached_property
    def _string_base(self) -> int:
        base = self.top.values.get(dw.AT_str_offsets_base)
        if base is not None and isinstance(base[1], int):
            return base[1]
        info = self.header.section
        start = self.file.package.get((info.types, self.header.start), (0, 0))[1]
        return start + (2 * self.header.wide if self.header.version >= 5 else 0)  # noqa: PLR2004 -- a version

    def named(self) -> Iterator[tuple[int, int, Abbreviation, int]]:
        """Give the entries at file scope, in namespaces, types and functions that may have a name.

        Those whose name nobody wants are left out, as far as that is known.

        For each its offset, where its attributes begin, its abbreviation, and the offset of
        the enumeration that it is in, if it is an enumerator.
        """
        data, table, end = self._data, self._table, self.header.end
        scopes = dw.SCOPES_C if self.plain_c else dw.SCOPES
        tags, names, sizes = dw.NAMED, self.file.names, self._sizes
        strp = dw.FORM_strp if self.header.wide == 4 else -1  # noqa: PLR2004 -- bytes
        at, depth, enumeration = self.header.first, 0, 0
        while at < end:
            start = at
            code = data[at]
            at += 1
            if code > 0x7F:  # noqa: PLR2004 -- more bytes follow
                code, at = uleb(data, start)
            if code == 0:
                depth -= 1
                if depth <= 0:
                    return
                continue
            abbreviation = table[code]
            tag = abbreviation.tag
            if tag in tags:
                if tag == dw.TAG_enumeration_type:
                    enumeration = start
                form, skip = abbreviation.name or (0, 0)
                if form == strp:
                    place = u32(data, at + skip)[0]
                    if names.get(place, place) is not None:  # wanted, or not asked for before
                        yield start, at, abbreviation, enumeration
                else:
                    yield start, at, abbreviation, enumeration
            size = abbreviation.size
            at = at + size if size >= 0 else past(abbreviation.plan, data, at, sizes)
            if abbreviation.children:
                if tag in scopes or depth == 0:
                    depth += 1
                else:
                    at = self._over(at, abbreviation)
            elif depth == 0:
                return

    def decode(self, offset: int) -> Entry | None:
        """Return the entry at an offset, None if there is the end of a list."""
        if not self.header.first <= offset < self.header.end:
            raise Damaged(f"an entry at {offset:#x}, outside of its unit")
        code, at = uleb(self._data, offset)
        if code == 0:
            return None
        abbreviation = self._table[code]
        values: dict[int, tuple[int, int | bytes]] = {}
        for attribute, form, implicit in abbreviation.specs:
            if form == dw.FORM_implicit_const:
                values[attribute] = (form, implicit)
                continue
            if form == dw.FORM_indirect:
                form, at = uleb(self._data, at)  # noqa: PLW2901 -- the form proper
            found, at = value(form, self._data, at, self._sizes)
            values[attribute] = (form, found)
        return Entry(self, offset, abbreviation.tag, values, at, abbreviation)

    def after(self, offset: int) -> int:
        """Return where the next sibling of the entry at an offset begins."""
        code, at = uleb(self._data, offset)
        abbreviation = self._table[code]
        at = past(abbreviation.plan, self._data, at, self._sizes)
        return self._over(at, abbreviation) if abbreviation.children else at

    def string(self, form: int, value: int | bytes) -> str:
        """Return the string that a value of a form stands for."""
        if isinstance(value, bytes):
            return value.decode(errors="replace")
        if form == dw.FORM_line_strp:
            return text(self.file.line_strings, value)
        if form in (dw.FORM_GNU_strp_alt, dw.FORM_strp_sup):
            return text(self._supplement().strings, value)
        return text(self.file.strings, self.place(form, value))

    def place(self, form: int, value: int) -> int:
        """Return the offset of a string of the file's own."""
        if form == dw.FORM_strp:
            return value
        if form in dw.STRING_INDICES:
            wide = self.header.wide
            at = self._string_base + value * wide
            place: int = (u32 if wide == 4 else u64)(self.file.string_offsets, at)[0]  # noqa: PLR2004 -- bytes
            return place
        raise Damaged(f"a string of form {form:#x}")

    def name_form(self, at: int, abbreviation: Abbreviation) -> tuple[int, int | bytes] | None:
        """Return form and value of the name of an entry whose attributes begin at an offset."""
        if abbreviation.name is None:
            if not any(attribute == dw.AT_name for attribute, _, _ in abbreviation.specs):
                return None
            for attribute, form, _ in abbreviation.specs:
                if form == dw.FORM_indirect:
                    form, at = uleb(self._data, at)  # noqa: PLW2901 -- the form proper
                found, at = value(form, self._data, at, self._sizes)
                if attribute == dw.AT_name:
                    return form, found
        else:
            form, skip = abbreviation.name
            at += skip
            if form == dw.FORM_indirect:
                form, at = uleb(self._data, at)
            return form, value(form, self._data, at, self._sizes)[0]
        return None

    def referred(self, form: int, value: int) -> Entry:
        """Return the entry that a reference of a form refers to."""
        unit, offset = self, value
        if form in dw.UNIT_REFERENCES:
            offset += self.header.start
        elif form == dw.FORM_ref_sig8:
            unit = self._units.signed(self, value)
            offset = unit.header.start + unit.header.type
        elif form in (dw.FORM_GNU_ref_alt, dw.FORM_ref_sup4, dw.FORM_ref_sup8):
            unit = self._units.get(self._supplement().infos[0].around(value))
        elif not self.header.start <= offset < self.header.end:
            unit = self._units.get(self.header.section.around(offset))
        entry = unit.decode(offset)
        if entry is None:
            raise Damaged(f"a reference to {offset:#x}, where there is no entry")
        return entry

    def _supplement(self) -> File:
        if self.file.supplement is None:
            raise Damaged("a reference to a supplementary file, which it does not name")
        return self.file.supplement

    def _over(self, at: int, abbreviation: Abbreviation) -> int:
        """Return where the children end of an entry whose attributes end at an offset."""
        if abbreviation.sibling is not None:
            size, back = abbreviation.sibling
            offset = int.from_bytes(self._data[at - back : at - back + size], "little")
            offset += self.header.start
            if not at <= offset <= self.header.end:
                raise Damaged(f"a sibling at {offset:#x}, outside of its unit or behind")
            return offset
        data, table, end, sizes = self._data, self._table, self.header.end, self._sizes
        depth = 1
        while depth:
            if at >= end:
                raise Damaged("a list of entries without an end")
            code = data[at]
            at += 1
            if code > 0x7F:  # noqa: PLR2004 -- more bytes follow
                code, at = uleb(data, at - 1)
            if code == 0:
                depth -= 1
                continue
            inner = table[code]
            size = inner.size
            at = at + size if size >= 0 else past(inner.plan, data, at, sizes)
            if inner.children:
                if inner.sibling is not None:
                    at = self._over(at, inner)
                else:
                    depth += 1
        return at


class Units:
    """Makes units, and keeps those that others refer to."""

    KEPT = 16

    def __init__(self) -> None:
        self._kept: dict[tuple[int, int], Unit] = {}

    def get(self, header: Header) -> Unit:
        """Return the unit with a header."""
        key = (id(header.section), header.start)
        unit = self._kept.pop(key, None) or Unit(header, self)
        self._kept[key] = unit  # now the last one
        if len(self._kept) > self.KEPT:
            del self._kept[next(iter(self._kept))]
        return unit

    def signed(self, unit: Unit, signature: int) -> Unit:
        """Return the type unit of a signature, in the same file as a unit."""
        place = unit.file.signatures.get(signature)
        if place is None:
            raise Damaged(f"a reference to type {signature:016x}, which is not there")
        info, start = place
        return self.get(info.header(start))
