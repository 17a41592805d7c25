# SPDX-License-Identifier: MIT
"""Check what somebody has against the ABI, or against somebody else's.

Imports ``xengnt.abi``, ``xengnt.sources``, ``xengnt.baseline``, ``xengnt.findings``,
``xengnt.mapping`` and the modules beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from xengnt.abi.targets import TARGETS, Target, native, target
from xengnt.baseline import Expected, apply, gone
from xengnt.check.checker import Checker
from xengnt.check.references import OtherSource, OwnHeader, wide
from xengnt.check.report import Comparison, Report
from xengnt.mapping import Mapping
from xengnt.sources.detect import Binary, Progress, open_source
from xengnt.sources.header import HeaderFile

__all__ = ["Comparison", "Report", "check", "expect", "targets"]


def check(
    source: object,
    *,
    against: object = None,
    abis: Sequence[str | Target] = (),
    versions: Sequence[str | int] = (),
    include: Sequence[str | Path] = (),
    defines: Sequence[str] = (),
    mapping: Mapping | None = None,
    require_all: bool = False,
    only: Sequence[str] = (),
    btf_base: str | Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """Check a C header, a binary, Python code or layout JSON.

    Args:
        source: the file, or ``KIND:FILE``; see `xengnt.sources.detect`. Or, in Python, what
            is there: a structure, a module, an ``ffi``, a mapping of names to dtypes.
        against: a source to hold it against, instead of the ABI.
        abis: the ABIs to check it for, ``all`` for all six; if empty, that of the source
            or, where it does not state one, this machine's.
        versions: the interface versions, ``all`` for one on each side of every gate
            that a header or the reference has; if empty, the newest that it takes.
        include: for headers, directories to search for what they include.
        defines: for headers, macros to define, ``NAME`` or ``NAME=VALUE``.
        mapping: what the user says of names.
        require_all: whether what is missing is an error.
        only: patterns of the names in the reference that are to be compared; all if empty.
        btf_base: for the BTF of a kernel module, the kernel that it is for.
        progress: is told how far reading is, where that takes long.

    Raises:
        InvalidValue: a macro, a directory or a version that cannot be.
        SourceError: something cannot be read, or there is nothing in it to compare.
        Unavailable: there is no C preprocessor, or an extra is not installed.
    """
    said = mapping or Mapping()
    theirs = open_source(source, include, defines, progress, btf_base)
    if against is None:
        reference: OwnHeader | OtherSource = OwnHeader(said)
    else:
        other = open_source(against, include, defines, progress, btf_base)
        first = not wide(other) or wide(theirs) or require_all
        reference = OtherSource(other, _name(against, other), said, first=first)
    checker = Checker(
        theirs, _name(source, theirs), reference, said, required=require_all, only=only
    )
    checker.check(targets(abis) if abis else [], versions)
    return checker.finish()


def _name(given: object, source: HeaderFile | Binary) -> str:
    """Return what a source is called: as it was written, if it was."""
    return source.name if isinstance(source, Binary) and source.loaded else str(given)


def expect(reports: Sequence[Report], expected: Sequence[Expected]) -> None:
    """Make notes of known differences, and errors of new ones and of those that are gone."""
    missed = gone([f for report in reports for f in report.findings], expected)
    for report in reports:
        report.refusals = apply(report.refusals, expected)
        report.comparisons = [
            replace(one, findings=tuple(apply(one.findings, expected)))
            for one in report.comparisons
        ]
    if reports:
        reports[-1].refusals += missed


def targets(names: Iterable[str | Target]) -> list[Target]:
    """Return the ABIs of these names, ``all`` being all six and none this machine's."""
    found: dict[str, Target] = {}
    for name in names:
        if name == "all":
            found.update(TARGETS)
        else:
            one = target(name)
            found[one.name] = one
    return list(found.values()) or [native()]
