# SPDX-License-Identifier: MIT
"""Run a C preprocessor over a header, as a compiler for some target would.

The host's compiler serves for every target: its own headers and macros are
shut out, and the target's macros and the few headers in ``include/`` beside
this module take their place. Where there is no compiler, pcpp from PyPI does
the same.

Imports ``xengnt.errors`` and ``xengnt.abi.targets`` only.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xengnt.abi.targets import UNDEFINED, Target, format_version
from xengnt.errors import InvalidValue, Refused, SourceError, Unavailable

TIMEOUT = 20
"""Seconds that a preprocessor may take."""

MAX_OUTPUT = 64 << 20
"""Bytes that a preprocessor may print."""

VERSION_MACRO = "__XEN_INTERFACE_VERSION__"
LATEST_MACRO = "__XEN_LATEST_INTERFACE_VERSION__"

OWN_INCLUDE = Path(__file__).parent / "include"
"""Stand-ins for the standard headers that freestanding C may include."""


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
        word = self.target.word
        macros = {
            **dict(self.target.macros),
            "__STDC__": "1",
            "__STDC_VERSION__": "201112L",
            "__GNUC__": "12",
            "__GNUC_MINOR__": "2",
            "__CHAR_BIT__": "8",
            "__SIZEOF_INT__": "4",
            "__SIZEOF_LONG__": str(word),
            "__SIZEOF_POINTER__": str(word),
            "__ORDER_LITTLE_ENDIAN__": "1234",
            "__ORDER_BIG_ENDIAN__": "4321",
            "__BYTE_ORDER__": "1234",
        }
        if word == 8:  # noqa: PLR2004 -- eight bytes are what LP64 says
            macros |= {"__LP64__": "1", "_LP64": "1"}
        if not self.target.char_signed:
            macros["__CHAR_UNSIGNED__"] = "1"
        if self.version != UNDEFINED:
            macros[VERSION_MACRO] = format_version(self.version)
        for define in self.defines:
            name, _, value = define.partition("=")
            if not re.fullmatch(r"[A-Za-z_]\w*", name):
                raise InvalidValue(f"-D {define}: not the name of a macro", got=define)
            macros[name] = value if "=" in define else "1"
        return macros


def compiler() -> list[str] | None:
    """Return the command of a C compiler: ``$CC``, cc, gcc or clang; None if there is none."""
    named = shlex.split(os.environ.get("CC", ""))
    for command in (named, ["cc"], ["gcc"], ["clang"]):
        if command and shutil.which(command[0]):
            return command
    return None


def preprocess(job: Job, after: str = "") -> str:
    """Return what a header expands to, with line markers and the directives that define macros.

    Args:
        job: the header and how to see it.
        after: C text to expand behind the header.

    Raises:
        Refused: the header stops with ``#error``.
        SourceError: it cannot be read or preprocessed.
        Unavailable: there is neither a C compiler nor pcpp.
    """
    _readable(job.path)
    command = compiler()
    if command:
        return _with_compiler(command, job, after)
    try:
        from xengnt.sources.cheader import with_pcpp
    except ImportError:
        raise Unavailable(
            "no C preprocessor: install a C compiler, or pcpp (pip install 'xengnt[pcpp]')"
        ) from None
    return with_pcpp.preprocess(job, after)


def _readable(path: Path) -> None:
    """Raise `SourceError` unless the path is that of a text file with something in it."""
    try:
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


def _with_compiler(command: Sequence[str], job: Job, after: str) -> str:
    arguments = [
        *command,
        *("-E", "-dD", "-x", "c", "-undef", "-nostdinc", "-w", "-Wfatal-errors"),
        *(f"-U{name}" for name in ("__STDC_VERSION__",)),
        *(f"-D{name}={value}" for name, value in job.macros().items()),
        *(f"-I{directory}" for directory in job.include),
        f"-I{OWN_INCLUDE}",
        *("-include", str(job.path.absolute()), "-"),
    ]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            done = subprocess.run(  # noqa: S603 -- the user's own compiler, no shell
                arguments,
                input=after.encode(),
                stdout=out,
                stderr=err,
                timeout=TIMEOUT,
                env={**os.environ, "LC_ALL": "C"},
                preexec_fn=_limit_output,  # noqa: PLW1509 -- one system call, no threads here
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise SourceError(
                f"{job.path}: the preprocessor did not finish in {TIMEOUT} seconds"
            ) from None
        except OSError as error:
            raise Unavailable(f"cannot run {command[0]}: {error.strerror or error}") from None
        out.seek(0)
        err.seek(0)
        text = out.read().decode(errors="replace")
        complaints = err.read(1 << 16).decode(errors="replace")
    if done.returncode < 0:
        raise SourceError(
            f"{job.path}: the preprocessor was stopped, having printed over {MAX_OUTPUT >> 20} MiB"
        )
    if done.returncode:
        raise _complaint(job, complaints)
    return text


def _limit_output() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_OUTPUT, MAX_OUTPUT))


_COMPLAINT = re.compile(r"^(.+?):(\d+)(?::\d+)?: (?:fatal )?error: (.*)$", re.MULTILINE)


def _complaint(job: Job, text: str) -> SourceError:
    """Turn what a compiler printed into one error."""
    found = _COMPLAINT.search(text)
    if not found:
        lines = text.strip().splitlines()
        return SourceError(f"{job.path}: {lines[0] if lines else 'the preprocessor failed'}")
    file, line, message = found[1], int(found[2]), found[3]
    return complaint(file, line, message)


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
