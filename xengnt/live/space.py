# SPDX-License-Identifier: MIT
"""What a live guest sees at which address, from the machine's memory.

Imports ``xengnt.errors``, ``xengnt.backends`` and the modules beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from xengnt.abi.targets import PAGE_SHIFT, PAGE_SIZE
from xengnt.backends.memory import Pieces
from xengnt.errors import InvalidValue
from xengnt.live.paging import walk
from xengnt.live.ram import Ram


class Space(Protocol):
    """Addresses of a guest."""

    def at(self, address: int) -> tuple[int, bool] | None:
        """Return the frame at an address and whether it may be written, None if none is."""


class PvSpace:
    """Those of a guest on x86: what page tables say, its own or those that Xen keeps for it.

    Args:
        ram: the machine's memory.
        top: the frame of the top-level table.
    """

    def __init__(self, ram: Ram, top: int) -> None:
        self._ram = ram
        self._top = top

    def at(self, address: int) -> tuple[int, bool] | None:
        """Return the frame at an address and whether it may be written, None if none is."""
        return walk(self._ram, self._top, address)


class LiveMemory:
    """The memory of a live guest, as a backend has it.

    Args:
        ram: the machine's memory.
        space: what the guest sees in it.
        arena: where arguments go.
    """

    def __init__(self, ram: Ram, space: Space, arena: tuple[int, int]) -> None:
        self._ram = ram
        self._space = space
        self._pieces = Pieces(*arena)
        self._arena = range(*arena)
        self._known: dict[int, int] = {}  # frames of the arena, which stay where they are

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
        return 0 if self._space.at(address) is None else PAGE_SIZE - address % PAGE_SIZE

    def read(self, address: int, size: int) -> bytes:
        """Return bytes.

        Raises:
            InvalidValue: not all of them are there.
        """
        return b"".join(bytes(part) for part in self._parts(address, size, for_writing=False))

    def write(self, address: int, data: bytes) -> None:
        """Store bytes.

        Raises:
            InvalidValue: not all of them are there, or not for writing.
        """
        done = 0
        for part in list(self._parts(address, len(data), for_writing=True)):
            part[:] = data[done : done + len(part)]
            done += len(part)

    def _parts(self, address: int, size: int, *, for_writing: bool) -> Iterator[memoryview]:
        """Return the bytes, page by page, in place."""
        end = address + size
        while address < end:
            start = address % PAGE_SIZE
            length = min(PAGE_SIZE - start, end - address)
            yield self._ram.page(self._frame(address, for_writing=for_writing))[
                start : start + length
            ]
            address += length

    def _frame(self, address: int, *, for_writing: bool) -> int:
        page = address >> PAGE_SHIFT
        if page in self._known:
            return self._known[page]
        found = self._space.at(address)
        if found is None or (for_writing and not found[1]):
            why = "nothing is there" if found is None else "it may not be written"
            raise InvalidValue(f"address {address:#x}: {why}", got=address)
        if address in self._arena:
            self._known[page] = found[0]
        return found[0]
