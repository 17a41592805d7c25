# SPDX-License-Identifier: MIT
"""Play a scenario, and tell what was not as it expects."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from xengnt.cli import options

if TYPE_CHECKING:
    from xengnt.backends.base import Backend
    from xengnt.findings import Finding
    from xengnt.scenario import Scenario, World

HELP = "play a scenario on a backend"
EPILOG = """\
A scenario is JSON Lines: set-up, calls, and what is expected of them; docs/scenarios.md
says how it is written. A backend is

  model              the model of Xen that is part of this package
  lib:PATH[:SYMBOL]  a C function int f(unsigned cmd, void *uop, unsigned count) in a
                     shared library, HYPERVISOR_grant_table_op by default

The table shows each step, and why elements failed where the backend tells. With --format
jsonl it is the scenario again, with what was seen as its expectations.

examples:
  xengnt run examples/block.jsonl
  xengnt run recorded.jsonl --backend lib:./libmine.so
  xengnt run examples/block.jsonl --xen-version 4.19 --format jsonl > seen.jsonl
"""

SYMBOL = "HYPERVISOR_grant_table_op"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    options.input_(parser, "scenario", "SCENARIO", "a scenario")
    parser.add_argument("--backend", default="model", metavar="BACKEND", help="(default: model)")
    parser.add_argument(
        "--xen-version",
        metavar="VERSION",
        help="the Xen that the model is to be (default: what the scenario says, or 4.17)",
    )
    options.format_(parser, "table", "jsonl")


def run(wanted: argparse.Namespace) -> int:
    """Run the command."""
    from xengnt.scenario import Scenario, play

    text, name = options.read_text(wanted.scenario)
    scenario = Scenario.parse(text.splitlines(), name)
    played = play(scenario, _backend(wanted, scenario))
    if wanted.format == "jsonl":
        return _lines(scenario, played)
    from xengnt.cli import render_run

    return render_run.table(scenario, played)


def _backend(wanted: argparse.Namespace, scenario: Scenario) -> Backend | World:
    """Return the backend that the options ask for."""
    from xengnt.errors import InvalidValue

    kind, _, rest = wanted.backend.partition(":")
    if kind == "lib" and rest:
        from xengnt.backends.native import Library

        path, _, symbol = rest.partition(":")
        return Library(path, symbol or SYMBOL)
    if wanted.backend == "model":
        from xengnt.model.world import ModelWorld

        return ModelWorld(wanted.xen_version or scenario.xen_version, **scenario.xen)
    raise InvalidValue(f"--backend: expected model or lib:PATH[:SYMBOL], got {wanted.backend!r}")


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
