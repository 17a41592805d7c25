# SPDX-License-Identifier: MIT
"""A domain of a library.

Imports ``xengnt.errors``, ``xengnt.abi``, ``xengnt.codec``, ``xengnt.dispatch``,
``xengnt.guest``, ``xengnt.scenario`` and the modules beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from weakref import ref

from xengnt.abi.targets import PAGE_SIZE
from xengnt.codec import Abi
from xengnt.dispatch import Dispatcher
from xengnt.errors import BackendError, InvalidValue
from xengnt.foreign.control import Control
from xengnt.foreign.memory import ForeignMemory
from xengnt.guest import Entries, Grants
from xengnt.scenario.world import ByIndex, InPages

ARENA_PAGES = 64
"""How many pages a domain has for the arguments of its calls, before the others."""

_NARROW = 1 << 32
_WORD_OF_32 = 4  # bytes of a pointer
_STATUS = 2  # bytes of a status
_MOST_FRAMES = 1 << 16


class ForeignDomain(InPages):
    """A domain of a library: it takes its own calls, and its guest does what scenarios say.

    Attributes:
        domid: its number.
        abi: that of its guest.
        memory: what its guest sees, with room for arguments.
    """

    def __init__(self, control: Control, domid: int, abi: Abi, pages: int) -> None:
        self._control = control
        self.domid = domid
        self.abi = abi
        first, last = (self._page(index).address for index in (0, ARENA_PAGES + pages - 1))
        if last - first != (ARENA_PAGES + pages - 1) * PAGE_SIZE:
            raise BackendError(f"d{domid}: its pages, from {first:#x} to {last:#x}, have gaps")
        if abi.target.word == _WORD_OF_32 and last >= _NARROW:
            raise BackendError(f"d{domid}: a page is at {last:#x}, beyond 32 bits", got=last)
        arena = (max(first, PAGE_SIZE), first + ARENA_PAGES * PAGE_SIZE)
        self.memory = ForeignMemory(control, domid, arena)
        self._grants: tuple[list[int], Grants] | None = None

    # Nothing here may refer to it in a circle: a collector of garbage that clears buffers
    # of cffi while they are in use ends the process.

    @property
    def backend(self) -> ForeignDomain:
        """What takes its calls."""
        return self

    @property
    def values(self) -> Mapping[str, Any]:
        """What names can ask of it."""
        return {
            "domid": self.domid,
            "frame": ByIndex(lambda index: int(self._own(index).frame)),
            "address": ByIndex(lambda index: int(self._own(index).address)),
            "machine": ByIndex(lambda index: int(self._own(index).machine)),
            "room": ByIndex(self._room),
        }

    def call(self, cmd: int, address: int, count: int) -> int:
        """Make the bare call, and return its result."""
        self._control.do("set_caller", self.domid)
        return self._control.call(cmd, address, count)

    def reasons(self) -> list[tuple[int | None, str]]:
        """Return why elements of its last call failed."""
        return self._control.reasons()

    # Its memory

    def _page(self, index: int) -> Any:
        page = self._control.ffi.new("struct xengnt_rig_page *")
        try:
            self._control.do("page", self.domid, index, page)
        except InvalidValue as error:
            raise InvalidValue(f"page {index - ARENA_PAGES} of d{self.domid}: {error}") from None
        return page

    def _own(self, index: int) -> Any:
        """Return one of its pages that are not for arguments."""
        return self._page(ARENA_PAGES + index)

    def _room(self, index: int) -> int:
        address = self._control.ffi.new("uint64_t *")
        self._control.do("room", self.domid, index, address)
        return int(address[0])

    def page(self, index: int) -> memoryview:
        """Return the bytes of a page that is not for arguments, in place."""
        ffi = self._control.ffi
        return memoryview(ffi.buffer(self._own(index).bytes, PAGE_SIZE)).cast("B")

    # Its table

    def table(self, *, status: bool) -> list[memoryview]:
        """Return the frames of its grant table, or of the status array, in place."""
        found: list[memoryview] = []
        while frame := self._control.view("table", PAGE_SIZE, self.domid, len(found), int(status)):
            found.append(frame)
            if len(found) > _MOST_FRAMES:
                raise BackendError(f"d{self.domid}: its table has no last frame")
        return found

    def grant(self, action: str, arguments: dict[str, Any]) -> int | None:
        """Change an entry of its table as its guest would."""
        found: int | None = getattr(self._up_to_date(), action)(**arguments)
        return found

    def _up_to_date(self) -> Grants:
        """Return what grants by its table as that is now."""
        frames, status = self.table(status=False), self.table(status=True)
        begins = [self._place(frame) for frame in (*frames[:1], *status[:1])]
        if self._grants is None or self._grants[0] != begins:
            entries = Entries(frames, 2 if status else 1, status)
            self._grants = begins, Grants(entries, _grower(self))
        else:
            self._see_more(self._grants[1].entries)
        return self._grants[1]

    def _place(self, frame: memoryview) -> int:
        ffi = self._control.ffi
        return int(ffi.cast("uintptr_t", ffi.from_buffer(frame)))

    def grow(self, entries: Entries) -> None:
        """Ask for one frame more, as a guest whose entries are all taken does."""
        more = len(entries) * entries.size // PAGE_SIZE + 1
        Dispatcher(self).setup_table(dom="DOMID_SELF", nr_frames=more)
        self._see_more(entries)

    def _see_more(self, entries: Entries) -> None:
        """Take note of frames that the table has got since."""
        known = len(entries) * entries.size // PAGE_SIZE
        marked = 0 if entries.version == 1 else -(-len(entries) * _STATUS // PAGE_SIZE)
        entries.extend(self.table(status=False)[known:], self.table(status=True)[marked:])


def _grower(domain: ForeignDomain) -> Callable[[Entries], None]:
    """Return what has a domain's table grow, and does not keep the domain."""
    known = ref(domain)

    def grow(entries: Entries) -> None:
        if found := known():
            found.grow(entries)

    return grow
