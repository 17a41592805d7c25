# SPDX-License-Identifier: MIT
"""Annotated dumps of two blobs, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from xengnt.cli import render
from xengnt.findings import ERROR

if TYPE_CHECKING:
    from xengnt.codec import Abi
    from xengnt.codec.dump import DumpLine

    Line = tuple[DumpLine | None, DumpLine | None, bool]


def side_by_side(abi: Abi, name: str, elements: Mapping[int, Sequence[Line]]) -> str:
    """Return elements of two blobs as a text: what is expected, and what is there.

    Args:
        abi: the ABI of both.
        name: the struct.
        elements: by index, what both have at each offset, and whether the bytes are others.
    """
    size = abi.codec(name).plan.struct.size
    made = render.table(("offset", "right"), "expected", "", "", "got", "")
    for number, lines in elements.items():
        at = Text(f"at byte {number * size} ({number * size:#x})", style=render.DIM)
        made.add_row("", Text(f"element {number}", style="bold"), at, "", "", "")
        for left, right, differs in lines:
            line = left or right
            if line is None:
                continue
            style = render.SEVERITIES[ERROR] if differs else ""
            mark = Text("≠" if differs else "", style=style)
            made.add_row(str(line.offset), *_cells(left, ""), mark, *_cells(right, style))
        made.add_section()
    return render.plain(lambda console: console.print(made))


def _cells(line: DumpLine | None, style: str) -> tuple[Text, Text]:
    """Return the bytes of a line, and what they mean."""
    if line is None:
        return Text(""), Text("")
    if line.value is None:
        what = f"rest of {line.leaf}" if line.leaf else "hole"
        return Text(line.data.hex(" "), style=style), Text(f"░ {what}", style=style or render.DIM)
    values = line.value if isinstance(line.value, list) else [line.value]
    words = " ".join(hex(value) for value in values)
    text = Text(f"{line.name}  {words}", style=style, overflow="fold")
    if line.symbol:
        text.append(f"  {line.symbol}", style="italic")
    return Text(line.data.hex(" "), style=style), text
