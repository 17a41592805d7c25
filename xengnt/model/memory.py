# SPDX-License-Identifier: MIT
"""A guest's memory as a backend has it: what it sees, and room for arguments.

Imports the backends' memory and the modules beside it.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from xengnt.abi.targets import PAGE_SHIFT, PAGE_SIZE
from xengnt.errors import InvalidValue, Unavailable
from xengnt.model.space import ARENA, WINDOW, Page

if TYPE_CHECKING:
    from xengnt.model.domain import Domain

LEAST = 16
"""The smallest piece that is given out, in bytes; all are a power of two."""


class GuestMemory:
    """The memory of a domain.

    What is allocated is in pages of its own, beside those that the domain was made with.
    """

    def __init__(self, domain: Domain) -> None:
        self._domain = domain
        self._sizes: dict[int, int] = {}
        self._free: dict[int, list[int]] = {}
        self._next = ARENA
        self._end = ARENA
        self._lock = Lock()

    def allocate(self, size: int) -> int:
        """Return the address of that many zero bytes, aligned to eight.

        Raises:
            Unavailable: there is no room.
        """
        room = max(LEAST, 1 << (size - 1).bit_length()) if size else LEAST
        with self._lock:
            free = self._free.get(room)
            address = free.pop() if free else self._more(room)
            self._sizes[address] = size
        self.write(address, bytes(room))
        return address

    def _more(self, room: int) -> int:
        align = min(room, PAGE_SIZE)
        address = -(-self._next // align) * align
        if address + room > WINDOW:
            raise Unavailable(f"no room for {room} bytes in d{self._domain.domid}", got=room)
        while self._end < address + room:
            frame = self._domain.machine.allocate(self._domain)
            self._domain.space.put(self._end >> PAGE_SHIFT, Page(frame))
            self._end += PAGE_SIZE
        self._next = address + room
        return address

    def free(self, address: int) -> None:
        """Give back what `allocate` gave.

        Raises:
            InvalidValue: it gave no such address.
        """
        size = self._sizes.pop(address, None)
        if size is None:
            raise InvalidValue(f"nothing was allocated at {address:#x}", got=address)
        room = max(LEAST, 1 << (size - 1).bit_length()) if size else LEAST
        self._free.setdefault(room, []).append(address)

    def extent(self, address: int) -> int:
        """Return how many bytes are there: the rest of what was allocated, or of the page."""
        if address in self._sizes:
            return self._sizes[address]
        for start, size in list(self._sizes.items()):
            if start <= address < start + size:
                return start + size - address
        number, at = divmod(address, PAGE_SIZE)
        return PAGE_SIZE - at if number in self._domain.space.pages else 0

    def read(self, address: int, size: int) -> bytes:
        """Return bytes.

        Raises:
            InvalidValue: not all of them are there.
        """
        return self._domain.space.read(address, size)

    def write(self, address: int, data: bytes) -> None:
        """Store bytes.

        Raises:
            InvalidValue: not all of them are there, or not for writing.
        """
        self._domain.space.write(address, data)
