# SPDX-License-Identifier: MIT
"""Memory for arguments: that of this process, and one that nobody else looks at.

Imports ``xengnt.errors`` and the extension.
"""

from __future__ import annotations

from threading import Lock
from typing import Any, Generic, TypeVar

from xengnt.errors import InvalidValue, Unavailable
from xengnt.extension import load

T = TypeVar("T")

_FIRST = 0x1000
"""The lowest made-up address, so that none is null."""

_END = 1 << 32
"""What made-up addresses stay below, so that they fit every ABI."""


class Blocks(Generic[T]):
    """What is allocated, by address.

    Threads may share it. It takes no lock: what a batch held is freed when the batch is
    collected, which may be at any time, also in the middle of anything here.
    """

    def __init__(self) -> None:
        self._blocks: dict[int, tuple[int, T]] = {}

    def __bool__(self) -> bool:
        return bool(self._blocks)

    def add(self, start: int, size: int, block: T) -> None:
        """Add what is allocated at an address."""
        self._blocks[start] = size, block

    def remove(self, start: int) -> None:
        """Take it away again."""
        del self._blocks[start]

    def find(self, address: int) -> tuple[int, int, T] | None:
        """Return the start, the size and the block that an address is in, None if in none."""
        found = self._blocks.get(address)
        if found:
            return address, *found
        for start, (size, block) in list(self._blocks.items()):
            if start <= address < start + size:
                return start, size, block
        return None

    def extent(self, address: int) -> int:
        """Return how many bytes of a block there are from an address on."""
        found = self.find(address)
        return found[0] + found[1] - address if found else 0


class ProcessMemory:
    """The memory of this process. What was not allocated here can be read and written too."""

    def __init__(self) -> None:
        self._ffi = load().ffi
        self._blocks: Blocks[Any] = Blocks()

    def allocate(self, size: int) -> int:
        """Return the address of that many zero bytes, aligned to eight."""
        kept = self._ffi.new("uint64_t[]", max(1, -(-size // 8)))
        address = int(self._ffi.cast("uintptr_t", kept))
        self._blocks.add(address, size, kept)
        return address

    def free(self, address: int) -> None:
        """Give back what `allocate` gave."""
        self._blocks.remove(address)

    def extent(self, address: int) -> int:
        """Return how many bytes were allocated here from an address on."""
        return self._blocks.extent(address)

    def read(self, address: int, size: int) -> bytes:
        """Return bytes."""
        data: bytes = self._ffi.buffer(self._ffi.cast("char *", address), size)[:] if size else b""
        return data

    def write(self, address: int, data: bytes) -> None:
        """Store bytes."""
        if data:
            self._ffi.memmove(self._ffi.cast("char *", address), data, len(data))


class OwnMemory:
    """Memory for arguments that nobody else will look at, at made-up addresses."""

    def __init__(self) -> None:
        self._blocks: Blocks[bytearray] = Blocks()
        self._next = _FIRST
        self._lock = Lock()

    def allocate(self, size: int) -> int:
        """Return the address of that many zero bytes, aligned to eight.

        Raises:
            Unavailable: there are no more addresses.
        """
        room = -(-size // 8) * 8 + 8  # blocks do not touch
        with self._lock:
            if self._next + room > _END:
                if self._blocks or _FIRST + room > _END:
                    raise Unavailable("no more addresses: too much has been allocated here")
                self._next = _FIRST
            address = self._next
            self._next += room
            self._blocks.add(address, size, bytearray(size))
        return address

    def free(self, address: int) -> None:
        """Give back what `allocate` gave."""
        self._blocks.remove(address)

    def extent(self, address: int) -> int:
        """Return how many bytes were allocated from an address on."""
        return self._blocks.extent(address)

    def read(self, address: int, size: int) -> bytes:
        """Return bytes."""
        block, start = self._at(address, size)
        return bytes(block[start : start + size])

    def write(self, address: int, data: bytes) -> None:
        """Store bytes."""
        block, start = self._at(address, len(data))
        block[start : start + len(data)] = data

    def _at(self, address: int, size: int) -> tuple[bytearray, int]:
        """Return the block that has these bytes, and where in it they begin."""
        if not size:
            return bytearray(), 0
        found = self._blocks.find(address)
        if found is None or address + size > found[0] + found[1]:
            raise InvalidValue(f"no {size} bytes are at address {address:#x}", got=address)
        return found[2], address - found[0]
