# SPDX-License-Identifier: MIT
"""What several commands share: their options, their input and their output."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from xengnt.abi.targets import TARGETS
from xengnt.errors import InvalidValue, SourceError, UnknownName, printable

if TYPE_CHECKING:
    from xengnt.codec import Abi


def abi(parser: argparse.ArgumentParser, *, repeatable: bool) -> None:
    """Add ``--abi``."""
    known = ", ".join(TARGETS)
    if repeatable:
        parser.add_argument(
            "--abi",
            action="append",
            default=[],
            metavar="ABI",
            help=f"one of {known}, or all; repeatable (default: this machine's)",
        )
    else:
        parser.add_argument("--abi", metavar="ABI", help=f"{known} (default: this machine's)")


def interface_version(parser: argparse.ArgumentParser) -> None:
    """Add ``--interface-version``."""
    parser.add_argument(
        "--interface-version",
        default="newest",
        metavar="VERSION",
        help="0x0003020a, newest or undefined (default: newest)",
    )


def format_(parser: argparse.ArgumentParser, *formats: str) -> None:
    """Add ``--format``, the first being the default."""
    parser.add_argument(
        "--format", choices=formats, default=formats[0], help=f"(default: {formats[0]})"
    )


def struct(parser: argparse.ArgumentParser) -> None:
    """Add the positional argument that names an op or an entry."""
    parser.add_argument(
        "struct",
        metavar="OP|ENTRY",
        help="an op, or grant_entry_v1, grant_entry_v2, grant_status_t",
    )


def input_(parser: argparse.ArgumentParser, name: str, metavar: str, what: str) -> None:
    """Add the positional argument that names the input."""
    parser.add_argument(
        name, nargs="?", default="-", metavar=metavar, help=f"{what} (default: standard input)"
    )


def output(parser: argparse.ArgumentParser, metavar: str) -> None:
    """Add ``-o``."""
    parser.add_argument(
        "-o", dest="output", default="-", metavar=metavar, help="(default: standard output)"
    )


def folder(text: str) -> Path:
    """Return a folder that an option names."""
    if text == "-":
        raise argparse.ArgumentTypeError("standard output is no folder")
    return Path(text)


def abi_of(wanted: argparse.Namespace) -> Abi:
    """Return the ABI that the options ask for."""
    from xengnt.codec import Abi

    version = wanted.interface_version
    return Abi.native(version) if wanted.abi is None else Abi(wanted.abi, version)


def read_bytes(path: str) -> tuple[bytes, str]:
    """Return the contents of a file, ``-`` being standard input, and a name to show.

    Raises:
        SourceError: it cannot be read.
    """
    if path == "-":
        return sys.stdin.buffer.read(), "standard input"
    name = shown(path)
    try:
        return Path(path).read_bytes(), name
    except (OSError, ValueError) as error:  # a name may also have a null byte
        raise SourceError(f"{name}: {getattr(error, 'strerror', None) or error}") from None


def shown(path: str) -> str:
    """Return the name of a file as it is shown.

    Raises:
        SourceError: it has none.
    """
    if not path:
        raise SourceError("'' is no name of a file")
    return printable(path)


def read_text(path: str) -> tuple[str, str]:
    """Return a text, as `read_bytes` does bytes."""
    data, name = read_bytes(path)
    try:
        return data.decode(), name
    except UnicodeDecodeError as error:
        raise SourceError(f"{name}: not UTF-8 text, at byte {error.start}") from None


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Put the name of an input before errors about its contents."""
    try:
        yield
    except (InvalidValue, UnknownName, SourceError) as error:
        raise SourceError(
            f"{name}: {error}",
            struct=error.struct,
            field=error.field,
            element=error.element,
            offset=error.offset,
            expected=error.expected,
            got=error.got,
        ) from None
