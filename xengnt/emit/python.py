# SPDX-License-Identifier: MIT
"""What the kinds for Python share: a module with everything but the types in it.

Imports ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterable, Iterator

from xengnt.abi.layout import TypeLayout
from xengnt.emit.selection import Selection
from xengnt.emit.shapes import Part, Type
from xengnt.emit.words import LICENCE, about, constant_doc, family, heading, note, number


def module(
    selection: Selection,
    command: str,
    what: str,
    library: str,
    scalar: Callable[[TypeLayout], str],
    lines: Iterable[str],
) -> str:
    """Return a module.

    Args:
        selection: what it is about.
        command: what makes it.
        what: what it is, in a line.
        library: what it imports.
        scalar: gives the library's type for a type that is no struct.
        lines: those of all structs.
    """
    typedefs = selection.layout.typedefs.items()
    text = (
        f"# {heading([selection], command)}",
        f"# {LICENCE}",
        f'"""{what}"""',
        "",
        f"import {library}",
        "",
        *(f"{typedef} = {scalar(shape)}" for typedef, shape in typedefs),
        *lines,
        *_constants(selection),
    )
    return "".join(f"{line}\n" for line in text)


def _comment(text: str, indent: str = "") -> Iterator[str]:
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


def _constants(selection: Selection) -> Iterator[str]:
    """Give the lines of all constants."""
    layout = selection.layout
    for enum, names in selection.families():
        yield from ("", *_comment(family(enum)))
        for constant in names:
            doc = constant_doc(selection, enum, constant).replace("\n", " ")
            words = f"  # {doc}" if doc else ""
            yield f"{constant} = {number(layout.constants[constant])}{words}"
    if layout.messages:
        yield from ("", "# A message for each status: element -s is that of status s.")
        yield "GNTTABOP_error_msgs = ("
        yield from (f"    {json.dumps(message)}," for message in layout.messages)
        yield ")"
