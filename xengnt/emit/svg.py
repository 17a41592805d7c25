# SPDX-License-Identifier: MIT
"""A struct drawn to scale, for some ABIs side by side.

The drawing stands alone, and is light or dark as its surroundings are.

Imports ``xengnt.errors``, ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from xengnt.emit.cells import FIELD, HOLE, REST, ROW, Cell, Drawing, Panel, drawings
from xengnt.emit.meanings import OR, meaning
from xengnt.emit.selection import Selection
from xengnt.emit.words import LICENCE, heading
from xengnt.errors import InvalidValue

if TYPE_CHECKING:
    from xengnt.emit import Options

MARKS = {"IN": "→", "OUT": "←", "IN/OUT": "↔", "IN-pointer": "⇢"}
"""The mark of each direction, as dumps have it too."""

CLASSES = {"IN": "in", "OUT": "out", "IN/OUT": "inout", "IN-pointer": "pointer", None: "plain"}
"""What style sheets call each direction."""

LIT, DIFFERS = "lit", "≠"
"""The class and the mark of what differs between ABIs."""

_BYTE, _LANE, _GUTTER, _RULER, _TITLE = 52, 38, 34, 18, 24
"""Sizes: of a byte, of a line of one lane, left of all bytes, and above them."""

WIDTH = _GUTTER + ROW * _BYTE + 2

_NAME, _SMALL = 7.3, 6.4
"""The width of a character, of names and of what is smaller."""

_GAP, _MARGIN, _LINE = 36, 16, 18
_STRIPE, _CORNER = 7, 9
"""Between the lines that fill a hole; the corner of what is lit."""


def text(selections: Sequence[Selection], command: str, _: Options) -> str:
    """Return the drawing.

    Raises:
        InvalidValue: it is not for one struct.
    """
    first = selections[0]
    if len(first.asked) != 1:
        raise InvalidValue(
            f"emit svg draws one struct, got {len(first.asked) or 'none'}: name an op or struct",
            got=len(first.asked),
        )
    (name,) = first.asked
    tag = first.abi.struct(name).tag
    made = drawings(
        [one.abi.layout for one in selections],
        lambda layout: next(one.abi.struct(name) for one in selections if one.abi.layout is layout),
    )
    made_by = heading(selections, command).replace("?>", "? >")
    return f"<?xengnt {made_by}?>\n<!-- {LICENCE} -->\n{_page(first, made, tag)}"


def _page(first: Selection, made: list[Drawing], tag: str) -> str:
    """Return drawings side by side, with what stands above and below them."""
    parts = [figure(one, first) for one in made]
    captions = [caption(one) for one in made]
    top = _MARGIN + 2 * _LINE + 8
    start = top + _LINE * max(map(len, captions)) + 10
    width = 2 * _MARGIN + len(made) * WIDTH + (len(made) - 1) * _GAP
    end = start + max(height for _, height in parts) + 26
    kind = made[0].struct.kind if tag in first.abi.layout.structs else "type"
    about = [f"{one.constant}, command {one.number}" for one in first.layout.ops.values()]
    about.append(f"interface version {first.version}")
    body = [
        written(_MARGIN, _MARGIN + 12, f"{kind} {tag}", "heading"),
        written(_MARGIN, _MARGIN + 14 + _LINE, "; ".join(about), "small quiet"),
    ]
    for index, (drawing, (inner, _)) in enumerate(zip(made, parts, strict=True)):
        x = _MARGIN + index * (WIDTH + _GAP)
        for number, line in enumerate(captions[index]):
            look = "small quiet" if number else ""
            body.append(written(x + _GUTTER, top + 14 + number * _LINE, line, look))
        abis = " ".join(drawing.structs)
        body.append(f'<g data-abis="{abis}" transform="translate({x} {start})">\n{inner}\n</g>')
    x, right = _MARGIN, 0
    for look, words in legend(made):
        if x + 34 + _SMALL * len(words) > width - _MARGIN:
            x, end = _MARGIN, end + _LINE + 2
        key = box(x - 1, end - 12, 16, 16)
        if look == HOLE:
            key += stripes(x, end - 11, 14, 14)
        if look == LIT:
            key += _corner(x + 15, end - 12)
        body.append(f'<g class="{look}">{key}</g>' + written(x + 20, end, words, "small quiet"))
        x += 38 + round(_SMALL * len(words))
        right = max(right, x)
    width, height = max(width, right), end + _MARGIN
    ident = f"xengnt-{tag}"
    inside = "\n".join(body)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="drawing" role="img" '
        f'width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'aria-labelledby="{ident}-title {ident}-desc">\n'
        f'<title id="{ident}-title">{escape(f"The bytes of {kind} {tag}")}</title>\n'
        f'<desc id="{ident}-desc">{escape(described(made))}</desc>\n'
        f"<style>\n{_style()}</style>\n"
        f'<rect class="ground" width="{width}" height="{height}"/>\n'
        f"{inside}\n</svg>\n"
    )


def figure(drawing: Drawing, selection: Selection) -> tuple[str, int]:
    """Return the bytes of a struct as elements of SVG, `WIDTH` wide, and their height."""
    body = []
    y = _RULER
    for number in range(min(ROW, drawing.struct.size)):
        x = _GUTTER + number * _BYTE + _BYTE // 2
        body.append(written(x, y - 6, number, "small quiet middle"))
    for panel in drawing.panels:
        if panel.name:
            when = meaning(selection.declared, drawing.struct.select, panel.name)
            body.append(written(_GUTTER, y + 16, panel.name))
            x = _GUTTER + round(_NAME * (len(panel.name) + 2))
            for number, line in enumerate(filter(None, when.split(OR))):
                y += 15 if number else 0
                words = f"or {line}" if number else f"meant {line}"
                body.append(written(x, y + 16, words, "small quiet"))
            y += _TITLE
        inner, height = _panel(panel, y, drawing, selection)
        body.append(f'<g data-panel="{escape(panel.name)}">\n{inner}\n</g>')
        y += height + (8 if panel.name else 0)
    return "\n".join(body), y + 2


def caption(drawing: Drawing) -> list[str]:
    """Return whose drawing it is, how large the struct is, and how it is aligned."""
    size = _bytes(drawing.struct.size)
    usual = max(drawing.structs.values(), key=lambda one: one.align or 0).align
    other = [f"{abi}: {one.align}" for abi, one in drawing.structs.items() if one.align != usual]
    but = f" ({', '.join(other)})" if other else ""
    return [", ".join(drawing.structs), f"{size}, aligned to {usual}{but}"]


def legend(made: Sequence[Drawing]) -> Iterator[tuple[str, str]]:
    """Give the class and the meaning of each look that there is in drawings."""
    cells = [cell for one in made for panel in one.panels for cell in panel.cells]
    ways = [cell.field.direction for cell in cells if cell.field]
    for way, mark in MARKS.items():
        if way in ways:
            yield CLASSES[way], f"{mark} {way}"
    if any(cell.kind == HOLE for cell in cells):
        yield HOLE, "hole"
    if any(cell.kind == REST for cell in cells):
        yield REST, "not used by this member"
    if any(cell.lit for cell in cells):
        yield LIT, f"{DIFFERS} differs between ABIs"


def described(made: Sequence[Drawing]) -> str:
    """Return what drawings show, in words."""
    lines = []
    for one in made:
        lines.append(": ".join(caption(one)) + ".")
        for panel in one.panels:
            words = [_place(cell) for cell in panel.cells if cell.kind != REST]
            lines.append((f"{panel.name}: " if panel.name else "") + "; ".join(words) + ".")
    return " ".join(lines)


def _panel(panel: Panel, top: int, drawing: Drawing, selection: Selection) -> tuple[str, int]:
    """Return the cells of a panel, from a height downwards, and how high they are."""
    lanes: dict[int, int] = {}
    for cell in panel.cells:
        for start, _ in cell.pieces:
            lanes[start // ROW] = max(lanes.get(start // ROW, 1), cell.lanes)
    tops, y = {}, top
    body = []
    for row in sorted(lanes):
        tops[row] = y
        body.append(written(_GUTTER - 8, y + _LANE // 2 + 4, row * ROW, "small quiet right"))
        y += lanes[row] * _LANE
    for cell in panel.cells:
        look = [CLASSES[cell.field.direction] if cell.field else cell.kind, cell.kind]
        look += [LIT] if cell.lit else []
        parts = [f"<title>{escape(_words(cell, drawing, selection))}</title>"]
        widest = max(cell.pieces, key=lambda piece: piece[1])
        for start, size in cell.pieces:
            high = lanes[start // ROW] * _LANE // cell.lanes
            x, y1 = _GUTTER + start % ROW * _BYTE, tops[start // ROW] + cell.lane * high
            parts.append(box(x, y1, size * _BYTE, high))
            parts += [stripes(x, y1, size * _BYTE, high)] if cell.kind == HOLE else []
            if (start, size) == widest and cell.kind != REST:
                parts += _label(cell, panel, x, y1, size * _BYTE, high)
                parts += [_corner(x + size * _BYTE, y1)] if cell.lit else []
            if cell.kind == FIELD and size > 1:
                ticks = (f"M{x + n * _BYTE} {y1 + high - 4}v3" for n in range(1, size))
                parts.append(f'<path class="ticks" d="{"".join(ticks)}"/>')
        body.append(
            f'<g class="{" ".join(dict.fromkeys(look))}" data-name={quoteattr(cell.name)} '
            f'data-offset="{cell.offset}" data-size="{cell.size}">{"".join(parts)}</g>'
        )
    return "\n".join(body), y - top


def box(x: int, y: int, width: int, height: int) -> str:
    """Return a rectangle with a little room to its neighbours."""
    return f'<rect x="{x + 1}" y="{y + 1}" width="{width - 2}" height="{height - 2}"/>'


def _corner(x: int, y: int) -> str:
    """Return the lit corner of a box that ends at the right at x, and begins at y."""
    return f'<path class="corner" d="M{x - 1} {y + 1}v{_CORNER}l-{_CORNER} -{_CORNER}z"/>'


def stripes(x: int, y: int, width: int, height: int) -> str:
    """Return slanting lines that fill a box."""
    lines = []
    for at in range(_STRIPE, width + height, _STRIPE):
        x1, y1 = max(0, at - height), min(at, height)
        x2, y2 = min(at, width), max(0, at - width)
        if x2 > x1:
            lines.append(f"M{x + x1} {y + y1}L{x + x2} {y + y2}")
    return f'<path d="{"".join(lines)}"/>'


def _label(cell: Cell, panel: Panel, x: int, y: int, width: int, height: int) -> list[str]:
    """Return what is written on a cell: as much as there is room for."""
    mark = DIFFERS if cell.lit else ""
    if cell.field is None:
        words = f"hole {mark}".strip() if width > _BYTE else mark
        return [written(x + width // 2, y + height // 2 + 4, words, "small quiet middle")]
    name = _fitting(cell.name.removeprefix(f"{panel.name}."), width - 8)
    middle = y + height // 2
    made = [written(x + 6, middle - 3, name)]
    if cell.field.pointee and cell.field.pointee.size:
        each = f"to {_bytes(cell.field.pointee.size)} each"
        behind = round(_NAME * (len(name) + 1)) + 6
        if behind + _SMALL * len(each) + _CORNER <= width:
            made.append(written(x + behind, middle - 3, each, "small quiet"))
    kind = cell.field.type
    marks = f"{mark}{MARKS.get(cell.field.direction or '', '')}"
    if _SMALL * len(kind) + _NAME * len(marks) + 18 <= width:
        made.append(written(x + 6, middle + 11, kind, "small quiet"))
    right = x + width - 6
    if cell.field.direction:
        made.append(written(right, middle + 11, MARKS[cell.field.direction], "mark right"))
        right -= 12
    if mark:
        made.append(written(right, middle + 11, mark, "differs right"))
    return made


def _fitting(name: str, width: int) -> str:
    """Return a path, or as much of its end as there is room for."""
    room = int(width / _NAME)
    parts = name.split(".")
    while len(parts) > 1 and len(".".join(parts)) > room:
        parts = ["…" + parts[1], *parts[2:]] if len(parts) > 1 else parts
    short = ".".join(parts)
    return short if len(short) <= room else f"{short[: max(room - 1, 1)]}…"


def _place(cell: Cell) -> str:
    """Return what a cell is and where."""
    what = cell.name or cell.kind
    way = f", {cell.field.direction}" if cell.field and cell.field.direction else ""
    return f"{what} at {cell.offset}, {_bytes(cell.size)}{way}" + (", differs" if cell.lit else "")


def _words(cell: Cell, drawing: Drawing, selection: Selection) -> str:
    """Return all that there is to say of a cell."""
    if cell.field is None:
        return _place(cell) if cell.kind == HOLE else f"{_place(cell)}: not used by this member"
    field = cell.field
    words = [_place(cell), field.type]
    if field.pointee:
        of = f"{field.pointee.count} of " if field.pointee.count else ""
        size = f", {field.pointee.size} bytes each" if field.pointee.size else ""
        words.append(f"the address of {of}{field.pointee.type}{size}")
    if field.enum:
        words.append("enum " + " | ".join(field.enum.split("|")))
    union = drawing.struct.by_name.get(field.name.rpartition(".")[0])
    if union is not None and union.select:
        last = field.name.rpartition(".")[2]
        words.append(f"meant {meaning(selection.declared, union.select, last)}")
    doc = ""
    if drawing.struct.tag in selection.declared.aggregates:
        doc = selection.doc(drawing.struct.tag, field.name).strip()
    return ", ".join(words) + (f": {doc}" if doc else "")


def _bytes(number: int) -> str:
    return f"{number} byte{'' if number == 1 else 's'}"


def written(x: int, y: int, words: object, look: str = "") -> str:
    """Return a text."""
    kind = f' class="{look}"' if look else ""
    return f'<text x="{x}" y="{y}"{kind}>{escape(str(words))}</text>'


def style(name: str, of: str = "xengnt.emit") -> str:
    """Return a style sheet that is in a package, without comments."""
    raw = (files(of) / f"{name}.css").read_text(encoding="utf-8")
    return re.sub(r"/\*.*?\*/\n?", "", raw, flags=re.DOTALL)


_VARIABLE = re.compile(r"var\((--[\w-]+)\)")
_COLOUR = re.compile(r"(--[\w-]+): light-dark\(([^,]+), ([^)]+)\);")


def _colour(colours: dict[str, str], found: re.Match[str]) -> str:
    return colours[found[1]]


def _style() -> str:
    """Return the style of a drawing that stands alone, with every colour in plain words."""
    rules = style("drawing")
    light, dark = (
        _VARIABLE.sub(partial(_colour, which), rules)
        for which in (
            {name: one for name, one, _ in _COLOUR.findall(style("colours"))},
            {name: two for name, _, two in _COLOUR.findall(style("colours"))},
        )
    )
    coloured = "".join(f"  {line}\n" for line in dark.splitlines() if "#" in line)
    return f"{light}@media (prefers-color-scheme: dark) {{\n{coloured}}}\n"
