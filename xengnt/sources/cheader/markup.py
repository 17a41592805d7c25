# SPDX-License-Identifier: MIT
"""Read the markup in a header's comments.

The public grant-table header says in comments which struct goes with which
command, which fields go in and which come out, and what a field's value means.
A preprocessor drops comments, so this reads the raw text, and says by line what
it found. ``include/xen/grant_table.h`` describes the markup in its first lines.

Imports nothing of the package.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment, without its delimiters and the asterisks down its side.

    Attributes:
        text: its lines, trimmed, joined by newlines.
        start: its first line in the file, from 1.
        end: its last.
        alone: whether nothing stands before it on its first line.
    """

    text: str
    start: int
    end: int
    alone: bool


@dataclass(frozen=True, slots=True)
class Block:
    """An enumeration in the markup: the lines that it spans, and what it says of them."""

    name: str
    start: int
    end: int
    prefix: str = ""
    struct_prefix: str | None = None
    bits: bool = False
    mask: str | None = None
    condition: str | None = None


_PIECE = re.compile(
    r"""[/"'](?:(?<=/)(?P<comment>\*.*?\*/|/[^\n]*)|(?<=")(?:[^"\\\n]|\\.)*"|(?<=')(?:[^'\\\n]|\\.)*')""",
    re.DOTALL,
)
_MARGIN = re.compile(r"^\s*\*(?!/) ?")
_DIRECTION = re.compile(r"(IN/OUT|IN-pointer|IN|OUT)(?: parameters?)?\.?")
_OPENING = re.compile(r"` enum (\w+) \{(?:\s*//\s*(.*))?")
_CLOSING = re.compile(r"` \}")
_HEAD = re.compile(
    r"""
    (?P<prefix>\w*)\*
    (?: \s+=>\s+struct\s+ (?P<struct>\w*)\* )?
    (?P<bits> \s+bits )?
    (?: \s+in\s+ (?P<mask>\w+) )?
    (?: \s+if\s+ (?P<when>\w+) | \s+unless\s+ (?P<unless>\w+) )?
    """,
    re.VERBOSE,
)
_ARROW = re.compile(r"=>\s*([^\n]*)")
_ENUM = re.compile(r"enum\s+(\w+(?:\s*\|\s*\w+)*)")
_SELECT = re.compile(r"(?:([\w.]+)\s*:)?\s*(\w+\s*\?.*)")
_STRUCT = re.compile(r"struct\s+(\w+)")
_COUNT = re.compile(r"count\s+(\w+)")


class Markup:
    """The comments of one file, found by line."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.comments = _comments(text)
        self._starting: dict[int, list[Comment]] = {}
        self._ending: dict[int, list[Comment]] = {}
        for comment in self.comments:
            self._starting.setdefault(comment.start, []).append(comment)
            if comment.alone:
                self._ending.setdefault(comment.end, []).append(comment)

    def behind(self, line: int) -> str:
        """Return the text of the comments that follow code on a line."""
        return "\n".join(c.text for c in self._starting.get(line, ()) if not c.alone)

    def above(self, line: int) -> str:
        """Return the text of the comments that end right above a line, with nothing between."""
        texts: list[str] = []
        while found := self._ending.get(line - 1):
            texts[:0] = [c.text for c in found]
            line = found[0].start
        return "\n".join(texts)

    def direction(self, first: int, line: int) -> str | None:
        """Return what the last heading between two lines says of the members behind it."""
        index = bisect_left(self._headings, (line, "")) - 1
        if index < 0 or self._headings[index][0] < first:
            return None
        return self._headings[index][1]

    @cached_property
    def _headings(self) -> list[tuple[int, str]]:
        """The directions that comments alone on their lines state, by line."""
        found = ((c.start, _DIRECTION.fullmatch(c.text)) for c in self.comments if c.alone)
        return [(line, heading[1]) for line, heading in found if heading]

    @property
    def blocks(self) -> list[Block]:
        """The enumerations that the markup declares, in order."""
        return self._enums[0]

    @property
    def complaints(self) -> list[tuple[str, str]]:
        """The enumerations that cannot be understood: the name of each, and why, with its line."""
        return self._enums[1]

    @cached_property
    def _enums(self) -> tuple[list[Block], list[tuple[str, str]]]:
        blocks: list[Block] = []
        complaints: list[tuple[str, str]] = []
        head: tuple[Comment, str, str] | None = None

        def complain(comment: Comment, name: str, what: str) -> None:
            where = f"{self.name}:{comment.start}"
            complaints.append((name, f"{where}: the markup of enum {name} {what}"))

        for comment in self.comments:
            if opening := _OPENING.fullmatch(comment.text):
                if head:
                    complain(head[0], head[1], "is not closed by ` }")
                head = (comment, opening[1], (opening[2] or "").strip())
            elif _CLOSING.fullmatch(comment.text) and head:
                block = _block(head[0].start, comment.start, head[1], head[2])
                if block:
                    blocks.append(block)
                else:
                    complain(head[0], head[1], f"cannot be understood: {head[2]!r}")
                head = None
        if head:
            complain(head[0], head[1], "is not closed by ` }")
        return blocks, complaints


def _block(start: int, end: int, name: str, text: str) -> Block | None:
    """Return the enumeration whose opening line says this, None if it makes no sense."""
    head = _HEAD.fullmatch(text)
    if not text or not head:
        return None if text else Block(name, start, end)
    return Block(
        name,
        start,
        end,
        prefix=head["prefix"],
        struct_prefix=head["struct"],
        bits=head["bits"] is not None,
        mask=head["mask"],
        condition=head["when"] or (f"!{head['unless']}" if head["unless"] else None),
    )


def enum(text: str) -> str | None:
    """Return the enumerations that ``=> enum E | F`` names, joined by ``|``."""
    for arrow in _ARROW.finditer(text):
        if found := _ENUM.match(arrow[1]):
            return "|".join(re.split(r"\s*\|\s*", found[1]))
    return None


def count(text: str) -> str | None:
    """Return the member that ``=> count M`` names: the length of the list behind an address."""
    for arrow in _ARROW.finditer(text):
        if found := _COUNT.match(arrow[1]):
            return found[1]
    return None


def struct(text: str) -> str | None:
    """Return the tag that ``=> struct S`` names."""
    for arrow in _ARROW.finditer(text):
        if found := _STRUCT.match(arrow[1]):
            return found[1]
    return None


def selections(text: str) -> tuple[tuple[str, str], ...]:
    """Return the choices that ``=> path: C ? a : b`` states, as (path, choice)."""
    found = (_SELECT.fullmatch(arrow[1].strip()) for arrow in _ARROW.finditer(text))
    return tuple((one[1] or "", " ".join(one[2].split())) for one in found if one)


def prose(text: str) -> str:
    """Return what a comment says to people: its text without markup, one line a paragraph."""
    paragraphs: list[list[str]] = [[]]
    for line in _ARROW.sub("", text).split("\n"):
        if line.startswith("`") or _DIRECTION.fullmatch(line):
            continue
        if line:
            paragraphs[-1].append(line)
        elif paragraphs[-1]:
            paragraphs.append([])
    return "\n".join(" ".join(lines) for lines in paragraphs if lines)


def _comments(text: str) -> list[Comment]:
    found = []
    line, reached, alone = 1, 0, True
    for piece in _PIECE.finditer(text):
        if piece["comment"]:
            between = text[reached : piece.start()]
            newline = between.rfind("\n")
            line += between.count("\n")
            alone = (alone or newline >= 0) and not between[newline + 1 :].strip()
            reached = piece.end()
            end = line + piece[0].count("\n")
            found.append(Comment(_strip(piece[0]), line, end, alone))
            line = end
    return found


def _strip(raw: str) -> str:
    inner = raw[2:] if raw.startswith("//") else raw[2:-2]
    lines = [_MARGIN.sub("", one).strip() for one in inner.split("\n")]
    return "\n".join(lines).strip()
