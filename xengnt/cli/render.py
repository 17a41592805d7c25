# SPDX-License-Identifier: MIT
"""How things look on a terminal. The only module that imports rich."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TextIO

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from xengnt.abi.layout import Field, Layout, StructLayout
from xengnt.abi.targets import format_version
from xengnt.errors import printable
from xengnt.findings import Finding

DIRECTIONS = {"IN": "cyan", "OUT": "green", "IN/OUT": "yellow", "IN-pointer": "magenta"}
SEVERITIES = {"error": "bold red", "warning": "yellow", "note": "blue"}
DIM = "bright_black"

_PIPE_WIDTH = 120


class _Console(Console):
    """One that leaves a closed pipe to the command, which ends quietly then."""

    def on_broken_pipe(self) -> None:
        """Do not take it for an error of its own, with another exit status."""
        raise BrokenPipeError


def console(file: TextIO | None = None) -> Console:
    """Return a console that colours on a terminal only, and heeds NO_COLOR."""
    out = file or sys.stdout
    width = None if out.isatty() else _PIPE_WIDTH
    return _Console(file=out, highlight=False, soft_wrap=False, width=width, emoji=False)


def plain(draw: Callable[[Console], None]) -> str:
    """Return what is drawn as a text, as in a pipe: for what others show."""
    out = io.StringIO()
    draw(Console(file=out, width=_PIPE_WIDTH, color_system=None, highlight=False, emoji=False))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


@contextmanager
def progress(
    what: str, *, counts: bool = False, on: Console | None = None
) -> Iterator[Callable[[int, int | None], None]]:
    """Show on a terminal how far something is, if it takes long; nothing in a pipe.

    Gives a function to call with what is done and what there is to do, None if nobody
    knows: in bytes, or as numbers of whatever is counted.

    Args:
        what: what is done.
        counts: whether these are no bytes.
        on: where it shows above the bar what is printed; by default, standard error.
    """
    shown_on = on or Console(file=sys.stderr)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn() if counts else DownloadColumn(binary_units=True),
        TimeRemainingColumn(),
        console=shown_on,
        transient=True,
        disable=not shown_on.is_terminal,
    )
    with bar:
        task: TaskID | None = None

        def show(done: int, total: int | None) -> None:
            nonlocal task
            if task is None:
                task = bar.add_task(escape(printable(what)), total=total)
            bar.update(task, completed=done, total=total)

        yield show


def print_json(value: object) -> None:
    """Print JSON, indented."""
    print(json.dumps(value, indent=2))


def table(*columns: str | tuple[str, str]) -> Table:
    """Return a table of our style; a column is a heading, or one with a justification."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        name, justify = column if isinstance(column, tuple) else (column, "left")
        made.add_column(name, justify=justify, no_wrap=justify == "right")  # type: ignore[arg-type]  # "left" and "right" are
    return made


def finding(found: Finding, where: str = "") -> Text:
    """Return a finding on one line, with the ABIs that it holds for."""
    line = Text(f"{found.severity}: ", style=SEVERITIES[found.severity])
    line.append(printable(found.message), style="default not bold")
    if where:
        line.append(f"  {where}", style=f"not bold {DIM}")
    if found.source and found.source not in found.message:
        line.append(f"  {printable(found.source)}", style=f"not bold {DIM}")
    if found.because and found.because.startswith("expected"):
        line.append(f"  {found.because}", style=f"not bold {DIM}")
    return line


def facts(pairs: Sequence[tuple[str, str]]) -> Table:
    """Return labels and texts in two columns."""
    made = Table.grid(padding=(0, 2, 0, 0))
    made.add_column(no_wrap=True, style=DIM)
    made.add_column()
    for label, text in pairs:
        made.add_row(f"  {label}", Text(text))
    return made


def struct_title(struct: StructLayout, layout: Layout) -> Text:
    """Return the line above a struct."""
    op = next((o for o in layout.ops.values() if o.struct == struct.tag), None)
    title = Text(f"{struct.kind} {struct.tag}", style="bold")
    facts = f"  {struct.size} bytes, aligned to {struct.align}"
    title.append(facts, style="not bold")
    where = f"  {layout.abi}, interface version {format_version(layout.interface_version)}"
    title.append(where, style=f"not bold {DIM}")
    if op:
        title.append(f"  {op.constant} = {op.number}", style=f"not bold {DIM}")
    return title


def type_name(field: Field) -> str:
    """Return a field's type as C writes it, the length of an array included."""
    return field.type if field.count is None else f"{field.type}[{field.count}]"


def meaning(field: Field) -> str:
    """Return what a field's value means, as far as the header says."""
    if field.select:
        return field.select
    if field.enum:
        return " | ".join(field.enum.split("|"))
    if field.pointee and field.pointee.size:
        return f"to {field.pointee.size}-byte elements"
    return ""


def indented(field: Field) -> Text:
    """Return the last part of a field's path, indented by its depth."""
    *outer, name = field.name.split(".")
    return Text("  " * len(outer) + name, style="bold" if field.scalar else "")


def direction(field: Field) -> Text:
    """Return a field's direction in its colour."""
    return Text(field.direction or "", style=DIRECTIONS.get(field.direction or "", ""))


def struct_table(struct: StructLayout, docs: Mapping[str, str] | None = None) -> Table:
    """Return the fields and holes of a struct as a table, with what is said of the fields."""
    made = table(("offset", "right"), ("size", "right"), "field", "type", "direction", "meaning")
    holes = list(struct.holes)
    for field in struct.fields:
        while holes and holes[0][0] < field.offset and "." not in field.name:
            _hole_row(made, *holes.pop(0))
        made.add_row(
            str(field.offset),
            str(field.size),
            indented(field),
            Text(type_name(field), style="" if field.scalar else DIM),
            direction(field),
            _said(field, (docs or {}).get(field.name, "")),
        )
    for hole in holes:
        _hole_row(made, *hole)
    return made


def _said(field: Field, doc: str) -> Text:
    text = Text(meaning(field), style=DIM)
    if doc:
        text = Text(doc) + (Text("  ") + text if text else text)
    return text


def _hole_row(made: Table, offset: int, length: int) -> None:
    name = "hole" if length > 1 else "hole, one byte"
    made.add_row(str(offset), str(length), Text(f"({name})", style=DIM), "", "", "", style=DIM)


def struct_matrix(tag: str, layouts: Sequence[Layout]) -> Table:
    """Return a struct on several ABIs side by side, offset and size in each."""
    heads = [Text(layout.abi, style="bold") for layout in layouts]
    made = table("field", "type", "direction")
    for head in heads:
        made.add_column(head, justify="right", no_wrap=True)
    structs = [layout.structs.get(tag) for layout in layouts]
    first = next(struct for struct in structs if struct is not None)
    for field in first.fields:
        cells = []
        for struct in structs:
            other = struct.by_name.get(field.name) if struct else None
            cells.append(f"{other.offset:>3} {other.size:>3}" if other else "")
        made.add_row(
            indented(field),
            Text(type_name(field), style=DIM),
            direction(field),
            *_differing(cells),
        )
    sizes = [f"{struct.size:>3}    " if struct else "" for struct in structs]
    made.add_section()
    made.add_row(Text("size"), "", "", *_differing(sizes))
    return made


def _differing(cells: list[str]) -> list[Text]:
    """Light up the cells that are not what most are."""
    usual = max(set(cells), key=cells.count)
    return [Text(cell, style="" if cell == usual else "bold yellow") for cell in cells]
