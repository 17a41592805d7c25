# SPDX-License-Identifier: MIT
"""C functions of this process as backends.

Imports ``xengnt.errors``, ``xengnt.codec`` and the extension.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

from xengnt.codec import Abi
from xengnt.errors import InvalidValue, SourceError, UnknownName
from xengnt.extension import load

_CTYPES_FUNCTION: Any = ctypes.CFUNCTYPE(None).__mro__[1]  # the class of all, which has no name
_SIGNATURE = "int(*)(unsigned int, void *, unsigned int)"


class ProcessMemory:
    """The memory of this process. What was not allocated here can be read and written too."""

    def __init__(self) -> None:
        self._ffi = load().ffi
        self._kept: dict[int, Any] = {}

    def readable(self, address: int, size: int) -> bool:
        """Tell whether these bytes are known to be there: those that were allocated here are."""
        kept = self._kept.get(address)
        return kept is not None and size <= self._ffi.sizeof(kept)

    def allocate(self, size: int) -> int:
        """Return the address of that many zero bytes, aligned to eight."""
        kept = self._ffi.new("uint64_t[]", max(1, -(-size // 8)))
        address = int(self._ffi.cast("uintptr_t", kept))
        self._kept[address] = kept
        return address

    def free(self, address: int) -> None:
        """Give back what `allocate` gave."""
        del self._kept[address]

    def read(self, address: int, size: int) -> bytes:
        """Return bytes."""
        data: bytes = self._ffi.buffer(self._ffi.cast("char *", address), size)[:] if size else b""
        return data

    def write(self, address: int, data: bytes) -> None:
        """Store bytes."""
        if data:
            self._ffi.memmove(self._ffi.cast("char *", address), data, len(data))


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
    address: int | None
    if isinstance(function, bool | float | str | bytes):  # which cffi takes for numbers
        address = None
    elif isinstance(function, int):
        address = function if 0 <= function < 1 << (8 * ctypes.sizeof(ctypes.c_void_p)) else None
    elif isinstance(function, _CTYPES_FUNCTION):
        address = ctypes.cast(function, ctypes.c_void_p).value
    else:
        try:
            address = int(load().ffi.cast("uintptr_t", function))
        except TypeError:
            kind = type(function).__name__
            raise InvalidValue(f"{kind} is not a C function", got=kind) from None
    if not address:
        raise InvalidValue("a null pointer is not a C function", got=function)
    return address


class Library(CFunction):
    """A function of a shared library.

    Args:
        path: the library.
        symbol: the name of the function.
        interface_version: the version that it was compiled for.

    Raises:
        SourceError: the library cannot be loaded.
        UnknownName: it has no such function.
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
        super().__init__(function, interface_version)
