# SPDX-License-Identifier: MIT
"""Judge what a blob means: what `encode` lets through and Xen would not.

An error is what Xen refuses, a warning what it ignores, or refuses in old versions
only. Each finding names the element, the field, and the offset in the struct.

Imports ``xengnt.abi``, ``xengnt.findings`` and the plan.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from struct import Struct
from typing import Any, TypeAlias

from xengnt.abi.choice import Choice
from xengnt.abi.declarations import Declarations
from xengnt.abi.targets import PAGE_SHIFT, PAGE_SIZE
from xengnt.codec import screen
from xengnt.codec.plan import Plan, Slot, Union, View
from xengnt.codec.rules import (
    ALONE,
    BITS_REFUSED,
    EMPTY_REFUSED,
    FIRST_ONLY,
    SELF_REFUSED,
    Rule,
    rules,
)
from xengnt.codec.screen import Screen
from xengnt.findings import ERROR, WARNING, Finding

FRAME_BITS = 64 - PAGE_SHIFT
"""A frame number has no more bits: an address has 64, some of them within a page."""

_PAD = re.compile(r"_*pad\d*")

Values: TypeAlias = tuple[Any, ...]
"""An element: the values of its leaves, and the bytes between them, in order."""

Look: TypeAlias = Callable[[int, Values], "Finding | None"]
"""Gives what is wrong with an element, if anything."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is checked of each element.

    Attributes:
        look: gives the finding.
        doubt: C that is not 0 for every element of which `look` gives one, see
            `xengnt.codec.screen`; "" if it never does, None if that is more than C can say.
    """

    look: Look
    doubt: str | None


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
        self._rules = list(rules(op, declared))
        self._screens: dict[bool, Screen | None] = {}
        self._forms = {name: _Form(view, plan.struct.size) for name, view in plan.views.items()}
        self._before = {name: list(self._checks(v, after=False)) for name, v in plan.views.items()}
        self._after = {name: list(self._checks(v, after=True)) for name, v in plan.views.items()}

    def findings(self, blob: memoryview, *, after: bool) -> Iterator[Finding]:
        """Give what there is to say of the whole, and then of each element in turn.

        Args:
            blob: whole elements.
            after: whether the callee has been there: then its fields are judged too.
        """
        yield from self.batch(len(blob) // self.plan.struct.size)
        yield from self.elements(blob, after=after)

    def batch(self, count: int) -> Iterator[Finding]:
        """Give what there is to say of so many elements in one call."""
        if count > 1 and self.op in ALONE | FIRST_ONLY:
            yield self._several(count)

    def elements(self, blob: memoryview, *, after: bool, first: int = 0) -> Iterator[Finding]:
        """Give the findings of each element in turn, the first having this number."""
        checks = self._after if after else self._before
        for element, name, values in self._elements(blob, self._screen(after=after)):
            for check in checks[name]:
                found = check.look(first + element, values)
                if found is not None:
                    yield found

    def screen(self, *, after: bool) -> str | None:
        """Return C that is not 0 for all elements with findings, None where there is none."""
        checks = (self._after if after else self._before).get("")
        doubts = [check.doubt for check in checks or ()]
        if checks is None or None in doubts:
            return None
        return screen.text(self.plan.struct.size, filter(None, doubts))

    def _screen(self, *, after: bool) -> Screen | None:
        """Return what finds the elements to look at, None where that is all of them."""
        if after not in self._screens:
            self._screens[after] = screen.find(self.screen(after=after))
        return self._screens[after]

    def _elements(
        self, blob: memoryview, doubted: Screen | None
    ) -> Iterator[tuple[int, str, Values]]:
        """Give the index, the view and the values of each element, or of those in doubt."""
        if doubted:
            unpack, size = self._forms[""].struct.unpack_from, self.plan.struct.size
            for element in doubted(blob, len(blob) // size):
                yield element, "", unpack(blob, element * size)
            return
        if self.plan.only:
            for element, values in enumerate(self._forms[""].struct.iter_unpack(blob)):
                yield element, "", values
            return
        first = next(iter(self.plan.views))
        choose = self._chooser(self.plan.views[first], self.plan.choice)
        size = self.plan.struct.size
        for element, head in enumerate(self._forms[first].struct.iter_unpack(blob)):
            name = choose(head)
            yield element, name, self._forms[name].struct.unpack_from(blob, element * size)

    def _chooser(self, view: View, choice: Choice | None) -> Callable[[Values], str]:
        """Return what tells the member that a choice means for the values of an element."""
        if choice is None or isinstance(choice, str):
            name = choice or ""
            return lambda _: name
        slot, mask, value = self.plan.condition(view, choice[0])
        at = self._at(view, slot)
        then, otherwise = self._chooser(view, choice[1]), self._chooser(view, choice[2])
        return lambda values: (then if values[at] & mask == value else otherwise)(values)

    def _at(self, view: View, slot: Slot) -> int:
        return self._forms[view.name].index[slot.offset]

    def _checks(self, view: View, *, after: bool) -> Iterator[Check]:
        """Give the checks that apply to a view."""
        for start, length in self._forms[view.name].gaps:
            yield self._hole(view, start, length)
        for slot in view.leaves:
            if not slot.out or after:
                for check in self._slot_checks(view, slot):
                    yield check if slot.out else self._unless_empty(view, check)
        for rule in self._rules:
            yield self._rule(view, rule)
        for position, union in view.unions.items():
            if "gmfn" in union.members and union.choice:
                yield self._unless_empty(view, self._own_frame(view, view.leaves[position], union))
        for check in self._page_checks(view):
            yield self._unless_empty(view, check)

    def _slot_checks(self, view: View, slot: Slot) -> Iterator[Check]:
        names = {enum.name for enum in slot.symbols.enums}
        last = slot.name.rpartition(".")[2]
        at = self._at(view, slot)
        if slot.leaf in view.unions:
            if view.unions[slot.leaf].choice:
                yield self._union(view, view.unions[slot.leaf])
        elif "grant_status" in names:
            yield self._status(slot, at)
        elif "domid" in names:
            yield self._domid(slot, at)
        elif slot.symbols.known_bits(0) is not None:
            yield self._flags(slot, at)
        elif _PAD.fullmatch(last):
            yield self._pad(slot, at)
        elif slot.field.type == "xen_pfn_t" or last == "frame":
            yield self._frame(slot, at)

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

    def _hole(self, view: View, start: int, length: int) -> Check:
        at = self._forms[view.name].index[start]
        clean = bytes(length)

        def check(element: int, values: Values) -> Finding | None:
            found = values[at]
            if found == clean:
                return None
            return self._finding(
                WARNING, "hole", element, None, start,
                f"has {found.hex(' ')} in the hole at offset {start}",
                "zero", found.hex(),
            )  # fmt: skip

        return Check(check, screen.span(start, length))

    def _status(self, slot: Slot, at: int) -> Check:
        known = {self.constants[name].value for enum in slot.symbols.enums for name in enum.members}
        listed = sorted(known)

        def check(element: int, values: Values) -> Finding | None:
            value = values[at]
            if value in known:
                return None
            return self._finding(
                ERROR, "status", element, slot, slot.offset,
                f"is {value}, which is no status", listed, value,
            )  # fmt: skip

        # Where the numbers have a gap, the statuses at its sides are not in doubt alone.
        whole = len(listed) == listed[-1] - listed[0] + 1
        return Check(check, screen.outside(slot, listed[0], listed[-1]) if whole else None)

    def _domid(self, slot: Slot, at: int) -> Check:
        top = self.constants["DOMID_MASK"].value
        first = self.constants["DOMID_FIRST_RESERVED"].value
        itself = self.constants["DOMID_SELF"].value
        takes_self = self.op is not None and self.op not in SELF_REFUSED

        def check(element: int, values: Values) -> Finding | None:
            value = values[at]
            if value < first or (value == itself and takes_self):
                return None
            if value > top:
                return self._finding(
                    ERROR, "domid", element, slot, slot.offset,
                    f"is {value:#x}, which no domain can have", f"at most {top:#x}", value,
                )  # fmt: skip
            name = slot.symbols.text(value) or f"{value:#x}"
            user = self.op or "an entry"
            return self._finding(
                ERROR, "domid", element, slot, slot.offset,
                f"is {name}, which {user} does not take", "a domain", value,
            )  # fmt: skip

        last = first if takes_self and itself == first else first - 1
        return Check(check, screen.outside(slot, 0, last))

    def _flags(self, slot: Slot, at: int) -> Check:
        severity, verb = (
            (ERROR, "is refused") if self.op in BITS_REFUSED else (WARNING, "is ignored")
        )

        def check(element: int, values: Values) -> Finding | None:
            value = values[at]
            unknown = value & ~(slot.symbols.known_bits(value) or 0)
            if not unknown:
                return None
            return self._finding(
                severity, "flags", element, slot, slot.offset,
                f"is {value:#x}, in which {unknown:#x} has no meaning and {verb}",
                f"{value & ~unknown:#x}", value,
            )  # fmt: skip

        known = slot.symbols.always_known_bits()
        return Check(check, None if known is None else screen.bits(slot, ~known))

    def _pad(self, slot: Slot, at: int) -> Check:
        def check(element: int, values: Values) -> Finding | None:
            value = values[at]
            if not value:
                return None
            return self._finding(
                WARNING, "pad", element, slot, slot.offset, f"is {value:#x}", 0, value
            )

        return Check(check, screen.bits(slot, -1))

    def _frame(self, slot: Slot, at: int) -> Check:
        def check(element: int, values: Values) -> Finding | None:
            value = values[at]
            return self._no_frame(element, slot, value) if value >> FRAME_BITS else None

        return Check(check, screen.bits(slot, -1 << FRAME_BITS))

    def _no_frame(self, element: int, slot: Slot, value: int) -> Finding:
        return self._finding(
            ERROR, "frame", element, slot, slot.offset,
            f"is {value:#x}, which is no frame number",
            f"below {1 << FRAME_BITS:#x}", value,
        )  # fmt: skip

    def _union(self, view: View, union: Union) -> Check:
        at = self._at(view, union.slot)
        choose = self._chooser(view, union.choice)

        def check(element: int, values: Values) -> Finding | None:
            value = values[at]
            member = union.members[choose(values)]
            above = value >> 8 * member.size
            if above:
                found = above.to_bytes(union.slot.size - member.size, "little")
                return self._finding(
                    WARNING, "union", element, member, member.offset + member.size,
                    f"is meant, and the bytes above it are {found.hex(' ')}", "zero", found.hex(),
                )  # fmt: skip
            if value >> FRAME_BITS and member.field.type == "xen_pfn_t":
                return self._no_frame(element, member, value)
            return None

        def doubt(name: str) -> str:
            member = union.members[name]
            low = FRAME_BITS if member.field.type == "xen_pfn_t" else 64
            return screen.bits(union.slot, -1 << min(low, 8 * member.size))

        return Check(check, self._doubt(view, union.choice, doubt))

    def _doubt(self, view: View, choice: Choice | None, doubt: Callable[[str], str]) -> str:
        """Return the doubt about the member that a choice means."""
        if choice is None or isinstance(choice, str):
            return doubt(choice or "")
        slot, mask, value = self.plan.condition(view, choice[0])
        then, otherwise = (self._doubt(view, one, doubt) for one in choice[1:])
        return screen.either(slot, mask, value, then, otherwise)

    def _own_frame(self, view: View, slot: Slot, union: Union) -> Check:
        """A frame, rather than a grant, is the caller's own."""
        itself = self.constants["DOMID_SELF"].value
        outer, dot, _ = slot.name.rpartition(".")
        owner = view.slots[f"{outer}{dot}domid"]
        at = self._at(view, owner)
        choose = self._chooser(view, union.choice)

        def check(element: int, values: Values) -> Finding | None:
            value = values[at]
            if value >= itself or choose(values) != "gmfn":
                return None
            return self._finding(
                ERROR, "domid", element, owner, owner.offset,
                f"is {value}, and a frame is the caller's own", "DOMID_SELF", value,
            )  # fmt: skip

        def doubt(name: str) -> str:
            return screen.outside(owner, itself, owner.high) if name == "gmfn" else ""

        return Check(check, self._doubt(view, union.choice, doubt))

    def _page_checks(self, view: View) -> Iterator[Check]:
        """Give the checks of fields that say where in a page something begins, and its length."""
        by_end = {slot.name.rpartition(".")[2]: slot for slot in view.leaves}
        length = by_end.get("len") or by_end.get("length")
        if length is None:
            return
        yield self._length(view, length)
        for slot in view.leaves:
            if slot.name.rpartition(".")[2] in ("offset", "page_off"):
                yield self._page(view, slot, length)

    def _length(self, view: View, length: Slot) -> Check:
        at = self._at(view, length)

        def check(element: int, values: Values) -> Finding | None:
            count = values[at]
            if count <= PAGE_SIZE:
                return None
            return self._finding(
                ERROR, "page", element, length, length.offset,
                f"is {count}, and a page has {PAGE_SIZE} bytes", f"at most {PAGE_SIZE}", count,
            )  # fmt: skip

        return Check(check, screen.outside(length, 0, PAGE_SIZE))

    def _page(self, view: View, start: Slot, length: Slot) -> Check:
        start_at, length_at = self._at(view, start), self._at(view, length)
        least = 1 if self.op in EMPTY_REFUSED else 0

        def check(element: int, values: Values) -> Finding | None:
            first, count = values[start_at], values[length_at]
            if first + max(count, least) <= PAGE_SIZE or count > PAGE_SIZE:
                return None
            return self._finding(
                ERROR, "page", element, start, start.offset,
                f"is {first}, and with {count} bytes goes beyond the end of the page",
                f"at most {PAGE_SIZE - max(count, least)}", first,
            )  # fmt: skip

        beyond = f"{{0}} + {{1}} > {PAGE_SIZE}"
        if least:
            beyond = f"({beyond}) | ({{0}} + {least} > {PAGE_SIZE})"
        return Check(check, screen.rule(beyond, [start, length]))

    def _rule(self, view: View, rule: Rule) -> Check:
        """What a single op refuses."""
        slots = [view.slots[name] for name in rule.fields]
        at = [self._at(view, slot) for slot in slots]
        blamed = slots[0]
        broken = rule.tells()

        def check(element: int, values: Values) -> Finding | None:
            if not broken(*(values[one] for one in at)):
                return None
            value = values[at[0]]
            return self._finding(
                ERROR, rule.code, element, blamed, blamed.offset,
                f"is {value if value < 10 else hex(value)}, {rule.words}", rule.expected, value,  # noqa: PLR2004 -- the same in both
            )  # fmt: skip

        return Check(check, screen.rule(rule.broken, slots))

    def _unless_empty(self, view: View, check: Check) -> Check:
        """Make errors about a copy of no bytes warnings: new versions of Xen do not look."""
        if self.op != "copy" or "len" not in view.slots:
            return check
        at = self._at(view, view.slots["len"])

        def lenient(element: int, values: Values) -> Finding | None:
            found = check.look(element, values)
            if found is None or values[at] or found.severity != ERROR:
                return found
            words = f"{found.message}; Xen before 4.19 refuses it, although len is 0"
            return replace(found, severity=WARNING, message=words)

        return Check(lenient, check.doubt)

    def _several(self, count: int) -> Finding:
        """More structs than a call takes."""
        alone = self.op in ALONE
        return Finding(
            ERROR if alone else WARNING,
            "count",
            self.tag,
            f"{self.tag}: {count} of them, and a call {'takes' if alone else 'looks at'} one",
            abi=self.abi,
            interface_version=self.version,
            expected=1,
            got=count,
        )


class _Form:
    """How an element is taken apart to be judged: every leaf, and every byte between them.

    Attributes:
        struct: gives the values of an element.
        index: which value begins at an offset.
        gaps: what no leaf covers, as (offset, length).
    """

    def __init__(self, view: View, size: int) -> None:
        self.index: dict[int, int] = {}
        self.gaps: list[tuple[int, int]] = []
        codes = []
        reached = values = 0
        for slot in sorted(view.leaves, key=lambda slot: slot.offset):
            if slot.offset > reached:
                self.gaps.append((reached, slot.offset - reached))
                codes.append(f"{slot.offset - reached}s")
                self.index[reached] = values
                values += 1
            codes.append(slot.code)
            self.index[slot.offset] = values
            values += slot.count or 1
            reached = slot.offset + slot.size * (slot.count or 1)
        if size > reached:
            self.gaps.append((reached, size - reached))
            codes.append(f"{size - reached}s")
            self.index[reached] = values
        self.struct = Struct("<" + "".join(codes))
