# SPDX-License-Identifier: MIT
"""Structs as cells to draw: which bytes each member takes, and how ABIs differ in that.

What a drawing shows is decided here, and how it looks elsewhere. All comes from layouts.

Imports ``xengnt.abi``.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace

from xengnt.abi.layout import Field, Layout, StructLayout

ROW = 8
"""Bytes on a line of a drawing, on all ABIs, so that they can be compared."""

FIELD, HOLE, REST = "field", "hole", "rest"
"""What a cell is: a member, bytes that nothing covers, or what a member leaves of a union."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Neighbouring bytes of one meaning.

    Attributes:
        kind: `FIELD`, `HOLE` or `REST`.
        offset: from the start of the struct.
        size: in bytes.
        name: the path of the member, with the index in an array; "" for what is none.
        field: the member.
        lane: where bytes have several meanings, which of them this is, from 0.
        lanes: how many meanings these bytes have.
        lit: whether ABIs differ in it.
    """

    kind: str
    offset: int
    size: int
    name: str = ""
    field: Field | None = None
    lane: int = 0
    lanes: int = 1
    lit: bool = False

    @property
    def end(self) -> int:
        """The offset of the first byte behind it."""
        return self.offset + self.size

    @property
    def pieces(self) -> list[tuple[int, int]]:
        """The parts of it on each line, as offset and size."""
        starts = [self.offset, *range(self.offset // ROW * ROW + ROW, self.end, ROW)]
        ends = [*starts[1:], self.end]
        return [(start, end - start) for start, end in zip(starts, ends, strict=True)]


@dataclass(frozen=True, slots=True)
class Panel:
    """A struct, or one way to see it.

    Attributes:
        name: the member of a union of structs that it is, "" if it is the whole.
        cells: by offset and lane; in each lane they cover what its neighbours do.
    """

    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A struct as some ABIs have it, all of them the same.

    Attributes:
        structs: the layout that each of these ABIs has, by its name; they are alike but
            for their alignment.
        panels: the ways to see it, one unless it is a union of structs.
    """

    structs: dict[str, StructLayout]
    panels: tuple[Panel, ...]

    @property
    def struct(self) -> StructLayout:
        """The layout, as the first of the ABIs has it."""
        return next(iter(self.structs.values()))


def drawings(layouts: Sequence[Layout], find: Callable[[Layout], StructLayout]) -> list[Drawing]:
    """Return a struct as several ABIs have it, those together that have it alike.

    Args:
        layouts: of the ABIs.
        find: gives the struct in one of them.
    """
    alike: dict[Hashable, dict[str, StructLayout]] = {}
    for layout in layouts:
        struct = find(layout)
        alike.setdefault(_look(struct), {})[layout.abi] = struct
    made = [Drawing(structs, panels(next(iter(structs.values())))) for structs in alike.values()]
    places = [{_place(cell) for panel in one.panels for cell in panel.cells} for one in made]
    common = set.intersection(*places)
    return [
        replace(
            one,
            panels=tuple(
                replace(
                    panel,
                    cells=tuple(
                        replace(cell, lit=cell.kind != REST and _place(cell) not in common)
                        for cell in panel.cells
                    ),
                )
                for panel in one.panels
            ),
        )
        for one in made
    ]


def panels(struct: StructLayout) -> tuple[Panel, ...]:
    """Return the ways to see a struct: each member of a union of structs is one."""
    members = struct.members_of("")
    if struct.kind == "union" and not all(member.scalar for member in members):
        return tuple(
            Panel(member.name, _cells(struct, list(_members(struct, [member]))))
            for member in members
        )
    return (Panel("", _cells(struct, list(_members(struct, members)))),)


def _members(struct: StructLayout, fields: Sequence[Field]) -> Iterator[Cell]:
    """Give the members that have values, at any depth; of an array, each element."""
    for field in fields:
        if field.scalar and field.count:
            size = field.size // field.count
            for index in range(field.count):
                start = field.offset + index * size
                yield Cell(FIELD, start, size, f"{field.name}[{index}]", field)
        elif field.scalar or field.count is not None:
            yield Cell(FIELD, field.offset, field.size, field.name, field)
        else:
            yield from _members(struct, struct.members_of(field.name))


def _cells(struct: StructLayout, members: list[Cell]) -> tuple[Cell, ...]:
    """Return members with a lane for each, and cells for all bytes that they leave."""
    found: list[Cell] = []
    reached = 0
    for group in _overlapping(members):
        start = group[0].offset
        found += _uncovered(struct, reached, start)
        reached = max(cell.end for cell in group)
        lanes: list[list[Cell]] = []
        for cell in group:
            free = (lane for lane in lanes if lane[-1].end <= cell.offset)
            lane = next(free, None)
            if lane is None:
                lanes.append(lane := [])
            lane.append(cell)
        for number, lane in enumerate(lanes):
            at = start
            for cell in [*lane, Cell(REST, reached, 0)]:
                if cell.offset > at:
                    found.append(Cell(REST, at, cell.offset - at, lane=number, lanes=len(lanes)))
                if cell.size:
                    found.append(replace(cell, lane=number, lanes=len(lanes)))
                at = cell.end
    found += _uncovered(struct, reached, struct.size)
    return tuple(found)


def _overlapping(members: list[Cell]) -> Iterator[list[Cell]]:
    """Give the members by offset, those together that share bytes."""
    group: list[Cell] = []
    reached = 0
    for cell in sorted((one for one in members if one.size), key=lambda one: one.offset):
        if group and cell.offset >= reached:
            yield group
            group = []
        group.append(cell)
        reached = max(reached, cell.end)
    if group:
        yield group


def _uncovered(struct: StructLayout, start: int, end: int) -> Iterator[Cell]:
    """Give cells for bytes that no member of a panel covers: holes, or what others use."""
    for offset, length in struct.holes:
        first, last = max(offset, start), min(offset + length, end)
        if first < last:
            if start < first:
                yield Cell(REST, start, first - start)
            yield Cell(HOLE, first, last - first)
            start = last
    if start < end:
        yield Cell(REST, start, end - start)


def _look(struct: StructLayout) -> Hashable:
    """Return what two layouts have in common that are drawn alike."""
    return struct.size, struct.kind, struct.select, tuple(map(_fact, struct.fields))


def _fact(field: Field) -> Hashable:
    """Return what is to see of a field, and what is behind its address."""
    pointee = (field.pointee.type, field.pointee.size) if field.pointee else None
    sign = field.signed if field.scalar else None
    return field.name, field.offset, field.size, field.count, sign, field.direction, pointee


def _place(cell: Cell) -> Hashable:
    """Return what ABIs have to agree in, for a cell not to be lit."""
    return cell.kind, cell.offset, cell.size, cell.name, cell.field and _fact(cell.field)
