# SPDX-License-Identifier: MIT
"""The elements of a call, one after the other.

Imports ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from xengnt.abi.constants import Status
from xengnt.model.failures import Failed, Fault
from xengnt.model.faults import Injected
from xengnt.model.forms import Form, form

if TYPE_CHECKING:
    from xengnt.model.domain import Domain

One: TypeAlias = "Callable[[Domain, Form, bytearray], None]"
"""What does one element: it raises Failed, or leaves what comes out in the bytes."""

Handler: TypeAlias = "Callable[[Domain, int, int], int]"
"""What does a call, with the caller, the address and the count."""


def judged(caller: Domain, index: int, one: One, shape: Form, element: bytearray) -> None:
    """Do an element, and leave its status in its bytes."""
    status = int(Status.OKAY)
    try:
        if caller.hypervisor.faults.planned:
            caller.hypervisor.faults.strike(caller)
        one(caller, shape, element)
    except Failed as failed:
        status = told(caller, index, failed)
    shape.put(element, "status", status)


def told(caller: Domain, index: int, failed: Failed) -> int:
    """Note why an element fails, and return its status."""
    caller.reasons.append((index, failed.reason))
    if isinstance(failed, Injected):
        caller.injected.append(index)
        caller.hypervisor.faults.hits += 1
    return failed.status


def batch(op: str, one: One, *, written: str = "status") -> Handler:
    """Return what does a batch: every element, whatever became of those before.

    Args:
        op: the op.
        one: what does an element.
        written: the field that is written back, "" for the whole struct.
    """

    def run(caller: Domain, address: int, count: int) -> int:
        shape = form(caller.abi.name, op)
        offset, size = shape.span(written)
        for index in range(count):
            at = address + index * shape.size
            try:
                element = bytearray(caller.space.read(at, shape.size))
                judged(caller, index, one, shape, element)
                caller.space.write(at + offset, bytes(element[offset : offset + size]))
            except Fault as fault:
                caller.reasons.append((index, str(fault)))
                return -errno.EFAULT
        return 0

    return run
