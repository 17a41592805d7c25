# SPDX-License-Identifier: MIT
"""Where the fields of a struct are, and no more: what kernels are generated for.

Imports the plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

from xengnt.codec.plan import Plan, Slot, View


class Cell(NamedTuple):
    """An integer in a struct: a field, or an element of an array."""

    offset: int
    size: int


class Shape(NamedTuple):
    """Some cells of a struct, in order of their offset."""

    size: int
    cells: tuple[Cell, ...]

    @property
    def text(self) -> str:
        """The shape as a kernel says it, ``8:0+4,4+2``: a size, and cells by offset and size."""
        return f"{self.size}:{','.join(f'{cell.offset}+{cell.size}' for cell in self.cells)}"


def cells(slot: Slot) -> Iterator[Cell]:
    """Give the cells of a field, of which an array has several."""
    for number in range(slot.count or 1):
        yield Cell(slot.offset + number * slot.size, slot.size)


def shape(size: int, slots: Iterable[Slot]) -> Shape:
    """Return the shape of a struct of which these fields are looked at."""
    found = sorted(cell for slot in slots for cell in cells(slot))
    return Shape(size, tuple(found))


def completed(view: View, given: Sequence[Slot]) -> list[Slot]:
    """Return the fields to compose when some are given: those, and all others that go in.

    If only fields that go in are given, the shape is one that there is a kernel for.
    """
    taken = {slot.leaf for slot in given}
    return [*given, *(leaf for leaf in view.leaves if not leaf.out and leaf.leaf not in taken)]


def scattered(plan: Plan) -> Iterator[Shape]:
    """Give the shapes that columns of what goes in can have: unions by each of their members."""
    for view in plan.views.values():
        inputs = [leaf for leaf in view.leaves if not leaf.out]
        forms = [
            [leaf, *view.unions[leaf.leaf].members.values()] if leaf.leaf in view.unions else [leaf]
            for leaf in inputs
        ]
        for slots in product(*forms):
            yield shape(plan.struct.size, slots)
