# SPDX-License-Identifier: MIT
"""Write the interface down for other languages: asserts, headers, types, data."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from xengnt.cli import options, streaming
from xengnt.emit import KINDS

if TYPE_CHECKING:
    from xengnt.codec import Abi
    from xengnt.emit import Options

HELP = "write headers, types, asserts and data for C, Rust, Zig and Python"
EPILOG = (
    "kinds:\n"
    + "".join(f"  {kind.name:<13} {kind.what}\n" for kind in KINDS.values())
    + """
A STRUCT is an op, a C tag or a type; with some, only those are written, with what they are
made of and their constants; svg draws one of them. Asserts are for all ABIs, chosen by the
compiler that reads them; with one --abi they are for that one, whatever the compiler is for.
--map FILE says what your types, fields and constants are called: the same file that xengnt
check takes. Drawings are for all ABIs side by side, and so is the page that html writes to
index.html in the directory OUT; everything else is for one. c-array takes an OP or ENTRY with
a BLOB instead, or --scenario.

examples:
  xengnt emit c-asserts -o xengnt_asserts.h
  xengnt emit c-asserts map_grant_ref unmap_grant_ref --map names.toml
  xengnt emit c-header --abi x86_32 --prefix compat_ -o compat_grant_table.h
  xengnt encode copy examples/copies.json | xengnt emit c-array copy -
  xengnt run examples/scenarios/block.jsonl --format jsonl > seen.jsonl
  xengnt emit c-array --scenario seen.jsonl -o calls.c
  xengnt emit rust --abi arm64 -o src/grant_table.rs
  xengnt emit rust-asserts copy --map names.toml --structs-only -o src/xengnt_asserts.rs
  xengnt emit ctypes --abi x86_64 > grant_table.py
  xengnt emit svg copy -o copy.svg
  xengnt emit html -o explorer/
"""
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("kind", choices=KINDS, metavar="KIND", help=", ".join(KINDS))
    parser.add_argument(
        "struct", nargs="*", metavar="STRUCT", help="(default: all); c-array: OP|ENTRY [BLOB|-]"
    )
    options.output(parser, "OUT")
    options.abi(parser, repeatable=True)
    options.interface_version(parser)
    parser.add_argument(
        "--map", metavar="FILE", help="of asserts: which of your names mean what (TOML)"
    )
    parser.add_argument(
        "--typedefs",
        action="store_true",
        help="of c-asserts: your structs are known by typedefs, not by tags",
    )
    parser.add_argument(
        "--structs-only",
        action="store_true",
        help="of asserts: leave out types and constants that --map does not name",
    )
    parser.add_argument(
        "--prefix", default="", metavar="NAME", help="of c-header: what names of types begin with"
    )
    parser.add_argument(
        "--name", default="", metavar="NAME", help="of c-array: what the array is called"
    )
    parser.add_argument("--scenario", metavar="FILE", help="of c-array: the calls to write")


def run(wanted: argparse.Namespace) -> int:
    """Run the command."""
    from xengnt.emit import Options, emit
    from xengnt.errors import InvalidValue
    from xengnt.mapping import load_mapping
    from xengnt.scenario import Scenario

    structs, blob, scenario, file = wanted.struct, None, None, "-"
    if wanted.scenario is not None:
        file = wanted.scenario
        text, name = options.read_text(file)
        scenario = Scenario.parse(text.split("\n"), name)
    elif "blob" in KINDS[wanted.kind].takes and structs:
        if len(structs) > 2:  # noqa: PLR2004 -- a struct and a blob
            raise InvalidValue(f"emit {wanted.kind}: expected an op or struct, and a blob")
        file = (*structs, "-")[1]
        blob, _ = options.read_bytes(file)
        structs = structs[:1]
    given = Options(
        mapping=load_mapping(wanted.map) if wanted.map else None,
        typedefs=wanted.typedefs,
        structs_only=wanted.structs_only,
        prefix=wanted.prefix,
        name=wanted.name,
        blob=blob,
        scenario=scenario,
        file=file,
    )
    text = emit(wanted.kind, _abis(wanted, given), structs, given)
    with streaming.written(_place(wanted), text=True) as output:
        output.write(text.encode())
    return 0


def _place(wanted: argparse.Namespace) -> str:
    """Return the name of the file to write; a directory for it is made if need be.

    Raises:
        SourceError: the directory is none, or cannot be made.
    """
    from xengnt.errors import SourceError

    output: str = wanted.output
    name = KINDS[wanted.kind].file
    if not name or output == "-":
        return output
    shown = options.shown(output)
    try:
        Path(output).mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise SourceError(f"{shown}: no directory to write to: {why}") from None
    return str(Path(output) / name)


def _abis(wanted: argparse.Namespace, given: Options) -> list[Abi]:
    """Return the ABIs that it is for: by default all for asserts, and a scenario's own."""
    from xengnt.check import targets
    from xengnt.codec import Abi
    from xengnt.errors import InvalidValue

    if given.scenario is not None:
        if wanted.abi:
            raise InvalidValue("--abi: a scenario says itself for which ABI it is")
        return [given.scenario.abi]
    names = wanted.abi or (["all"] if KINDS[wanted.kind].every else [])
    return [Abi(abi, wanted.interface_version) for abi in targets(names)]
