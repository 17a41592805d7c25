# SPDX-License-Identifier: MIT
"""C functions of this process as backends.

Imports ``xengnt.errors``, ``xengnt.codec``, the extension and the memory beside it.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

from xengnt.backends.memory import ProcessMemory
from xengnt.codec import Abi
from xengnt.codec.buffers import is_cffi
from xengnt.errors import InvalidValue, SourceError, UnknownName
from xengnt.extension import load

_CTYPES_FUNCTION: Any = ctypes.CFUNCTYPE(None).__mro__[1]  # the class of all, which has no name
_SIGNATURE = "int(*)(unsigned int, void *, unsigned int)"


class CFunction:
    """A C function ``int f(unsigned int cmd, void *uop, unsigned int count)``.

    Args:
        function: a cffi or ctypes function pointer, or an address.
        interface_version: the version that the function was compiled for.

    Raises:
        InvalidValue: it is none of these.
    """

    def __init__(self, function: Any, interface_version: str | int = "newest") -> None:
        self.abi = Abi.native(interface_version)
        self.memory = ProcessMemory()
        self._kept = function  # so that a callback lives as long as this
        self._ffi = load().ffi
        self._function = self._ffi.cast(_SIGNATURE, _address(function))

    def call(self, cmd: int, address: int, count: int) -> int:
        """Make the bare call, and return its result."""
        result: int = self._function(cmd, self._ffi.cast("void *", address), count)
        return result


def _address(function: Any) -> int:
    """Return the address of a function, however it is given."""
    address: int | None = None
    if isinstance(function, int) and not isinstance(function, bool):
        address = function if 0 <= function < 1 << (8 * ctypes.sizeof(ctypes.c_void_p)) else None
    elif isinstance(function, _CTYPES_FUNCTION):
        address = ctypes.cast(function, ctypes.c_void_p).value
    elif is_cffi(function) and _points_to_code(function):
        address = int(load().ffi.cast("uintptr_t", function))
    else:
        kind = type(function).__name__
        raise InvalidValue(f"{kind} is not a C function", got=kind)
    if not address:
        raise InvalidValue("a null pointer is not a C function", got=function)
    if not _executable(address):
        raise InvalidValue(f"what is at {address:#x} is not a C function", got=function)
    return address


def _points_to_code(data: Any) -> bool:
    """Tell whether data of cffi is a pointer to a function, or a bare one."""
    kind = load().ffi.typeof(data)
    return bool(kind.kind == "function" or (kind.kind == "pointer" and kind.item.kind == "void"))


def _executable(address: int) -> bool:
    """Tell whether there is code at an address, as far as the system says."""
    try:
        maps = Path("/proc/self/maps").read_text(errors="replace")
    except OSError:
        return True
    for line in maps.splitlines():
        span, rights, *_ = line.split()
        start, end = (int(one, 16) for one in span.split("-"))
        if start <= address < end:
            return "x" in rights
    return False


class Library(CFunction):
    """A function of a shared library.

    Args:
        path: the library.
        symbol: the name of the function.
        interface_version: the version that it was compiled for.

    Raises:
        SourceError: the library cannot be loaded.
        UnknownName: it has no such symbol.
        InvalidValue: the symbol is no function.
    """

    def __init__(
        self,
        path: str | Path,
        symbol: str = "HYPERVISOR_grant_table_op",
        interface_version: str | int = "newest",
    ) -> None:
        if not Path(path).exists():
            raise SourceError(f"{path}: no such library")
        try:
            self.library = ctypes.CDLL(str(Path(path).absolute()))
        except OSError as error:
            raise SourceError(f"{path}: {error}") from None
        try:
            function = self.library[symbol]
        except AttributeError:
            raise UnknownName(f"{path}: no symbol {symbol!r}", got=symbol) from None
        try:
            super().__init__(function, interface_version)
        except InvalidValue as error:
            raise InvalidValue(f"{path}: {symbol}: {error}", got=symbol) from None
