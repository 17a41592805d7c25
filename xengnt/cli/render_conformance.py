# SPDX-License-Identifier: MIT
"""How ``xengnt conformance`` shows what came of the cases: a table of ops, and differences."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.text import Text

from xengnt.cli import render
from xengnt.cli.conformance import counted
from xengnt.conformance.run import DIFFERS, PASSED, UNSUPPORTED, VERDICTS
from xengnt.errors import printable
from xengnt.findings import ERROR

if TYPE_CHECKING:
    from xengnt.conformance.run import Verdict
    from xengnt.conformance.suite import Suite

_STYLES = {PASSED: "green", DIFFERS: render.SEVERITIES[ERROR], UNSUPPORTED: render.DIM}

_SHOWN = 20
"""So many cases that differ are shown, and so many findings of each."""


def show(suite: Suite, verdicts: list[Verdict]) -> None:
    """Print the differences in words, why cases are not supported, and the table."""
    console = render.console()
    differing = [one for one in verdicts if one.verdict == DIFFERS]
    for one in differing[:_SHOWN]:
        console.print(Text(printable(one.case.title), style="bold"), soft_wrap=True)
        for found in one.findings[:_SHOWN]:
            console.print(Text("   ") + render.finding(found), soft_wrap=True)
    if len(differing) > _SHOWN:
        console.print(f"and {len(differing) - _SHOWN} more that differ")
    reasons = Counter(_reason(one) for one in verdicts if one.verdict == UNSUPPORTED)
    for why, count in reasons.most_common(5):
        console.print(Text(f"{count} not supported: {printable(why)}", style=render.DIM))
    made = render.table("op", *((name, "right") for name in VERDICTS))
    ops = counted(verdicts)
    for op, row in sorted(ops.items()):
        made.add_row(op, *(_number(name, row[name]) for name in VERDICTS))
    made.add_section()
    total = {name: sum(row[name] for row in ops.values()) for name in VERDICTS}
    made.add_row("all", *(_number(name, total[name]) for name in VERDICTS))
    console.print(made)
    console.print(f"recorded on Xen {suite.recorded['xen_version']}, {suite.recorded['package']}")


def _number(name: str, count: int) -> Text:
    return Text(str(count), style=_STYLES[name]) if count else Text("-", style=render.DIM)


def _reason(one: Verdict) -> str:
    """Return why a case is not supported, without where it says so."""
    return one.why.split(": ", 1)[-1]
