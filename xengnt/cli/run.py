# SPDX-License-Identifier: MIT
"""Play a scenario, and tell what was not as it expects."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from xengnt.cli import backends, options

if TYPE_CHECKING:
    from xengnt.findings import Finding
    from xengnt.scenario import Scenario

HELP = "play a scenario on a backend"
EPILOG = f"""\
A scenario is JSON Lines: set-up, calls, and what is expected of them; docs/scenarios.md
says how it is written. A backend is

{backends.HELP}
The table shows each step, and why elements failed where the backend tells. With --format
jsonl it is the scenario again, with what was seen as its expectations: it plays again as it
did, and what was not as expected goes to standard error.

exit status: 1 if something was not as expected, 2 if it cannot be played

examples:
  xengnt run examples/scenarios/block.jsonl
  xengnt run recorded.jsonl --backend lib:./libmine.so
  xengnt run examples/scenarios/block.jsonl --backend qemu-xen
  xengnt run examples/scenarios/block.jsonl --xen-version 4.19 --format jsonl > seen.jsonl
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    options.input_(parser, "scenario", "SCENARIO", "a scenario")
    backends.argument(parser)
    parser.add_argument(
        "--unsafe",
        action="store_true",
        help="with xen: every op, also those that break grants that its kernel has in use",
    )
    parser.add_argument(
        "--xen-version",
        metavar="VERSION",
        help="the Xen that the model is to be (default: what the scenario says, or 4.17)",
    )
    options.format_(parser, "table", "jsonl")


def run(wanted: argparse.Namespace) -> int:
    """Run the command."""
    from xengnt.errors import InvalidValue
    from xengnt.scenario import Scenario, play

    if wanted.xen_version and wanted.backend != "model":
        raise InvalidValue("--xen-version: any other backend is what it is; it is for the model")
    text, name = options.read_text(wanted.scenario)
    scenario = Scenario.parse(text.split("\n"), name)
    scenario.xen_version = wanted.xen_version or scenario.xen_version
    with backends.opened(wanted.backend, unsafe=wanted.unsafe) as on:
        played = play(scenario, on(scenario))
        if wanted.format == "jsonl":
            return _lines(scenario, played)
        from xengnt.cli import render_run

        return render_run.table(scenario, played)


def _lines(scenario: Scenario, played: Any) -> int:
    """Print the scenario with what was seen, as it goes; findings go to standard error."""
    from xengnt.scenario import Call, Scenario

    head = Scenario(scenario.abi, title=scenario.title, xen_version=scenario.xen_version)
    head.xen = scenario.xen
    print(head.text(), end="")
    wrong = 0
    for step, findings in played:
        line = step.as_json() if isinstance(step, Call) else step.line
        if isinstance(step, Call) and step.reasons:
            line["reasons"] = [{"element": at, "reason": why} for at, why in step.reasons]
        print(json.dumps(line), flush=True)
        wrong += _complain(findings)
    return int(wrong > 0)


def _complain(findings: list[Finding]) -> int:
    for finding in findings:
        print(f"xengnt: {finding.message}", file=sys.stderr)
    return len(findings)
