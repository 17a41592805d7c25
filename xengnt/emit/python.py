# SPDX-License-Identifier: MIT
"""What the kinds for Python share: how a module begins, and its constants.

Imports ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator

from xengnt.emit.rust import number
from xengnt.emit.selection import Selection
from xengnt.emit.shapes import Part, Type
from xengnt.emit.words import LICENCE, about, constant_doc, family, heading, note


def start(selection: Selection, command: str, what: str, *imports: str) -> Iterator[str]:
    """Give the lines that a module begins with."""
    yield f"# {heading([selection], command)}"
    yield f"# {LICENCE}"
    yield from (f'"""{what}"""', "", *imports)


def comment(text: str, indent: str = "") -> Iterator[str]:
    """Give the lines of a comment before something."""
    for line in textwrap.wrap(text, 96 - len(indent)):
        yield f"{indent}# {line}"


def comments(selection: Selection, made: Type) -> Iterator[str]:
    """Give the lines of a comment before a struct."""
    for line in about(selection, made):
        yield f"# {line}".rstrip()


def remark(selection: Selection, made: Type, part: Part) -> str:
    """Return the comment behind a member."""
    return f"  # {note(selection, made.tag, part)}"


def constants(selection: Selection) -> Iterator[str]:
    """Give the lines of all constants."""
    layout = selection.layout
    for enum, names in selection.families():
        yield from ("", *comment(family(enum)))
        for constant in names:
            doc = constant_doc(selection, enum, constant).replace("\n", " ")
            words = f"  # {doc}" if doc else ""
            yield f"{constant} = {number(layout.constants[constant])}{words}"
    if layout.messages:
        yield from ("", "# A message for each status: element -s is that of status s.")
        yield "GNTTABOP_error_msgs = ("
        yield from (f"    {json.dumps(message)}," for message in layout.messages)
        yield ")"
