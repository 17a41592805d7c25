# SPDX-License-Identifier: MIT
"""Judge what a blob means: what Xen would refuse, and what should not be there."""

from __future__ import annotations

import argparse

from xengnt.cli import options

HELP = "judge what a blob means"
EPILOG = """\
Looked at are holes and pads, flag bits without a meaning or that the op refuses, statuses
and versions that there are not, domain ids that the op does not take, frame numbers that
are none, copies that go beyond the end of a page, bits above the member of a union that is
meant, and more structs than a call takes. An error is what Xen refuses, a warning what it
ignores. before the call, the fields that come out are anybody's; after it they are looked
at too.

examples:
  xengnt validate copy copies.bin
  xengnt validate map_grant_ref results.bin --when after --format json
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    options.struct(parser)
    options.input_(parser, "blob", "BLOB", "the blob")
    options.abi(parser, repeatable=False)
    options.interface_version(parser)
    parser.add_argument(
        "--when", choices=("before", "after"), default="before", help="(default: before)"
    )
    options.format_(parser, "text", "json")


def run(wanted: argparse.Namespace) -> int:
    """Run the command."""
    from dataclasses import replace

    from xengnt.cli import render
    from xengnt.findings import ERROR, count

    abi = options.abi_of(wanted)
    codec = abi.codec(wanted.struct)
    data, name = options.read_bytes(wanted.blob)
    with options.naming(name):
        findings = [
            replace(found, source=name)
            for found in abi.validate(wanted.struct, data, when=wanted.when)
        ]
    if wanted.format == "json":
        render.print_json({"findings": [found.as_json() for found in findings]})
    else:
        console = render.console()
        for found in findings:
            console.print(render.finding(found), soft_wrap=True)
        counts = count(findings)
        elements = len(data) // codec.plan.struct.size
        console.print(
            f"{elements} elements: {counts['error']} errors, {counts['warning']} warnings"
        )
    return int(any(found.severity == ERROR for found in findings))
