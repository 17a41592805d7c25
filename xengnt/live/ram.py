# SPDX-License-Identifier: MIT
"""The memory of the machine that Xen runs on, as a file of this process.

Imports ``xengnt.errors`` and ``xengnt.abi`` only.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Sequence

from xengnt.abi.targets import PAGE_SIZE
from xengnt.errors import InvalidValue

_WORD = 8


class Ram:
    """All of a machine's memory, by the number of a frame.

    Args:
        size: in bytes.
        start: its first address.

    Attributes:
        frames: the numbers of its frames.
    """

    def __init__(self, size: int, start: int = 0) -> None:
        self._first = start // PAGE_SIZE
        self.frames = range(self._first, self._first + size // PAGE_SIZE)
        self.fd = os.memfd_create("xengnt-ram", os.MFD_CLOEXEC)
        os.ftruncate(self.fd, size)
        self._map = mmap.mmap(self.fd, size)
        self._bytes = memoryview(self._map)
        self._words = self._bytes.cast("Q")

    def page(self, frame: int) -> memoryview:
        """Return the bytes of a frame, in place.

        Raises:
            InvalidValue: the machine has no such memory.
        """
        if frame not in self.frames:
            raise InvalidValue(f"frame {frame:#x}: the machine has no such memory", got=frame)
        start = (frame - self._first) * PAGE_SIZE
        return self._bytes[start : start + PAGE_SIZE]

    def word(self, frame: int, index: int) -> int:
        """Return one of the 512 words of a frame."""
        return self._words[(frame - self._first) * (PAGE_SIZE // _WORD) + index]

    def set_word(self, frame: int, index: int, value: int) -> None:
        """Store one of the 512 words of a frame, in one go."""
        self._words[(frame - self._first) * (PAGE_SIZE // _WORD) + index] = value

    def load(self, frames: Sequence[int], data: bytes) -> None:
        """Store bytes in frames, one after the other; what is left of them is zero."""
        for index, frame in enumerate(frames):
            part = data[index * PAGE_SIZE : (index + 1) * PAGE_SIZE]
            self.page(frame)[:] = part.ljust(PAGE_SIZE, b"\0")

    def find(self, word: int, index: int = 0) -> list[int]:
        """Return the frames that have this word at a place, at their beginning by default."""
        column, at = self.column(index), -1
        found: list[int] = []
        while True:
            try:
                at = column.index(word, at + 1)
            except ValueError:
                return found
            found.append(self.frames[at])

    def column(self, index: int) -> list[int]:
        """Return the word that each frame has at a place."""
        return self._words[index :: PAGE_SIZE // _WORD].tolist()

    def close(self) -> None:
        """Let go of it. What was given out stays valid."""
        os.close(self.fd)
