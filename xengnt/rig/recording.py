# SPDX-License-Identifier: MIT
"""Writes down what happens in a rig, as a scenario that plays again.

Before each call come the changes that guest code has made since the last one. It runs while
no other call is made; what other threads change in the meantime counts as changed later.

Imports ``xengnt.codec``, ``xengnt.model``, ``xengnt.scenario`` and the modules beside it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from xengnt.codec import Abi
from xengnt.model import Domain, Hypervisor
from xengnt.rig.changes import Watch
from xengnt.rig.naming import Namer
from xengnt.rig.recorded import Recorded
from xengnt.scenario import Scenario

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
        self.failed: OSError | None = None
        self._file = path.open("wb", buffering=0)
        if failed := self._put(head.text()):
            self._file.close()
            raise failed
        for domain in hypervisor.domains.values():
            self.domain(domain)

    def close(self) -> None:
        """End it.

        Raises:
            OSError: it could not be written, then or before.
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
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            return error
        return None

    def domain(self, domain: Domain) -> None:
        """Write down a domain that has been made."""
        line: dict[str, Any] = {"domain": self._namer.domain(domain)}
        line |= {} if domain.abi == Abi.native() else {"abi": domain.abi.name}
        line |= {"kind": domain.kind, "pages": len(domain.pages)}
        line |= {} if domain.max_pages is None else {"max_pages": domain.max_pages}
        line |= {name: True for name in ("privileged", "high") if getattr(domain, name)}
        self._line(line)

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
        """Make a call, write it down, and return its result."""
        self._changes()
        codec = caller.abi.codec_of(cmd)
        if codec is None:
            rc = caller.call(cmd, address, count)
            who = self._namer.domain(caller)
            self._line({"cmd": cmd, "caller": who, "count": count, "in": "", "rc": rc})
            return rc
        call = Recorded(self._namer, codec, caller, address, count)
        rc = caller.call(cmd, address, count)
        self._watch.settle(call.ranges, tables=codec.name in REWRITES)
        for line in call.lines(rc, f"c{self._calls}"):
            self._line(line)
        self._calls += 1
        return rc
