# SPDX-License-Identifier: MIT
"""The machine's memory: frames of real bytes, each with an owner and references.

Imports ``xengnt.errors``, ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from xengnt.abi.targets import PAGE_SHIFT, PAGE_SIZE
from xengnt.errors import Unavailable
from xengnt.model.backing import Backing

if TYPE_CHECKING:
    from xengnt.model.domain import Domain

FIRST_FRAME = 0x1000
"""What is below is Xen's own."""

HIGH_FRAME = 1 << 32
"""Where frame numbers begin that do not fit 32 bits."""


class Frame:
    """A frame of machine memory.

    Attributes:
        number: its machine frame number.
        data: its bytes.
        owner: the domain that it belongs to, None if it is free.
        held: whether the owner keeps it; what is only referenced still is an owner's that
            gave it up or died.
        references: how many mappings and other uses keep it from being freed.
        xen: whether Xen made it for the owner, as the frames of a table.
        page_table: whether it is a page table, to which nobody may write.
    """

    __slots__ = ("data", "held", "number", "owner", "page_table", "references", "xen")

    def __init__(self, number: int, data: memoryview) -> None:
        self.number = number
        self.data = data
        self.owner: Domain | None = None
        self.held = False
        self.references = 0
        self.xen = False
        self.page_table = False

    @property
    def address(self) -> int:
        """Its machine address."""
        return self.number << PAGE_SHIFT

    def __repr__(self) -> str:
        owner = "free" if self.owner is None else f"of d{self.owner.domid}"
        return f"<frame {self.number:#x} {owner}, {self.references} references>"


class _Zone:
    """Frames with numbers from a first one on."""

    def __init__(self, backing: Backing, first: int, size: int | None) -> None:
        self.backing = backing
        self.first = first
        self.size = size
        self.made = 0
        self.free: deque[Frame] = deque()

    def take(self) -> Frame:
        if self.size is not None and self.made - len(self.free) >= self.size:
            raise Unavailable(f"no memory left: all {self.size} frames are taken", got=self.size)
        if self.free:
            return self.free.popleft()
        number = self.first + self.made
        frame = Frame(number, self.backing.frame(number))
        self.made += 1
        return frame


class Machine:
    """All frames.

    Args:
        low_frames: how many have a number that fits 32 bits.
        backing: what they are made of.
    """

    def __init__(self, low_frames: int, backing: Backing) -> None:
        self.backing = backing
        self.frames: dict[int, Frame] = {}
        self._low = _Zone(backing, FIRST_FRAME, low_frames)
        self._low_end = FIRST_FRAME + low_frames
        self._high = _Zone(backing, HIGH_FRAME, None)

    def allocate(self, owner: Domain, *, high: bool = False, xen: bool = False) -> Frame:
        """Give a domain a frame of zeros.

        Raises:
            Unavailable: none is left.
        """
        frame = self.spare(high=high)
        frame.xen = xen
        self.give(frame, owner)
        return frame

    def spare(self, *, high: bool = False) -> Frame:
        """Return a frame of zeros that belongs to nobody yet.

        Raises:
            Unavailable: none is left.
        """
        frame = (self._high if high else self._low).take()
        self.frames[frame.number] = frame
        return frame

    def discard(self, frame: Frame) -> None:
        """Free a frame that belongs to nobody."""
        self._free(frame)

    def give(self, frame: Frame, owner: Domain) -> None:
        """Make a frame that nobody holds a domain's."""
        frame.owner = owner
        frame.held = True
        owner.owned[frame] = None

    def is_memory(self, number: int) -> bool:
        """Tell whether there is memory at a frame number, whoever owns it."""
        return number < self._low_end or number in self.frames

    def reference(self, frame: Frame) -> None:
        """Keep a frame from being freed."""
        frame.references += 1

    def drop(self, frame: Frame) -> None:
        """Take a reference back."""
        frame.references -= 1
        if frame.references:
            return
        if not frame.held:
            self._free(frame)
        elif frame.owner:
            frame.owner.lost_frame()

    def release(self, frame: Frame) -> None:
        """Have the owner give a frame up; it is freed when nothing references it."""
        frame.held = False
        if not frame.references:
            self._free(frame)

    def _free(self, frame: Frame) -> None:
        owner = frame.owner
        if owner is not None:
            owner.owned.pop(frame, None)
        frame.owner = None
        frame.xen = frame.page_table = False
        frame.data[:] = bytes(PAGE_SIZE)
        (self._high if frame.number >= HIGH_FRAME else self._low).free.append(frame)
        if owner is not None:
            owner.lost_frame()
