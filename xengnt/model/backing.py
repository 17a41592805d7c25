# SPDX-License-Identifier: MIT
"""What the memory of a hypervisor is made of, and where guests see it.

By default frames are plain bytes, and addresses only numbers: each guest has all of them.

Imports ``xengnt.abi`` only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from xengnt.abi.targets import PAGE_SIZE

if TYPE_CHECKING:
    from xengnt.codec import Abi
    from xengnt.model.space import Page


class Places(NamedTuple):
    """Where a guest has what, as addresses at the start of a page.

    Attributes:
        pages: its pages, by index; a PV guest's page tables begin here too.
        arena: what is allocated for arguments.
        window: room for mappings.
        end: behind all of it.
    """

    pages: int
    arena: int
    window: int
    end: int


_REST = 0x8000_0000, 0xC000_0000, 0xF000_0000
"""The last is below Xen's own part of a 32-bit address space."""

_PV = Places(0x1000_0000, *_REST)
_HVM = Places(0x40_0000, *_REST)  # nothing is at 0
_ARM = Places(0x4000_0000, *_REST)


class Elsewhere(Protocol):
    """Memory that a guest sees beside what its domain has."""

    def has(self, address: int, size: int) -> bool:
        """Tell whether an address is to be looked up here, and not in the domain."""

    def read(self, address: int, size: int) -> bytes | None:
        """Return bytes, None if not all of them are there."""

    def write(self, address: int, data: bytes) -> bool:
        """Store bytes, and tell whether all of them could be."""


class Backing:
    """Plain bytes."""

    def frame(self, number: int) -> memoryview:
        """Return the bytes of a new frame, all zero."""
        del number
        return memoryview(bytearray(PAGE_SIZE))

    def places(self, abi: Abi, kind: str, pages: int, max_pages: int | None) -> Places:
        """Return where a new guest has what."""
        del abi, pages, max_pages
        return {"pv": _PV, "arm": _ARM}.get(kind, _HVM)

    def elsewhere(self, abi: Abi) -> Elsewhere | None:
        """Return what a guest of an ABI sees beside what its domain has."""
        del abi
        return None

    def show(self, places: Places, number: int, page: Page | None) -> None:
        """Be told that a guest sees something else at a page of its addresses, or nothing.

        Raises:
            Failed: that cannot be.
        """

    def leave(self, places: Places) -> None:
        """Be told that a guest is gone."""
