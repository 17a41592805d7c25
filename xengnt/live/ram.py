# SPDX-License-Identifier: MIT
"""The memory of the machine that Xen runs on, as a file of this process.

Imports ``xengnt.errors`` and ``xengnt.abi`` only.
"""

from __future__ import annotations

import mmap
import os

from xengnt.abi.targets import PAGE_SIZE
from xengnt.errors import InvalidValue

_WORD = 8


class Ram:
    """All of a machine's memory, by the number of a frame.

    Args:
        size: in bytes.
    """

    def __init__(self, size: int) -> None:
        self.size = size
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
        if not 0 <= frame < self.size // PAGE_SIZE:
            raise InvalidValue(f"frame {frame:#x}: the machine has no such memory", got=frame)
        return self._bytes[frame * PAGE_SIZE : (frame + 1) * PAGE_SIZE]

    def word(self, frame: int, index: int) -> int:
        """Return one of the 512 words of a frame."""
        return self._words[frame * (PAGE_SIZE // _WORD) + index]

    def set_word(self, frame: int, index: int, value: int) -> None:
        """Store one of the 512 words of a frame, in one go."""
        self._words[frame * (PAGE_SIZE // _WORD) + index] = value

    def find(self, word: int) -> list[int]:
        """Return the frames that begin with this word."""
        first = self._words[:: PAGE_SIZE // _WORD].tolist()
        return [frame for frame, found in enumerate(first) if found == word]

    def close(self) -> None:
        """Let go of it. What was given out stays valid."""
        os.close(self.fd)
