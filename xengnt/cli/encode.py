# SPDX-License-Identifier: MIT
"""Make a binary argument blob from a JSON batch."""

from __future__ import annotations

import argparse

from xengnt.cli import options

HELP = "make a blob from a JSON batch"
EPILOG = """\
A batch is an array of objects, keyed by field, dotted or nested. Values are integers,
hexadecimal strings, or names: "GNTMAP_host_map|GNTMAP_readonly", "host_map|readonly",
"DOMID_SELF". What is not given is zero. An object instead of an array is columns.

examples:
  echo '[{"ref": 8, "flags": "host_map|readonly"}]' | xengnt encode map_grant_ref -o map.bin
  xengnt encode copy examples/copies.json --abi x86_32 > copies.bin
  echo '{"dom": "DOMID_SELF", "nr_frames": [1, 2]}' | xengnt encode setup_table | xxd
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


def run(wanted: argparse.Namespace) -> int:
    """Run the command."""
    from xengnt.codec.strict_json import loads

    codec = options.abi_of(wanted).codec(wanted.struct)
    text, name = options.read_text(wanted.batch)
    with options.naming(name):
        blob = codec.encode(
            loads(text), strict=wanted.strict, allow_out=wanted.allow_out, poison=wanted.poison
        )
    options.write_bytes(wanted.output, blob)
    return 0


def _byte(text: str) -> int:
    try:
        return bytes([int(text, 0)])[0]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a byte, 0 to 0xff") from None
