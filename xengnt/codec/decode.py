# SPDX-License-Identifier: MIT
"""Bytes to rows and columns, by code generated for each struct.

Imports ``xengnt.errors``, the plan.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from struct import Struct
from typing import Any, TypeAlias, TypeVar

from xengnt.abi.choice import Choice
from xengnt.codec import kernels
from xengnt.codec.binding import Binding, fits_a_batch, form_of
from xengnt.codec.buffers import Pinned, bytes_of, kind_of, pinned
from xengnt.codec.interop import numpy_code, numpy_module
from xengnt.codec.kernels import Kernels
from xengnt.codec.memory import Memory, memory
from xengnt.codec.packer import format_of
from xengnt.codec.plan import Plan, Slot, View
from xengnt.codec.values import is_scalar, is_time
from xengnt.errors import InvalidValue, Unavailable, UnknownName

Blob: TypeAlias = bytes | bytearray | memoryview
Row: TypeAlias = dict[str, Any]
Made = TypeVar("Made")


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
        return self._uncollected(blob, lambda: self._decode(blob))

    def tuples(self, data: Any, *, in_only: bool = False) -> list[tuple[int, ...]]:
        """Return tuples of the leaves in order of declaration; of several views, raw words."""
        blob = self.blob(data)
        view = self.plan.raw
        form = self.structs[view.name]
        if in_only:
            form = Struct(format_of([slot for slot in view.leaves if not slot.out], self.size))
        return self._uncollected(blob, lambda: list(form.iter_unpack(blob)))

    def columns(self, data: Any) -> dict[str, list[Any]]:
        """Return a list for each leaf.

        Of a struct with several views they are those of the view that all its
        elements have, else those of the one that has all bytes.
        """
        blob = self.blob(data)
        view = self.plan.only or self._common_view(blob)
        return self._uncollected(
            blob, lambda: {slot.name: column_of(slot, blob, self.size) for slot in view.leaves}
        )

    def arrays(self, data: Any) -> dict[str, Any]:
        """Return an array of numpy for each leaf, of the views as `columns` has them."""
        numpy = numpy_module()
        blob = self.blob(data)
        view = self.plan.only or self._common_view(blob)
        count = len(blob) // self.size
        made = {
            slot.name: numpy.empty(
                count if slot.count is None else (count, slot.count), numpy_code(slot)
            )
            for slot in view.leaves
        }
        self.columns_into(blob, made)
        return made

    def columns_into(self, data: Any, columns: Mapping[str, Any]) -> None:
        """Write the values of fields into columns in memory; see `bind`."""
        self.bind(self.blob(data), columns).gather()

    def bind(self, blob: memoryview, columns: Mapping[str, Any]) -> Binding:
        """Return columns in memory bound to whole structs, to be written.

        Raises:
            UnknownName: there is no such field.
            InvalidValue: a column that is not in memory, cannot hold all values of its
                field, or has another length.
            Unavailable: the extension was not built.
        """
        loaded = kernels.load()
        if loaded is None or not fits_a_batch(self.plan):
            raise Unavailable("columns in memory need the extension: pip install builds it")
        source = pinned(blob)
        slots = [slot_of(self.plan, name) for name in columns]
        taken = [
            self._writable(loaded, slot, column, blob, source)
            for slot, column in zip(slots, columns.values(), strict=True)
        ]
        types = tuple((column.width, column.signed) for column in taken)
        form = form_of(loaded, self.plan, slots, types, out=True)
        return Binding(loaded, form, taken, len(blob) // self.size).at(source)

    def _writable(
        self, loaded: Kernels, slot: Slot, column: Any, blob: memoryview, source: Pinned
    ) -> Memory:
        """Return where a column is that the values of a field are to be written to."""
        shape = (len(blob) // self.size, *((slot.count,) if slot.count is not None else ()))
        taken = None if is_scalar(column) or is_time(column) else memory(loaded, column)
        wide = taken and taken.width - (taken.signed and not slot.signed) >= slot.size
        if taken is None or not wide or (slot.signed and not taken.signed):
            expected = f"an array of {'int' if slot.signed else 'uint'}{8 * slot.size}"
            wrong = f"expected {expected}, or wider, got {kind_of(column)}"
        elif taken.shape != shape:
            expected = "x".join(map(str, shape))
            wrong = f"expected {expected} elements, got {'x'.join(map(str, taken.shape))}"
        elif taken.readonly:
            expected, wrong = "a writable array", "it is read-only"
        elif taken.overlaps(source.address, len(blob)):
            expected, wrong = "memory of its own", "it is in the bytes that are decoded"
        else:
            return taken
        raise InvalidValue(
            f"{self.plan.label}: {slot.name}: {wrong}",
            struct=self.plan.struct.tag,
            field=slot.name,
            offset=slot.offset,
            expected=expected,
            got=kind_of(column),
        )

    def _uncollected(self, blob: memoryview, make: Callable[[], Made]) -> Made:
        """Make many rows while the collector pauses.

        Nothing of them can be garbage, and collecting would cost more than decoding.
        """
        if len(blob) < self.size * 1000 or not gc.isenabled():
            return make()
        gc.disable()
        try:
            return make()
        finally:
            gc.enable()

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


def column_of(slot: Slot, blob: memoryview, size: int) -> list[Any]:
    """Return the values of a field in all structs of a size."""
    tail = size - slot.offset - slot.size * (slot.count or 1)
    rows = Struct(f"<{slot.offset}x{slot.code}{tail}x").iter_unpack(blob)
    return [row[0] for row in rows] if slot.count is None else [list(row) for row in rows]


def slot_of(plan: Plan, name: str) -> Slot:
    """Return a field by its name.

    Raises:
        UnknownName: there is none.
    """
    try:
        return plan.slots[name][1]
    except (KeyError, TypeError):
        raise UnknownName(
            f"{plan.label}: no field {name!r}", struct=plan.struct.tag, field=name
        ) from None


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
