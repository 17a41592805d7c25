# SPDX-License-Identifier: MIT
"""Show where each byte of the interface's structs is, on any ABI and interface version."""

from __future__ import annotations

import argparse

from xengnt.cli import options

HELP = "show the layout of structs"
EPILOG = """\
A STRUCT is a C tag (gnttab_copy, grant_entry_v2) or an op (copy). Several ABIs are
shown side by side, with offset and size of each field in each.

examples:
  xengnt layout copy
  xengnt layout gnttab_copy --abi x86_32
  xengnt layout setup_table transfer --abi all
  xengnt layout --interface-version 0x00030201
  xengnt layout --abi arm32 --format json > arm32.json
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("struct", nargs="*", metavar="STRUCT", help="(default: all)")
    options.abi(parser, repeatable=True)
    options.interface_version(parser)
    options.format_(parser, "table", "json")


def run(wanted: argparse.Namespace) -> int:
    """Run the command."""
    from xengnt.check import targets
    from xengnt.codec import Abi
    from xengnt.errors import UnknownName

    abis = [Abi(abi, wanted.interface_version) for abi in targets(wanted.abi)]
    layouts = [abi.layout for abi in abis]
    tags = [abis[0].struct(name).tag for name in wanted.struct]
    for tag in tags:
        if tag in layouts[0].typedefs:
            size = layouts[0].typedefs[tag].size
            raise UnknownName(f"{tag} is no struct: it is an integer of {size} bytes", struct=tag)
    tags = list(dict.fromkeys(tags)) or list(layouts[0].structs)
    if wanted.format == "json":
        from xengnt.emit import emit

        print(emit("json", abis, wanted.struct), end="")
        return 0
    from xengnt.cli import render

    console = render.console()
    for tag in tags:
        if len(layouts) == 1:
            struct = layouts[0].structs[tag]
            console.print(render.struct_title(struct, layouts[0]))
            console.print(render.struct_table(struct))
        else:
            console.print(f"[bold]{layouts[0].structs[tag].kind} {tag}[/]  offset and size")
            console.print(render.struct_matrix(tag, layouts))
    return 0
