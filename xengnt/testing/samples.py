# SPDX-License-Identifier: MIT
"""Batches made of cases, with what they should bring about.

Imports ``xengnt.abi``, ``xengnt.codec``, ``xengnt.scenario`` and the modules beside it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from xengnt.abi.bits import SELF, SOURCE_GREF
from xengnt.abi.constants import Status
from xengnt.codec import Abi
from xengnt.scenario import Scenario
from xengnt.testing.case import WRONG, Case, Row
from xengnt.testing.stage import CALLER, EMPTY, GUEST, setting, shared_stage

Line = dict[str, Any]


class Sample:
    """A batch of an op, or entries, with a label that says what is wrong in it.

    Args:
        abi: the ABI.
        op: the op, or the tag of an entry.
        elements: each with the case that it is of; their values may be names.
        about: the case that it is about, of which no element needs to be there.

    Attributes:
        label: of the wrong case that is in it, "" if none is.
        cases: that of each element.
        caller: which domain of the stage makes the call.
    """

    def __init__(
        self, abi: Abi, op: str, elements: Sequence[tuple[Case, Row]], about: Case
    ) -> None:
        self.abi = abi
        self.op = op
        self.cases = tuple(one for one, _ in elements)
        self._rows = [row for _, row in elements]
        self.label = about.label if about.kind == WRONG else ""
        self.caller = about.caller
        self._rcs = [one.rc for one in self.cases or (about,)]

    @property
    def version(self) -> int:
        """The version of the grant table that it is for."""
        return 2 if self.op == "grant_entry_v2" else 1

    @cached_property
    def rows(self) -> list[dict[str, int]]:
        """Its elements, with the numbers that things have on the stage."""
        stage = shared_stage(self.abi, self.version if self.abi.name.startswith("x86") else 1)
        return [stage.numbers(row) for row in self._rows]

    @cached_property
    def blob(self) -> bytes:
        """Its bytes."""
        return self.abi.encode(self.op, self.rows)

    @property
    def rc(self) -> int:
        """The result that the call has on the stage: the first one that is not 0."""
        return next((rc for rc in self._rcs if rc), 0)

    @property
    def statuses(self) -> list[Status | None]:
        """The status that each element gets on the stage; None for one that gets none."""
        return [None if self.rc else one.status for one in self.cases]

    def lines(self) -> list[Line]:
        """Return the steps of a scenario that have it played after the stage is set."""
        if self.op not in self.abi.layout.ops:
            return [line for n in range(len(self._rows)) for line in self._used(n)]
        line: Line = {"op": self.op, "caller": self.caller, "args": self._rows, "rc": self.rc}
        if any(status is not None for status in self.statuses):
            line["results"] = [{"status": int(one)} for one in self.statuses if one is not None]
        return [line]

    def _used(self, number: int) -> list[Line]:
        """Return steps that write an entry, and read a byte through it."""
        row, status = self._rows[number], self.cases[number].status
        ref = EMPTY + number
        lines: list[Line] = [{"write": row, "in": GUEST, "entry": ref}]
        copy: Row = {
            "source.u.ref": ref,
            "source.domid": f"${GUEST}.domid",
            "source.offset": row.get("sub_page.page_off", 0),
            "dest.u.gmfn": f"${CALLER}.frame[0]",
            "dest.domid": SELF,
            "len": 1,
            "flags": SOURCE_GREF,
        }
        if status is not None:
            line = {"op": "copy", "caller": CALLER, "args": [copy], "rc": 0}
            lines.append(line | {"results": [{"status": int(status)}]})
        return lines

    def scenario(self) -> Scenario:
        """Return a scenario that sets the stage and plays it there, with what comes of it."""
        return played([self])

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"<{self.op} on {self.abi.name}{label}: {self.rows}>"


def played(samples: Sequence[Sample]) -> Scenario:
    """Return a scenario that sets the stage and plays samples there, all of one ABI."""
    first, *lines = setting(samples[0].abi, max(one.version for one in samples))
    title = "; ".join(f"{one.op} {one.label}".strip() for one in samples)
    every = [first | {"title": title}, *lines, *(line for one in samples for line in one.lines())]
    return Scenario.parse(map(json.dumps, every), "sample")
