# SPDX-License-Identifier: MIT
"""Read a binary argument blob, or dumped grant entries."""

from __future__ import annotations

import argparse
import csv
import json
import sys

from xengnt.cli import options

HELP = "read a blob"
EPILOG = """\
table and hex show names of values, json, jsonl and csv numbers. hex is every byte with
the field it belongs to: what to paste into a bug report.

examples:
  xengnt decode copy copies.bin
  xengnt decode map_grant_ref map.bin --abi x86_32 --format hex
  xengnt decode grant_entry_v1 frame.bin --format csv
  xengnt decode copy copies.bin --format json --in-only | xengnt encode copy | cmp - copies.bin
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    options.struct(parser)
    options.input_(parser, "blob", "BLOB", "the blob")
    options.abi(parser, repeatable=False)
    options.interface_version(parser)
    options.format_(parser, "table", "json", "jsonl", "csv", "hex")
    parser.add_argument("--in-only", action="store_true", help="show only what goes in")


def run(wanted: argparse.Namespace) -> int:
    """Run the command."""
    abi = options.abi_of(wanted)
    codec = abi.codec(wanted.struct)
    data, name = options.read_bytes(wanted.blob)
    with options.naming(name):
        rows = abi.decode(wanted.struct, data)
    if wanted.format in ("table", "hex"):
        from xengnt.cli import render_blob

        shower = render_blob.hex_dump if wanted.format == "hex" else render_blob.rows
        shower(abi, wanted.struct, data, in_only=wanted.in_only)
        return 0
    if wanted.in_only:
        slots = codec.plan.slots
        rows = [{n: v for n, v in row.items() if not slots[n][1].out} for row in rows]
    if wanted.format == "json":
        lines = ",\n".join(f"  {json.dumps(row)}" for row in rows)
        print(f"[\n{lines}\n]" if rows else "[]")
    elif wanted.format == "jsonl":
        for row in rows:
            print(json.dumps(row))
    else:
        names = list(dict.fromkeys(name for row in rows for name in row))
        writer = csv.DictWriter(sys.stdout, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return 0
