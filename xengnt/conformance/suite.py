# SPDX-License-Identifier: MIT
"""The recorded cases: scenarios, many to a file, a file for each op.

Imports ``xengnt.errors``, ``xengnt.scenario``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from xengnt.errors import SourceError, Unavailable
from xengnt.scenario import Scenario

SEAL = "recorded.json"
"""The file that says from what a suite was recorded."""

_HEAD = '{"scenario"'


@dataclass(frozen=True)
class Suite:
    """Cases of one folder.

    Attributes:
        folder: where they are.
    """

    folder: Path

    @cached_property
    def recorded(self) -> dict[str, str]:
        """From what they were recorded: ``package`` and ``xen_version``.

        Raises:
            SourceError: nobody says so, or a file was changed since then.
        """
        try:
            seal = json.loads((self.folder / SEAL).read_text("utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise SourceError(f"{self.folder / SEAL}: {error}") from None
        files = seal.pop("sha256", None) if isinstance(seal, dict) else None
        if not isinstance(files, dict) or not {"package", "xen_version"} <= seal.keys():
            raise SourceError(
                f"{self.folder / SEAL}: expected an object with package, xen_version and sha256"
            )
        if not files:
            raise SourceError(f"{self.folder}: no cases")
        found = _digests(self.folder)
        for name in sorted(files.keys() | found.keys()):
            if files.get(name) != found.get(name):
                what = "is not what was recorded" if name in found else "is missing"
                raise SourceError(f"{self.folder / name}: {what}")
        return {key: str(value) for key, value in seal.items()}

    def cases(self, only: str = "") -> Iterator[Scenario]:
        """Give the cases whose names contain a text.

        Raises:
            SourceError: a file is no suite.
        """
        for path in sorted(self.folder.glob("*.jsonl")):
            for start, lines in _parts(path):
                if only in lines[0]:
                    case = Scenario.parse(lines, path.name, start)
                    if only in case.title:
                        yield case


def shipped() -> Suite:
    """Return the suite that comes with this package.

    Raises:
        Unavailable: it was installed without.
    """
    here = Path(__file__).parent
    for folder in (here / "vectors", here.parent.parent / "tests" / "conformance"):
        if (folder / SEAL).is_file():
            return Suite(folder)
    raise Unavailable("the conformance vectors were not installed")


def seal(folder: Path, package: str, xen_version: str) -> None:
    """Write down from what the files of a folder were recorded, and their hashes."""
    text = {"package": package, "xen_version": xen_version, "sha256": _digests(folder)}
    (folder / SEAL).write_text(json.dumps(text, indent=1) + "\n")


def _digests(folder: Path) -> dict[str, str]:
    paths = sorted([*folder.glob("*.jsonl"), *folder.glob("boot.log")])
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def _parts(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Give the lines of each scenario in a file, and in which line it begins."""
    try:
        lines = path.read_text().splitlines()
    except (OSError, ValueError) as error:
        raise SourceError(f"{path}: {error}") from None
    heads = [at for at, line in enumerate(lines) if line.startswith(_HEAD)]
    if not heads or heads[0]:
        raise SourceError(f"{path}:1: a case begins with a line that starts with {_HEAD}")
    for start, end in zip(heads, [*heads[1:], len(lines)], strict=True):
        yield start + 1, lines[start:end]
