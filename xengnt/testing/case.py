# SPDX-License-Identifier: MIT
"""A way for an element to be: valid, at an edge, or wrong in one thing.

Imports ``xengnt.abi`` and the stage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from xengnt.abi.constants import Status
from xengnt.testing.stage import CALLER

VALID, BOUNDARY, WRONG = "valid", "boundary", "wrong"
KINDS = (VALID, BOUNDARY, WRONG)

Value: TypeAlias = int | str
"""A number, or a name for one that is on the stage."""

Values: TypeAlias = Sequence[Any]
"""What a field may be, the simplest first: a range, or a tuple of values."""

Row: TypeAlias = dict[str, Value]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """What one element may be.

    Attributes:
        op: the op, or the tag of an entry.
        kind: one of `KINDS`.
        label: what is special about it: the field, and how it is; unique for an op.
        values: what each field may be; others are 0.
        status: what the stage gives it, None if it gives no status. An entry's is that of a
            copy that reads one byte through it.
        rc: the result of the call, which ends there if it is not 0.
        counts: how many times it may be in a call, one after the other.
        once: whether a second one of it would find something else.
        caller: who makes the call.
    """

    op: str
    kind: str
    label: str
    values: Mapping[str, Values]
    status: Status | None = Status.OKAY
    rc: int = 0
    counts: Values = (1,)
    once: bool = False
    caller: str = CALLER

    def row(self, choose: Callable[[Values], Any]) -> Row:
        """Return an element, each value of it chosen by a function."""
        return {name: choose(values) for name, values in self.values.items()}
