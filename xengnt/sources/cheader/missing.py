# SPDX-License-Identifier: MIT
"""Files without content in place of headers that are included and not there.

Imports nothing of the package.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

MAX_MISSING = 50
"""A header that includes more that is not there than this is refused."""

_CONTENT = "/* not there */\n"  # compilers take all empty files for one, when they #import
_PACKS = re.compile(r"(?i)pack(?!age)[^/]*$")
_DEPTH = "a/b/c/d/e/f/g/h"  # so that a name that begins with ../ stays inside


class StandIns:
    """The directory of the stand-ins, which is there from the first one to the end.

    Attributes:
        missing: the names that were included, and where.
    """

    def __init__(self) -> None:
        self.missing: dict[str, str] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    @property
    def root(self) -> str | None:
        """The directory that all of them are in, None if there are none."""
        return self._folder.name if self._folder else None

    @property
    def directory(self) -> str | None:
        """The directory to look for them in, None if there are none."""
        return f"{self._folder.name}/{_DEPTH}" if self._folder else None

    def add(self, name: str, where: str) -> bool:
        """Stand in for a header; tell whether that can be done, and was not done before.

        It cannot for one that seems to be there to pack structs, such as ``pshpack1.h``.
        """
        if name in self.missing or len(self.missing) == MAX_MISSING or _PACKS.search(name):
            return False
        if name.startswith("/"):
            return False
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory()
            Path(self._folder.name, _DEPTH).mkdir(parents=True)
        path = Path(os.path.normpath(f"{self.directory}/{name}"))
        if not path.is_relative_to(self._folder.name):
            return False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x") as file:
                file.write(_CONTENT)
        except (OSError, ValueError):
            return False
        self.missing[name] = where
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._folder is not None:
            self._folder.cleanup()
