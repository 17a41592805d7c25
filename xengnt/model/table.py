# SPDX-License-Identifier: MIT
"""A domain's grant table: its frames, its version, and which entries are in use.

Imports the modules beside it only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xengnt.model.entries import STATUS_PER_FRAME, Entries, EntriesV1, EntriesV2
from xengnt.model.maptrack import Maptrack
from xengnt.model.pins import Pin

if TYPE_CHECKING:
    from xengnt.model.domain import Domain
    from xengnt.model.machine import Frame


class GrantTable:
    """A grant table.

    Attributes:
        owner: whose it is.
        shared: its frames.
        frames: their bytes, to read and write.
        status: the frames of its status array; none under version 1.
        status_frames: their bytes.
        entries: the entries in those bytes.
        pins: the entries in use.
        maptrack: the handles of the owner.
        max_frames: how many frames it may have.
        max_version: the newest version that it may have.
    """

    def __init__(self, owner: Domain, max_frames: int, max_version: int, max_maptrack: int) -> None:
        self.owner = owner
        self.shared: list[Frame] = []
        self.frames: list[memoryview] = []
        self.status: list[Frame] = []
        self.status_frames: list[memoryview] = []
        self.entries: Entries = EntriesV1(self.frames)
        self.pins: dict[int, Pin] = {}
        self.maptrack = Maptrack(max_maptrack)
        self.max_frames = max_frames
        self.max_version = max_version
        self.grow(1)

    @property
    def version(self) -> int:
        """The version of its entries."""
        return self.entries.version

    def grow(self, count: int) -> None:
        """Have at least this many frames, and the status frames that go with them.

        Raises:
            Unavailable: the machine is out of memory.
        """
        machine = self.owner.machine
        while len(self.shared) < count:
            self.shared.append(machine.allocate(self.owner, xen=True))
            self.frames.append(self.shared[-1].data)
        if self.version > 1:
            self._grow_status(self.entries.per_frame)

    def _grow_status(self, per_frame: int) -> None:
        """Have a word for each entry of the frames that there are."""
        while len(self.status) * STATUS_PER_FRAME < len(self.shared) * per_frame:
            self.status.append(self.owner.machine.allocate(self.owner, xen=True))
            self.status_frames.append(self.status[-1].data)

    def become(self, version: int) -> None:
        """Take a version, all entries clear.

        Raises:
            Unavailable: the machine is out of memory, and nothing has changed.
        """
        if version > 1:
            self._grow_status(EntriesV2.per_frame)
        for data in self.frames:
            data[:] = bytes(len(data))
        if version > 1:
            self.entries = EntriesV2(self.frames, self.status_frames)
        else:
            for frame in self.status:
                self.owner.machine.release(frame)
            self.status.clear()
            self.status_frames.clear()
            self.entries = EntriesV1(self.frames)

    def __repr__(self) -> str:
        return (
            f"<grant table of d{self.owner.domid}: version {self.version}, "
            f"{len(self.shared)} frames, {len(self.pins)} entries in use>"
        )

    def dump(self) -> dict[str, Any]:
        """Return its entries, pins and handles, as values that JSON can hold."""
        from xengnt.model import dump

        return dump.table(self)
