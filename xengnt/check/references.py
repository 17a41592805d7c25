# SPDX-License-Identifier: MIT
"""What sources are held against: our own header, or somebody else's source.

Imports ``xengnt.errors``, ``xengnt.abi``, ``xengnt.sources``, ``xengnt.compare``,
``xengnt.mapping``, ``xengnt.match``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from xengnt.abi.declarations import MESSAGES, header
from xengnt.abi.layout import Layout, compute
from xengnt.abi.targets import UNDEFINED, Target, native
from xengnt.compare import XEN, families
from xengnt.errors import Refused, SourceError
from xengnt.mapping import Mapping
from xengnt.match import Kinds, Names
from xengnt.sources.detect import BTF, ELF, Binary
from xengnt.sources.header import HeaderFile
from xengnt.sources.reading import Reading, Wanted


def wide(source: HeaderFile | Binary) -> bool:
    """Tell whether a source has much that nobody asks for, so that others are read before."""
    return isinstance(source, Binary) and source.kind in (ELF, BTF)


def _everything(_name: str) -> bool:
    return True


def _names(layout: Layout) -> tuple[set[str], ...]:
    return {*layout.structs}, {*layout.typedefs}, {*layout.constants}


def _kinds(names: Sequence[Iterable[str]], mapping: Mapping) -> Kinds:
    tables = (mapping.structs, mapping.types, mapping.constants)
    return Kinds(*(Names(some, table) for some, table in zip(names, tables, strict=True)))


class OwnHeader:
    """Our own header as the reference."""

    name = "the ABI"
    reader = XEN

    problems: tuple[str, ...] = ()

    def __init__(self, mapping: Mapping) -> None:
        self.header = header()
        ours = self.header
        self.known = {*ours.aggregates}, {*ours.typedefs}, {*ours.constants}
        self.kinds = _kinds(self.known, mapping)
        self._families = tuple(families(list(ours.constants)))

    def wanted(self, _abi: Target | None) -> Wanted:
        """Return what to read of theirs: also constants that look as if they belonged to it."""
        return lambda name: self.kinds.wanted(name) or name.startswith(self._families)

    def layout(self, abi: Target, version: int, _theirs: Reading) -> Layout:
        """Return its layout."""
        return compute(self.header.at(abi, version))

    def presence(self, name: str) -> str | None:
        """Return at which ABIs and versions there is something, None if never."""
        return self.header.presence(name) if any(name in some for some in self.known) else None


class OtherSource:
    """Somebody else's source as the reference.

    Args:
        source: the source.
        name: how the user named it.
        mapping: what the user says of names.
        first: whether it is read before theirs, of which then only what it has is read;
            else it is the other way round.
    """

    reader = "the other side"

    def __init__(
        self, source: HeaderFile | Binary, name: str, mapping: Mapping, *, first: bool
    ) -> None:
        self.source = source
        self.name = name
        self.kinds = _kinds(((), (), ()), mapping)
        self._mapping = mapping
        self._first = first
        self._readings: dict[tuple[str, int], list[Reading]] = {}
        self.problems: tuple[str, ...] = ()

    def wanted(self, abi: Target | None) -> Wanted:
        """Return what to read of theirs."""
        if not self._first:
            return _everything
        for reading in self._read(abi, header().newest, _everything):
            self._adopt(reading)
        return lambda name: name == MESSAGES or self.kinds.wanted(name)

    def layout(self, abi: Target, version: int, theirs: Reading) -> Layout:
        """Return its layout.

        Raises:
            SourceError: it has none for this ABI.
        """
        structs, types, constants = _names(theirs.layout)
        asked = _kinds((structs | theirs.problems.keys(), types, constants), Mapping())
        wanted = _everything if self._first else asked.wanted
        for reading in self._read(abi, version, wanted):
            if reading.layout.abi == abi.name:
                return self._adopt(reading)
        raise SourceError(f"{self.name}: has no layouts for {abi}")

    def presence(self, _name: str) -> str | None:
        """Return None: it is not known of another time."""
        return None

    def _adopt(self, reading: Reading) -> Layout:
        """Take what a reading has as what is to be compared, and return it.

        Of a header it is what is in it itself, unless it only includes others.
        """
        layout = reading.layout
        if isinstance(self.source, HeaderFile):
            start = f"{self.source.path}:"
            own = {name for name, place in reading.where.items() if place.startswith(start)}
            if own & {*layout.structs, *layout.constants}:
                layout = replace(
                    layout,
                    structs={name: one for name, one in layout.structs.items() if name in own},
                    typedefs={name: one for name, one in layout.typedefs.items() if name in own},
                    constants={name: one for name, one in layout.constants.items() if name in own},
                )
        self.kinds = _kinds(_names(layout), self._mapping)
        self.problems = tuple(problem.message for problem in reading.problems.values())
        return layout

    def _read(self, abi: Target | None, version: int, wanted: Wanted) -> list[Reading]:
        """Read it, once for each ABI and version that make a difference."""
        source = self.source
        if isinstance(source, HeaderFile):
            abi = abi or native()
            key = abi.name, version
        else:
            key = "" if source.states_abi or abi is None else abi.name, 0
        if key not in self._readings:
            if isinstance(source, Binary):
                self._readings[key] = source.read(wanted, abi)
            else:
                self._readings[key] = [self._header(source, abi or native(), version)]
        return self._readings[key]

    def _header(self, source: HeaderFile, abi: Target, version: int) -> Reading:
        """Read a header at the newest version up to this one that it takes."""
        older = [v for v in sorted({UNDEFINED, *header().gates}, reverse=True) if v < version]
        found = source.first(abi, [version, *older], None)
        if found is None:
            raise Refused(f"{self.name}: refuses {abi}")
        return found
