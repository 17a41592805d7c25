# SPDX-License-Identifier: MIT
"""A call of a scenario: what is asked, what is expected, and what was seen.

A call has ``op``, or ``cmd`` for a number that is no op; ``count``; the arguments, as
``in`` (the hexadecimal bytes of the buffer, which need not be ``count`` structs) or
``args`` (a batch as ``encode`` takes it), without which they are a null pointer;
``lists``, the length in bytes of each list that the arguments point to, whose addresses
are not written down. ``caller`` is the domain that makes it, the first by default. What is
expected of it: ``rc``, ``results`` (for each element, some of its fields), ``out`` (the
bytes of the buffer after the call), and ``filled``, those of the lists, null for one that
could not be read. ``"address": "unknown"`` says that the arguments were somewhere that
nobody knows; such a call cannot be made again. ``as`` names what it gives.

Imports ``xengnt.errors``, ``xengnt.codec`` and the modules beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from xengnt.codec import Abi, Codec
from xengnt.codec.lists import MAX_LISTS, places, too_long
from xengnt.codec.symbols import shown
from xengnt.errors import SourceError
from xengnt.scenario.line import SIGNED, UNSIGNED, Line, hexadecimal, integer, only, text
from xengnt.scenario.names import NAME, has_names


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
        args: the arguments as they are written, if not as bytes; lists are allocated for
            them, where they give no address.
        caller: the domain that makes it, None for the first.
        name: what the results are called by later calls.
        results: what is expected of fields, an object for each element.
        rc: the result; None if nothing was called, or none is expected.
        out: the buffer after the call, addresses left out.
        filled: the lists after the call, None for one that could not be read.
        reasons: why elements failed, by index, None for the call as a whole; where the
            backend tells.
    """

    cmd: int
    count: int
    op: str | None = None
    data: bytes = b""
    unknown: bool = False
    lists: dict[str, list[int]] = field(default_factory=dict)
    args: Any = None
    caller: str | None = None
    name: str | None = None
    results: list[dict[str, Any]] = field(default_factory=list)
    rc: int | None = None
    out: bytes | None = None
    filled: dict[str, list[bytes | None]] = field(default_factory=dict)
    reasons: list[tuple[int | None, str]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return it as a line of a scenario."""
        line: dict[str, Any] = {"op": self.op} if self.op else {"cmd": self.cmd}
        line |= {"caller": self.caller} if self.caller else {}
        line["count"] = self.count
        if self.unknown:
            line["address"] = "unknown"
        if self.args is not None:
            line["args"] = self.args
        elif self.data or not self.unknown:
            line["in"] = self.data.hex()
        if self.lists:
            line["lists"] = self.lists
        line |= {"as": self.name} if self.name else {}
        if self.rc is not None:
            line["rc"] = self.rc
        if self.results:
            line["results"] = self.results
        if self.out is not None:
            line["out"] = self.out.hex()
        if self.filled:
            line["filled"] = {name: _hex(rows) for name, rows in self.filled.items()}
        return line


_KEYS = {
    *("op", "cmd", "caller", "count", "address", "in", "args", "lists"),
    *("as", "rc", "results", "out", "filled", "reasons"),
}


def parse_call(abi: Abi, line: Line) -> Call:
    """Return the call of a line, or raise with what is wrong with it."""
    only(line, _KEYS)
    if ("op" in line) == ("cmd" in line):
        raise SourceError("expected either op or cmd")
    codec = None
    if "op" in line:
        codec = abi.codec(line["op"])
        if codec.name not in abi.layout.ops:
            raise SourceError(f"{shown(line['op'])} is no op")
        cmd = abi.layout.ops[codec.name].number
    else:
        cmd = integer(line["cmd"], "cmd", UNSIGNED)
    unknown = "address" in line
    if unknown and line["address"] != "unknown":
        raise SourceError(f'address: expected "unknown", got {shown(line["address"])}')
    data, args = _arguments(codec, line)
    count = len(data) // codec.plan.struct.size if codec else 0
    if has_names(args):
        count = _elements(args)
    return Call(
        cmd=cmd,
        count=integer(line["count"], "count", UNSIGNED) if "count" in line else count,
        op=codec.name if codec else None,
        data=data,
        unknown=unknown,
        lists=_lists(codec, data, _rows(line, "lists")),
        args=args,
        caller=text(line["caller"], "caller") if "caller" in line else None,
        name=_named(line),
        results=_results(codec, line),
        rc=integer(line["rc"], "rc", SIGNED) if "rc" in line else None,
        out=hexadecimal(line["out"], "out") if "out" in line else None,
        filled={
            name: [None if row is None else hexadecimal(row, f"filled: {name}") for row in rows]
            for name, rows in _rows(line, "filled").items()
        },
    )


def _hex(rows: list[bytes | None]) -> list[str | None]:
    return [None if row is None else row.hex() for row in rows]


def _rows(line: Line, name: str) -> dict[str, list[Any]]:
    """Return what a line says of lists: for each field, something for each element."""
    found = line.get(name, {})
    if not isinstance(found, dict) or not all(isinstance(rows, list) for rows in found.values()):
        raise SourceError(f"{name}: expected an object of arrays")
    return found


def _arguments(codec: Codec | None, line: Line) -> tuple[bytes, Any]:
    """Return the arguments as bytes and as they are written; with names in them, only so."""
    if "args" in line:
        if codec is None or "in" in line or "address" in line:
            raise SourceError("args needs op, and no in or address beside it")
        args = line["args"]
        return b"" if has_names(args) else codec.encode(args), args
    data = hexadecimal(line.get("in", ""), "in")
    if codec and "count" not in line and len(data) % codec.plan.struct.size:
        raise SourceError(f"in: {len(data)} bytes are no whole structs, and there is no count")
    return data, None


def _elements(args: Any) -> int:
    """Return of how many elements arguments with names in them are."""
    if isinstance(args, list):
        return len(args)
    columns = args.values() if isinstance(args, dict) else ()
    return next((len(one) for one in columns if isinstance(one, list)), 1)


def _named(line: Line) -> str | None:
    if "as" not in line:
        return None
    name = text(line["as"], "as")
    if not NAME.fullmatch(name):
        raise SourceError(f"as: {shown(name)} is no name", got=name)
    return name


def _results(codec: Codec | None, line: Line) -> list[dict[str, Any]]:
    """Return what is expected of fields, each known to be one."""
    rows = line.get("results", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SourceError("results: expected an array of objects")
    if rows and codec is None:
        raise SourceError("results needs op")
    for row in rows:
        for name in row:
            if codec and name not in codec.plan.slots:
                raise SourceError(f"results: {codec.name} has no field {shown(name)}")
    return rows


def _lists(codec: Codec | None, data: bytes, lists: dict[str, list[Any]]) -> dict[str, list[int]]:
    """Return the lengths of lists, which must be what the arguments say."""
    wanted = places(codec, data) if codec else {}
    for name, lengths in lists.items():
        if name not in wanted:
            raise SourceError(f"lists: {shown(name)} is no list of this call")
        most = [length for _, length in wanted[name]]
        rows = [integer(length, f"lists: {name}", SIGNED) for length in lengths]
        if len(rows) != len(most) or any(
            row not in (0, all_) for row, all_ in zip(rows, most, strict=True)
        ):
            raise SourceError(
                f"lists: {name}: expected {shown(most)} bytes or 0, got {shown(rows)}"
            )
    if codec and too_long(codec, lists):
        raise SourceError(f"lists: more than {MAX_LISTS} elements in one call")
    return lists
