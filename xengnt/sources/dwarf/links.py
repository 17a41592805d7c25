# SPDX-License-Identifier: MIT
"""Find the other files that hold the debugging information of a file.

Imports ``xengnt.errors`` and the modules beside it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from xengnt.errors import SourceError
from xengnt.sources.dwarf.elf import Elf

DEBUG_ROOT = Path("/usr/lib/debug")
"""Where distributions put it."""

_INFORMATION = (".debug_info", ".debug_info.dwo", ".gnu.debuglto_.debug_info")


def debug_file(elf: Elf) -> Elf:
    """Return the file with the debugging information of a file: itself, or another.

    Raises:
        SourceError: there is none.
    """
    if any(elf.sections(name) for name in _INFORMATION):
        return elf
    identity = elf.build_id()
    link, checksum = _link(elf)
    for path in _places(elf.path, identity, link):
        if _is_file(path) and not path.samefile(elf.path):
            found = Elf(path)
            same = found.build_id() == identity if identity else found.checksum() == checksum
            if not same:
                raise SourceError(f"{elf.path}: {path} is of another build")
            if found.abi != elf.abi:
                raise SourceError(f"{elf.path}: {path} is for {found.abi}")
            if any(found.sections(name) for name in _INFORMATION):
                return found
    hint = f"; {link} is not where it should be" if link else ""
    raise SourceError(
        f"{elf.path}: no debugging information in it: compile with -g "
        f"(-gsplit-dwarf alone makes none){hint}"
    )


def supplement(elf: Elf) -> Elf | None:
    """Return the file with what several have in common, as dwz makes it, if one is named.

    Raises:
        SourceError: it is not there, or of another build.
    """
    named = bytes(elf.section(".gnu_debugaltlink"))
    if named:
        name, _, identity = named.partition(b"\0")
    else:
        named = bytes(elf.section(".debug_sup"))  # version, whether this is it, name, identity
        if not named or named[2]:
            return None
        name, _, rest = named[3:].partition(b"\0")
        identity = rest[1:]
    path = elf.path.resolve().parent / name.decode(errors="replace")
    try:
        found = Elf(path)
    except SourceError as why:
        raise SourceError(
            f"{elf.path}: part of its debugging information is missing: {why}"
        ) from None
    theirs = found.build_id() or bytes(found.section(".debug_sup"))[-len(identity) :]
    if theirs != identity:
        raise SourceError(f"{elf.path}: {path} is of another build")
    return found


def split_files(elf: Elf, name: str, folder: str) -> Iterator[Elf]:
    """Give the files that may be the one of a name, that holds the rest of a unit.

    Args:
        elf: the file with the first part.
        name: the name, as the compiler wrote it.
        folder: where the compiler ran.
    """
    beside = elf.path.resolve().parent
    paths = (beside / name, beside / Path(name).name, Path(folder, name))
    for path in dict.fromkeys(paths):
        if _is_file(path):
            yield Elf(path)


def package(elf: Elf) -> Elf | None:
    """Return the package of split units beside a file, if there is one."""
    path = elf.path.with_name(f"{elf.path.name}.dwp")
    return Elf(path) if _is_file(path) else None


def _is_file(path: Path) -> bool:
    return os.path.isfile(path)  # noqa: PTH113 -- Path.is_file raises where a name is too long


def _link(elf: Elf) -> tuple[str, int]:
    """Return name and checksum of the file that ``.gnu_debuglink`` names, "" without one."""
    data = bytes(elf.section(".gnu_debuglink"))
    name = data.partition(b"\0")[0].decode(errors="replace")
    return Path(name).name, int.from_bytes(data[-4:], "little")


def _places(path: Path, identity: bytes, link: str) -> Iterator[Path]:
    if identity:
        text = identity.hex()
        yield DEBUG_ROOT / ".build-id" / text[:2] / f"{text[2:]}.debug"
    if link:
        folder = path.resolve().parent
        yield folder / link
        yield folder / ".debug" / link
        yield DEBUG_ROOT / folder.relative_to("/") / link
