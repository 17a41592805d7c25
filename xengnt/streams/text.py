# SPDX-License-Identifier: MIT
"""Decoded structs as lines of text: JSON, JSON Lines and CSV.

A line is made by a template of Python's ``%``, one for each set of names that a struct is
decoded to, which takes half the time of writing each value for itself.

Imports the codec.
"""

from __future__ import annotations

import csv
import io
import json

from xengnt.codec import Codec
from xengnt.streams.pieces import Piece

FORMS = ("json", "jsonl", "csv")

FILE, ELEMENT = "file", "element"
"""What says where a struct is from, where it can be from several files."""


class Lines:
    """Makes lines of the structs of one kind.

    Attributes:
        header: what comes before all lines, for CSV.

    Args:
        codec: what decodes them.
        form: one of `FORMS`.
        in_only: whether to leave out what only comes out.
        located: whether each line begins with its file and the number of the element.
    """

    def __init__(self, codec: Codec, form: str, *, in_only: bool, located: bool) -> None:
        self._codec = codec
        self._form = form
        self._located = located
        meanings = codec.plan.meanings
        self._names = [slot.name for _, slot, _ in meanings if not (in_only and slot.out)]
        places = [FILE, ELEMENT] if located else []
        self.header = _csv([*places, *self._names]) if form == "csv" else ""

    def text(self, piece: Piece, data: bytes) -> str:
        """Return the lines of a piece, each with its end; those of JSON with commas between."""
        templates: dict[tuple[str, ...], str] = {}
        lines = []
        for number, row in enumerate(self._codec.decoder.rows(data), piece.first):
            names = tuple(row)
            template = templates.get(names)
            if template is None:
                template = templates[names] = self._template(names, piece.source)
            row[ELEMENT] = number
            lines.append(template % row)
        return (",\n" if self._form == "json" else "").join(lines)

    def _template(self, names: tuple[str, ...], file: str) -> str:
        if self._form == "csv":
            cells = [self._cell(name) if name in names else "" for name in self._names]
            start = [_csv([file]).rstrip("\n").replace("%", "%%"), f"%({ELEMENT})d"]
            return ",".join([*(start if self._located else []), *cells]) + "\n"
        members = [f'"{name}": %({name})s' for name in self._names if name in names]
        if self._located:
            shown = json.dumps(file).replace("%", "%%")
            members = [f'"{FILE}": {shown}', f'"{ELEMENT}": %({ELEMENT})d', *members]
        line = f"{{{', '.join(members)}}}"
        return f"  {line}" if self._form == "json" else f"{line}\n"

    def _cell(self, name: str) -> str:
        """Return the template of a cell; a list has commas."""
        _, slot = self._codec.plan.slots[name]
        return f"%({name})d" if slot.count is None else f'"%({name})s"'


def _csv(cells: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()
