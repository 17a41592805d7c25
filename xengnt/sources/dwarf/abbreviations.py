# SPDX-License-Identifier: MIT
"""What entries of one kind have in common, and how to step over them.

Imports ``constants`` and ``forms``.
"""

from __future__ import annotations

from xengnt.sources.dwarf import constants as dw
from xengnt.sources.dwarf.forms import VARIABLE, Damaged, sleb, uleb

MAX_TABLES = 64
"""How many tables are kept."""

MAX_KNOWN = 50_000
"""How many abbreviations are kept."""


class Abbreviation:
    """What the entries of one kind have in common.

    Attributes:
        tag: their tag.
        children: whether they have children.
        specs: attribute, form and implicit value of each attribute.
        size: their size if that is always the same, else -1.
        plan: how to step over their attributes: sizes, and negative codes.
        name: form of their name and where it begins, if that is always the same.
        borrows: whether they have the name of another entry, which they complete.
        sibling: size and distance from their end of the offset of the next sibling.
    """

    __slots__ = ("borrows", "children", "name", "plan", "sibling", "size", "specs", "tag")

    def __init__(
        self, tag: int, *, children: bool, specs: tuple[tuple[int, int, int], ...],
        sizes: dict[int, int],
    ) -> None:  # fmt: skip
        self.tag = tag
        self.children = children
        self.specs = specs
        self.borrows = any(attribute == dw.AT_specification for attribute, _, _ in specs)
        self.name: tuple[int, int] | None = None
        self.sibling: tuple[int, int] | None = None
        plan: list[int] = []
        fixed = 0
        for attribute, form, _ in specs:
            if attribute == dw.AT_name and not plan:
                self.name = (form, fixed)
            size = sizes.get(form)
            if attribute == dw.AT_sibling:
                self.sibling = (size, 0) if form in dw.UNIT_REFERENCES and size else None
            if size is None:
                if form not in VARIABLE:
                    raise Damaged(f"an attribute of unknown form {form:#x}")
                plan += [fixed, VARIABLE[form]] if fixed else [VARIABLE[form]]
                fixed = 0
                self.sibling = None
            else:
                fixed += size
                if self.sibling:
                    self.sibling = (self.sibling[0], self.sibling[1] + size)
        self.size = -1 if plan else fixed
        self.plan = (*plan, fixed) if fixed else tuple(plan)


Table = dict[int, Abbreviation]
"""The abbreviations of a unit, by code."""

_Known = dict[bytes, tuple[Abbreviation, int]]


class Abbreviations:
    """The abbreviations in a section.

    Units have a table each, which differ little.
    """

    def __init__(self, data: memoryview) -> None:
        self._data = bytes(data)
        self._known: dict[tuple[int, int, bool], _Known] = {}
        self._tables: dict[tuple[int, tuple[int, int, bool]], Table] = {}

    def table(self, at: int, wide: int, word: int, version: int) -> Table:
        """Return the table at an offset.

        Args:
            at: the offset.
            wide: the size of offsets.
            word: the size of addresses.
            version: of DWARF.
        """
        kind = (wide, word, version == 2)  # noqa: PLR2004 -- a version
        key = (at, kind)
        if key not in self._tables:
            if len(self._tables) >= MAX_TABLES:
                self._tables.clear()
            sizes = dw.fixed_sizes(wide, word, version)
            self._tables[key] = self._read(at, sizes, self._known.setdefault(kind, {}))
        return self._tables[key]

    def _read(self, at: int, sizes: dict[int, int], known: _Known) -> Table:
        """Read the table at an offset.

        Most are the same in all units, so they are known by their bytes up to the two
        zeros at the end. An implicit value of 0 in front of these makes it one byte more.
        """
        data = self._data
        found: Table = {}
        while True:
            code = data[at]
            at += 1
            if code > 0x7F:  # noqa: PLR2004 -- more bytes follow
                code, at = uleb(data, at - 1)
            if code == 0:
                return found
            raw = data[at : data.find(b"\0\0", at + 2) + 2]
            abbreviation, size = known.get(raw) or (None, 0)
            if abbreviation is None or data[at + size - 1]:
                abbreviation, end = _abbreviation(data, at, sizes)
                size = end - at
                if size - len(raw) in (0, 1):
                    if len(known) >= MAX_KNOWN:
                        known.clear()
                    known[raw] = abbreviation, size
            found[code] = abbreviation
            at += size


def _abbreviation(data: bytes, at: int, sizes: dict[int, int]) -> tuple[Abbreviation, int]:
    """Return the abbreviation that begins at an offset behind its code, and where it ends."""
    tag, at = uleb(data, at)
    children, at = data[at] != 0, at + 1
    specs: list[tuple[int, int, int]] = []
    while True:
        attribute, at = uleb(data, at)
        form, at = uleb(data, at)
        if form == 0:
            return Abbreviation(tag, children=children, specs=tuple(specs), sizes=sizes), at
        implicit = 0
        if form == dw.FORM_implicit_const:
            implicit, at = sleb(data, at)
        specs.append((attribute, form, implicit))
