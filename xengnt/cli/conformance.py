# SPDX-License-Identifier: MIT
"""Play what was recorded from real Xen, and tell whether a backend does the same."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xengnt.cli import backends, options

if TYPE_CHECKING:
    from xengnt.conformance.run import Verdict

HELP = "hold a backend against what real Xen was seen to do"
EPILOG = f"""\
Each case is a scenario that was played on real Xen; what came of it is what a backend has to
do. A backend is

{backends.HELP}
A case is not supported if the backend does not have what it is about. A library with the
control part is asked all; a bare C function, which has no domains, only what needs none. Each
case is played on a library in a process of its own: if that crashes, the case differs.

exit status: 1 if a case differs, 2 if none could be played

examples:
  xengnt conformance
  xengnt conformance --backend lib:./libmine.so --only copy/
  xengnt conformance --backend qemu-xen --only set_version
  xengnt conformance --format json
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    backends.argument(parser)
    parser.add_argument("--only", default="", metavar="TEXT", help="the cases with it in the name")
    parser.add_argument(
        "--suite", type=Path, metavar="FOLDER", help="other cases than those of this package"
    )
    parser.add_argument(
        "-x", "--exitfirst", action="store_true", help="stop at the first case that differs"
    )
    options.format_(parser, "table", "json")


def run(wanted: argparse.Namespace) -> int:
    """Run the command."""
    from xengnt.cli import render
    from xengnt.conformance.run import DIFFERS, UNSUPPORTED, run
    from xengnt.conformance.suite import Suite, shipped
    from xengnt.errors import InvalidValue

    suite = Suite(wanted.suite) if wanted.suite else shipped()
    recorded = suite.recorded
    cases = list(suite.cases(wanted.only))
    if not cases:
        raise InvalidValue(f"--only: no case has {wanted.only!r} in its name")
    verdicts: list[Verdict] = []
    with backends.opened(wanted.backend) as on, render.progress("cases", counts=True) as show:
        for verdict in run(cases, on, foreign=wanted.backend.startswith("lib:")):
            verdicts.append(verdict)
            show(len(verdicts), len(cases))
            if wanted.exitfirst and verdict.verdict == DIFFERS:
                break
    if wanted.format == "json":
        render.print_json(_report(verdicts, recorded))
    else:
        from xengnt.cli import render_conformance

        render_conformance.show(suite, verdicts)
    counts = Counter(one.verdict for one in verdicts)
    if counts[UNSUPPORTED] == len(verdicts):
        return 2
    return int(counts["differs"] > 0)


def counted(verdicts: list[Verdict]) -> dict[str, dict[str, int]]:
    """Return how many cases of each op have which verdict."""
    from xengnt.conformance.run import VERDICTS

    found: dict[str, dict[str, int]] = {}
    for one in verdicts:
        found.setdefault(one.op, dict.fromkeys(VERDICTS, 0))[one.verdict] += 1
    return found


def _report(verdicts: list[Verdict], recorded: dict[str, str]) -> dict[str, Any]:
    ops = counted(verdicts)
    total = {key: sum(row[key] for row in ops.values()) for key in next(iter(ops.values()))}
    cases = [
        {"case": one.case.title, "verdict": one.verdict}
        | ({"findings": [found.as_json() for found in one.findings]} if one.findings else {})
        | ({"why": one.why} if one.why else {})
        for one in verdicts
        if one.findings or one.why
    ]
    return {**total, "ops": ops, **recorded, "cases": cases}
