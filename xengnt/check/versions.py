# SPDX-License-Identifier: MIT
"""At which interface versions a header is held against the reference.

Imports ``xengnt.abi``, ``xengnt.errors``, ``xengnt.sources`` and the checker.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xengnt.abi.targets import UNDEFINED, Target
from xengnt.errors import Refused
from xengnt.sources.header import HeaderFile, HeaderReading

if TYPE_CHECKING:
    from xengnt.check.checker import Checker


class Versions:
    """Finds the interface versions at which to hold a header against the reference."""

    def __init__(self, checker: Checker, source: HeaderFile, abi: Target) -> None:
        self.checker = checker
        self.source = source
        self.abi = abi
        self.newest = checker.header.newest
        self.wanted = checker.reference.wanted(abi)

    def check(self, versions: Sequence[str | int]) -> None:
        """Hold it against the reference at these versions; if none, at the newest it takes."""
        if not versions:
            self._newest()
            return
        refusals = []
        wanted = self._versions(versions)
        held = set()
        for version in wanted:
            try:
                reading = self._read(version)
            except Refused as refusal:
                refusals.append((version, refusal))
                continue
            if reading.layout.interface_version not in held:  # it may set the version itself
                held.add(reading.layout.interface_version)
                self._compare(reading)
        if len(refusals) == len(wanted) > 1:
            self.checker.refused(self.abi, None, refusals[0][1])
            return
        for version, why in refusals:
            self.checker.refused(self.abi, version, why)

    def _read(self, version: int) -> HeaderReading:
        return self.source.read(self.abi, version, self.wanted)

    def _compare(self, reading: HeaderReading) -> None:
        self.checker.compare(reading, reading.layout.interface_version)

    def _versions(self, versions: Sequence[str | int]) -> list[int]:
        header = self.checker.header
        found: dict[int, None] = {}
        for version in versions:
            if version != "all":
                found[header.version(version)] = None
                continue
            every = {UNDEFINED, self.newest, *header.gates}
            every |= self.source.gates(self.abi, sorted(every), self.wanted)
            found.update(dict.fromkeys(sorted(v for v in every if v <= self.newest)))
        return list(found)

    def _newest(self) -> None:
        """Hold it against the reference at the newest version that it takes."""
        try:
            self._compare(self._read(self.newest))
        except Refused as refusal:
            self._older(refusal)

    def _older(self, first: Refused) -> None:
        """Hold it against the reference at the newest version below that it takes."""
        latest, why = UNDEFINED, first
        try:
            latest = self._read(UNDEFINED).latest or UNDEFINED
        except Refused as refusal:
            why = refusal
        gates = self.checker.header.gates
        older = sorted({v for v in (UNDEFINED, latest, *gates) if v < self.newest}, reverse=True)
        reading = self.source.first(self.abi, older, self.wanted)
        if reading is None:
            self.checker.refused(self.abi, None, why)
        else:
            used = reading.layout.interface_version
            self.checker.refused(self.abi, self.newest, first, used)
            self._compare(reading)
