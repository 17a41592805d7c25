# SPDX-License-Identifier: MIT
"""Check somebody's header against the ABI, at any ABIs and interface versions.

Imports ``xengnt.abi``, ``xengnt.sources``, ``xengnt.compare``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from xengnt.abi.declarations import Header, header
from xengnt.abi.layout import Layout, compute
from xengnt.abi.targets import UNDEFINED, Target, format_version, native, target
from xengnt.compare import compare, families
from xengnt.errors import Refused, SourceError
from xengnt.findings import ERROR, NOTE, Finding
from xengnt.sources.cheader.gates import gates
from xengnt.sources.cheader.preprocess import VERSION_MACRO, Job
from xengnt.sources.cheader.reader import HeaderSource, read


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
        SourceError: it cannot be read, or there is nothing in it to compare.
        Unavailable: there is no C preprocessor.
    """
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
            try:
                oldest = self._read(abi, UNDEFINED)
            except Refused:
                oldest = None
            if oldest is not None:
                every |= {*gates(oldest.files), oldest.latest or UNDEFINED}
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
        newest = self.reference.newest
        try:
            latest = self._read(abi, UNDEFINED).latest
        except Refused as refusal:
            self._refused(abi, None, refusal)
            return
        candidates = [v for v in {latest, *self.reference.gates} if v is not None and v < newest]
        for version in sorted(candidates, reverse=True):
            try:
                source = self._read(abi, version)
            except Refused:
                continue
            self._refused(abi, newest, first, version)
            self._compare(source)
            return
        self._refused(abi, newest, first)

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
        findings = [
            replace(one, source=self._locate(source, one.where))
            for one in compare(ours, theirs)
            if not (one.code.endswith("-missing") and one.where in source.problems)
        ]
        findings += [
            Finding(
                ERROR,
                "unreadable",
                problem.name,
                problem.message,
                source=self._locate(source, problem.name),
                abi=abi.name,
                interface_version=version,
            )
            for problem in source.problems.values()
            if problem.name in ours.structs or problem.name in ours.constants
        ]
        findings += self._early(ours, theirs, source)
        self.report.comparisons.append(Comparison(ours, theirs, tuple(findings)))

    def _early(self, ours: Layout, theirs: Layout, source: HeaderSource) -> list[Finding]:
        """Note structs that the ABI has at other interface versions only."""
        found = []
        for tag in theirs.structs:
            if tag in self.reference.aggregates and tag not in ours.structs:
                presence = self.reference.presence(tag)
                found.append(
                    Finding(
                        NOTE,
                        "gate",
                        tag,
                        f"{tag} is there at this interface version, and should be only {presence}",
                        source=self._locate(source, tag),
                        abi=ours.abi,
                        interface_version=ours.interface_version,
                        expected=presence,
                    )
                )
        return found

    def _locate(self, source: HeaderSource, where: str) -> str:
        """Return the file and line of a C path, or of the nearest thing around it."""
        while where:
            if where in source.where:
                return source.where[where]
            where = where.rpartition(".")[0]
        return str(self.path)
