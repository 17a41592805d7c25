# SPDX-License-Identifier: MIT
"""cache_flush: there are no caches here, so it is all checks.

Imports ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from xengnt.abi.bits import CLEAN, INVAL
from xengnt.abi.targets import PAGE_SHIFT, PAGE_SIZE
from xengnt.model.failures import Fault, Stopped
from xengnt.model.forms import form

if TYPE_CHECKING:
    from xengnt.model.domain import Domain
    from xengnt.model.machine import Frame


def cache_flush(caller: Domain, address: int, count: int, first: int) -> int:
    """Do a call; the first element that fails ends it.

    Args:
        caller: who calls.
        address: of the array.
        count: of elements.
        first: the entry at which the search for the first element's mapping goes on, from
            the upper bits of the command.
    """
    shape = form(caller.abi.name, "cache_flush")
    reader = shape.reader("a", "offset", "length", "op")
    for index in range(count):
        try:
            element = caller.space.read(address + index * shape.size, shape.size)
            _flush(caller, first if index == 0 else 0, *reader.unpack(element))
        except (Stopped, Fault) as stopped:
            caller.reasons.append((index, str(stopped)))
            return stopped.rc if isinstance(stopped, Stopped) else -errno.EFAULT
    return 0


def _flush(caller: Domain, first: int, address: int, offset: int, length: int, op: int) -> None:
    if offset >= PAGE_SIZE or offset + length > PAGE_SIZE:
        raise Stopped(
            errno.EINVAL, f"offset {offset} and length {length}: not within {PAGE_SIZE} bytes"
        )
    if op & ~(CLEAN | INVAL):
        raise Stopped(errno.EINVAL, f"op {op:#x}: only CLEAN and INVAL are taken")
    if not length or not op:
        if first:
            raise Stopped(errno.EILSEQ, f"nothing to do, and yet to go on at entry {first}")
        return
    number = address >> PAGE_SHIFT
    if not caller.machine.is_memory(number):
        raise Stopped(errno.EINVAL, f"dev_bus_addr {address:#x} is no memory")
    frame = caller.machine.frames.get(number)
    if frame is None or frame.owner is None:
        raise Stopped(errno.EPERM, f"frame {number:#x} belongs to no domain")
    if frame.owner is not caller and not _may_write(caller, frame, frame.owner, first):
        return  # INVAL would undo what others wrote: Xen does CLEAN instead
    if op == INVAL and caller.kind != "arm":
        raise Stopped(errno.EOPNOTSUPP, "op: INVAL alone, which x86 cannot do")


def _may_write(caller: Domain, frame: Frame, owner: Domain, first: int) -> bool:
    """Tell whether a domain has mapped another's frame for writing, or raise if not at all."""
    pins = [
        pin
        for ref, pin in owner.table.pins.items()
        if ref >= first and pin.frame is frame and pin.domid == caller.domid
    ]
    if not pins:
        raise Stopped(
            errno.EINVAL,
            f"frame {frame.number:#x} is of d{owner.domid}, and d{caller.domid} has not mapped it",
        )
    return any(pin.writers for pin in pins)
