# SPDX-License-Identifier: MIT
"""What guest code changes in its memory between calls, and what Xen does in one.

Imports ``xengnt.abi``, ``xengnt.model``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from xengnt.abi.bits import IN_USE
from xengnt.abi.targets import PAGE_SIZE
from xengnt.model import Domain, Hypervisor
from xengnt.model.machine import Frame

GAP = 16
"""Changes are told in pieces of so many bytes, those beside each other as one."""

_ZEROS = bytes(PAGE_SIZE)


class Range(NamedTuple):
    """Bytes of a frame, from the first to behind the last."""

    frame: Frame
    start: int
    end: int


class Watch:
    """The memory of all domains, as it was when it was last looked at.

    Args:
        hypervisor: theirs.
    """

    def __init__(self, hypervisor: Hypervisor) -> None:
        self._hypervisor = hypervisor
        self._seen: dict[int, bytes] = {}  # frames, by number; others are zeros

    def pages(self, domain: Domain) -> Iterator[tuple[int, int, bytes]]:
        """Give what is new in pages: the index of one, the offset, and bytes."""
        for index, frame in list(domain.pages.items()):
            last, now = self._look(frame)
            for start, end in _runs(last, now):
                yield index, start, now[start:end]

    def entries(self, domain: Domain) -> Iterator[tuple[int, bytes]]:
        """Give the entries that are others now, but for the marks of who uses them."""
        size = domain.table.entries.size
        for number, frame in enumerate(domain.table.shared):
            last, now = self._look(frame)
            for start, end in _runs(last, now):
                for at in range(start - start % size, end, size):
                    entry = now[at : at + size]
                    if _unmarked(entry) != _unmarked(last[at : at + size]):
                        yield (number * PAGE_SIZE + at) // size, entry

    def _look(self, frame: Frame) -> tuple[bytes, bytes]:
        """Return what a frame was and is."""
        last = self._seen.get(frame.number, _ZEROS)
        now = bytes(frame.data)
        if now != last:
            self._seen[frame.number] = now
        return last, now

    def settle(self, ranges: Iterable[Range], *, tables: bool) -> None:
        """Take what Xen has written as seen: bytes, and if it is so all tables."""
        for frame, start, end in ranges:
            last = bytearray(self._seen.get(frame.number, _ZEROS))
            last[start:end] = frame.data[start:end]
            self._seen[frame.number] = bytes(last)
        if tables:
            for domain in self._hypervisor.domains.values():
                for frame in domain.table.shared:
                    self._look(frame)
        frames = self._hypervisor.machine.frames
        for number in [n for n in self._seen if n not in frames or frames[n].owner is None]:
            del self._seen[number]  # freed, and zeros again


def _unmarked(entry: bytes) -> bytes:
    """Return an entry without the marks of who uses it, which are in its first bytes."""
    flags = int.from_bytes(entry[:2], "little") & ~IN_USE
    return flags.to_bytes(2, "little") + entry[2:]


def _runs(last: bytes, now: bytes) -> list[tuple[int, int]]:
    """Return where bytes are others, in whole pieces."""
    if last == now:
        return []
    runs: list[tuple[int, int]] = []
    for at in range(0, len(now), GAP):
        if last[at : at + GAP] != now[at : at + GAP]:
            start = runs.pop()[0] if runs and runs[-1][1] == at else at
            runs.append((start, at + GAP))
    return runs
