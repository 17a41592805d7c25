# SPDX-License-Identifier: MIT
"""Two layouts of one struct, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from xengnt.abi.layout import Field, StructLayout
from xengnt.cli import render
from xengnt.compare import pairs
from xengnt.findings import ERROR

if TYPE_CHECKING:
    from rich.table import Table


_MANY = 100
"""Of more fields than this only those are shown that differ, and their neighbours."""


def parting(ours: StructLayout, theirs: StructLayout) -> int | None:
    """Return the first byte that is not the same in both, None if they have the same bytes."""
    parts = []
    for left, right in pairs(ours, theirs):
        if left is None or right is None:
            one = left or right
            parts += [one.offset] if one and one.scalar else []
        elif left.offset != right.offset:
            parts.append(min(left.offset, right.offset))
        elif left.size != right.size and (left.scalar or right.scalar):
            parts.append(left.offset + min(left.size, right.size))
    if ours.size != theirs.size:
        parts.append(min(ours.size, theirs.size))
    return min(parts, default=None)


def side_by_side(ours: StructLayout, theirs: StructLayout) -> Table:
    """Return both layouts in one table, each field beside the one that it was compared with.

    Of very many fields they are those that differ, and what is around them.
    """
    made = render.table(
        *(("offset", "right"), ("size", "right"), "reference", "type", ""),
        *(("offset", "right"), ("size", "right"), "theirs", "type"),
    )
    rows = [(left, right, _same(left, right)) for left, right in pairs(ours, theirs)]
    for number, (left, right, same) in enumerate(rows):
        if len(rows) > _MANY and all(one[2] for one in rows[max(number - 2, 0) : number + 3]):
            continue
        style = "" if same else render.SEVERITIES[ERROR]
        made.add_row(
            *_cells(left, ""), Text("" if same else "≠", style=style), *_cells(right, style)
        )
    made.add_section()
    alike = ours.size == theirs.size and theirs.align in (None, ours.align)
    style = "" if alike else render.SEVERITIES[ERROR]
    made.add_row(*_size(ours, ""), Text("" if alike else "≠", style=style), *_size(theirs, style))
    return made


def _size(struct: StructLayout, style: str) -> list[Text]:
    align = "" if struct.align is None else f"aligned to {struct.align}"
    return [Text(text, style=style) for text in ("", str(struct.size), "size", align)]


def _same(left: Field | None, right: Field | None) -> bool:
    return left is not None and right is not None and _shape(left) == _shape(right)


def _shape(field: Field) -> tuple[object, ...]:
    pointee = field.pointee and field.pointee.size
    sign = field.signed if field.kind == "int" else None
    return (field.offset, field.size, sign, field.count, pointee)


def _cells(field: Field | None, style: str) -> list[Text]:
    if field is None:
        return [Text(""), Text(""), Text("—", style=style), Text("")]
    name = render.indented(field)
    if style:
        name.stylize(style)
    return [
        Text(str(field.offset), style=style),
        Text(str(field.size), style=style),
        name,
        Text(render.type_name(field), style=style or render.DIM),
    ]
