# SPDX-License-Identifier: MIT
"""Checks one source, for each ABI and interface version that is asked for.

Imports ``xengnt.abi``, ``xengnt.errors``, ``xengnt.sources``, ``xengnt.compare``,
``xengnt.findings``, ``xengnt.mapping``, ``xengnt.match`` and the modules beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TypeVar

from xengnt.abi.declarations import MESSAGES, Header, header
from xengnt.abi.layout import Layout
from xengnt.abi.targets import TARGETS, UNDEFINED, Target, format_version, native, target
from xengnt.check.held import Held
from xengnt.check.references import OtherSource, OwnHeader
from xengnt.check.report import Comparison, Report
from xengnt.check.versions import Versions
from xengnt.compare import compare
from xengnt.errors import Refused, SourceError
from xengnt.findings import ERROR, NOTE, WARNING, Finding
from xengnt.mapping import Mapping
from xengnt.match import COMPAT, Kinds, Renamed, rename
from xengnt.sources.cheader.preprocess import VERSION_MACRO
from xengnt.sources.detect import Binary
from xengnt.sources.header import HeaderFile, HeaderReading
from xengnt.sources.reading import CONSTANTS, MACROS, TYPEDEFS, Reading

T = TypeVar("T")

_UNSEEN = {"constant": (CONSTANTS, MACROS), "type": (TYPEDEFS,)}
"""By the kind of thing that is missing, what a source may not show of it."""

_REQUIRED = ("struct-missing", "constant-missing", "type-missing")
"""Notes that are errors where everything is required."""


class Checker:
    """Checks one source."""

    def __init__(
        self,
        theirs: HeaderFile | Binary,
        name: str,
        reference: OwnHeader | OtherSource,
        mapping: Mapping,
        *,
        required: bool,
        only: Sequence[str],
    ) -> None:
        self.only = only
        self.theirs = theirs
        self.reference = reference
        self.mapping = mapping
        self.required = required
        self.header: Header = header()
        self.used: set[str] = set()
        self.report = Report(name, reference.name)

    def finish(self) -> Report:
        """Return the report, if there was anything to compare."""
        report = self.report
        if any(comparison.common for comparison in report.comparisons):
            report.refusals += [self._unused(one) for one in self._said() if one not in self.used]
            return report
        for comparison in report.comparisons:
            if comparison.names.doubtful():
                raise SourceError(f"{self._path}: {comparison.findings[-1].message}")
        if report.refusals and not report.comparisons:
            raise Refused(report.refusals[0].message)
        for finding in report.findings:
            if finding.code == "unreadable":
                raise SourceError(finding.message)
        what = "the grant-table interface"
        if isinstance(self.reference, OtherSource):
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
                    Versions(self, self.theirs, abi).check(versions)
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
        made = [self._compare(reading, target(reading.layout.abi), version, compat=False)]
        prefixed = any(name.startswith(COMPAT) for name in reading.layout.structs)
        if prefixed and reading.layout.abi == "x86_64" and isinstance(self.reference, OwnHeader):
            made.append(self._compare(reading, TARGETS["x86_32"], version, compat=True))
        self._use(reading)
        common = [one for one in made if one.common]
        if not common:
            nothing = self._nothing(made[0].reference, made[0].names)
            common = [replace(made[0], findings=(*made[0].findings, nothing))]
        self.report.comparisons += common

    def _compare(self, reading: Reading, abi: Target, version: int, *, compat: bool) -> Comparison:
        ours = self._asked(self.reference.layout(abi, min(version, self.header.newest), reading))
        kinds = self.reference.kinds
        verify(self.mapping, kinds, ours, self.reference.name)
        names = rename(reading.layout, kinds, self.mapping.fields, compat=compat)
        for struct in names.layout.structs.values():
            if self.mapping.fields and len(struct.by_name) < len(struct.fields):
                raise SourceError(f"{self.mapping.path}: fields: two of {struct.tag} mean the same")
        theirs = names.layout
        held = Held(reading, names, ours, self._path, self.header.enums)
        reader = self.reference.reader
        found = [held.sharpen(one) for one in compare(ours, theirs, reader)]
        findings = [one for one in found if one is not None]
        if not compat:
            if isinstance(reading, HeaderReading):
                findings += self._early(ours, theirs)
            findings += held.unreadable()
            findings += held.assumed()
        findings += held.doubtful()
        findings += held.differing(reader)
        findings += held.besides(reader)
        findings += self._problems_of_reference(ours)
        findings = [held.located(one) for one in findings]
        judged = tuple(self._judged(findings, reading))
        return Comparison(ours, theirs, names, judged, held.others)

    def _is_asked(self, name: str) -> bool:
        return not self.only or any(fnmatchcase(name, pattern) for pattern in self.only)

    def _asked(self, ours: Layout) -> Layout:
        """Return of a layout what is asked for by name."""
        if not self.only:
            return ours

        def some(table: dict[str, T]) -> dict[str, T]:
            return {name: one for name, one in table.items() if self._is_asked(name)}

        return replace(
            ours,
            structs=some(ours.structs),
            typedefs=some(ours.typedefs),
            constants=some(ours.constants),
            aliases=some(ours.aliases),
            ops=some(ours.ops),
            messages=(),
        )

    def _problems_of_reference(self, ours: Layout) -> Iterator[Finding]:
        """Tell what of the reference could not be read, and so is not compared."""
        for message in self.reference.problems:
            yield Finding(
                ERROR if self.required else NOTE,
                "reference-unreadable",
                "",
                f"of the reference: {message}",
                abi=ours.abi,
                interface_version=ours.interface_version,
            )

    def _nothing(self, ours: Layout, names: Renamed) -> Finding:
        """Warn that there was nothing to compare."""
        message = f"nothing of {self.reference.name} is there for {ours.abi}"
        several = ", ".join(name for some in names.doubtful().values() for name in some)
        if several:
            message += f"; each of these could mean several: {several}"
        return Finding(
            WARNING,
            "nothing-compared",
            "",
            message,
            source=self._path,
            abi=ours.abi,
            interface_version=ours.interface_version,
        )

    def _use(self, reading: Reading) -> None:
        """Remember what of the mapping there is in a source."""
        layout, said = reading.layout, self.mapping
        for name, table, there in (
            ("structs", said.structs, layout.structs),
            ("types", said.types, layout.typedefs),
            ("constants", said.constants, layout.constants),
        ):
            self.used |= {f"{name}.{one}" for one in table if one in there}
        for tag, fields in said.fields.items():
            struct = layout.structs.get(tag)
            self.used |= {
                f"fields.{tag}.{one}" for one in fields if struct and one in struct.by_name
            }

    def _said(self) -> Iterator[str]:
        """Give each entry of the mapping, as the tables of its file name it."""
        said = self.mapping
        for name in ("structs", "types", "constants"):
            yield from (f"{name}.{one}" for one in getattr(said, name))
        for tag, fields in said.fields.items():
            yield from (f"fields.{tag}.{one}" for one in fields)
        yield from (f"ignore.{one}" for one in said.ignore)

    def _unused(self, entry: str) -> Finding:
        """Return what is said of an entry that means nothing: perhaps it is misspelled."""
        path, severity = self.mapping.path, ERROR if self.required else WARNING
        message = f"{path}: {entry}: there is nothing that this is about"
        return Finding(severity, "map-unused", "", message, path)

    def _early(self, ours: Layout, theirs: Layout) -> Iterator[Finding]:
        """Note what is there, and in the ABI at other interface versions only."""
        now = {*ours.structs, *ours.typedefs, *ours.constants}
        for name in (*theirs.structs, *theirs.typedefs, *theirs.constants):
            known = name in now or not self._is_asked(name)
            presence = None if known else self.reference.presence(name)
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
                self.used.add(f"ignore.{path}")
                ignored.setdefault(path, []).append(one)
            elif kind != one.code and any(word in reading.unseen for word in _UNSEEN.get(kind, ())):
                unseen.setdefault(kind, []).append(one)
            elif self.required and one.code in _REQUIRED and one.severity == NOTE:
                yield replace(one, severity=ERROR)
            elif one.code.endswith("-extra") and self.only:
                pass  # nobody asked for it
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


def verify(mapping: Mapping, kinds: Kinds, ours: Layout, name: str) -> None:
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
