# SPDX-License-Identifier: MIT
"""What the README and the pages of docs/ show: their blocks, their links, and how they are run.

A block is a fence. Its first word says what it is, the others how it is run:

    ```sh status=1 needs=rustc

What `RUN` names is run, page by page and in order, in a folder that looks like this tree. A block
``output`` behind it is what it prints, with ``…`` for any text. A line of Python that prints may
have what it prints behind it, as a comment. A block that is not run says why:
``not-run=`` and one of `REASONS`. What is in comments of HTML is for the site only.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import live_xen
from oracle import ROOT, need

from xengnt.rig import build

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))

RUN = ("sh", "python")
SHOWN = ("output", "console", "text", "json", "toml", "yaml", "c", "py")
"""``output`` is compared with what is printed before it, ``console`` is what is not run, ``text`` a
picture or a synopsis, ``py`` a file of the reader's; the others are files too."""

REASONS = {
    "setup": "makes a virtual environment, as .ci/run does",
    "yours": "is about files, or a machine, of the reader's",
    "root": "changes the machine that it runs on",
    "slow": "takes minutes",
    "elsewhere": "is about the tree itself, and a test of its own",
}


def need_a_rig() -> None:
    """Skip where no rig can be built."""
    lacks = build.missing() + ([] if shutil.which("make") else ["make"])
    need(not lacks, "what a rig is built with", "; ".join(lacks))


def need_xen() -> None:
    """Skip where there is no real Xen under QEMU."""
    with contextlib.contextmanager(live_xen.machines)():
        """It can be had."""


NEEDS: dict[str, Callable[[], object]] = {
    "cc": lambda: need(shutil.which("cc"), "a C compiler", "apt install gcc"),
    "rustc": lambda: need(shutil.which("rustc"), "rustc", "apt install rustc"),
    "rig": need_a_rig,
    "xen": need_xen,
}
"""What some blocks want, and this machine may not have."""


@dataclass(frozen=True)
class Block:
    """A block of a page."""

    page: Path
    line: int
    kind: str
    options: dict[str, str]
    text: str

    @property
    def place(self) -> str:
        """Where it is."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def runs(self) -> bool:
        """Whether it is run."""
        return self.kind in RUN and "not-run" not in self.options


_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
FENCE = re.compile(r"^(`{3,})([^\n`]*)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def prose(page: Path) -> str:
    """Return the text of a page, with nothing in the place of comments."""
    return _COMMENT.sub(lambda found: "\n" * found[0].count("\n"), page.read_text())


def blocks(page: Path, *kinds: str) -> list[Block]:
    """Return the blocks of a page, those of some kinds or all."""
    found = []
    for fence in FENCE.finditer(prose(page)):
        kind, _, rest = fence[2].strip().partition(" ")
        options = dict(word.partition("=")[::2] for word in rest.split())
        line = prose(page).count("\n", 0, fence.start()) + 1
        found.append(Block(page, line, kind, options, fence[3]))
    return [one for one in found if not kinds or one.kind in kinds]


def texts(name: str, *kinds: str) -> list[str]:
    """Return the texts of the blocks of a page, by its path in the tree."""
    return [one.text for one in blocks(ROOT / name, *kinds)]


def links(page: Path) -> Iterator[str]:
    """Give where a page's links lead."""
    yield from _LINK.findall(FENCE.sub("", prose(page)))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as code hosts make them."""
    found = set()
    for heading in re.findall(r"^#+ (.*)$", FENCE.sub("", prose(page)), re.MULTILINE):
        words = re.sub(r"[^\w\- ]", "", re.sub(r"\]\([^)]*\)", "", heading).lower())
        found.add(words.strip().replace(" ", "-"))
    return found
