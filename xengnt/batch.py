# SPDX-License-Identifier: MIT
"""What came of a call: typed results, one for each element.

Imports ``xengnt.errors``, ``xengnt.abi``, ``xengnt.codec``.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import Any, Self, overload

from xengnt.abi.constants import Status
from xengnt.codec import Codec
from xengnt.codec.decode import Row
from xengnt.codec.plan import Slot
from xengnt.errors import GrantError, Unavailable


class Batch:
    """What came of a call: a sequence of its elements, each a dict.

    Every field of the op is an attribute: a list with one value for each element,
    statuses as `Status` where they are known ones. The attribute of a field within a
    struct is got by its dotted name, ``getattr(batch, "source.u.ref")``.

    Attributes:
        op_name: the name of the op.
        blob: the arguments after the call.
    """

    def __init__(
        self, codec: Codec, rc: int | None, blob: bytes, lists: list[bytes | None]
    ) -> None:
        self.op_name = codec.op or codec.name
        self.blob = blob
        self._codec = codec
        self._rc = rc
        self._lists = lists

    @property
    def rc(self) -> int:
        """The result of the call.

        Raises:
            Unavailable: nothing was called.
        """
        if self._rc is None:
            raise Unavailable(f"{self.op_name}: nothing was called, so there is no result")
        return self._rc

    def __len__(self) -> int:
        return len(self.blob) // self._codec.plan.struct.size

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> list[Row]: ...
    def __getitem__(self, at: int | slice) -> Row | list[Row]:
        if isinstance(at, slice):
            return self.rows()[at]
        size = self._codec.plan.struct.size
        start = range(len(self))[at] * size
        return self._decoded(self.blob[start : start + size])[0]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows())

    def rows(self) -> list[Row]:
        """Return a dict for each element, as `Abi.decode` does.

        If nothing was called, they are without what only the call would give.
        """
        return self._decoded(self.blob)

    def _decoded(self, blob: bytes) -> list[Row]:
        rows = self._codec.decoder.rows(blob)
        if self._rc is not None:
            return rows
        slots = self._codec.plan.slots
        return [{n: v for n, v in row.items() if not _result(slots[n][1])} for row in rows]

    @property
    def lists(self) -> list[list[int]]:
        """The list that each element of the call had filled; its status says whether it was.

        Raises:
            Unavailable: the op fills none, nothing was called, or the addresses are yours.
            GrantError: the call failed.
        """
        if not self._codec.lists:
            raise Unavailable(f"{self.op_name} fills no list")
        self._raise_for_rc()
        slot, _, size = self._codec.lists[0]
        if None in self._lists:
            raise Unavailable(
                f"{self.op_name} element {self._lists.index(None)}: the address of {slot.name} is "
                "yours: look there"
            )
        return [
            [int.from_bytes(data[at : at + size], "little") for at in range(0, len(data), size)]
            for data in self._lists
            if data is not None
        ]

    @property
    def frames(self) -> list[int]:
        """The list of the only element.

        Raises:
            Unavailable, GrantError: as `lists`; also if there are several elements.
        """
        lists = self.lists
        if len(lists) != 1:
            raise Unavailable(f"{self.op_name}: {len(lists)} elements have a list each: see lists")
        return lists[0]

    @property
    def cdata(self) -> Any:
        """A cffi array of the C struct, of this machine's ABI, holding a copy.

        Raises:
            Unavailable: the backend has another ABI.
        """
        from xengnt.codec import Abi
        from xengnt.extension import load

        if self._codec.abi != Abi.native():
            raise Unavailable(f"{self._codec.abi} is not what the extension was compiled for")
        struct = self._codec.plan.struct
        ffi = load().ffi
        made = ffi.new(f"{struct.kind} {struct.tag}[]", len(self))
        ffi.memmove(made, self.blob, len(self.blob))
        return made

    def __getattr__(self, name: str) -> list[Any]:
        """Return a field of all elements."""
        if name.startswith("_"):  # while it is being copied there is nothing to look at yet
            raise AttributeError(name)
        slot = self._codec.plan.slots.get(name)
        if slot is None:
            inner = [path for path in self._codec.plan.slots if path.startswith(f"{name}.")]
            hint = f": it is a struct, see getattr(batch, {inner[-1]!r})" if inner else ""
            raise AttributeError(f"{self.op_name} has no field {name!r}{hint}")
        if _result(slot[1]):
            _ = self.rc  # there are no results of a call that was not made
        values = self._codec.abi.view(self._codec.name, self.blob).column(name)
        if any(enum.name == "grant_status" for enum in slot[1].symbols.enums):
            return [_status(value) for value in values]
        return values

    def raise_for_status(self) -> Self:
        """Return itself if the call and every element went well.

        Raises:
            GrantError: the call failed, or an element did: the first.
            Unavailable: nothing was called.
        """
        self._raise_for_rc()
        statuses = self.status if "status" in self._codec.plan.slots else []
        for element, status in enumerate(statuses):
            if status < 0:
                words = "an unknown status"
                if isinstance(status, Status):
                    words = f"{status.c_name}: {status.message}"
                raise GrantError(
                    f"{self.op_name} element {element}: status {int(status)} ({words})",
                    op=self.op_name,
                    rc=self.rc,
                    status=status,
                    struct=self._codec.plan.struct.tag,
                    field="status",
                    element=element,
                    offset=self._codec.plan.slots["status"][1].offset,
                    expected=0,
                    got=int(status),
                )
        return self

    def _raise_for_rc(self) -> None:
        if self.rc < 0:
            name = errno.errorcode.get(-self.rc, "unknown error")
            raise GrantError(
                f"{self.op_name}: the call returned {self.rc} ({name})",
                op=self.op_name,
                rc=self.rc,
                struct=self._codec.plan.struct.tag,
                expected=0,
                got=self.rc,
            )

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(n for n in self._codec.plan.slots if "." not in n)]

    def __repr__(self) -> str:
        return f"<{self.op_name}: {len(self)} elements, rc {self._rc}>"


def _result(slot: Slot) -> bool:
    """Tell whether the callee writes it."""
    return slot.field.direction in ("OUT", "IN/OUT")


def _status(value: int) -> Status | int:
    try:
        return Status(value)
    except ValueError:
        return value
