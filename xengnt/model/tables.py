# SPDX-License-Identifier: MIT
"""setup_table, query_size and get_status_frames: of which frames a table is made.

Imports ``xengnt.errors``, ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xengnt.abi.constants import Status
from xengnt.errors import Unavailable
from xengnt.model.elements import judged
from xengnt.model.failures import Failed, Fault, Stopped
from xengnt.model.forms import Form, form
from xengnt.model.lookup import controlled

if TYPE_CHECKING:
    from xengnt.model.domain import Domain
    from xengnt.model.elements import One
    from xengnt.model.machine import Frame

NO_FRAME = (1 << 64) - 1
"""What a translated guest gets for a frame to which it has given no number."""


def alone(count: int) -> None:
    """Raise Stopped if there is not exactly one element."""
    if count != 1:
        raise Stopped(errno.EINVAL, f"count is {count}: this op takes one struct a call")


@dataclass(frozen=True, slots=True)
class FrameList:
    """Where the numbers of frames are to go.

    Attributes:
        domid: of whose table.
        count: how many there are to be.
        address: where the first goes.
        size: of a number, in bytes.
    """

    domid: int
    count: int
    address: int
    size: int

    def put(self, caller: Domain, index: int, number: int) -> None:
        """Write a number, of which the lowest bits fit.

        Raises:
            Fault: it cannot be written there.
        """
        data = (number & ((1 << 8 * self.size) - 1)).to_bytes(self.size, "little")
        caller.space.write(self.address + index * self.size, data)


def frame_list(shape: Form, element: bytes | bytearray) -> FrameList:
    """Return what an element says of its list."""
    pointee = shape.struct.field("frame_list").pointee
    names = ("dom", "nr_frames", "frame_list")
    domid, count, address = (shape.reader(name).unpack(element)[0] for name in names)
    return FrameList(domid, count, address, pointee.size if pointee and pointee.size else 0)


def check_list(caller: Domain, wanted: FrameList) -> None:
    """Raise Stopped if Xen does not even look at where a list shall go."""
    if not caller.space.accepts(wanted.address, wanted.size * wanted.count):
        raise Stopped(
            errno.EFAULT,
            f"frame_list {wanted.address:#x}, {wanted.count} numbers: no address of a guest",
        )


def shared_frames(caller: Domain, domid: int, count: int, limit: int | None = None) -> list[int]:
    """Have a table grow, and return the numbers of its first frames.

    Raises:
        Failed: it cannot.
    """
    owner = controlled(caller, domid)
    table = owner.table
    if count > table.max_frames:
        raise Failed(
            Status.GENERAL_ERROR,
            f"nr_frames {count}: the table of d{owner.domid} may have {table.max_frames}",
        )
    _check_limit(count, limit)
    try:
        table.grow(count)
    except Unavailable as error:
        raise Failed(Status.GENERAL_ERROR, f"nr_frames {count}: {error}") from None
    return _numbers(owner, table.shared[:count])


def status_frames(caller: Domain, domid: int, count: int, limit: int | None = None) -> list[int]:
    """Return the numbers of the first frames of a status array.

    Raises:
        Failed: there are not that many.
    """
    owner = controlled(caller, domid)
    status = owner.table.status
    if count > len(status):
        raise Failed(
            Status.GENERAL_ERROR,
            f"nr_frames {count}: the table of d{owner.domid}, of version "
            f"{owner.table.version}, has {len(status)} status frames",
        )
    _check_limit(count, limit)
    return _numbers(owner, status[:count])


def _check_limit(count: int, limit: int | None) -> None:
    if limit is not None and count > limit:
        raise Failed(
            Status.GENERAL_ERROR, f"nr_frames {count}: {limit} can be translated to 32 bits"
        )


def _numbers(owner: Domain, frames: list[Frame]) -> list[int]:
    names = [owner.name_of(frame) for frame in frames]
    return [NO_FRAME if name is None else name for name in names]


def _fill(caller: Domain, wanted: FrameList, numbers: list[int]) -> None:
    for index, number in enumerate(numbers):
        try:
            wanted.put(caller, index, number)
        except Fault as fault:
            raise Failed(Status.BAD_VIRT_ADDR, f"frame_list, number {index}: {fault}") from None


def _setup(caller: Domain, shape: Form, element: bytearray) -> None:
    wanted = frame_list(shape, element)
    _fill(caller, wanted, shared_frames(caller, wanted.domid, wanted.count))


def _status(caller: Domain, shape: Form, element: bytearray) -> None:
    wanted = frame_list(shape, element)
    _fill(caller, wanted, status_frames(caller, wanted.domid, wanted.count))


def _query(caller: Domain, shape: Form, element: bytearray) -> None:
    (domid,) = shape.reader("dom").unpack(element)
    table = controlled(caller, domid).table
    shape.put(element, "nr_frames", len(table.shared))
    shape.put(element, "max_nr_frames", table.max_frames)


def _only(caller: Domain, op: str, address: int, count: int, one: One, written: str) -> int:
    """Do a call of one element."""
    alone(count)
    shape = form(caller.abi.name, op)
    element = bytearray(caller.space.read(address, shape.size))
    if "frame_list" in shape.struct.by_name:
        check_list(caller, frame_list(shape, element))
    judged(caller, 0, one, shape, element)
    offset, size = shape.span(written)
    caller.space.write(address + offset, bytes(element[offset : offset + size]))
    return 0


def setup_table(caller: Domain, address: int, count: int) -> int:
    """Do a call."""
    return _only(caller, "setup_table", address, count, _setup, "status")


def get_status_frames(caller: Domain, address: int, count: int) -> int:
    """Do a call."""
    return _only(caller, "get_status_frames", address, count, _status, "status")


def query_size(caller: Domain, address: int, count: int) -> int:
    """Do a call."""
    return _only(caller, "query_size", address, count, _query, "")
