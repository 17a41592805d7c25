# SPDX-License-Identifier: MIT
"""Bring together what a header declares and what the markup in its comments says.

Imports ``xengnt.errors``, ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from xengnt.abi.declarations import Enum
from xengnt.sources.cheader import markup
from xengnt.sources.cheader.cut import Declaration
from xengnt.sources.cheader.lift import Body, Declarator
from xengnt.sources.cheader.markup import Block, Markup
from xengnt.sources.cheader.parse import Notes
from xengnt.sources.cheader.tokens import Macro, Token


class Annotations:
    """The comments of all files of a header, each read when it is first asked about."""

    def __init__(self) -> None:
        self._files: dict[str, Markup] = {}

    def file(self, name: str) -> Markup:
        """Return the markup in a file, none if the file cannot be read."""
        if name not in self._files:
            try:
                text = Path(name).read_text(errors="replace")
            except OSError:
                text = ""
            self._files[name] = Markup(name, text)
        return self._files[name]

    def doc(self, first: Token | Macro, last: Token | Macro) -> str:
        """Return what the header says to people of what stands from one line to another."""
        comments = self.file(last.file)
        return markup.prose(comments.behind(last.line)) or markup.prose(comments.above(first.line))

    def notes(self, about: Declarator | Body, declaration: Declaration) -> Notes:
        """Return what is said of a declarator or a struct."""
        if isinstance(about, Body):
            text = self.file(about.keyword.file).above(about.keyword.line)
            return Notes(select=markup.selections(text), doc=markup.prose(text))
        comments = self.file(about.end.file)
        begin = declaration.tokens[0]
        behind = comments.behind(about.end.line)
        direction = None
        if begin.file == about.end.file:
            direction = comments.direction(begin.line, about.end.line)
        return Notes(
            direction=direction,
            enum=markup.enum(behind),
            count=markup.count(behind),
            select=markup.selections(behind),
            doc=self.doc(about.start, about.end),
        )

    def enums(self, macros: Collection[Macro]) -> Iterator[tuple[Enum, str]]:
        """Give the enumerations that the markup declares, of these macros, and their places.

        One of whose members there is none, as at an interface version that does not
        have it yet, is left out.
        """
        for file in sorted({macro.file for macro in macros}):
            comments = self.file(file)
            lines = sorted((m for m in macros if m.file == file), key=lambda macro: macro.line)
            for block in comments.blocks:
                members = [
                    macro
                    for macro in lines
                    if block.start < macro.line < block.end and macro.name.startswith(block.prefix)
                ]
                if members:
                    yield _enum(block, members, comments), f"{file}:{block.start}"

    def complaints(self) -> Iterable[tuple[str, str]]:
        """Give what is wrong with the markup of the files read so far: of what, and what."""
        for comments in self._files.values():
            yield from comments.complaints


def _enum(block: Block, members: list[Macro], comments: Markup) -> Enum:
    structs = {macro.name: markup.struct(comments.behind(macro.line)) for macro in members}
    return Enum(
        block.name,
        tuple(macro.name for macro in members),
        prefix=block.prefix,
        bits=block.bits,
        mask=block.mask,
        condition=block.condition,
        struct_prefix=block.struct_prefix,
        structs=tuple((name, tag) for name, tag in structs.items() if tag),
        doc=markup.prose(comments.above(block.start)),
    )
