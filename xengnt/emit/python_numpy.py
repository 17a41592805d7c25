# SPDX-License-Identifier: MIT
"""A Python module of numpy dtypes, the same as `Abi.dtype` gives.

Imports the modules beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from xengnt.emit.python import comments, constants, remark, start
from xengnt.emit.selection import Selection
from xengnt.emit.shapes import Part, types

if TYPE_CHECKING:
    from xengnt.emit import Options


def text(selections: Sequence[Selection], command: str, _: Options) -> str:
    """Return the module."""
    (selection,) = selections
    return "".join(f"{line}\n" for line in _lines(selection, command))


def _lines(selection: Selection, command: str) -> Iterator[str]:
    layout = selection.layout
    what = "Types of numpy that lie as here on any machine; members of unions overlap."
    yield from start(selection, command, what, "import numpy", "")
    for typedef, shape in layout.typedefs.items():
        yield f'{typedef} = numpy.dtype("{_code(shape.size, signed=bool(shape.signed))}")'
    for made in types(layout):
        for one in (*made.unnamed(), made):
            parts = [part for part in one.parts if part.field]
            yield from ("", *comments(selection, one))
            yield from (f"{one.name} = numpy.dtype(", "    {", '        "names": [')
            for part in parts:
                yield f'            "{part.name}",{remark(selection, one, part)}'
            yield "        ],"
            yield f'        "formats": [{", ".join(_format(part) for part in parts)}],'
            yield f'        "offsets": [{", ".join(str(part.offset) for part in parts)}],'
            yield from (f'        "itemsize": {one.size},', "    }", ")")
    yield from constants(selection)


def _format(part: Part) -> str:
    one = part.of.name if part.of else f'"{_code(part.width, signed=part.signed)}"'
    return one if part.count is None else f"({one}, ({part.count},))"


def _code(size: int, *, signed: bool) -> str:
    return f"<{'i' if signed else 'u'}{size}"
