# SPDX-License-Identifier: MIT
"""The hypervisor: the machine, its domains, and which Xen it behaves like.

Imports ``xengnt.errors``, ``xengnt.codec`` and the modules beside it.
"""

from __future__ import annotations

from dataclasses import replace
from threading import RLock
from typing import Any

from xengnt.abi.bits import FIRST_RESERVED
from xengnt.abi.constants import Op, Status
from xengnt.codec import Abi
from xengnt.errors import InvalidValue
from xengnt.model import dump
from xengnt.model.backing import Backing
from xengnt.model.behaviour import Behaviour, parse_version
from xengnt.model.domain import KINDS, Domain
from xengnt.model.faults import Fault, Faults
from xengnt.model.machine import Machine
from xengnt.model.mapping import undo_all


class Hypervisor:
    """A model of Xen's grant tables.

    Args:
        xen_version: which Xen to behave like, ``4.17``.
        max_grant_frames: how many frames a grant table may have.
        max_maptrack_frames: how many pages of handles a domain may have, of 256 each.
        max_version: the newest version of tables, 1 or 2; on Arm it is 1 in any case.
        transitive: whether transitive grants are honoured.
        transfer: whether PV guests may transfer.
        cache_flush: whether there is that op; by default what the version has.
        patched: whether it has the fixes of XSA-523, of November 2026.
        low_frames: how many frames the machine has whose number fits 32 bits.
        backing: what memory is made of, plain bytes by default.

    Attributes:
        behaviour: the choices.
        machine: the memory.
        domains: by number, those included that died but still have frames in use.
        faults: what is to fail.

    Raises:
        InvalidValue: a choice that there is not.
    """

    def __init__(
        self,
        xen_version: str = "4.17",
        *,
        max_grant_frames: int = 64,
        max_maptrack_frames: int = 1024,
        max_version: int = 2,
        transitive: bool = True,
        transfer: bool = True,
        cache_flush: bool | None = None,
        patched: bool = True,
        low_frames: int = 1 << 20,
        backing: Backing | None = None,
    ) -> None:
        self.behaviour = Behaviour(
            parse_version(xen_version),
            patched=patched,
            max_grant_frames=max_grant_frames,
            max_maptrack_frames=max_maptrack_frames,
            max_version=max_version,
            transitive=transitive,
            transfer=transfer,
            cache_flush=cache_flush,
        )
        self.xen_version = xen_version
        self.machine = Machine(low_frames, backing or Backing())
        self.domains: dict[int, Domain] = {}
        self.faults = Faults()
        self.lock = RLock()
        """One call at a time."""

    def create_domain(
        self,
        pages: int = 64,
        *,
        abi: Abi | str = "x86_64",
        kind: str | None = None,
        privileged: bool = False,
        domid: int | None = None,
        max_pages: int | None = None,
        high: bool = False,
        **limits: Any,
    ) -> Domain:
        """Make a domain.

        Args:
            pages: how many pages of memory it has.
            abi: the ABI of its guest.
            kind: ``pv``, ``hvm``, ``pvh`` or ``arm``, which all are whose ABI is not of x86;
                by default ``pv`` on x86.
            privileged: whether it may act on other domains' tables.
            domid: its number, by default the first that is free.
            max_pages: how many pages it may get by transfers, by default any number.
            high: whether its pages have frame numbers that do not fit 32 bits.
            limits: ``max_grant_frames``, ``max_maptrack_frames`` or ``max_version``, where it
                is to be another one than the hypervisor's.

        Raises:
            InvalidValue: these do not go together, or with the domains that there are.
            UnknownName: there is no such ABI.
            Unavailable: there is not that much memory.
        """
        abi = Abi(abi) if isinstance(abi, str) else abi
        x86 = abi.name.startswith("x86")
        kind = kind or ("pv" if x86 else "arm")
        if kind not in KINDS or x86 is (kind == "arm"):
            raise InvalidValue(f"kind: a guest of {abi.name} is no {kind!r}", got=kind)
        others = {one.abi.name.startswith("x86") for one in self.domains.values()}
        if others - {x86}:
            raise InvalidValue(f"abi: the machine is none for guests of {abi.name}", got=abi.name)
        if domid is None:
            domid = next(n for n in range(FIRST_RESERVED + 1) if n not in self.domains)
        if not 0 <= domid < FIRST_RESERVED:
            raise InvalidValue(f"domid: {domid} can be no domain's", got=domid)
        if domid in self.domains:
            raise InvalidValue(f"domid: there is a domain {domid} already", got=domid)
        behaviour = replace(self.behaviour, **limits)
        backing = self.machine.backing
        places = backing.places(abi, kind, pages, max_pages)
        try:
            domain = Domain(
                self,
                domid,
                abi=abi,
                kind=kind,
                pages=pages,
                privileged=privileged,
                max_pages=max_pages,
                high=high,
                behaviour=behaviour,
                places=places,
            )
        except BaseException:
            backing.leave(places)
            raise
        self.domains[domid] = domain
        return domain

    def destroy(self, domain: Domain) -> None:
        """End a domain.

        What it has mapped is unmapped. Its frames are freed, those later that others have
        mapped; until then it is still known by its number.

        Raises:
            InvalidValue: it has been destroyed before.
        """
        with self.lock:
            if domain.dying:
                raise InvalidValue(f"d{domain.domid} has been destroyed before")
            self.machine.backing.leave(domain.places)
            undo_all(domain)
            domain.space.clear()
            domain.paged_out.clear()
            domain.dying = True
            for frame in [frame for frame in domain.owned if not frame.xen]:
                self.machine.release(frame)
            self.reap(domain)

    def inject(
        self,
        op: str,
        status: Status | int,
        *,
        skip: int = 0,
        times: int | None = 1,
        domid: int | None = None,
    ) -> None:
        """Let elements fail that would not.

        Args:
            op: of which op, ``map_grant_ref``.
            status: with what.
            skip: how many are done before.
            times: how many then fail, None for all.
            domid: in whose calls; by default in anybody's.

        Raises:
            InvalidValue: there is no such op or status, or its elements have none.
        """
        try:
            known = Op[op.upper()], Status(status)
        except (KeyError, ValueError):
            raise InvalidValue(f"no op {op!r}, or no status {status}", got=(op, status)) from None
        with self.lock:
            self.faults.plan(Fault(*known, skip, times, domid))

    def reap(self, domain: Domain) -> None:
        """Forget a dead domain when nobody has a frame of it any more."""
        own = [*domain.table.shared, *domain.table.status]
        if len(domain.owned) > len(own) or any(frame.references for frame in own):
            return
        if self.domains.get(domain.domid) is domain:
            del self.domains[domain.domid]
            for frame in own:
                self.machine.release(frame)

    def find(self, domid: int) -> Domain | None:
        """Return a domain by its number, None if there is none; reserved ones are none."""
        return self.domains.get(domid)

    def dump(self) -> dict[str, Any]:
        """Return all tables, pins and handles, as values that JSON can hold."""
        return dump.hypervisor(self)

    def __repr__(self) -> str:
        return f"<Xen {self.xen_version}, modelled: {len(self.domains)} domains>"
