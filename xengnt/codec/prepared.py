# SPDX-License-Identifier: MIT
"""Columns and a buffer that are encoded, or decoded, again and again.

Imports what is beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from xengnt.codec import kernels

if TYPE_CHECKING:
    from xengnt.codec.binding import Binding
    from xengnt.codec.values import Values


class Prepared:
    """Columns and a buffer, bound once: each call takes what is in them then.

    Its calls are not to run in two threads at once.

    Attributes:
        buffer: where the structs are.
        size: how many bytes they are.
    """

    __slots__ = (
        *("_batch", "_binding", "_gather", "_reader", "_scatter", "_target", "_values"),
        *("buffer", "size"),
    )

    def __init__(
        self,
        binding: Binding,
        values: Values,
        buffer: Any,
        reader: Callable[[], Binding],
    ) -> None:
        loaded: Any = kernels.load()  # else there were no columns bound
        self._scatter = loaded.lib.xengnt_scatter
        self._gather = loaded.lib.xengnt_gather
        self._binding = binding
        self._batch = binding.batch
        self._reader = reader
        self._target: Binding | None = None
        self._values = values
        self.buffer = buffer
        self.size = binding.size

    def encode(self) -> int:
        """Write the columns to the buffer, and return the bytes written.

        Raises:
            InvalidValue: a value that does not fit; nothing is written then.
        """
        if self._scatter(self._batch):
            raise self._binding.refusal(self._values)
        return self.size

    def decode(self) -> int:
        """Write what is in the buffer to the columns, and return the bytes read.

        Raises:
            InvalidValue: a column that cannot be written, or not hold all values of its field.
        """
        if self._target is None:
            self._target = self._reader()
        self._gather(self._target.batch)
        return self.size

    def __repr__(self) -> str:
        return f"<{self.size} bytes of {self._values.plan.label}, prepared>"
