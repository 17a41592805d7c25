# SPDX-License-Identifier: MIT
"""A folder that is there with all that belongs in it, or not at all.

Imports ``xengnt.errors`` only.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xengnt.errors import InvalidValue, SourceError, XengntError, printable


def check_free(folder: Path) -> None:
    """Raise InvalidValue if there is something where a folder is to be."""
    try:
        taken = folder.is_symlink() or folder.exists()
        if taken and (not folder.is_dir() or any(folder.iterdir())):
            shown = printable(str(folder))
            raise InvalidValue(f"{shown}: there is something already", got=str(folder))
    except XengntError:
        raise
    except (OSError, ValueError) as error:  # a name may also have a null byte
        raise _unwritable(folder, error) from None


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Give a folder to fill, which comes to its place when all went well.

    Where that is the current folder, or a link to one, what is in it comes there one by one.

    Raises:
        InvalidValue: there is something already.
        SourceError: it cannot be written.
    """
    check_free(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".xengnt-") as work:
            made = Path(work) / "new"
            made.mkdir()
            yield made
            if folder.is_symlink() or (folder.exists() and folder.samefile(Path.cwd())):
                for path in made.iterdir():  # the folder itself has to stay
                    path.replace(folder / path.name)
            else:
                made.replace(folder)  # all or nothing; it is not there, or empty
    except XengntError:
        raise
    except OSError as error:
        raise _unwritable(folder, error) from None


def _unwritable(folder: Path, error: Exception) -> SourceError:
    words = getattr(error, "strerror", None) or error
    return SourceError(f"{printable(str(folder))}: {words}", got=str(folder))
