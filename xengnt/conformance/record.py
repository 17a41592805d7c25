# SPDX-License-Identifier: MIT
"""Plays a scenario and writes down what was seen, in words that hold on any machine.

What a machine chooses is named (``$b.machine[1]``), or is anything (``"any"``); of a call
is said which fields came out, and that nothing else was touched. So what one hypervisor
did is what another has to do.

Imports ``xengnt.codec``, ``xengnt.scenario``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from xengnt.codec import Abi, Codec
from xengnt.codec.lists import without_addresses
from xengnt.scenario import Call, Scenario, play
from xengnt.scenario.call import ANY
from xengnt.scenario.line import Line
from xengnt.scenario.steps import MakeDomain
from xengnt.scenario.world import Actor, World

CHOSEN = "grant_handle_t"
"""Values of this type are the machine's choice."""


def record(scenario: Scenario, world: World) -> Iterator[Line]:
    """Play a scenario, and give each of its lines with what was seen.

    Args:
        scenario: what to play; what it expects is forgotten.
        world: where to play it.

    Raises:
        XengntError: as `play`.
    """
    known = _Known(world)
    for step, _ in play(_without_expectations(scenario), known):
        if isinstance(step, Call):
            yield _call_line(step, scenario.abi_of(step), known)
        else:
            yield step.line


def _without_expectations(scenario: Scenario) -> Scenario:
    steps = [
        replace(step, rc=None, results=[], out=None, filled={}, untouched=False)
        if isinstance(step, Call)
        else step
        for step in scenario.steps
    ]
    return replace(scenario, steps=steps)


class _Known:
    """A world in which numbers that the machine chose are known by name."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._values: dict[int, str] = {}

    def first(self, abi: Abi) -> Actor:
        return self._world.first(abi)

    def make(self, step: MakeDomain) -> Actor:
        actor = self._world.make(step)
        self._learn(step.name, actor.values, step.options.get("pages", 0))
        return actor

    def destroy(self, actor: Actor) -> None:
        self._world.destroy(actor)

    def _learn(self, name: str, values: Mapping[str, Any], pages: int) -> None:
        for index in range(pages):
            self._values[values["machine"][index]] = f"${name}.machine[{index}]"

    def name(self, value: int) -> str | int:
        """Return the name of a number, or the number."""
        return self._values.get(value, value)


def _call_line(seen: Call, abi: Abi, known: _Known) -> Line:
    """Return the line of a call with what was seen."""
    line = replace(seen, rc=seen.rc, results=[], out=None, filled={}).as_json()
    if not seen.op or seen.out is None or not seen.data:
        return line
    codec = abi.codec(seen.op)
    seen = replace(seen, data=without_addresses(codec, seen.data))
    rows = [dict(_changes(codec, seen, index, known)) for index in range(_elements(codec, seen))]
    filled = {
        name: [_pattern(codec, name, row) for row in lists] for name, lists in seen.filled.items()
    }
    line |= {"results": rows, "untouched": True}
    return line | ({"filled": filled} if filled else {})


def _elements(codec: Codec, seen: Call) -> int:
    return min(len(seen.data), len(seen.out or b"")) // codec.plan.struct.size


def _changes(codec: Codec, seen: Call, index: int, known: _Known) -> Iterator[tuple[str, Any]]:
    """Give the fields of an element that came out, with their values."""
    start = index * codec.plan.struct.size
    for leaf in codec.plan.struct.leaves:
        here = slice(start + leaf.offset, start + leaf.end)
        got = (seen.out or b"")[here]
        if got == seen.data[here]:
            continue
        if leaf.type == CHOSEN:
            yield leaf.name, ANY
            continue
        value = int.from_bytes(got, "little", signed=bool(leaf.signed))
        symbol = codec.plan.slots[leaf.name][1].symbols.text(value)
        yield leaf.name, symbol or known.name(value)


def _pattern(codec: Codec, name: str, data: bytes | str | None) -> str | None:
    """Return what a list was filled with: all ones and zero are no choice of a machine's."""
    if not isinstance(data, bytes):
        return data
    width = next(width for slot, _, width in codec.lists if slot.name == name)
    words = [data[at : at + width] for at in range(0, len(data), width)]
    return "".join(
        word.hex() if word in (bytes(width), b"\xff" * width) else ".." * width for word in words
    )
