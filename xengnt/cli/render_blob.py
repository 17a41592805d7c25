# SPDX-License-Identifier: MIT
"""How blobs look: as a table, and as an annotated dump."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from xengnt.cli import render
from xengnt.codec.dump import DumpLine
from xengnt.emit.svg import MARKS
from xengnt.streams import Decoded

if TYPE_CHECKING:
    from rich.console import Console

    from xengnt.codec import Codec
    from xengnt.codec.plan import Plan, Slot

_WIDTH = 8
"""Bytes on a line of a dump."""

_PAGE = 1000
"""Lines of a table; behind them the next one begins, with columns of its own."""


def rows(console: Console, codec: Codec, part: Decoded, *, in_only: bool) -> None:
    """Print a piece as tables, a line for each element, with names of values."""
    size = codec.plan.struct.size * _PAGE
    for start in range(0, len(part.data), size):
        _table(console, codec, part, start, part.data[start : start + size], in_only=in_only)


def _table(
    console: Console, codec: Codec, part: Decoded, start: int, blob: bytes, *, in_only: bool
) -> None:
    """Print a table of some elements."""
    plan = codec.plan
    first = part.piece.first + start // plan.struct.size
    elements: dict[int, dict[str, Text]] = {}
    for line in codec.abi.dump(codec.name, blob):
        if line.name and line.leaf and not (in_only and line.direction == "OUT"):
            # Of several views, fields of the same name share a column.
            view, _, inner = line.leaf.partition(".")
            column = line.leaf if plan.only else inner or view
            row = elements.setdefault(first + line.element, {})
            if plan.only is None and not row:
                row["view"] = Text(view)
            row[column] = _cell(plan, line)
    names = list(dict.fromkeys(column for element in elements.values() for column in element))
    heads = [column.replace(".", ".\n") for column in names]
    made = render.table(("", "right"), *heads)
    for number, element in elements.items():
        cells = [element.get(column, Text("")) for column in names]
        made.add_row(Text(str(number), style=render.DIM), *cells)
    console.print(made)


def _cell(plan: Plan, line: DumpLine) -> Text:
    """Return a value for a table: names without their prefix, a union's member named."""
    slot = plan.slots[line.name or ""][1]
    text = _number(line.value)
    if line.symbol:
        text = "|".join(_short(slot, word) for word in line.symbol.split("|"))
    if line.name != line.leaf:
        text = f"{slot.name.rpartition('.')[2]} {text}"
    return Text(text, style=render.DIRECTIONS.get(line.direction or "", ""))


def _short(slot: Slot, name: str) -> str:
    return next((e.short(name) for e in slot.symbols.enums if name in e.members), name)


def _number(value: int | list[int] | None) -> str:
    if isinstance(value, list):
        return " ".join(f"{one:#x}" for one in value)
    return "" if value is None else str(value) if abs(value) < 0x10000 else f"{value:#x}"  # noqa: PLR2004 -- longer ones read as addresses


def hex_dump(console: Console, codec: Codec, part: Decoded, *, in_only: bool) -> None:
    """Print every byte of a piece with the field that it belongs to."""
    plan = codec.plan
    width = max(len(slot.name) for _, slot, _ in plan.meanings)
    if not part.piece.start:
        console.print(render.struct_title(plan.struct, codec.abi.layout))
    current = -1
    for line in codec.abi.dump(codec.name, part.data):
        if line.element != current:
            current = line.element
            start = part.piece.start + current * plan.struct.size
            title = f"\nelement {part.piece.first + current}"
            console.print(Text(title, style="bold"), end="")
            console.print(Text(f"  at byte {start} ({start:#x})", style=render.DIM))
        if not (in_only and line.direction == "OUT"):
            _dump(console, line, width)


def _dump(console: Console, line: DumpLine, width: int) -> None:
    """Print the bytes of a field or hole, the field named on the first line."""
    colour = render.DIRECTIONS.get(line.direction or "", "")
    for start in range(0, len(line.data), _WIDTH):
        part = line.data[start : start + _WIDTH]
        text = Text(f"  {line.offset + start:4d}  ", style=render.DIM)
        if line.name is None:
            text.append(f"{part.hex(' '):<{_WIDTH * 3}}", style=_hole_style(line))
            what = f"rest of {line.leaf}" if line.leaf else "hole"
            text.append(f"░ {what}" if not start else "", style=_hole_style(line))
            if any(line.data) and not start:
                text.append(", not zero", style="bold red")
        else:
            text.append(f"{part.hex(' '):<{_WIDTH * 3}}", style=colour)
            if not start:
                text.append(f"{MARKS.get(line.direction or '', ' ')} ", style=colour)
                text.append(f"{line.name:<{width}}  ", style="bold")
                text.append(_number(line.value), style=colour)
                if line.symbol:
                    text.append(f"  {line.symbol}", style="italic")
        console.print(text, soft_wrap=True)


def _hole_style(line: DumpLine) -> str:
    return "red" if any(line.data) else render.DIM
