# SPDX-License-Identifier: MIT
"""Plays scenarios: on a backend, or in a world that makes domains.

Imports ``xengnt.errors``, ``xengnt.codec``, ``xengnt.findings`` and the modules beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from xengnt.codec import Codec
from xengnt.codec.lists import given, places, point, without_addresses
from xengnt.codec.symbols import shown
from xengnt.codec.values import Values
from xengnt.errors import SourceError, XengntError
from xengnt.findings import ERROR, Finding
from xengnt.scenario.call import Call
from xengnt.scenario.document import Scenario
from xengnt.scenario.line import integer
from xengnt.scenario.names import Names, has_names
from xengnt.scenario.steps import Access, Destroy, Grant, MakeDomain, Step
from xengnt.scenario.world import Actor, Alone, World

if TYPE_CHECKING:
    from xengnt.backends.base import Backend

Played = tuple[Call | Step, list[Finding]]


def play(scenario: Scenario, on: Backend | World) -> Iterator[Played]:
    """Do what a scenario says, and give each step as it went with what was not as expected.

    Args:
        scenario: what to play.
        on: a backend, for calls of its ABI; or a world, which makes domains as well.

    Raises:
        SourceError: the scenario is for another ABI, or asks for what there is not.
    """
    yield from _Player(scenario, on if isinstance(on, World) else Alone(on)).play()


class _Player:
    def __init__(self, scenario: Scenario, world: World) -> None:
        self.scenario = scenario
        self.world = world
        self.names = Names()
        self.actors: dict[str, Actor] = {}
        self.made = 0  # calls

    def play(self) -> Iterator[Played]:
        """Do all steps."""
        makes = any(isinstance(step, MakeDomain) for step in self.scenario.steps)
        self.alone = None if makes else self.world.first(self.scenario.abi)
        for step, place in zip(self.scenario.steps, self.scenario.places, strict=True):
            try:
                yield self._step(step)
            except XengntError as error:
                raise SourceError(f"{place}: {error}" if place else str(error)) from None

    def _step(self, step: Call | Step) -> Played:
        match step:
            case Call():
                self.made += 1
                return self._call(step, self.made - 1)
            case MakeDomain(name):
                actor = self.actors[name] = self.world.make(step)
                self.names.define(name, actor.values)
                return step, []
            case Destroy(name):
                self.world.destroy(self._actor(name))
                del self.actors[name]
                return step, []
            case Grant():
                return step, self._grant(step)
            case Access():
                return step, self._access(step)

    def _actor(self, name: str | None) -> Actor:
        if name is None:
            first = self.alone or next(iter(self.actors.values()), None)
            if first is None:
                raise SourceError("nobody is there to do it")
            return first
        if name not in self.actors:
            raise SourceError(f"there is no domain {name} at this point")
        return self.actors[name]

    # Between calls

    def _grant(self, step: Grant) -> list[Finding]:
        arguments = self.names.replaced(step.arguments)
        try:
            got = self._actor(step.domain).grant(step.action, arguments)
        except SourceError:
            raise
        except XengntError as error:
            return [] if step.fails else [_unexpected(step.action, str(error))]
        if step.fails:
            return [_unexpected(step.action, "it succeeded, and should not have")]
        if step.name:
            self.names.define(step.name, got)
        return []

    def _access(self, step: Access) -> list[Finding]:
        actor = self._actor(step.domain)
        start = step.offset
        if step.page is None:
            start += integer(self.names.replaced(step.address), "address", (0, (1 << 64) - 1))
        verb = "read" if step.data is None else "write"
        got = b""
        try:
            if step.data is None:
                got = actor.read(step.page, start, step.length)
            else:
                actor.write(step.page, start, step.data)
        except SourceError:
            raise
        except XengntError as error:
            return [] if step.fails else [_unexpected(verb, str(error))]
        if step.fails:
            return [_unexpected(verb, "it succeeded, and should not have")]
        if step.expected is not None and got != step.expected:
            message = f"{step.domain} reads {got.hex()}, not {step.expected.hex()}"
            found = Finding(ERROR, "expectation-bytes", verb, message)
            return [replace(found, expected=step.expected.hex(), got=got.hex())]
        return []

    # Calls

    def _call(self, call: Call, number: int) -> Played:
        if call.unknown:
            return call, [_cannot_be_made(number, call)]
        actor = self._actor(call.caller)
        seen = _played(self._prepared(call, actor), actor)
        codec = actor.backend.abi.codec(call.op) if call.op else None
        if call.name:
            self.names.define(call.name, _value(codec, seen))
        findings = [*_differences(number, call, seen)]
        if codec and call.results:
            findings += self._results(codec, number, call, seen)
        return seen, findings

    def _prepared(self, call: Call, actor: Actor) -> Call:
        """Return a call with its arguments as bytes, and its lists' lengths."""
        if not has_names(call.args) or not call.op:
            return call
        codec = actor.backend.abi.codec(call.op)
        return replace(call, data=codec.encode(self.names.replaced(call.args)))

    def _results(self, codec: Codec, number: int, call: Call, seen: Call) -> Iterator[Finding]:
        """Compare fields of the elements with what is expected of them."""
        size = codec.plan.struct.size
        out = seen.out or b""
        if len(call.results) * size > len(out):
            raise SourceError(f"results: {len(call.results)} for {len(out) // size} elements")
        values = Values(codec.plan)
        view = codec.abi.view(codec.name, out[: len(out) - len(out) % size])
        for index, row in enumerate(call.results):
            for name, wanted in row.items():
                slot = codec.plan.slots[name][1]
                got = view[index][name]
                expected = values.of(slot, self.names.replaced(wanted), index)
                if expected != (got if isinstance(got, list) else [got]):
                    yield _result(codec, number, index, name, (wanted, got), seen)


def _unexpected(what: str, message: str) -> Finding:
    return Finding(ERROR, "expectation", what, f"{what}: {message}")


def _result(
    codec: Codec, number: int, index: int, name: str, values: tuple[Any, Any], seen: Call
) -> Finding:
    """Return the finding about a field of an element, with the reason if one is known."""
    wanted, got = values
    slot = codec.plan.slots[name][1]
    text = (slot.symbols.text(got) if isinstance(got, int) else None) or got
    where = f"call {number}[{index}].{name}"
    why = next((reason for at, reason in seen.reasons if at == index), None)
    message = f"{where}, {codec.name}: {text}, not {shown(wanted)}"
    return Finding(
        ERROR, "expectation-results", where, message,
        element=index, expected=wanted, got=text, because=why,
    )  # fmt: skip


def _played(call: Call, actor: Actor) -> Call:
    """Make a call, and return it with what was seen."""
    backend = actor.backend
    memory = backend.memory
    codec = backend.abi.codec(call.op) if call.op else None
    data = bytearray(call.data)
    taken: list[int] = []

    def allocate(size: int) -> int:
        at = memory.allocate(size) if size else 0
        taken.extend([at] if at else [])
        return at

    lengths = dict(call.lists)
    if codec and call.args is not None:
        for name, rows in places(codec, bytes(data)).items():
            lengths.setdefault(name, [0 if at else size for at, size in rows])
    try:
        lists = {name: [(allocate(n), n) for n in sizes] for name, sizes in lengths.items()}
        point(codec, data, lists)
        address = allocate(len(data))
        memory.write(address, bytes(data))
        rc = backend.call(call.cmd, address, call.count)
        out = without_addresses(codec, memory.read(address, len(data)))
        filled: dict[str, list[bytes | None]] = {
            name: [memory.read(*row) for row in rows] for name, rows in given(lists).items() if rows
        }
        return replace(call, rc=rc, out=out, filled=filled, reasons=actor.reasons())
    finally:
        for at in taken:
            memory.free(at)


def _value(codec: Codec | None, seen: Call) -> Any:
    """Return what a name for a call stands for: its elements, with lists as arrays."""
    if codec is None:
        return [{"rc": seen.rc}]
    size = codec.plan.struct.size
    out = seen.out or b""
    rows: list[dict[str, Any]] = codec.abi.decode(codec.name, out[: len(out) - len(out) % size])
    for slot, _, width in codec.lists:
        for row, data in zip(rows, seen.filled.get(slot.name, []), strict=False):
            whole = data or b""
            row[slot.name] = [
                int.from_bytes(whole[at : at + width], "little")
                for at in range(0, len(whole) - width + 1, width)
            ]
    return rows


def _cannot_be_made(number: int, call: Call) -> Finding:
    where = f"call {number}"
    return Finding(
        ERROR,
        "unknown-address",
        where,
        f"{where}, {_name(call)}: cannot be made again: its arguments were at an address that "
        "nobody knows",
        element=number,
    )


def _name(call: Call) -> str:
    return call.op or f"command {call.cmd}"


def _hex(rows: list[bytes | None]) -> list[str | None]:
    return [None if row is None else row.hex() for row in rows]


def _differences(number: int, expected: Call, seen: Call) -> Iterator[Finding]:
    where = f"call {number}"
    pairs: list[tuple[str, object, object]] = [("rc", expected.rc, seen.rc)]
    if expected.out is not None:
        pairs.append(("out", expected.out.hex(), (seen.out or b"").hex()))
    for name, rows in expected.filled.items():
        # What could not be read then is not compared now.
        both = zip_longest(rows, seen.filled.get(name, []))
        now = [None if then is None else row for then, row in both]
        pairs.append((f"filled {name}", _hex(rows), _hex(now)))
    for what, wanted, got in pairs:
        if wanted is not None and wanted != got:
            yield Finding(
                ERROR,
                f"expectation-{what.split()[0]}",
                where,
                f"{where}, {_name(expected)}: {what} is {got}, not {wanted}",
                element=number,
                expected=wanted,
                got=got,
            )
