# SPDX-License-Identifier: MIT
"""Plays recorded cases, and tells which came out as recorded.

Imports ``xengnt.errors``, ``xengnt.scenario`` and the modules beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from xengnt.backends.base import Backend
from xengnt.errors import XengntError
from xengnt.findings import Finding
from xengnt.scenario import Scenario, World, play

PASSED, DIFFERS, UNSUPPORTED = "passed", "differs", "unsupported"
VERDICTS = (PASSED, DIFFERS, UNSUPPORTED)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a case.

    Attributes:
        case: the case.
        verdict: one of `VERDICTS`.
        findings: what differs.
        why: why it could not be played.
    """

    case: Scenario
    verdict: str
    findings: list[Finding] = field(default_factory=list)
    why: str = ""

    @property
    def op(self) -> str:
        """What it is about: an op, or ``call`` for what is none."""
        return self.case.title.partition("/")[0]


def run(cases: Iterable[Scenario], on: Callable[[Scenario], Backend | World]) -> Iterator[Verdict]:
    """Play cases, and give what came of each.

    Args:
        cases: the cases.
        on: what each is played on; it raises if it does not have what the case asks for.
    """
    for case in cases:
        try:
            world = on(case)
            findings = [found for _, step in play(case, world) for found in step]
        except XengntError as error:
            yield Verdict(case, UNSUPPORTED, why=str(error))
        else:
            yield Verdict(case, DIFFERS if findings else PASSED, findings)
