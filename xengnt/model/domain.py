# SPDX-License-Identifier: MIT
"""A domain: its memory, its table, and its door to Xen. It is a backend.

Imports ``xengnt.errors``, ``xengnt.abi``, ``xengnt.codec`` and the modules beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xengnt.abi.constants import Status
from xengnt.abi.targets import PAGE_SHIFT
from xengnt.codec import Abi
from xengnt.errors import InvalidValue
from xengnt.model import call
from xengnt.model.backing import Places
from xengnt.model.behaviour import Behaviour
from xengnt.model.failures import Failed
from xengnt.model.machine import Frame
from xengnt.model.memory import GuestMemory
from xengnt.model.space import Page, PvSpace, Space, TranslatedSpace
from xengnt.model.table import GrantTable

if TYPE_CHECKING:
    from xengnt.guest import Grants
    from xengnt.model.entries import Entries
    from xengnt.model.hypervisor import Hypervisor

KINDS = ("pv", "hvm", "pvh", "arm")

_BITS = {"hvm": 48, "pvh": 48, "arm": 40}
"""How many bits a guest's physical addresses have."""


class Domain:
    """A domain of a `Hypervisor`, which makes it.

    As a backend it takes calls from its own guest: ``xengnt.Dispatcher(domain)``.

    Attributes:
        domid: its number.
        kind: ``pv``, ``hvm``, ``pvh`` or ``arm``.
        abi: the ABI of its guest.
        privileged: whether it may act on other domains' tables.
        high: whether its pages began with frame numbers that do not fit 32 bits.
        dying: whether it has been destroyed.
        max_pages: how many pages it may have, None for any number.
        pages: the frames that it has as its pages, by index.
        owned: all frames that are its, in use or not, in the order in which it got them.
        table: its grant table.
        places: where it has what.
        space: what it sees at which address.
        memory: its memory, with room for arguments.
        injected: of its last call, the elements that failed because that was wanted.
        reasons: of its last call, what went wrong: the index of the element, or None for
            the call as a whole, and which check failed on which value.
    """

    def __init__(
        self,
        hypervisor: Hypervisor,
        domid: int,
        *,
        abi: Abi,
        kind: str,
        pages: int,
        privileged: bool,
        max_pages: int | None,
        high: bool,
        behaviour: Behaviour,
        places: Places,
    ) -> None:
        self.hypervisor = hypervisor
        self.machine = hypervisor.machine
        self.domid = domid
        self.kind = kind
        self.abi = abi
        self.privileged = privileged
        self.high = high
        self.dying = False
        self.max_pages = max_pages
        self.pages: dict[int, Frame] = {}
        self.owned: dict[Frame, None] = {}
        self.injected: list[int] = []
        self.reasons: list[tuple[int | None, str]] = []
        self.paged_out: dict[int, Page] = {}
        self._grants: tuple[Entries, Grants] | None = None
        self.translated = kind != "pv"
        self.places = places
        self.space: Space
        if self.translated:
            self.space = TranslatedSpace(self, bits=_BITS[kind], replaces=kind == "arm")
        else:
            self.space = PvSpace(self, narrow=self.compat)
        self._first = self.places.pages >> PAGE_SHIFT
        self._window = self.places.window >> PAGE_SHIFT
        self._behind = self.places.arena >> PAGE_SHIFT
        if not 0 <= pages <= self._behind - self._first:
            raise InvalidValue(f"pages: {pages} are too many, or too few", got=pages)
        self.table = GrantTable(
            self,
            behaviour.max_grant_frames,
            1 if kind == "arm" else behaviour.max_version,
            behaviour.max_maptrack_frames,
        )
        self.memory = GuestMemory(self)
        for index in range(pages):
            self.pages[index] = frame = self.machine.allocate(self, high=high)
            self.space.put(self._first + index, Page(frame))

    @property
    def compat(self) -> bool:
        """Whether its calls are translated from 32 bits."""
        return self.abi.name == "x86_32"

    # What the guest has and sees

    def page(self, index: int) -> memoryview:
        """Return the bytes of one of its pages, to read and write.

        Raises:
            InvalidValue: it has no such page, or not any more.
        """
        return self._page(index).data

    def frame(self, index: int) -> int:
        """Return the number by which it names one of its pages: what goes into an entry.

        Raises:
            InvalidValue: it has no such page, or not any more.
        """
        frame = self._page(index)
        return self._first + index if self.translated else frame.number

    def address(self, index: int) -> int:
        """Return the address at which it sees one of its pages, if nothing is there instead.

        Raises:
            InvalidValue: it has no such page, or not any more.
        """
        self._page(index)
        return (self._first + index) << PAGE_SHIFT

    def machine_address(self, index: int) -> int:
        """Return where the machine has one of its pages, in bytes.

        Raises:
            InvalidValue: it has no such page, or not any more.
        """
        return self._page(index).address

    def _page(self, index: int) -> Frame:
        frame = self.pages.get(index)
        if frame is None or frame.owner is not self:
            raise InvalidValue(f"d{self.domid} has no page {index}", got=index)
        return frame

    def reserve(self, pages: int = 1) -> int:
        """Return the address of room for mappings, with nothing there yet.

        Raises:
            InvalidValue: there is not that much room.
        """
        start = self._window
        if pages < 1 or start + pages > self.places.end >> PAGE_SHIFT:
            raise InvalidValue(f"d{self.domid} has no room for {pages} pages", got=pages)
        self._window += pages
        return start << PAGE_SHIFT

    def map_own(self, frames: list[Frame], address: int | None = None) -> int:
        """See frames of its own at addresses of its choice, by default new ones.

        It is what a PV guest does with its page tables, and others ask Xen for.
        """
        at = self.reserve(len(frames)) if address is None else address
        for index, frame in enumerate(frames):
            self.space.put((at >> PAGE_SHIFT) + index, Page(frame, counted=True))
        return at

    def unmap_own(self, address: int) -> None:
        """See nothing at an address any more."""
        self.space.put(address >> PAGE_SHIFT, None)

    def map_table(self, address: int | None = None, *, status: bool = False) -> int:
        """See the frames of its table, or of the status array, and return the address."""
        return self.map_own(self.table.status if status else self.table.shared, address)

    def make_page_table(self, index: int) -> int:
        """Use one of its pages as a page table, and return the machine address of that.

        Entries in it are only bytes: what they map is seen nowhere.
        """
        frame = self._page(index)
        frame.page_table = True
        return frame.address

    def page_out(self, index: int) -> None:
        """Put one of its pages where Xen has to fetch it before it can be granted."""
        number = self._first + index
        self._page(index)
        if not self.translated or number not in self.space.pages:
            raise InvalidValue(f"page {index} of d{self.domid} cannot be paged out", got=index)
        self.paged_out[number] = self.space.pages.pop(number)

    def page_in(self, index: int) -> None:
        """Bring a page back."""
        number = self._first + index
        self.space.pages[number] = self.paged_out.pop(number)

    @property
    def grants(self) -> Grants:
        """What its guest grants, by the rules of the header; frames are as `frame` says.

        A change of the table's version clears it, and this is another one then.
        """
        from xengnt.model.granting import catch_up, grants_of

        if self._grants is None or self._grants[0] is not self.table.entries:
            self._grants = self.table.entries, grants_of(self.table)
        catch_up(self.table, self._grants[1].entries)
        return self._grants[1]

    # What Xen does with it

    def frame_named(self, number: int) -> Frame:
        """Return the frame of its own that it names so.

        Raises:
            Failed: it has none, or not at the moment.
        """
        if not self.translated:
            frame = self.machine.frames.get(number)
        else:
            page = self.space.pages.get(number)
            frame = page.frame if page else None
        if frame is None or frame.owner is not self:
            if number in self.paged_out:
                raise Failed(Status.EAGAIN, f"frame {number:#x} of d{self.domid} is paged out")
            raise Failed(Status.BAD_PAGE, f"frame {number:#x} is none of d{self.domid}")
        return frame

    def name_of(self, frame: Frame) -> int | None:
        """Return the number by which it names a frame of its own, None if it cannot."""
        if not self.translated:
            return frame.number
        return next((n for n, page in self.space.pages.items() if page.frame is frame), None)

    @property
    def headroom(self) -> bool:
        """Whether it may have one more page."""
        return self.max_pages is None or self._count() < self.max_pages

    def _count(self) -> int:
        return sum(frame.owner is self for frame in self.pages.values())

    def adopt(self, frame: Frame, number: int | None = None) -> None:
        """Make a frame one of its pages.

        Args:
            frame: the frame, which is its own already.
            number: of a translated guest, the number that is to stand for it.
        """
        index = max(self.pages, default=-1) + 1
        if number is None:
            number = self._first + index
        elif number >= self._first:
            index = number - self._first
        self.pages[index] = frame
        if self.translated or number < self._behind:
            self.space.put(number, Page(frame))

    def lost_frame(self) -> None:
        """Be told that nobody uses one of its frames any more."""
        if self.dying:
            self.hypervisor.reap(self)

    def call(self, cmd: int, address: int, count: int) -> int:
        """Make the bare call, and return its result.

        Raises:
            InvalidValue: the domain has been destroyed.
        """
        if self.dying:
            raise InvalidValue(f"d{self.domid} has been destroyed, and makes no calls")
        with self.hypervisor.lock:
            self.reasons = []
            self.injected = []
            return call.grant_table_op(self, cmd, address, count)

    def __repr__(self) -> str:
        state = ", dying" if self.dying else ""
        return f"<d{self.domid}: {self.kind}, {self.abi.name}, {self._count()} pages{state}>"
