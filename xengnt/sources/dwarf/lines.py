# SPDX-License-Identifier: MIT
"""The names of the source files that a unit is made of.

Imports the modules beside it.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from xengnt.sources.dwarf import constants as dw
from xengnt.sources.dwarf.forms import Damaged, text, uleb, value
from xengnt.sources.dwarf.units import Entry, Unit

_PATH, _DIRECTORY = 1, 2


class Lines:
    """Tells where entries are declared; keeps the files of the last unit asked for."""

    def __init__(self) -> None:
        self._unit: Unit | None = None
        self._files: list[str] = []

    def where(self, entry: Entry) -> str | None:
        """Return file and line of an entry, None where it does not say."""
        line, number = entry.number(dw.AT_decl_line), entry.number(dw.AT_decl_file)
        if line is None or number is None:
            return None
        if self._unit is not entry.unit:
            self._unit, self._files = entry.unit, _files(entry.unit)
        return f"{self._files[number]}:{line}" if number < len(self._files) else None


def _files(unit: Unit) -> list[str]:
    """Return the names of a unit's files, by number; empty if it has no table of lines."""
    table = unit.top.values.get(dw.AT_stmt_list)
    if table is None or not isinstance(table[1], int):
        return []
    data, at, wide = unit.file.section(".debug_line"), table[1], 4
    if bytes(data[at : at + 4]) == b"\xff\xff\xff\xff":
        at, wide = at + 8, 8
    at += 4  # the length
    version = int.from_bytes(data[at : at + 2], "little")
    at += 2
    if version >= 5:  # noqa: PLR2004 -- a version
        at += 2  # sizes of addresses and segment selectors
    at += wide  # the length of the header
    at += 5 if version >= 4 else 4  # noqa: PLR2004 -- a version; how instructions are coded
    at += data[at]  # the base of special opcodes, and the lengths of those below
    if version >= 5:  # noqa: PLR2004 -- a version
        sizes = dw.fixed_sizes(wide, unit.header.word, version)
        rows, at = _rows(unit, data, at, sizes)
        directories = [name for name, _ in rows]
        rows, at = _rows(unit, data, at, sizes)
        return [_join(directories, directory, name) for name, directory in rows]
    directories, names = [""], [""]
    while data[at]:
        directories.append(text(data, at))
        at = _end(data, at)
    at += 1
    while data[at]:
        name = text(data, at)
        directory, at = uleb(data, _end(data, at))
        at = uleb(data, uleb(data, at)[1])[1]  # time and size
        names.append(_join(directories, directory, name))
    return names


def _rows(
    unit: Unit, data: memoryview, at: int, sizes: dict[int, int]
) -> tuple[list[tuple[str, int]], int]:
    """Return name and directory of each row of a table of version 5, and its end."""
    columns = []
    count, at = data[at], at + 1
    for _ in range(count):
        content, at = uleb(data, at)
        form, at = uleb(data, at)
        columns.append((content, form))
    count, at = uleb(data, at)
    if count > len(data):  # each has a byte at least
        raise Damaged("a table of files that is cut off")
    rows = []
    for _ in range(count):
        name, directory = "", 0
        for content, form in columns:
            found, at = value(form, data, at, sizes)
            if content == _PATH:
                name = unit.string(form, found)
            elif content == _DIRECTORY and isinstance(found, int):
                directory = found
        rows.append((name, directory))
    return rows, at


def _end(data: memoryview, at: int) -> int:
    """Return where a string ends."""
    while data[at]:
        at += 1
    return at + 1


def _join(directories: list[str], number: int, name: str) -> str:
    """Return a path as the compiler was given it; the first directory is where it ran."""
    if number == 0 or number >= len(directories):
        return name
    return str(PurePosixPath(directories[number], name))
