# SPDX-License-Identifier: MIT
"""Real Xen under QEMU: fetch it, and hold the model against it with random calls."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections import Counter

    from xengnt.conformance.divergence import Divergence

HELP = "set up real Xen under QEMU, and hold the model against it"
EPILOG = """\
setup fetches the distribution's Xen into the folder in $XENGNT_LIVE, or into
~/.cache/xengnt; nothing is installed. It compiles our guest kernel with the C compiler in
$CC, and boots once. QEMU itself has to be installed: on Debian, qemu-system-x86 (and
qemu-system-arm for arm64).

fuzz plays random scenarios on the model and on real Xen. Where they part, the shortest
scenario that shows it is printed, which `xengnt run` takes; otherwise how often each op
came out how.

exit status: 1 if they part, 2 if there is no real Xen here

examples:
  xengnt live setup
  xengnt live setup --architecture arm64
  xengnt live fuzz --calls 20000 --seed 7
"""

CALLS = 200
"""Calls of one scenario."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("action", choices=["setup", "fuzz"], help="what to do")
    parser.add_argument(
        "--architecture",
        choices=["x86_64", "arm64"],
        default="x86_64",
        help="setup: for which (default: x86_64)",
    )
    parser.add_argument(
        "--calls", type=_positive, default=2000, metavar="N", help="fuzz: how many (2000)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="fuzz: where chance begins (0)"
    )


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return int(text)


def run(wanted: argparse.Namespace) -> int:
    """Run the command."""
    if wanted.action == "fuzz":
        return _fuzz(wanted.calls, wanted.seed)
    return _setup(wanted.architecture)


def _setup(architecture: str) -> int:
    import time

    from xengnt.live import packages
    from xengnt.live.machine import Boot, Machine

    path = packages.fetch(architecture)
    print(f"{packages.package(architecture)}: {path}")
    start = time.monotonic()
    machine = Machine(Boot("arm" if architecture == "arm64" else "pv"))
    try:
        print(f"Xen {machine.xen_version} boots in {time.monotonic() - start:.1f} s")
    finally:
        machine.close()
    return 0


def _fuzz(calls: int, seed: int) -> int:
    from collections import Counter
    from contextlib import closing

    from xengnt.cli import render
    from xengnt.conformance import fuzz
    from xengnt.conformance.divergence import first_difference, outcomes, played, shrunk
    from xengnt.live.world import LiveWorld, Machines
    from xengnt.model.world import ModelWorld
    from xengnt.scenario import Scenario

    with closing(Machines()) as machines, render.progress("random calls", counts=True) as show:

        def live(case: Scenario) -> LiveWorld:
            return LiveWorld(machines, **case.xen)

        def model(case: Scenario) -> ModelWorld:
            return ModelWorld(machines.release, **case.xen)

        found: Counter[tuple[str, str]] = Counter()
        for done in range(0, calls, CALLS):
            lines = fuzz.scenario(seed + done // CALLS, min(CALLS, calls - done))
            real = played(lines, live)
            if apart := first_difference(lines, real, played(lines, model)):
                return _tell(shrunk(apart, live, model))
            found.update(outcomes(real))
            show(done + CALLS, calls)
        _table(found)
        print(f"{calls} calls: the model does what Xen {machines.xen_version} does")
    return 0


def _tell(found: Divergence) -> int:
    """Print where Xen and the model part."""
    for line in found.lines:
        print(json.dumps(line))
    print(f"xengnt: Xen: {json.dumps(found.one)}", file=sys.stderr)
    print(f"xengnt: the model: {json.dumps(found.other)}", file=sys.stderr)
    return 1


def _table(found: Counter[tuple[str, str]]) -> None:
    """Print how often each op came out how."""
    from xengnt.cli import render

    made = render.table("op", ("of all", "right"), "how it came out")
    for op in sorted({op for op, _ in found}):
        row = {name: count for (one, name), count in found.items() if one == op}
        whole = sum(row.values())
        shares = sorted(row.items(), key=lambda item: -item[1])
        words = ", ".join(f"{name} {count / whole:.0%}" for name, count in shares)
        made.add_row(op, f"{whole / found.total():.1%}", words)
    render.console().print(made)
