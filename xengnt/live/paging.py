# SPDX-License-Identifier: MIT
"""Page tables of x86_64, as they are in memory: built for a new guest, and walked.

Imports the modules beside it only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xengnt.abi.targets import PAGE_SHIFT, PAGE_SIZE
from xengnt.live.ram import Ram

PRESENT, WRITABLE, USER, ACCESSED, DIRTY = 1, 2, 4, 0x20, 0x40
LEAF = PRESENT | WRITABLE | USER | ACCESSED | DIRTY
_LARGE = 0x80
_FRAME = 0x000F_FFFF_FFFF_F000
_LEVELS = 4
_BITS = 9


def _indices(address: int) -> list[int]:
    """Return the entry of each level, the top one first."""
    return [
        address >> PAGE_SHIFT + _BITS * level & (1 << _BITS) - 1 for level in range(_LEVELS)[::-1]
    ]


def walk(ram: Ram, top: int, address: int) -> tuple[int, bool] | None:
    """Return the frame that is at an address and whether it may be written, None if none is."""
    frame, writable = top, True
    for level, index in enumerate(_indices(address)):
        entry = ram.word(frame, index)
        if not entry & PRESENT:
            return None
        writable &= bool(entry & WRITABLE)
        frame = (entry & _FRAME) >> PAGE_SHIFT
        if entry & _LARGE and 0 < level < _LEVELS - 1:
            within = (1 << _BITS * (_LEVELS - 1 - level)) - 1
            return frame & ~within | address >> PAGE_SHIFT & within, writable
    return frame, writable


def tables(start: int, end: int) -> int:
    """Return how many frames `build` needs for what is between two addresses."""
    return sum(
        (end - 1 >> PAGE_SHIFT + _BITS * level) - (start >> PAGE_SHIFT + _BITS * level) + 1
        for level in range(1, _LEVELS + 1)
    )


def build(ram: Ram, frames: Iterator[int], start: int, end: int, pages: Mapping[int, int]) -> int:
    """Fill frames with page tables, and return the top one.

    Args:
        ram: the machine's memory.
        frames: as many as `tables` says; all must be zero.
        start: the first address that has a table of the last level.
        end: the address behind the last one.
        pages: the frame at each address that has one.
    """
    top = next(frames)
    for address in range(start, end, PAGE_SIZE << _BITS):
        frame = top
        *upper, _ = _indices(address)
        for index in upper:
            if not ram.word(frame, index):
                ram.set_word(frame, index, next(frames) << PAGE_SHIFT | LEAF)
            frame = ram.word(frame, index) >> PAGE_SHIFT
        for at in range(1 << _BITS):
            if mapped := pages.get(address + at * PAGE_SIZE):
                ram.set_word(frame, at, mapped << PAGE_SHIFT | LEAF)
    return top
