# SPDX-License-Identifier: MIT
"""The cases that are recorded from real Xen: set-up and calls, without what comes of them.

Each module of cases has functions that give cases by name. A case is what the lines of a
scenario say; `record` plays it on real Xen and adds what was seen. By convention ``a``
calls, ``b`` grants, ``c`` is a third domain and ``dom0`` the privileged one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Line = dict[str, Any]
Named = tuple[str, "Case"]

FIRST_RESERVED = 0x7FF0

UNKNOWN_DOMAIN = 0x7000
"""A number that no domain has."""

POISON = 0xA5
"""What is in holes and in fields that come out, before a call."""


@dataclass(slots=True)
class Case:
    """One case.

    Attributes:
        steps: its lines, without the first one.
        choices: what the administrator chose, as scenarios have it.
    """

    steps: list[Line]
    choices: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Guest:
    """A kind of guest that calls.

    Attributes:
        suffix: how names of cases say it.
        abi: its ABI.
        kind: its kind.
    """

    suffix: str
    abi: str
    kind: str

    def domain(self, name: str, pages: int = 8, **more: Any) -> Line:
        """Return the line that makes such a domain."""
        return {"domain": name, "abi": self.abi, "kind": self.kind, "pages": pages, **more}


PV = Guest("pv64", "x86_64", "pv")
PVH = Guest("pvh32", "x86_32", "pvh")
GUESTS = (PV, PVH)


def call(op: str, *args: Line, caller: str = "a", **more: Any) -> Line:
    """Return a call of an op: one element for each of the arguments."""
    line: Line = {"op": op, "caller": caller}
    if args or not more.keys() & {"address", "in"}:
        line["args"] = list(args)
        if args:
            line["poison"] = POISON
    return line | more


def bare(cmd: int, caller: str = "a", **more: Any) -> Line:
    """Return a call by number."""
    return {"cmd": cmd, "caller": caller, **more}


def permit(page: int = 0, *, by: str = "b", to: str = "a", ref: int = 8, **more: Any) -> Line:
    """Return the line by which a page is granted."""
    return {
        "grant": "permit_access",
        "by": by,
        "domid": f"${to}.domid",
        "frame": f"${by}.frame[{page}]",
        "ref": ref,
        **more,
    }


def version2(*domains: str) -> list[Line]:
    """Return the lines by which domains take version 2."""
    return [call("set_version", {"version": 2}, caller=one) for one in domains]


def fill(domain: str, page: int, text: str) -> Line:
    """Return the line that writes some text at the start of a page."""
    return {"write": text.encode().hex(), "in": domain, "page": page}


def look(domain: str, page: int, size: int = 16, **more: Any) -> Line:
    """Return the line that reads the start of a page."""
    return {"read": size, "in": domain, "page": page, **more}


def entry(domain: str, ref: int, version: int = 1) -> Line:
    """Return the line that reads the flags of an entry."""
    return {"read": 2, "in": domain, "table": ref * (8 if version == 1 else 16)}


def status(domain: str, ref: int) -> Line:
    """Return the line that reads the status of an entry of version 2."""
    return {"read": 2, "in": domain, "status": ref * 2}


def everywhere(name: str, steps: Any, guests: tuple[Guest, ...] = GUESTS) -> Iterator[Named]:
    """Give a case for each kind of caller; b is like a, and c and others are made by steps."""
    for guest in guests:
        yield f"{name}@{guest.suffix}", Case([guest.domain("a"), guest.domain("b"), *steps])
