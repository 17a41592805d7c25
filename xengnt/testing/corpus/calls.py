# SPDX-License-Identifier: MIT
"""A call as a harness makes it: three registers, and an array in a guest's memory.

And what comes of it, given what comes of each element. This is not the model's call: a manifest
says what labels claim, so that the model, C code and Xen can be held against it; what the model
wrote would only agree with the model. Nor does it need a stage for each seed.

Of ``xengnt.model`` it takes limits and forms only.

Imports ``xengnt.abi``, ``xengnt.codec``, ``xengnt.model`` and the modules beside it.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from xengnt.abi.constants import Status
from xengnt.abi.targets import PAGE_SIZE
from xengnt.codec import Abi
from xengnt.codec.rules import ALONE, FIRST_ONLY
from xengnt.model.call import CMD_BITS
from xengnt.model.compat import ROOM
from xengnt.model.forms import form
from xengnt.testing.case import Case
from xengnt.testing.cases import cases
from xengnt.testing.corpus.numbers import corpus_stage

READONLY = 0x800_0000
"""Where the memory of a harness begins: a page that the guest may only read."""

WRITABLE = READONLY + PAGE_SIZE
"""Where the memory begins that it may write, too."""

END = WRITABLE + 2 * PAGE_SIZE
"""Where all of it ends; nothing is behind."""

LIST = WRITABLE + PAGE_SIZE // 4
"""Where lists of frames go, of a page at the most a quarter; the array is before, or far behind."""

WORD = (1 << 32) - 1
"""Of a command and a count, Xen looks at so many bits."""

NEGATIVE = 1 << 31

_WHOLE = frozenset({"map_grant_ref", "query_size", "set_version", "get_version"})
"""The ops that have the whole struct written back."""

_PARTS = frozenset({"copy", "transfer"})
"""The ops whose arguments are translated part by part for 32-bit callers."""


class Element(NamedTuple):
    """An element: the case that it is of, and its values as numbers."""

    case: Case
    row: dict[str, int]


@dataclass(slots=True)
class Call:
    """A call.

    Attributes:
        abi: the ABI.
        op: the op.
        elements: of the array; a call can be about fewer, or more.
        cmd: the first register.
        pointer: the second.
        count: the third.
        caller: which domain of the stage makes it.
        rc: what comes of it, where that does not follow from the rest.
        poison: what is in holes and fields that come out.
    """

    abi: Abi
    op: str
    elements: list[Element]
    cmd: int
    pointer: int = WRITABLE
    count: int = 0
    caller: str = ""
    rc: int | None = None
    poison: int | None = None

    @property
    def array(self) -> bytes:
        """The bytes of the array."""
        return self.abi.encode(self.op, [one.row for one in self.elements], poison=self.poison)

    @property
    def size(self) -> int:
        """The size of an element."""
        return self.abi.struct(self.op).size

    def outcome(self) -> tuple[int, list[Status | None]]:
        """Return the result, and the status of each element, None where none is written."""
        if self.rc is not None:
            return self.rc, [None] * len(self.elements)
        rc = self._refused()
        if not rc:
            run = _alone if self.op in ALONE else _first if self.op in FIRST_ONLY else _batch
            rc, statuses = run(self)
            return rc, [*statuses, *[None] * (len(self.elements) - len(statuses))]
        return rc, [None] * len(self.elements)

    def _refused(self) -> int:
        """Return what the call fails with before an element is looked at, 0 if it does not."""
        if self.count & NEGATIVE:
            return -errno.EINVAL
        if (self.cmd & WORD) >> CMD_BITS and self.op != "cache_flush":
            return -errno.EINVAL
        one_by_one = self.op in ALONE | FIRST_ONLY
        if self.op in _unknown(self.abi):
            return -errno.ENOSYS
        if not one_by_one and not self.accepts(self.pointer, (self.count & WORD) * self.size):
            return -errno.EFAULT
        return -errno.EOPNOTSUPP if self.op in _unsupported(self.abi) else 0

    def accepts(self, address: int, size: int) -> bool:
        """Tell whether Xen looks at what is at an address."""
        return corpus_stage(self.abi).caller.space.accepts(address, size)

    def written(self, index: int) -> bool:
        """Tell whether what comes out of an element can be written."""
        name = "" if self.op in _WHOLE or (self.compat and self.op in ALONE) else "status"
        offset, size = form(self.abi.name, self.op).span(name)
        return writable(self.pointer + index * self.size + offset, size)

    def read(self, index: int) -> bool:
        """Tell whether an element can be read."""
        return readable(self.pointer + index * self.size, self.size)

    @property
    def compat(self) -> bool:
        """Whether it is translated from 32 bits."""
        return self.abi.name == "x86_32"


@cache
def _unknown(abi: Abi) -> frozenset[str]:
    """Return the ops that are none."""
    return _always(abi, -errno.ENOSYS)


@cache
def _unsupported(abi: Abi) -> frozenset[str]:
    """Return the ops that the stage's kind of guest cannot call."""
    return _always(abi, -errno.EOPNOTSUPP)


def _always(abi: Abi, rc: int) -> frozenset[str]:
    return frozenset(op for op in abi.layout.ops if all(one.rc == rc for one in cases(op, abi)))


def readable(address: int, size: int) -> bool:
    """Tell whether the memory has bytes."""
    return address >= READONLY and address + size <= END


def writable(address: int, size: int) -> bool:
    """Tell whether it has them for writing."""
    return address >= WRITABLE and address + size <= END


def list_of(abi: Abi, op: str) -> tuple[str, str, int] | None:
    """Return of the list of an op the field, the field of its length, and the size of a number.

    The size is Xen's, which knows one interface version only.
    """
    for one in Abi(abi.name).struct(op).fields:
        if one.pointee and one.pointee.count and one.pointee.size:
            return one.name, one.pointee.count, one.pointee.size
    return None


Outcome = tuple[int, Sequence[Status | None]]


def _alone(call: Call) -> Outcome:
    listed = list_of(call.abi, call.op)
    if call.compat and listed and not call.count & WORD:
        return 0, []
    if call.count & WORD != 1:
        return -errno.EINVAL, []
    if not call.read(0):
        return -errno.EFAULT, []
    case, row = call.elements[0]
    status = case.status
    if listed:
        name, count, size = listed
        where, length = row[name], size * row.get(count, 0)
        if not call.accepts(where, length):
            return -errno.EFAULT, []
        unwritten = length > 0 and not writable(where, length)
        if status == Status.OKAY and unwritten and not call.compat:
            status = Status.BAD_VIRT_ADDR
    return (0, [status]) if call.written(0) else (-errno.EFAULT, [])


def _first(call: Call) -> Outcome:
    rc = call.elements[0].case.rc
    if not call.read(0):
        return -errno.EFAULT, []
    if not call.written(0) and (not rc or call.op == "set_version"):
        return -errno.EFAULT, []  # the version in force is told in any case
    return rc, []


def _batch(call: Call) -> Outcome:
    count = call.count & WORD
    parts = call.compat and call.op in _PARTS
    step = ROOM // form("x86_64", call.op).size if parts else 1
    statuses: list[Status | None] = []
    for first in range(0, count, step):
        part = range(first, min(first + step, count))
        if not all(call.read(index) for index in part):
            return -errno.EFAULT, statuses
        for index in part:
            case = call.elements[index].case
            if case.rc:
                return case.rc, []
            out = call.op == "cache_flush" or call.written(index)
            statuses.append(case.status if out else None)
            if not out and not parts:
                return -errno.EFAULT, statuses
        if None in statuses[first:] and call.op != "cache_flush":
            return -errno.EFAULT, statuses
    return 0, statuses
