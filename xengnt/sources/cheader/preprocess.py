# SPDX-License-Identifier: MIT
"""Run a C preprocessor over a header, as a compiler for some target would.

The host's compiler serves for every target: its own headers and macros are
shut out, and the target's macros and the few headers in ``include/`` beside
this module take their place. Where there is no compiler, pcpp from PyPI does
the same.

Imports ``xengnt.errors``, ``xengnt.abi.targets`` and ``missing`` beside it.
"""

from __future__ import annotations

import os
import re
import selectors
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xengnt.abi.targets import UNDEFINED, Target, format_version
from xengnt.errors import InvalidValue, Refused, SourceError, Unavailable
from xengnt.sources.cheader.missing import StandIns

TIMEOUT = 10
"""Seconds that a preprocessor may take."""

MAX_OUTPUT = 16 << 20
"""Bytes that a preprocessor may print."""

VERSION_MACRO = "__XEN_INTERFACE_VERSION__"
LATEST_MACRO = "__XEN_LATEST_INTERFACE_VERSION__"

OWN_INCLUDE = Path(__file__).parent / "include"
"""Stand-ins for the standard headers that freestanding C may include, and for a few more."""


@dataclass(frozen=True, slots=True)
class Job:
    """A header to preprocess, and how.

    Attributes:
        path: the header.
        target: the ABI whose compiler to play.
        version: the interface version to ask for, 0 for undefined.
        include: directories to search, in order.
        defines: macros, ``NAME`` or ``NAME=VALUE``.
    """

    path: Path
    target: Target
    version: int
    include: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()

    def macros(self) -> dict[str, str]:
        """Return all macros to define beforehand, the user's last."""
        macros = {**_COMMON_MACROS, **dict(self.target.macros)}
        for name in ("LONG", "POINTER", "SIZE_T", "PTRDIFF_T"):
            macros[f"__SIZEOF_{name}__"] = str(self.target.word)
        if self.target.word == 8:  # noqa: PLR2004 -- eight bytes are what LP64 says
            macros |= {"__LP64__": "1", "_LP64": "1"}
        if not self.target.char_signed:
            macros["__CHAR_UNSIGNED__"] = "1"
        if self.version != UNDEFINED:
            macros[VERSION_MACRO] = format_version(self.version)
        for define in self.defines:
            name, _, value = define.partition("=")
            if not re.fullmatch(r"[A-Za-z_]\w*", name) or "\n" in value:
                raise InvalidValue(f"-D {define}: not the name of a macro", got=define)
            if name == VERSION_MACRO:
                raise InvalidValue(f"-D {define}: ask for an interface version instead")
            macros[name] = value if "=" in define else "1"
        return macros


_COMMON_MACROS = {
    "__STDC__": "1",
    "__STDC_VERSION__": "201112L",
    "__STDC_HOSTED__": "0",
    "__GNUC__": "12",
    "__GNUC_MINOR__": "2",
    "__GNUC_PATCHLEVEL__": "0",
    "__CHAR_BIT__": "8",
    "__SIZEOF_SHORT__": "2",
    "__SIZEOF_INT__": "4",
    "__SIZEOF_LONG_LONG__": "8",
    "__SIZEOF_FLOAT__": "4",
    "__SIZEOF_DOUBLE__": "8",
    "__ORDER_LITTLE_ENDIAN__": "1234",
    "__ORDER_BIG_ENDIAN__": "4321",
    "__ORDER_PDP_ENDIAN__": "3412",
    "__BYTE_ORDER__": "1234",
    "__FLOAT_WORD_ORDER__": "1234",
    **{f"__INT{bits}_TYPE__": f"int{bits}_t" for bits in (8, 16, 32, 64)},
    **{f"__UINT{bits}_TYPE__": f"uint{bits}_t" for bits in (8, 16, 32, 64)},
    "__INTPTR_TYPE__": "intptr_t",
    "__UINTPTR_TYPE__": "uintptr_t",
    "__SIZE_TYPE__": "size_t",
    "__PTRDIFF_TYPE__": "ptrdiff_t",
    "__pragma(x)": "_Pragma(#x)",  # as Microsoft's compiler spells it
}


def compiler() -> list[str] | None:
    """Return the command of a C compiler: ``$CC``, cc, gcc or clang; None if there is none."""
    wanted = os.environ.get("CC", "").strip()
    if wanted:
        try:
            named = shlex.split(wanted)
        except ValueError as error:
            raise Unavailable(f"$CC is {wanted!r}: {error}") from None
        if not shutil.which(named[0]):
            raise Unavailable(f"$CC is {wanted!r}: there is no such command")
        return named
    for command in ("cc", "gcc", "clang"):
        if shutil.which(command):
            return [command]
    return None


def preprocess(job: Job, stand_ins: StandIns, after: str = "") -> str:
    """Return what a header expands to, with line markers and the directives that define macros.

    Args:
        job: the header and how to see it.
        stand_ins: gets the headers that are included and not there.
        after: C text to expand behind the header.

    Raises:
        Refused: the header stops with ``#error``.
        SourceError: it cannot be read or preprocessed.
        Unavailable: there is neither a C compiler nor pcpp.
    """
    _readable(job.path)
    command = compiler()
    if not command:
        from xengnt.sources.cheader import with_pcpp

        return with_pcpp.preprocess(job, stand_ins, after)
    deadline = time.monotonic() + TIMEOUT
    while True:
        try:
            return _with_compiler(command, job, stand_ins.directory, after)
        except _NotThereError as error:
            if not stand_ins.add(error.name, error.where):
                raise SourceError(str(error)) from None
            if time.monotonic() > deadline:
                raise _too_slow(job) from None


def _readable(path: Path) -> None:
    """Raise `SourceError` unless the path is that of a text file with something in it."""
    if set('"\n') & set(str(path)):
        raise SourceError(f"{str(path)!r}: a name that no preprocessor can take")
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise SourceError(f"{path}: not a regular file")
        with path.open("rb") as file:
            head = file.read(MAX_OUTPUT + 1)
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from None
    if len(head) > MAX_OUTPUT:
        raise SourceError(f"{path}: larger than {MAX_OUTPUT >> 20} MiB, so not a C header")
    if b"\0" in head:
        where = head.index(b"\0")
        raise SourceError(
            f"{path}: binary data at byte {where}, so not a C header", offset=where, got="NUL"
        )
    if not head.strip():
        raise SourceError(f"{path}: empty")


_MEDDLING = ("CPATH", "C_INCLUDE_PATH", "DEPENDENCIES_OUTPUT", "SUNPRO_DEPENDENCIES")
"""Variables that would have a compiler look elsewhere, or write what nobody asked for."""


class _NotThereError(SourceError):
    """A header is included that is not there."""

    def __init__(self, name: str, where: str) -> None:
        super().__init__(not_there(name, where))
        self.name = name
        self.where = where


def not_there(name: str, where: str) -> str:
    """Return the message about a header that is included and not there."""
    return f"{where}: {name}: No such file or directory"


def _with_compiler(command: Sequence[str], job: Job, stand_ins: str | None, after: str) -> str:
    directories = [*job.include, str(OWN_INCLUDE), *([stand_ins] if stand_ins else [])]
    arguments = [
        *command,
        *("-E", "-dD", "-x", "c", "-undef", "-nostdinc", "-w", "-Wfatal-errors"),
        "-U__STDC_VERSION__",
        *(f"-D{name}={value}" for name, value in job.macros().items()),
        *(f"-I{directory or '.'}" for directory in directories),
        *("-include", str(job.path.absolute()), "-"),
    ]
    environment = {k: v for k, v in os.environ.items() if k not in _MEDDLING}
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as complaints:
        source.write(after.encode())
        source.seek(0)
        try:
            process = subprocess.Popen(  # noqa: S603 -- the user's own compiler, no shell
                arguments,
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=complaints,
                env={**environment, "LC_ALL": "C"},
                process_group=0,
            )
        except OSError as error:
            raise Unavailable(f"cannot run {command[0]}: {error.strerror or error}") from None
        try:
            text = _output(process, job)
        finally:
            _end(process)
        complaints.seek(0)
        said = complaints.read(1 << 16).decode(errors="replace")
    if process.returncode:
        raise _complaint(job, said)
    return _ESCAPED.sub(_letter, text.decode(errors="replace"))


_ESCAPED = re.compile(r"(?<!\\)\\U([0-9a-fA-F]{8})")


def _letter(escape: re.Match[str]) -> str:
    """Return a letter of a name that gcc prints as an escape."""
    number = int(escape[1], 16)
    letter = chr(number) if number <= sys.maxunicode else ""
    return letter if f"_{letter}".isidentifier() and letter else escape[0]


def _output(process: subprocess.Popen[bytes], job: Job) -> bytes:
    """Return all that a process prints, unless it is too much or takes too long."""
    assert process.stdout is not None  # noqa: S101 -- it was asked for
    deadline = time.monotonic() + TIMEOUT
    pieces: list[bytes] = []
    size = 0
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            if not selector.select(max(deadline - time.monotonic(), 0)):
                raise _too_slow(job)
            piece = os.read(process.stdout.fileno(), 1 << 20)
            if not piece:
                process.wait()
                return b"".join(pieces)
            pieces.append(piece)
            size += len(piece)
            if size > MAX_OUTPUT:
                raise SourceError(
                    f"{job.path}: the preprocessor printed more than {MAX_OUTPUT >> 20} MiB"
                )


def _too_slow(job: Job) -> SourceError:
    return SourceError(f"{job.path}: the preprocessor did not finish in {TIMEOUT} seconds")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Make sure that a process, and those that it has started, are gone."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    if process.stdout is not None:
        process.stdout.close()
    process.wait()


_COMPLAINT = re.compile(r"^(.+?):(\d+)(?::\d+)?: (?:fatal )?error: (.*)$", re.MULTILINE)
_NOT_THERE = re.compile(r"(.+): No such file or directory|'(.+?)' file not found.*")


def _complaint(job: Job, text: str) -> SourceError:
    """Turn what a compiler printed into one error."""
    found = _COMPLAINT.search(text)
    if found:
        if absent := _NOT_THERE.fullmatch(found[3]):
            return _NotThereError(absent[1] or absent[2], f"{found[1]}:{found[2]}")
        return complaint(found[1], int(found[2]), found[3])
    lines = text.strip().splitlines()
    return SourceError(f"{job.path}: {lines[0] if lines else 'the preprocessor failed'}")


def complaint(file: str, line: int, message: str) -> SourceError:
    """Return the error for what a preprocessor said: `Refused` if it met ``#error``."""
    try:
        source = Path(file).read_text(errors="replace").splitlines()[line - 1]
    except (OSError, IndexError):
        source = ""
    refused = re.match(r"\s*#\s*error\b\s*(.*)", source)
    if refused:
        words = refused[1].strip().strip('"')
        return Refused(f"{file}:{line}: #error {words}", got=words)
    return SourceError(f"{file}:{line}: {message}")
