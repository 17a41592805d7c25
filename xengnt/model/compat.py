# SPDX-License-Identifier: MIT
"""What is different for 32-bit callers on 64-bit Xen.

Xen translates the arguments of four ops, a part of the array at a time, for which it has
two pages of room. The other ops have the same arguments, and go the ordinary way.

Imports ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import TYPE_CHECKING

from xengnt.abi.constants import Status
from xengnt.abi.targets import PAGE_SIZE
from xengnt.model import copying, transfer
from xengnt.model.elements import Handler, judged
from xengnt.model.failures import Failed, Fault, Stopped
from xengnt.model.forms import Form, form
from xengnt.model.tables import NO_FRAME, check_list, frame_list, shared_frames, status_frames

if TYPE_CHECKING:
    from xengnt.model.domain import Domain

ROOM = 2 * PAGE_SIZE
"""Where Xen puts what it has translated, in bytes."""

_NATIVE = "x86_64"


def _frames(op: str, numbers_of: Callable[[Domain, int, int, int], list[int]]) -> Handler:
    """Return what does a call that lists frames."""
    native = form(_NATIVE, op)
    limit = (ROOM - native.size) // frame_list(native, bytes(native.size)).size

    def one(caller: Domain, shape: Form, element: bytearray) -> None:
        """Do the element; a list that cannot be written is not told."""
        wanted = frame_list(shape, element)
        bits = 8 * wanted.size
        for index, number in enumerate(numbers_of(caller, wanted.domid, wanted.count, limit)):
            if number >> bits and number != NO_FRAME:
                raise Failed(Status.ADDRESS_TOO_BIG, f"frame {number:#x} has more than {bits} bits")
            try:
                wanted.put(caller, index, number)
            except Fault as fault:
                caller.reasons.append((0, f"frame_list, number {index}: {fault}: not told"))

    def run(caller: Domain, address: int, count: int) -> int:
        if not count:
            return 0
        if count > 1:
            raise Stopped(errno.EINVAL, f"count is {count}: this op takes one struct a call")
        shape = form(caller.abi.name, op)
        element = bytearray(caller.space.read(address, shape.size))
        check_list(caller, frame_list(shape, element))
        judged(caller, 0, one, shape, element)
        caller.space.write(address, bytes(element))
        return 0

    return run


def _parts(op: str, do: Callable[[Domain, int, Form, bytes], int]) -> Handler:
    """Return what does a batch part by part.

    A part is read as a whole before any of it is done, and has its statuses written after
    all of it is done.
    """
    per_part = ROOM // form(_NATIVE, op).size

    def run(caller: Domain, address: int, count: int) -> int:
        shape = form(caller.abi.name, op)
        offset, store = shape.store("status")
        for first in range(0, count, per_part):
            indices = range(first, min(first + per_part, count))
            elements = [
                caller.space.read(address + index * shape.size, shape.size) for index in indices
            ]
            statuses = [
                do(caller, index, shape, element)
                for index, element in zip(indices, elements, strict=True)
            ]
            faults = []
            for index, status in zip(indices, statuses, strict=True):
                try:
                    at = address + index * shape.size + offset
                    caller.space.write(at, store.pack(status))
                except Fault as fault:
                    faults.append((index, str(fault)))
            if faults:
                caller.reasons += faults
                return -errno.EFAULT
        return 0

    return run


def _copy(caller: Domain, index: int, shape: Form, element: bytes) -> int:
    return copying.judged(caller, index, shape.reader(*copying.FIELDS).unpack(element))


def _transfer(caller: Domain, index: int, shape: Form, element: bytes) -> int:
    done = bytearray(element)
    judged(caller, index, transfer.transfer_one, shape, done)
    (status,) = shape.reader("status").unpack(done)
    return int(status)


copy = _parts("copy", _copy)
transfers = _parts("transfer", _transfer)
setup_table = _frames("setup_table", shared_frames)
get_status_frames = _frames("get_status_frames", status_frames)
