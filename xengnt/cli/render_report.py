# SPDX-License-Identifier: MIT
"""How the report of ``xengnt check`` looks on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING

from rich.text import Text

from xengnt.abi.targets import format_version
from xengnt.check import Comparison, Report
from xengnt.cli import render
from xengnt.cli.render_pair import parting, side_by_side
from xengnt.errors import printable
from xengnt.findings import ERROR, NOTE, SEVERITIES, Finding, count
from xengnt.match import MAP, NAME, PREFIX, SPELLING, Match

if TYPE_CHECKING:
    from rich.console import Console

    from xengnt.abi.layout import StructLayout

    _Key = tuple[StructLayout, StructLayout, tuple[str, ...]]

_MANY = 40
"""Of more structs than this only those are listed that differ."""

_SHOWN = 8
"""So many names are listed in a line."""

_RIGHT, _DIFFERS, _DOUBT, _KNOWN, _MISSING = "✓", "✗", "!", "≈", "·"

_STYLES = {
    _RIGHT: "green",
    _DIFFERS: "bold red",
    _DOUBT: "yellow",
    _KNOWN: "yellow",
    _MISSING: render.DIM,
}

_DRAWN = 25
"""So many structs are drawn that differ."""

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


def wrong(report: Report) -> str:
    """Return what a report has to say against its source, and nothing else, as a text."""
    return render.plain(lambda console: _Text(console, report, notes=False).print_wrong())


class _Text:
    """The report of one source, with its notes or without."""

    def __init__(self, console: Console, report: Report, *, notes: bool = True) -> None:
        self.console = console
        self.report = report
        self.notes = notes
        self.comparisons = report.comparisons
        self._about = [_by_struct(one.findings) for one in report.comparisons]

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

    def print_wrong(self) -> None:
        """Print what differs."""
        self._differing()
        self._rest()

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
        numbers = [n for n, one in enumerate(self.comparisons) if one.reference.abi == abi]
        some = [self.comparisons[number] for number in numbers]
        about = [finding for number in numbers for finding in self._about[number].get(tag, ())]
        graves = [finding for finding in about if finding.severity != NOTE]
        pairs = [
            (one.reference.structs[tag].size, one.theirs.structs[tag].size)
            for one in some
            if _there(one, tag)
        ]
        if any(finding.severity == ERROR for finding in graves):
            mark = _DIFFERS
        else:
            mark = _DOUBT if graves else _RIGHT if pairs else _MISSING
            known = any((one.because or "").startswith("expected: ") for one in about)
            mark = _KNOWN if known and mark == _RIGHT else mark
        made = Text(mark, style=_STYLES[mark])
        for ours, theirs in pairs[:1]:
            made.append(f" {theirs}" if ours == theirs else f" {theirs} ≠ {ours}", style="not bold")
        return made

    def _differing(self) -> None:
        """Draw each struct that differs, once for all the ABIs on which it looks the same."""
        groups: dict[_Key, list[Comparison]] = {}
        drawn: dict[_Key, tuple[StructLayout, StructLayout, list[Finding]]] = {}
        for comparison, about in zip(self.comparisons, self._about, strict=True):
            for ours, theirs, findings in _pairs(comparison, about):
                key: _Key = (ours, theirs, tuple(finding.message for finding in findings))
                groups.setdefault(key, []).append(comparison)
                drawn.setdefault(key, (ours, theirs, findings))
        for key in list(groups)[:_DRAWN]:
            self._draw(*drawn[key], groups[key])
        if len(groups) > _DRAWN:
            more = (
                f"{len(groups) - _DRAWN} more structs differ: see --format json, or ask with --only"
            )
            self.console.print(Text(more, style=render.SEVERITIES[ERROR]), soft_wrap=True)

    def _draw(
        self,
        ours: StructLayout,
        theirs: StructLayout,
        findings: Sequence[Finding],
        comparisons: Sequence[Comparison],
    ) -> None:
        title = Text(f"{ours.kind} ") + self._name(ours.tag)
        title.stylize("bold")
        title.append(f"  {_where(comparisons)}", style=f"not bold {render.DIM}")
        at = parting(ours, theirs)
        if at is not None:
            title.append(f"  they part at byte {at}", style=render.SEVERITIES[ERROR])
        self.console.print(title)
        self.console.print(side_by_side(ours, theirs))
        self._explain(findings)
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
        if self.notes:
            self._matches()
        lines: dict[tuple[str, str, str, str], list[Finding]] = {}
        together: dict[str, list[Finding]] = {}
        compared = [f for one in self.comparisons for f in one.findings]
        kept = [f for f in compared if f.severity == NOTE or not self._is_drawn(f)]
        for finding in (*self.report.refusals, *kept):
            if finding.severity == NOTE and not self.notes:
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
        return finding.where.partition(".")[0] in self._drawn_tags

    @cached_property
    def _drawn_tags(self) -> set[str]:
        return {
            tag for one in self.comparisons for tag in one.reference.structs if _there(one, tag)
        }

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


def _by_struct(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Return findings by the struct that they are about."""
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.where.partition(".")[0], []).append(finding)
    return found


def _pairs(
    comparison: Comparison, about: dict[str, list[Finding]]
) -> Iterator[tuple[StructLayout, StructLayout, list[Finding]]]:
    """Give the structs that differ, each with theirs and what is to be said of it.

    A further definition of one stands for itself, with the findings at its place.
    """
    others = [(one.layout, one.where or "another place") for one in comparison.others]
    for tag, findings in about.items():
        ours, theirs = comparison.reference.structs.get(tag), comparison.theirs.structs.get(tag)
        graves = [finding for finding in findings if finding.severity != NOTE]
        if ours is None or theirs is None:
            continue
        for struct, where in ((s, w) for s, w in others if s.tag == tag):
            its = [finding for finding in graves if finding.source == where]
            graves = [finding for finding in graves if finding.source != where]
            if its:
                yield ours, struct, its
        if graves:
            yield ours, theirs, graves


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
