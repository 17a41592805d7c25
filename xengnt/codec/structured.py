# SPDX-License-Identifier: MIT
"""Arrays of structs of numpy as columns, in place.

Imports the plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from xengnt.codec.plan import Plan


def is_structured(rows: object) -> bool:
    """Tell whether it is an array of structs."""
    named = getattr(getattr(rows, "dtype", None), "names", None)
    return bool(named) and getattr(rows, "ndim", None) == 1


def columns_of(plan: Plan, array: Any, *, allow_out: bool) -> dict[str, Any]:
    """Return the columns of an array of structs by dotted name.

    What only comes out is left aside unless it is allowed, as with rows that are objects. Of
    members that share their bytes the widest counts, and of views that which has all bytes.
    """
    found = dict(_flat(array, "", 0))
    if all(leaf.name in found for leaf in plan.raw.leaves) and len(plan.views) > 1:
        return {leaf.name: found[leaf.name][0] for leaf in plan.raw.leaves}
    for name, (_, offset) in list(found.items()):
        if name not in plan.slots:
            continue
        view, slot = plan.slots[name]
        same = [
            other
            for other, (_, at) in found.items()
            if at == offset and other in view.slots and view.slots[other].leaf == slot.leaf
        ]
        widest = max(same, key=lambda other: view.slots[other].size)
        if name != widest or (slot.out and not allow_out):
            del found[name]
    return {name: column for name, (column, _) in found.items()}


def _flat(array: Any, path: str, base: int) -> Iterator[tuple[str, tuple[Any, int]]]:
    """Give the names of all that is no struct, with the column and its offset."""
    for name in array.dtype.names:
        inner, offset = array[name], base + array.dtype.fields[name][1]
        if inner.dtype.names:
            yield from _flat(inner, f"{path}{name}.", offset)
        else:
            yield f"{path}{name}", (inner, offset)
