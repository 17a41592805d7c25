# SPDX-License-Identifier: MIT
"""How the report of ``xengnt check`` looks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from xengnt.abi.layout import Field, StructLayout
from xengnt.abi.targets import format_version
from xengnt.check import Comparison, Report
from xengnt.cli import render
from xengnt.findings import ERROR, SEVERITIES, WARNING, Finding, count

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def as_json(reports: Sequence[Report]) -> None:
    """Print findings JSON."""
    render.print_json(
        {
            "findings": [finding.as_json() for report in reports for finding in report.findings],
            "compared": [
                {
                    "source": report.source,
                    "abi": comparison.reference.abi,
                    "interface_version": format_version(comparison.reference.interface_version),
                    **_common(comparison),
                }
                for report in reports
                for comparison in report.comparisons
            ],
        }
    )


def text(reports: Sequence[Report]) -> None:
    """Print a report for people."""
    console = render.console()
    for number, report in enumerate(reports):
        if number:
            console.print()
        _Text(console, report).print()


def _common(comparison: Comparison) -> dict[str, int]:
    ours, theirs = comparison.reference, comparison.theirs
    return {
        "structs": len(ours.structs.keys() & theirs.structs.keys()),
        "constants": len(ours.constants.keys() & theirs.constants.keys()),
        "ops": len(ours.ops.keys() & theirs.ops.keys()),
    }


class _Text:
    """One header's report."""

    def __init__(self, console: Console, report: Report) -> None:
        self.console = console
        self.report = report

    def print(self) -> None:
        self.console.print(Text(self.report.source, style="bold"))
        self._overview()
        self._structs()
        self._rest()
        self._closing()

    def _overview(self) -> None:
        made = render.table(
            "abi", "interface version", ("structs", "right"), ("constants", "right"), "verdict"
        )
        rows: dict[tuple[str, ...], list[str]] = {}
        for comparison in self.report.comparisons:
            counts = count(comparison.findings)
            verdict = ", ".join(
                f"{number} {name}{'s' * (number != 1)}"
                for name, number in counts.items()
                if number and name != "note"
            )
            common = _common(comparison)
            key = (
                comparison.reference.abi,
                str(common["structs"]),
                str(common["constants"]),
                verdict or "agrees",
            )
            version = format_version(comparison.reference.interface_version)
            rows.setdefault(key, []).append(version)
        for (abi, structs, constants, verdict), versions in rows.items():
            style = "green" if verdict == "agrees" else render.SEVERITIES[ERROR]
            made.add_row(abi, "\n".join(versions), structs, constants, Text(verdict, style=style))
        self.console.print(made)

    def _structs(self) -> None:
        """Show each struct that differs, once for all the ABIs on which it looks the same."""
        groups: dict[tuple[StructLayout, StructLayout, tuple[str, ...]], list[Comparison]] = {}
        for comparison in self.report.comparisons:
            for tag, ours in comparison.reference.structs.items():
                theirs = comparison.theirs.structs.get(tag)
                messages = tuple(f.message for f in _grave(comparison.findings, tag))
                if theirs is not None and messages:
                    groups.setdefault((ours, theirs, messages), []).append(comparison)
        for (ours, theirs, _), comparisons in groups.items():
            title = Text(f"{ours.kind} {ours.tag}", style="bold")
            title.append(f"  {_where(comparisons)}", style=f"not bold {render.DIM}")
            self.console.print(title)
            self.console.print(_side_by_side(ours, theirs))
            for finding in _grave(comparisons[0].findings, ours.tag):
                self._line(finding, [])
            self.console.print()

    def _rest(self) -> None:
        """List what is not about a struct that was shown, alike findings on one line."""
        lines: dict[tuple[str, str, str, str], list[Finding]] = {}
        for finding in self.report.findings:
            if finding.severity in (ERROR, WARNING) and self._is_shown(finding):
                continue
            key = (finding.severity, finding.code, finding.where, finding.message)
            lines.setdefault(key, []).append(finding)
        for severity in SEVERITIES:
            for alike in lines.values():
                if alike[0].severity == severity:
                    self._line(alike[0], alike)

    def _is_shown(self, finding: Finding) -> bool:
        tag = finding.where.partition(".")[0]
        return any(
            tag in comparison.reference.structs and tag in comparison.theirs.structs
            for comparison in self.report.comparisons
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


def _side_by_side(ours: StructLayout, theirs: StructLayout) -> Table:
    """Return both layouts in one table, the first byte at which they part marked."""
    made = render.table(
        ("offset", "right"),
        ("size", "right"),
        "reference",
        "type",
        "",
        ("offset", "right"),
        ("size", "right"),
        "theirs",
        "type",
    )
    names = dict.fromkeys([f.name for f in ours.fields] + [f.name for f in theirs.fields])
    for name in names:
        left, right = ours.by_name.get(name), theirs.by_name.get(name)
        same = left is not None and right is not None and _shape(left) == _shape(right)
        style = "" if same else render.SEVERITIES[ERROR]
        made.add_row(
            *_cells(left, ""), Text("" if same else "≠", style=style), *_cells(right, style)
        )
    made.add_section()
    same = (ours.size, ours.align) == (theirs.size, theirs.align)
    style = "" if same else render.SEVERITIES[ERROR]
    made.add_row(
        *("", str(ours.size), "size", f"aligned to {ours.align}"),
        Text("" if same else "≠", style=style),
        *(
            Text(t, style=style)
            for t in ("", str(theirs.size), "size", f"aligned to {theirs.align}")
        ),
    )
    return made


def _shape(field: Field) -> tuple[object, ...]:
    pointee = field.pointee and field.pointee.size
    sign = field.signed if field.kind == "int" else None
    return (field.offset, field.size, sign, field.count, pointee)


def _cells(field: Field | None, style: str) -> list[Text]:
    if field is None:
        return [Text(""), Text(""), Text("—", style=style), Text("")]
    name = render.indented(field)
    if style:
        name.stylize(style)
    return [
        Text(str(field.offset), style=style),
        Text(str(field.size), style=style),
        name,
        Text(render.type_name(field), style=style or render.DIM),
    ]
