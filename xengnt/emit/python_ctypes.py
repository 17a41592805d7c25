# SPDX-License-Identifier: MIT
"""A Python module of ctypes structures, the same as `Abi.ctype` gives.

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
    what = "Structures of ctypes that lie as here on any machine; handles are integers."
    return module(selection, command, what, "ctypes", _scalar, _structures(selection))


def _structures(selection: Selection) -> Iterator[str]:
    for made in types(selection.layout):
        for one in (*made.unnamed(), made):
            yield from ("", "", *comments(selection, one))
            yield f"class {one.name}(ctypes.LittleEndian{_KINDS[one.kind]}):"
            yield from ("    _pack_ = 1", '    _layout_ = "ms"', "    _fields_ = [")
            for part in one.parts:
                row = f'        ("{part.name}", {_member(selection, part)}),'
                yield row + remark(selection, one, part)
            yield "    ]"
    yield ""


_KINDS = {"struct": "Structure", "union": "Union"}


def _member(selection: Selection, part: Part) -> str:
    one = part.element(selection.layout, _integer)
    return one if part.count is None else f"{one} * {part.count}"


def _scalar(shape: TypeLayout) -> str:
    return _integer(shape.size, signed=bool(shape.signed))


def _integer(size: int, *, signed: bool) -> str:
    return f"ctypes.c_{'' if signed else 'u'}int{8 * size}"
