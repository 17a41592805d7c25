# SPDX-License-Identifier: MIT
"""Check whether C headers declare the grant-table interface as Xen does."""

from __future__ import annotations

import argparse
import sys

from xengnt.cli import options

HELP = "check somebody's header against the ABI"
EPILOG = """\
Structs, fields, constants, pointed-to types and, where the header states it, which
struct goes with which command are compared, at the newest interface version that
both know. No cross compiler is needed. What the header lacks is a note; what it
has differently is an error, and the exit status is then 1.

examples:
  xengnt check /usr/include/xen/grant_table.h --abi all
  xengnt check mine.h -I include -D CONFIG_XEN
  xengnt check mine.h --abi arm32 --interface-version all
  xengnt check mine.h --format json | jq '.findings[] | select(.severity == "error")'
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("source", nargs="+", metavar="HEADER", help="a C header")
    options.abi(parser, repeatable=True)
    parser.add_argument(
        "--interface-version",
        action="append",
        default=[],
        metavar="VERSION",
        help="0x0003020a, newest, undefined, or all for each side of every gate; "
        "repeatable (default: the newest that the header takes)",
    )
    parser.add_argument(
        "-I",
        dest="include",
        action="append",
        default=[],
        metavar="DIR",
        help="search this directory for what the header includes; repeatable",
    )
    parser.add_argument(
        "-D",
        dest="define",
        action="append",
        default=[],
        metavar="NAME[=VALUE]",
        help="define this macro; repeatable",
    )
    options.format_(parser, "text", "json")


def run(wanted: argparse.Namespace) -> int:
    """Run the command."""
    from xengnt.check import Report, check
    from xengnt.errors import XengntError
    from xengnt.findings import ERROR

    reports: list[Report] = []
    unreadable = False
    for source in wanted.source:
        try:
            reports.append(
                check(
                    source,
                    abis=wanted.abi,
                    versions=wanted.interface_version,
                    include=wanted.include,
                    defines=wanted.define,
                )
            )
        except XengntError as error:
            print(f"xengnt: {error}", file=sys.stderr)
            unreadable = True
    if reports:
        from xengnt.cli import render_report

        {"text": render_report.text, "json": render_report.as_json}[wanted.format](reports)
    if unreadable:
        return 2
    return int(any(f.severity == ERROR for report in reports for f in report.findings))
