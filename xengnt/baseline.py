# SPDX-License-Identifier: MIT
"""Known differences: accepted with a reason, and missed when they are gone.

    [[expect]]
    where = "gnttab_copy_ptr.domid"
    code = "field-size"
    got = 4                       # optional: another value is another difference
    abi = "arm32"                 # optional: on this ABI only
    reason = "fixed in the next release"

Imports ``xengnt.errors``, ``xengnt.findings``, ``xengnt.mapping``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from xengnt.errors import SourceError
from xengnt.findings import ERROR, NOTE, WARNING, Finding
from xengnt.mapping import load_toml

_KEYS = ("where", "code", "got", "abi", "reason")
_NEEDED = ("where", "code", "reason")


@dataclass(frozen=True, slots=True)
class Expected:
    """A difference that is known.

    Attributes:
        where: the path in the reference.
        code: the code of the finding.
        reason: why it is accepted.
        got: what is there, as text; None for anything.
        abi: the ABI, None for any.
    """

    where: str
    code: str
    reason: str
    got: str | None = None
    abi: str | None = None

    def covers(self, finding: Finding) -> bool:
        """Tell whether a finding is this difference."""
        return (
            (self.where, self.code) == (finding.where, finding.code)
            and self.abi in (None, finding.abi)
            and self.got in (None, str(finding.got))
        )


def load_expected(path: str | Path) -> list[Expected]:
    """Read a file of known differences.

    Raises:
        SourceError: it cannot be read, or something in it is not as it should be.
    """
    tables = load_toml(path)
    rows = tables.pop("expect", [])
    if tables or not isinstance(rows, list):
        raise SourceError(f"{path}: expected [[expect]] tables, got {', '.join(tables) or rows!r}")
    return [_expected(f"{path}: expect {number}", row) for number, row in enumerate(rows, 1)]


def _expected(where: str, row: object) -> Expected:
    if not isinstance(row, dict):
        raise SourceError(f"{where}: expected a table")
    for key in row:
        if key not in _KEYS:
            raise SourceError(f"{where}: unknown key {key!r}: expected {', '.join(_KEYS)}")
    for key in _NEEDED:
        if not isinstance(row.get(key), str) or not row[key].strip():
            raise SourceError(f"{where}: {key} is missing, or no text")
    got = row.get("got")
    return Expected(**{**row, "got": None if got is None else str(got)})


def apply(findings: Iterable[Finding], expected: Sequence[Expected]) -> list[Finding]:
    """Return findings, the known ones as notes.

    What is not known, and at least a warning, is an error.
    """
    result = []
    for finding in findings:
        known = next((one for one in expected if one.covers(finding)), None)
        if known is not None:
            because = f"expected: {known.reason}"
            result.append(replace(finding, severity=NOTE, because=because))
        elif finding.severity == WARNING:
            result.append(replace(finding, severity=ERROR))
        else:
            result.append(finding)
    return result


def gone(findings: Iterable[Finding], expected: Sequence[Expected]) -> list[Finding]:
    """Return an error for each known difference that is not there any more."""
    all_of_them = list(findings)
    return [
        Finding(
            ERROR,
            "expected-gone",
            one.where,
            f"{one.where}: the known difference {one.code} is gone: {one.reason}",
            abi=one.abi,
            expected=one.got,
        )
        for one in expected
        if not any(one.covers(finding) for finding in all_of_them)
    ]


def skeleton(findings: Iterable[Finding]) -> str:
    """Return a file that expects all errors and warnings, with reasons to fill in."""
    tables: dict[tuple[str, str, str | None], set[str]] = {}
    for one in findings:
        if one.severity in (ERROR, WARNING):
            got = None if one.got is None else str(one.got)
            tables.setdefault((one.where, one.code, got), set()).add(one.abi or "")
    blocks = []
    for where, code, got in tables:
        lines = ["[[expect]]", f"where = {json.dumps(where)}", f"code = {json.dumps(code)}"]
        if got is not None:
            lines.append(f"got = {json.dumps(got)}")
        blocks.append("\n".join([*lines, 'reason = ""', ""]))
    return "\n".join(blocks)
