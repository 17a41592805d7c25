# SPDX-License-Identifier: MIT
"""Scenarios: calls written down as JSON Lines, to be played on any backend.

The first line says for which ABI and interface version the rest is. Each further
line is a call: ``op``, or ``cmd`` for a number that is no op; ``count``; the
arguments, as ``in`` (hexadecimal bytes) or ``args`` (a batch as ``encode`` takes it);
``lists``, the length in bytes of each list that the arguments point to, whose
addresses are not written down. What is expected of it: ``rc``, ``out`` (the bytes of
the arguments after the call), and ``filled``, those of the lists.

A recording is a scenario whose expectations are what was seen.

Imports ``xengnt.errors``, ``xengnt.codec``, ``xengnt.findings``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xengnt.abi.targets import format_version
from xengnt.codec import Abi, Codec
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
        data: the arguments before the call, addresses of lists left out.
        lists: the lengths in bytes of the lists, by field, one for each element.
        rc: the result; None if nothing was called, or none is expected.
        out: the arguments after the call, addresses left out.
        filled: the lists after the call.
    """

    cmd: int
    count: int
    op: str | None = None
    data: bytes = b""
    lists: dict[str, list[int]] = field(default_factory=dict)
    rc: int | None = None
    out: bytes | None = None
    filled: dict[str, list[bytes]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it as a line of a scenario."""
        line: dict[str, Any] = {"op": self.op} if self.op else {"cmd": self.cmd}
        line |= {"count": self.count, "in": self.data.hex()}
        if self.lists:
            line["lists"] = self.lists
        if self.rc is not None:
            line["rc"] = self.rc
        if self.out is not None:
            line["out"] = self.out.hex()
        if self.filled:
            line["filled"] = {n: [row.hex() for row in rows] for n, rows in self.filled.items()}
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
        except (OSError, UnicodeDecodeError) as error:
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
                line = json.loads(text)
                if not isinstance(line, dict):
                    raise SourceError("not an object")
                if made is None:
                    made = cls(_head(line))
                else:
                    made.add(_call(made.abi, line))
            except (XengntError, ValueError, TypeError, RecursionError) as error:
                raise SourceError(f"{name}:{number}: {error}") from None
        if made is None:
            raise SourceError(f"{name}: empty")
        return made


def _head(line: dict[str, Any]) -> Abi:
    if line.get("scenario") != FORMAT:
        raise SourceError(f'the first line must begin {{"scenario": {FORMAT}, "abi": …')
    return Abi(line.get("abi", ""), line.get("interface_version", "newest"))


_KEYS = {"op", "cmd", "count", "in", "args", "lists", "rc", "out", "filled"}
_UNSIGNED = range(1 << 32)
_SIGNED = range(-(1 << 63), 1 << 63)


def _call(abi: Abi, line: dict[str, Any]) -> Call:
    """Return the call of a line, or raise with what is wrong with it."""
    unknown = line.keys() - _KEYS
    if unknown:
        raise SourceError(f"unknown {', '.join(sorted(unknown))}")
    if ("op" in line) == ("cmd" in line):
        raise SourceError("expected either op or cmd")
    codec = None
    if "op" in line:
        codec = abi.codec(line["op"])
        if codec.op != line["op"]:
            raise SourceError(f"{line['op']!r} is no op")
        cmd = abi.layout.ops[line["op"]].number
    else:
        cmd = _integer(line["cmd"], "cmd", _UNSIGNED)
    data = _arguments(codec, line)
    count = len(data) // codec.plan.struct.size if codec else 0
    if "count" in line:
        count = _integer(line["count"], "count", _UNSIGNED)
        if codec and data and count * codec.plan.struct.size != len(data):
            raise SourceError(f"count: {count} structs are not {len(data)} bytes")
    return Call(
        cmd=cmd,
        count=count,
        op=line.get("op"),
        data=data,
        lists=_lists(codec, data, _rows(line, "lists")),
        rc=_integer(line["rc"], "rc", _SIGNED) if "rc" in line else None,
        out=_bytes(line["out"]) if "out" in line else None,
        filled={
            name: [_bytes(row) for row in rows] for name, rows in _rows(line, "filled").items()
        },
    )


def _integer(value: object, name: str, within: range) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value not in within:
        raise SourceError(f"{name}: expected an integer, got {value!r}", got=value)
    return value


def _bytes(value: object) -> bytes:
    if not isinstance(value, str):
        raise SourceError(f"expected hexadecimal bytes, got {value!r}", got=value)
    return bytes.fromhex(value)


def _rows(line: dict[str, Any], name: str) -> dict[str, list[Any]]:
    """Return what a line says of lists: for each field, something for each element."""
    found = line.get(name, {})
    if not isinstance(found, dict) or not all(isinstance(rows, list) for rows in found.values()):
        raise SourceError(f"{name}: expected an object of arrays")
    return found


def _arguments(codec: Codec | None, line: dict[str, Any]) -> bytes:
    if "args" in line:
        if codec is None or "in" in line:
            raise SourceError("args needs op, and no in beside it")
        return codec.encode(line["args"])
    data = _bytes(line.get("in", ""))
    if codec and len(data) % codec.plan.struct.size:
        raise SourceError(f"in: {len(data)} bytes are no whole structs")
    return data


def _lists(codec: Codec | None, data: bytes, lists: dict[str, list[Any]]) -> dict[str, list[int]]:
    """Return the lengths of lists, which must be what the arguments say."""
    slots = {slot.name: (count, size) for slot, count, size in codec.lists} if codec else {}
    for name, lengths in lists.items():
        if codec is None or name not in slots:
            raise SourceError(f"lists: {name!r} is no list of this call")
        count, size = slots[name]
        wanted = [number * size for number in codec.abi.view(codec.name, data).column(count.name)]
        rows = [_integer(length, f"lists: {name}", _UNSIGNED) for length in lengths]
        if len(rows) != len(wanted) or any(
            row not in (0, most) for row, most in zip(rows, wanted, strict=True)
        ):
            raise SourceError(f"lists: {name}: expected {wanted} bytes or 0, got {rows}")
    return lists


def lists_of(
    codec: Codec, blob: bytes, readable: Callable[[int, int], bool]
) -> dict[str, list[tuple[int, int]]]:
    """Return the address and the length in bytes of each list that the arguments point to.

    Where there is none, or nothing that is known to be readable, the length is 0.
    """
    found: dict[str, list[tuple[int, int]]] = {}
    for slot, count, size in codec.lists:
        rows = codec.abi.view(codec.name, blob)
        pairs = zip(rows.column(slot.name), rows.column(count.name), strict=True)
        found[slot.name] = [
            (address, number * size if address and readable(address, number * size) else 0)
            for address, number in pairs
        ]
    return found


def without_addresses(codec: Codec, blob: bytes) -> bytes:
    """Return arguments with the addresses of lists zero: they are this machine's."""
    data = bytearray(blob)
    size = codec.plan.struct.size
    for slot, _, _ in codec.lists:
        for start in range(slot.offset, len(data), size):
            data[start : start + slot.size] = bytes(slot.size)
    return bytes(data)


def play(scenario: Scenario, backend: Backend) -> Iterator[tuple[Call, list[Finding]]]:
    """Make the calls of a scenario, and give each as it went with what was not as expected.

    Args:
        scenario: what to play; for the ABI of the backend.
        backend: what executes it.

    Raises:
        SourceError: the scenario is for another ABI.
    """
    abi = backend.abi
    if (abi.name, abi.interface_version) != (scenario.abi.name, scenario.abi.interface_version):
        raise SourceError(f"the scenario is for {scenario.abi}, and the backend is {abi}")
    for number, expected in enumerate(scenario.calls):
        seen = _play(expected, backend)
        yield seen, list(_differences(number, expected, seen))


def _play(call: Call, backend: Backend) -> Call:
    memory = backend.memory
    codec = backend.abi.codec(call.op) if call.op else None
    address = memory.allocate(len(call.data)) if call.data else 0
    taken = [address] if address else []
    lists: dict[str, list[tuple[int, int]]] = {}
    data = bytearray(call.data)
    for slot, _, _ in codec.lists if codec else ():
        for element, length in enumerate(call.lists.get(slot.name, [])):
            at = memory.allocate(length) if length else 0
            taken += [at] if at else []
            lists.setdefault(slot.name, []).append((at, length))
            start = element * (codec.plan.struct.size if codec else 0) + slot.offset
            data[start : start + slot.size] = at.to_bytes(slot.size, "little")
    try:
        memory.write(address, bytes(data))
        rc = backend.call(call.cmd, address, call.count)
        after = memory.read(address, len(data)) if address else b""
        return Call(
            call.cmd,
            call.count,
            call.op,
            call.data,
            call.lists,
            rc,
            without_addresses(codec, after) if codec else after,
            {name: [memory.read(*row) for row in rows] for name, rows in lists.items()},
        )
    finally:
        for at in taken:
            memory.free(at)


def _differences(number: int, expected: Call, seen: Call) -> Iterator[Finding]:
    name = expected.op or f"command {expected.cmd}"
    where = f"call {number}"
    pairs: list[tuple[str, object, object]] = [("rc", expected.rc, seen.rc)]
    pairs.append(("out", expected.out, seen.out))
    pairs += [(f"filled {n}", rows, seen.filled.get(n)) for n, rows in expected.filled.items()]
    for what, wanted, got in pairs:
        if wanted is not None and wanted != got:
            text = [v.hex() if isinstance(v, bytes) else v for v in (wanted, got)]
            yield Finding(
                ERROR,
                f"expectation-{what.split()[0]}",
                where,
                f"{where}, {name}: {what} is {text[1]}, not {text[0]}",
                element=number,
                expected=text[0],
                got=text[1],
            )
