# SPDX-License-Identifier: MIT
"""A guest's memory as a backend has it: what it sees, and room for arguments.

Imports the backends' memory and the modules beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xengnt.abi.targets import PAGE_SHIFT, PAGE_SIZE
from xengnt.backends.memory import PagedMemory
from xengnt.model.space import Page

if TYPE_CHECKING:
    from xengnt.model.domain import Domain


class GuestMemory(PagedMemory):
    """The memory of a domain.

    What is allocated is in pages of its own, beside those that the domain was made with.
    """

    def __init__(self, domain: Domain) -> None:
        super().__init__((domain.places.arena, domain.places.window))
        self._domain = domain
        self._end = domain.places.arena

    def allocate(self, size: int) -> int:
        """Return the address of that many zero bytes, aligned to eight.

        Raises:
            Unavailable: there is no room.
        """
        address = self._pieces.take(size)
        room = self._pieces.room(size)
        while self._end < address + room:
            frame = self._domain.machine.allocate(self._domain)
            self._domain.space.put(self._end >> PAGE_SHIFT, Page(frame))
            self._end += PAGE_SIZE
        self.write(address, bytes(room))
        return address

    def page_at(self, address: int, *, writing: bool = False) -> memoryview | None:
        """Return the bytes from an address to the end of its page, None if none are there."""
        number, at = divmod(address, PAGE_SIZE)
        page = self._domain.space.pages.get(number)
        return None if page is None or (writing and not page.writable) else page.frame.data[at:]

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
