# SPDX-License-Identifier: MIT
"""Bytes to rows and columns, by code generated for each struct.

Imports ``xengnt.errors``, the plan.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from struct import Struct
from typing import Any, TypeAlias

from xengnt.abi.choice import Choice
from xengnt.codec.buffers import bytes_of, kind_of
from xengnt.codec.packer import format_of
from xengnt.codec.plan import Plan, Slot, View
from xengnt.errors import InvalidValue

Blob: TypeAlias = bytes | bytearray | memoryview
Row: TypeAlias = dict[str, Any]


class Decoder:
    """Decodes one struct.

    Args:
        plan: how it is packed.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.size = plan.struct.size
        self.structs = {name: _whole(plan, view) for name, view in plan.views.items()}
        self._decode: Callable[[memoryview], list[Row]] = self._generate()

    def blob(self, data: Any) -> memoryview:
        """Return the bytes of a buffer.

        Raises:
            InvalidValue: it has none, or is not a whole number of structs.
        """
        view = bytes_of(data)
        if view is None:
            kind = kind_of(data)
            raise InvalidValue(
                f"{self.plan.label}: expected bytes in one piece, got {kind}",
                struct=self.plan.struct.tag,
                expected="bytes",
                got=kind,
            )
        self.whole(len(view))
        return view

    def whole(self, length: int) -> int:
        """Return how many structs so many bytes are.

        Raises:
            InvalidValue: it is not a whole number of structs.
        """
        count, rest = divmod(length, self.size)
        if rest:
            raise InvalidValue(
                f"{self.plan.label}: {length} bytes are not a multiple of the struct's "
                f"{self.size}: {rest} too many at offset {length - rest}",
                struct=self.plan.struct.tag,
                offset=length - rest,
                expected=f"a multiple of {self.size}",
                got=length,
            )
        return count

    def rows(self, data: Any) -> list[Row]:
        """Return a list of dicts, keyed by dotted path."""
        blob = self.blob(data)
        paused = gc.isenabled() and len(blob) > self.size * 1000
        if paused:  # nothing here can be garbage; collecting costs more than decoding
            gc.disable()
        try:
            return self._decode(blob)
        finally:
            if paused:
                gc.enable()

    def tuples(self, data: Any, *, in_only: bool = False) -> list[tuple[int, ...]]:
        """Return tuples of the leaves in order of declaration; of several views, raw words."""
        blob = self.blob(data)
        view = self.plan.raw
        if not in_only:
            return list(self.structs[view.name].iter_unpack(blob))
        slots = [slot for slot in view.leaves if not slot.out]
        return list(Struct(format_of(slots, self.size)).iter_unpack(blob))

    def columns(self, data: Any) -> dict[str, list[Any]]:
        """Return a list for each leaf.

        Of a struct with several views they are those of the view that all its
        elements have, else those of the one that has all bytes.
        """
        blob = self.blob(data)
        view = self.plan.only or self._common_view(blob)
        rows = list(self.structs[view.name].iter_unpack(blob))
        found: dict[str, list[Any]] = {}
        position = 0
        for slot in view.leaves:
            width = slot.count or 1
            if slot.count is None:
                found[slot.name] = [row[position] for row in rows]
            else:
                found[slot.name] = [list(row[position : position + width]) for row in rows]
            position += width
        return found

    def _common_view(self, blob: memoryview) -> View:
        starts = range(0, len(blob), self.size)
        names = {self.plan.view_of(bytes(blob[s : s + self.size])).name for s in starts}
        return self.plan.views[names.pop()] if len(names) == 1 else self.plan.raw

    def _generate(self) -> Callable[[memoryview], list[Row]]:
        """Make the function that decodes all rows of a blob."""
        if self.plan.only is None:
            return self._by_view
        view = self.plan.only
        names = [f"v{slot.leaf}" for slot in view.leaves]
        entries = [f"{_key(self.plan, view, slot)}: v{slot.leaf}" for slot in view.leaves]
        text = (
            "def decode(blob):\n"
            f"    return [{{{', '.join(entries)}}} for {', '.join(names)}, in unpack(blob)]\n"
        )
        space: dict[str, Any] = {"unpack": self.structs[""].iter_unpack}
        exec(text, space)  # noqa: S102 -- of names of the header
        made: Callable[[memoryview], list[Row]] = space["decode"]
        return made

    def _by_view(self, blob: memoryview) -> list[Row]:
        """Decode rows of which each has the view that its own bytes select."""
        size = self.size
        return [self._one(blob[start : start + size]) for start in range(0, len(blob), size)]

    def _one(self, blob: memoryview) -> Row:
        view = self.plan.view_of(bytes(blob))
        values = self.structs[view.name].unpack(blob)
        row: Row = {}
        position = 0
        for slot in view.leaves:
            width = slot.count or 1
            taken = values[position : position + width]
            row[slot.name] = taken[0] if slot.count is None else list(taken)
            position += width
        return row


def _key(plan: Plan, view: View, slot: Slot) -> str:
    """Return the expression of the name under which a leaf is decoded."""
    union = view.unions.get(slot.leaf)

    def expression(choice: Choice | None) -> str:
        if choice is None or union is None:
            return repr(slot.name)
        if isinstance(choice, str):
            member = union.members[choice]
            if member.size == slot.size:
                return repr(member.name)
            return f"({member.name!r} if v{slot.leaf} <= {member.high} else {slot.name!r})"
        held, mask, value = plan.condition(view, choice[0])
        test = f"v{held.leaf} & {mask} == {value}"
        return f"({expression(choice[1])} if {test} else {expression(choice[2])})"

    return expression(union.choice if union else None)


def _whole(plan: Plan, view: View) -> Struct:
    return Struct(format_of(view.leaves, plan.struct.size))
