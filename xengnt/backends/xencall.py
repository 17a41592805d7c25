# SPDX-License-Identifier: MIT
"""Xen itself: calls from the domain that this process runs in, through libxencall.

Imports ``xengnt.errors``, ``xengnt.codec`` and what is beside it.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from xengnt.backends.memory import Blocks
from xengnt.codec import Abi
from xengnt.errors import InvalidValue, Unavailable

LIBRARY = "libxencall.so.1"
DEVICE = "/dev/xen/privcmd"

HARMLESS = ("query_size", "get_version")
"""The ops that only tell, and so are let through without `unsafe`."""

_DECLARATIONS = """
    typedef struct handle handle;
    handle *xencall_open(void *logger, unsigned int flags);
    int xencall_close(handle *);
    int xencall3(handle *, unsigned int hypercall, uint64_t, uint64_t, uint64_t);
    void *xencall_alloc_buffer(handle *, size_t size);
    void xencall_free_buffer(handle *, void *);
"""


class XenCall:
    """The hypervisor that this process runs on.

    A process that was forked needs one of its own.

    Args:
        unsafe: whether every op is let through, and not just those that only tell. The
            table of a domain is in use by its kernel: a careless op breaks its grants.
        interface_version: the version that arguments are laid out for.

    Raises:
        Unavailable: there is no Xen here, no right to call it, or no libxencall.
        InvalidValue: there is no such interface version.
    """

    def __init__(self, *, unsafe: bool = False, interface_version: str | int = "newest") -> None:
        self.abi = Abi.native(interface_version)
        self.unsafe = unsafe
        self.memory = HypercallMemory()
        self._hypercall = self.abi.layout.constants["__HYPERVISOR_grant_table_op"].value

    def call(self, cmd: int, address: int, count: int) -> int:
        """Make the bare call, and return its result.

        Raises:
            InvalidValue: it is not let through.
        """
        if not self.unsafe:
            self._judge(cmd, address)
        ffi, library, handle = self.memory.opened
        result: int = library.xencall3(handle, self._hypercall, cmd, address, count)
        return result if result >= 0 else -ffi.errno

    def _judge(self, cmd: int, address: int) -> None:
        """Raise if a call may do harm: Xen writes its answer wherever it is told to."""
        codec = self.abi.codec_of(cmd)
        name = codec.op if codec else None
        if codec is None or name not in HARMLESS:
            raise InvalidValue(
                f"{name or f'command {cmd}'}: refused, since a careless op breaks the grants that "
                f"this domain's own kernel has in use; only {' and '.join(HARMLESS)} are let "
                "through without unsafe=True (--unsafe)",
                got=cmd,
            )
        if address and self.memory.extent(address) < codec.plan.struct.size:
            raise InvalidValue(
                f"{name}: refused, since its argument was not allocated here (address "
                f"{address:#x}); that takes unsafe=True (--unsafe)",
                got=address,
            )


class HypercallMemory:
    """Memory that stays where it is while the hypervisor looks at it."""

    def __init__(self) -> None:
        self._opened = _open()
        self._process = os.getpid()
        self._blocks: Blocks[None] = Blocks()

    @property
    def opened(self) -> tuple[Any, Any, Any]:
        """The cffi instance, the library, and its handle.

        Raises:
            Unavailable: this process is a fork of the one that opened it.
        """
        if os.getpid() != self._process:
            raise Unavailable("this process was forked, and needs a XenCall of its own")
        return self._opened

    def allocate(self, size: int) -> int:
        """Return the address of that many zero bytes, aligned to eight.

        Raises:
            Unavailable: there is no more.
        """
        ffi, library, handle = self.opened
        kept = library.xencall_alloc_buffer(handle, max(1, size))
        if not kept:
            why = os.strerror(ffi.errno)
            raise Unavailable(f"no {size} bytes of memory for hypercalls: {why}")
        address = int(ffi.cast("uintptr_t", kept))
        self._blocks.add(address, size, None)
        self.write(address, bytes(size))
        return address

    def free(self, address: int) -> None:
        """Give back what `allocate` gave."""
        try:
            self._blocks.remove(address)
        except KeyError:
            raise InvalidValue(f"nothing was allocated at {address:#x}", got=address) from None
        if os.getpid() == self._process:
            ffi, library, handle = self._opened
            library.xencall_free_buffer(handle, ffi.cast("void *", address))

    def extent(self, address: int) -> int:
        """Return how many bytes were allocated here from an address on."""
        return self._blocks.extent(address)

    def read(self, address: int, size: int) -> bytes:
        """Return bytes."""
        return bytes(self._view(address, size))

    def write(self, address: int, data: bytes) -> None:
        """Store bytes."""
        self._view(address, len(data))[:] = data

    def _view(self, address: int, size: int) -> memoryview:
        """Return bytes in place.

        Raises:
            InvalidValue: they were not allocated here.
        """
        if not size:
            return memoryview(bytearray())
        if self.extent(address) < size:
            raise InvalidValue(f"no {size} bytes were allocated at {address:#x}", got=address)
        ffi, _, _ = self.opened
        return memoryview(ffi.buffer(ffi.cast("char *", address), size)).cast("B")


def _open() -> tuple[Any, Any, Any]:
    """Open the hypervisor. The library would print what is wrong, so that is found out first."""
    try:
        os.close(os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC))
    except FileNotFoundError:
        raise Unavailable(
            f"no Xen here: there is no {DEVICE}; where there is a Xen, modprobe xen-privcmd"
        ) from None
    except PermissionError as error:
        raise Unavailable(f"{DEVICE}: {error.strerror}: calling Xen takes root") from None
    except OSError as error:
        raise Unavailable(f"{DEVICE}: {error.strerror}") from None
    ffi, library = _load(LIBRARY)
    handle = library.xencall_open(ffi.NULL, 0)
    if not handle:
        raise Unavailable(f"Xen cannot be called: {os.strerror(ffi.errno)}")
    return ffi, library, ffi.gc(handle, library.xencall_close)


@cache
def _load(name: str) -> tuple[Any, Any]:
    import cffi

    ffi = cffi.FFI()
    ffi.cdef(_DECLARATIONS)
    try:
        # It stays, so that the last handle can be closed by it.
        return ffi, ffi.dlopen(name, ffi.RTLD_NOW | ffi.RTLD_NODELETE)
    except OSError:
        raise Unavailable(f"{name} cannot be loaded: apt install libxencall1") from None
