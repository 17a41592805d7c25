# SPDX-License-Identifier: MIT
"""The hypervisor of a rig, and what C code can ask of it.

Imports ``xengnt.errors``, ``xengnt.abi``, ``xengnt.codec``, ``xengnt.model`` and the modules
beside it.
"""

from __future__ import annotations

import errno
from pathlib import Path
from threading import RLock
from typing import Any

from xengnt.abi.bits import SELF, TYPE_MASK
from xengnt.abi.constants import Op
from xengnt.abi.targets import PAGE_SHIFT
from xengnt.codec import Abi
from xengnt.errors import InvalidValue, XengntError
from xengnt.model import Domain, Hypervisor
from xengnt.model.behaviour import LIMITS
from xengnt.model.failures import Failed
from xengnt.rig.memory import WINDOW, SharedMemory
from xengnt.rig.recording import Recording

PAGES = 64
"""How many pages a domain has, if that is not said."""

FOR_EVER = (1 << 32) - 1

FEW, MOST = 3, 1 << 16
"""The arguments of smaller and of larger calls are looked at one by one."""

Reason = tuple[int | None, str]
"""The index of an element, None for the call as a whole, and why it failed."""


class NotDone(XengntError):
    """What is asked for is not done.

    Attributes:
        errno: why, as a number that C knows.
    """

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.errno = number


def _choice(hypervisor: Hypervisor, name: str) -> Any:
    """Return what was chosen for a hypervisor."""
    at_hand = hypervisor if name == "xen_version" else hypervisor.behaviour
    return getattr(at_hand, name)


class Rig:
    """One hypervisor at a time, its memory, and a recording of what happens.

    Threads may share it.

    Attributes:
        lock: held by who does something with it.
        generation: how often it has begun anew.
    """

    def __init__(self) -> None:
        self.lock = RLock()
        self._hypervisor: Hypervisor | None = None
        self._memory: SharedMemory | None = None
        self._choices: dict[str, Any] = {}
        self._recording: Recording | None = None
        self._called = False
        self.generation = 0
        self._abi = Abi.native()
        self._sizes: dict[int, int] = {}

    # Hypervisor and domains

    def reset(self) -> None:
        """Forget everything.

        Raises:
            NotDone: the recording is not whole; all is forgotten nevertheless.
        """
        try:
            self.record(None)
        finally:
            if self._memory:
                self._memory.close()
            self._hypervisor = self._memory = None
            self._choices, self._called = {}, False
            self.generation += 1

    def create_hypervisor(self, xen_version: str | None = None, **choices: Any) -> None:
        """Begin anew, with what is chosen; a recording goes on if there was no call yet.

        Raises:
            InvalidValue: there is no such choice, and nothing has changed.
        """
        given: dict[str, Any] = {} if xen_version is None else {"xen_version": xen_version}
        given |= {name: value for name, value in choices.items() if value is not None}
        memory = SharedMemory()
        try:
            made = Hypervisor(**given, backing=memory)
        except BaseException:
            memory.close()
            raise
        path = self._recording.path if self._recording and not self._called else None
        self.reset()
        self._hypervisor, self._memory, self._choices = made, memory, given
        self.record(path)

    def create_domain(self, abi: str | None, pages: int | None, **options: Any) -> int:
        """Make a domain, and return its number. What is None was not given.

        Raises:
            NotDone: the hypervisor has other choices, or there is such a domain already.
            XengntError: there can be no such domain.
        """
        options = {name: value for name, value in options.items() if value is not None}
        domid = options.get("domid")
        limits = {name: options.pop(name) for name in LIMITS if name in options}
        wide: dict[str, Any] = {
            name: options.pop(name)
            for name in ("xen_version", "transitive", "transfer", "cache_flush")
            if name in options
        }
        self._choose(wide)
        hypervisor = self._there()
        if domid in hypervisor.domains:
            raise NotDone(errno.EEXIST, f"there is a domain {domid} already")
        if self._recording and (other := self._recording.unsaid(limits)):
            raise NotDone(errno.EOPNOTSUPP, f"{other}: a recording cannot say that of one domain")
        domain = hypervisor.create_domain(
            PAGES if pages is None else pages, abi=abi or self._abi, **options, **limits
        )
        if self._recording:
            self._recording.domain(domain)
        return domain.domid

    def _choose(self, wide: dict[str, Any]) -> None:
        """Have a hypervisor with such choices."""
        now = self._hypervisor
        if now is None:
            self.create_hypervisor(**wide)
            return
        other = [name for name, value in wide.items() if _choice(now, name) != value]
        if other and (now.domains or (self._recording and self._called)):
            raise NotDone(errno.EOPNOTSUPP, f"{other[0]}: the hypervisor has another one")
        if other:
            self.create_hypervisor(**self._choices | wide)

    def destroy_domain(self, domid: int) -> None:
        """End a domain."""
        domain = self.domain(domid)
        if self._recording:
            self._recording.destroy(domain)
        hypervisor = self._there()
        hypervisor.destroy(domain)
        hypervisor.faults.forget(domid)

    def _there(self) -> Hypervisor:
        if self._hypervisor is None:
            raise NotDone(errno.ESRCH, "there is no hypervisor")
        return self._hypervisor

    def domain(self, domid: int) -> Domain:
        """Return a domain by its number.

        Raises:
            NotDone: there is none.
        """
        found = self._hypervisor.domains.get(domid) if self._hypervisor else None
        if found is None or found.dying:
            raise NotDone(errno.ESRCH, f"there is no domain {domid}")
        return found

    def first(self) -> int:
        """Return the number of the first domain that there is.

        Raises:
            NotDone: there is none.
        """
        domains = self._hypervisor.domains if self._hypervisor else {}
        for domid, domain in domains.items():
            if not domain.dying:
                return domid
        raise NotDone(errno.ESRCH, "there is no domain to call for")

    # Calls

    def call(self, domid: int, cmd: int, address: int, count: int) -> tuple[int, Reason | None]:
        """Make a call in the name of a domain; return its result, and what failed last, if any."""
        domain = self.domain(domid)
        self._called = True
        call = self._recording.call if self._recording else Domain.call
        size = self._size(domain, cmd, count)
        if size and self._memory:
            with self._memory.process.held(address, size):
                rc = call(domain, cmd, address, count)
        else:
            rc = call(domain, cmd, address, count)
        return rc, domain.reasons[-1] if domain.reasons else None

    def _size(self, domain: Domain, cmd: int, count: int) -> int:
        """Return how many bytes arguments are that are worth being fetched at once."""
        if domain.abi.name != self._abi.name or not FEW < count <= MOST:
            return 0
        if cmd not in self._sizes:
            codec = domain.abi.codec_of(cmd)
            self._sizes[cmd] = codec.plan.struct.size if codec else 0
        return self._sizes[cmd] * count

    def inject(self, domid: int, cmd: int, status: int, skip: int, times: int) -> None:
        """Let elements fail that would not.

        Raises:
            XengntError: there is no such domain, command or status.
        """
        if domid != SELF:
            self.domain(domid)
        if cmd not in set(Op):
            raise InvalidValue(f"there is no command {cmd}", got=cmd)
        self._there().inject(
            Op(cmd).name.lower(),
            status,
            skip=skip,
            times=None if times == FOR_EVER else times,
            domid=None if domid == SELF else domid,
        )

    def limit_handles(self, domid: int, handles: int) -> None:
        """Let a domain have only so many handles."""
        self.domain(domid).table.maptrack.limit = None if handles == FOR_EVER else handles

    def heal(self) -> int:
        """Let nothing fail any more that would not, and return how much has."""
        hypervisor = self._there()
        for domain in hypervisor.domains.values():
            domain.table.maptrack.limit = None
        return hypervisor.faults.heal()

    def record(self, path: Path | None) -> None:
        """Record in a file, or no more.

        Raises:
            NotDone: the file cannot be written, or could not be some time before; or there
                have been calls that are not recorded.
        """
        if path is not None and self._called:
            raise NotDone(errno.EBUSY, "a recording begins before the first call")
        if path is not None and self._hypervisor is None:
            self.create_hypervisor()
        ended = self._recording
        try:
            new = None if path is None else Recording(path, self._there(), self._choices)
            self._recording = new
            if ended:
                ended.close()
        except (OSError, ValueError) as error:
            number, why = getattr(error, "errno", None), getattr(error, "strerror", None)
            name = path or (ended.path if ended else "")
            raise NotDone(number or errno.EINVAL, f"{name}: {why or error}") from None

    # Where things are

    def page(self, domid: int, index: int) -> tuple[memoryview, int, int, int]:
        """Return the bytes of a page, its frame number, its address, and the machine's.

        Raises:
            NotDone: there is no such page.
        """
        domain = self.domain(domid)
        try:
            return (
                domain.page(index),
                domain.frame(index),
                domain.address(index),
                domain.machine_address(index),
            )
        except InvalidValue as error:
            raise NotDone(errno.ENOENT, str(error)) from None

    def room(self, domid: int, index: int) -> int:
        """Return the address of room for a mapping.

        Raises:
            NotDone: there is not that much.
        """
        domain = self.domain(domid)
        if index >= WINDOW:
            raise NotDone(errno.ENOSPC, f"d{domid} has room for {WINDOW} pages")
        return domain.places.window + (index << PAGE_SHIFT)

    def bytes_at(self, domid: int, address: int, *, writing: bool) -> memoryview | int | None:
        """Return what a guest sees at an address: bytes of a frame, or where in this process."""
        domain = self.domain(domid)
        if found := domain.memory.page_at(address, writing=writing):
            return found
        elsewhere = domain.machine.backing.elsewhere(domain.abi)
        if elsewhere is None or not elsewhere.has(address, 1):
            return None
        was = elsewhere.read(address, 1)
        if was is None or (writing and not elsewhere.write(address, was)):
            return None
        return address

    def table(self, domid: int, index: int, *, status: bool) -> memoryview | None:
        """Return a frame of a table, or of its status array, None behind the last."""
        table = self.domain(domid).table
        frames = table.status_frames if status else table.frames
        return frames[index] if index < len(frames) else None

    def frame_at(self, domid: int, address: int) -> int:
        """Return the number of the frame of its own that a domain sees at an address.

        Raises:
            NotDone: there is none.
        """
        domain = self.domain(domid)
        page = domain.space.pages.get(address >> PAGE_SHIFT)
        name = domain.name_of(page.frame) if page and page.frame.owner is domain else None
        if name is None:
            raise NotDone(errno.ENOENT, f"d{domid} has no page of its own at {address:#x}")
        return name

    def address_of(self, domid: int, number: int) -> int | None:
        """Return where a domain sees the frame that it names by a number."""
        domain = self.domain(domid)
        try:
            frame = domain.frame_named(number)
        except Failed:
            return None
        pages = domain.space.pages
        return next(
            (page << PAGE_SHIFT for page, seen in pages.items() if seen.frame is frame), None
        )

    def use(self, domid: int) -> dict[str, int]:
        """Return what a domain has in use, by the names of ``struct xengnt_rig_use``."""
        table = self.domain(domid).table
        entries = table.entries
        return {
            "handles": len(table.maptrack.live),
            "granted": sum(bool(entries.header(n)[0] & TYPE_MASK) for n in range(len(entries))),
            "in_use": len(table.pins),
            "frames": len(table.frames),
        }
