# SPDX-License-Identifier: MIT
"""What a guest sees at which address, and how granted frames come to be there.

A PV guest has page tables, in which Xen writes an entry; a translated one (HVM, PVH, and
all on Arm) has frame numbers of its own, of which Xen makes one stand for the frame. Its
addresses are taken as physical ones.

Imports ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from xengnt.abi.bits import (
    MAP_CONTAINS_PTE,
    MAP_HOST,
    MAP_READONLY,
)
from xengnt.abi.constants import Status
from xengnt.abi.targets import PAGE_SHIFT, PAGE_SIZE
from xengnt.model.failures import Failed, Fault
from xengnt.model.machine import Frame

if TYPE_CHECKING:
    from xengnt.model.domain import Domain

HOLE_32 = 0xF580_0000
"""Where Xen's own part of a 32-bit PV guest's address space begins."""

LOWER_HALF_END = 1 << 47
HOLE_END = 0xFFFF_8800_0000_0000
"""The addresses in between are not canonical, or Xen's own."""

_PTE = Struct("<Q")
_PRESENT, _WRITABLE = 1, 2
_OTHERS = 0x64
"""User, accessed, dirty."""


class Page(NamedTuple):
    """What is at a page of addresses.

    Attributes:
        frame: the frame.
        writable: whether the guest may write there.
        granted: whether it is there by a grant.
        counted: whether it is a reference to the frame; the guest's own first view of its
            pages is none, and grants are counted with their handles.
    """

    frame: Frame
    writable: bool = True
    granted: bool = False
    counted: bool = False


class Space(ABC):
    """The addresses of a domain.

    Attributes:
        pages: what is where, by address / 4096.
    """

    def __init__(self, domain: Domain) -> None:
        self.domain = domain
        self.pages: dict[int, Page] = {}
        self._backing = domain.hypervisor.machine.backing
        self._elsewhere = self._backing.elsewhere(domain.abi)

    def read(self, address: int, size: int) -> bytes:
        """Return bytes.

        Raises:
            Fault: not all of them are there.
        """
        page, at = divmod(address, PAGE_SIZE)
        if at + size <= PAGE_SIZE and page in self.pages:
            return bytes(self.pages[page].frame.data[at : at + size])
        if self._elsewhere and self._elsewhere.has(address, size):
            if (found := self._elsewhere.read(address, size)) is None:
                raise self._fault(address)
            return found
        pieces = self._pieces(address, size, writing=False)
        return b"".join([bytes(piece) for piece in pieces])

    def write(self, address: int, data: bytes) -> None:
        """Store bytes; those before one that cannot be written stay written.

        Raises:
            Fault: not all of them are there, or not for writing.
        """
        if self._elsewhere and self._elsewhere.has(address, len(data)):
            if not self._elsewhere.write(address, data):
                raise self._fault(address)
            return
        done = 0
        for piece in self._pieces(address, len(data), writing=True):
            piece[:] = data[done : done + len(piece)]
            done += len(piece)

    def _pieces(self, address: int, size: int, *, writing: bool) -> list[memoryview]:
        """Return the bytes in place, cut at the ends of pages, all of them checked."""
        pieces = []
        end = address + size
        while address < end:
            number, at = divmod(address, PAGE_SIZE)
            page = self.pages.get(number)
            if page is None:
                raise self._fault(address)
            if writing and not page.writable:
                raise Fault(f"d{self.domain.domid} may only read at {address:#x}", got=address)
            room = min(PAGE_SIZE - at, end - address)
            pieces.append(page.frame.data[at : at + room])
            address += room
        return pieces

    def _fault(self, address: int) -> Fault:
        return Fault(f"d{self.domain.domid} has nothing at {address:#x}", got=address)

    @abstractmethod
    def accepts(self, address: int, size: int) -> bool:
        """Tell whether Xen looks at all at what is at an address."""

    @abstractmethod
    def map_grant(self, address: int, frame: Frame, flags: int) -> None:
        """Let the guest see a granted frame at an address.

        Args:
            address: where.
            frame: the frame.
            flags: of the request.

        Raises:
            Failed: it cannot be there.
        """

    @abstractmethod
    def unmap_grant(self, address: int, frame: Frame, flags: int, new_address: int) -> None:
        """Take a granted frame away, or put what is at another address in its place.

        Raises:
            Failed: it is not there.
        """

    def put(self, number: int, page: Page | None) -> None:
        """Put something at a page, or nothing; what was there goes.

        Raises:
            Failed: the system does not let the guest see it, and nothing has changed.
        """
        self._backing.show(self.domain.places, number, page)
        old = self.pages.pop(number, None)
        if page:
            self.pages[number] = page
            if page.counted:
                self.domain.machine.reference(page.frame)
        if old and old.counted:
            self.domain.machine.drop(old.frame)

    def forget(self, frame: Frame) -> None:
        """Take a frame away wherever it is seen."""
        for number in [n for n, page in self.pages.items() if page.frame is frame]:
            self.put(number, None)

    def clear(self) -> None:
        """Take everything away."""
        for number in list(self.pages):
            self.put(number, None)


class PvSpace(Space):
    """The linear addresses of a PV guest.

    It has page tables wherever it has a place for something.

    Args:
        domain: the guest.
        narrow: whether its addresses have 32 bits.
    """

    def __init__(self, domain: Domain, *, narrow: bool) -> None:
        super().__init__(domain)
        self.narrow = narrow

    def accepts(self, address: int, size: int) -> bool:
        """Tell: of 64 bits by the first address, of 32 bits by all."""
        if self.narrow:
            return address + max(size - 1, 0) < HOLE_32
        return address < LOWER_HALF_END or address >= HOLE_END

    def map_grant(self, address: int, frame: Frame, flags: int) -> None:
        """Write a page-table entry."""
        if flags & MAP_CONTAINS_PTE:
            table, at = self._entry(address)
            _PTE.pack_into(table.data, at, _pte(frame, flags))
        else:
            writable = not flags & MAP_READONLY
            self.put(self._number(address, "host_addr"), Page(frame, writable, granted=True))

    def unmap_grant(self, address: int, frame: Frame, flags: int, new_address: int) -> None:
        """Clear a page-table entry, or move another one into it."""
        if flags & MAP_CONTAINS_PTE:
            if new_address:
                raise Failed(Status.GENERAL_ERROR, "new_addr: the handle is of a page-table entry")
            table, at = self._entry(address)
            if _PTE.unpack_from(table.data, at)[0] != _pte(frame, flags):
                raise Failed(
                    Status.GENERAL_ERROR,
                    f"host_addr {address:#x}: the page-table entry there is another one",
                )
            _PTE.pack_into(table.data, at, 0)
            return
        taken = None
        if new_address:
            number = self._number(new_address, "new_addr")
            taken = self.pages.get(number)
            if taken and taken.counted:
                self.domain.machine.reference(taken.frame)  # it moves, and is not dropped
            self.put(number, None)
        try:
            number = self._number(address, "host_addr")
            _check_there(self.pages.get(number), address, frame, flags)
            self.put(number, taken)
        finally:
            if taken and taken.counted:
                self.domain.machine.drop(taken.frame)

    def _number(self, address: int, name: str) -> int:
        """Return the page of an address that must have a page table, or raise Failed."""
        number, at = divmod(address, PAGE_SIZE)
        if at:
            raise Failed(Status.GENERAL_ERROR, f"{name} {address:#x} is not the start of a page")
        if not self.domain.places.pages <= address < self.domain.places.end:
            raise Failed(Status.GENERAL_ERROR, f"{name} {address:#x}: no page table is there")
        return number

    def _entry(self, address: int) -> tuple[Frame, int]:
        """Return the frame and the offset of a page-table entry, or raise Failed."""
        number, at = divmod(address, PAGE_SIZE)
        frame = self.domain.machine.frames.get(number)
        if at % _PTE.size:
            raise Failed(Status.GENERAL_ERROR, f"host_addr {address:#x}: entries have 8 bytes")
        if frame is None or frame.owner is not self.domain or not frame.page_table:
            raise Failed(
                Status.GENERAL_ERROR,
                f"host_addr {address:#x} is in no page table of d{self.domain.domid}",
            )
        return frame, at


def _pte(frame: Frame, flags: int) -> int:
    return frame.address | _PRESENT | _OTHERS | (0 if flags & MAP_READONLY else _WRITABLE)


def _check_there(page: Page | None, address: int, frame: Frame, flags: int) -> None:
    """Raise Failed if what is at an address is not the mapping of a handle."""
    if page is None or page.frame is not frame or page.writable is bool(flags & MAP_READONLY):
        what = "nothing" if page is None else f"frame {page.frame.number:#x}"
        rights = "" if page is None else ", writable" if page.writable else ", read-only"
        raise Failed(
            Status.GENERAL_ERROR,
            f"host_addr {address:#x}: there is {what}{rights}, not frame {frame.number:#x} as "
            "mapped",
        )


class TranslatedSpace(Space):
    """The physical addresses of a guest that is translated.

    Args:
        domain: the guest.
        bits: how many an address has.
        replaces: whether a mapping may take the place of another one; on Arm it may.
    """

    def __init__(self, domain: Domain, *, bits: int, replaces: bool) -> None:
        super().__init__(domain)
        self.bits = bits
        self.replaces = replaces

    def accepts(self, address: int, size: int) -> bool:
        """Tell: always."""
        del address, size
        return True

    def map_grant(self, address: int, frame: Frame, flags: int) -> None:
        """Make a frame number stand for the frame."""
        if flags & ~MAP_READONLY != MAP_HOST:
            raise Failed(
                Status.GENERAL_ERROR,
                f"flags {flags:#x}: a translated guest may only ask for host_map and readonly",
            )
        number = address >> PAGE_SHIFT
        if address >> self.bits:
            raise Failed(Status.GENERAL_ERROR, f"host_addr {address:#x} has too many bits")
        old = self.pages.get(number)
        if old and old.granted and not self.replaces:
            raise Failed(Status.GENERAL_ERROR, f"host_addr {address:#x}: a grant is mapped there")
        if frame.owner is self.domain and not self.replaces:
            self._move_away(frame)
        self.put(number, Page(frame, not flags & MAP_READONLY, granted=True))

    def _move_away(self, frame: Frame) -> None:
        """Take a frame of the guest's own from the number that it has, as Xen does on x86.

        It does not come back when it is unmapped from the other one.
        """
        for number, page in list(self.pages.items()):
            if page.frame is frame and not page.granted:
                self.put(number, None)

    def unmap_grant(self, address: int, frame: Frame, flags: int, new_address: int) -> None:
        """Make the frame number stand for nothing."""
        if new_address:
            raise Failed(Status.GENERAL_ERROR, "new_addr: only PV guests can replace a mapping")
        page = self.pages.get(address >> PAGE_SHIFT)
        if page is None or not page.granted or page.frame is not frame:
            _check_there(None, address, frame, flags)
        self.put(address >> PAGE_SHIFT, None)
