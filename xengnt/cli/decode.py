# SPDX-License-Identifier: MIT
"""Read binary argument blobs, or dumped grant entries, of any size."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from xengnt.cli import options, streaming
from xengnt.errors import SourceError, printable

if TYPE_CHECKING:
    from rich.console import Console

    from xengnt.codec import Codec
    from xengnt.streams import Decoded

HELP = "read blobs"
EPILOG = """\
table and hex show names of values, all others numbers. hex is every byte with the field
it belongs to: what to paste into a bug report. csv has a column for each name that a value
can have. parquet and arrow have one for each field, of just its width, that is never null,
and one for each member of a union, null where another is meant (pip install
'xengnt[arrow]'). Of several files, or a folder, each row begins with its file and its number
in it.

Files may be larger than memory. A file given with -o is there only when all is in it.

examples:
  xengnt decode copy copies.bin
  xengnt decode map_grant_ref map.bin --abi x86_32 --format hex
  xengnt decode grant_entry_v1 frame.bin --format csv
  xengnt decode copy copies.bin --format json --in-only | xengnt encode copy | cmp - copies.bin
  xengnt decode copy corpus/ --format parquet -o corpus.parquet --jobs 0
  duckdb -c "SELECT status, count(*) FROM 'corpus.parquet' GROUP BY status"
"""

_ERRORS = 10
"""As many files that cannot be read are named."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    options.struct(parser)
    streaming.inputs(parser, "BLOB")
    options.output(parser, "FILE")
    options.abi(parser, repeatable=False)
    options.interface_version(parser)
    options.format_(parser, "table", "json", "jsonl", "csv", "hex", "parquet", "arrow")
    parser.add_argument("--in-only", action="store_true", help="show only what goes in")
    streaming.workers(parser)


def run(wanted: argparse.Namespace) -> int:
    """Run the command."""
    from xengnt.streams import decode, tables
    from xengnt.streams.pieces import whole

    abi = options.abi_of(wanted)
    codec = abi.codec(wanted.struct)
    found, several = streaming.sources(wanted.blobs)
    if errors := [error for source in found if (error := whole(codec, source))]:
        return _refuse(errors)
    shown = wanted.format in ("table", "hex")
    table = wanted.format in tables.FORMS
    text = not table
    quiet = text and wanted.output == "-" and sys.stdout.isatty()
    with (
        streaming.written(wanted.output, whole=False, text=text) as out,
        streaming.progress("decoding", [] if quiet else found) as show,
        streaming.working(wanted) as (executor, ahead),
    ):
        parts = decode(
            abi,
            wanted.struct,
            found,
            form="bytes" if shown else "table" if table else wanted.format,
            in_only=wanted.in_only,
            located=several,
            executor=None if shown else executor,
            ahead=ahead,
        )
        parts = _counting(parts, show)
        if shown:
            _show(wanted, codec, parts, out, several=several)
        elif table:
            made = tables.Tables(codec, in_only=wanted.in_only, located=several)
            with tables.writing(wanted.format, out, made.schema) as write:
                for part in parts:
                    write(part.data)
        else:
            _write(wanted, codec, parts, out, several=several)
    return 0


def _refuse(errors: list[SourceError]) -> int:
    """Say what is wrong with files, before anything is done."""
    if len(errors) == 1:
        raise errors[0]
    for error in errors[:_ERRORS]:
        print("xengnt:", printable(str(error)), file=sys.stderr)
    if len(errors) > _ERRORS:
        print(f"xengnt: and {len(errors) - _ERRORS} more", file=sys.stderr)
    return 2


def _counting(parts: Iterator[Decoded], show: streaming.Show) -> Iterator[Decoded]:
    for part in parts:
        yield part
        show(part.piece.size)


def _write(
    wanted: argparse.Namespace,
    codec: Codec,
    parts: Iterator[Decoded],
    out: BinaryIO,
    *,
    several: bool,
) -> None:
    """Write lines of text; those of a JSON array are between brackets, with commas."""
    from xengnt.streams.text import Lines

    lines = Lines(codec, wanted.format, in_only=wanted.in_only, located=several)
    array = wanted.format == "json"
    between = ""
    for number, part in enumerate(parts):
        start = lines.header if not number else ""
        if part.data:
            start += between or ("[\n" if array else "")
            between = ",\n" if array else ""
        out.write((start + part.data).encode())
    if array:
        out.write(b"\n]\n" if between else b"[]\n")


def _show(
    wanted: argparse.Namespace,
    codec: Codec,
    parts: Iterator[Decoded],
    out: BinaryIO,
    *,
    several: bool,
) -> None:
    """Print for people to read."""
    from xengnt.cli import render_blob

    one = render_blob.hex_dump if wanted.format == "hex" else render_blob.rows
    with _console(wanted, out) as console:
        for part in parts:
            if several and not part.piece.start:
                console.print(printable(part.piece.source), style="bold", markup=False)
            one(console, codec, part, in_only=wanted.in_only)
            if wanted.format == "table" and not part.piece.start + part.piece.size:
                console.print("0 elements")


@contextmanager
def _console(wanted: argparse.Namespace, out: BinaryIO) -> Iterator[Console]:
    from xengnt.cli import render

    if wanted.output == "-":
        yield render.console()
        return
    text = io.TextIOWrapper(out, encoding="utf-8")
    yield render.console(text)
    text.detach()  # which it would close
