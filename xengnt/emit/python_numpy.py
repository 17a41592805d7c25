# SPDX-License-Identifier: MIT
"""A Python module of numpy dtypes, the same as `Abi.dtype` gives.

Imports ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from xengnt.abi.layout import TypeLayout
from xengnt.emit.python import comments, module, remark
from xengnt.emit.selection import Selection
from xengnt.emit.shapes import Part, types

if TYPE_CHECKING:
    from xengnt.emit import Options


def text(selections: Sequence[Selection], command: str, _: Options) -> str:
    """Return the module."""
    (selection,) = selections
    what = "Types of numpy that lie as here on any machine; members of unions overlap."
    return module(selection, command, what, "numpy", _scalar, _dtypes(selection))


def _dtypes(selection: Selection) -> Iterator[str]:
    for made in types(selection.layout):
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


def _format(part: Part) -> str:
    one = part.of.name if part.of else f'"{_code(part.width, signed=part.signed)}"'
    return one if part.count is None else f"({one}, ({part.count},))"


def _scalar(shape: TypeLayout) -> str:
    return f'numpy.dtype("{_code(shape.size, signed=bool(shape.signed))}")'


def _code(size: int, *, signed: bool) -> str:
    return f"<{'i' if signed else 'u'}{size}"
