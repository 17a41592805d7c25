# SPDX-License-Identifier: MIT
"""The memory of a domain of a library, as a backend has it.

Imports ``xengnt.errors``, ``xengnt.abi``, ``xengnt.backends`` and the modules beside it.
"""

from __future__ import annotations

from xengnt.abi.targets import PAGE_SIZE
from xengnt.backends.memory import PagedMemory
from xengnt.foreign.control import Control

_END = 1 << 64


class ForeignMemory(PagedMemory):
    """What a guest sees at which address.

    Args:
        control: the library.
        domid: whose guest.
        arena: where arguments go: from which address, and up to which.
    """

    def __init__(self, control: Control, domid: int, arena: tuple[int, int]) -> None:
        super().__init__(arena)
        self._control = control
        self._domid = domid

    def page_at(self, address: int, *, writing: bool = False) -> memoryview | None:
        """Return the bytes from an address to the end of its page, None if none are there."""
        if not 0 <= address < _END:
            return None
        size = PAGE_SIZE - address % PAGE_SIZE
        return self._control.view("bytes", size, self._domid, address, int(writing))
