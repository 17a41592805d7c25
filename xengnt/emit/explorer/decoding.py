# SPDX-License-Identifier: MIT
"""How the page decodes: the codec's plan of every struct, as JSON.

What is the same for several ABIs and interface versions is there once.

Imports ``xengnt.abi``, ``xengnt.codec``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from xengnt.abi.choice import Choice
from xengnt.abi.declarations import Enum
from xengnt.codec import Abi
from xengnt.codec.plan import Plan, Slot, Union, View

ABSENT = -1
"""The number of a plan that there is not."""


class _Once:
    """Values of JSON, each by a number."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._numbers: dict[str, int] = {}

    def number(self, value: Any) -> int:
        """Return the number of a value."""
        key = json.dumps(value)
        if key not in self._numbers:
            self._numbers[key] = len(self.values)
            self.values.append(value)
        return self._numbers[key]


def decoding(settings: Sequence[Sequence[Abi]]) -> dict[str, Any]:
    """Return plans, the names of values, and which plan is whose.

    Args:
        settings: for each interface version, every ABI.
    """
    plans, symbols = _Once(), _Once()
    which: dict[str, list[list[int]]] = {}
    for at, abis in enumerate(settings):
        for of, abi in enumerate(abis):
            for name in names(abi):
                rows = which.setdefault(name, [[ABSENT] * len(abis) for _ in settings])
                rows[at][of] = plans.number(_plan(abi, name, symbols))
    return {"plans": plans.values, "symbols": symbols.values, "which": which}


def names(abi: Abi) -> list[str]:
    """Return what can be decoded: ops, other structs, and scalar types."""
    layout = abi.layout
    arguments = {op.struct for op in layout.ops.values()}
    return [
        *layout.ops,
        *(tag for tag in layout.structs if tag not in arguments),
        *layout.typedefs,
    ]


def _plan(abi: Abi, name: str, symbols: _Once) -> dict[str, Any]:
    plan = abi.codec(name).plan
    first = next(iter(plan.views.values()))
    return {
        "tag": plan.struct.tag,
        "size": plan.struct.size,
        "holes": plan.struct.holes,
        "choice": _choice(plan, first, plan.choice),
        "raw": list(plan.views).index(plan.raw.name),
        "views": [
            {
                "name": view.name,
                "end": view.end,
                "leaves": [
                    _slot(abi, slot, symbols)
                    | _union(abi, plan, view, view.unions.get(slot.leaf), symbols)
                    for slot in sorted(view.leaves, key=lambda one: one.offset)
                ],
            }
            for view in plan.views.values()
        ],
    }


def _slot(abi: Abi, slot: Slot, symbols: _Once) -> dict[str, Any]:
    return {
        "name": slot.name,
        "offset": slot.offset,
        "size": slot.size,
        "count": slot.count,
        "signed": slot.signed,
        "direction": slot.field.direction,
        "symbols": symbols.number([_enum(abi, slot, one) for one in slot.symbols.enums]),
    }


def _union(abi: Abi, plan: Plan, view: View, union: Union | None, symbols: _Once) -> dict[str, Any]:
    if union is None:
        return {}
    members = {name: _slot(abi, slot, symbols) for name, slot in union.members.items()}
    return {"members": members, "choice": _choice(plan, view, union.choice)}


def _choice(plan: Plan, view: View, choice: Choice | None) -> Any:
    """Return a choice with each condition as the bytes to look at, a mask, and a value."""
    if choice is None or isinstance(choice, str):
        return choice
    held, mask, value = plan.condition(view, choice[0])
    then, other = _choice(plan, view, choice[1]), _choice(plan, view, choice[2])
    return [held.offset, held.size, mask, value, then, other]


def _enum(abi: Abi, slot: Slot, enum: Enum) -> dict[str, Any]:
    constants = abi.declarations.constants
    return {
        "bits": enum.bits,
        "mask": constants[enum.mask].value if enum.mask else None,
        "condition": _condition(abi, slot, enum),
        "members": [[name, constants[name].value] for name in enum.members],
    }


def _condition(abi: Abi, slot: Slot, enum: Enum) -> Any:
    """Return when an enumeration applies to a value: mask, value, and whether it must be so."""
    if enum.condition is None or len(slot.symbols.enums) == 1:
        return None
    name = enum.condition.lstrip("!")
    for one in slot.symbols.enums:
        if name in one.members:
            value = abi.declarations.constants[name].value
            mask = abi.declarations.constants[one.mask].value if one.mask else value
            return [mask, value, not enum.condition.startswith("!")]
    return None
