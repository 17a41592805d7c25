# SPDX-License-Identifier: MIT
"""Memory for arguments: of this process, one that nobody else looks at, and of guests.

Imports ``xengnt.errors``, ``xengnt.abi`` and the extension.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from threading import Lock
from typing import Any, Generic, TypeVar

from xengnt.abi.targets import PAGE_SIZE
from xengnt.errors import InvalidValue, Unavailable
from xengnt.extension import load

T = TypeVar("T")

_LEAST = 16
"""The smallest piece that is given out, in bytes."""

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


class Pieces:
    """Hands out the addresses of a range, in pieces whose sizes are powers of two.

    What is of less than a page does not cross pages; larger pieces begin with one. Threads
    may share it.

    Args:
        start: the first address, at the start of a page.
        end: the address behind the last one.
    """

    def __init__(self, start: int, end: int) -> None:
        self._sizes: dict[int, int] = {}
        self._free: dict[int, list[int]] = {}
        self._next = start
        self._end = end
        self._lock = Lock()

    def take(self, size: int) -> int:
        """Return the address of that many bytes, and of no others: see `room`.

        Raises:
            Unavailable: there is no room.
        """
        room = self.room(size)
        with self._lock:
            free = self._free.get(room)
            address = free.pop() if free else self._more(room)
            self._sizes[address] = size
        return address

    def _more(self, room: int) -> int:
        align = min(room, PAGE_SIZE)
        address = -(-self._next // align) * align
        if address + room > self._end:
            raise Unavailable(f"no room for {room} bytes", got=room)
        self._next = address + room
        return address

    def give_back(self, address: int) -> None:
        """Give back what `take` gave.

        Raises:
            InvalidValue: it gave no such address.
        """
        size = self._sizes.pop(address, None)
        if size is None:
            raise InvalidValue(f"nothing was allocated at {address:#x}", got=address)
        self._free.setdefault(self.room(size), []).append(address)

    def extent(self, address: int) -> int:
        """Return how many bytes of a piece there are from an address on, 0 if it is in none."""
        if address in self._sizes:
            return self._sizes[address]
        for start, size in list(self._sizes.items()):
            if start <= address < start + size:
                return start + size - address
        return 0

    @staticmethod
    def room(size: int) -> int:
        """Return how many bytes a piece for that many has."""
        return max(_LEAST, 1 << (size - 1).bit_length()) if size else _LEAST


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


class PagedMemory(ABC):
    """Memory of a guest, page by page, with room for arguments.

    Args:
        arena: where arguments go: from which address, and up to which.
    """

    def __init__(self, arena: tuple[int, int]) -> None:
        self._pieces = Pieces(*arena)

    @abstractmethod
    def page_at(self, address: int, *, writing: bool = False) -> memoryview | None:
        """Return the bytes from an address to the end of its page, None if none are there."""

    def allocate(self, size: int) -> int:
        """Return the address of that many zero bytes, aligned to eight.

        Raises:
            Unavailable: there is no room.
        """
        address = self._pieces.take(size)
        self.write(address, bytes(self._pieces.room(size)))
        return address

    def free(self, address: int) -> None:
        """Give back what `allocate` gave.

        Raises:
            InvalidValue: it gave no such address.
        """
        self._pieces.give_back(address)

    def extent(self, address: int) -> int:
        """Return how many bytes are there: the rest of what was allocated, or of the page."""
        if known := self._pieces.extent(address):
            return known
        return 0 if self.page_at(address) is None else PAGE_SIZE - address % PAGE_SIZE

    def read(self, address: int, size: int) -> bytes:
        """Return bytes.

        Raises:
            InvalidValue: not all of them are there.
        """
        return b"".join(bytes(part) for part in self._parts(address, size, writing=False))

    def write(self, address: int, data: bytes) -> None:
        """Store bytes.

        Raises:
            InvalidValue: not all of them are there, or not for writing.
        """
        done = 0
        for part in list(self._parts(address, len(data), writing=True)):
            part[:] = data[done : done + len(part)]
            done += len(part)

    def _parts(self, address: int, size: int, *, writing: bool) -> Iterator[memoryview]:
        """Give so many bytes, page by page, in place."""
        end = address + size
        while address < end:
            part = self.page_at(address, writing=writing)
            if part is None:
                readonly = writing and self.page_at(address) is not None
                why = "it may not be written" if readonly else "nothing is there"
                raise InvalidValue(f"address {address:#x}: {why}", got=address)
            yield part[: end - address]
            address += len(part[: end - address])
