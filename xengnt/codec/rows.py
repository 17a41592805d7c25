# SPDX-License-Identifier: MIT
"""Rows and columns to bytes: straight-line code, made for each set of names.

Which names a row has decides how it is packed: absent fields become padding in
the format, a member of a union takes its own width. So for each set of names a
`Packer` is made once. It has a `struct.Struct` that checks every range, and
functions generated for dicts and objects. Whatever that fast way does not take
(symbols, nested dicts, rows with different names, errors) goes through
`Encoder.normalise`, which is slow and explains.

Imports ``xengnt.errors`` and the plan.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import repeat, starmap
from operator import index
from struct import Struct
from struct import error as StructError  # noqa: N812 -- struct names it in lower case
from typing import Any

from xengnt.codec.plan import Plan, Slot, View
from xengnt.codec.symbols import shown
from xengnt.errors import InvalidValue, UnknownName

_MISS = (StructError, KeyError, TypeError, AttributeError, OverflowError)
"""What the fast way raises on rows that it does not take."""


class Packer:
    """Packs rows that have just these names.

    The functions raise one of `_MISS` on rows that they do not take.

    Attributes:
        slots: what the names stand for, in order of their offset.
        struct: the format; what has no name is zero.
        dicts: packs a sequence of dicts into a list.
    """

    def __init__(self, plan: Plan, names: Sequence[str]) -> None:
        slots = [plan.slots[name][1] for name in names]
        self.slots = sorted(slots, key=lambda slot: slot.offset)
        self.struct = Struct(format_of(self.slots, plan.struct.size))
        self._dict_call = self._call("row[{0!r}]")
        self.dicts = self._make(
            # A name too few raises; a row with one too many is left out, and that is seen.
            f"packed = [{self._dict_call} for row in rows if len(row) == {len(names)}]\n"
            "    if len(packed) != len(rows): raise KeyError\n"
            "    return packed"
        )

    def objects(self, kind: type, keys: set[str] | None) -> Callable[[Any], Any]:
        """Return a function that packs a sequence of objects into a list.

        Args:
            kind: the class that all must have.
            keys: the names of the attributes that each must have of its own; None for
                a class whose instances have none.
        """
        like = "type(row) is kind"
        if keys is not None:
            like += " and row.__dict__.keys() == keys"
        return self._make(
            f"packed = [{self._call('row.{0}')} for row in rows if {like}]\n"
            "    if len(packed) != len(rows): raise KeyError\n"
            "    return packed",
            kind=kind,
            keys=keys,
        )

    def one(self, slow: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
        """Return a function that packs one dict, and hands every other row to `slow`."""
        return self._make(
            "try:\n"
            f"        if len(row) == {len(self.slots)}: return {self._dict_call}\n"
            "    except miss: pass\n"
            "    return slow(row)",
            "row",
            slow=slow,
            miss=_MISS,
        )

    def _call(self, access: str) -> str:
        """Return the expression that packs a row, each value fetched in this way."""
        values = [
            ("*" if slot.count is not None else "") + access.format(slot.name)
            for slot in self.slots
        ]
        return f"pack({', '.join(values)})"

    def _make(self, body: str, argument: str = "rows", **space: object) -> Callable[[Any], Any]:
        names: dict[str, Any] = {"pack": self.struct.pack, **space}
        exec(f"def made({argument}):\n    {body}\n", names)  # noqa: S102 -- of names of the header
        made: Callable[[Any], Any] = names["made"]
        return made


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
        self._by_type: dict[type, Callable[[Any], Any] | None] = {}
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
        if isinstance(rows, Mapping):
            return self._columns(rows)
        if _is_scalar(rows):
            kind = type(rows).__name__
            raise InvalidValue(
                f"{self.plan.label}: expected rows or a mapping of columns, got {kind}",
                struct=self.plan.struct.tag,
                expected="rows or columns",
                got=kind,
            )
        if not isinstance(rows, Sequence):
            rows = self._rows(rows)
        if len(rows) == 0:  # which an array does not say by being false
            return b""
        try:
            return b"".join(self._fast(rows))
        except _MISS:
            return b"".join(self._slow(row, number) for number, row in enumerate(rows))

    def _rows(self, rows: Any) -> list[Any]:
        """Return a list of rows, of a generator or an array."""
        wrong = None
        if isinstance(rows, set | frozenset):
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
        if isinstance(row, dict):
            try:
                packer = self._flat(row)
            except _MISS:
                return data
            self.encode_one = packer.one(lambda other: self._slow(other, 0))
        return data

    def _fast(self, rows: Sequence[Any]) -> Iterable[bytes]:
        """Pack rows that are all like the first, or raise one of `_MISS`."""
        first = rows[0]
        if isinstance(first, dict):
            packer = self._packers.get(tuple(first)) or self._flat(first)
            return packer.dicts(rows)  # type: ignore[no-any-return]  # made at run time
        if isinstance(first, tuple | list):
            return starmap(self.packer(self.inputs).struct.pack, rows)
        if isinstance(first, Mapping):
            raise KeyError
        kind = type(first)
        if kind not in self._by_type:
            self._by_type[kind] = self._like(first)
        pack = self._by_type[kind]
        if pack is None:
            raise KeyError
        return pack(rows)  # type: ignore[no-any-return]  # the same

    def _like(self, row: object) -> Callable[[Any], Any] | None:
        """Return what packs objects like this one, None if that takes a look at each.

        That is so unless the class and the names in the object's own dictionary tell
        which fields it has.
        """
        given = self._given(row)
        packer = self.packer(self._choose(given, 0, row), 0)
        own = getattr(row, "__dict__", None)
        known = {name for name in self.inputs if hasattr(type(row), name) or name in (own or ())}
        if self.plan.raw.unions or any("." in name for name in self.inputs) or known != set(given):
            return None
        return packer.objects(type(row), None if own is None else set(own))

    def _flat(self, row: dict[Any, Any]) -> Packer:
        """Return the packer of a dict with dotted names, or raise one of `_MISS`."""
        if any(isinstance(value, Mapping) for value in row.values()):
            raise KeyError
        return self.packer(tuple(row), 0)

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
