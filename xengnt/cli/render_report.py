# SPDX-License-Identifier: MIT
"""How the report of ``xengnt check`` looks on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from rich.text import Text

from xengnt.abi.targets import format_version
from xengnt.check import Comparison, Report
from xengnt.cli import render
from xengnt.cli.render_pair import parting, side_by_side
from xengnt.errors import printable
from xengnt.findings import ERROR, NOTE, SEVERITIES, WARNING, Finding, count
from xengnt.match import MAP, NAME, PREFIX, SPELLING, Match

if TYPE_CHECKING:
    from rich.console import Console

    from xengnt.abi.layout import StructLayout

_MANY = 40
"""Of more structs than this only those are listed that differ."""

_SHOWN = 8
"""So many names are listed in a line."""

_RIGHT, _DIFFERS, _DOUBT, _MISSING = "✓", "✗", "!", "·"

_STYLES = {_RIGHT: "green", _DIFFERS: "bold red", _DOUBT: "yellow", _MISSING: render.DIM}

_TOGETHER = {
    "struct-missing": "structs that are not there",
    "type-missing": "types that are not there",
    "constant-missing": "constants that are not there",
    "constant-extra": "constants that are not in the reference",
}
"""Notes of which those of one kind stand in a line."""


def text(reports: Sequence[Report]) -> None:
    """Print a report for people."""
    console = render.console()
    for number, report in enumerate(reports):
        if number:
            console.print()
        _Text(console, report).print()


class _Text:
    """The report of one source."""

    def __init__(self, console: Console, report: Report) -> None:
        self.console = console
        self.report = report
        self.comparisons = report.comparisons

    def print(self) -> None:
        title = Text(printable(self.report.source), style="bold")
        title.append(
            f"  against {printable(self.report.reference)}", style=f"not bold {render.DIM}"
        )
        self.console.print(title)
        self._overview()
        self._matrix()
        self._differing()
        self._rest()
        self._closing()

    def _overview(self) -> None:
        made = render.table(
            "abi", "interface version", ("structs", "right"), ("constants", "right"), "verdict"
        )
        rows: dict[tuple[str, ...], list[str]] = {}
        for comparison in self.comparisons:
            common = comparison.counts()
            key = (
                comparison.reference.abi,
                str(common["structs"]),
                str(common["constants"]),
                _verdict(comparison.findings),
            )
            version = format_version(comparison.reference.interface_version)
            rows.setdefault(key, []).append(version)
        for (abi, structs, constants, verdict), versions in rows.items():
            style = "green" if verdict == "agrees" else render.SEVERITIES[ERROR]
            made.add_row(abi, "\n".join(versions), structs, constants, Text(verdict, style=style))
        self.console.print(made)

    def _matrix(self) -> None:
        """Show each struct on each ABI: right, different, or not there."""
        abis = list(dict.fromkeys(one.reference.abi for one in self.comparisons))
        tags = dict.fromkeys(
            tag for one in self.comparisons for tag in one.reference.structs if _there(one, tag)
        )
        if not tags:
            return
        made = render.table("struct", *abis)
        hidden = 0
        for tag in tags:
            cells = [self._cell(tag, abi) for abi in abis]
            if len(tags) > _MANY and all(cell.plain[:1] in (_RIGHT, _MISSING) for cell in cells):
                hidden += 1
                continue
            made.add_row(self._name(tag), *cells)
        if hidden:
            made.add_row(Text(f"{hidden} others", style=render.DIM), Text(_RIGHT, style="green"))
        self.console.print(made)

    def _name(self, tag: str) -> Text:
        """Return the tag of a struct, and what theirs is called if that is not the same."""
        made = Text(tag)
        matches = (one.names.structs.found.get(tag) for one in self.comparisons)
        match = next((match for match in matches if match), None)
        if match and match.how != NAME:
            made.append(f"  {match.theirs}", style=render.DIM)
        return made

    def _cell(self, tag: str, abi: str) -> Text:
        """Return the gravest verdict on a struct on an ABI, and its size."""
        some = [one for one in self.comparisons if one.reference.abi == abi]
        graves = [finding for one in some for finding in _grave(one.findings, tag)]
        pairs = [
            (one.reference.structs[tag].size, one.theirs.structs[tag].size)
            for one in some
            if _there(one, tag)
        ]
        if any(finding.severity == ERROR for finding in graves):
            mark = _DIFFERS
        else:
            mark = _DOUBT if graves else _RIGHT if pairs else _MISSING
        made = Text(mark, style=_STYLES[mark])
        for ours, theirs in pairs[:1]:
            made.append(f" {theirs}" if ours == theirs else f" {theirs} ≠ {ours}", style="not bold")
        return made

    def _differing(self) -> None:
        """Draw each struct that differs, once for all the ABIs on which it looks the same."""
        groups: dict[tuple[StructLayout, StructLayout, tuple[str, ...]], list[Comparison]] = {}
        for comparison in self.comparisons:
            for tag, ours in comparison.reference.structs.items():
                messages = tuple(f.message for f in _grave(comparison.findings, tag))
                if messages and tag in comparison.theirs.structs:
                    key = ours, comparison.theirs.structs[tag], messages
                    groups.setdefault(key, []).append(comparison)
        for (ours, theirs, _), comparisons in groups.items():
            title = Text(f"{ours.kind} ") + self._name(ours.tag)
            title.stylize("bold")
            title.append(f"  {_where(comparisons)}", style=f"not bold {render.DIM}")
            at = parting(ours, theirs)
            if at is not None:
                title.append(f"  they part at byte {at}", style=render.SEVERITIES[ERROR])
            self.console.print(title)
            self.console.print(side_by_side(ours, theirs))
            self._explain(_grave(comparisons[0].findings, ours.tag))
            self.console.print()

    def _explain(self, findings: Sequence[Finding]) -> None:
        """List findings about a struct; those that were moved by the same thing on one line."""
        for cause, some in groupby(findings, _cause):
            first, *others = some
            if not cause:
                for one in (first, *others):
                    self._line(one, [])
                continue
            self._line(first, [])
            self.console.print(Text(f"       {first.because}", style=render.DIM), soft_wrap=True)
            if others:
                moved = "; ".join(f"{_leaf(f)} at {f.got}, not {f.expected}" for f in others)
                self.console.print(Text(f"       and with it: {moved}"), soft_wrap=True)

    def _rest(self) -> None:
        """List what is not about a struct that was drawn, alike findings on one line."""
        self._matches()
        lines: dict[tuple[str, str, str, str], list[Finding]] = {}
        together: dict[str, list[Finding]] = {}
        for finding in self.report.findings:
            if finding.severity in (ERROR, WARNING) and self._is_drawn(finding):
                continue
            if finding.severity == NOTE and finding.code in _TOGETHER:
                together.setdefault(finding.code, []).append(finding)
                continue
            key = (finding.severity, finding.code, finding.where, finding.message)
            lines.setdefault(key, []).append(finding)
        for severity in SEVERITIES:
            for alike in lines.values():
                if alike[0].severity == severity:
                    self._line(alike[0], alike)
        for code, some in together.items():
            self._together(_TOGETHER[code], some)

    def _together(self, what: str, findings: Sequence[Finding]) -> None:
        """List names of which the same is to say, by the ABIs for which it is."""
        abis: dict[str, list[Finding]] = {}
        for finding in findings:
            abis.setdefault(finding.where, []).append(finding)
        groups: dict[str, list[str]] = {}
        for name, some in abis.items():
            groups.setdefault(_abis(some), []).append(name)
        for where, names in groups.items():
            line = Text("note: ", style=render.SEVERITIES[NOTE])
            words = f"{what}: {_listed(names)}" if len(names) > 1 else f"{what}: {names[0]}"
            line.append(words, style="default not bold")
            line.append(f"  {where}", style=f"not bold {render.DIM}")
            self.console.print(line, soft_wrap=True)

    def _matches(self) -> None:
        """Say how names were matched that are not the same."""
        matches = dict.fromkeys(match for one in self.comparisons for match in one.names.matched())
        words = {SPELLING: "spelled otherwise", PREFIX: "with a prefix", MAP: "by the mapping"}
        for how, text in words.items():
            some = [match for match in matches if match.how == how]
            if some:
                line = Text("note: ", style=render.SEVERITIES[NOTE])
                line.append(f"names {text}: {_listed([_pair(match) for match in some])}", "default")
                self.console.print(line, soft_wrap=True)

    def _is_drawn(self, finding: Finding) -> bool:
        tag = finding.where.partition(".")[0]
        return any(
            _there(comparison, tag)
            for comparison in self.comparisons
            if comparison.reference.abi == finding.abi
            and comparison.reference.interface_version == finding.interface_version
        )

    def _line(self, finding: Finding, alike: Sequence[Finding]) -> None:
        self.console.print(render.finding(finding, _abis(alike)), soft_wrap=True)

    def _closing(self) -> None:
        distinct = {(f.severity, f.where, f.message): f for f in self.report.findings}
        counts = count(distinct.values())
        words = [f"{number} {name}{'s' * (number != 1)}" for name, number in counts.items()]
        style = "green" if not counts[ERROR] else render.SEVERITIES[ERROR]
        self.console.print(Text(", ".join(words), style=style))


def _verdict(findings: Iterable[Finding]) -> str:
    words = [
        f"{number} {name}{'s' * (number != 1)}"
        for name, number in count(findings).items()
        if number and name != NOTE
    ]
    return ", ".join(words) or "agrees"


def _there(comparison: Comparison, tag: str) -> bool:
    return tag in comparison.reference.structs and tag in comparison.theirs.structs


def _cause(finding: Finding) -> str:
    """Return what moved a field, "" for a finding about something else."""
    return (finding.because or "").partition(";")[0] if finding.code == "field-offset" else ""


def _leaf(finding: Finding) -> str:
    return finding.where.partition(".")[2]


def _pair(match: Match) -> str:
    return f"{match.theirs} → {match.ours}"


def _listed(names: Sequence[str]) -> str:
    """Return names in a line, the first few and how many more."""
    more = len(names) - _SHOWN
    words = ", ".join(names[:_SHOWN])
    return f"{words} and {more} more" if more > 1 else ", ".join(names)


def _grave(findings: Iterable[Finding], tag: str) -> list[Finding]:
    """Return the errors and warnings about a struct."""
    return [
        finding
        for finding in findings
        if finding.severity in (ERROR, WARNING) and finding.where.partition(".")[0] == tag
    ]


def _where(comparisons: Iterable[Comparison]) -> str:
    """Return ABIs and versions in words, versions of one ABI together."""
    versions: dict[str, list[str]] = {}
    for comparison in comparisons:
        ours = comparison.reference
        versions.setdefault(ours.abi, []).append(format_version(ours.interface_version))
    abis: dict[str, list[str]] = {}
    for abi, those in versions.items():
        abis.setdefault(", ".join(those), []).append(abi)
    return "; ".join(f"{', '.join(names)} at {those}" for those, names in abis.items())


def _abis(findings: Iterable[Finding]) -> str:
    return ", ".join(dict.fromkeys(finding.abi or "" for finding in findings))
