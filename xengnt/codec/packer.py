# SPDX-License-Identifier: MIT
"""Rows of integers to bytes, in C where the extension was built.

Imports ``xengnt.errors``, ``xengnt.extension`` and the plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from struct import Struct
from typing import Any

from xengnt.codec.binding import fits_a_batch
from xengnt.codec.plan import Plan, Slot
from xengnt.errors import Unavailable
from xengnt.extension import ROWS, load


class Packer:
    """Packs rows that have just these names.

    Attributes:
        slots: what the names stand for, in order of their offset.
        struct: the format; what has no name is zero.
        fits_a_batch: whether they are no more columns than the kernels take.
        fast: packs lists of rows of integers, and returns None for all others; None
            where the extension was not built.
    """

    def __init__(self, plan: Plan, names: Sequence[str]) -> None:
        slots = [plan.slots[name][1] for name in names]
        self.slots = sorted(slots, key=lambda slot: slot.offset)
        self.struct = Struct(format_of(self.slots, plan.struct.size))
        self.fits_a_batch = fits_a_batch(plan)
        self.fast: Any = None
        with suppress(Unavailable):
            self.fast = load(ROWS).Packer(
                plan.struct.size,
                tuple(
                    (slot.name, slot.offset, -1 if slot.count is None else slot.count, slot.size,
                     slot.signed)
                    for slot in self.slots
                ),
            )  # fmt: skip


def format_of(slots: Iterable[Slot], size: int) -> str:
    """Return the format of the module struct that has these slots, and else padding."""
    parts = ["<"]
    reached = 0
    for slot in slots:
        parts.append(f"{slot.offset - reached}x{slot.code}")
        reached = slot.offset + slot.size * (slot.count or 1)
    return "".join(parts) + f"{size - reached}x"
