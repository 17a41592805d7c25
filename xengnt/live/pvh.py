# SPDX-License-Identifier: MIT
"""32-bit PVH domains: the first one, and how others are made. What is made is HVM, too.

Such a guest has no page tables. Those by which Xen translates its addresses are found
through what the processor keeps of a guest's CPU, which holds a number that we choose in a
register that the guest does not use.

Imports ``xengnt.errors``, ``xengnt.codec`` and the modules beside it.
"""

from __future__ import annotations

import struct
from itertools import count

from xengnt.abi.targets import PAGE_SHIFT, PAGE_SIZE
from xengnt.codec import Abi
from xengnt.errors import BackendError
from xengnt.live import places
from xengnt.live.control import Control, Wish
from xengnt.live.domain import LiveDomain
from xengnt.live.image import image
from xengnt.live.machine import Machine
from xengnt.live.ram import Ram
from xengnt.live.space import X86Space

PAGING_MEGABYTES = 1

_FIRST_MARK = 0x7867_6E74  # kernel/mailbox.h has it too
_MARKS = count(_FIRST_MARK << 32)
_NESTED, _TABLE, _CR2 = 0x90 // 8, 0xB0 // 8, 0x640 // 8
"""Words of the control block that AMD's processors have of a guest's CPU."""

_HEADER, _CPU, _END = 1, 2, 0
_MAGIC, _VERSION = 0x5438_1286, 1
_PROTECTED, _CODE, _DATA, _TASK, _NO_LDT = 0x11, 0xC9B, 0xC93, 0x8B, 0x82


def first(machine: Machine, abi: Abi, pages: int) -> LiveDomain:
    """Return the first domain of a machine, with so many pages for scenarios."""
    ram = machine.ram
    space = X86Space(ram, _page_table(ram, _FIRST_MARK))
    addresses = range(places.PAGES, places.PAGES + pages * PAGE_SIZE, PAGE_SIZE)
    frames = [_frame(space, address) for address in addresses]
    domain = LiveDomain(ram, abi, 0, machine.mailbox, space, base=0, frames=frames)
    empty = range(places.ROOMS >> PAGE_SHIFT, places.END >> PAGE_SHIFT)
    Control(domain).give_up([0, *empty])  # a null pointer is to be one that nothing is at
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
    ram, kernel = machine.ram, image("pvh").data
    addresses = places.made(wish.pages)
    control.set_max_pages(domid, len(addresses) - wish.pages + wish.max_pages)
    control.set_paging_memory(domid, PAGING_MEGABYTES)
    control.populate(domid, [address >> PAGE_SHIFT for address in addresses])
    mark = next(_MARKS)
    control.set_hvm_context(domid, _context(places.ENTRY, mark))
    space = X86Space(ram, _page_table(ram, mark))
    frames = [_frame(space, address) for address in addresses]
    ram.load(frames, kernel)
    box = machine.mailbox_at(frames[0], domid)
    own = frames[len(frames) - wish.pages :]
    return LiveDomain(ram, abi, domid, box, space, base=0, frames=own, maker=control)


def _page_table(ram: Ram, mark: int) -> int:
    """Return the frame of the top-level table that translates for the CPU with this mark."""
    blocks = [frame for frame in ram.find(mark, _CR2) if ram.word(frame, _NESTED) == 1]
    if len(blocks) != 1:
        raise BackendError(f"{len(blocks)} guests have the mark {mark:#x}, and not one")
    return ram.word(blocks[0], _TABLE) >> PAGE_SHIFT


def _frame(space: X86Space, address: int) -> int:
    found = space.at(address)
    if found is None:
        raise BackendError(f"address {address:#x}: Xen has put no memory there")
    return found[0]


def _context(entry: int, mark: int) -> bytes:
    """Return the records of a CPU that begins at an address, in protected mode, unpaged."""
    header = struct.pack("<IIQII", _MAGIC, _VERSION, 0, 0, 0)
    cpu = b"".join(
        [
            bytes(512 + 16 * 8),  # no state of the FPU, general registers
            struct.pack("<QQ", entry, 2),
            struct.pack("<4Q", _PROTECTED, mark, 0, 0),
            struct.pack("<6Q", 0, 0, 0, 0, 0xFFFF_0FF0, 0x400),
            bytes(8 * 4),  # selectors
            struct.pack("<10I", *[0xFFFF_FFFF] * 6, 0x67, 0, 0, 0),
            bytes(10 * 8),  # where segments begin
            struct.pack("<8I", _CODE, *[_DATA] * 5, _TASK, _NO_LDT),
            bytes(12 * 8 + 4 * 4),  # registers of system calls, and nothing that is pending
        ]
    )
    return b"".join(
        struct.pack("<HHI", kind, 0, len(body)) + body
        for kind, body in ((_HEADER, header), (_CPU, cpu), (_END, b""))
    )
