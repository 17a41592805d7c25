# SPDX-License-Identifier: MIT
"""Make a binary argument blob from a JSON batch."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import Executor
from typing import BinaryIO

from xengnt.cli import options, streaming

HELP = "make a blob from a JSON batch"
EPILOG = """\
A batch is an array of objects, keyed by field, dotted or nested, or JSON Lines: an object
on each line. Values are integers, hexadecimal strings, or names:
"GNTMAP_host_map|GNTMAP_readonly", "host_map|readonly", "DOMID_SELF". What is not given is
zero. A single object is columns.

Arrays and JSON Lines may be larger than memory, columns may not. Nothing is written
unless all of it is right: in a pipe, it waits in a temporary file.

examples:
  echo '[{"ref": 8, "flags": "host_map|readonly"}]' | xengnt encode map_grant_ref -o map.bin
  xengnt encode copy examples/copies.json --abi x86_32 > copies.bin
  echo '{"dom": "DOMID_SELF", "nr_frames": [1, 2]}' | xengnt encode setup_table | xxd
  xengnt encode copy trace.jsonl --jobs 0 -o trace.bin
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    options.struct(parser)
    options.input_(parser, "batch", "BATCH.json", "the batch")
    options.output(parser, "BLOB")
    options.abi(parser, repeatable=False)
    options.interface_version(parser)
    parser.add_argument("--strict", action="store_true", help="demand every field that goes in")
    parser.add_argument(
        "--allow-out", action="store_true", help="take fields that come out as well"
    )
    parser.add_argument(
        "--poison",
        metavar="BYTE",
        type=_byte,
        help="fill holes and fields that come out with this byte, 0xaa, to see later what "
        "the callee wrote",
    )
    streaming.jobs(parser)


def run(wanted: argparse.Namespace) -> int:
    """Run the command."""
    options.abi_of(wanted).codec(wanted.struct)  # which may not be there
    with (
        streaming.opened(wanted.batch) as (file, source),
        streaming.written(wanted.output) as out,
        streaming.progress("encoding", [source]) as show,
        streaming.working(wanted) as (executor, ahead),
        options.naming(source.name),
    ):
        for blob in _blobs(wanted, streaming.counted(file, show), executor, ahead):
            out.write(blob)
    return 0


def _blobs(
    wanted: argparse.Namespace, file: BinaryIO, executor: Executor | None, ahead: int
) -> Iterator[bytes]:
    from xengnt.streams import encode

    return encode(
        options.abi_of(wanted),
        wanted.struct,
        file,
        strict=wanted.strict,
        allow_out=wanted.allow_out,
        poison=wanted.poison,
        executor=executor,
        ahead=ahead,
    )


def _byte(text: str) -> int:
    try:
        return bytes([int(text, 0)])[0]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a byte, 0 to 0xff") from None
