# SPDX-License-Identifier: MIT
"""Write labelled seeds for fuzzers of grant_table_op, each with what should come of it."""

from __future__ import annotations

import argparse

from xengnt.cli import options, streaming

HELP = "write labelled seeds for fuzzers, with a dictionary and what should come of each"
EPILOG = """\
DIR must not be there yet, or be empty: what a fuzzer found in it is not written over. In it are

  seeds/            the seeds, first one of each label in its simplest form, then mixtures
  manifest.jsonl    of each seed: file, op, label, registers, the elements that are wrong, and
                    the result and the statuses that should come of it; before, one line of all
  grant_table.dict  tokens for afl-fuzz -x and libFuzzer -dict=
  seed.h            what a seed is, for C: the registers cmd, pointer and count, and who calls,
                    8 bytes each, and then the array that is to be at the pointer
  stage.jsonl       sets up what seeds act on: domains, grants and mappings; xengnt run plays it
  stage.json        the numbers that frames, addresses and handles have there; where they are
                    others on your machine, change them and give the file to --numbers

The same command gives the same bytes on every machine. docs/corpus.md has more.

examples:
  xengnt corpus all -o corpus
  xengnt corpus copy -n 5000 --seed 7 --abi x86_32 -o copies
  xengnt corpus all --form blob -o blobs
  afl-fuzz -t 1000+ -i corpus/seeds -x corpus/grant_table.dict -o found -- ./harness @@
  ./harness -dict=corpus/grant_table.dict found corpus/seeds
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("op", metavar="OP|all", help="of which op seeds are")
    parser.add_argument(
        "-o", dest="output", type=options.folder, required=True, metavar="DIR", help="where to"
    )
    parser.add_argument(
        "-n",
        dest="count",
        type=streaming.natural,
        metavar="N",
        help="how many seeds (default: one of each label)",
    )
    parser.add_argument(
        "--seed",
        type=streaming.natural,
        default=0,
        metavar="S",
        help="decides on those beyond one of each label (default: 0)",
    )
    parser.add_argument(
        "--form",
        choices=["call", "blob"],
        default="call",
        help="registers with the array, or the array alone, in a folder for each op "
        "(default: call)",
    )
    parser.add_argument(
        "--numbers", metavar="FILE", help="the numbers of your stage (default: as in the model)"
    )
    options.abi(parser, repeatable=False)
    options.interface_version(parser)


def run(wanted: argparse.Namespace) -> int:
    """Run the command."""
    from xengnt.cli import render
    from xengnt.testing.corpus.numbers import of_stage
    from xengnt.testing.corpus.write import Wish, write

    abi = options.abi_of(wanted)
    wish = Wish(
        ops=list(abi.layout.ops) if wanted.op == "all" else [wanted.op],
        abi=abi,
        count=wanted.count,
        seed=wanted.seed,
        form=wanted.form,
        numbers=of_stage(abi).changed(*options.read_text(wanted.numbers))
        if wanted.numbers is not None
        else None,
    )
    with render.progress("writing seeds", counts=True) as show:
        made = write(wanted.output, wish, show)
    print(f"{wanted.output}: {made} seeds")
    return 0
