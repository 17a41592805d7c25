# SPDX-License-Identifier: MIT
"""A reading held against a reference: what it says beyond its layout.

Imports ``xengnt.abi``, ``xengnt.errors``, ``xengnt.sources``, ``xengnt.compare``,
``xengnt.findings``, ``xengnt.match``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import cached_property

from xengnt.abi.declarations import MESSAGES
from xengnt.abi.layout import Layout
from xengnt.compare import compare_struct
from xengnt.findings import ERROR, NOTE, WARNING, Finding
from xengnt.match import Renamed, renamed_fields
from xengnt.sources.header import HeaderReading
from xengnt.sources.reading import Definition, Reading

_PLACE = re.compile(r"(.+?:\d+): ")


class Held:
    """What one reading says beyond its layout, when it is held against a reference."""

    def __init__(
        self, reading: Reading, names: Renamed, ours: Layout, path: str, enums: Collection[str]
    ) -> None:
        self.enums = enums
        self.reading = reading
        self.names = names
        self.ours = ours
        self.path = path
        self.where = names.places(reading.where)

    def _finding(self, severity: str, code: str, where: str, message: str) -> Finding:
        place = _PLACE.match(message)
        return Finding(
            severity,
            code,
            where,
            message,
            source=place[1] if place else "",
            abi=self.ours.abi,
            interface_version=self.ours.interface_version,
        )

    def sharpen(self, finding: Finding) -> Finding | None:
        """Return what the source knows better than its layout; None if it is said elsewhere."""
        name = finding.where
        if finding.code.endswith("-missing") and name in self._problems:
            return None  # unreadable
        typedefs = self.reading.typedefs if isinstance(self.reading, HeaderReading) else ()
        if finding.code == "type-missing" and name in typedefs:
            return replace(finding, code="type-kind", message=f"{name} is not an integer type")
        return finding

    @cached_property
    def _problems(self) -> dict[str, str]:
        """What could not be read, by the name that the reference has for it."""
        names, found = self.names, {}
        for name, problem in self.reading.problems.items():
            ours = [match.ours for kind in names.kinds.all if (match := kind.match(name))]
            there = ours and (ours[0] in names.structs.found or ours[0] in names.constants.found)
            known = there or not ours or name in self.enums
            found[name if known else ours[0]] = problem.message
        if isinstance(self.reading, HeaderReading):
            for name, reason in self.reading.valueless.items():
                match = names.kinds.constants.match(name)
                if match and match.ours not in names.constants.found:
                    found.setdefault(match.ours, reason)
        return found

    def unreadable(self) -> Iterator[Finding]:
        """State what of the reference is there and could not be read; of the markup, note it."""
        ours = self.ours
        for name, message in self._problems.items():
            if name in ours.structs or name in ours.typedefs or name in ours.constants:
                yield self._finding(ERROR, "unreadable", name, message)
            elif name == MESSAGES or name in self.enums:
                yield self._finding(NOTE, "unreadable", name, message)
            elif not isinstance(self.reading, HeaderReading):  # a part of a binary
                yield self._finding(WARNING, "unreadable", "", message)

    def assumed(self) -> Iterator[Finding]:
        """Note what the source leaves open, and what it is taken to be."""
        for one in self.reading.assumptions:
            yield self._finding(NOTE, "assumed", one.name, one.message)

    def doubtful(self) -> Iterator[Finding]:
        """Warn of names that could be meant by several, of which none is taken."""
        for name, several in self.names.doubtful().items():
            if name in self.ours.structs or name in self.ours.constants:
                message = f"{name} could be any of {', '.join(several)}: none is compared"
                yield self._finding(WARNING, "ambiguous", name, message)

    @cached_property
    def others(self) -> tuple[Definition, ...]:
        """The definitions that differ from those in the layout, under the reference's names."""
        found = []
        for one in self.reading.others:
            tag = self.names.ours(one.layout.tag)
            if tag is not None and tag in self.ours.structs:
                fields = renamed_fields(one.layout, self.names.fields)
                found.append(replace(one, layout=replace(one.layout, tag=tag, fields=fields)))
        return tuple(found)

    def differing(self, reader: str) -> Iterator[Finding]:
        """Compare definitions that differ from the one in the layout."""
        for one in self.others:
            tag, at = one.layout.tag, one.where or "another place"
            message = f"{tag} is defined in more than one way: otherwise at {at}"
            yield replace(self._finding(WARNING, "definitions-differ", tag, message), source=at)
            for finding in compare_struct(self.ours.structs[tag], one.layout, reader):
                yield replace(
                    finding,
                    source=at,
                    abi=self.ours.abi,
                    interface_version=self.ours.interface_version,
                )

    def besides(self, reader: str) -> Iterator[Finding]:
        """Warn of what else could be meant, and differs from the reference."""
        layout = self.reading.layout
        for tag, others in self.names.structs.besides.items():
            ours = self.ours.structs.get(tag)
            for name in others if ours else ():
                struct = layout.structs[name]
                fields = renamed_fields(struct, self.names.fields)
                theirs = replace(struct, tag=tag, fields=fields)
                if ours and any(
                    one.severity != NOTE for one in compare_struct(ours, theirs, reader)
                ):
                    yield self._besides(tag, name)
        for name, others in self.names.constants.besides.items():
            constant = self.ours.constants.get(name)
            for other in others if constant else ():
                if constant and layout.constants[other].value != constant.value:
                    yield self._besides(name, other)

    def _besides(self, ours: str, theirs: str) -> Finding:
        message = f"{theirs} is there as well, could be meant by {ours}, and differs from it"
        return replace(
            self._finding(WARNING, "also-there", ours, message),
            source=self.reading.where.get(theirs, ""),
        )

    def located(self, finding: Finding) -> Finding:
        """Return a finding with the file and line of its C path, or of what is around it."""
        path = finding.theirs or finding.where
        theirs = self.names.theirs(path)
        finding = replace(finding, theirs=theirs if theirs != finding.where else None)
        where = path.partition("[")[0]
        while where and not finding.source:
            finding = replace(finding, source=self.where.get(where, ""))
            where = where.rpartition(".")[0]
        return replace(finding, source=finding.source or self.path)
