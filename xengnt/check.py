# SPDX-License-Identifier: MIT
"""Check somebody's header against the ABI, at any ABIs and interface versions.

Imports ``xengnt.abi``, ``xengnt.sources``, ``xengnt.compare``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from xengnt.abi.declarations import MESSAGES, Header, header
from xengnt.abi.layout import Layout, compute
from xengnt.abi.targets import UNDEFINED, Target, format_version, native, target
from xengnt.compare import compare, families
from xengnt.errors import InvalidValue, Refused, SourceError
from xengnt.findings import ERROR, NOTE, Finding
from xengnt.sources.cheader.gates import gates
from xengnt.sources.cheader.preprocess import VERSION_MACRO, Job
from xengnt.sources.cheader.reader import HeaderSource, read
from xengnt.sources.reading import Problem

_PLACE = re.compile(r"(.+?:\d+): ")


@dataclass(frozen=True, slots=True)
class Comparison:
    """A header held against the reference at one ABI and interface version."""

    reference: Layout
    theirs: Layout
    findings: tuple[Finding, ...]

    @property
    def common(self) -> int:
        """How many structs and constants both have."""
        ours, theirs = self.reference, self.theirs
        return len(ours.structs.keys() & theirs.structs.keys()) + len(
            ours.constants.keys() & theirs.constants.keys()
        )


@dataclass(slots=True)
class Report:
    """What came of checking one header.

    Attributes:
        source: the header.
        comparisons: one for each ABI and interface version that it could be held at.
        refusals: a note for each ABI or version that it refused.
    """

    source: str
    comparisons: list[Comparison] = field(default_factory=list)
    refusals: list[Finding] = field(default_factory=list)

    @property
    def findings(self) -> list[Finding]:
        """All findings, in order."""
        return [*self.refusals, *(f for c in self.comparisons for f in c.findings)]


def check(
    path: str | Path,
    *,
    abis: Sequence[str | Target] = (),
    versions: Sequence[str | int] = (),
    include: Sequence[str | Path] = (),
    defines: Sequence[str] = (),
) -> Report:
    """Check a C header.

    Args:
        path: the header.
        abis: the ABIs to check it for, ``all`` for all six; this machine's if empty.
        versions: the interface versions, ``all`` for one on each side of every gate
            that it or the reference has; if empty, the newest that the header takes.
        include: directories to search for what it includes.
        defines: macros to define, ``NAME`` or ``NAME=VALUE``.

    Raises:
        InvalidValue: a macro, a directory or a version that cannot be.
        SourceError: it cannot be read, or there is nothing in it to compare.
        Unavailable: there is no C preprocessor.
    """
    for directory in include:
        if not Path(directory).is_dir():
            raise InvalidValue(f"-I {directory}: no such directory", got=str(directory))
    checker = _Checker(Path(path), header(), tuple(map(str, include)), tuple(defines))
    for abi in targets(abis):
        checker.check(abi, versions)
    return checker.finish()


def targets(names: Iterable[str | Target]) -> list[Target]:
    """Return the ABIs of these names, ``all`` being all six and none this machine's."""
    from xengnt.abi.targets import TARGETS

    found: dict[str, Target] = {}
    for name in names:
        if name == "all":
            found.update(TARGETS)
        else:
            one = target(name)
            found[one.name] = one
    return list(found.values()) or [native()]


class _Checker:
    def __init__(
        self, path: Path, reference: Header, include: tuple[str, ...], defines: tuple[str, ...]
    ) -> None:
        self.path = path
        self.reference = reference
        self.include = include
        self.defines = defines
        self.report = Report(str(path))
        self._names = {*reference.typedefs, *reference.aggregates, *reference.constants}
        self._families = tuple(families(list(reference.constants)))

    def finish(self) -> Report:
        """Return the report, if there was anything to compare."""
        if not any(comparison.common for comparison in self.report.comparisons):
            if self.report.refusals and not self.report.comparisons:
                raise Refused(self.report.refusals[0].message)
            for finding in self.report.findings:
                if finding.code == "unreadable":
                    raise SourceError(finding.message)
            raise SourceError(
                f"{self.path}: nothing to compare: no struct or constant of the grant-table "
                "interface in it"
            )
        return self.report

    def check(self, abi: Target, versions: Sequence[str | int]) -> None:
        """Hold the header against the reference for one ABI."""
        if not versions:
            self._newest(abi)
            return
        refusals = []
        wanted = self._versions(abi, versions)
        for version in wanted:
            try:
                self._compare(self._read(abi, version))
            except Refused as refusal:
                refusals.append((version, refusal))
        if len(refusals) == len(wanted) > 1:
            self._refused(abi, None, refusals[0][1])
            return
        for version, why in refusals:
            self._refused(abi, version, why)

    def _versions(self, abi: Target, versions: Sequence[str | int]) -> list[int]:
        found: dict[int, None] = {}
        for version in versions:
            if version != "all":
                found[self.reference.version(version)] = None
                continue
            newest = self.reference.newest
            every = {UNDEFINED, newest, *self.reference.gates}
            source = self._first(abi, sorted(every))
            if source is not None:
                every |= {*gates(source.files), source.latest or UNDEFINED}
            found.update(dict.fromkeys(sorted(v for v in every if v <= newest)))
        return list(found)

    def _newest(self, abi: Target) -> None:
        """Hold it against the reference at the newest version that it takes."""
        newest = self.reference.newest
        try:
            self._compare(self._read(abi, newest))
        except Refused as refusal:
            self._older(abi, refusal)

    def _older(self, abi: Target, first: Refused) -> None:
        """Hold it against the reference at the newest version below that it takes."""
        newest, latest, why = self.reference.newest, UNDEFINED, first
        try:
            latest = self._read(abi, UNDEFINED).latest or UNDEFINED
        except Refused as refusal:
            why = refusal
        older = {v for v in (UNDEFINED, latest, *self.reference.gates) if v < newest}
        source = self._first(abi, sorted(older, reverse=True))
        if source is None:
            self._refused(abi, None, why)
        else:
            self._refused(abi, newest, first, source.declarations.version)
            self._compare(source)

    def _first(self, abi: Target, versions: Iterable[int]) -> HeaderSource | None:
        """Return the header at the first of these versions that it takes, None if at none."""
        for version in versions:
            try:
                return self._read(abi, version)
            except Refused:
                continue
        return None

    def _refused(
        self, abi: Target, version: int | None, refusal: Refused, used: int | None = None
    ) -> None:
        """Note that the header refuses an ABI or, if one is given, an interface version."""
        if version is None:
            code, message = "abi-refused", f"the header refuses this ABI: {refusal}"
        else:
            code = "version-refused"
            message = f"the header refuses interface version {format_version(version)}: {refusal}"
        if used is not None:
            message += f" {format_version(used)} is used."
        self.report.refusals.append(
            Finding(
                NOTE,
                code,
                VERSION_MACRO if version is not None else "",
                message,
                source=str(refusal).split(": #error")[0],
                abi=abi.name,
                interface_version=version,
                got=refusal.got,
            )
        )

    def _read(self, abi: Target, version: int) -> HeaderSource:
        job = Job(self.path, abi, version, self.include, self.defines)
        return read(job, lambda name: name in self._names or name.startswith(self._families))

    def _compare(self, source: HeaderSource) -> None:
        declared = source.declarations
        abi, version = declared.target, declared.version
        ours = compute(self.reference.at(abi, version))
        theirs = compute(declared)
        for name in ours.constants.keys() & source.valueless.keys():
            source.problems.setdefault(name, Problem(name, source.valueless[name]))
        compared = [self._sharpen(one, source) for one in compare(ours, theirs)]
        findings = [
            replace(one, source=self._locate(source, one.where))
            for one in (*compared, *self._early(ours, theirs))
            if one is not None
        ]
        findings += self._unreadable(ours, source)
        self.report.comparisons.append(Comparison(ours, theirs, tuple(findings)))

    def _unreadable(self, ours: Layout, source: HeaderSource) -> Iterator[Finding]:
        """State what of the ABI is there and could not be read; of the markup, note it."""
        for name, problem in source.problems.items():
            if name in ours.structs or name in ours.typedefs or name in ours.constants:
                severity = ERROR
            elif name == MESSAGES or name in self.reference.enums:
                severity = NOTE
            else:
                continue
            place = _PLACE.match(problem.message)
            yield Finding(
                severity,
                "unreadable",
                name,
                problem.message,
                source=place[1] if place else str(self.path),
                abi=ours.abi,
                interface_version=ours.interface_version,
            )

    def _sharpen(self, finding: Finding, source: HeaderSource) -> Finding | None:
        """Return what the header knows better than its layout; None if it is said elsewhere."""
        name = finding.where
        if finding.code.endswith("-missing") and name in source.problems:
            return None  # unreadable
        if finding.code == "constant-extra" and name in self.reference.constants:
            return None  # early
        if finding.code == "type-missing" and name in source.declarations.typedefs:
            return replace(finding, code="type-kind", message=f"{name} is not an integer type")
        return finding

    def _early(self, ours: Layout, theirs: Layout) -> Iterator[Finding]:
        """Note what is there, and in the ABI at other interface versions only."""
        reference = self.reference
        for names, known, now in (
            (theirs.structs, reference.aggregates, ours.structs),
            (theirs.typedefs, reference.typedefs, ours.typedefs),
            (theirs.constants, reference.constants, ours.constants),
        ):
            for name in names:
                if name in known and name not in now:
                    presence = reference.presence(name)
                    yield Finding(
                        NOTE,
                        "gate",
                        name,
                        f"{name} is there at this interface version, and should be only {presence}",
                        abi=ours.abi,
                        interface_version=ours.interface_version,
                        expected=presence,
                    )

    def _locate(self, source: HeaderSource, where: str) -> str:
        """Return the file and line of a C path, or of the nearest thing around it."""
        where = where.partition("[")[0]
        while where:
            if where in source.where:
                return source.where[where]
            where = where.rpartition(".")[0]
        return str(self.path)
