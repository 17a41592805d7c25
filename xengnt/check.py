# SPDX-License-Identifier: MIT
"""Check what somebody has against the ABI, or against somebody else's.

Imports ``xengnt.abi``, ``xengnt.sources``, ``xengnt.match``, ``xengnt.compare``,
``xengnt.mapping``, ``xengnt.baseline``, ``xengnt.findings``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from xengnt.abi.declarations import MESSAGES, Header, header
from xengnt.abi.layout import Layout, compute
from xengnt.abi.targets import TARGETS, UNDEFINED, Target, format_version, native, target
from xengnt.baseline import Expected, apply, gone
from xengnt.compare import XEN, compare, compare_struct, families
from xengnt.errors import Refused, SourceError
from xengnt.findings import ERROR, NOTE, WARNING, Finding
from xengnt.mapping import Mapping
from xengnt.match import COMPAT, Kinds, Names, Renamed, rename
from xengnt.sources.cheader.preprocess import VERSION_MACRO
from xengnt.sources.detect import BTF, ELF, Binary, Progress, open_source
from xengnt.sources.header import HeaderFile, HeaderReading
from xengnt.sources.reading import CONSTANTS, MACROS, TYPEDEFS, Reading, Wanted

_PLACE = re.compile(r"(.+?:\d+): ")

_UNSEEN = {"constant": (CONSTANTS, MACROS), "type": (TYPEDEFS,)}
"""By the kind of thing that is missing, what a source may not show of it."""

_REQUIRED = ("struct-missing", "constant-missing", "type-missing")
"""Notes that are errors where everything is required."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A source held against the reference at one ABI and interface version.

    Attributes:
        reference: what is expected.
        theirs: what is there, under the names of the reference.
        names: how those were found.
        findings: in what they differ.
    """

    reference: Layout
    theirs: Layout
    names: Renamed
    findings: tuple[Finding, ...]

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


def check(
    source: str | Path,
    *,
    against: str | Path | None = None,
    abis: Sequence[str | Target] = (),
    versions: Sequence[str | int] = (),
    include: Sequence[str | Path] = (),
    defines: Sequence[str] = (),
    mapping: Mapping | None = None,
    require_all: bool = False,
    btf_base: str | Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """Check a C header, a binary, Python code or layout JSON.

    Args:
        source: the file, or ``KIND:FILE``; see `xengnt.sources.detect`.
        against: a source to hold it against, instead of the ABI.
        abis: the ABIs to check it for, ``all`` for all six; if empty, that of the source
            or, where it does not state one, this machine's.
        versions: the interface versions, ``all`` for one on each side of every gate
            that a header or the reference has; if empty, the newest that it takes.
        include: for headers, directories to search for what they include.
        defines: for headers, macros to define, ``NAME`` or ``NAME=VALUE``.
        mapping: what the user says of names.
        require_all: whether what is missing is an error.
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
        reference: _Abi | _Other = _Abi(said)
    else:
        other = open_source(against, include, defines, progress, btf_base)
        first = not _wide(other) or _wide(theirs)
        reference = _Other(other, str(against), said, first=first)
    checker = _Checker(theirs, str(source), reference, said, required=require_all)
    checker.check(targets(abis) if abis else [], versions)
    return checker.finish()


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


def _wide(source: HeaderFile | Binary) -> bool:
    """Tell whether a source has much that nobody asks for, so that others are read before."""
    return isinstance(source, Binary) and source.kind in (ELF, BTF)


def _everything(_name: str) -> bool:
    return True


def _names(layout: Layout) -> tuple[set[str], ...]:
    return {*layout.structs}, {*layout.typedefs}, {*layout.constants}


def _kinds(names: Sequence[Iterable[str]], mapping: Mapping) -> Kinds:
    tables = (mapping.structs, mapping.types, mapping.constants)
    return Kinds(*(Names(some, table) for some, table in zip(names, tables, strict=True)))


class _Abi:
    """Our own header as the reference."""

    name = "the ABI"
    reader = XEN

    def __init__(self, mapping: Mapping) -> None:
        self.header = header()
        ours = self.header
        self.known = {*ours.aggregates}, {*ours.typedefs}, {*ours.constants}
        self.kinds = _kinds(self.known, mapping)
        self._families = tuple(families(list(ours.constants)))

    def wanted(self, _abi: Target | None) -> Wanted:
        """Return what to read of theirs: also constants that look as if they belonged to it."""
        return lambda name: self.kinds.wanted(name) or name.startswith(self._families)

    def layout(self, abi: Target, version: int, _theirs: Layout) -> Layout:
        """Return its layout."""
        return compute(self.header.at(abi, version))

    def presence(self, name: str) -> str | None:
        """Return at which ABIs and versions there is something, None if never."""
        return self.header.presence(name) if any(name in some for some in self.known) else None


class _Other:
    """Somebody else's source as the reference.

    Args:
        source: the source.
        name: how the user named it.
        mapping: what the user says of names.
        first: whether it is read before theirs, of which then only what it has is read;
            else it is the other way round.
    """

    reader = "the other side"

    def __init__(
        self, source: HeaderFile | Binary, name: str, mapping: Mapping, *, first: bool
    ) -> None:
        self.source = source
        self.name = name
        self.kinds = _kinds(((), (), ()), mapping)
        self._mapping = mapping
        self._first = first
        self._readings: dict[tuple[str, int], list[Reading]] = {}

    def wanted(self, abi: Target | None) -> Wanted:
        """Return what to read of theirs."""
        if not self._first:
            return _everything
        for reading in self._read(abi, header().newest, _everything):
            self._adopt(reading)
        return lambda name: name == MESSAGES or self.kinds.wanted(name)

    def layout(self, abi: Target, version: int, theirs: Layout) -> Layout:
        """Return its layout.

        Raises:
            SourceError: it has none for this ABI.
        """
        wanted = _everything if self._first else _kinds(_names(theirs), Mapping()).wanted
        for reading in self._read(abi, version, wanted):
            if reading.layout.abi == abi.name:
                return self._adopt(reading)
        raise SourceError(f"{self.name}: has no layouts for {abi}")

    def presence(self, _name: str) -> str | None:
        """Return None: it is not known of another time."""
        return None

    def _adopt(self, reading: Reading) -> Layout:
        """Take what a reading has as what is to be compared, and return it.

        Of a header it is what is in it itself, unless it only includes others.
        """
        layout = reading.layout
        if isinstance(self.source, HeaderFile):
            start = f"{self.source.path}:"
            own = {name for name, place in reading.where.items() if place.startswith(start)}
            if own & {*layout.structs, *layout.constants}:
                layout = replace(
                    layout,
                    structs={name: one for name, one in layout.structs.items() if name in own},
                    typedefs={name: one for name, one in layout.typedefs.items() if name in own},
                    constants={name: one for name, one in layout.constants.items() if name in own},
                )
        self.kinds = _kinds(_names(layout), self._mapping)
        return layout

    def _read(self, abi: Target | None, version: int, wanted: Wanted) -> list[Reading]:
        """Read it, once for each ABI and version that make a difference."""
        source = self.source
        if isinstance(source, HeaderFile):
            abi = abi or native()
            key = abi.name, version
        else:
            key = "" if source.states_abi or abi is None else abi.name, 0
        if key not in self._readings:
            if isinstance(source, Binary):
                self._readings[key] = source.read(wanted, abi)
            else:
                self._readings[key] = [self._header(source, abi or native(), version)]
        return self._readings[key]

    def _header(self, source: HeaderFile, abi: Target, version: int) -> Reading:
        """Read a header at the newest version up to this one that it takes."""
        older = [v for v in sorted({UNDEFINED, *header().gates}, reverse=True) if v < version]
        found = source.first(abi, [version, *older], None)
        if found is None:
            raise Refused(f"{self.name}: refuses {abi}")
        return found


class _Checker:
    """Checks one source."""

    def __init__(
        self,
        theirs: HeaderFile | Binary,
        name: str,
        reference: _Abi | _Other,
        mapping: Mapping,
        *,
        required: bool,
    ) -> None:
        self.theirs = theirs
        self.reference = reference
        self.mapping = mapping
        self.required = required
        self.header: Header = header()
        self.report = Report(name, reference.name)

    def finish(self) -> Report:
        """Return the report, if there was anything to compare."""
        report = self.report
        if any(comparison.common for comparison in report.comparisons):
            return report
        if report.refusals and not report.comparisons:
            raise Refused(report.refusals[0].message)
        for finding in report.findings:
            if finding.code == "unreadable":
                raise SourceError(finding.message)
        what = "the grant-table interface"
        if isinstance(self.reference, _Other):
            what = self.reference.name
        raise SourceError(
            f"{self._path}: nothing to compare: no struct or constant of {what} in it"
        )

    @property
    def _path(self) -> str:
        return str(self.theirs.path if isinstance(self.theirs, HeaderFile) else self.theirs.name)

    def check(self, abis: Sequence[Target], versions: Sequence[str | int]) -> None:
        """Hold it against the reference for these ABIs, or for its own."""
        if isinstance(self.theirs, HeaderFile):
            for abi in abis or [native()]:
                try:
                    _Versions(self, self.theirs, abi).check(versions)
                except Refused as refusal:  # of the reference; its own are noted there
                    self.refused(abi, None, refusal)
        elif self.theirs.states_abi:
            self._stated(self.theirs, abis, versions)
        else:
            some: Sequence[Target | None] = abis or [None]
            for one in some:
                self._binary(self.theirs, one, versions)

    def _binary(self, theirs: Binary, abi: Target | None, versions: Sequence[str | int]) -> None:
        for reading in theirs.read(self.reference.wanted(abi), abi):
            self._versions(reading, versions)

    def _stated(
        self, theirs: Binary, abis: Sequence[Target], versions: Sequence[str | int]
    ) -> None:
        """Hold a source that states its ABIs against the reference for those that are asked for."""
        readings = theirs.read(self.reference.wanted(None), None)
        there = {reading.layout.abi for reading in readings}
        for abi in abis:
            if abi.name not in there:
                message = f"{theirs.name}: is for {', '.join(sorted(there))}, not for {abi}"
                self.report.refusals.append(
                    Finding(NOTE, "abi-refused", "", message, theirs.name, abi.name)
                )
        for reading in readings:
            if not abis or target(reading.layout.abi) in abis:
                self._versions(reading, versions)

    def _versions(self, reading: Reading, versions: Sequence[str | int]) -> None:
        """Hold one reading against the reference at each version."""
        newest = self.header.newest
        wanted: dict[int, None] = {}
        for version in versions:
            if version == "all":
                wanted.update(dict.fromkeys(sorted({UNDEFINED, newest, *self.header.gates})))
            else:
                wanted[self.header.version(version)] = None
        for version in wanted or [reading.layout.interface_version or newest]:
            self.compare(reading, version)

    def refused(
        self, abi: Target, version: int | None, refusal: Refused, used: int | None = None
    ) -> None:
        """Note that a header refuses an ABI or, if one is given, an interface version."""
        if version is None:
            code, message = "abi-refused", f"not for this ABI: {refusal}"
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

    def compare(self, reading: Reading, version: int) -> None:
        """Compare a reading with the reference, and what is for a 32-bit caller with that."""
        abi = target(reading.layout.abi)
        self._compare(reading, abi, version, compat=False)
        prefixed = any(name.startswith(COMPAT) for name in reading.layout.structs)
        if prefixed and abi.name == "x86_64" and isinstance(self.reference, _Abi):
            self._compare(reading, TARGETS["x86_32"], version, compat=True)

    def _compare(self, reading: Reading, abi: Target, version: int, *, compat: bool) -> None:
        ours = self.reference.layout(abi, min(version, self.header.newest), reading.layout)
        kinds = self.reference.kinds
        _verify(self.mapping, kinds, ours, self.reference.name)
        names = rename(reading.layout, kinds, self.mapping.fields, compat=compat)
        if compat and not names.structs.found:
            return
        theirs = names.layout
        held = _Held(reading, names, ours, self._path, self.header.enums)
        reader = self.reference.reader
        found = [held.sharpen(one) for one in compare(ours, theirs, reader)]
        findings = [one for one in found if one is not None]
        if not compat:
            if isinstance(reading, HeaderReading):
                findings += self._early(ours, theirs)
            findings += held.unreadable()
            findings += held.assumed()
        findings += held.doubtful()
        findings += held.others(names, reader)
        findings = [held.located(one) for one in findings]
        findings = list(self._judged(findings, reading))
        self.report.comparisons.append(Comparison(ours, theirs, names, tuple(findings)))

    def _early(self, ours: Layout, theirs: Layout) -> Iterator[Finding]:
        """Note what is there, and in the ABI at other interface versions only."""
        now = {*ours.structs, *ours.typedefs, *ours.constants}
        for name in (*theirs.structs, *theirs.typedefs, *theirs.constants):
            presence = None if name in now else self.reference.presence(name)
            if presence is not None:
                yield Finding(
                    NOTE,
                    "gate",
                    name,
                    f"{name} is there at this interface version, and should be only {presence}",
                    abi=ours.abi,
                    interface_version=ours.interface_version,
                    expected=presence,
                )

    def _judged(self, findings: Iterable[Finding], reading: Reading) -> Iterator[Finding]:
        """Give findings without those that the user ignores, and as grave as the user wants."""
        ignored: dict[str, list[Finding]] = {}
        unseen: dict[str, list[Finding]] = {}
        for one in findings:
            path = self.mapping.ignored(one.where)
            kind = one.code.removesuffix("-missing")
            hidden = reading.unseen & {MACROS, CONSTANTS}
            if one.code == "messages-missing" and hidden:
                continue
            if path is not None:
                ignored.setdefault(path, []).append(one)
            elif kind != one.code and any(word in reading.unseen for word in _UNSEEN.get(kind, ())):
                unseen.setdefault(kind, []).append(one)
            elif self.required and one.code in _REQUIRED and one.severity == NOTE:
                yield replace(one, severity=ERROR)
            elif one.code == "constant-extra" and self.reference.presence(one.where):
                pass  # it is there too early, and that is said
            else:
                yield one
        for kind, some in unseen.items():
            message = f"{len(some)} {kind}s cannot be seen in this kind of source"
            yield replace(some[0], code=f"{kind}s-unseen", where="", message=message, expected=None)
        for path, some in ignored.items():
            message = f"{path}: {len(some)} of it ignored: {self.mapping.ignore[path]}"
            yield replace(some[0], severity=NOTE, code="ignored", where=path, message=message)


def _verify(mapping: Mapping, kinds: Kinds, ours: Layout, name: str) -> None:
    """Raise SourceError if a mapping names what is not in the reference."""
    for table, words, known in (
        (mapping.structs, "struct", kinds.structs),
        (mapping.types, "type", kinds.typedefs),
        (mapping.constants, "constant", kinds.constants),
    ):
        for theirs, one in table.items():
            if one not in known.names:
                raise SourceError(f"{mapping.path}: {words}s.{theirs}: no {words} {one} in {name}")
    for theirs, fields in mapping.fields.items():
        match = kinds.structs.match(theirs)
        if match is None:
            raise SourceError(f"{mapping.path}: fields.{theirs}: means no struct of {name}")
        struct = ours.structs.get(match.ours)
        for field_, path in fields.items():
            if struct is not None and path not in struct.by_name:
                raise SourceError(
                    f"{mapping.path}: fields.{theirs}.{field_}: {struct.tag} has no field {path}"
                )
    for path in mapping.ignore:
        head = path.partition(".")[0].partition("[")[0]
        if not any(head in kind.names for kind in kinds.all) and head != MESSAGES:
            raise SourceError(f"{mapping.path}: ignore: nothing of the name {head} in {name}")


class _Held:
    """What one reading says beyond its layout, when it is held against a reference."""

    def __init__(
        self, reading: Reading, names: Renamed, ours: Layout, path: str, enums: Collection[str]
    ) -> None:
        self.enums = enums
        self.reading = reading
        self.names = names
        self.ours = ours
        self.path = path
        self.where = names.places(reading.where)

    def _finding(self, severity: str, code: str, where: str, message: str) -> Finding:
        place = _PLACE.match(message)
        return Finding(
            severity,
            code,
            where,
            message,
            source=place[1] if place else "",
            abi=self.ours.abi,
            interface_version=self.ours.interface_version,
        )

    def sharpen(self, finding: Finding) -> Finding | None:
        """Return what the source knows better than its layout; None if it is said elsewhere."""
        name = finding.where
        if finding.code.endswith("-missing") and name in self._problems:
            return None  # unreadable
        typedefs = self.reading.typedefs if isinstance(self.reading, HeaderReading) else ()
        if finding.code == "type-missing" and name in typedefs:
            return replace(finding, code="type-kind", message=f"{name} is not an integer type")
        return finding

    @cached_property
    def _problems(self) -> dict[str, str]:
        """What could not be read, by the name that the reference has for it."""
        names, found = self.names, {}
        for name, problem in self.reading.problems.items():
            ours = [match.ours for kind in names.kinds.all if (match := kind.match(name))]
            there = ours and (ours[0] in names.structs.found or ours[0] in names.constants.found)
            known = there or not ours or name in self.enums
            found[name if known else ours[0]] = problem.message
        if isinstance(self.reading, HeaderReading):
            for name, reason in self.reading.valueless.items():
                match = names.kinds.constants.match(name)
                if match and match.ours not in names.constants.found:
                    found.setdefault(match.ours, reason)
        return found

    def unreadable(self) -> Iterator[Finding]:
        """State what of the reference is there and could not be read; of the markup, note it."""
        ours = self.ours
        for name, message in self._problems.items():
            if name in ours.structs or name in ours.typedefs or name in ours.constants:
                yield self._finding(ERROR, "unreadable", name, message)
            elif name == MESSAGES or name in self.enums:
                yield self._finding(NOTE, "unreadable", name, message)

    def assumed(self) -> Iterator[Finding]:
        """Note what the source leaves open, and what it is taken to be."""
        for one in self.reading.assumptions:
            yield self._finding(NOTE, "assumed", one.name, one.message)

    def doubtful(self) -> Iterator[Finding]:
        """Warn of names that could be meant by several, of which none is taken."""
        for name, several in self.names.doubtful().items():
            if name in self.ours.structs or name in self.ours.constants:
                message = f"{name} could be any of {', '.join(several)}: none is compared"
                yield self._finding(WARNING, "ambiguous", name, message)

    def others(self, names: Renamed, reader: str) -> Iterator[Finding]:
        """Compare definitions that differ from the one in the layout."""
        for definition in self.reading.others:
            tag = names.ours(definition.layout.tag)
            ours = self.ours.structs.get(tag or "")
            if ours is None or tag is None:
                continue
            at = definition.where or "another place"
            message = f"{tag} is defined in more than one way: otherwise {at}"
            yield replace(self._finding(WARNING, "definitions-differ", tag, message), source=at)
            for one in compare_struct(ours, replace(definition.layout, tag=tag), reader):
                yield replace(
                    one,
                    source=at,
                    abi=self.ours.abi,
                    interface_version=self.ours.interface_version,
                )

    def located(self, finding: Finding) -> Finding:
        """Return a finding with the file and line of its C path, or of what is around it."""
        path = finding.theirs or finding.where
        theirs = self.names.theirs(path)
        finding = replace(finding, theirs=theirs if theirs != finding.where else None)
        where = path.partition("[")[0]
        while where and not finding.source:
            finding = replace(finding, source=self.where.get(where, ""))
            where = where.rpartition(".")[0]
        return replace(finding, source=finding.source or self.path)


class _Versions:
    """Finds the interface versions at which to hold a header against the reference."""

    def __init__(self, checker: _Checker, source: HeaderFile, abi: Target) -> None:
        self.checker = checker
        self.source = source
        self.abi = abi
        self.newest = checker.header.newest
        self.wanted = checker.reference.wanted(abi)

    def check(self, versions: Sequence[str | int]) -> None:
        """Hold it against the reference at these versions; if none, at the newest it takes."""
        if not versions:
            self._newest()
            return
        refusals = []
        wanted = self._versions(versions)
        held = set()
        for version in wanted:
            try:
                reading = self._read(version)
            except Refused as refusal:
                refusals.append((version, refusal))
                continue
            if reading.layout.interface_version not in held:  # it may set the version itself
                held.add(reading.layout.interface_version)
                self._compare(reading)
        if len(refusals) == len(wanted) > 1:
            self.checker.refused(self.abi, None, refusals[0][1])
            return
        for version, why in refusals:
            self.checker.refused(self.abi, version, why)

    def _read(self, version: int) -> HeaderReading:
        return self.source.read(self.abi, version, self.wanted)

    def _compare(self, reading: HeaderReading) -> None:
        self.checker.compare(reading, reading.layout.interface_version)

    def _versions(self, versions: Sequence[str | int]) -> list[int]:
        header = self.checker.header
        found: dict[int, None] = {}
        for version in versions:
            if version != "all":
                found[header.version(version)] = None
                continue
            every = {UNDEFINED, self.newest, *header.gates}
            every |= self.source.gates(self.abi, sorted(every), self.wanted)
            found.update(dict.fromkeys(sorted(v for v in every if v <= self.newest)))
        return list(found)

    def _newest(self) -> None:
        """Hold it against the reference at the newest version that it takes."""
        try:
            self._compare(self._read(self.newest))
        except Refused as refusal:
            self._older(refusal)

    def _older(self, first: Refused) -> None:
        """Hold it against the reference at the newest version below that it takes."""
        latest, why = UNDEFINED, first
        try:
            latest = self._read(UNDEFINED).latest or UNDEFINED
        except Refused as refusal:
            why = refusal
        gates = self.checker.header.gates
        older = sorted({v for v in (UNDEFINED, latest, *gates) if v < self.newest}, reverse=True)
        reading = self.source.first(self.abi, older, self.wanted)
        if reading is None:
            self.checker.refused(self.abi, None, why)
        else:
            used = reading.layout.interface_version
            self.checker.refused(self.abi, self.newest, first, used)
            self._compare(reading)
