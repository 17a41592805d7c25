# SPDX-License-Identifier: MIT
"""The rig: a library to link C code with, and a project that begins with it."""

from __future__ import annotations

import argparse

from xengnt.cli import options

HELP = "make a library that does what Xen would, for C code in an ordinary process"
EPILOG = """\
build makes DIR/lib/libxengnt_rig.so, with DIR/include/xengnt/rig.h, which says what is in
it, and a file for pkg-config. It takes the C compiler in $CC, and this Python as a shared
library.

new makes a small C project in DIR, which must not be there yet: a driver, a test of it, a
Makefile and a CMake file. `make test` builds the rig in it, and runs the test.

exit status: 2 if something that it takes is not here

examples:
  xengnt rig build -o /opt/rig
  xengnt rig new demo && make -C demo test
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("action", choices=["build", "new"], help="what to do")
    parser.add_argument("folder", nargs="?", type=options.folder, metavar="DIR", help="new: where")
    parser.add_argument(
        "-o", "--output", type=options.folder, metavar="DIR", help="build: where to"
    )


def run(wanted: argparse.Namespace) -> int:
    """Run the command."""
    from xengnt.errors import InvalidValue

    build_it = wanted.action == "build"
    folder, other = (wanted.output, wanted.folder)[:: 1 if build_it else -1]
    if folder is None or other is not None:
        raise InvalidValue(f"rig: expected {'build -o DIR' if build_it else 'new DIR'}")
    if build_it:
        from xengnt.rig.build import LIBRARY, build

        build(folder)
        print(folder / "lib" / LIBRARY)
    else:
        from xengnt.rig.project import new

        new(folder)
        print(f"{folder}: run `make test` in it")
    return 0
