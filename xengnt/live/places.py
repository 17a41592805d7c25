# SPDX-License-Identifier: MIT
"""Where things are in the memory of a guest that runs our kernel.

Offsets in bytes from where its memory begins: ``BASE`` for a PV guest, 0 for a PVH one.
The linker scripts in ``kernel/`` say the same.

Imports ``xengnt.abi`` only.
"""

from xengnt.abi.targets import PAGE_SIZE

BASE = 0xFFFF_FFFF_8000_0000
"""Where a 64-bit PV guest sees its memory."""

MAILBOX = 0x10_0000
"""Where the image begins, with the mailbox."""

ENTRY = 0x10_1000
"""Where the guest begins."""

IMAGE_END = 0x11_0000

ARENA, ARENA_END = 0x20_0000, 0x40_0000
"""Room for arguments."""

ARENA_PAGES = 64
"""How many of its pages a domain that is made has; the first one has all."""

PAGES, PAGES_END = 0x40_0000, 0x80_0000
"""The pages that a scenario speaks of."""

ROOMS, ROOMS_END = 0x80_0000, 0xA0_0000
"""Addresses where nothing is, for mappings."""

WINDOW = 0xA0_0000 >> 12
"""The first of many frames that a translated guest leaves empty, for the time of a call."""

END = 0xC0_0000


def made(pages: int) -> list[int]:
    """Return where the pages of a domain that is made are: the image, the arena, its own."""
    return [
        *range(MAILBOX, IMAGE_END, PAGE_SIZE),
        *range(ARENA, ARENA + ARENA_PAGES * PAGE_SIZE, PAGE_SIZE),
        *range(PAGES, PAGES + pages * PAGE_SIZE, PAGE_SIZE),
    ]
