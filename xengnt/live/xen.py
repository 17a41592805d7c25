# SPDX-License-Identifier: MIT
"""Xen that runs, with its first domain and what that makes.

Imports ``xengnt.errors``, ``xengnt.codec`` and the modules beside it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from xengnt.abi.targets import PAGE_SIZE
from xengnt.codec import Abi
from xengnt.dispatch import Dispatcher
from xengnt.errors import Unavailable, XengntError
from xengnt.live import arm, places, pv, pvh
from xengnt.live.control import Control, Wish
from xengnt.live.domain import LiveDomain
from xengnt.live.machine import Boot, Machine

MOST_PAGES = (places.PAGES_END - places.PAGES) // PAGE_SIZE

FIRST_PAGES = 256
"""How many pages for scenarios the first domain has."""

_KINDS: dict[tuple[str, str], Any] = {
    ("x86_64", "pv"): pv,
    ("x86_32", "pvh"): pvh,
    ("x86_32", "hvm"): pvh,
    ("arm64", "arm"): arm,
}
"""What can run here, by ABI and kind, with the module that makes it."""

_MAP, _TRANSFER, _REPLACE = 0, 4, 7


class Xen:
    """Xen on one machine.

    Args:
        boot: how to boot it.
        abi: the ABI of the first domain.

    Attributes:
        machine: the machine.
        first: the first domain, which is privileged.

    Raises:
        Unavailable: QEMU, Xen or a C compiler is missing.
        BackendError: it does not boot.
    """

    def __init__(self, boot: Boot, abi: Abi) -> None:
        if boot.first == "hvm":
            raise Unavailable("the first domain is a PV or a PVH one, never an HVM one")
        self.machine = Machine(boot)
        self.first: LiveDomain = _KINDS[abi.name, boot.first].first(self.machine, abi, FIRST_PAGES)
        self._frames = list(self.first.frames)
        self._control = Control(self.first)
        self._made: list[LiveDomain] = []

    def make(self, abi: Abi, kind: str, wish: Wish) -> LiveDomain:
        """Make a domain with our kernel in it.

        Raises:
            Unavailable: there are no such domains here.
            BackendError: Xen does not make it.
        """
        maker = _KINDS[supported(abi, kind)]
        arm = kind == "arm"
        if arm is not (self.machine.boot.first == "arm"):
            raise Unavailable("a machine has domains of x86 or of Arm, not of both")
        if wish.pages > MOST_PAGES:
            raise Unavailable(f"{wish.pages} pages: a domain has at most {MOST_PAGES} here")
        if arm:
            wish = replace(wish, grant_version=1)  # Xen takes no other
        domid = self._control.create(wish, translated=kind != "pv")
        try:
            domain: LiveDomain = maker.make(self.machine, self._control, abi, domid, wish)
        except XengntError:
            self._control.destroy(domid)
            raise
        self._made.append(domain)
        return domain

    def destroy(self, domain: LiveDomain) -> None:
        """End a domain.

        Raises:
            Unavailable: it is the first one.
            BackendError: Xen does not end it.
        """
        if domain is self.first:
            raise Unavailable("the first domain cannot be ended")
        self._made.remove(domain)
        domain.close()
        self._control.destroy(domain.domid)

    def tidy(self) -> bool:
        """End all domains but the first, which becomes as it was; tell whether all worked."""
        try:
            for domain in self._made[::-1]:
                self.destroy(domain)
            return self._tidy_first()
        except XengntError:
            return False

    def _tidy_first(self) -> bool:
        if self.first.used & {_MAP, _TRANSFER, _REPLACE}:
            return False  # some of what these leave behind cannot be found
        ask = Dispatcher(self.first)
        if ask.set_version(version=1).rc:
            return False
        if ask.query_size(dom="DOMID_SELF").rows()[0]["nr_frames"] > 1:
            return False
        self.first.frames[:] = self._frames
        pages = [self.first.ram.page(self.first.table_frames(0, 1, status=False)[0])]
        pages += [self.first.page(index) for index in range(len(self._frames))]
        for page in pages:
            page[:] = bytes(PAGE_SIZE)
        self.first.used.clear()
        return True

    def close(self) -> None:
        """Switch the machine off."""
        for domain in (self.first, *self._made):
            domain.close()
        self.machine.close()


def supported(abi: Abi, kind: str) -> tuple[str, str]:
    """Return ABI and kind, if such domains can be run here.

    Raises:
        Unavailable: they cannot.
    """
    if (abi.name, kind) not in _KINDS:
        raise Unavailable(f"no {kind} domains of {abi.name} are run here on real Xen")
    return abi.name, kind


def options(choices: dict[str, Any]) -> str:
    """Return what Xen's command line says of what the administrator chose.

    Raises:
        Unavailable: there is no option for one of them.
    """
    words: list[str] = []
    table: list[str] = []
    for name, value in choices.items():
        match name:
            case "max_grant_frames":
                words.append(f"gnttab_max_frames={value}")
            case "max_maptrack_frames":
                words.append(f"gnttab_max_maptrack_frames={value}")
            case "max_version":
                table.append(f"max-ver:{value}")
            case "transitive" | "transfer":
                table.append(f"{name}={'yes' if value else 'no'}")
            case _:
                raise Unavailable(f"{name}: Xen has no option for it")
    if table:
        words.append(f"gnttab={','.join(table)}")
    return " ".join(words)
