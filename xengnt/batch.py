# SPDX-License-Identifier: MIT
"""What came of a call: typed results, one for each element.

Imports ``xengnt.errors``, ``xengnt.abi``, ``xengnt.codec``.
"""

from __future__ import annotations

import errno
from typing import Any, Self

from xengnt.abi.constants import Status
from xengnt.codec import Codec
from xengnt.codec.decode import Row
from xengnt.errors import GrantError, Unavailable


class Batch:
    """What came of a call.

    Every field of the op is an attribute: a list with one value for each element,
    statuses as `Status` where they are known ones.

    Attributes:
        op_name: the name of the op.
        blob: the arguments after the call.
    """

    def __init__(self, codec: Codec, rc: int | None, blob: bytes, lists: list[bytes]) -> None:
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

    def rows(self) -> list[Row]:
        """Return a dict for each element, as `Abi.decode` does."""
        return self._codec.decoder.rows(self.blob)

    @property
    def lists(self) -> list[list[int]]:
        """The list that each element of the call had filled.

        Raises:
            Unavailable: the op fills none.
        """
        if not self._codec.lists:
            raise Unavailable(f"{self.op_name} fills no list")
        size = self._codec.lists[0][2]
        return [
            [int.from_bytes(data[at : at + size], "little") for at in range(0, len(data), size)]
            for data in self._lists
        ]

    @property
    def frames(self) -> list[int]:
        """The list of the only element.

        Raises:
            Unavailable: the op fills none, or there are several elements.
        """
        lists = self.lists
        if len(lists) != 1:
            raise Unavailable(f"{self.op_name}: {len(lists)} elements have a list each: see lists")
        _ = self.rc
        return lists[0]

    @property
    def cdata(self) -> Any:
        """A cffi array of the C struct, of this machine's ABI, holding a copy.

        Raises:
            Unavailable: the backend has another ABI.
        """
        from xengnt.codec import Abi
        from xengnt.extension import load

        abi, native = self._codec.abi, Abi.native()
        if (abi.name, abi.interface_version) != (native.name, native.interface_version):
            raise Unavailable(f"{abi} is not what the extension was compiled for")
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
            raise AttributeError(f"{self.op_name} has no field {name!r}")
        if slot[1].field.direction != "IN":
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
        if self.rc < 0:
            name = errno.errorcode.get(-self.rc, "unknown error")
            raise GrantError(
                f"{self.op_name}: the call returned {self.rc} ({name})",
                op=self.op_name,
                rc=self.rc,
                expected=0,
                got=self.rc,
            )
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
                    expected=0,
                    got=int(status),
                )
        return self

    def __repr__(self) -> str:
        return f"<{self.op_name}: {len(self)} elements, rc {self._rc}>"


def _status(value: int) -> Status | int:
    try:
        return Status(value)
    except ValueError:
        return value
