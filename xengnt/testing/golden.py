# SPDX-License-Identifier: MIT
"""Blobs that are kept in files beside the tests, and compared with what a test makes.

Imports ``xengnt.errors``, ``xengnt.codec`` and the blobs beside it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from xengnt.codec import Abi
from xengnt.errors import InvalidValue, SourceError
from xengnt.testing.blobs import differing

FOLDER = "golden"
"""The folder beside a test file that has its blobs."""

_UNSAFE = re.compile(r"[^A-Za-z0-9_.=,+-]+")
_LONGEST = 120


class Golden:
    """The golden blobs of one test.

    Args:
        file: that of the test.
        test: the name of the test, classes and parameters included.
        command: what writes the blobs of the test anew.
        abi: of the blobs.
        bless: what is told of each file that is written, instead of comparing with it; None
            if nothing is to be written.
    """

    def __init__(
        self, file: Path, test: str, command: str, abi: Abi, bless: Callable[[Path], None] | None
    ) -> None:
        self._folder = file.parent / FOLDER / file.stem
        self._test = test
        self._command = command
        self._abi = abi
        self._bless = bless
        self._used: set[Path] = set()

    def __call__(
        self, op: str, blob: object, *, name: str | None = None, abi: Abi | str | None = None
    ) -> None:
        """Fail if a blob is not the one in its file.

        Args:
            op: the op that it is for, or the tag of the struct.
            blob: the blob, anything with a buffer.
            name: tells it from other blobs of the op in this test.
            abi: its ABI, by default that of the fixture ``xengnt_abi``.

        Raises:
            AssertionError: it differs, or there is no file yet.
            InvalidValue: it is not a whole number of structs, or there was one of this name
                and op before in this test.
            SourceError: the file cannot be written.
        """
        __tracebackhide__ = True
        one = self._abi if abi is None else Abi(abi) if isinstance(abi, str) else abi
        got = bytes(one.codec(op).decoder.blob(blob))
        path = self._path(".".join([self._test, *([] if name is None else [name]), op]))
        self._used.add(path)
        if self._bless:
            if _written(path, got):
                self._bless(path)
            return
        try:
            expected = path.read_bytes()
        except FileNotFoundError:
            raise AssertionError(f"{path}: there is no such blob yet: {self._command}") from None
        except OSError as error:
            raise AssertionError(f"{path}: {error.strerror or error}") from None
        if words := differing(one, op, got, expected):
            raise AssertionError(
                f"{words}\n\nexpected is {path}; if it is to be so: {self._command}"
            )

    def _path(self, name: str) -> Path:
        """Return the file of a name, which holds no surprises in any system's path."""
        safe = _UNSAFE.sub("-", name)[:_LONGEST].lstrip(".-")
        if safe != name or not safe:  # others may become the same
            safe += f"-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
        path = self._folder / f"{safe}.bin"
        if path in self._used:
            raise InvalidValue(f"{path}: a second blob of this test: give each a name=", got=name)
        return path


def _written(path: Path, data: bytes) -> bool:
    """Write a file, unless it is as it should be, and tell whether it was written."""
    from xengnt.cli.streaming import written

    if path.is_file() and path.read_bytes() == data:
        return False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SourceError(f"{path.parent}: {error.strerror or error}") from None
    with written(str(path)) as file:
        file.write(data)
    return True
