# SPDX-License-Identifier: MIT
"""Choosing by a seed, the same on every machine and Python.

Of the module random only this is promised: what `random()` gives for a seed stays as it is. So
nothing else of it is used.

Imports the modules of cases.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

from xengnt.testing.case import Values

T = TypeVar("T")

_HALF = 1 << 32


class Draw:
    """Chooses of what there is.

    Args:
        seed: a number for what it chooses; None for the simplest each time.
    """

    def __init__(self, seed: int | None) -> None:
        self._random = None if seed is None else random.Random(seed).random  # noqa: S311 -- no secret

    @property
    def simplest(self) -> bool:
        """Whether it chooses the simplest."""
        return self._random is None

    def below(self, end: int) -> int:
        """Return a number from 0 on, of at most 64 bits."""
        if self._random is None:
            return 0
        if end <= _HALF:
            return int(self._random() * end)
        return (int(self._random() * _HALF) * _HALF + int(self._random() * _HALF)) % end

    def chance(self, of: int) -> bool:
        """Tell whether something happens that does so once in so many times; not the simplest."""
        return self._random is not None and self.below(of) == 0

    def one(self, some: Sequence[T]) -> T:
        """Return one of several."""
        return some[self.below(len(some))]

    def number(self, numbers: range) -> int:
        """Return one of a range, its ends as often as all others."""
        if self.chance(2):
            return numbers.start if self.chance(2) else numbers.stop - 1
        return numbers.start + self.below(numbers.stop - numbers.start)

    def value(self, values: Values) -> int | str:
        """Return what a field may be."""
        if isinstance(values, range):
            return self.number(values)
        found: int | str = self.one(values)
        return found
