# SPDX-License-Identifier: MIT
"""What is given for a field, as integers that fit; and the errors that say where it does not.

Imports ``xengnt.errors`` and the plan.
"""

from __future__ import annotations

import difflib
from itertools import islice
from operator import index
from typing import Any

from xengnt.codec.plan import Plan, Slot
from xengnt.codec.symbols import shown
from xengnt.errors import InvalidValue, UnknownName


class Values:
    """Takes values for the fields of one struct.

    Args:
        plan: how it is packed.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def of(self, slot: Slot, value: Any, number: int | None) -> list[int]:
        """Return a field's value, or those of an array, as integers that fit.

        Args:
            slot: the field.
            value: what is given for it.
            number: the index of the row, for errors.

        Raises:
            UnknownName: a name that there is not.
            InvalidValue: no integer, or one that does not fit.
        """
        if slot.count is None:
            return [self.integer(slot, value, number)]
        if isinstance(value, set | frozenset):
            raise self.wrong(number, f"{slot.name}: a set has no order", slot, "an array", value)
        elements = [value] if is_scalar(value) else list(islice(value, slot.count + 1))
        if len(elements) != slot.count:
            many = "more" if len(elements) > slot.count else str(len(elements))
            raise self.wrong(
                number,
                f"{slot.name}: {many} elements for {slot.count}",
                slot,
                expected=slot.count,
                got=len(elements),
            )
        return [self.integer(slot, element, number) for element in elements]

    def integer(self, slot: Slot, value: object, number: int | None) -> int:
        """Return one value as an integer that fits; see `of`."""
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
            except InvalidValue as error:
                words = f"{slot.name}: {error}"
                raise self.wrong(number, words, slot, error.expected, value) from None
        else:
            try:
                result = index(_no_other(value))  # type: ignore[arg-type]  # raises for what is none
            except TypeError:
                kind = type(value).__name__
                raise self.wrong(
                    number,
                    f"{slot.name}: expected an integer or a name, got {shown(value)} ({kind})",
                    slot,
                    expected="an integer or a name",
                    got=value,
                ) from None
        if not slot.low <= result <= slot.high:
            raise self.wrong(
                number,
                f"{slot.name}: {shown(result)} does not fit {slot.field.type}: "
                f"expected {slot.low} to {slot.high}",
                slot,
                expected=(slot.low, slot.high),
                got=result,
            )
        return result

    def unknown(self, name: str, number: int | None) -> UnknownName:
        """Return the error about a name that is no field, or none with a value of its own."""
        members = self.plan.struct.members_of(name)
        if members:
            kind = self.plan.struct.field(name).kind
            given = ", ".join(member.name for member in members)
            words = f"{shown(name)} is a {kind}: give its members, {given}"
        else:
            near = difflib.get_close_matches(name, self.plan.slots, n=1)
            words = f"no field {shown(name)}{f', did you mean {near[0]}?' if near else ''}"
        return UnknownName(
            f"{self._at(number)}: {words}",
            struct=self.plan.struct.tag,
            field=name,
            element=number,
            expected=list(self.plan.slots),
            got=name,
        )

    def wrong(
        self,
        number: int | None,
        words: str,
        slot: Slot | None = None,
        expected: object = None,
        got: object = None,
    ) -> InvalidValue:
        """Return the error about a row, or about a column where there is no number."""
        return InvalidValue(
            f"{self._at(number)}: {words}",
            **self._place(slot, number),
            expected=expected,
            got=got,
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


def _no_other(value: object) -> object:
    """Return a value unless it is of those that Python or numpy take for integers: as None."""
    other = isinstance(value, bool) or is_time(value)
    return None if other else value


def is_time(value: object) -> bool:
    """Tell whether it is numpy's date or span of time, or an array of them."""
    return getattr(getattr(value, "dtype", None), "kind", "") in ("m", "M")


_SCALARS = (int, str, bytes, bytearray, type)


def is_scalar(value: object) -> bool:
    """Tell whether it is one value, rather than an array of some."""
    # Flags have a length and members, and are integers all the same.
    if isinstance(value, _SCALARS) or getattr(value, "ndim", None) == 0:
        return True
    return not (hasattr(value, "__iter__") or hasattr(value, "__getitem__"))
