# SPDX-License-Identifier: MIT
"""Rows and columns to bytes.

Which names a row has decides how it is packed: absent fields become padding, a
member of a union takes its own width. So for each set of names there is a `Packer`.
It packs lists of plain rows in C, at once. Whatever that does not take (symbols,
nested dicts, rows with different names, errors) goes through `Encoder.normalise`, row
by row, which is slow and explains.

Imports ``xengnt.errors``, the plan and what is beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from inspect import getattr_static
from struct import Struct
from types import MemberDescriptorType
from typing import Any, TypeAlias

from xengnt.codec.binding import Binding
from xengnt.codec.columns import bind_columns, pack_columns
from xengnt.codec.packer import Packer
from xengnt.codec.plan import Plan, Slot, View
from xengnt.codec.structured import columns_of, is_structured
from xengnt.codec.values import Values, is_scalar, is_time
from xengnt.errors import InvalidValue

Lists: TypeAlias = Callable[[list[Any]], bytes | None]
"""What packs lists of rows of one form, and returns None for all others."""

MAX_PACKERS = 256
"""As many sets of names are remembered."""


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
        self.values = Values(plan)
        leaves = [slot for slot in plan.raw.leaves if allow_out or not slot.out]
        self.inputs = tuple(slot.name for slot in leaves)
        self._width = sum(slot.count or 1 for slot in leaves)
        self._again: Lists = _no_rows  # packs lists like the last one
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
            if len(self._packers) >= MAX_PACKERS:
                self._packers.clear()
            found = self._packers[names] = Packer(self.plan, names)
        return found

    def encode(self, rows: object, first: int = 0) -> bytes:
        """Return rows or columns as bytes; the first row has this number, for errors."""
        if type(rows) is not list:
            pairs = self.columns(rows)
            if pairs is not None:
                return pack_columns(self.values, self.packer(tuple(pairs)), pairs)
            rows = self._rows(rows)
        data = self._again(rows)
        return self._anew(rows, first) if data is None else data

    def bind(self, rows: object, *, scalars: bool = False) -> Binding | None:
        """Return columns bound to where they are in memory, None if some are not.

        Args:
            rows: rows or columns.
            scalars: whether scalars alone will do.

        Raises:
            UnknownName, InvalidValue: as `encode`, but for the values in memory.
        """
        pairs = None if type(rows) is list else self.columns(rows)
        if pairs is None:
            return None
        return bind_columns(self.values, self.packer(tuple(pairs)), pairs, scalars=scalars)

    def columns(self, rows: Any) -> dict[str, Any] | None:
        """Return columns by dotted name, None if rows are given."""
        if isinstance(rows, Mapping):
            return self._pairs(rows, None)
        if is_structured(rows):
            return columns_of(self.plan, rows, allow_out=self.allow_out)
        return None

    def _anew(self, rows: list[Any], first: int) -> bytes:
        """Pack rows that are not like the last ones."""
        like = self._like(rows[0], first) if rows else None
        data = like(rows) if like else None
        if like and data is not None:
            self._again = like
            return data
        return b"".join(self._slow(row, number) for number, row in enumerate(rows, first))

    def _rows(self, rows: Any) -> list[Any]:
        """Return a list of rows, of another sequence, a generator or an array."""
        wrong = None
        if getattr(getattr(rows, "dtype", None), "names", None):
            wrong = "an array of structs of more than one dimension, or a single one"
        elif is_scalar(rows) or is_time(rows):
            wrong = f"expected rows or a mapping of columns, got {type(rows).__name__}"
        elif isinstance(rows, set | frozenset):
            wrong = "rows in a set have no order"
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
        packer = self._flat(row, 0) if type(row) is dict else None
        if packer and packer.fast:
            fast, slow = packer.fast.dict, self._slow
            self.encode_one = lambda row: fast(row) or slow(row, 0)
        return data

    def _like(self, first: Any, number: int) -> Lists | None:
        """Return what packs lists of rows like this one, None where each takes a look."""
        kind = type(first)
        if kind is dict:
            packer = self._flat(first, number)
            return packer.fast.dicts if packer and packer.fast else None
        if kind is tuple or kind is list:
            packer = self.packer(self.inputs)
            return packer.fast.tuples if packer.fast else None
        if isinstance(first, Mapping | tuple | list) and not hasattr(first, "_fields"):
            return None
        given = self._given(first, number)
        packer = self.packer(self._choose(given, number, first), number)
        if self.plan.raw.unions or any("." in name for name in self.inputs) or not packer.fast:
            return None
        fast = packer.fast.objects
        absent = tuple(name for name in self.inputs if name not in given)
        return lambda rows: fast(rows, kind, absent)

    def _flat(self, row: dict[Any, Any], number: int) -> Packer | None:
        """Return the packer of a dict with dotted names, None for one with nested dicts."""
        plain = all(isinstance(name, str) for name in row)
        nested = any(isinstance(value, Mapping) for value in row.values())
        return self.packer(tuple(row), number) if plain and not nested else None

    def _slow(self, row: object, number: int) -> bytes:
        """Pack one row of any form, or say what is wrong with it."""
        packer, values = self.normalise(row, number)
        return packer.struct.pack(*values)

    def normalise(self, row: object, number: int | None) -> tuple[Packer, list[int]]:
        """Return the packer of a row and its values as integers that fit.

        Args:
            row: a mapping, tuple, list or object; a namedtuple counts as an object.
            number: its index, for errors.

        Raises:
            UnknownName: a field or symbol that there is not.
            InvalidValue: a value that does not fit.
        """
        if isinstance(row, Mapping):
            pairs = self._pairs(row, number)
            names = tuple(pairs)
        elif isinstance(row, tuple | list) and not hasattr(row, "_fields"):
            if len(row) != self._width:
                raise self.values.wrong(
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
            pairs = self._given(row, number)
            names = self._choose(pairs, number, row)
        packer = self.packer(names, number)
        values: list[int] = []
        for slot in packer.slots:
            values += self.values.of(slot, pairs[slot.name], number)
        if len(names) < len(pairs):
            self._agree(packer, values, pairs, number)
        return packer, values

    def _pairs(self, row: Mapping[Any, Any], number: int | None) -> dict[str, Any]:
        """Return the values of a mapping, nested or not, by dotted name."""
        pairs: dict[str, Any] = {}
        for name, value in self._flatten(row, "", number):
            if name in pairs:
                slot = self.plan.slots[name][1] if name in self.plan.slots else None
                raise self.values.wrong(number, f"{name} is given twice", slot)
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
                        raise self.values.unknown(name, number)
                    slot = self.plan.slots[name][1]
                    words = f"{name}: expected a value, got a mapping"
                    raise self.values.wrong(number, words, slot, "an integer or a name", value)
                yield from self._flatten(value, f"{name}.", number)
            else:
                yield name, value

    def _given(self, row: object, number: int | None) -> dict[str, Any]:
        """Return the values of the fields that an object has as attributes.

        What is None is absent where a member of a union or what holds members is
        expected. Of a union they are the values of all its members that are there.
        """
        if isinstance(row, type):
            words = f"a row that is the class {row.__name__}, and no object of it"
            raise self.values.wrong(number, words, got=row)
        given: dict[str, Any] = {}
        for view in self.plan.views.values():
            for slot in view.leaves:
                value = self._attribute(row, slot.name, number)
                if value is _ABSENT or (slot.out and not self.allow_out):
                    continue
                if slot.leaf in view.unions:
                    names = [member.name for member in view.unions[slot.leaf].members.values()]
                    below = {name: self._attribute(row, name, number) for name in names}
                    if value is None or any(one is not _ABSENT for one in below.values()):
                        there = {n: v for n, v in below.items() if v is not _ABSENT}
                        given |= {n: v for n, v in there.items() if v is not None}
                        continue
                given[slot.name] = value
        return given

    def _attribute(self, row: object, name: str, number: int | None) -> object:
        """Return the value at a dotted path of attributes, `_ABSENT` where there is none."""
        held = row
        for step in name.split("."):
            if held is None:
                return _ABSENT
            try:
                held = getattr(held, step)
            except AttributeError as error:
                found = getattr_static(type(held), step, None)
                if found is None or isinstance(found, MemberDescriptorType):  # an empty slot
                    return _ABSENT
                words = f"the attribute {name} of {type(row).__name__} fails: {error}"
                slot = self.plan.slots[name][1]
                raise self.values.wrong(number, words, slot, got=row) from error
        return held

    def _choose(self, given: dict[str, Any], number: int | None, row: object) -> tuple[str, ...]:
        """Return the names to pack of what an object has.

        A ctypes or cffi object has all members of a union at once. Then the widest
        counts, which has the bytes of all; `_agree` sees to it that it really has.
        """
        if not given:
            kind = type(row).__name__
            raise self.values.wrong(
                number,
                f"a row that is {kind} and has none of the fields: rows are a list of "
                "mappings, tuples or objects",
                got=kind,
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
            if name not in chosen and list(held) != self.values.of(slot, value, number):
                near = [s.name for s in packer.slots if s.offset < slot.offset + slot.size]
                words = f"{name} and {near[-1]} are members of one union and differ: give one"
                raise self.values.wrong(number, words, slot, expected=held[0], got=value)

    def _verify(self, names: tuple[str, ...], row: int | None) -> None:
        """Raise unless these names go together."""
        taken: dict[tuple[str, int], str] = {}
        view: View | None = None
        for name in names:
            if name not in self.plan.slots:
                raise self.values.unknown(name, row)
            its_view, slot = self.plan.slots[name]
            if slot.out and not self.allow_out:
                raise self.values.wrong(
                    row, f"{name} is OUT: only the callee writes it; allow_out takes it", slot
                )
            if view is not None and its_view is not view:
                raise self.values.wrong(
                    row, f"{view.name} and {its_view.name} are members of one union: give one", slot
                )
            view = its_view
            other = taken.setdefault((its_view.name, slot.leaf), name)
            if other != name:
                raise self.values.wrong(
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
            raise self.values.wrong(
                row, f"{', '.join(missing)} {verb} missing", slot, expected=missing
            )


_ABSENT = object()


def _no_rows(_rows: list[Any]) -> bytes | None:
    return None
