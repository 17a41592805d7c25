# SPDX-License-Identifier: MIT
"""Elements that fail because that is wanted, to see what a caller does then.

Imports ``xengnt.errors``, ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xengnt.abi.constants import Op, Status
from xengnt.codec import Abi
from xengnt.errors import InvalidValue
from xengnt.model.failures import Failed

if TYPE_CHECKING:
    from xengnt.model.domain import Domain


class Injected(Failed):
    """An element fails, and nothing else is the matter."""


@dataclass(slots=True)
class Fault:
    """Elements that are to fail.

    Attributes:
        op: of which op.
        status: with what.
        skip: how many are done before.
        times: how many then fail, None for all.
        domid: whose, None for anybody's.
    """

    op: Op
    status: Status
    skip: int = 0
    times: int | None = 1
    domid: int | None = None


class Faults:
    """What is to fail of a hypervisor's calls.

    Attributes:
        planned: what is still to come, the first that fits counts.
        hits: how many elements have failed so.
        op: the op of the call that is being made.
    """

    def __init__(self) -> None:
        self.planned: list[Fault] = []
        self.hits = 0
        self.op = 0

    def plan(self, fault: Fault) -> None:
        """Let elements fail.

        Raises:
            InvalidValue: they have no status, or not such a one.
        """
        if "status" not in Abi("x86_64").struct(fault.op.name.lower()).by_name:
            raise InvalidValue(f"elements of {fault.op.c_name} have no status", got=fault.op)
        if fault.status >= Status.OKAY:
            raise InvalidValue(f"status {fault.status}: that is no failure", got=fault.status)
        if fault.skip < 0 or (fault.times is not None and fault.times < 1):
            raise InvalidValue(f"skip {fault.skip}, times {fault.times}: nothing would fail")
        self.planned.append(fault)

    def strike(self, caller: Domain) -> None:
        """Raise Injected if the next element of the call is to fail."""
        for fault in self.planned:
            if fault.op != self.op or fault.domid not in (None, caller.domid):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.times is not None:
                fault.times -= 1
                if not fault.times:
                    self.planned.remove(fault)
            raise Injected(fault.status, f"injected: {fault.status.c_name}")

    def heal(self) -> int:
        """Let nothing fail any more, and return how many elements have failed."""
        self.planned.clear()
        hits, self.hits = self.hits, 0
        return hits
