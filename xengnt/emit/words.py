# SPDX-License-Identifier: MIT
"""What the comments say, in whatever language.

Imports the modules beside it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from xengnt.abi.declarations import Constant, Enum
from xengnt.emit.selection import Selection
from xengnt.emit.shapes import Part, Type

LICENCE = "SPDX-License-Identifier: MIT"

WIDTH = 96


def heading(selections: Sequence[Selection], command: str) -> str:
    """Return what the first line says."""
    names = ", ".join(one.abi.name for one in selections)
    which = f"{names} at interface version {selections[0].version}"
    return f"Xen's grant-table interface for {which}; made by: {command}"


def note(selection: Selection, tag: str, part: Part) -> str:
    """Return what there is to say of a member: where it is, and what the header says."""
    field = part.field
    if field is None:
        return f"{part.offset}: a hole"
    words = [str(part.offset)]
    if field.direction:
        words.append(field.direction)
    if field.enum:
        words.append("enum " + " | ".join(field.enum.split("|")))
    if field.pointee:
        count = f"{field.pointee.count} of " if field.pointee.count else ""
        words.append(f"the address of {count}{field.pointee.type}")
    if field.select:
        words.append(f"meant is {field.select}")
    doc = selection.doc(tag, part.path).strip()
    return ", ".join(words) + (f": {doc}" if doc else "")


def about(selection: Selection, made: Type) -> list[str]:
    """Return lines on a struct: the header's, how large it is, and which member is meant."""
    paragraphs = [text for text in selection.doc(made.tag).split("\n") if text and made.own]
    select = made.field.select if made.field else selection.layout.structs[made.tag].select
    paragraphs += [f"Meant is {select}."] if select else []
    paragraphs.append(f"{made.size} bytes, aligned to {made.align}.")
    lines: list[str] = []
    for paragraph in paragraphs:
        lines += [*([""] if lines else []), *textwrap.wrap(paragraph, WIDTH)]
    return lines


def constant_doc(selection: Selection, enum: Enum | None, name: str) -> str:
    """Return what the header says of a constant, and of its whole family not again."""
    doc = selection.declared.docs.get(name, "").strip()
    return "" if enum and doc == enum.doc.strip() else doc


def family(enum: Enum | None) -> str:
    """Return what a group of constants is."""
    if enum is None:
        return "Others."
    doc = enum.doc.strip()
    return f"enum {enum.name}{': ' if doc else '.'}{doc}"


def number(constant: Constant) -> str:
    """Return a constant as it is written where it has no suffix: unsigned in hexadecimal."""
    return str(constant.value) if constant.signed else hex(constant.value)
