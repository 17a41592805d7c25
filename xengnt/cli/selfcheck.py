# SPDX-License-Identifier: MIT
"""Hold the layout engine against the C compiler that built xengnt, on this machine's ABI."""

from __future__ import annotations

import argparse
from pathlib import Path

from xengnt.cli import options

HELP = "hold xengnt's own layouts against the C compiler"
EPILOG = """\
The engine derives each layout from the declarations. The extension has the sizes,
offsets, alignments and constants that the compiler gave the same header when xengnt
was built. All of them are compared.

examples:
  xengnt selfcheck
  xengnt selfcheck --format json
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument(
        "--extension", type=Path, metavar="FILE", help="ask this build of the extension instead"
    )
    options.format_(parser, "text", "json")


def run(wanted: argparse.Namespace) -> int:
    """Run the command."""
    from xengnt.cli import render
    from xengnt.selfcheck import selfcheck

    result = selfcheck(wanted.extension)
    fields = sum(len(struct.fields) for struct in result.compiler.structs.values())
    counts = {
        "structs": len(result.compiler.structs),
        "fields": fields,
        "types": len(result.compiler.typedefs),
        "constants": len(result.compiler.constants),
        "messages": len(result.compiler.messages),
    }
    if wanted.format == "json":
        findings = [finding.as_json() for finding in result.findings]
        render.print_json({"findings": findings, "abi": result.engine.abi, "compared": counts})
        return 1 if findings else 0
    console = render.console()
    for finding in result.findings:
        console.print(f"error: {finding.message}", style="red", markup=False)
    verdict = f"{len(result.findings)} differences" if result.findings else "no difference"
    compared = ", ".join(f"{number} {what}" for what, number in counts.items())
    console.print(f"{result.engine.abi}: engine and C compiler compared over {compared}: {verdict}")
    return 1 if result.findings else 0
