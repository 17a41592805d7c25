# SPDX-License-Identifier: MIT
"""The first step at which two worlds part, and the shortest scenario that shows it.

Imports ``xengnt.errors``, ``xengnt.scenario`` and the modules beside it.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from xengnt.abi.constants import Op
from xengnt.conformance.record import record
from xengnt.errors import XengntError
from xengnt.scenario import Scenario, World
from xengnt.scenario.line import Line


@dataclass(frozen=True, slots=True)
class Divergence:
    """Where two worlds part.

    Attributes:
        lines: the scenario, up to there.
        one: what the first did.
        other: what the other did.
    """

    lines: list[Line]
    one: Line
    other: Line


_DUMP = int(Op.DUMP_TABLE)

Make = Callable[[Scenario], World]
"""Gives the world for a scenario."""


def played(lines: list[Line], make: Make) -> list[Line]:
    """Return what was seen of a scenario; the last line is the error that ended it, if any."""
    case = Scenario.parse([json.dumps(line) for line in lines], "random")
    seen: list[Line] = []
    try:
        seen.extend(record(case, make(case)))
    except XengntError as error:
        seen.append({"error": type(error).__name__, "message": str(error)})
    return seen


def divergence(lines: list[Line], one: Make, other: Make) -> Divergence | None:
    """Return the first step at which two worlds part, None if they do the same."""
    return first_difference(lines, played(lines, one), played(lines, other))


def first_difference(lines: list[Line], one: list[Line], other: list[Line]) -> Divergence | None:
    """Return the first difference in what was seen of a scenario, None if there is none."""
    for at, (first, second) in enumerate(zip(one, other, strict=False)):
        both_end = "error" in first and "error" in second
        if first != second and not both_end:
            return Divergence(lines[: at + 2], first, second)
    return None


def shrunk(found: Divergence, one: Make, other: Make) -> Divergence:
    """Return a divergence with as few lines as can be, found by leaving lines out."""
    size = len(found.lines) // 2
    while size:
        at = 1
        while at < len(found.lines) - 1:
            fewer = found.lines[:at] + found.lines[min(at + size, len(found.lines) - 1) :]
            smaller = _still(fewer, found, one, other)
            if smaller:
                found = smaller
            else:
                at += size
        size //= 2
    return found


def _still(lines: list[Line], found: Divergence, one: Make, other: Make) -> Divergence | None:
    """Return what is left of a divergence with other lines, None if it is not the same."""
    try:
        now = divergence(lines, one, other)
    except XengntError:
        return None  # a name for what is not there any more
    if (
        now is None
        or now.one.keys() != found.one.keys()
        or now.one.get("op") != found.one.get("op")
    ):
        return None
    return now


def outcomes(seen: list[Line]) -> Iterator[tuple[str, str]]:
    """Give op and outcome of each element, or of a call that failed as a whole."""
    for line in seen:
        if "cmd" in line:
            yield "dump_table" if line["cmd"] == _DUMP else "none", _errno(line["rc"])
        if "op" not in line:
            continue
        statuses = [row["status"] for row in line.get("results", ()) if "status" in row]
        if line["rc"] or not statuses:
            yield line["op"], _errno(line["rc"])
        for status in statuses:
            yield line["op"], str(status).removeprefix("GNTST_")


def _errno(rc: int) -> str:
    return f"-{errno.errorcode.get(-rc, -rc)}" if rc < 0 else "0"
