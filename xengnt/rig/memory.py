# SPDX-License-Identifier: MIT
"""Memory of a hypervisor that guest code in this process sees at its real addresses.

Frames are pages of a file in memory. Each domain has a range of addresses, below 2 GiB, at which
those of its frames are shown that its guest sees; the rest of the range faults.

Imports ``xengnt.errors``, ``xengnt.extension``, ``xengnt.abi``, ``xengnt.codec``,
``xengnt.model``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from mmap import mmap
from typing import Any

from xengnt.abi.constants import Status
from xengnt.abi.targets import PAGE_SHIFT, PAGE_SIZE
from xengnt.codec import Abi
from xengnt.errors import Unavailable
from xengnt.extension import load
from xengnt.model.backing import Backing, Places
from xengnt.model.failures import Failed
from xengnt.model.space import Page

LOW, HIGH = 0x1000_0000, 0x7FF0_0000
"""Where ranges are looked for. Programs and libraries are elsewhere, sanitizers leave it alone,
and a page's number fits an entry of version 1."""

STEP = 1 << 20
"""Ranges begin at multiples of this."""

CHUNK = 4096
"""The file grows by so many pages; those that nobody has written take no memory."""

SPARE = 256
"""How many more pages a domain may see than it begins with, unless it says how many it may have."""

ARENA = 64
"""Pages for arguments that are allocated in Python."""

WINDOW = 4096
"""Pages of room for mappings."""

_LAST = 1 << 64


class SharedMemory(Backing):
    """Frames in a file in memory, which is shown wherever a guest sees them.

    It is closed with `close`, after which nothing of it may be used.
    """

    def __init__(self) -> None:
        extension = load()
        self._lib = extension.lib
        self._file = os.memfd_create("xengnt-frames", os.MFD_CLOEXEC)
        self._chunks: list[mmap] = []
        self._frames: list[memoryview] = []
        self._offsets: dict[int, int] = {}  # of frames, by their numbers
        self._ranges: list[Places] = []
        self.process = ProcessMemory(extension, self._ranges)

    def close(self) -> None:
        """Give back the file and all addresses."""
        for places in list(self._ranges):
            self.leave(places)
        with suppress(BufferError):  # somebody looks at a frame: it goes when that ends
            for frame in self._frames:
                frame.release()
            for chunk in self._chunks:
                chunk.close()
        os.close(self._file)

    # Frames

    def frame(self, number: int) -> memoryview:
        """Return the bytes of a new frame, all zero.

        Raises:
            Unavailable: the system has no memory left.
        """
        index = len(self._offsets)
        chunk, at = divmod(index, CHUNK)
        if chunk == len(self._chunks):
            self._grow()
        self._offsets[number] = index * PAGE_SIZE
        with memoryview(self._chunks[chunk]) as whole:
            self._frames.append(whole[at * PAGE_SIZE : (at + 1) * PAGE_SIZE])
        return self._frames[-1]

    def _grow(self) -> None:
        size, have = CHUNK * PAGE_SIZE, len(self._chunks) * CHUNK * PAGE_SIZE
        try:
            os.ftruncate(self._file, have + size)
            self._chunks.append(mmap(self._file, size, offset=have))
        except OSError as error:
            raise Unavailable(f"no memory for frames: {error.strerror}") from None

    # Addresses

    def places(self, abi: Abi, kind: str, pages: int, max_pages: int | None) -> Places:
        """Take a range of addresses for a new guest, if its code can be in this process.

        Raises:
            Unavailable: there is no such range.
        """
        if not is_native(abi):
            return super().places(abi, kind, pages, max_pages)
        spare = SPARE if max_pages is None else max(0, min(max_pages - pages, HIGH >> PAGE_SHIFT))
        sizes = (max(0, pages) + spare, ARENA, WINDOW)
        whole = -(-sum(sizes) * PAGE_SIZE // STEP) * STEP
        start = next(
            (at for at in range(LOW, HIGH - whole, STEP) if not self._lib.xengnt_keep(at, whole)),
            None,
        )
        if start is None:
            raise Unavailable(f"no room for {pages} pages below {HIGH:#x}", got=pages)
        arena = start + sizes[0] * PAGE_SIZE
        places = Places(start, arena, arena + ARENA * PAGE_SIZE, start + whole)
        self._ranges.append(places)
        return places

    def leave(self, places: Places) -> None:
        """Give the addresses of a guest back."""
        if places not in self._ranges:
            return
        self._ranges.remove(places)
        self._lib.xengnt_leave(places.pages, places.end - places.pages)

    def show(self, places: Places, number: int, page: Page | None) -> None:
        """Show a frame at a page of a guest's addresses, or nothing.

        What a guest has beyond its range, or without one, is known to it by number only.

        Raises:
            Failed: the system does not do it.
        """
        start = number << PAGE_SHIFT
        if not places.pages <= start < places.end or places not in self._ranges:
            return
        if page is None:
            failed = self._lib.xengnt_hide(start, PAGE_SIZE)
        else:
            offset = self._offsets[page.frame.number]
            failed = self._lib.xengnt_show(start, PAGE_SIZE, self._file, offset, page.writable)
        if failed:
            why = os.strerror(-failed)
            raise Failed(Status.GENERAL_ERROR, f"nothing can be shown at {start:#x}: {why}")

    def elsewhere(self, abi: Abi) -> ProcessMemory | None:
        """Return the rest of this process, for a guest whose code can be in it."""
        return self.process if is_native(abi) else None


def is_native(abi: Abi) -> bool:
    """Tell whether code of an ABI can be in this process."""
    return abi.name == Abi.native().name


class ProcessMemory:
    """The memory of this process but that of domains: it is looked at with care.

    Args:
        extension: what looks.
        ranges: those of domains.
    """

    def __init__(self, extension: Any, ranges: list[Places]) -> None:
        self._ffi, self._lib = extension.ffi, extension.lib
        self._ranges = ranges
        self._held = bytearray()
        self._start = self._end = 0

    @contextmanager
    def held(self, address: int, size: int) -> Iterator[None]:
        """Have bytes here at once, instead of looking for some of them each time.

        What is written to them is there in the end. It makes no difference otherwise, nor where
        not all of them are there, or may be written.
        """
        found = self.read(address, size) if self.has(address, size) else None
        if not found or not self._writable(address, found):
            yield
            return
        self._held, self._start, self._end = bytearray(found), address, address + size
        try:
            yield
        finally:
            self._start = self._end = 0
            if self._held != found:
                self.write(address, bytes(self._held))

    def _writable(self, address: int, found: bytes) -> bool:
        """Tell whether bytes may be written, by writing the first of each page as it is."""
        first = range(-(-address // PAGE_SIZE) * PAGE_SIZE, address + len(found), PAGE_SIZE)
        places = (address, *first)
        return all(self.write(at, found[at - address : at - address + 1]) for at in places)

    def has(self, address: int, size: int) -> bool:
        """Tell whether no byte belongs to a domain."""
        end = address + max(size, 1)
        if self._start <= address and end <= self._end:
            return True
        return not any(address < one.end and one.pages < end for one in self._ranges)

    def read(self, address: int, size: int) -> bytes | None:
        """Return bytes, None if not all of them are there."""
        if self._start <= address and address + size <= self._end:
            at = address - self._start
            return bytes(self._held[at : at + size])
        if not size:
            return b""
        if address + size > _LAST:
            return None
        found = bytearray(size)
        failed = self._lib.xengnt_peek(self._ffi.from_buffer(found), address, size)
        return None if failed else bytes(found)

    def write(self, address: int, data: bytes) -> bool:
        """Store bytes, and tell whether all of them could be."""
        size = len(data)
        if self._start <= address and address + size <= self._end:
            at = address - self._start
            self._held[at : at + size] = data
            return True
        if address + size > _LAST:
            return False
        return not self._lib.xengnt_poke(address, data, size)
