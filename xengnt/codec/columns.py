# SPDX-License-Identifier: MIT
"""Columns to bytes: a mapping of leaf to array or scalar.

Columns in memory go through the kernels, lists of integers through the C of rows; of
all else each row is packed alone, which also finds the words for what is wrong.

Imports ``xengnt.errors``, the plan and what is beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, repeat
from typing import Any

from xengnt.codec import kernels
from xengnt.codec.binding import Binding, Type, form_of
from xengnt.codec.buffers import pinned
from xengnt.codec.memory import Memory, memory
from xengnt.codec.packer import Packer
from xengnt.codec.plan import Slot
from xengnt.codec.symbols import shown
from xengnt.codec.values import Values, is_scalar, is_time
from xengnt.errors import InvalidValue


def pack_columns(values: Values, packer: Packer, given: dict[str, Any]) -> bytes:
    """Return columns as bytes; scalars are repeated.

    Args:
        values: what takes the values of the struct.
        packer: that of the names of the columns.
        given: the columns by name.

    Raises:
        UnknownName: a symbol that there is not.
        InvalidValue: a value that does not fit, or columns of different lengths.
    """
    binding = bind_columns(values, packer, given)
    return _pack_lists(values, packer, given) if binding is None else packed(values, binding)


def packed(values: Values, binding: Binding) -> bytes:
    """Return bound columns as bytes."""
    data = bytes(binding.size)
    if data:  # nobody has seen these bytes yet, so they may still change
        binding.at(pinned(data)).scatter(values)
    return data


def bind_columns(
    values: Values, packer: Packer, given: dict[str, Any], *, scalars: bool = False
) -> Binding | None:
    """Return columns bound to their fields, None if one is neither in memory nor a scalar.

    Args:
        values: what takes the values of the struct.
        packer: that of the names of the columns.
        given: the columns by name.
        scalars: whether scalars alone will do.

    Raises:
        UnknownName, InvalidValue: as `pack_columns`, of scalars and lengths.
    """
    loaded = kernels.load()
    if loaded is None or not packer.fits_a_batch:
        return None
    sources: list[Memory | int] = []
    types: list[Type | None] = []
    lengths: dict[str, int] = {}
    for slot in packer.slots:
        column = given[slot.name]
        taken = None if type(column) is int else memory(loaded, column)
        if taken is None or len(taken.shape) != 1 or slot.count is not None:
            if slot.count is None and is_scalar(column):
                sources.append(values.integer(slot, column, None))
                types.append(None)
                continue
            taken = _rows_of(slot, taken) if taken else None
            if taken is None:
                return None
        sources.append(taken)
        types.append((taken.width, taken.signed))
        lengths[slot.name] = taken.shape[0]
    if not lengths and not scalars:
        return None
    form = form_of(loaded, values.plan, packer.slots, tuple(types))
    return Binding(loaded, form, sources, same_length(values, lengths))


def _rows_of(slot: Slot, taken: Memory) -> Memory | None:
    """Return a column with a row for each element; None if that is not what it has."""
    if slot.count is None:
        return taken if len(taken.shape) == 1 else None
    if taken.shape == (slot.count,):  # the one array of an array field
        return taken.as_row()
    return taken if taken.shape[1:] == (slot.count,) else None


def same_length(values: Values, lengths: dict[str, int]) -> int:
    """Return the length that all columns have, 1 if there are none.

    Raises:
        InvalidValue: they differ.
    """
    if len(set(lengths.values())) > 1:
        words = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise InvalidValue(
            f"{values.plan.label}: columns of different lengths: {words}",
            struct=values.plan.struct.tag,
            expected="columns of one length",
            got=lengths,
        )
    return next(iter(lengths.values()), 1)


def _pack_lists(values: Values, packer: Packer, given: dict[str, Any]) -> bytes:
    """Return columns as bytes that are lists, or not of integers alone."""
    columns = _read(values, packer.slots, given)
    lengths = {n: len(column) for n, column in columns.items() if isinstance(column, list)}
    count = same_length(values, lengths)
    if not columns:
        return bytes(values.plan.struct.size)
    if packer.fast:
        data: bytes | None = packer.fast.columns(tuple(columns.values()), count)
        if data is not None:
            return data  # else there is a symbol, or a value that does not fit
    # What a value does when it is asked for may change the lists.
    columns = {n: list(c) if isinstance(c, list) else c for n, c in columns.items()}
    lengths = {n: len(column) for n, column in columns.items() if isinstance(column, list)}
    count = same_length(values, lengths)
    spread = [c if isinstance(c, list) else repeat(c, count) for c in columns.values()]
    return b"".join(
        packer.struct.pack(
            *(
                value
                for slot, column in zip(packer.slots, row, strict=True)
                for value in values.of(slot, column, number)
            )
        )
        for number, row in enumerate(zip(*spread, strict=True))
    )


def _read(values: Values, slots: list[Slot], given: dict[str, Any]) -> dict[str, int | list[Any]]:
    """Return arrays as lists of Python objects, scalars as integers that fit.

    Of what has no length, and may have no end, one more is read than the others have.
    """
    columns: dict[str, Any] = {}
    endless: dict[str, Iterator[Any]] = {}
    for slot in slots:
        column = given[slot.name]
        if is_scalar(column) and slot.count is None:
            columns[slot.name] = values.integer(slot, column, None)
        elif is_scalar(column) or isinstance(column, set | frozenset) or is_time(column):
            words = f"{slot.name}: expected an array, got {shown(column)}"
            raise values.wrong(None, words, slot, expected="an array", got=column)
        elif hasattr(column, "__len__"):
            columns[slot.name] = _rows(slot, _listed(column))
        else:
            columns[slot.name] = None  # for its place in the order
            endless[slot.name] = iter(column)
    known = [len(column) for column in columns.values() if isinstance(column, list)]
    by_name = {slot.name: slot for slot in slots}
    if known:
        most = {name: max(known[0], by_name[name].count or 0) + 1 for name in endless}
        read = {name: list(islice(column, most[name])) for name, column in endless.items()}
    else:
        read = _to_the_end(endless)
    return columns | {name: _rows(by_name[name], column) for name, column in read.items()}


def _listed(column: Any) -> list[Any]:
    """Return a column as a list, which one is already."""
    if type(column) is list:
        return column
    return column.tolist() if hasattr(column, "tolist") else list(column)


def _to_the_end(columns: dict[str, Iterator[Any]]) -> dict[str, list[Any]]:
    """Read columns in step, until one of them ends."""
    read: dict[str, list[Any]] = {name: [] for name in columns}
    if len(columns) == 1:
        return {name: list(column) for name, column in columns.items()}
    ended = not columns
    while not ended:
        for name, column in columns.items():
            value = next(column, _END)
            if value is _END:
                ended = True
            else:
                read[name].append(value)
    return read


_END = object()


def _rows(slot: Slot, column: list[Any]) -> list[Any]:
    """Return a column as it is, but the one array of an array field as one row."""
    return [column] if slot.count is not None and column and is_scalar(column[0]) else column
