# SPDX-License-Identifier: MIT
"""Say in words what a name or number of the interface means."""

from __future__ import annotations

import argparse

from xengnt.cli import options

HELP = "say what a name or number means"
EPILOG = """\
NAME is a status, flag, command, struct, type or enumeration, with or without its
prefix, or a field as struct.field or op.field. A number is a status or a command.

examples:
  xengnt explain -9
  xengnt explain GNTMAP_readonly
  xengnt explain copy
  xengnt explain copy.source.u
  xengnt explain grant_status
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("name", metavar="NAME", help="a name or a number")
    options.abi(parser, repeatable=False)


def run(wanted: argparse.Namespace) -> int:
    """Run the command."""
    from rich.text import Text

    from xengnt.cli import render
    from xengnt.explain import explain

    console = render.console()
    for number, found in enumerate(explain(wanted.name, wanted.abi)):
        if number:
            console.print()
        title = Text(found.name, style="bold")
        title.append(f"  {found.kind}", style="not bold cyan")
        console.print(title)
        for paragraph in found.paragraphs:
            console.print(Text(paragraph))
        console.print(render.facts(found.facts))
        if found.struct and found.layout:
            console.print()
            console.print(render.struct_title(found.struct, found.layout))
            console.print(render.struct_table(found.struct, found.docs))
    return 0
