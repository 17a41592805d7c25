# SPDX-License-Identifier: MIT
"""The pictures of docs/ that are made by xengnt; run this to make them anew."""

from __future__ import annotations

from oracle import ROOT

from xengnt import Abi
from xengnt.emit import emit

FOLDER = ROOT / "docs" / "pictures"

MADE = {"copy": "copy", "entry_v1": "grant_entry_v1", "entry_v2": "grant_entry_v2"}
"""The struct in each."""


def picture(name: str) -> str:
    """Return a picture, as it is to be."""
    return emit("svg", [Abi("x86_64"), Abi("x86_32")], [MADE[name]])


if __name__ == "__main__":
    for name in MADE:
        (FOLDER / f"{name}.svg").write_text(picture(name))
