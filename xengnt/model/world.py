# SPDX-License-Identifier: MIT
"""The model as a world that scenarios are played in.

Imports ``xengnt.errors``, ``xengnt.codec``, ``xengnt.scenario`` and the modules beside it.
"""

from __future__ import annotations

from typing import Any

from xengnt.codec import Abi
from xengnt.model.domain import Domain
from xengnt.model.hypervisor import Hypervisor
from xengnt.scenario.steps import MakeDomain
from xengnt.scenario.world import GuestActor

DEFAULT_VERSION = "4.17"


class ModelWorld:
    """A hypervisor of the model, in which scenarios make domains.

    Args:
        xen_version: which Xen to behave like; ``4.17`` if None.
        choices: what its administrator chose, as `Hypervisor` takes it.

    Attributes:
        hypervisor: the hypervisor, for whoever wants to look into it.
    """

    def __init__(self, xen_version: str | None = None, **choices: Any) -> None:
        self.hypervisor = Hypervisor(xen_version or DEFAULT_VERSION, **choices)

    def first(self, abi: Abi) -> DomainActor:
        """Make a control domain, for scenarios that make none."""
        return DomainActor(self.hypervisor.create_domain(abi=abi, privileged=True))

    def make(self, step: MakeDomain) -> DomainActor:
        """Make a domain."""
        return DomainActor(self.hypervisor.create_domain(abi=step.abi, **step.options))

    def destroy(self, actor: Any) -> None:
        """End a domain."""
        self.hypervisor.destroy(actor.backend)


class DomainActor(GuestActor):
    """A domain of the model, and the guest in it."""

    backend: Domain

    def __init__(self, domain: Domain) -> None:
        super().__init__(domain, _Rooms(domain))

    def reasons(self) -> list[tuple[int | None, str]]:
        """Return why elements of its last call failed."""
        return list(self.backend.reasons)

    def table(self, *, status: bool) -> list[memoryview]:
        """Return the frames of its grant table, or of the status array, in place."""
        table = self.backend.table
        return [memoryview(one) for one in (table.status_frames if status else table.frames)]


class _Rooms:
    """Addresses for mappings, by index, each a page that nothing else uses."""

    def __init__(self, domain: Domain) -> None:
        self._domain = domain
        self._rooms: list[int] = []

    def __call__(self, index: int) -> int:
        while len(self._rooms) <= index:
            self._rooms.append(self._domain.reserve())
        return self._rooms[index]
