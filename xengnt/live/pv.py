# SPDX-License-Identifier: MIT
"""64-bit PV domains: the first one, and how others are made.

Imports the modules beside it.
"""

from __future__ import annotations

import struct
from typing import Any

from xengnt.abi.constants import Op, Status
from xengnt.abi.targets import PAGE_SIZE
from xengnt.codec import Abi
from xengnt.errors import InvalidValue
from xengnt.live import places
from xengnt.live.control import Control, Wish
from xengnt.live.domain import LiveDomain
from xengnt.live.image import image
from xengnt.live.machine import Machine
from xengnt.live.paging import LEAF, build, tables
from xengnt.live.space import X86Space

TRANSFER = int(Op.TRANSFER)
UPDATE_VA_MAPPING, INVALIDATE = 14, 2
ROOMS = (places.ROOMS_END - places.ROOMS) // PAGE_SIZE
_MANY = 10_000
"""Elements of a transfer that nobody has pages for."""

_CODE, _STACK_SEGMENT, _INTERRUPTS = 0xE033, 0xE02B, 0x202
_IN_KERNEL, _ONLINE = 1 << 2, 1 << 5


class PvDomain(LiveDomain):
    """A PV domain, whose guest keeps page tables."""

    def call(self, cmd: int, address: int, count: int) -> int:
        """Make the bare call; what a guest transfers it has to unmap before.

        Raises:
            BackendError: the guest does not answer.
        """
        if cmd != TRANSFER or not 0 < count < _MANY:
            return super().call(cmd, address, count)
        size = self.abi.struct("transfer").size * count

        def rows() -> list[dict[str, Any]]:
            try:
                return self.abi.decode("transfer", self.memory.read(address, size))
            except InvalidValue:
                return []

        own = [self._page_of(row["mfn"]) for row in rows()]
        pages = {index for index in own if index is not None}
        for index in pages:
            self.set_mapping(self.address(index), 0)
        rc = super().call(cmd, address, count)
        done = zip(own, rows(), strict=False)
        lost = {index for index, row in done if row["status"] != Status.BAD_PAGE}
        for index in pages:
            if index in lost:
                self.frames[index] = None
            else:
                self.set_mapping(self.address(index), self.machine_address(index) | LEAF)
        return rc

    def _page_of(self, frame: int) -> int | None:
        """Return which of its pages, seen where it was at first, a frame is."""
        if frame not in self.frames:
            return None
        index = self.frames.index(frame)
        found = self.space.at(self.address(index))
        return index if found and found[0] == frame else None

    def empty_rooms(self) -> None:
        """Take away what is where mappings are to go."""
        for address in range(self.room(0), self.room(ROOMS - 1) + 1, PAGE_SIZE):
            self.set_mapping(address, 0)

    def set_mapping(self, address: int, entry: int) -> None:
        """Set the entry of its last-level page table for an address."""
        self.hypercall(UPDATE_VA_MAPPING, address, entry, INVALIDATE)


def first(machine: Machine, abi: Abi, pages: int) -> LiveDomain:
    """Return the first domain of a machine, with so many pages for scenarios."""
    space = X86Space(machine.ram, machine.page_table)
    start = places.BASE + places.PAGES
    frames = [
        found[0]
        for address in range(start, start + pages * PAGE_SIZE, PAGE_SIZE)
        if (found := space.at(address))
    ]
    domain = PvDomain(machine.ram, abi, 0, machine.mailbox, space, base=places.BASE, frames=frames)
    domain.empty_rooms()
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
    kernel = image("pv")
    pages = wish.pages
    base, ram = places.BASE, machine.ram
    offsets = places.made(pages)
    more = tables(base, base + places.END)
    own = len(offsets) + more - pages
    control.set_max_pages(domid, own + wish.max_pages)
    frames = control.populate(domid, range(len(offsets) + more))
    ram.load(frames, kernel.data)
    mapped = {base + offset: frame for offset, frame in zip(offsets, frames, strict=False)}
    top = build(ram, iter(frames[len(offsets) :]), base, base + places.END, mapped)
    control.set_context(domid, _context(base + places.ENTRY, top))
    box = machine.mailbox_at(frames[0], domid)
    space = X86Space(ram, top)
    given = [mapped[base + places.PAGES + index * PAGE_SIZE] for index in range(pages)]
    return PvDomain(ram, abi, domid, box, space, base=base, frames=given, maker=control)


def _context(entry: int, top: int) -> bytes:
    """Return a struct vcpu_guest_context that begins at an address in its kernel."""
    registers = bytearray(200)
    struct.pack_into("<QQQQQ", registers, 128, entry, _CODE, _INTERRUPTS, 0, _STACK_SEGMENT)
    context = bytearray(5168)
    struct.pack_into("<Q", context, 512, _IN_KERNEL | _ONLINE)
    context[520:720] = registers
    kernel_stack = 520 + 200 + 256 * 16 + 16 + 17 * 8
    struct.pack_into("<Q", context, kernel_stack, _STACK_SEGMENT)
    struct.pack_into("<Q", context, kernel_stack + 16 + 3 * 8, top << 12)
    return bytes(context)
