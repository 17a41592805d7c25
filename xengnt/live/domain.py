# SPDX-License-Identifier: MIT
"""A domain of real Xen in which our kernel runs, as a backend.

Imports ``xengnt.errors``, ``xengnt.codec``, ``xengnt.guest`` and the modules beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from xengnt.abi.targets import PAGE_SHIFT, PAGE_SIZE
from xengnt.codec import Abi
from xengnt.dispatch import Dispatcher
from xengnt.errors import InvalidValue, Unavailable
from xengnt.live import places
from xengnt.live.control import Control
from xengnt.live.mailbox import Mailbox
from xengnt.live.ram import Ram
from xengnt.live.space import LiveMemory, Space

if TYPE_CHECKING:
    from xengnt.guest import Entries, Grants

GRANT_TABLE_OP = 20


class LiveDomain:
    """A domain.

    Args:
        ram: the machine's memory.
        abi: the ABI of its guest.
        domid: its number.
        mailbox: how its guest is told what to do.
        space: what its guest sees.
        base: where its guest's memory begins.
        frames: the machine's numbers of the pages that it has for scenarios.
        maker: of the first domain, for one that was made with it.

    Attributes:
        frames: the same, None for a page that it has given away.
        used: the commands that it called.
    """

    def __init__(
        self,
        ram: Ram,
        abi: Abi,
        domid: int,
        mailbox: Mailbox,
        space: Space,
        *,
        base: int,
        frames: Sequence[int],
        maker: Control | None = None,
    ) -> None:
        self.ram = ram
        self.abi = abi
        self.domid = domid
        self.mailbox = mailbox
        self.space = space
        self.base = base
        self.frames: list[int | None] = list(frames)
        self._maker = maker
        self.used: set[int] = set()
        self.translated = base != places.BASE
        self.word = "IQ"[abi.target.word // 8]
        self.memory = LiveMemory(ram, space, (base + places.ARENA, base + places.ARENA_END))
        self._grants: Grants | None = None

    def hypercall(self, number: int, *arguments: int) -> int:
        """Make any hypercall, of up to five arguments, and return its result.

        Raises:
            BackendError: the guest does not answer.
        """
        if self._maker:
            self._maker.run(self.domid)
        return self.mailbox.hypercall(number, *arguments)

    def call(self, cmd: int, address: int, count: int) -> int:
        """Make the bare call, and return its result.

        Raises:
            BackendError: the guest does not answer.
        """
        self.used.add(cmd)
        return self.hypercall(GRANT_TABLE_OP, cmd, address, count)

    # Pages

    def address(self, index: int) -> int:
        """Return where its guest sees one of its pages, if nothing is there instead."""
        self._page_frame(index)
        return self.base + places.PAGES + index * PAGE_SIZE

    def page(self, index: int) -> memoryview:
        """Return the bytes of a page, in place."""
        return self.ram.page(self._page_frame(index))

    def frame(self, index: int) -> int:
        """Return the number of a page as it goes into an entry."""
        if self.translated:
            return self.address(index) >> PAGE_SHIFT
        return self._page_frame(index)

    def machine_address(self, index: int) -> int:
        """Return where the machine has a page, in bytes."""
        return self._page_frame(index) << PAGE_SHIFT

    def room(self, index: int) -> int:
        """Return an address where there was nothing when it was made."""
        address = self.base + places.ROOMS + index * PAGE_SIZE
        if not 0 <= index < (places.ROOMS_END - places.ROOMS) // PAGE_SIZE:
            raise InvalidValue(f"room {index}: d{self.domid} has not that many", got=index)
        return address

    def machine_frame(self, number: int) -> int:
        """Return the machine's number of a frame by its own number, the same for a PV domain.

        Raises:
            InvalidValue: it has no such frame.
        """
        if not self.translated:
            return number
        found = self.space.at(number << PAGE_SHIFT)
        if found is None:
            raise InvalidValue(f"d{self.domid} has no frame {number:#x}", got=number)
        return found[0]

    def _page_frame(self, index: int) -> int:
        found = self.frames[index] if 0 <= index < len(self.frames) else None
        if found is None:
            raise InvalidValue(f"d{self.domid} has no page {index}", got=index)
        return found

    def receive(self, number: int) -> None:
        """Have one more page, which was transferred to it and has this number."""
        self.frames.append(self.machine_frame(number))

    def lend_pages(self, count: int) -> None:
        """Have so many pages, and no more.

        Raises:
            Unavailable: there are not that many.
        """
        if count > len(self.frames):
            raise Unavailable(f"{count} pages: the first domain has {len(self.frames)}")
        del self.frames[count:]

    # Its table

    def table_frames(self, first: int, count: int, *, status: bool) -> list[int]:
        """Return the machine's numbers of frames of its grant table, or its status array."""
        if self._maker:
            return self._maker.table_frames(self.domid, first, count, status=status)
        return self.own_table(first, count, status=status)

    def own_table(self, first: int, count: int, *, status: bool) -> list[int]:
        """Return the same, asking as its guest."""
        if self.translated:
            return Control(self).own_table_frames(first, count, status=status)
        ask = Dispatcher(self)
        which = ask.get_status_frames if status else ask.setup_table
        batch: Any = which(dom="DOMID_SELF", nr_frames=first + count)
        batch.raise_for_status()
        return list(batch.frames)[first:]

    def table(self, *, status: bool) -> list[memoryview]:
        """Return the frames of its grant table, or of the status array, in place."""
        count: int = Dispatcher(self).query_size(dom="DOMID_SELF").rows()[0]["nr_frames"]
        if status:
            version = Dispatcher(self).get_version(dom="DOMID_SELF").rows()[0]["version"]
            count = 0 if version == 1 else _status_frames(count)
        found = self.table_frames(0, count, status=status) if count else []
        return [self.ram.page(frame) for frame in found]

    def close(self) -> None:
        """Let go of its table, which would hold on to it in turn."""
        self._grants = None

    @property
    def grants(self) -> Grants:
        """What its guest grants. A change of the table's version clears it."""
        from xengnt.guest import Entries, Grants

        version: int = Dispatcher(self).get_version(dom="DOMID_SELF").rows()[0]["version"]
        if self._grants is None or self._grants.entries.version != version:
            entries = Entries((), version)
            self._catch_up(entries)
            self._grants = Grants(entries, self._grow)
        else:
            self._catch_up(self._grants.entries)
        return self._grants

    def _grow(self, entries: Entries) -> None:
        """Let the guest's side have one frame more, if the table may."""
        size = self._size()
        self._extend(entries, min(size["nr_frames"] + 1, size["max_nr_frames"]))

    def _catch_up(self, entries: Entries) -> None:
        """Let the guest's side see the frames that the table has."""
        self._extend(entries, self._size()["nr_frames"])

    def _extend(self, entries: Entries, count: int) -> None:
        known = len(entries) * entries.size // PAGE_SIZE
        if count <= known:
            return
        shared = self.table_frames(known, count - known, status=False)
        status: list[int] = []
        if entries.version != 1:
            before, after = _status_frames(known), _status_frames(count)
            if after > before:
                status = self.table_frames(before, after - before, status=True)
        entries.extend(map(self.ram.page, shared), map(self.ram.page, status))

    def _size(self) -> dict[str, int]:
        rows: list[dict[str, int]] = Dispatcher(self).query_size(dom="DOMID_SELF").rows()
        return rows[0]


def _status_frames(frames: int) -> int:
    """Return how many status frames so many grant frames of version 2 have."""
    return -(-frames * (PAGE_SIZE // 16) * 2 // PAGE_SIZE)
