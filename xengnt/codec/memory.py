# SPDX-License-Identifier: MIT
"""Columns of integers in memory: numpy's, the module array's, any buffer of machine integers.

Imports the kernels.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from xengnt.codec.buffers import address_of_view
from xengnt.codec.kernels import Kernels

_BYTES = (bytes, bytearray)
_SIGNED = "bhilqn"
_SIGNS = {
    f"{order}{code}": code in _SIGNED
    for order in ("", "@", "=", "<")
    for code in (*_SIGNED, *_SIGNED.upper())
}
"""Whether integers are signed, by what the format of a buffer calls them."""


class Memory(NamedTuple):
    """Where the elements of a column are.

    Attributes:
        address: that of the first.
        shape: how many there are and, of arrays, how many each has.
        strides: the bytes from one to the next, in each dimension.
        width: the bytes of an integer.
        signed: whether it is signed.
        readonly: whether it may not be written.
        held: keeps the memory where it is.
    """

    address: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    width: int
    signed: bool
    readonly: bool
    held: object

    @property
    def span(self) -> tuple[int, int]:
        """The addresses of its first byte and of the one behind its last."""
        low = high = self.address
        for count, step in zip(self.shape, self.strides):  # noqa: B905 -- of one length; often
            if not count:
                return low, low
            if step < 0:
                low += (count - 1) * step
            else:
                high += (count - 1) * step
        return low, high + self.width

    def as_row(self) -> Memory:
        """Return it as an array of one row."""
        return self._replace(shape=(1, *self.shape), strides=(0, *self.strides))

    def overlaps(self, address: int, length: int) -> bool:
        """Tell whether it has a byte in common with so many at an address."""
        low, high = self.span
        return low < address + length and address < high

    def value(self, kernels: Kernels, *index: int) -> int:
        """Return an element."""
        at = self.address + sum(n * step for n, step in zip(index, self.strides, strict=True))
        data = bytes(kernels.ffi.buffer(kernels.ffi.cast("char *", at), self.width))
        return int.from_bytes(data, "little", signed=self.signed)


def memory(kernels: Kernels, column: Any) -> Memory | None:
    """Return where a column is, None if it is not made of integers as the machine has them."""
    # Of numpy's masked arrays not every element counts; its numbers have bytes, of which a date
    # is eight; and plain bytes are no column.
    number = getattr(column, "ndim", None) == 0
    if number or hasattr(column, "mask") or isinstance(column, _BYTES):
        return None
    try:
        view = memoryview(column)
        if view.c_contiguous:
            address = address_of_view(kernels.ffi, view)
        else:  # only numpy says where that is
            address = column.__array_interface__["data"][0]
    except (TypeError, ValueError, BufferError, AttributeError):
        return None
    signed = _SIGNS.get(view.format)
    shape, strides = view.shape, view.strides
    if signed is None or not shape or not strides:
        return None
    return Memory(address, shape, strides, view.itemsize, signed, view.readonly, view)
