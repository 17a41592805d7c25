# SPDX-License-Identifier: MIT
"""The bytes of whatever has some: buffers, arrays of numpy, data of cffi; and addresses.

Imports ``xengnt.extension`` only.
"""

from __future__ import annotations

import ctypes
import re
from contextlib import suppress
from operator import index
from typing import Any, NamedTuple

from xengnt.extension import load

_TYPED: Any = ctypes.POINTER(ctypes.c_int).__mro__[1]  # the class of all, which has no name
_POINTERS = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_wchar_p, _TYPED)

_NAMES = re.compile(r":[^:]*:")
"""The names of members in the format of a buffer of structs."""


def bytes_of(data: Any) -> memoryview | None:
    """Return the bytes of a buffer, in place.

    It is None for what has none, or not in one piece, and for arrays of Python
    objects, whose bytes are addresses that nobody may read or write.
    """
    dtype = getattr(data, "dtype", None)
    names = getattr(dtype, "names", None)
    if dtype is not None and getattr(data, "ndim", None) == 0 and not names:
        return None  # a number
    try:
        if is_cffi(data):
            data = _held(data)
        elif names:
            data = data.view("u1")  # numpy gives no buffer of structs whose members overlap
        view = memoryview(data)
        if getattr(dtype, "hasobject", False) or "O" in _NAMES.sub("", view.format):
            return None
        return view.cast("B") if view.nbytes else memoryview(bytearray())
    except (TypeError, ValueError, BufferError):
        return None


class Pinned(NamedTuple):
    """Bytes that stay where they are for as long as this is kept.

    Attributes:
        pointer: to the first, for C.
        address: the same as a number.
        data: keeps them there.
    """

    pointer: Any
    address: int
    data: memoryview | bytes


def pinned(data: memoryview | bytes) -> Pinned:
    """Return where bytes are."""
    ffi = load().ffi
    address = address_of_view(ffi, data)
    return Pinned(ffi.cast("unsigned char *", address), address, data)


def address_of_view(ffi: Any, data: memoryview | bytes) -> int:
    """Return where bytes are, for as long as they are kept.

    cffi's own buffer of a view is not kept: where both are part of a cycle of references,
    the collector takes the view first, and then the interpreter crashes.
    """
    return int(ffi.cast("uintptr_t", ffi.from_buffer(data)))


def kind_of(data: object) -> str:
    """Return what something is, in an error about what it is not."""
    dtype = getattr(getattr(data, "dtype", None), "name", None)
    return f"{type(data).__name__}{f' of {dtype}' if isinstance(dtype, str) else ''}"


def address_of(data: Any) -> int | None:
    """Return the address that an integer or a pointer of ctypes or cffi holds, else None."""
    if isinstance(data, _POINTERS):
        return ctypes.cast(data, ctypes.c_void_p).value or 0
    if is_cffi(data):
        ffi = load().ffi
        return int(ffi.cast("uintptr_t", data)) if ffi.typeof(data).kind == "pointer" else None
    with suppress(TypeError):
        return None if isinstance(data, bool) else index(data)
    return None


def is_cffi(data: object) -> bool:
    """Tell whether it is data of cffi, of whatever type."""
    return type(data).__module__ == "_cffi_backend" and isinstance(data, load().ffi.CData)


def _held(data: Any) -> Any:
    """Return the buffer of an array or struct of cffi, None for pointers and numbers."""
    ffi = load().ffi
    kind = ffi.typeof(data).kind
    if kind in ("struct", "union"):
        return ffi.buffer(ffi.addressof(data))
    return ffi.buffer(data) if kind == "array" else None
