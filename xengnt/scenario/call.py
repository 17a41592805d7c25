# SPDX-License-Identifier: MIT
"""Scenarios: calls written down as JSON Lines, to be played on any backend.

The first line says for which ABI and interface version the rest is. Each further
line is a call: ``op``, or ``cmd`` for a number that is no op; ``count``; the
arguments, as ``in`` (the hexadecimal bytes of the buffer, which need not be ``count``
structs) or ``args`` (a batch as ``encode`` takes it), without which they are a null
pointer; ``lists``, the length in bytes of each list that the arguments point to, whose
addresses are not written down. What is expected of it: ``rc``, ``out`` (the bytes of
the buffer after the call), and ``filled``, those of the lists, null for one that could
not be read. ``"address": "unknown"`` says that the arguments were somewhere that nobody
knows; such a call cannot be made again.

A recording is a scenario whose expectations are what was seen.

Imports ``xengnt.errors``, ``xengnt.codec``, ``xengnt.findings``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xengnt.abi.targets import format_version
from xengnt.codec import Abi, Codec
from xengnt.codec.lists import MAX_LISTS, places, point, too_long, without_addresses
from xengnt.codec.strict_json import loads
from xengnt.codec.symbols import shown
from xengnt.errors import SourceError, XengntError
from xengnt.findings import ERROR, Finding

if TYPE_CHECKING:
    from xengnt.backends.base import Backend

FORMAT = 1
"""The number of the format, in the first line."""


@dataclass(slots=True)
class Call:
    """One call.

    Attributes:
        cmd: the number of the command.
        count: the number of elements.
        op: the name of the command, None for a number that is none.
        data: the buffer of the arguments before the call, addresses of lists left out;
            empty for a null pointer.
        unknown: whether it is not known what the arguments, or their lists, are.
        lists: the lengths in bytes of the lists, by field, one for each element.
        rc: the result; None if nothing was called, or none is expected.
        out: the buffer after the call, addresses left out.
        filled: the lists after the call, None for one that could not be read.
    """

    cmd: int
    count: int
    op: str | None = None
    data: bytes = b""
    unknown: bool = False
    lists: dict[str, list[int]] = field(default_factory=dict)
    rc: int | None = None
    out: bytes | None = None
    filled: dict[str, list[bytes | None]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it as a line of a scenario."""
        line: dict[str, Any] = {"op": self.op} if self.op else {"cmd": self.cmd}
        line["count"] = self.count
        if self.unknown:
            line["address"] = "unknown"
        if self.data or not self.unknown:
            line["in"] = self.data.hex()
        if self.lists:
            line["lists"] = self.lists
        if self.rc is not None:
            line["rc"] = self.rc
        if self.out is not None:
            line["out"] = self.out.hex()
        if self.filled:
            line["filled"] = {name: _hex(rows) for name, rows in self.filled.items()}
        return line


class Scenario:
    """Calls in order, for one ABI.

    Args:
        abi: the ABI and interface version of the callers.
    """

    def __init__(self, abi: Abi) -> None:
        self.abi = abi
        self.calls: list[Call] = []

    def add(self, call: Call) -> None:
        """Add a call at the end."""
        self.calls.append(call)

    def text(self) -> str:
        """Return it as JSON Lines."""
        head = {
            "scenario": FORMAT,
            "abi": self.abi.name,
            "interface_version": format_version(self.abi.interface_version),
        }
        lines = [head, *(call.as_json() for call in self.calls)]
        return "".join(f"{json.dumps(line)}\n" for line in lines)

    @classmethod
    def load(cls, path: str | Path) -> Scenario:
        """Read a scenario from a file.

        Raises:
            SourceError: it cannot be read, with file and line.
        """
        try:
            text = Path(path).read_text()
        except (OSError, ValueError) as error:  # not there, no text, or a name with a null byte
            raise SourceError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
        return cls.parse(text.splitlines(), str(path))

    @classmethod
    def parse(cls, lines: Iterable[str], name: str = "scenario") -> Scenario:
        """Read a scenario from lines.

        Raises:
            SourceError: a line cannot be understood, with its number.
        """
        made: Scenario | None = None
        for number, text in enumerate(lines, 1):
            if not text.strip():
                continue
            try:
                line = loads(text)
                if not isinstance(line, dict):
                    raise SourceError("not an object")
                if made is None:
                    made = cls(_head(line))
                else:
                    made.add(_call(made.abi, line))
            except XengntError as error:
                raise SourceError(f"{name}:{number}: {error}") from None
        if made is None:
            raise SourceError(f"{name}: empty")
        return made


_HEAD_KEYS = {"scenario", "abi", "interface_version"}
_KEYS = {"op", "cmd", "count", "address", "in", "args", "lists", "rc", "out", "filled"}
_UNSIGNED = (0, (1 << 32) - 1)
_SIGNED = (-(1 << 63), (1 << 63) - 1)


def _head(line: dict[str, Any]) -> Abi:
    number = line.get("scenario")
    if isinstance(number, bool) or number != FORMAT:
        raise SourceError(f'the first line must begin {{"scenario": {FORMAT}, "abi": …')
    _only(line, _HEAD_KEYS)
    return Abi(line.get("abi", ""), line.get("interface_version", "newest"))


def _only(line: dict[str, Any], known: set[str]) -> None:
    unknown = ", ".join(shown(key) for key in sorted(line.keys() - known))
    if unknown:
        raise SourceError(f"unknown {unknown}")


def _call(abi: Abi, line: dict[str, Any]) -> Call:
    """Return the call of a line, or raise with what is wrong with it."""
    _only(line, _KEYS)
    if ("op" in line) == ("cmd" in line):
        raise SourceError("expected either op or cmd")
    codec = None
    if "op" in line:
        codec = abi.codec(line["op"])
        if codec.name not in abi.layout.ops:
            raise SourceError(f"{shown(line['op'])} is no op")
        cmd = abi.layout.ops[codec.name].number
    else:
        cmd = _integer(line["cmd"], "cmd", _UNSIGNED)
    unknown = "address" in line
    if unknown and line["address"] != "unknown":
        raise SourceError(f'address: expected "unknown", got {shown(line["address"])}')
    data = _arguments(codec, line)
    count = len(data) // codec.plan.struct.size if codec else 0
    return Call(
        cmd=cmd,
        count=_integer(line["count"], "count", _UNSIGNED) if "count" in line else count,
        op=codec.name if codec else None,
        data=data,
        unknown=unknown,
        lists=_lists(codec, data, _rows(line, "lists")),
        rc=_integer(line["rc"], "rc", _SIGNED) if "rc" in line else None,
        out=_bytes(line["out"], "out") if "out" in line else None,
        filled={
            name: [None if row is None else _bytes(row, f"filled: {name}") for row in rows]
            for name, rows in _rows(line, "filled").items()
        },
    )


def _integer(value: object, name: str, within: tuple[int, int]) -> int:
    low, high = within
    if not isinstance(value, int) or isinstance(value, bool):
        raise SourceError(f"{name}: expected an integer, got {shown(value)}", got=value)
    if not low <= value <= high:
        raise SourceError(f"{name}: expected {low} to {high}, got {shown(value)}", got=value)
    return value


def _bytes(value: object, name: str) -> bytes:
    try:
        return bytes.fromhex(value)  # type: ignore[arg-type]  # raises for what is no text
    except (TypeError, ValueError):
        raise SourceError(
            f"{shown(name)}: expected hexadecimal bytes, got {shown(value)}", got=value
        ) from None


def _hex(rows: list[bytes | None]) -> list[str | None]:
    return [None if row is None else row.hex() for row in rows]


def _rows(line: dict[str, Any], name: str) -> dict[str, list[Any]]:
    """Return what a line says of lists: for each field, something for each element."""
    found = line.get(name, {})
    if not isinstance(found, dict) or not all(isinstance(rows, list) for rows in found.values()):
        raise SourceError(f"{name}: expected an object of arrays")
    return found


def _arguments(codec: Codec | None, line: dict[str, Any]) -> bytes:
    if "args" in line:
        if codec is None or "in" in line or "address" in line:
            raise SourceError("args needs op, and no in or address beside it")
        return codec.encode(line["args"])
    data = _bytes(line.get("in", ""), "in")
    if codec and "count" not in line and len(data) % codec.plan.struct.size:
        raise SourceError(f"in: {len(data)} bytes are no whole structs, and there is no count")
    return data


def _lists(codec: Codec | None, data: bytes, lists: dict[str, list[Any]]) -> dict[str, list[int]]:
    """Return the lengths of lists, which must be what the arguments say."""
    wanted = places(codec, data) if codec else {}
    for name, lengths in lists.items():
        if name not in wanted:
            raise SourceError(f"lists: {shown(name)} is no list of this call")
        most = [length for _, length in wanted[name]]
        rows = [_integer(length, f"lists: {name}", _SIGNED) for length in lengths]
        if len(rows) != len(most) or any(
            row not in (0, all_) for row, all_ in zip(rows, most, strict=True)
        ):
            raise SourceError(
                f"lists: {name}: expected {shown(most)} bytes or 0, got {shown(rows)}"
            )
    if codec and too_long(codec, lists):
        raise SourceError(f"lists: more than {MAX_LISTS} elements in one call")
    return lists


def play(scenario: Scenario, backend: Backend) -> Iterator[tuple[Call, list[Finding]]]:
    """Make the calls of a scenario, and give each as it went with what was not as expected.

    Args:
        scenario: what to play; for the ABI of the backend.
        backend: what executes it.

    Raises:
        SourceError: the scenario is for another ABI.
    """
    if backend.abi != scenario.abi:
        raise SourceError(f"the scenario is for {scenario.abi}, and the backend is {backend.abi}")
    for number, expected in enumerate(scenario.calls):
        if expected.unknown:
            yield expected, [_cannot_be_made(number, expected)]
        else:
            seen = _play(expected, backend)
            yield seen, list(_differences(number, expected, seen))


def _play(call: Call, backend: Backend) -> Call:
    memory = backend.memory
    codec = backend.abi.codec(call.op) if call.op else None
    data = bytearray(call.data)
    taken: list[int] = []

    def allocate(size: int) -> int:
        at = memory.allocate(size) if size else 0
        taken.extend([at] if at else [])
        return at

    try:
        lists = {name: [(allocate(n), n) for n in sizes] for name, sizes in call.lists.items()}
        point(codec, data, lists)
        address = allocate(len(data))
        memory.write(address, bytes(data))
        rc = backend.call(call.cmd, address, call.count)
        out = without_addresses(codec, memory.read(address, len(data)))
        filled: dict[str, list[bytes | None]] = {
            name: [memory.read(*row) for row in rows] for name, rows in lists.items() if rows
        }
        return replace(call, rc=rc, out=out, filled=filled)
    finally:
        for at in taken:
            memory.free(at)


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
