# SPDX-License-Identifier: MIT
"""Look at a blob without decoding it: elements and columns are read when asked for.

Imports ``xengnt.errors`` and the plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from struct import Struct
from typing import TYPE_CHECKING, Any, overload

from xengnt.codec.decode import column_of, slot_of
from xengnt.codec.interop import dtype, numpy_code, numpy_module
from xengnt.codec.plan import Plan

if TYPE_CHECKING:
    import numpy as np


class BlobView(Sequence["Element"]):
    """The elements of a blob, in place.

    Args:
        plan: how the struct is packed.
        blob: whole elements; it is not copied.
    """

    def __init__(self, plan: Plan, blob: memoryview) -> None:
        self._plan = plan
        self._blob = blob
        self._size = plan.struct.size

    def __len__(self) -> int:
        return len(self._blob) // self._size

    @overload
    def __getitem__(self, at: int) -> Element: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Element]: ...
    def __getitem__(self, at: int | slice) -> Element | Sequence[Element]:
        """Return an element or, for a slice, a list of elements."""
        if isinstance(at, slice):
            return [self[index] for index in range(*at.indices(len(self)))]
        index = at + len(self) if at < 0 else at
        if not 0 <= index < len(self):
            raise IndexError(f"element {at} of {len(self)}")
        start = index * self._size
        return Element(self._plan, self._blob[start : start + self._size])

    def column(self, name: str) -> list[Any]:
        """Return the values of one field of all elements.

        Raises:
            UnknownName: there is no such field.
        """
        return column_of(slot_of(self._plan, name), self._blob, self._size)

    def array(self, name: str | None = None) -> np.ndarray[Any, Any]:
        """Return the values of one field, or all structs, as an array of numpy, in place.

        It can be written to if the blob can.

        Raises:
            UnknownName: there is no such field.
            Unavailable: numpy is not installed.
        """
        numpy = numpy_module()
        structs: np.ndarray[Any, Any] = numpy.frombuffer(self._blob, dtype(self._plan.struct))
        if name is None:
            return structs
        slot = slot_of(self._plan, name)
        shape = (len(self),) if slot.count is None else (len(self), slot.count)
        values: np.ndarray[Any, Any] = numpy.ndarray(
            shape,
            numpy_code(slot),
            self._blob,
            slot.offset,
            (self._size, *((slot.size,) if slot.count is not None else ())),
        )
        return values

    def __repr__(self) -> str:
        return f"<{len(self)} elements of {self._plan.label}>"


class Element(Mapping[str, Any]):
    """One element of a blob, in place: a mapping of the leaves that `decode` gives.

    Every other name works too: members of a union that are not meant, and whole
    structs by attribute, ``element.source.u.ref``.
    """

    __slots__ = ("_data", "_path", "_plan")

    def __init__(self, plan: Plan, data: memoryview, path: str = "") -> None:
        self._plan = plan
        self._data = data
        self._path = path

    def __getitem__(self, name: str) -> Any:
        slot = slot_of(self._plan, f"{self._path}{name}")
        values = Struct(f"<{slot.code}").unpack_from(self._data, slot.offset)
        return values[0] if slot.count is None else list(values)

    def __getattr__(self, name: str) -> Any:
        if name in Element.__slots__:  # while it is being copied they are not there yet
            raise AttributeError(name)
        path = f"{self._path}{name}"
        if path in self._plan.slots and not self._plan.struct.members_of(path):
            return self[name]
        if self._plan.struct.members_of(path):
            return Element(self._plan, self._data, f"{path}.")
        raise AttributeError(f"{self._plan.label} has no field {path!r}")

    def __contains__(self, name: object) -> bool:
        return f"{self._path}{name}" in self._plan.slots

    def get(self, name: str, default: Any = None) -> Any:
        """Return a field, or something else if there is no such field."""
        return self[name] if name in self else default  # noqa: SIM401 -- this is `get`

    def __iter__(self) -> Iterator[str]:
        data = bytes(self._data)
        view = self._plan.view_of(data)
        for slot in view.leaves:
            name = self._plan.meant(view, slot, data).name
            if name.startswith(self._path):
                yield name[len(self._path) :]

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        pairs = ", ".join(f"{name}={value}" for name, value in self.items())
        return f"<{self._plan.label} {pairs}>"
