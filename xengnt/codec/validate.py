# SPDX-License-Identifier: MIT
"""Judge what a blob means: what `encode` lets through and Xen would not.

Each finding names the element, the field, and the offset in the struct.

Imports ``xengnt.abi``, ``xengnt.findings`` and the plan.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from xengnt.abi.declarations import Declarations
from xengnt.codec.plan import Plan, Slot, Union, View
from xengnt.findings import ERROR, WARNING, Finding

PAGE_SIZE = 4096
FRAME_BITS = 52
"""A frame number has no more bits: an address has 64, and a page 12 of them."""

SELF_REFUSED = frozenset({"map_grant_ref", "transfer"})
"""The ops for which DOMID_SELF is no domain."""

_PAD = re.compile(r"_*pad\d*")

Check: TypeAlias = Callable[[int, bytes], Iterator[Finding]]


class Validator:
    """Judges the elements of one struct.

    Args:
        plan: how it is packed.
        declared: the declarations that it is from.
        op: the op that takes it, None for an entry.
    """

    def __init__(self, plan: Plan, declared: Declarations, op: str | None) -> None:
        self.plan = plan
        self.tag = plan.struct.tag
        self.abi = declared.target.name
        self.version = declared.version
        self.op = op
        self.constants = declared.constants
        self._before = {name: list(self._checks(v, after=False)) for name, v in plan.views.items()}
        self._after = {name: list(self._checks(v, after=True)) for name, v in plan.views.items()}

    def findings(self, blob: memoryview, *, after: bool) -> Iterator[Finding]:
        """Give the findings of each element in turn.

        Args:
            blob: whole elements.
            after: whether the callee has been there: then its fields are judged too.
        """
        size = self.plan.struct.size
        checks = self._after if after else self._before
        for element, start in enumerate(range(0, len(blob), size)):
            data = bytes(blob[start : start + size])
            for check in checks[self.plan.view_of(data).name]:
                yield from check(element, data)

    def _checks(self, view: View, *, after: bool) -> Iterator[Check]:
        """Give the checks that apply to a view."""
        yield from self._hole_checks()
        for slot in view.leaves:
            if not slot.out or after:
                yield from self._slot_checks(view, slot)
        for start, length in self._ranges(view):
            yield self._page(start, length)
        for position, union in view.unions.items():
            if "gmfn" in union.members:
                yield self._own_frame(view, view.leaves[position], union)

    def _slot_checks(self, view: View, slot: Slot) -> Iterator[Check]:
        names = {enum.name for enum in slot.symbols.enums}
        if slot.leaf in view.unions:
            yield self._union(view, view.unions[slot.leaf])
        elif "grant_status" in names:
            yield self._status(slot)
        elif "domid" in names:
            yield self._domid(slot)
        elif slot.symbols.known_bits(0) is not None:
            yield self._flags(slot)
        elif _PAD.fullmatch(slot.name.rpartition(".")[2]):
            yield self._pad(slot)
        elif slot.field.type == "xen_pfn_t":
            yield self._frame(slot)

    def _finding(
        self,
        severity: str,
        code: str,
        element: int,
        slot: Slot | None,
        offset: int,
        words: str,
        expected: object = None,
        got: object = None,
    ) -> Finding:
        where = f"{self.tag}.{slot.name}" if slot else self.tag
        return Finding(
            severity,
            code,
            where,
            f"element {element}: {where} {words}",
            abi=self.abi,
            interface_version=self.version,
            element=element,
            offset=offset,
            expected=expected,
            got=got,
        )

    def _hole_checks(self) -> Iterator[Check]:
        holes = self.plan.struct.holes if self.plan.only else ()
        for start, length in holes:

            def check(
                element: int, data: bytes, start: int = start, length: int = length
            ) -> Iterator[Finding]:
                found = data[start : start + length]
                if any(found):
                    yield self._finding(
                        WARNING, "hole", element, None, start,
                        f"has {found.hex(' ')} in the hole at offset {start}",
                        "zero", found.hex(),
                    )  # fmt: skip

            yield check

    def _value(self, slot: Slot, data: bytes) -> int:
        raw = data[slot.offset : slot.offset + slot.size]
        return int.from_bytes(raw, "little", signed=slot.signed)

    def _status(self, slot: Slot) -> Check:
        known = {self.constants[name].value for enum in slot.symbols.enums for name in enum.members}

        def check(element: int, data: bytes) -> Iterator[Finding]:
            value = self._value(slot, data)
            if value not in known:
                yield self._finding(
                    ERROR, "status", element, slot, slot.offset,
                    f"is {value}, which is no status", sorted(known), value,
                )  # fmt: skip

        return check

    def _domid(self, slot: Slot) -> Check:
        top = self.constants["DOMID_MASK"].value
        first = self.constants["DOMID_FIRST_RESERVED"].value
        itself = self.constants["DOMID_SELF"].value
        takes_self = self.op is not None and self.op not in SELF_REFUSED

        def check(element: int, data: bytes) -> Iterator[Finding]:
            value = self._value(slot, data)
            if value > top:
                yield self._finding(
                    ERROR, "domid", element, slot, slot.offset,
                    f"is {value:#x}, which no domain can have", f"at most {top:#x}", value,
                )  # fmt: skip
            elif value >= first and not (value == itself and takes_self):
                name = slot.symbols.text(value) or f"{value:#x}"
                user = self.op or "an entry"
                yield self._finding(
                    ERROR, "domid", element, slot, slot.offset,
                    f"is {name}, which {user} does not take", "a domain", value,
                )  # fmt: skip

        return check

    def _flags(self, slot: Slot) -> Check:
        def check(element: int, data: bytes) -> Iterator[Finding]:
            value = self._value(slot, data)
            unknown = value & ~(slot.symbols.known_bits(value) or 0)
            if unknown:
                yield self._finding(
                    WARNING, "flags", element, slot, slot.offset,
                    f"is {value:#x}, in which {unknown:#x} has no meaning",
                    f"{value & ~unknown:#x}", value,
                )  # fmt: skip

        return check

    def _pad(self, slot: Slot) -> Check:
        def check(element: int, data: bytes) -> Iterator[Finding]:
            value = self._value(slot, data)
            if value:
                yield self._finding(
                    WARNING, "pad", element, slot, slot.offset, f"is {value:#x}", 0, value
                )

        return check

    def _frame(self, slot: Slot) -> Check:
        def check(element: int, data: bytes) -> Iterator[Finding]:
            value = self._value(slot, data)
            if value >> FRAME_BITS:
                yield self._finding(
                    ERROR, "frame", element, slot, slot.offset,
                    f"is {value:#x}, which is no frame number",
                    f"below {1 << FRAME_BITS:#x}", value,
                )  # fmt: skip

        return check

    def _union(self, view: View, union: Union) -> Check:
        def check(element: int, data: bytes) -> Iterator[Finding]:
            member = union.members[self.plan.pick(view, union.choice, data)]
            above = data[member.offset + member.size : union.slot.offset + union.slot.size]
            if any(above):
                yield self._finding(
                    WARNING, "union", element, member, member.offset + member.size,
                    f"is meant, and the bytes above it are {above.hex(' ')}", "zero", above.hex(),
                )  # fmt: skip
            elif member.field.type == "xen_pfn_t":
                yield from self._frame(member)(element, data)

        return check

    def _own_frame(self, view: View, slot: Slot, union: Union) -> Check:
        """A frame, rather than a grant, is the caller's own."""
        itself = self.constants["DOMID_SELF"].value
        owner = view.slots[f"{slot.name.rpartition('.')[0]}.domid"]

        def check(element: int, data: bytes) -> Iterator[Finding]:
            by_frame = self.plan.pick(view, union.choice, data) == "gmfn"
            value = self._value(owner, data)
            if by_frame and value < itself:
                yield self._finding(
                    ERROR, "domid", element, owner, owner.offset,
                    f"is {value}, and a frame is the caller's own", "DOMID_SELF", value,
                )  # fmt: skip

        return check

    def _ranges(self, view: View) -> Iterator[tuple[Slot, Slot]]:
        """Give the pairs of fields that say where in a page something begins, and its length."""
        by_end = {slot.name.rpartition(".")[2]: slot for slot in view.leaves}
        length = by_end.get("len") or by_end.get("length")
        if length is None:
            return
        for slot in view.leaves:
            if slot.name.rpartition(".")[2] in ("offset", "page_off"):
                yield slot, length

    def _page(self, start: Slot, length: Slot) -> Check:
        def check(element: int, data: bytes) -> Iterator[Finding]:
            first, count = self._value(start, data), self._value(length, data)
            if first + count > PAGE_SIZE:
                yield self._finding(
                    ERROR, "page", element, start, start.offset,
                    f"is {first}, and with {count} bytes crosses the end of the page",
                    f"at most {max(PAGE_SIZE - count, 0)}", first,
                )  # fmt: skip

        return check
