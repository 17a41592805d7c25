# SPDX-License-Identifier: MIT
"""Findings: located statements about a layout or a blob.

Imports ``xengnt.abi.targets`` only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from xengnt.abi.targets import format_version

ERROR, WARNING, NOTE = "error", "warning", "note"

SEVERITIES = (ERROR, WARNING, NOTE)
"""From the gravest to the lightest."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One located statement.

    Attributes:
        severity: ``error``, ``warning`` or ``note``.
        code: what kind of statement it is, such as ``field-offset``.
        where: the C path it is about, as the reference names it.
        message: the statement in words.
        source: the file, and the line if there is one.
        abi: the ABI.
        interface_version: 0 where undefined.
        element: the index in an array of structs.
        offset: the byte concerned, from the start of the struct.
        expected: what would have been right.
        got: what is there.
        theirs: the path as the source has it, where that differs.
        because: what brought it about, and what follows, where that is known.
    """

    severity: str
    code: str
    where: str
    message: str
    source: str = ""
    abi: str | None = None
    interface_version: int | None = None
    element: int | None = None
    offset: int | None = None
    expected: object = None
    got: object = None
    theirs: str | None = None
    because: str | None = None

    def as_json(self) -> dict[str, object]:
        """Return it in the shape of findings JSON."""
        version = self.interface_version
        return {
            "severity": self.severity,
            "code": self.code,
            "where": self.where,
            "source": self.source,
            "abi": self.abi,
            "interface_version": None if version is None else format_version(version),
            "element": self.element,
            "offset": self.offset,
            "expected": self.expected,
            "got": self.got,
            "message": self.message,
            "theirs": self.theirs,
            "because": self.because,
        }


def count(findings: Iterable[Finding]) -> dict[str, int]:
    """Return how many findings there are of each severity."""
    counts = dict.fromkeys(SEVERITIES, 0)
    for finding in findings:
        counts[finding.severity] += 1
    return counts
