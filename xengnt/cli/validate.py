# SPDX-License-Identifier: MIT
"""Judge what blobs mean: what Xen would refuse, and what should not be there."""

from __future__ import annotations

import argparse
import sys

from xengnt.cli import options, streaming

HELP = "judge what blobs mean"
EPILOG = """\
Looked at are holes and pads, flag bits without a meaning or that the op refuses, statuses
and versions that there are not, domain ids that the op does not take, frame numbers that
are none, copies that go beyond the end of a page, bits above the member of a union that is
meant, and more structs than a call takes. An error is what Xen refuses, a warning what it
ignores. before the call, the fields that come out are anybody's; after it they are looked
at too.

Files may be larger than memory. Of several files, or a folder, each is a call of its own,
counted for itself and in the total; one that cannot be read is named, and the rest is
judged. An interrupt ends with what was counted until then.

examples:
  xengnt validate copy copies.bin
  xengnt validate map_grant_ref results.bin --when after --format json
  xengnt validate copy corpus/ --jobs 0 --limit 20
  xengnt validate copy /shared/corpus/ --scheduler tcp://10.0.0.1:8786
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    options.struct(parser)
    streaming.inputs(parser, "BLOB")
    options.abi(parser, repeatable=False)
    options.interface_version(parser)
    parser.add_argument(
        "--when", choices=("before", "after"), default="before", help="(default: before)"
    )
    options.format_(parser, "text", "json")
    parser.add_argument(
        "--limit",
        type=streaming.natural,
        default=1000,
        metavar="N",
        help="show so many findings, and count the rest (default: 1000)",
    )
    streaming.workers(parser)


def run(wanted: argparse.Namespace) -> int:
    """Run the command."""
    from xengnt.cli import render, render_judged
    from xengnt.findings import ERROR
    from xengnt.streams import validate

    abi = options.abi_of(wanted)
    abi.codec(wanted.struct)  # which may not be there
    found, several = streaming.sources(wanted.blobs)
    console = render.console()
    json = wanted.format == "json"
    report: render_judged.Report = (
        render_judged.Json(wanted.limit, several=several)
        if json
        else render_judged.Lines(wanted.limit, console, several=several)
    )
    with (
        streaming.progress(
            "validating", found, None if json or not console.is_terminal else console
        ) as show,
        streaming.working(wanted) as (executor, ahead),
    ):
        try:
            for judged in validate(
                abi,
                wanted.struct,
                found,
                when=wanted.when,
                most=wanted.limit,
                executor=executor,
                ahead=ahead,
            ):
                if judged.error is not None:
                    if len(found) == 1 and not report.elements:
                        raise judged.error
                    print("xengnt:", judged.error, file=sys.stderr)
                report.add(judged)
                show(judged.piece.size)
        except KeyboardInterrupt:
            report.end(complete=False)
            raise
        report.end(complete=True)
    return 2 if report.unreadable else int(bool(report.counts[ERROR]))
