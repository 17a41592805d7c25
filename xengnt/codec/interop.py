# SPDX-License-Identifier: MIT
"""The same layout for others: as a ctypes structure and as a numpy dtype.

Imports ``xengnt.errors``, ``xengnt.abi``; numpy where it is asked for.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

from xengnt.abi.layout import Field, StructLayout
from xengnt.errors import Unavailable

if TYPE_CHECKING:
    import numpy as np

    from xengnt.codec.plan import Slot

_INTEGERS = {
    (1, True): ctypes.c_int8,
    (2, True): ctypes.c_int16,
    (4, True): ctypes.c_int32,
    (8, True): ctypes.c_int64,
    (1, False): ctypes.c_uint8,
    (2, False): ctypes.c_uint16,
    (4, False): ctypes.c_uint32,
    (8, False): ctypes.c_uint64,
}


def ctype(struct: StructLayout) -> Any:
    """Return a ctypes structure or union with the layout of a struct, on any ABI.

    Holes are explicit members, ``_hole_`` and their offset; addresses are integers.
    """
    return _ctype(struct, "", struct.tag, struct.kind, 0, struct.size)


def _ctype(struct: StructLayout, path: str, name: str, kind: str, base: int, size: int) -> Any:
    fields: list[tuple[str, Any]] = []
    reached = base
    for field in struct.members_of(path):
        if kind == "struct":
            if field.offset > reached:
                fields.append((f"_hole_{reached}", ctypes.c_uint8 * (field.offset - reached)))
            reached = field.end
        fields.append((field.name.rpartition(".")[2], _member(struct, field)))
    if kind == "struct" and base + size > reached:
        fields.append((f"_hole_{reached}", ctypes.c_uint8 * (base + size - reached)))
    parent = ctypes.LittleEndianStructure if kind == "struct" else ctypes.LittleEndianUnion
    return type(name, (parent,), {"_pack_": 1, "_layout_": "ms", "_fields_": fields})


def _member(struct: StructLayout, field: Field) -> Any:
    if field.scalar:
        count = field.count or 1
        made: Any = _INTEGERS[field.size // count, bool(field.signed)]
        return made if field.count is None else made * count
    tag = field.type.partition(" ")[2] or field.name.replace(".", "_")
    return _ctype(struct, field.name, tag, field.kind, field.offset, field.size)


def dtype(struct: StructLayout) -> np.dtype[Any]:
    """Return a nested numpy dtype with the layout of a struct; members of unions overlap.

    Raises:
        Unavailable: numpy is not installed.
    """
    made: np.dtype[Any] = numpy_module().dtype(_dtype(struct, "", 0, struct.size))
    return made


def numpy_module() -> Any:
    """Return numpy.

    Raises:
        Unavailable: it is not installed.
    """
    try:
        import numpy as np
    except ImportError:
        raise Unavailable("numpy is not installed: pip install 'xengnt[numpy]'") from None
    return np


def numpy_code(slot: Slot) -> str:
    """Return the type of an element of a field."""
    return f"<{'i' if slot.signed else 'u'}{slot.size}"


def _dtype(struct: StructLayout, path: str, base: int, size: int) -> Any:
    members = struct.members_of(path)
    return {
        "names": [field.name.rpartition(".")[2] for field in members],
        "formats": [_format(struct, field) for field in members],
        "offsets": [field.offset - base for field in members],
        "itemsize": size,
    }


def _format(struct: StructLayout, field: Field) -> Any:
    if not field.scalar:
        return _dtype(struct, field.name, field.offset, field.size)
    count = field.count or 1
    code = f"<{'i' if field.signed else 'u'}{field.size // count}"
    return code if field.count is None else (code, (count,))
