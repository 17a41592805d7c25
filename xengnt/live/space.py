# SPDX-License-Identifier: MIT
"""What a live guest sees at which address, from the machine's memory.

Imports ``xengnt.errors``, ``xengnt.backends`` and the modules beside it.
"""

from __future__ import annotations

from typing import Protocol

from xengnt.abi.targets import PAGE_SIZE
from xengnt.backends.memory import PagedMemory
from xengnt.live.paging import walk
from xengnt.live.ram import Ram


class Space(Protocol):
    """Addresses of a guest."""

    def at(self, address: int) -> tuple[int, bool] | None:
        """Return the frame at an address and whether it may be written, None if none is."""


class X86Space:
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


class LiveMemory(PagedMemory):
    """The memory of a live guest, as a backend has it.

    Args:
        ram: the machine's memory.
        space: what the guest sees in it.
        arena: where arguments go.
    """

    def __init__(self, ram: Ram, space: Space, arena: tuple[int, int]) -> None:
        super().__init__(arena)
        self._ram = ram
        self._space = space
        self._arena = range(*arena)
        self._known: dict[int, int] = {}  # frames of the arena, which stay where they are

    def page_at(self, address: int, *, writing: bool = False) -> memoryview | None:
        """Return the bytes from an address to the end of its page, None if none are there."""
        number, start = divmod(address, PAGE_SIZE)
        frame = self._known.get(number)
        if frame is None:
            found = self._space.at(address)
            if found is None or (writing and not found[1]):
                return None
            frame = found[0]
            if address in self._arena:
                self._known[number] = frame
        return self._ram.page(frame)[start:]
