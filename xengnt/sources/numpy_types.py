# SPDX-License-Identifier: MIT
"""Read structured dtypes of numpy: where they say that their fields are.

A dtype of which all fields begin at its start is a union. Addresses are integers.
numpy is never imported here: without it there are no dtypes.

Imports ``xengnt.errors``, ``xengnt.abi``, ``xengnt.sources``.
"""

from __future__ import annotations

import math
import sys
from typing import Any

from xengnt.abi.layout import StructLayout, TypeLayout
from xengnt.abi.targets import Target
from xengnt.errors import SourceError
from xengnt.sources import measured
from xengnt.sources.measured import Member, Type


def as_dtype(value: object) -> Any:
    """Return the dtype that a value is or, for a type such as ``np.uint32``, has; else None."""
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return None
    if isinstance(value, numpy.dtype):
        return value
    if isinstance(value, type) and issubclass(value, numpy.generic):
        concrete = value in numpy.sctypeDict.values()
        return numpy.dtype(value) if concrete and numpy.dtype(value).itemsize else None
    return None


def as_integer(value: object) -> tuple[int, int, bool] | None:
    """Return value, size and signedness of an integer of numpy, None for all else."""
    numpy = sys.modules.get("numpy")
    if numpy is None or not isinstance(value, numpy.integer):
        return None
    return int(value), value.dtype.itemsize, value.dtype.kind == "i"


class NumpyTypes:
    """Describes dtypes.

    Args:
        target: the ABI that they are compared with: whether ``char`` is signed there.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._known: dict[int, tuple[Any, Type]] = {}  # with the dtype, so that its id stays

    def struct(self, tag: str, dtype: Any, *, native: bool) -> StructLayout:
        """Return the layout of a structured dtype; its alignment only if made with `align`.

        Raises:
            SourceError: it cannot be one of the ABI.
        """
        one = self.measure(dtype)
        align = dtype.alignment if native and dtype.isalignedstruct else None
        return measured.struct_layout(tag, one.kind, one.size, align, one.members)

    def scalar(self, dtype: Any, *, native: bool) -> TypeLayout | None:
        """Return a scalar type, None for an array.

        Raises:
            SourceError: it cannot be one of the ABI.
        """
        one = self.measure(dtype)
        if one.count is not None:
            return None
        return TypeLayout(one.size, dtype.alignment if native else None, one.kind, one.signed)

    def measure(self, dtype: Any) -> Type:
        """Return a dtype.

        Raises:
            SourceError: it is big-endian, or nothing that C has.
        """
        if id(dtype) not in self._known:
            self._known[id(dtype)] = dtype, self._measure(dtype)
        return self._known[id(dtype)][1]

    def _measure(self, dtype: Any) -> Type:
        if dtype.subdtype is not None:
            element, shape = dtype.subdtype
            return measured.array(self.measure(element), math.prod(shape))
        if dtype.names is None:
            return self._scalar(dtype)
        members = []
        for name in dtype.names:
            below, offset = dtype.fields[name][:2]
            try:
                members.append(Member(name, self.measure(below), offset))
            except SourceError as error:
                raise SourceError(f"{name}: {error}") from None
        overlap = len(members) > 1 and all(member.offset == 0 for member in members)
        kind = "union" if overlap else "struct"
        return Type(kind, dtype.itemsize, kind, members=tuple(members))

    def _scalar(self, dtype: Any) -> Type:
        size = dtype.itemsize
        if dtype.byteorder == ">" or (dtype.byteorder == "=" and sys.byteorder == "big"):
            raise SourceError(f"{dtype.str} is big-endian: all ABIs are little-endian")
        if dtype.kind in "iumM":
            return measured.integer(size, signed=dtype.kind != "u")
        if dtype.kind == "b":
            return measured.integer(size, signed=False)
        if dtype.kind == "f":
            return Type({4: "float", 8: "double"}.get(size, "long double"), size, "float")
        if dtype.kind == "S":
            return measured.array(Type("char", 1, "int", self._target.char_signed), size)
        if dtype.kind == "U":
            return measured.array(measured.integer(4, signed=False), size // 4)
        if dtype.kind == "V":
            return measured.array(measured.integer(1, signed=False), size)
        raise SourceError(f"{dtype.str} is no type of C")
