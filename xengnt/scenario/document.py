# SPDX-License-Identifier: MIT
"""A scenario as a whole: a first line that says for which ABI it is, and steps.

Imports ``xengnt.errors``, ``xengnt.codec`` and the modules beside it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xengnt.abi.targets import format_version
from xengnt.codec import Abi
from xengnt.codec.strict_json import loads
from xengnt.codec.symbols import shown
from xengnt.errors import SourceError, XengntError
from xengnt.scenario.call import Call, parse_call
from xengnt.scenario.line import UNSIGNED, Line, integer, only, text, truth
from xengnt.scenario.steps import Access, Destroy, Grant, MakeDomain, Step, parse_step

FORMAT = 1
"""The number of the format, in the first line."""

CHOICES: dict[str, type] = {
    "max_grant_frames": int,
    "max_maptrack_frames": int,
    "max_version": int,
    "low_frames": int,
    "transitive": bool,
    "transfer": bool,
    "cache_flush": bool,
}
"""What can be chosen of Xen, and of which type it is."""

_VERSION = re.compile(r"[0-9]{1,9}\.[0-9]{1,9}(\.[0-9]{1,9})?")


@dataclass(slots=True, repr=False)
class Scenario:
    """Steps in order.

    Attributes:
        abi: the ABI and interface version of callers that are not said to have another.
        steps: calls, and what is done between them.
        title: what it shows, for people.
        xen_version: the Xen whose behaviour it is about, ``4.17``; None for any.
        xen: what its administrator has chosen, of `CHOICES`.
        places: where each step was written, as ``file:line``.
    """

    abi: Abi
    steps: list[Call | Step] = field(default_factory=list)
    title: str = ""
    xen_version: str | None = None
    xen: dict[str, Any] = field(default_factory=dict)
    places: list[str] = field(default_factory=list)

    @property
    def calls(self) -> list[Call]:
        """The calls among the steps."""
        return [step for step in self.steps if isinstance(step, Call)]

    def abi_of(self, call: Call) -> Abi:
        """Return the ABI of a call's caller."""
        return call.abi or self.abi

    def add(self, step: Call | Step, place: str = "") -> None:
        """Add a step at the end."""
        self.steps.append(step)
        self.places.append(place)

    def __repr__(self) -> str:
        title = f" {self.title!r}" if self.title else ""
        return f"<scenario{title} for {self.abi.name}: {len(self.steps)} steps>"

    def text(self) -> str:
        """Return it as JSON Lines."""
        head: Line = {
            "scenario": FORMAT,
            "abi": self.abi.name,
            "interface_version": format_version(self.abi.interface_version),
        }
        head |= {"title": self.title} if self.title else {}
        head |= {"xen_version": self.xen_version} if self.xen_version else {}
        head |= {"xen": self.xen} if self.xen else {}
        rows = [one.as_json() if isinstance(one, Call) else one.line for one in self.steps]
        return "".join(f"{json.dumps(line)}\n" for line in (head, *rows))

    @classmethod
    def load(cls, path: str | Path) -> Scenario:
        """Read a scenario from a file.

        Raises:
            SourceError: it cannot be read, with file and line.
        """
        try:
            data = Path(path).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:  # not there, no text, or a name with a null byte
            raise SourceError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
        return cls.parse(data.split("\n"), str(path))

    @classmethod
    def parse(cls, lines: Iterable[str], name: str = "scenario", first: int = 1) -> Scenario:
        """Read a scenario from lines, the first of which has this number.

        Raises:
            SourceError: a line cannot be understood, with its number.
        """
        made: Scenario | None = None
        abis: dict[str, Abi] = {}  # of the domains that are there
        for number, written in enumerate(lines, first):
            if not written.strip():
                continue
            place = f"{name}:{number}"
            try:
                line = loads(written)
                if not isinstance(line, dict):
                    raise SourceError("not an object")
                if made is None:
                    made = _head(line)
                else:
                    made.add(_step(made.abi, abis, line), place)
            except XengntError as error:
                raise SourceError(f"{place}: {error}") from None
            except RecursionError:
                raise SourceError(f"{place}: nested too deeply") from None
        if made is None:
            raise SourceError(f"{name}: empty")
        return made


def _head(line: Line) -> Scenario:
    number = line.get("scenario")
    if isinstance(number, bool) or number != FORMAT:
        raise SourceError(f'the first line must begin {{"scenario": {FORMAT}, "abi": …')
    only(line, {"scenario", "abi", "interface_version", "title", "xen_version", "xen"})
    abi = Abi(line.get("abi", ""), line.get("interface_version", "newest"))
    texts: dict[str, Any] = {
        key: text(line[key], key) for key in ("title", "xen_version") if key in line
    }
    version = texts.get("xen_version", "4.17")
    if not _VERSION.fullmatch(version):
        raise SourceError(f"xen_version: expected such as 4.17, got {shown(version)}", got=version)
    return Scenario(abi, xen=_choices(line.get("xen", {})), **texts)


def _choices(given: object) -> dict[str, Any]:
    """Return what was chosen of Xen, each of the right type."""
    if not isinstance(given, dict):
        raise SourceError("xen: expected an object")
    only(given, CHOICES)
    for name, value in given.items():
        if CHOICES[name] is bool:
            truth(value, f"xen.{name}")
        else:
            integer(value, f"xen.{name}", UNSIGNED)
    return given


def _step(abi: Abi, abis: dict[str, Abi], line: Line) -> Call | Step:
    """Return the step of a line; `abis` are those of the domains, and changes with them."""
    step = parse_step(abi, line) or _call(abi, abis, line)
    match step:
        case MakeDomain(name):
            if name in abis:
                raise SourceError(f"domain: there is a domain {name} already")
            abis[name] = step.abi
        case Destroy(name):
            _check_there(abis, name)
            del abis[name]
        case Grant() | Access():
            _check_there(abis, step.domain)
    if isinstance(step, Call | Grant) and step.name in abis:
        raise SourceError(f"as: {step.name} is a domain")
    return step


def _call(abi: Abi, abis: dict[str, Abi], line: Line) -> Call:
    """Return the call of a line; without a caller it is that of the first domain there is."""
    if "caller" in line:
        _check_there(abis, text(line["caller"], "caller"))
        return parse_call(abis[line["caller"]], line)
    return parse_call(next(iter(abis.values()), abi), line)


def _check_there(abis: dict[str, Abi], name: str) -> None:
    """Raise unless there is a domain at this point."""
    if name not in abis:
        raise SourceError(f"there is no domain {shown(name)} at this point")
