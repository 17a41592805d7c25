# SPDX-License-Identifier: MIT
"""Rows and columns to bytes.

Which names a row has decides how it is packed: absent fields become padding, a
member of a union takes its own width. So for each set of names a `Packer` is made
once. It packs lists of plain rows in C, at once. Whatever that does not take
(symbols, nested dicts, rows with different names, errors) goes through
`Encoder.normalise`, row by row, which is slow and explains.

Imports ``xengnt.errors``, ``xengnt.extension`` and the plan.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import repeat
from operator import index
from struct import Struct
from struct import error as StructError  # noqa: N812 -- struct names it in lower case
from typing import Any

from xengnt.codec.plan import Plan, Slot, View
from xengnt.codec.symbols import shown
from xengnt.errors import InvalidValue, Unavailable, UnknownName
from xengnt.extension import ROWS, load

_MISS = (StructError, TypeError, OverflowError)
"""What the module struct raises on values that are no integers or do not fit."""


class Packer:
    """Packs rows that have just these names.

    Attributes:
        slots: what the names stand for, in order of their offset.
        struct: the format; what has no name is zero.
        fast: packs lists of rows of integers, and returns None for all others; None
            where the extension was not built.
    """

    def __init__(self, plan: Plan, names: Sequence[str]) -> None:
        slots = [plan.slots[name][1] for name in names]
        self.slots = sorted(slots, key=lambda slot: slot.offset)
        self.struct = Struct(format_of(self.slots, plan.struct.size))
        self.fast: Any = None
        with suppress(Unavailable):
            self.fast = load(ROWS).Packer(
                plan.struct.size,
                tuple(
                    (slot.name, slot.offset, -1 if slot.count is None else slot.count, slot.size,
                     slot.signed)
                    for slot in self.slots
                ),
            )  # fmt: skip


def format_of(slots: Iterable[Slot], size: int) -> str:
    """Return the format of the module struct that has these slots, and else padding."""
    parts = ["<"]
    reached = 0
    for slot in slots:
        parts.append(f"{slot.offset - reached}x{slot.code}")
        reached = slot.offset + slot.size * (slot.count or 1)
    return "".join(parts) + f"{size - reached}x"


class Encoder:
    """Encodes one struct.

    Args:
        plan: how it is packed.
        strict: whether every field that goes in must be given.
        allow_out: whether fields that come out may be given.
    """

    def __init__(self, plan: Plan, *, strict: bool = False, allow_out: bool = False) -> None:
        self.plan = plan
        self.strict = strict
        self.allow_out = allow_out
        self._packers: dict[tuple[str, ...], Packer] = {}
        self._by_type: dict[type, tuple[Packer, tuple[str, ...]] | None] = {}
        leaves = [slot for slot in plan.raw.leaves if allow_out or not slot.out]
        self.inputs = tuple(slot.name for slot in leaves)
        self._width = sum(slot.count or 1 for slot in leaves)
        self.encode_one: Callable[[Any], bytes] = self._first
        """Packs one row; fastest for dicts like the first that it got."""

    def packer(self, names: tuple[str, ...], row: int | None = None) -> Packer:
        """Return the packer of rows with these names.

        Raises:
            UnknownName: a name that the struct does not have.
            InvalidValue: names that do not go together, are missing, or come out only.
        """
        found = self._packers.get(names)
        if found is None:
            self._verify(names, row)
            found = self._packers[names] = Packer(self.plan, names)
        return found

    def encode(self, rows: object) -> bytes:
        """Return rows or columns as bytes."""
        if type(rows) is not list:
            if isinstance(rows, Mapping):
                return self._columns(rows)
            rows = self._rows(rows)
        if not rows:
            return b""
        data = self._fast(rows)
        if data is None:
            return b"".join(self._slow(row, number) for number, row in enumerate(rows))
        return data

    def _rows(self, rows: Any) -> list[Any]:
        """Return a list of rows, of another sequence, a generator or an array."""
        wrong = None
        if _is_scalar(rows):
            wrong = f"expected rows or a mapping of columns, got {type(rows).__name__}"
        elif isinstance(rows, set | frozenset):
            wrong = "rows in a set have no order"
        elif getattr(getattr(rows, "dtype", None), "names", None):
            wrong = "an array of structs: give columns, {name: array[name]}, or take its bytes"
        if wrong:
            raise InvalidValue(
                f"{self.plan.label}: {wrong}",
                struct=self.plan.struct.tag,
                expected="rows or columns",
                got=type(rows).__name__,
            )
        return rows.tolist() if hasattr(rows, "tolist") else list(rows)

    def _first(self, row: Any) -> bytes:
        """Pack one row, and make `encode_one` fast for more like it."""
        data = self._slow(row, 0)
        packer = self._flat(row) if type(row) is dict else None
        if packer and packer.fast:
            fast, slow = packer.fast.dict, self._slow
            self.encode_one = lambda row: fast(row) or slow(row, 0)
        return data

    def _fast(self, rows: list[Any]) -> bytes | None:
        """Pack rows that are all like the first, and hold plain integers; else return None."""
        first = rows[0]
        kind = type(first)
        if kind is dict:
            packer = self._packers.get(tuple(first)) or self._flat(first)
            return packer.fast.dicts(rows) if packer and packer.fast else None
        if isinstance(first, tuple | list):
            packer = self.packer(self.inputs)
            return packer.fast.tuples(rows) if packer.fast else None
        if isinstance(first, Mapping):
            return None
        if kind not in self._by_type:
            self._by_type[kind] = self._like(first)
        like = self._by_type[kind]
        return like[0].fast.objects(rows, kind, like[1]) if like else None

    def _like(self, row: object) -> tuple[Packer, tuple[str, ...]] | None:
        """Return the packer of objects like this one, and which fields they do not have.

        It is None where that takes a look at each object.
        """
        given = self._given(row)
        packer = self.packer(self._choose(given, 0, row), 0)
        if self.plan.raw.unions or any("." in name for name in self.inputs) or not packer.fast:
            return None
        return packer, tuple(name for name in self.inputs if name not in given)

    def _flat(self, row: dict[Any, Any]) -> Packer | None:
        """Return the packer of a dict with dotted names, None for one with nested dicts."""
        plain = all(isinstance(name, str) for name in row)
        nested = any(isinstance(value, Mapping) for value in row.values())
        return self.packer(tuple(row), 0) if plain and not nested else None

    def _slow(self, row: object, number: int) -> bytes:
        """Pack one row of any form, or say what is wrong with it."""
        packer, values = self.normalise(row, number)
        return packer.struct.pack(*values)

    def normalise(self, row: object, number: int | None) -> tuple[Packer, list[int]]:
        """Return the packer of a row and its values as integers that fit.

        Args:
            row: a mapping, sequence or object.
            number: its index, for errors.

        Raises:
            UnknownName: a field or symbol that there is not.
            InvalidValue: a value that does not fit.
        """
        if isinstance(row, Mapping):
            pairs = self._pairs(row, number)
            names = tuple(pairs)
        elif isinstance(row, tuple | list):
            if len(row) != self._width:
                raise self._wrong(
                    number,
                    f"{len(row)} values for {self._width} fields",
                    expected=self._width,
                    got=len(row),
                )
            rest = iter(row)
            pairs = {}
            for slot in self.packer(self.inputs).slots:
                some = [next(rest) for _ in range(slot.count or 1)]
                pairs[slot.name] = some[0] if slot.count is None else some
            names = self.inputs
        else:
            pairs = self._given(row)
            names = self._choose(pairs, number, row)
        packer = self.packer(names, number)
        values: list[int] = []
        for slot in packer.slots:
            values += self.values(slot, pairs[slot.name], number)
        if len(names) < len(pairs):
            self._agree(packer, values, pairs, number)
        return packer, values

    def values(self, slot: Slot, value: Any, number: int | None) -> list[int]:
        """Return a field's value, or those of an array, as integers that fit."""
        if slot.count is None:
            return [self._integer(slot, value, number)]
        elements: list[Any] = [value] if _is_scalar(value) else list(value)
        if len(elements) != slot.count:
            raise self._wrong(
                number,
                f"{slot.name}: {len(elements)} elements for {slot.count}",
                slot,
                expected=slot.count,
                got=len(elements),
            )
        return [self._integer(slot, element, number) for element in elements]

    def _integer(self, slot: Slot, value: object, number: int | None) -> int:
        if isinstance(value, str):
            try:
                result = slot.symbols.parse(value)
            except UnknownName as error:
                raise UnknownName(
                    f"{self._at(number)}: {slot.name}: {error}",
                    **self._place(slot, number),
                    expected=error.expected,
                    got=value,
                ) from None
        else:
            try:
                result = index(value)  # type: ignore[arg-type]  # raises for what is none
            except TypeError:
                kind = type(value).__name__
                raise self._wrong(
                    number,
                    f"{slot.name}: expected an integer or a name, got {shown(value)} ({kind})",
                    slot,
                    expected="an integer or a name",
                    got=value,
                ) from None
        if not slot.low <= result <= slot.high:
            raise self._wrong(
                number,
                f"{slot.name}: {shown(result)} does not fit {slot.field.type}: "
                f"expected {slot.low} to {slot.high}",
                slot,
                expected=(slot.low, slot.high),
                got=result,
            )
        return result

    def _columns(self, columns: Mapping[Any, Any]) -> bytes:
        """Pack a mapping of leaf to array or scalar."""
        pairs = self._pairs(columns, None)
        packer = self.packer(tuple(pairs))
        lengths: dict[str, int] = {}
        taken: list[Any] = []
        for slot in packer.slots:
            column = self._column(slot, pairs[slot.name])
            if isinstance(column, list):
                lengths[slot.name] = len(column)
            taken.append(column)
        if len(set(lengths.values())) > 1:
            words = ", ".join(f"{name} has {length}" for name, length in lengths.items())
            raise InvalidValue(
                f"{self.plan.label}: columns of different lengths: {words}",
                struct=self.plan.struct.tag,
                expected="columns of one length",
                got=lengths,
            )
        count = next(iter(lengths.values()), 1)
        if not taken:
            return bytes(self.plan.struct.size * count)
        arrays = any(slot.count is not None for slot in packer.slots)
        if not arrays:
            spread = [one if isinstance(one, list) else repeat(one, count) for one in taken]
            try:
                return b"".join(map(packer.struct.pack, *spread))
            except _MISS:
                pass  # a symbol, or a value that does not fit: found below
        chunks = []
        for number in range(count):
            values: list[int] = []
            for slot, column in zip(packer.slots, taken, strict=True):
                value = column[number] if isinstance(column, list) else column
                values += self.values(slot, value, number)
            chunks.append(packer.struct.pack(*values))
        return b"".join(chunks)

    def _column(self, slot: Slot, column: object) -> int | list[Any]:
        """Return an array as a list of Python objects, a scalar as an integer that fits."""
        if _is_scalar(column) and slot.count is None:
            return self._integer(slot, column, None)
        if _is_scalar(column) or isinstance(column, set | frozenset):
            words = f"{slot.name}: expected an array, got {shown(column)}"
            raise self._wrong(None, words, slot, expected="an array", got=column)
        return _listed(column, slot)

    def _pairs(self, row: Mapping[Any, Any], number: int | None) -> dict[str, Any]:
        """Return the values of a mapping, nested or not, by dotted name."""
        pairs: dict[str, Any] = {}
        for name, value in self._flatten(row, "", number):
            if name in pairs:
                slot = self.plan.slots[name][1] if name in self.plan.slots else None
                raise self._wrong(number, f"{name} is given twice", slot)
            pairs[name] = value
        return pairs

    def _flatten(
        self, row: Mapping[Any, Any], start: str, number: int | None
    ) -> Iterator[tuple[str, Any]]:
        """Give dotted names and values of a mapping, nested or not."""
        for key, value in row.items():
            name = f"{start}{key}"
            if isinstance(value, Mapping):
                if not self.plan.struct.members_of(name):
                    if name not in self.plan.slots:
                        raise self._unknown(name, number)
                    slot = self.plan.slots[name][1]
                    words = f"{name}: expected a value, got a mapping"
                    raise self._wrong(number, words, slot, "an integer or a name", value)
                yield from self._flatten(value, f"{name}.", number)
            else:
                yield name, value

    def _given(self, row: object) -> dict[str, Any]:
        """Return the values of the fields that an object has as attributes.

        What is None is absent where a member of a union or what holds members is
        expected. Of a union they are the values of all its members that are there.
        """
        given: dict[str, Any] = {}
        for view in self.plan.views.values():
            for slot in view.leaves:
                value = _attribute(row, slot.name)
                if value is _ABSENT or (slot.out and not self.allow_out):
                    continue
                if slot.leaf in view.unions:
                    names = [member.name for member in view.unions[slot.leaf].members.values()]
                    below = {name: _attribute(row, name) for name in names}
                    if value is None or any(one is not _ABSENT for one in below.values()):
                        there = {n: v for n, v in below.items() if v is not _ABSENT}
                        given |= {n: v for n, v in there.items() if v is not None}
                        continue
                given[slot.name] = value
        return given

    def _choose(self, given: dict[str, Any], number: int | None, row: object) -> tuple[str, ...]:
        """Return the names to pack of what an object has.

        A ctypes or cffi object has all members of a union at once. Then the widest
        counts, which has the bytes of all; `_agree` sees to it that it really has.
        """
        if not given:
            kind = type(row).__name__
            raise self._wrong(
                number, f"a row that is {kind} and has none of the fields", expected=None, got=kind
            )
        views = {self.plan.slots[name][0].name for name in given}
        raw = self.plan.raw
        if len(views) > 1 and all(slot.name in given for slot in raw.leaves):
            return tuple(slot.name for slot in raw.leaves)
        widest: dict[tuple[str, int], Slot] = {}
        for name in given:
            view, slot = self.plan.slots[name]
            other = widest.setdefault((view.name, slot.leaf), slot)
            if slot.size > other.size:
                widest[view.name, slot.leaf] = slot
        return tuple(slot.name for slot in widest.values())

    def _agree(
        self, packer: Packer, values: list[int], given: dict[str, Any], number: int | None
    ) -> None:
        """Raise unless what was not packed has the value that its bytes now have."""
        packed = packer.struct.pack(*values)
        chosen = {slot.name for slot in packer.slots}
        for name, value in given.items():
            slot = self.plan.slots[name][1]
            held = Struct(f"<{slot.code}").unpack_from(packed, slot.offset)
            if name not in chosen and list(held) != self.values(slot, value, number):
                near = [s.name for s in packer.slots if s.offset < slot.offset + slot.size]
                words = f"{name} and {near[-1]} are members of one union and differ: give one"
                raise self._wrong(number, words, slot, expected=held[0], got=value)

    def _verify(self, names: tuple[str, ...], row: int | None) -> None:
        """Raise unless these names go together."""
        taken: dict[tuple[str, int], str] = {}
        view: View | None = None
        for name in names:
            if name not in self.plan.slots:
                raise self._unknown(name, row)
            its_view, slot = self.plan.slots[name]
            if slot.out and not self.allow_out:
                raise self._wrong(row, f"{name} is OUT: only the callee writes it", slot)
            if view is not None and its_view is not view:
                raise self._wrong(
                    row, f"{view.name} and {its_view.name} are members of one union: give one", slot
                )
            view = its_view
            other = taken.setdefault((its_view.name, slot.leaf), name)
            if other != name:
                raise self._wrong(
                    row, f"{other} and {name} are members of one union: give one", slot
                )
        if self.strict and view is not None:
            given = {leaf for _, leaf in taken}
            missing = [s.name for s in view.leaves if s.leaf not in given and not s.out]
        else:
            missing = [] if names or not self.strict else list(self.inputs)
        if missing:
            verb = "is" if len(missing) == 1 else "are"
            slot = self.plan.slots[missing[0]][1]
            raise self._wrong(row, f"{', '.join(missing)} {verb} missing", slot, expected=missing)

    def _unknown(self, name: str, row: int | None) -> UnknownName:
        near = difflib.get_close_matches(name, self.plan.slots, n=1)
        hint = f", did you mean {near[0]}?" if near else ""
        return UnknownName(
            f"{self._at(row)}: no field {shown(name)}{hint}",
            struct=self.plan.struct.tag,
            field=name,
            element=row,
            expected=list(self.plan.slots),
            got=name,
        )

    def _at(self, number: int | None) -> str:
        return self.plan.label if number is None else f"{self.plan.label} row {number}"

    def _place(self, slot: Slot | None, number: int | None) -> dict[str, Any]:
        return {
            "struct": self.plan.struct.tag,
            "field": slot.name if slot else None,
            "element": number,
            "offset": slot.offset if slot else None,
        }

    def _wrong(
        self,
        number: int | None,
        words: str,
        slot: Slot | None = None,
        expected: object = None,
        got: object = None,
    ) -> InvalidValue:
        return InvalidValue(
            f"{self._at(number)}: {words}",
            **self._place(slot, number),
            expected=expected,
            got=got,
        )


_ABSENT = object()


def _attribute(row: object, name: str) -> object:
    """Return the value at a dotted path of attributes, `_ABSENT` where there is none."""
    for step in name.split("."):
        row = _ABSENT if row is None else getattr(row, step, _ABSENT)
    return row


def _is_scalar(value: object) -> bool:
    # Flags have a length and members, and are integers all the same.
    if isinstance(value, int | str | bytes | bytearray) or getattr(value, "ndim", None) == 0:
        return True
    return not (hasattr(value, "__len__") or hasattr(value, "__iter__"))


def _listed(column: Any, slot: Slot) -> list[Any]:
    """Return a column as a list of Python objects; the one array of an array field as one row."""
    listed = column.tolist() if hasattr(column, "tolist") else list(column)
    if slot.count is not None and listed and _is_scalar(listed[0]):
        return [listed]
    return listed
