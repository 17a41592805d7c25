# SPDX-License-Identifier: MIT
"""What the commands share that take input of any size: files, workers, output, progress."""

from __future__ import annotations

import argparse
import io
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from secrets import token_hex
from stat import S_ISREG
from typing import TYPE_CHECKING, BinaryIO, cast

from xengnt.cli import options
from xengnt.codec.symbols import shown
from xengnt.errors import SourceError, XengntError

if TYPE_CHECKING:
    from rich.console import Console

    from xengnt.streams import Source

SPOOL = 1 << 24
"""More than this waits on disk for the end of what may yet fail."""

Show = Callable[[int], None]
"""Tells the progress bar that so many bytes more are done."""


def inputs(parser: argparse.ArgumentParser, metavar: str) -> None:
    """Add the positional arguments that name blobs."""
    parser.add_argument(
        "blobs",
        nargs="*",
        metavar=metavar,
        help="files, or folders for all files in them and below but those whose names begin "
        "with a dot (default: standard input)",
    )


def workers(parser: argparse.ArgumentParser) -> None:
    """Add ``--jobs`` and ``--scheduler``."""
    jobs(parser)
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="have the Dask cluster at tcp://HOST:PORT work; it needs xengnt and the same files",
    )


def jobs(parser: argparse.ArgumentParser) -> None:
    """Add ``--jobs``."""
    parser.add_argument(
        "--jobs",
        type=natural,
        default=1,
        metavar="N",
        help="work in so many processes, 0 being one for each core (default: 1)",
    )


_DIGITS = 100
"""No number that an option has takes more, and Python refuses to read some thousands."""


def natural(text: str) -> int:
    """Return a number that an option has."""
    if not text.isdecimal() or len(text) > _DIGITS:
        raise argparse.ArgumentTypeError(f"expected a number, got {shown(text)}")
    return int(text)


def working(wanted: argparse.Namespace) -> AbstractContextManager[tuple[Executor | None, int]]:
    """Give who is to work, and how many tasks to have ahead."""
    from xengnt.streams import cluster, processes

    address = getattr(wanted, "scheduler", None)
    if address is None:
        return processes(wanted.jobs)
    logging.disable()  # what matters of a cluster that breaks down is one line
    return cluster(address)


def sources(paths: Sequence[str]) -> tuple[list[Source], bool]:
    """Return what there is to read, and whether it can be several files."""
    from xengnt.streams import Source
    from xengnt.streams import sources as listed

    stdin = Source("standard input", stream=sys.stdin.buffer)
    found = list(listed(stdin if path == "-" else path for path in paths or ["-"]))
    return found, len(paths) > 1 or any(map(os.path.isdir, paths))


@contextmanager
def progress(what: str, found: Sequence[Source], console: Console | None = None) -> Iterator[Show]:
    """Show on a terminal how much of all sources is done; nothing in a pipe.

    Args:
        what: what is being done.
        found: the sources; without any, nothing is shown.
        console: the terminal where there are lines to print above it.
    """
    if not found or not (console is not None or sys.stderr.isatty()):
        yield lambda _: None
        return
    from xengnt.cli import render

    sizes = [source.size for source in found if not source.error]
    total = sum(size for size in sizes if size is not None) if None not in sizes else None
    done = 0
    with render.progress(what, on=console) as bar:

        def show(more: int) -> None:
            nonlocal done
            done += more
            bar(done, total)

        yield show


class _Counted(io.RawIOBase):
    """A file that says how much of it was read."""

    def __init__(self, file: BinaryIO, show: Show) -> None:
        self._file = file
        self._show = show

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes | None:
        try:
            data: bytes | None = self._file.read(size)
        except OSError as error:
            raise SourceError(error.strerror or str(error)) from None
        if data is None:
            return None
        self._show(len(data))
        return data


def counted(file: BinaryIO, show: Show) -> BinaryIO:
    """Return a file that shows how much of it was read."""
    return cast("BinaryIO", _Counted(file, show))


@contextmanager
def opened(path: str) -> Iterator[tuple[BinaryIO, Source]]:
    """Open a single input, ``-`` being standard input.

    Raises:
        SourceError: it cannot be opened.
    """
    from xengnt.streams import Source

    if path == "-":
        yield sys.stdin.buffer, Source("standard input")
        return
    name = options.shown(path)
    try:
        file = Path(path).open("rb")  # noqa: SIM115 -- closed below
    except (OSError, ValueError) as error:  # a name may also have a null byte
        raise SourceError(f"{name}: {getattr(error, 'strerror', None) or error}") from None
    with file:
        found = os.fstat(file.fileno())
        yield file, Source(name, size=found.st_size if S_ISREG(found.st_mode) else None)


@contextmanager
def written(path: str, *, whole: bool = True, text: bool = False) -> Iterator[BinaryIO]:
    """Give a file to write, which is there under its name only when all went well.

    Args:
        path: its name, ``-`` being standard output.
        whole: whether standard output, too, is to have all or nothing: it waits for the end.
        text: whether it may be a terminal.

    Raises:
        SourceError: it cannot be written.
    """
    if path == "-":
        if sys.stdout.isatty() and not text:
            raise SourceError("standard output is a terminal, and this is binary: give -o")
        sys.stdout.flush()
        if not whole:
            yield sys.stdout.buffer
            return
        with tempfile.SpooledTemporaryFile(SPOOL) as spool:
            yield cast("BinaryIO", spool)
            spool.seek(0)
            shutil.copyfileobj(spool, sys.stdout.buffer, SPOOL)
        return
    name = options.shown(path)
    try:
        target = Path(path).resolve()  # what a link points to is what is written
        if path.endswith("/") or (target.exists() and not os.access(target, os.W_OK)):
            target.open("r+b").close()  # says what is wrong with it
        if target.exists() and not target.is_file():  # a device or a pipe: no place for another
            with target.open("wb") as file:
                yield file
        else:
            with _beside(target) as file:
                yield file
    except (XengntError, BrokenPipeError):
        raise
    except (OSError, ValueError) as error:
        raise SourceError(f"{name}: {getattr(error, 'strerror', None) or error}") from None


@contextmanager
def _beside(target: Path) -> Iterator[BinaryIO]:
    """Put a file in the place of another, or leave everything as it was."""
    made = target.parent / f".xengnt-{token_hex(8)}"
    try:
        with made.open("xb") as file:
            made.chmod(0o600)
            yield file
        made.chmod(target.stat().st_mode if target.exists() else 0o666 & ~_umask())
        made.replace(target)
    except BaseException:  # an interrupt may come as soon as it is there
        made.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
