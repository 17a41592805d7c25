# SPDX-License-Identifier: MIT
"""Plays scenarios: on a backend, or in a world that makes domains.

Imports ``xengnt.errors``, ``xengnt.abi``, ``xengnt.codec``, ``xengnt.findings`` and the
modules beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xengnt.abi.targets import PAGE_SIZE
from xengnt.codec import Codec
from xengnt.codec.lists import given, point, without_addresses
from xengnt.errors import BackendError, InvalidValue, SourceError, XengntError
from xengnt.findings import Finding
from xengnt.scenario.call import Call, lengths
from xengnt.scenario.document import Scenario
from xengnt.scenario.expectations import (
    cannot_be_made,
    differences,
    other_bytes,
    results,
    touched,
    unexpected,
)
from xengnt.scenario.line import WIDE, Line, integer
from xengnt.scenario.names import Names, has_names
from xengnt.scenario.steps import TABLES, Access, Destroy, Grant, MakeDomain, Step
from xengnt.scenario.world import Actor, Alone, World, within_page

if TYPE_CHECKING:
    from xengnt.backends.base import Backend, Memory

Played = tuple[Call | Step, list[Finding]]
"""A step with what was seen as its expectations, and what was not as expected."""

_SUCCEEDED = "it succeeded, and should not have"


def play(scenario: Scenario, on: Backend | World) -> Iterator[Played]:
    """Do what a scenario says, and give each step as it went with what was not as expected.

    Args:
        scenario: what to play.
        on: a backend, for calls of its ABI; or a world, which makes domains as well.

    Raises:
        SourceError: the scenario is for another ABI, or asks for what there is not.
        BackendError: what executes the calls broke down.
    """
    yield from Player(scenario, on if isinstance(on, World) else Alone(on)).play()


class Player:
    """Plays one scenario.

    Attributes:
        names: what has a name by now.
        actors: the domains that are there, by name.
    """

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
                kind = BackendError if isinstance(error, BackendError) else SourceError
                raise kind(f"{place}: {error}" if place else str(error)) from None

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
                return self._grant(step)
            case Access():
                return self._access(step)

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

    def _grant(self, step: Grant) -> Played:
        arguments = self.names.replaced(step.arguments)
        for key, value in arguments.items():
            if key != "readonly":
                integer(value, key, WIDE)
        try:
            got = self._actor(step.domain).grant(step.action, arguments)
        except SourceError:
            raise
        except XengntError as error:
            return _failed(step, [] if step.fails else [unexpected(step.action, str(error))])
        if step.name:
            self.names.define(step.name, got)
        found = [unexpected(step.action, _SUCCEEDED)] if step.fails else []
        return replace(step, fails=False, line=_succeeded(step)), found

    def _access(self, step: Access) -> Played:
        verb = "read" if step.data is None else "write"
        try:
            got = self._accessed(step)
        except SourceError:
            raise
        except XengntError as error:
            return _failed(step, [] if step.fails else [unexpected(verb, str(error))])
        found = [unexpected(verb, _SUCCEEDED)] if step.fails else []
        line = _succeeded(step)
        if step.data is not None:
            return replace(step, fails=False, line=line), found
        if not found and step.expected not in (None, got):
            found = [other_bytes(step.domain, step.expected or b"", got)]
        line["bytes"] = got.hex()
        return replace(step, fails=False, expected=got, line=line), found

    def _accessed(self, step: Access) -> bytes:
        """Read or write bytes, and return those that were read."""
        actor = self._actor(step.domain)
        page, start = step.at, step.offset
        if step.place != "page":
            page, start = None, self._at(step.place, step.at, step.offset)
        if isinstance(step.data, dict):
            return self._entry(actor, start, step.data)
        if step.place in TABLES:
            return _in_table(actor.table(status=step.place == "status"), start, step, step.data)
        if step.data is None:
            return actor.read(page, start, step.length)
        actor.write(page, start, step.data)
        return b""

    def _entry(self, actor: Actor, ref: int, row: dict[str, Any]) -> bytes:
        """Write an entry of the version that the table has, and return its bytes."""
        version = 2 if actor.table(status=True) else 1
        abi = actor.backend.abi
        data = abi.encode(f"grant_entry_v{version}", [self.names.replaced(row)])
        frames = actor.table(status=False)
        index, at = divmod(ref * len(data), PAGE_SIZE)
        if index >= len(frames):
            raise InvalidValue(f"entry {ref}: the table has {len(frames)} frames", got=ref)
        frames[index][at : at + len(data)] = data
        return data

    def _at(self, key: str, start: object, offset: int, word: int = 8) -> int:
        """Return a place in bytes, which fits so many bytes."""
        at = integer(self.names.replaced(start), key, WIDE) + offset
        return integer(at, key, (0, (1 << 8 * word) - 1))

    # Calls

    def _call(self, call: Call, number: int) -> Played:
        if call.unknown:
            return call, [cannot_be_made(number, call)]
        actor = self._actor(call.caller)
        at = None
        if call.address is not None:
            word = actor.backend.abi.target.word
            at = self._at("address", call.address, call.offset, word)
        seen = _played(self._prepared(call, actor), actor, at)
        codec = actor.backend.abi.codec(call.op) if call.op else None
        if call.name:
            self.names.define(call.name, _value(codec, seen))
        findings = [*differences(codec, number, call, seen)]
        if codec and call.untouched and (more := [*touched(codec, number, call, seen)]):
            seen = replace(seen, untouched=False)
            findings += more
        if codec and call.results:
            rows, others = results(codec, number, call, seen, self.names.replaced)
            seen = replace(seen, results=rows)
            findings += others
        return seen, findings

    def _prepared(self, call: Call, actor: Actor) -> Call:
        """Return a call with its arguments as bytes."""
        if not has_names(call.args) or not call.op:
            return call
        codec = actor.backend.abi.codec(call.op)
        data = codec.encode(self.names.replaced(call.args), poison=call.poison)
        return replace(call, data=data)


def _failed(step: Grant | Access, findings: list[Finding]) -> Played:
    """Return a step as one that fails."""
    line = {key: value for key, value in step.line.items() if key != "bytes"} | {"fails": True}
    return replace(step, fails=True, line=line), findings


def _succeeded(step: Grant | Access) -> Line:
    """Return the line of a step as one that does not fail."""
    return {key: value for key, value in step.line.items() if key != "fails"}


def _in_table(frames: list[memoryview], start: int, step: Access, data: bytes | None) -> bytes:
    """Read or write bytes of a grant table, and return those that are there now."""
    index, at = divmod(start, PAGE_SIZE)
    length = step.length if data is None else len(data)
    within_page(at, length)
    if index >= len(frames):
        raise InvalidValue(f"{step.place} {start}: nothing is there", got=start)
    here = frames[index][at : at + length]
    if data is not None:
        here[:] = data
    return bytes(here)


def _there(memory: Memory, address: int, size: int) -> int:
    """Return how many of so many bytes are there from an address on."""
    done = 0
    while done < size and (more := memory.extent(address + done)):
        done = min(size, done + more)
    return done


def _played(call: Call, actor: Actor, at: int | None) -> Call:
    """Make a call, its arguments at an address or anywhere; return it with what was seen."""
    backend = actor.backend
    memory = backend.memory
    codec = backend.abi.codec(call.op) if call.op else None
    data = bytearray(call.data)
    taken: list[int] = []

    def allocate(size: int) -> int:
        at = memory.allocate(size) if size else 0
        taken.extend([at] if at else [])
        return at

    every = call.args is not None
    sizes = lengths(codec, call.data, call.lists, every=every) if codec else {}
    try:
        lists = {name: [(allocate(n), n) for n in rows] for name, rows in sizes.items()}
        point(codec, data, lists)
        address = allocate(len(data)) if at is None else at
        size = len(data) if at is None else _there(memory, address, len(data))
        memory.write(address, bytes(data[:size]))
        rc = backend.call(call.cmd, address, call.count)
        out = without_addresses(codec, memory.read(address, size))
        filled: dict[str, list[bytes | str | None]] = {
            name: [memory.read(*row) for row in rows] for name, rows in given(lists).items() if rows
        }
        return replace(call, rc=rc, out=out, filled=filled, reasons=actor.reasons())
    finally:
        for one in taken:
            memory.free(one)


def _value(codec: Codec | None, seen: Call) -> Any:
    """Return what a name for a call stands for: its elements, with lists as arrays."""
    if codec is None:
        return [{"rc": seen.rc}]
    rows: list[dict[str, Any]] = codec.abi.decode(codec.name, codec.whole(seen.out or b""))
    for slot, _, width in codec.lists:
        for row, data in zip(rows, seen.filled.get(slot.name, []), strict=False):
            whole = data if isinstance(data, bytes) else b""
            row[slot.name] = [
                int.from_bytes(whole[at : at + width], "little")
                for at in range(0, len(whole) - width + 1, width)
            ]
    return rows
