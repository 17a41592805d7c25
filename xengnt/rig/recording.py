# SPDX-License-Identifier: MIT
"""Writes down what happens in a rig, as a scenario that plays again.

Before each call come the changes that guest code has made since the last one. It runs while
no other call is made; what other threads change in the meantime counts as changed later.

Imports ``xengnt.codec``, ``xengnt.model``, ``xengnt.scenario`` and the modules beside it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from xengnt.codec import Abi
from xengnt.model import Domain, Hypervisor
from xengnt.model.behaviour import LIMITS, Behaviour
from xengnt.rig.changes import Watch
from xengnt.rig.descriptors import above_standard
from xengnt.rig.naming import Namer
from xengnt.rig.recorded import Raw, Recorded
from xengnt.scenario import Scenario

T = TypeVar("T")

REWRITES = frozenset({"set_version", "swap_grant_ref", "transfer"})
"""Ops with which Xen writes more of entries than who uses them."""


class Recording:
    """A recording in progress.

    Args:
        path: the file, which is written as things happen.
        hypervisor: what is recorded; nothing has been called yet.
        choices: what was chosen for it.

    Attributes:
        path: the file.
        failed: why it could not be written at some point; nothing was written after that.

    Raises:
        OSError, ValueError: the file cannot be written.
    """

    def __init__(self, path: Path, hypervisor: Hypervisor, choices: dict[str, Any]) -> None:
        self.path = path
        self._hypervisor = hypervisor
        self._namer = Namer(hypervisor)
        self._watch = Watch(hypervisor)
        self._calls = 0
        head = Scenario(Abi.native(), xen_version=choices.get("xen_version"))
        head.xen = {key: value for key, value in choices.items() if key != "xen_version"}
        self.failed: Exception | None = None
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise ValueError("it is there, and no file")  # a pipe would be waited for
        with above_standard():
            self._file = path.open("wb", buffering=0)
        self._end = 0
        if failed := self._put(head.text()):
            self._file.close()
            raise failed
        for domain in hypervisor.domains.values():
            if other := self.unsaid(_limits_of(domain.behaviour)):
                self._file.close()
                raise ValueError(f"d{domain.domid} has a {other} of its own, which it cannot say")
            self.domain(domain)

    def unsaid(self, limits: dict[str, Any]) -> str | None:
        """Return which of a domain's limits is not the hypervisor's: it could not be said."""
        common = self._hypervisor.behaviour
        return next((name for name, one in limits.items() if one != getattr(common, name)), None)

    def close(self) -> None:
        """End it.

        Raises:
            OSError: it could not be written, then or before.
            ValueError: something happened that it could not say.
        """
        self._changes()
        self._file.close()
        if self.failed:
            raise self.failed

    def _line(self, line: dict[str, Any]) -> None:
        """Write a line; a disk that is full is no reason for a call to fail."""
        if not self.failed:
            self.failed = self._put(json.dumps(line) + "\n")

    def _put(self, text: str) -> OSError | None:
        """Write text, and return why not if it cannot be."""
        rest = memoryview(text.encode())
        size = len(rest)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            with suppress(OSError):
                self._file.truncate(self._end)  # up to the last whole line
            return error
        self._end += size
        return None

    def domain(self, domain: Domain) -> None:
        """Write down a domain that has been made."""
        line: dict[str, Any] = {"domain": self._namer.domain(domain)}
        line |= {} if domain.abi == Abi.native() else {"abi": domain.abi.name}
        line |= {"kind": domain.kind, "pages": len(domain.pages)}
        line |= {} if domain.max_pages is None else {"max_pages": domain.max_pages}
        line |= {name: True for name in ("privileged", "high") if getattr(domain, name)}
        self._line(line)
        self._watch.forget(domain)

    def destroy(self, domain: Domain) -> None:
        """Write down that a domain is going to be ended."""
        self._changes()
        self._line({"destroy": self._namer.domain(domain)})
        self._namer.forget(domain)

    def _changes(self) -> None:
        """Write down what guest code has changed."""
        for domain in self._hypervisor.domains.values():
            if domain.dying:
                continue
            who = {"in": self._namer.domain(domain)}
            for page, offset, data in self._watch.pages(domain):
                self._line({"write": data.hex(), **who, "page": page, "offset": offset})
            tag = f"grant_entry_v{domain.table.version}"
            for ref, entry in self._watch.entries(domain):
                [row] = domain.abi.decode(tag, entry)
                named = self._namer.row(domain, domain.abi.struct(tag), row)
                self._line({"write": named, **who, "entry": ref})

    def call(self, caller: Domain, cmd: int, address: int, count: int) -> int:
        """Make a call, write it down, and return its result; whatever becomes of the former."""
        call = self._said(lambda: self._before(caller, cmd, address, count))
        rc = caller.call(cmd, address, count)
        self._said(lambda: self._after(call, rc))
        return rc

    def _said(self, what: Callable[[], T]) -> T | None:
        """Do something; if that goes wrong, the recording has failed, and not the call."""
        if self.failed:
            return None
        try:
            return what()
        except Exception as error:  # noqa: BLE001 -- it is told in the end
            self.failed = ValueError(f"call {self._calls} could not be written down: {error}")
            return None

    def _before(self, caller: Domain, cmd: int, address: int, count: int) -> Recorded | Raw:
        self._changes()
        address &= (1 << 8 * caller.abi.target.word) - 1
        if codec := caller.abi.codec_of(cmd):
            return Recorded(self._namer, codec, caller, address, count)
        return Raw(self._namer, caller, cmd, address, count)

    def _after(self, call: Recorded | Raw | None, rc: int) -> None:
        if call is None:
            return
        self._watch.settle(call.ranges, tables=call.op in REWRITES)
        for line in call.lines(rc, f"c{self._calls}"):
            self._line(line)
        self._calls += 1


def _limits_of(behaviour: Behaviour) -> dict[str, Any]:
    """Return what of a domain may differ from its hypervisor's."""
    return {name: getattr(behaviour, name) for name in LIMITS}
