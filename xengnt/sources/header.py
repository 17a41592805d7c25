# SPDX-License-Identifier: MIT
"""A C header as a source: one reading for each ABI and interface version.

Imports ``xengnt.errors``, ``xengnt.abi`` and the readers beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from xengnt.abi.layout import compute
from xengnt.abi.targets import UNDEFINED, Target
from xengnt.errors import InvalidValue, Refused
from xengnt.sources.cheader.gates import gates
from xengnt.sources.cheader.preprocess import Job
from xengnt.sources.cheader.reader import read
from xengnt.sources.reading import Reading, Wanted


@dataclass(slots=True)
class HeaderReading(Reading):
    """What a header says at one ABI and interface version.

    Attributes:
        valueless: macros that are no constants, by name, and why.
        typedefs: the names of all of them, of scalar types and others.
        files: all files that it is made of.
        latest: the newest interface version that it knows, if it says so.
    """

    valueless: dict[str, str] = field(default_factory=dict)
    typedefs: frozenset[str] = frozenset()
    files: tuple[str, ...] = ()
    latest: int | None = None


class HeaderFile:
    """A C header.

    Args:
        path: the file.
        include: directories to search for what it includes.
        defines: macros, ``NAME`` or ``NAME=VALUE``.

    Raises:
        InvalidValue: a directory that is not there.
    """

    def __init__(
        self, path: Path, include: Sequence[str | Path] = (), defines: Sequence[str] = ()
    ) -> None:
        for directory in include:
            if not Path(directory).is_dir():
                raise InvalidValue(f"-I {directory}: no such directory", got=str(directory))
        self.path = path
        self.include = tuple(map(str, include))
        self.defines = tuple(defines)

    def read(self, abi: Target, version: int, wanted: Wanted | None) -> HeaderReading:
        """Read it.

        Raises:
            Refused: it stops with ``#error`` for this ABI and version.
            SourceError: it cannot be read at all.
            Unavailable: there is no preprocessor.
        """
        source = read(Job(self.path, abi, version, self.include, self.defines), wanted)
        layout = compute(source.declarations)
        assumed = {one.name for one in source.assumptions}  # what it does not define itself
        for name in assumed & layout.typedefs.keys():
            del layout.typedefs[name]
        return HeaderReading(
            layout,
            source.where,
            source.problems,
            assumptions=source.assumptions,
            valueless=source.valueless,
            typedefs=frozenset(source.declarations.typedefs.keys() - assumed),
            files=source.files,
            latest=source.latest,
        )

    def first(
        self, abi: Target, versions: Iterable[int], wanted: Wanted | None
    ) -> HeaderReading | None:
        """Return the header at the first of these versions that it takes, None if at none."""
        for version in versions:
            try:
                return self.read(abi, version, wanted)
            except Refused:
                continue
        return None

    def gates(self, abi: Target, versions: Iterable[int], wanted: Wanted | None) -> set[int]:
        """Return one version on each side of every gate in it, as far as it can be read."""
        found = self.first(abi, versions, wanted)
        return set() if found is None else {*gates(found.files), found.latest or UNDEFINED}
