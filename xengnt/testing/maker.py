# SPDX-License-Identifier: MIT
"""Makes the cases of one op: from a base that is valid, and what is otherwise in each.

Imports ``xengnt.abi``, ``xengnt.codec`` and the modules beside it.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from dataclasses import replace

from xengnt.abi.bits import FIRST_RESERVED, SELF
from xengnt.abi.constants import Status
from xengnt.codec import Abi
from xengnt.codec.plan import Slot
from xengnt.codec.rules import FIRST_ONLY, SELF_REFUSED
from xengnt.codec.validate import FRAME_BITS
from xengnt.testing import stage
from xengnt.testing.case import BOUNDARY, VALID, WRONG, Case, Values
from xengnt.testing.stage import CALLER, GUEST

REFS = 1 << 32
"""So many references can be named."""


class Maker:
    """Makes the cases of one op.

    Attributes:
        pv: whether the caller is a PV guest; else it is translated.
        second: whether there is a domain with a table of version 2.
        base: what a valid element has, for cases that are wrong in something else.
    """

    def __init__(self, op: str, abi: Abi) -> None:
        self.op = op
        self.abi = abi
        self.pv = abi.name.startswith("x86")
        self.second = stage.has_second(abi)
        self.plan = abi.codec(op).plan
        self.slots: dict[str, Slot] = {name: slot for name, (_, slot) in self.plan.slots.items()}
        self.told = Status.OKAY if "status" in self.slots or self.is_entry else None
        self.base: dict[str, Values] = {}

    @property
    def is_entry(self) -> bool:
        """Whether it is an entry, and no op."""
        return self.op not in self.abi.layout.ops

    def valid(self, label: str, values: Mapping[str, Values], *, once: bool = False) -> Case:
        """Return a valid case."""
        return Case(self.op, VALID, label, values, self.told, once=once)

    def edge(self, label: str, values: Mapping[str, Values], *, once: bool = False) -> Case:
        """Return a valid case at an edge: the base with other values."""
        return Case(self.op, BOUNDARY, label, {**self.base, **values}, self.told, once=once)

    def wrong(
        self,
        label: str,
        values: Mapping[str, Values],
        status: Status | None,
        rc: int = 0,
        *,
        caller: str = CALLER,
    ) -> Case:
        """Return a wrong case: the base with other values."""
        changed = {**self.base, **values}
        return Case(self.op, WRONG, label, changed, status, rc, once=True, caller=caller)

    def domids(self) -> Iterator[Case]:
        """Give what is wrong for each field that names a domain."""
        bad = (Status.BAD_DOMAIN, 0) if self.told is not None else (None, -errno.ESRCH)
        if self.is_entry:
            bad = (Status.GENERAL_ERROR, 0)
        for slot in self.slots.values():
            if slot.field.type != "domid_t" or slot.name not in self.base:
                continue
            if self.op in SELF_REFUSED or self.is_entry:
                yield self.wrong(f"{slot.name}/self", {slot.name: (SELF,)}, *bad)
            unknown = range(stage.NO_DOMID, FIRST_RESERVED)
            yield self.wrong(f"{slot.name}/unknown", {slot.name: unknown}, *bad)
            reserved = range(SELF + 1, 0x8000)
            yield self.wrong(f"{slot.name}/reserved", {slot.name: reserved}, *bad)
            beyond = range(0x8000, slot.high + 1)
            yield self.wrong(f"{slot.name}/beyond", {slot.name: beyond}, *bad)

    def denied(self, field: str) -> Case:
        """Return the case of a caller who has no privilege over a domain."""
        bad = (Status.PERMISSION_DENIED, 0) if self.told is not None else (None, -errno.EPERM)
        values = {field: (f"${CALLER}.domid",)}
        return self.wrong(f"{field}/privileged", values, *bad, caller=GUEST)

    def counts(self, usual: Case) -> Iterator[Case]:
        """Give what may be with the number of elements where a call takes one."""
        several = range(2, 9)
        if self.op in FIRST_ONLY:
            yield replace(usual, kind=BOUNDARY, label="count/several", counts=several)
            return
        compat = self.abi.name == "x86_32" and self.op != "query_size"
        refused = replace(usual, kind=WRONG, status=None, rc=-errno.EINVAL, once=True)
        yield replace(refused, label="count/several", counts=several)
        none = replace(refused, label="count/none", counts=(0,))
        yield replace(none, kind=BOUNDARY, rc=0) if compat else none

    def frames(self, field: str, owned: str, status: Status, **values: Values) -> Iterator[Case]:
        """Give what is wrong with the number of a frame.

        Args:
            field: where it is.
            owned: the number of one that is somebody else's.
            status: that comes of it.
            values: of other fields.
        """
        if self.pv:  # the numbers of a translated guest are its own
            yield self.wrong(f"{field}/foreign", {**values, field: (owned,)}, status)
        yield self.wrong(f"{field}/unknown", {**values, field: stage.NOBODY}, status)
        slot = self.slots[field]
        if slot.high >> FRAME_BITS:
            beyond = range(1 << FRAME_BITS, slot.high + 1)
            yield self.wrong(f"{field}/beyond", {**values, field: beyond}, status)

    def refs(self, field: str, unfit: Mapping[str, int]) -> Iterator[Case]:
        """Give what is wrong with a reference into the guest's table.

        Args:
            field: where it is.
            unfit: entries that are there, and not for this op, by what is the matter with them.
        """
        beyond = range(stage.entries_per_frame(self.abi, 1), REFS)
        yield self.wrong(f"{field}/beyond", {field: beyond}, Status.BAD_GNTREF)
        for label, ref in {"empty": stage.EMPTY, "other's": stage.OTHERS, **unfit}.items():
            yield self.wrong(f"{field}/{label}", {field: (ref,)}, Status.GENERAL_ERROR)

    def used(self, field: str, domain: str) -> Iterator[Case]:
        """Give what is wrong with an entry that is there to be mapped, or to copy.

        Args:
            field: where its reference is.
            domain: where the number of the domain is that grants it.
        """
        no_frame = {field: (stage.NO_FRAME,)}
        yield self.wrong(f"{field}/no frame", no_frame, Status.BAD_PAGE)
        pinned = {field: (stage.PINNED,), domain: (f"${CALLER}.domid",)}
        yield self.wrong(f"{field}/in use by another", pinned, Status.GENERAL_ERROR)
