# SPDX-License-Identifier: MIT
"""Read dumped grant frames: what is granted, what is in use, and what is wrong with it."""

from __future__ import annotations

import argparse

from xengnt.cli import options

HELP = "read dumped grant frames"
EPILOG = """\
Entries in use come first, then those that permit access, then transfers. Invalid entries
are counted, and shown if something is wrong with them.

exit status: 1 if something is an error

examples:
  xengnt entries frame.bin --grant-version 1
  xengnt entries frames.bin --grant-version 2 --status status.bin --abi arm64
  xengnt entries frame.bin --grant-version 1 --format json | jq '.entries[] | select(.in_use != [])'
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    options.input_(parser, "frames", "FRAME", "the frames, one behind the other")
    parser.add_argument(
        "--grant-version", type=int, choices=(1, 2), required=True, help="of the table"
    )
    parser.add_argument("--status", metavar="STATUS", help="the status array, of version 2")
    options.abi(parser, repeatable=False)
    options.format_(parser, "table", "json")


def run(wanted: argparse.Namespace) -> int:
    """Run the command."""
    from xengnt.codec import Abi
    from xengnt.findings import ERROR
    from xengnt.guest import read_dump

    abi = Abi.native() if wanted.abi is None else Abi(wanted.abi)
    data, name = options.read_bytes(wanted.frames)
    status = None
    if wanted.status is not None:
        status, status_name = options.read_bytes(wanted.status)
        name = f"{name}, {status_name}"
    with options.naming(name):
        dump = read_dump(data, wanted.grant_version, abi, status)
    if wanted.format == "json":
        import json

        print(json.dumps(dump.as_json(), indent=2))
    else:
        from xengnt.cli import render_entries

        render_entries.entries(dump)
    return int(any(fault.severity == ERROR for fault in dump.faults))
