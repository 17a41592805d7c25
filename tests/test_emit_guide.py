# SPDX-License-Identifier: MIT
"""What only docs/emit.md has; what it says to type is run by test_pages.py."""

from __future__ import annotations

import re
from pathlib import Path

import pages
from oracle import ROOT

from xengnt import Abi
from xengnt.emit import KINDS, Options, emit
from xengnt.mapping import load_mapping


def test_the_mapping_is_one(tmp_path: Path) -> None:
    """Would catch a mapping to copy that is refused."""
    [text] = pages.texts("docs/emit.md", "toml")
    (tmp_path / "names.toml").write_text(text)
    options = Options(mapping=load_mapping(tmp_path / "names.toml"), structs_only=True)
    made = emit("c-asserts", [Abi("x86_64")], ["copy"], options)
    assert "offsetof(struct my_copy, from.gref) == 0" in made
    assert "MY_OKAY == 0" in made
    assert "GNTST_eagain" not in made


def test_the_table_has_every_kind() -> None:
    """Would catch a kind that nobody is told of."""
    guide = (ROOT / "docs" / "emit.md").read_text()
    assert re.findall(r"^\| `([\w-]+)` \|", guide, re.MULTILINE) == list(KINDS)
