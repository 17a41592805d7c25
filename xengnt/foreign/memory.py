# SPDX-License-Identifier: MIT
"""The memory of a domain of a library, as a backend has it.

Imports ``xengnt.errors``, ``xengnt.abi``, ``xengnt.backends`` and the modules beside it.
"""

from __future__ import annotations

from collections.abc import Iterator

from xengnt.abi.targets import PAGE_SIZE
from xengnt.backends.memory import Pieces
from xengnt.errors import InvalidValue
from xengnt.foreign.control import Control

_END = 1 << 64


class ForeignMemory:
    """What a guest sees at which address.

    Args:
        control: the library.
        domid: whose guest.
        arena: where arguments go: from which address, and up to which.
    """

    def __init__(self, control: Control, domid: int, arena: tuple[int, int]) -> None:
        self._control = control
        self._domid = domid
        self._pieces = Pieces(*arena)

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
        return 0 if self._page(address, 0) is None else PAGE_SIZE - address % PAGE_SIZE

    def read(self, address: int, size: int) -> bytes:
        """Return bytes.

        Raises:
            InvalidValue: not all of them are there.
        """
        return b"".join(bytes(part) for part in self._parts(address, size, 0))

    def write(self, address: int, data: bytes) -> None:
        """Store bytes.

        Raises:
            InvalidValue: not all of them are there, or not for writing.
        """
        done = 0
        for part in list(self._parts(address, len(data), 1)):
            part[:] = data[done : done + len(part)]
            done += len(part)

    def _page(self, address: int, writing: int) -> memoryview | None:
        """Return the bytes from an address on to the end of its page, None if there are none."""
        if not 0 <= address < _END:
            return None
        size = PAGE_SIZE - address % PAGE_SIZE
        return self._control.view("bytes", size, self._domid, address, writing)

    def _parts(self, address: int, size: int, writing: int) -> Iterator[memoryview]:
        """Give so many bytes, page by page, in place."""
        end = address + size
        while address < end:
            part = self._page(address, writing)
            if part is None:
                readonly = writing and self._page(address, 0) is not None
                why = "it may not be written" if readonly else "nothing is there"
                raise InvalidValue(f"address {address:#x}: {why}", got=address)
            yield part[: end - address]
            address += len(part[: end - address])
