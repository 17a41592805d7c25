# SPDX-License-Identifier: MIT
"""What comes of a check.

Imports ``xengnt.abi``, ``xengnt.findings``, ``xengnt.match``, ``xengnt.sources``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from xengnt.abi.layout import Layout
from xengnt.findings import Finding
from xengnt.match import Renamed
from xengnt.sources.reading import Definition


@dataclass(frozen=True, slots=True)
class Comparison:
    """A source held against the reference at one ABI and interface version.

    Attributes:
        reference: what is expected.
        theirs: what is there, under the names of the reference.
        names: how those were found.
        findings: in what they differ.
        others: further definitions of structs, that differ from those in theirs; under the
            names of the reference, as the tag.
    """

    reference: Layout
    theirs: Layout
    names: Renamed
    findings: tuple[Finding, ...]
    others: tuple[Definition, ...] = ()

    @property
    def common(self) -> int:
        """How many structs and constants both have."""
        counts = self.counts()
        return counts["structs"] + counts["constants"]

    def counts(self) -> dict[str, int]:
        """Return how many things of each kind both have."""
        ours, theirs = self.reference, self.theirs
        return {
            "structs": len(ours.structs.keys() & theirs.structs.keys()),
            "constants": len(ours.constants.keys() & theirs.constants.keys()),
            "ops": len(ours.ops.keys() & theirs.ops.keys()),
        }


@dataclass(slots=True)
class Report:
    """What came of checking one source.

    Attributes:
        source: the source, as it was named.
        reference: what it was held against.
        comparisons: one for each ABI and interface version that it could be held at.
        refusals: a note for each ABI or version that it is not for, and what else is
            about the source as a whole.
    """

    source: str
    reference: str = "the ABI"
    comparisons: list[Comparison] = field(default_factory=list)
    refusals: list[Finding] = field(default_factory=list)

    @property
    def findings(self) -> list[Finding]:
        """All findings, in order."""
        return [*self.refusals, *(f for c in self.comparisons for f in c.findings)]
