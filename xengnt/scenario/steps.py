# SPDX-License-Identifier: MIT
"""What a scenario does beside calls: domains, what guests grant, and their memory.

``{"domain": "guest", "domid": 1, "abi": "x86_32", "kind": "pv", "pages": 16}`` makes a
domain, ``{"destroy": "guest"}`` ends it. ``{"grant": "permit_access", "by": "guest", …}``
has the guest act on an entry of its table, by the rules in ``xengnt.guest``. ``{"write":
"00ff", "in": "guest", "page": 5}`` and ``{"read": 2, "in": "guest", "page": 5, "bytes":
"00ff"}`` are its memory, by page or by address, or its grant table.

Imports ``xengnt.errors``, ``xengnt.codec`` and the modules beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from xengnt.codec import Abi
from xengnt.codec.symbols import shown
from xengnt.errors import SourceError
from xengnt.scenario.line import (
    UNSIGNED,
    Line,
    hexadecimal,
    integer,
    name,
    number,
    only,
    text,
    truth,
)

KINDS = ("pv", "hvm", "pvh", "arm")
"""What a domain can be."""

ACTIONS = {
    "permit_access": {"domid", "frame", "readonly", "ref"},
    "permit_sub_page": {"domid", "frame", "offset", "length", "readonly", "ref"},
    "permit_transitive": {"domid", "trans_domid", "gref", "ref"},
    "accept_transfer": {"domid", "frame", "ref"},
    "end_access": {"ref"},
    "end_transfer": {"ref"},
    "make_readonly": {"ref"},
    "make_writable": {"ref"},
}
"""What a guest can do to an entry, and what each takes."""

_CHOICES = {"readonly", "ref"}
"""What may be left out where something is granted."""

TABLES = ("table", "status")
"""What there is of a grant table: its entries, and their status array."""

ENTRY = "entry"
"""An entry of the grant table, by its reference: it is written as a struct."""

PLACES = ("page", "address", *TABLES)
"""What can be read and written."""


@dataclass(frozen=True, slots=True)
class MakeDomain:
    """Makes a domain.

    Attributes:
        name: what it is called.
        abi: the ABI of its guest.
        options: ``domid``, ``kind``, ``pages``, ``max_pages``, ``privileged`` and
            ``high``, if given.
        line: as it is written.
    """

    name: str
    abi: Abi
    options: dict[str, Any]
    line: Line = field(compare=False)


@dataclass(frozen=True, slots=True)
class Destroy:
    """Ends a domain."""

    name: str
    line: Line = field(compare=False)


@dataclass(frozen=True, slots=True)
class Grant:
    """A guest changes an entry of its table.

    Attributes:
        action: one of `ACTIONS`.
        domain: the guest.
        arguments: of the action, names not yet replaced.
        name: what the reference is called.
        fails: whether it has to fail.
        line: as it is written.
    """

    action: str
    domain: str
    arguments: dict[str, Any]
    name: str | None
    fails: bool
    line: Line = field(compare=False)


@dataclass(frozen=True, slots=True)
class Access:
    """A guest reads or writes its memory.

    Attributes:
        domain: the guest.
        place: one of `PLACES`.
        at: the index of the page, the address, or where in the table or array; a name stands
            for one of the latter three.
        offset: from there, in bytes.
        data: what is written, None for reading; an entry as an object, which may have names.
        length: how much is read.
        expected: what has to be read.
        fails: whether there is nothing there, or it may not be written.
        line: as it is written.
    """

    domain: str
    place: str
    at: Any
    offset: int
    data: bytes | dict[str, Any] | None
    length: int
    expected: bytes | None
    fails: bool
    line: Line = field(compare=False)


Step = MakeDomain | Destroy | Grant | Access


def parse_step(abi: Abi, line: Line) -> Step | None:
    """Return the step of a line, None if it is a call.

    Raises:
        SourceError: it is neither, or something in it is wrong.
    """
    for key, parse in STEPS.items():
        if key in line:
            return parse(abi, line)
    return None


def _domain(abi: Abi, line: Line) -> MakeDomain:
    only(line, {"domain", "abi", "domid", "kind", "pages", "max_pages", "privileged", "high"})
    options: dict[str, Any] = {
        key: integer(line[key], key, UNSIGNED)
        for key in ("domid", "pages", "max_pages")
        if key in line
    }
    if "kind" in line:
        options["kind"] = text(line["kind"], "kind")
        if options["kind"] not in KINDS:
            raise SourceError(f"kind: expected {', '.join(KINDS)}, got {shown(line['kind'])}")
    for key in ("privileged", "high"):
        if key in line:
            options[key] = truth(line[key], key)
    its = Abi(text(line["abi"], "abi"), abi.interface_version) if "abi" in line else abi
    return MakeDomain(name(line["domain"], "domain"), its, options, line)


def _destroy(_abi: Abi, line: Line) -> Destroy:
    only(line, {"destroy"})
    return Destroy(name(line["destroy"], "destroy"), line)


def _grant(_abi: Abi, line: Line) -> Grant:
    action = text(line["grant"], "grant")
    if action not in ACTIONS:
        raise SourceError(f"grant: expected {', '.join(ACTIONS)}, got {shown(action)}")
    only(line, {"grant", "by", "as", "fails", *ACTIONS[action]})
    arguments = {key: value for key, value in line.items() if key in ACTIONS[action]}
    for key, value in arguments.items():
        if key == "readonly":
            truth(value, key)
        else:
            number(value, key)
    if missing := sorted(needed(action) - arguments.keys()):
        raise SourceError(f"{action} needs {', '.join(missing)}")
    return Grant(
        action,
        name(line.get("by"), "by"),
        arguments,
        name(line["as"], "as") if "as" in line else None,
        truth(line.get("fails", False), "fails"),
        line,
    )


def needed(action: str) -> set[str]:
    """Return what must be said for an action."""
    takes = ACTIONS[action]
    if "domid" not in takes:  # nothing is granted
        return takes
    return takes - _CHOICES - ({"frame"} if action == "accept_transfer" else set())


def _write(_abi: Abi, line: Line) -> Access:
    if isinstance(line["write"], dict):
        only(line, {"write", "in", ENTRY, "fails"})
        if ENTRY not in line:
            raise SourceError(f"write: an object is an {ENTRY}: say which")
        return _access(line, line["write"], 0, None)
    only(line, {"write", "in", *PLACES, "offset", "fails"})
    return _access(line, hexadecimal(line["write"], "write"), 0, None)


def _read(_abi: Abi, line: Line) -> Access:
    only(line, {"read", "in", *PLACES, "offset", "bytes", "fails"})
    expected = hexadecimal(line["bytes"], "bytes") if "bytes" in line else None
    length = integer(line["read"], "read", (0, 1 << 24))
    return _access(line, None, length, expected)


def _access(
    line: Line, data: bytes | dict[str, Any] | None, length: int, expected: bytes | None
) -> Access:
    places = [key for key in (*PLACES, ENTRY) if key in line]
    if len(places) != 1:
        raise SourceError(f"expected one of {', '.join(PLACES)}")
    [place] = places
    at = line[place]
    return Access(
        domain=name(line.get("in"), "in"),
        place=place,
        at=integer(at, place, UNSIGNED) if place == "page" else number(at, place),
        offset=integer(line.get("offset", 0), "offset", UNSIGNED),
        data=data,
        length=length,
        expected=expected,
        fails=truth(line.get("fails", False), "fails"),
        line=line,
    )


STEPS: dict[str, Callable[[Abi, Line], Step]] = {
    "domain": _domain,
    "destroy": _destroy,
    "grant": _grant,
    "write": _write,
    "read": _read,
}
"""What makes a line a step that is no call, and what parses it."""
