# SPDX-License-Identifier: MIT
"""Columns bound to the fields of a struct, for the kernels to run through.

Imports ``xengnt.errors``, the plan and what is beside it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from xengnt.codec.buffers import Pinned
from xengnt.codec.kernels import Kernels
from xengnt.codec.memory import Memory
from xengnt.codec.plan import Plan, Slot
from xengnt.codec.shape import Cell, cells, completed, shape
from xengnt.codec.values import Values
from xengnt.errors import InvalidValue

MAX_COLUMNS = 32
"""As many as XENGNT_COLUMNS in ``native/columns.h``."""

MAX_FORMS = 256
"""As many are remembered of a struct."""

Type: TypeAlias = tuple[int, bool]
"""The width of an integer in bytes, and whether it is signed."""

Types: TypeAlias = "tuple[Type | None, ...]"
"""Those of columns, None for a scalar."""


_ALL = (1 << 64) - 1


def form_of(
    kernels: Kernels, plan: Plan, slots: Sequence[Slot], types: Types, *, out: bool = False
) -> Form:
    """Return the form of columns of these fields and types; each is made once."""
    key = (tuple([slot.name for slot in slots]), types, out)
    form: Form | None = plan.forms.get(key)
    if form is None:
        if len(plan.forms) >= MAX_FORMS:
            plan.forms.clear()
        form = plan.forms[key] = Form(kernels, plan, slots, types, out=out)
    return form


class Form:
    """What is the same for all batches with columns of the same types.

    Args:
        kernels: the extension's.
        plan: how the struct is packed.
        slots: the fields that are given; all others are zero.
        types: the width of each column and whether it is signed, None for a scalar.
        out: whether the columns are to be written.

    Attributes:
        cells: the integers of the struct, in order of their offset.
        table: what the table of a batch says of them, but for where they are.
        bytes: the size of that.
        kernel: the number of what composes them, -1 if there is none.
    """

    def __init__(
        self, kernels: Kernels, plan: Plan, slots: Sequence[Slot], types: Types, *, out: bool
    ) -> None:
        self.plan = plan
        self.kernel = -1
        columns: list[tuple[Slot, Type | None]] = list(zip(slots, types, strict=True))
        if slots and not out:
            fields = completed(plan.slots[slots[0].name][0], slots)
            self.kernel = kernels.composers.get(shape(plan.struct.size, fields).text, -1)
        if self.kernel >= 0:  # it composes all fields that go in, also those that are not given
            columns += [(slot, None) for slot in fields[len(slots) :]]
        found = []
        for column, (slot, kind) in enumerate(columns):
            width, signed = kind or (slot.size, slot.signed)
            fit = (0, 0) if kind is None or out else _limits(slot, width, signed=signed)
            for number, cell in enumerate(cells(slot)):
                entry = (kernels.ffi.NULL, 0, *fit, *cell, width, slot.signed if out else signed)
                found.append((_Cell(cell, slot, column, number), entry))
        found.sort(key=lambda one: one[0].cell)
        self.cells = [cell for cell, _ in found]
        self.table = kernels.ffi.new("struct xengnt_column[]", [entry for _, entry in found])
        self.bytes = kernels.ffi.sizeof(self.table)


class _Cell(NamedTuple):
    """An integer of a struct, and where its values are from."""

    cell: Cell
    slot: Slot
    column: int
    number: int


class Binding:
    """Columns bound to fields, once; the kernels then run on what is in them.

    Args:
        kernels: the extension's.
        form: what is known of their types.
        sources: where the columns are or, of scalars, what they are.
        count: of structs.

    Attributes:
        size: the bytes of all structs.
        batch: what the kernels take.
    """

    def __init__(
        self, kernels: Kernels, form: Form, sources: Sequence[Memory | int], count: int
    ) -> None:
        self.size = count * form.plan.struct.size
        if self.size > sys.maxsize:
            raise InvalidValue(
                f"{form.plan.label}: {count} elements are more bytes than there are addresses",
                struct=form.plan.struct.tag,
                got=count,
            )
        self._kernels = kernels
        self._form = form
        self._sources = sources
        ffi = kernels.ffi
        self._table = ffi.new("struct xengnt_column[]", len(form.cells))
        ffi.memmove(self._table, form.table, form.bytes)
        # A scalar is read again and again where it is; the last is of what is not given.
        self._scalars = ffi.new(
            "uint64_t[]",
            [*(one & _ALL if isinstance(one, int) else 0 for one in sources), 0],
        )
        scalars = int(ffi.cast("uintptr_t", self._scalars))
        addresses, strides = [], []
        for _, slot, column, number in form.cells:
            source = sources[column] if column < len(sources) else 0
            if isinstance(source, int):
                addresses.append(scalars + 8 * min(column, len(sources)))
                strides.append(0)
            else:
                inner = number * source.strides[-1] if slot.count is not None else 0
                addresses.append(source.address + inner)
                strides.append(source.strides[0])
        self.batch = ffi.new("struct xengnt_batch *")
        self.batch.count = count
        self.batch.size = form.plan.struct.size
        self.batch.column = self._table
        self.batch.columns = len(form.cells)
        self.batch.kernel = form.kernel
        kernels.lib.xengnt_place(self.batch, addresses, strides)

    def overlaps(self, address: int, length: int) -> bool:
        """Tell whether a column is in these bytes, even if in part."""
        return any(
            isinstance(source, Memory) and source.overlaps(address, length)
            for source in self._sources
        )

    def at(self, structs: Pinned) -> Binding:
        """Say where the structs are, and keep them there."""
        self._structs = structs
        self.batch.bytes = structs.pointer
        return self

    def scatter(self, values: Values) -> None:
        """Compose the structs, of all their columns.

        Raises:
            InvalidValue: a value that does not fit; nothing is written then.
        """
        if self._kernels.lib.xengnt_scatter(self.batch):
            raise self.refusal(values)

    def gather(self) -> None:
        """Take the structs apart, into all their columns."""
        self._kernels.lib.xengnt_gather(self.batch)

    def refusal(self, values: Values) -> InvalidValue:
        """Return the error about the value that the kernel has found."""
        element = int(self.batch.wrong_element)
        _, slot, column, number = self._form.cells[self.batch.wrong_column]
        source = self._sources[column]
        index = (element,) if slot.count is None else (element, number)
        value = source if isinstance(source, int) else source.value(self._kernels, *index)
        try:
            values.integer(slot, value, element)
        except InvalidValue as error:
            return error
        return values.wrong(element, f"{slot.name}: changed while it was encoded", slot)


def _limits(slot: Slot, width: int, *, signed: bool) -> tuple[int, int]:
    """Return a bias, and the bits that no value has which fits a field, once that is added."""
    full, bits = (1 << 8 * width) - 1, 8 * slot.size
    if signed and slot.signed:
        return (1 << bits - 1, full & -1 << bits) if width > slot.size else (0, 0)
    if slot.signed:
        return 0, full & -1 << bits - 1
    return 0, full & (-1 << min(bits, 8 * width - 1) if signed else -1 << bits)


def fits_a_batch(plan: Plan) -> bool:
    """Tell whether all fields of a struct are no more columns than the kernels take."""
    return all(
        sum(slot.count or 1 for slot in view.leaves) <= MAX_COLUMNS for view in plan.views.values()
    )
