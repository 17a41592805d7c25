# SPDX-License-Identifier: MIT
"""Tell from a file's contents, or from what it is called by, which reader it is for.

Imports ``xengnt.errors``, ``xengnt.abi`` and the readers beside it.
"""

from __future__ import annotations

import mmap
import re
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from xengnt.abi.targets import Target
from xengnt.errors import SourceError
from xengnt.sources import elf_sections, kernel_image
from xengnt.sources.header import HeaderFile
from xengnt.sources.reading import Reading, Wanted

if TYPE_CHECKING:
    from xengnt.sources.python_run import Ran

HEADER, ELF, BTF, PY, JSON = "header", "elf", "btf", "py", "json"

KINDS = {
    HEADER: "a C header",
    ELF: "DWARF in an ELF file",
    BTF: "BTF, raw, in an ELF file or in a kernel image",
    PY: "Python code",
    JSON: "layout JSON",
}

Progress = Callable[[int, int], None]
"""Is told how many bytes of how many are done."""

_NAMED = re.compile(rf"({'|'.join(KINDS)}):(.+)", re.DOTALL)


@dataclass(slots=True)
class Binary:
    """A source that states its layouts as they are: everything but a header.

    Attributes:
        name: the file, or the Python module.
        kind: one of `KINDS`.
        progress: is told how far reading is.
        base: of a kernel module, the kernel.
        loaded: what is there in Python already.
    """

    name: str
    kind: str
    progress: Progress | None = field(default=None, repr=False)
    base: Path | None = None
    loaded: Ran | None = field(default=None, repr=False)

    @property
    def states_abi(self) -> bool:
        """Whether it says itself which ABIs it is for."""
        return self.kind in (ELF, JSON)

    def read(self, wanted: Wanted, abi: Target | None) -> list[Reading]:
        """Read it: one reading for each ABI that is in it.

        Args:
            wanted: tells of a name whether it is wanted.
            abi: which, for a source that does not state it; this machine's if None.

        Raises:
            SourceError: it cannot be read, or is for another ABI.
            Unavailable: what reads it is not installed.
        """
        path = Path(self.name)
        match self.kind:
            case "elf":
                from xengnt.sources.dwarf import reader as dwarf

                return [dwarf.read(path, wanted, self.progress)]
            case "btf":
                from xengnt.sources import btf

                return [btf.read_file(path, wanted, abi, self.base)]
            case "json":
                from xengnt.sources import layout_json

                try:
                    with path.open("rb") as file:
                        data = file.read(layout_json.MAX_BYTES + 1)
                except OSError as error:
                    raise SourceError(f"{path}: {error.strerror or error}") from None
                return layout_json.read(data, self.name, wanted, abi)
            case _:
                from xengnt.abi.targets import native
                from xengnt.sources import python

                if self.loaded:
                    return [python.read_loaded(self.loaded, wanted, abi or native())]
                return [python.read(self.name, wanted, abi or native())]


def open_source(
    spec: object,
    include: Sequence[str | Path] = (),
    defines: Sequence[str] = (),
    progress: Progress | None = None,
    base: str | Path | None = None,
) -> HeaderFile | Binary:
    """Return the source that a text names: ``FILE``, or ``KIND:FILE``; or what else is given.

    Args:
        spec: the file; with its kind before it, it is not looked into. What is neither a
            text nor a path is what is to be read, in Python: a module, a class, a mapping.
        include: for a header, where to search for what it includes.
        defines: for a header, macros to define.
        progress: is told how far reading is, where that takes long.
        base: for the BTF of a kernel module, the kernel that it is for.

    Raises:
        InvalidValue: a directory to search that is not there.
        SourceError: there is no such file, or it is Python code without ``py:``.
    """
    if not isinstance(spec, str | Path):
        from xengnt.sources.python_run import there

        loaded = there(spec)
        return Binary(loaded.name, PY, loaded=loaded)
    named = _NAMED.fullmatch(str(spec))
    if named:
        kind, name = named[1], named[2]
        _check(Path(name))
    else:
        name = str(spec)
        kind = _kind(Path(name))
    if base:
        _check(Path(base))
    if kind == HEADER:
        return HeaderFile(Path(name), include, defines)
    return Binary(name, kind, progress, Path(base) if base else None)


def _check(path: Path) -> None:
    """Refuse what would have its reader wait, as pipes do: what is there and not a file.

    Raises:
        SourceError: it is not one.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # not there: a module, or its reader says so
        return
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise SourceError(f"{path}: not a regular file")


def _kind(path: Path) -> str:
    """Return what a file is, by what is in it."""
    _check(path)
    if path.suffix == ".py":
        raise SourceError(f"{path}: Python code is run to be read: say py:{path} if you trust it")
    try:
        with path.open("rb") as file:
            start = file.read(4096)
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from None
    if start.startswith((b"!<arch>\n", b"!<thin>\n")):
        raise SourceError(f"{path}: an archive: check its members, which ar x takes out")
    if start.startswith(b"\x7fELF"):
        return _elf(path)
    if start[:2] in (b"\x9f\xeb", b"\xeb\x9f") or kernel_image.known(memoryview(start)):
        return BTF
    return JSON if start.lstrip()[:1] in (b"{", b"[") else HEADER


def _elf(path: Path) -> str:
    """Return whether an ELF file has DWARF, which says more, or else BTF."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        view = memoryview(data)
        try:
            elf = elf_sections.Elf(view, str(path))
            return BTF if _has(elf, ".BTF") and not _has(elf, ".debug_info") else ELF
        finally:
            view.release()


def _has(elf: elf_sections.Elf, name: str) -> bool:
    """Tell whether there is a section of this name, whatever is the matter with it."""
    try:
        section = elf.section(name)
    except SourceError:
        return True
    if section is not None:
        section.release()
    return section is not None
