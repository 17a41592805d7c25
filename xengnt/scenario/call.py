# SPDX-License-Identifier: MIT
"""A call of a scenario: what is asked, what is expected, and what was seen.

A call has ``op``, or ``cmd`` for a number that is no op; ``count``; the arguments, as
``in`` (the hexadecimal bytes of the buffer, which need not be ``count`` structs) or
``args`` (a batch as ``encode`` takes it), without which they are a null pointer;
``poison``, the byte that is in holes and in fields that come out before the call;
``lists``, the length in bytes of each list that the arguments point to, whose addresses
are not written down; beside ``args`` it is what they say if it is left out. ``caller`` is
the domain that makes it, the first by default. What is expected of it: ``rc``, ``results``
(for each element, some of its fields), ``out`` (the bytes of the buffer after the call),
``filled``, those of the lists, null for one that could not be read, and ``untouched``: that
only the fields in ``results`` came out, of which a value may be ``"any"``. Two dots in
hexadecimal text stand for any byte. ``address`` and ``offset`` say where the arguments are
put, as far as anything is there; otherwise they are where there is room. ``"address":
"unknown"`` says that the arguments were somewhere that nobody knows; such a call cannot be
made again. ``as`` names what it gives.

Imports ``xengnt.errors``, ``xengnt.codec`` and the modules beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from xengnt.codec import Abi, Codec
from xengnt.codec.lists import MAX_LISTS, places, too_long
from xengnt.codec.symbols import shown
from xengnt.codec.values import Values
from xengnt.errors import InvalidValue, SourceError, UnknownName
from xengnt.scenario.line import (
    BYTE,
    SIGNED,
    UNSIGNED,
    Line,
    hexadecimal,
    integer,
    name,
    number,
    only,
    pattern,
    text,
    truth,
)
from xengnt.scenario.names import has_names


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
        abi: that of the caller, None for the scenario's.
        address: where the arguments are put, as an integer or a name; None for anywhere.
        offset: from there, in bytes.
        poison: the byte in holes and in fields that come out, before the call.
        untouched: whether only the fields in the results may come out.
        name: what the results are called by later calls.
        results: what is expected of fields, an object for each element.
        rc: the result; None if nothing was called, or none is expected.
        out: the buffer after the call, addresses left out.
        filled: the lists after the call, None for one that could not be read; as text
            where some bytes may be any.
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
    abi: Abi | None = field(default=None, compare=False)
    address: Any = None
    offset: int = 0
    poison: int | None = None
    untouched: bool = False
    name: str | None = None
    results: list[dict[str, Any]] = field(default_factory=list)
    rc: int | None = None
    out: bytes | None = None
    filled: dict[str, list[bytes | str | None]] = field(default_factory=dict)
    reasons: list[tuple[int | None, str]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return it as a line of a scenario."""
        line: dict[str, Any] = {"op": self.op} if self.op else {"cmd": self.cmd}
        line |= {"caller": self.caller} if self.caller else {}
        line["count"] = self.count
        if self.unknown:
            line["address"] = UNKNOWN
        elif self.address is not None:
            line["address"] = self.address
            line |= {"offset": self.offset} if self.offset else {}
        if self.args is not None:
            line["args"] = self.args
            line |= {} if self.poison is None else {"poison": self.poison}
        elif self.data or not (self.unknown or self.address is not None):
            line["in"] = self.data.hex()
        if self.lists:
            line["lists"] = self.lists
        line |= {"as": self.name} if self.name else {}
        if self.rc is not None:
            line["rc"] = self.rc
        if self.results:
            line["results"] = self.results
        if self.untouched:
            line["untouched"] = True
        if self.out is not None:
            line["out"] = self.out.hex()
        if self.filled:
            line["filled"] = {key: in_hex(rows) for key, rows in self.filled.items()}
        return line


UNKNOWN = "unknown"
"""An address that nobody knows."""

ANY = "any"
"""A field that comes out with a value of the machine's choice."""

_KEYS = {
    *("op", "cmd", "caller", "count", "address", "in", "args", "lists"),
    *("as", "rc", "results", "out", "filled", "reasons", "offset", "poison", "untouched"),
}

_NEEDS = {
    **dict.fromkeys(("args", "lists", "results", "untouched", "filled"), "op"),
    "poison": "args",
    "offset": "address",
}
"""What a key has to have beside it."""


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
    unknown = line.get("address") == UNKNOWN
    _check_beside(line, unknown=unknown)
    poison = integer(line["poison"], "poison", BYTE) if "poison" in line else None
    data, args = _arguments(codec, line, poison)
    later = has_names(args)  # what they are shows when it is played
    count = len(data) // codec.plan.struct.size if codec else 0
    if later:
        count = _elements(args)
    results = _results(codec, line)
    if len(results) > count:
        raise SourceError(f"results: {len(results)} for {count} elements")
    lists = {
        key: [integer(length, f"lists: {key}") for length in rows]
        for key, rows in _rows(codec, line, "lists").items()
    }
    if codec and not later:
        lengths(codec, data, lists, every=args is not None)
    _check_reasons(line)
    return Call(
        cmd=cmd,
        count=integer(line["count"], "count", UNSIGNED) if "count" in line else count,
        op=codec.name if codec else None,
        data=data,
        unknown=unknown,
        lists=lists,
        args=args,
        address=number(line["address"], "address") if "address" in line and not unknown else None,
        offset=integer(line.get("offset", 0), "offset", UNSIGNED),
        poison=poison,
        untouched=truth(line.get("untouched", False), "untouched"),
        caller=text(line["caller"], "caller") if "caller" in line else None,
        abi=abi,
        name=name(line["as"], "as") if "as" in line else None,
        results=results,
        rc=integer(line["rc"], "rc", SIGNED) if "rc" in line else None,
        out=hexadecimal(line["out"], "out") if "out" in line else None,
        filled={
            key: [None if row is None else pattern(row, f"filled: {key}") for row in rows]
            for key, rows in _rows(codec, line, "filled").items()
        },
    )


def _check_beside(line: Line, *, unknown: bool) -> None:
    """Raise unless each key has beside it what it is about, and nothing that says otherwise."""
    for key, other in _NEEDS.items():
        if key in line and other not in line:
            raise SourceError(f"{key} needs {other} beside it")
    if "args" in line and ("in" in line or unknown):
        raise SourceError("args takes no in or unknown address beside it")
    if "offset" in line and unknown:
        raise SourceError("offset takes no unknown address beside it")


def in_hex(rows: list[bytes | str | None]) -> list[str | None]:
    """Return what is in lists as hexadecimal text."""
    return [row.hex() if isinstance(row, bytes) else row for row in rows]


def _rows(codec: Codec | None, line: Line, key: str) -> dict[str, list[Any]]:
    """Return what a line says of lists: for each field, something for each element."""
    found = line.get(key, {})
    if not isinstance(found, dict) or not all(isinstance(rows, list) for rows in found.values()):
        raise SourceError(f"{key}: expected an object of arrays")
    known = [slot.name for slot, _, _ in codec.lists] if codec else []
    for one in found:
        if one not in known:
            raise SourceError(f"{key}: {shown(one)} is no list of this call")
    return found


def _check_reasons(line: Line) -> None:
    """Raise unless reasons are what a recording has; they are not compared."""
    rows = line.get("reasons", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SourceError("reasons: expected an array of objects")
    for row in rows:
        only(row, ("element", "reason"))
        text(row.get("reason"), "reasons: reason")
        if row.get("element") is not None:
            integer(row["element"], "reasons: element", UNSIGNED)


def _arguments(codec: Codec | None, line: Line, poison: int | None) -> tuple[bytes, Any]:
    """Return the arguments as bytes and as they are written; with names in them, only so."""
    if codec and "args" in line:
        args = line["args"]
        if not isinstance(args, list | dict):
            kind = type(args).__name__
            raise SourceError(f"args: expected rows or columns, got {kind}", got=args)
        return b"" if has_names(args) else codec.encode(args, poison=poison), args
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


def _results(codec: Codec | None, line: Line) -> list[dict[str, Any]]:
    """Return what is expected of fields, each known to be one."""
    rows = line.get("results", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SourceError("results: expected an array of objects")
    if codec is None:  # and so there are none
        return rows
    for index, row in enumerate(rows):
        for key, value in row.items():
            if key not in codec.plan.slots:
                raise SourceError(f"results: {codec.name} has no field {shown(key)}")
            if value != ANY and not has_names(value):
                expected(codec, index, key, value)
    return rows


def expected(codec: Codec, index: int, key: str, value: object) -> list[int]:
    """Return what is expected of a field as integers: one, or those of an array."""
    try:
        return Values(codec.plan).of(codec.plan.slots[key][1], value, index)
    except (InvalidValue, UnknownName) as error:
        raise SourceError(f"results: {error}", got=value) from None


def lengths(
    codec: Codec, data: bytes, given: dict[str, list[int]], *, every: bool
) -> dict[str, list[int]]:
    """Return the lengths in bytes of the lists that are to be allocated for a call.

    Args:
        codec: of the op.
        data: the arguments.
        given: those that are given, each of which must be 0 or what the arguments say.
        every: whether there are also those that are not given, and have no address.

    Raises:
        SourceError: a length is wrong, or they are too much.
    """
    found = dict(given)
    for key, rows in places(codec, data).items():
        most = [length for _, length in rows]
        if every:
            found.setdefault(key, [0 if at else length for at, length in rows])
        mine = found.get(key, most)
        if len(mine) != len(most) or any(
            one not in (0, whole) for one, whole in zip(mine, most, strict=True)
        ):
            raise SourceError(f"lists: {key}: expected {shown(most)} bytes or 0, got {shown(mine)}")
    if too_long(codec, found):
        raise SourceError(f"lists: more than {MAX_LISTS} elements in one call: give lengths of 0")
    return found
