# SPDX-License-Identifier: MIT
"""Why a field is where it is not expected, and what is in its place.

One member that is too wide moves all behind it. Who reads a report wants to know
that member, and what a hypervisor that uses the reference makes of the bytes.

Imports ``xengnt.abi`` only.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from xengnt.abi.layout import Field, StructLayout

Pair = tuple[Field, Field]
"""A field of the reference, and the one of theirs that it was compared with."""


class Shifts:
    """The places of a struct's fields in the reference and in theirs.

    Args:
        reference: the struct.
        theirs: theirs.
        pairs: the fields that were compared.
        reader: who goes by the reference.
    """

    def __init__(
        self,
        reference: StructLayout,
        theirs: StructLayout,
        pairs: Sequence[Pair],
        reader: str,
    ) -> None:
        self.reader = reader
        self.reference = reference
        self.theirs = theirs
        self.partner = {field.name: other for field, other in pairs}
        taken = {other.name for other in self.partner.values()}
        self.extra = [f for f in theirs.fields if f.scalar and f.name not in taken]
        self._causes = self._find()

    def because(self, name: str) -> str:
        """Return, for a field in the wrong place, the cause and the consequence in words."""
        instead = self._instead(self.reference.by_name[name])
        return f"{self._causes[name]}; {instead}" if self._causes.get(name) else instead

    def _find(self) -> dict[str, str]:
        """Return, for each field that moved, what moved it."""
        causes: dict[str, str] = {}
        shift, cause = 0, ""
        before: Pair | None = None
        for field in self.reference.fields:
            other = self.partner.get(field.name)
            if other is None:
                continue
            moved = other.offset - field.offset
            if not moved:
                cause = ""
            elif moved != shift:  # padding moves a field, too, but only follows what did before
                cause = self._cause(field, other, before) or cause or _padding(field, other, before)
            shift = moved
            causes[field.name] = cause
            if field.scalar or other.scalar:
                before = self._last(before, (field, other))
        return causes

    def _last(self, one: Pair | None, other: Pair) -> Pair:
        """Return the pair that ends last; of the members of a union that is not the last one."""
        return one if one and one[0].end > other[0].end else other

    def _cause(self, field: Field, other: Field, before: Pair | None) -> str:
        """Return what moved a field against the pair before it; "" if only padding."""
        ours_end, their_end = _ends(before)
        if before and before[0].size != before[1].size:
            ours, theirs = before
            return f"{ours.name} takes {_bytes(theirs.size)}, not {ours.size}"
        extra = [f.name for f in self.extra if their_end <= f.offset < other.offset]
        if extra:
            return f"{', '.join(extra)} before it {_are(extra)} not in the reference"
        missing = [
            f.name
            for f in self.reference.fields
            if f.scalar and ours_end <= f.offset < field.offset and f.name not in self.partner
        ]
        if missing:
            return f"{', '.join(missing)} before it {_are(missing)} not there"
        between = [
            name
            for name, one in self.partner.items()
            if one.scalar and name != field.name and their_end <= one.offset < other.offset
        ]
        return f"{', '.join(between)} {_are(between)} before it" if between else ""

    def _instead(self, field: Field) -> str:
        """Return what of theirs is where the reference has a field."""
        verb = "writes over" if field.direction == "OUT" else "reads"
        what = "their padding"
        if field.offset >= self.theirs.size:
            what = "what is behind their struct"
        there = [f for f in self.theirs.fields if f.scalar and f.offset <= field.offset < f.end]
        if there:  # of the views of a union, the one that the field is in
            own = self.partner[field.name].name
            other = max(there, key=lambda one: _shared(one.name, own))
            skipped = field.offset - other.offset
            part = min(other.end, field.end) - field.offset
            what = f"their {other.name}"
            if part < other.size:
                what = f"{_span(skipped, part)} of {what}"
        return f"at {field.offset} {self.reader} {verb} {what}"


def _shared(one: str, other: str) -> int:
    """Return how many parts two dotted paths begin with that are the same."""
    both = zip(one.split("."), other.split("."), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], both))


def _ends(pair: Pair | None) -> tuple[int, int]:
    return (pair[0].end, pair[1].end) if pair else (0, 0)


def _padding(field: Field, other: Field, before: Pair | None) -> str:
    """Return why the padding between a field and the pair before it differs."""
    if other.scalar and other.size > field.size:
        return f"{field.name} takes {_bytes(other.size)}, not {field.size}"
    ours_end, their_end = _ends(before)
    hole, their_hole = field.offset - ours_end, other.offset - their_end
    if 0 <= their_hole < hole:
        return (
            f"{_bytes(hole - their_hole)} of padding before it {_are(hole - their_hole)} not there"
        )
    if 0 <= hole < their_hole:
        return f"{_bytes(their_hole - hole)} of padding before it too many"
    return "the order of the fields differs"


def _are(things: Sequence[str] | int) -> str:
    return "is" if (things if isinstance(things, int) else len(things)) == 1 else "are"


def _bytes(number: int) -> str:
    return f"{number} byte{'s' * (number != 1)}"


def _span(first: int, length: int) -> str:
    return f"byte {first}" if length == 1 else f"bytes {first} to {first + length - 1}"
