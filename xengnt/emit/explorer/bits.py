# SPDX-License-Identifier: MIT
"""Sets of bits drawn as fields: each bit that has a name, and runs of those that have none.

Imports ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xengnt.abi.declarations import Declarations, Enum
from xengnt.emit.cells import HOLE
from xengnt.emit.svg import box, stripes, written

_ONE, _RUN, _HIGH, _LINE, _TOP = 34, 62, 20, 18, 18
"""Sizes: the width of one bit and of a run of them, of boxes and lines of text."""

_ROOM = 8
"""The width of a character, with some to spare."""


@dataclass(frozen=True, slots=True)
class Bits:
    """Neighbouring bits with one name, or none.

    Attributes:
        low: the lowest.
        high: the highest.
        name: the constant, "" if they have none.
    """

    low: int
    high: int
    name: str = ""

    @property
    def label(self) -> str:
        """Which bits they are."""
        return str(self.low) if self.low == self.high else f"{self.high}-{self.low}"


def fields(declared: Declarations, enum: Enum, width: int) -> list[Bits]:
    """Return the bits of an enumeration, and of the mask that it shares them with.

    From the highest to the lowest; those without a name stand together.

    Args:
        declared: has the values.
        enum: a set of bits.
        width: how many bits a field has that holds them.
    """
    shared = {
        one.mask
        for struct in declared.aggregates.values()
        for member in struct.members
        for name in (member.enum or "").split("|")
        if enum.name in (member.enum or "").split("|") and (one := declared.enums.get(name))
    }
    found = []
    for name in (*sorted(filter(None, shared)), *enum.members):
        value = declared.constants[name].value
        if value > 0:
            low = (value & -value).bit_length() - 1
            found.append(Bits(low, value.bit_length() - 1, name))
    return list(reversed(list(_filled(sorted(found, key=lambda one: one.low), width))))


def _filled(named: list[Bits], width: int) -> Iterator[Bits]:
    """Give bits with those between them."""
    at = 0
    for one in named:
        if one.low > at:
            yield Bits(at, one.low - 1)
        yield one
        at = max(at, one.high + 1)
    if at < width:
        yield Bits(at, width - 1)


def figure(parts: list[Bits]) -> tuple[str, int, int]:
    """Return bits as elements of SVG, the highest on the left, and their width and height."""
    body = []
    named = [one for one in parts if one.name]
    bottom = _TOP + _HIGH
    x, width = 1, 0
    for one in parts:
        wide = _ONE if one.low == one.high else _RUN
        inner = box(x, _TOP, wide, _HIGH)
        inner += "" if one.name else stripes(x, _TOP, wide, _HIGH)
        number = written(x + wide // 2, _TOP - 5, one.label, "small quiet middle")
        kind = "in" if one.name else HOLE
        data = f'data-name="{one.name}" data-low="{one.low}" data-high="{one.high}"'
        body.append(f'<g class="{kind}" {data}>{inner}</g>{number}')
        if one.name:
            line = bottom + _LINE * (len(named) - named.index(one))
            at = x + min(wide // 2, _ONE // 2)
            body.append(f'<path class="leader" d="M{at} {bottom}V{line - 4}h6"/>')
            body.append(written(at + 9, line, one.name))
            width = max(width, at + 9 + _ROOM * len(one.name))
        x += wide
    return "\n".join(body), max(width, x + 1), bottom + _LINE * len(named) + 8
