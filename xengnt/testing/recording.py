# SPDX-License-Identifier: MIT
"""Backends that write down, as scenarios, what tests call.

Imports ``xengnt.backends``, ``xengnt.codec``, ``xengnt.model``, ``xengnt.rig``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xengnt.backends import Recorder
from xengnt.backends.base import Backend
from xengnt.model import Domain, Hypervisor
from xengnt.rig.recording import Recording
from xengnt.scenario.document import CHOICES

if TYPE_CHECKING:
    from xengnt.backends.base import Memory
    from xengnt.codec import Abi


class Recordings:
    """What one test records: a file for each hypervisor of the model, and each other backend.

    Args:
        folder: where the files are.
        tell: is told of each file when it is begun.
    """

    def __init__(self, folder: Path, tell: Callable[[Path], None]) -> None:
        self._folder = folder
        self._tell = tell
        self._machines: dict[int, _Machine] = {}
        self._others: list[tuple[Path, Recorder]] = []

    def __call__(self, backend: Backend) -> Backend:
        """Return a backend that does what another does, and writes it down.

        Domains of one hypervisor are written to one file, with all that their guests did to
        their memory, as far as it was recorded from the first call on.
        """
        if not isinstance(backend, Domain):
            recorder = Recorder(backend)
            self._others.append((self._path(), recorder))
            return recorder
        hypervisor = backend.hypervisor
        if id(hypervisor) not in self._machines:
            self._machines[id(hypervisor)] = _Machine(self._path(), hypervisor)
        return RecordedDomain(backend, self._machines[id(hypervisor)])

    def _path(self) -> Path:
        path = self._folder / f"{len(self._machines) + len(self._others) + 1}.jsonl"
        self._tell(path)
        return path

    def close(self) -> None:
        """Write down what is left."""
        for machine in self._machines.values():
            machine.close()
        for path, recorder in self._others:
            recorder.save(path)


class RecordedDomain:
    """A domain of the model whose calls are written down."""

    def __init__(self, domain: Domain, machine: _Machine) -> None:
        self.domain = domain
        self._machine = machine

    @property
    def abi(self) -> Abi:
        """The ABI of its guest."""
        return self.domain.abi

    @property
    def memory(self) -> Memory:
        """The memory of its guest."""
        return self.domain.memory

    def call(self, cmd: int, address: int, count: int) -> int:
        """Make the bare call, write it down, and return its result."""
        return self._machine.call(self.domain, cmd, address, count)

    def __repr__(self) -> str:
        return f"<{self.domain!r}, recorded>"


class _Machine:
    """A hypervisor whose calls are written down, with its domains as they come and go."""

    def __init__(self, path: Path, hypervisor: Hypervisor) -> None:
        self._hypervisor = hypervisor
        self._known = dict(hypervisor.domains)
        self._recording = Recording(path, hypervisor, _choices(hypervisor))

    def call(self, caller: Domain, cmd: int, address: int, count: int) -> int:
        self._catch_up()
        return self._recording.call(caller, cmd, address, count)

    def close(self) -> None:
        self._catch_up()
        self._recording.close()

    def _catch_up(self) -> None:
        """Write down which domains were made and ended since the last call."""
        now = {d: one for d, one in self._hypervisor.domains.items() if not one.dying}
        for domid, domain in list(self._known.items()):
            if now.get(domid) is not domain:
                self._recording.destroy(domain)
                del self._known[domid]
        for domid, domain in now.items():
            if domid not in self._known:
                self._recording.domain(domain)
                self._known[domid] = domain


def _choices(hypervisor: Hypervisor) -> dict[str, Any]:
    """Return in what a hypervisor is not as others are, as the head of a scenario has it."""
    usual = Hypervisor(hypervisor.xen_version).behaviour
    mine = {name: getattr(hypervisor.behaviour, name, None) for name in CHOICES}
    given = {name: one for name, one in mine.items() if one != getattr(usual, name, None)}
    return {"xen_version": hypervisor.xen_version} | given
