# SPDX-License-Identifier: MIT
"""64-bit Arm domains: the first one, and how others are made.

Such a guest runs without page tables of its own. Those by which Xen translates its addresses
are searched for in the machine's memory: they are the only ones that say what we know of the
guest. The first domain's pages have the numbers that the machine has for them.

Imports ``xengnt.errors``, ``xengnt.codec`` and the modules beside it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import cycle

from xengnt.abi.targets import PAGE_SHIFT, PAGE_SIZE
from xengnt.codec import Abi
from xengnt.errors import BackendError
from xengnt.live import places
from xengnt.live.control import Control, Wish
from xengnt.live.domain import LiveDomain
from xengnt.live.image import image
from xengnt.live.machine import MEGABYTE, Machine
from xengnt.live.ram import Ram

PAGING_MEGABYTES = 1

_GIGABYTE = 1 << 30
_BASES = cycle(range(64 * _GIGABYTE, 512 * _GIGABYTE, 16 * MEGABYTE))
"""Where domains that are made have their memory: each elsewhere, so that its tables are found."""

_HEADER_PAGES = 1

_TABLE, _WRITABLE, _NUMBER = 1 << 1, 1 << 7, (1 << 36) - 1
_SHIFTS = (30, 21, 12)
_BITS = 39

_KERNEL_MODE, _CONTROL, _ONLINE = 0x1C5, 0x00C5_0078, 1


class Stage2:
    """The addresses of a guest, below 512 GiB: what the tables say that Xen keeps for it.

    Args:
        ram: the machine's memory.
        table: the frame of the table whose entries are for 1 GiB each.
    """

    def __init__(self, ram: Ram, table: int) -> None:
        self._ram = ram
        self._table = table

    def at(self, address: int) -> tuple[int, bool] | None:
        """Return the frame at an address and whether it may be written, None if none is."""
        table = self._table
        for shift in () if address >> _BITS else _SHIFTS:
            if table not in self._ram.frames:
                return None
            entry = self._ram.word(table, address >> shift & 511)
            number = entry >> PAGE_SHIFT & _NUMBER
            if not entry:  # one that is not valid is in use too, if the guest never was there
                return None
            if shift == PAGE_SHIFT or not entry & _TABLE:
                within = address & (1 << shift) - 1
                return number + (within >> PAGE_SHIFT), bool(entry & _WRITABLE)
            table = number
        return None


def first(machine: Machine, abi: Abi, pages: int) -> LiveDomain:
    """Return the first domain of a machine, with so many pages for scenarios."""
    base = (machine.frame << PAGE_SHIFT) - places.MAILBOX
    frames = _numbers(base + places.PAGES, pages)

    def fits(space: Stage2) -> bool:
        # Xen's own tables have the bit for reading only where a guest's have that for writing.
        return all(space.at(number << PAGE_SHIFT) == (number, True) for number in frames)

    space = _search(machine.ram, base, fits)
    domain = LiveDomain(machine.ram, abi, 0, machine.mailbox, space, base=base, frames=frames)
    rooms = (places.ROOMS_END - places.ROOMS) // PAGE_SIZE
    Control(domain).give_up(_numbers(base + places.ROOMS, rooms))
    return domain


def make(machine: Machine, control: Control, abi: Abi, domid: int, wish: Wish) -> LiveDomain:
    """Fill a domain that was made with memory and our kernel.

    Args:
        machine: the machine.
        control: of the first domain.
        abi: the ABI of its guest.
        domid: its number.
        wish: what it is to be.
    """
    ram, kernel = machine.ram, image("arm").data[_HEADER_PAGES * PAGE_SIZE :]
    base = next(_BASES)
    parts = [
        _numbers(base + places.MAILBOX, (places.IMAGE_END - places.MAILBOX) // PAGE_SIZE),
        _numbers(base + places.ARENA, places.ARENA_PAGES),
        _numbers(base + places.PAGES, wish.pages),
    ]
    numbers = [number for part in parts for number in part]
    control.set_address_size(domid, 64)
    control.set_max_pages(domid, len(numbers) - wish.pages + wish.max_pages)
    control.set_paging_memory(domid, PAGING_MEGABYTES)
    control.populate(domid, numbers)
    around = [number for part in parts if part for number in (part[0] - 1, part[-1] + 1)]

    def fits(space: Stage2) -> bool:
        if not all(space.at(number << PAGE_SHIFT) for number in numbers):
            return False
        return not any(space.at(number << PAGE_SHIFT) for number in around)

    space = _search(ram, base, fits)
    frames = [_frame(space, number) for number in numbers]
    ram.load(frames, kernel)
    control.set_context(domid, _context(base + places.ENTRY))
    box = machine.mailbox_at(frames[0], domid)
    given = frames[len(numbers) - wish.pages :]
    return LiveDomain(ram, abi, domid, box, space, base=base, frames=given, maker=control)


def _numbers(start: int, pages: int) -> list[int]:
    """Return the numbers of pages from an address on."""
    return list(range(start >> PAGE_SHIFT, (start >> PAGE_SHIFT) + pages))


def _search(ram: Ram, base: int, fits: Callable[[Stage2], bool]) -> Stage2:
    """Return the only tables that say what is known of a guest with memory at an address."""
    entries = zip(ram.frames, ram.column(base // _GIGABYTE), strict=True)
    spaces = (Stage2(ram, table) for table, entry in entries if entry & _TABLE)
    found = [space for space in spaces if fits(space)]
    if len(found) != 1:
        raise BackendError(f"{len(found)} tables could be those of a guest, and not one")
    return found[0]


def _frame(space: Stage2, number: int) -> int:
    found = space.at(number << PAGE_SHIFT)
    if found is None:
        raise BackendError(f"frame {number:#x}: Xen has put no memory there")
    return found[0]


def _context(entry: int) -> bytes:
    """Return a struct vcpu_guest_context that begins at an address, without page tables."""
    registers = [*[0] * 31, entry, _KERNEL_MODE]
    exceptions = bytes(8 + 4 * 4 + 3 * 8)
    control = struct.pack("<4Q", _CONTROL, 0, 0, 0)
    return struct.pack("<Q33Q", _ONLINE, *registers) + exceptions + control
