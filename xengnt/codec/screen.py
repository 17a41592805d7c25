# SPDX-License-Identifier: MIT
"""Which elements of a blob to look at: C that lets those pass that are beyond doubt.

Each check of the validator says in C when an element is in doubt, as an expression that
is not 0 then. All those of a struct are its screen. For the screens of the newest interface
``build_ffi.py`` generates kernels, which are found by the very text that they are made of:
a check that changes has no kernel until it is generated, and until then every element is
looked at.

Imports the plan and the kernels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

from xengnt.codec import kernels
from xengnt.codec.buffers import pinned
from xengnt.codec.plan import Slot

Screen: TypeAlias = Callable[[memoryview, int], Iterator[int]]
"""Gives the elements in doubt, of a blob with so many."""


def text(size: int, doubts: Iterable[str]) -> str:
    """Return the screen of a struct of a size: its doubts, each once, or 0 if there is none."""
    return f"{size}: {' | '.join(f'({doubt})' for doubt in dict.fromkeys(doubts)) or '0'}"


def find(screen: str | None) -> Screen | None:
    """Return what finds the elements in doubt, None if there is no kernel for that."""
    loaded = kernels.load()
    number = loaded.screens.get(screen) if loaded and screen else None
    if loaded is None or number is None:
        return None
    first = loaded.lib.xengnt_screen

    def doubted(blob: memoryview, count: int) -> Iterator[int]:
        held = pinned(blob)
        element = first(number, held.pointer, 0, count)
        while element < count:
            yield element
            element = first(number, held.pointer, element + 1, count)

    return doubted


def span(start: int, length: int) -> str:
    """Doubt that some bytes are zero."""
    loads = []
    while length:
        width = next(width for width in (8, 4, 2, 1) if width <= length)
        loads.append(f"U{width}({start})")
        start, length = start + width, length - width
    return " + ".join(f"({load} != 0)" for load in loads) if len(loads) > 1 else loads[0]


def bits(slot: Slot, mask: int) -> str:
    """Doubt that a field has none of these bits."""
    full = (1 << 8 * slot.size) - 1
    mask &= full
    if not mask:
        return ""
    return _raw(slot) if mask == full else f"{_raw(slot)} & {mask:#x}u"


def outside(slot: Slot, low: int, high: int) -> str:
    """Doubt that a field is from one value to another."""
    if low == slot.low and high == slot.high:
        return ""
    if low == 0:
        return f"{_value(slot)} > {high}u"
    if high == slot.high and not slot.signed:
        return f"{_value(slot)} < {low}u"
    moved = f"{_value(slot)} {'+' if low < 0 else '-'} {abs(low)}u"
    return f"{moved} > {high - low}u"


def either(slot: Slot, mask: int, value: int, then: str, otherwise: str) -> str:
    """Doubt one thing if a field has these bits, and another if not."""
    if then == otherwise:
        return then
    return f"EITHER(({_raw(slot)} & {mask:#x}u) == {value:#x}u, {then or 0}, {otherwise or 0})"


def rule(expression: str, slots: Sequence[Slot]) -> str:
    """Doubt by an expression about some fields."""
    return expression.format(*(_value(slot) for slot in slots))


def _raw(slot: Slot) -> str:
    return f"U{slot.size}({slot.offset})"


def _value(slot: Slot) -> str:
    return f"{'I' if slot.signed else 'U'}{slot.size}({slot.offset})"
