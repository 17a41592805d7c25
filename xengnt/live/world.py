# SPDX-License-Identifier: MIT
"""Real Xen as a world that scenarios are played in.

Imports ``xengnt.errors``, ``xengnt.codec``, ``xengnt.scenario`` and the modules beside it.
"""

from __future__ import annotations

from typing import Any

from xengnt.codec import Abi
from xengnt.errors import Unavailable
from xengnt.live.control import Wish
from xengnt.live.domain import LiveDomain
from xengnt.live.machine import Boot
from xengnt.live.xen import Xen, options, supported
from xengnt.scenario.steps import MakeDomain
from xengnt.scenario.world import GuestActor

PAGES = 64
"""How many pages a domain has, if a scenario does not say."""

HEADROOM = 1024
"""How many more it may have then."""


_OF_ONE = {"max_grant_frames", "max_maptrack_frames", "max_version"}
"""What is chosen for each domain that is made, and so needs no boot."""


class Machines:
    """The machine that scenarios are played on, one after the other.

    It is booted when one is needed, and again when a scenario wants it otherwise, or the
    last one left traces in the first domain, which cannot be made anew.

    Attributes:
        boots: how often it was booted.
        xen_version: of the Xen that was booted last, as ``4.17.7``; None if none was.
        log: what it printed while it booted.
    """

    def __init__(self) -> None:
        self.boots = 0
        self.xen_version: str | None = None
        self.log: str | None = None
        self._xen: Xen | None = None

    @property
    def release(self) -> str | None:
        """The first two numbers of that version, as scenarios name it."""
        return ".".join(self.xen_version.split(".")[:2]) if self.xen_version else None

    def xen(self, boot: Boot, abi: Abi) -> Xen:
        """Return a Xen that was booted like this, with nothing but its first domain.

        Raises:
            Unavailable: QEMU, Xen or a C compiler is missing.
            BackendError: it does not boot.
        """
        now = self._xen
        if now and (now.machine.boot != boot or now.first.abi != abi or not now.tidy()):
            self.close()
        if self._xen is None:
            self._xen = Xen(boot, abi)
            self.boots += 1
            self.xen_version = self._xen.machine.xen_version
            self.log = self._xen.machine.boot_log
        return self._xen

    def rest(self) -> None:
        """Let it stand still until it is needed: it would take a core."""
        if self._xen:
            self._xen.machine.rest()

    def close(self) -> None:
        """Switch it off."""
        if self._xen:
            self._xen.close()
        self._xen = None


class LiveWorld:
    """Real Xen, in which one scenario makes its domains.

    The privileged one among them is the first domain, the only one that Xen lets do
    everything; all others are made anew.

    Args:
        machines: where to play.
        choices: what the administrator chose, as scenarios have it.

    Raises:
        Unavailable: something is chosen that no option of Xen's gives.
    """

    def __init__(self, machines: Machines, **choices: Any) -> None:
        self._machines = machines
        self._choices = choices
        options(choices)  # each has to be one
        self._xen: Xen | None = None
        self._chosen: dict[str, Any] = {}
        self._first_taken = False

    def first(self, abi: Abi) -> LiveActor:
        """Return the first domain, for scenarios that make none."""
        kind = {"x86_64": "pv", "x86_32": "pvh"}.get(abi.name, "arm")
        return LiveActor(self._running(abi, kind, self._choices).first)

    def make(self, step: MakeDomain) -> LiveActor:
        """Make a domain, or take the first one if it is to be privileged.

        Raises:
            Unavailable: there are no such domains here.
        """
        try:
            return LiveActor(self._make(step))
        except Unavailable as error:
            raise Unavailable(f"{step.name}: {error}") from None

    def _make(self, step: MakeDomain) -> LiveDomain:
        asked = step.options
        arm = step.abi.name not in ("x86_64", "x86_32")
        kind = asked.get("kind", "arm" if arm else "pv")
        domid, pages = asked.get("domid"), asked.get("pages", PAGES)
        supported(step.abi, kind)
        if asked.get("high"):
            raise Unavailable("the machine has no frames whose numbers do not fit 32 bits")
        if asked.get("privileged"):
            if self._first_taken or domid:
                raise Unavailable("Xen has but one privileged domain, whose number is 0")
            self._first_taken = True
            return self._take_first(step.abi, kind, pages)
        if domid == 0:
            raise Unavailable("0 is the number of the privileged domain")
        wish = Wish(
            domid=domid or 0,
            pages=pages,
            max_pages=asked.get("max_pages", pages + HEADROOM),
            frames=self._choices.get("max_grant_frames", -1),
            maptrack=self._choices.get("max_maptrack_frames", -1),
            grant_version=self._choices.get("max_version", 2),
        )
        default = Abi("arm64" if arm else "x86_64", step.abi.interface_version)
        of_all = {key: value for key, value in self._choices.items() if key not in _OF_ONE}
        return self._running(default, "arm" if arm else "pv", of_all).make(step.abi, kind, wish)

    def _take_first(self, abi: Abi, kind: str, pages: int) -> LiveDomain:
        first = self._running(abi, kind, self._choices).first
        if self._chosen != self._choices:
            raise Unavailable("with such choices the first domain has to be made first")
        if first.abi != abi:
            raise Unavailable(f"the first domain is one of {first.abi}: it has to be made first")
        first.lend_pages(pages)
        return first

    def _running(self, abi: Abi, kind: str, choices: dict[str, Any]) -> Xen:
        """Return Xen; the first who needs it says what its first domain is."""
        if self._xen is None:
            self._xen = self._machines.xen(Boot(kind, options(choices)), abi)
            self._chosen = choices
        return self._xen

    def destroy(self, actor: Any) -> None:
        """End a domain.

        Raises:
            Unavailable: it is the first one.
        """
        if self._xen:
            self._xen.destroy(actor.backend)


class LiveActor(GuestActor):
    """A domain of real Xen, and the guest in it."""

    backend: LiveDomain

    def __init__(self, domain: LiveDomain) -> None:
        super().__init__(domain, domain.room)

    def reasons(self) -> list[tuple[int | None, str]]:
        """Return nothing: Xen does not say why."""
        return []

    def grant(self, action: str, arguments: dict[str, Any]) -> int | None:
        """Change an entry of its table as its guest would."""
        found = super().grant(action, arguments)
        if action == "end_transfer" and found is not None:
            self.backend.receive(found)
        return found

    def table(self, *, status: bool) -> list[memoryview]:
        """Return the frames of its grant table, or of the status array, in place."""
        return self.backend.table(status=status)
