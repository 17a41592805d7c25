# SPDX-License-Identifier: MIT
"""Where the package keeps its files.

Imports ``xengnt.errors`` only.
"""

from __future__ import annotations

from pathlib import Path

from xengnt.errors import Unavailable


def get_include() -> str:
    """Return the directory to give to a C compiler with ``-I`` for ``<xen/grant_table.h>``.

    Raises:
        Unavailable: the package was installed without its headers.
    """
    here = Path(__file__).parent
    for place in (here / "include", here.parent / "include"):
        if (place / "xen" / "grant_table.h").is_file():
            return str(place)
    raise Unavailable(f"the headers are not beside the package in {here}")
