# SPDX-License-Identifier: MIT
"""Annotate a blob: every byte with the field it belongs to.

Gives plain values; how they look is up to whoever shows them.

Imports ``xengnt.abi`` and the plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xengnt.codec.plan import Plan, Slot


@dataclass(frozen=True, slots=True)
class DumpLine:
    """Some neighbouring bytes of an element.

    Attributes:
        element: its index.
        offset: of the first byte, from the start of the element.
        data: the bytes.
        name: the field; None for a hole, and for what is left of a union when a
            narrower member is meant.
        leaf: the leaf that it belongs to: the union, where the field is a member of one.
        direction: of the field.
        value: what it holds, None for a hole.
        symbol: the name of that value.
    """

    element: int
    offset: int
    data: bytes
    name: str | None = None
    leaf: str | None = None
    direction: str | None = None
    value: int | list[int] | None = None
    symbol: str | None = None


def dump(plan: Plan, blob: memoryview) -> Iterator[DumpLine]:
    """Give the lines of all elements, in the order of their bytes."""
    size = plan.struct.size
    for element, start in enumerate(range(0, len(blob), size)):
        yield from _element(plan, element, bytes(blob[start : start + size]))


def _element(plan: Plan, element: int, data: bytes) -> Iterator[DumpLine]:
    view = plan.view_of(data)
    reached = 0
    for leaf in sorted(view.leaves, key=lambda slot: slot.offset):
        slot = plan.meant(view, leaf, data)
        if slot.offset > reached:
            yield DumpLine(element, reached, data[reached : slot.offset])
        end = slot.offset + slot.size * (slot.count or 1)
        raw = data[slot.offset : end]
        way = slot.field.direction
        yield DumpLine(element, slot.offset, raw, slot.name, leaf.name, way, *_value(slot, raw))
        reached = leaf.offset + leaf.size * (leaf.count or 1)
        if end < reached:
            yield DumpLine(element, end, data[end:reached], leaf=leaf.name, direction=way)
    if reached < len(data):
        yield DumpLine(element, reached, data[reached:])


def _value(slot: Slot, raw: bytes) -> tuple[int | list[int], str | None]:
    step = slot.size
    values = [
        int.from_bytes(raw[at : at + step], "little", signed=slot.signed)
        for at in range(0, len(raw), step)
    ]
    if slot.count is not None:
        return values, None
    return values[0], slot.symbols.text(values[0])
