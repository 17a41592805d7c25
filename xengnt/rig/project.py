# SPDX-License-Identifier: MIT
"""Begins a C project that is built on the rig.

Imports ``xengnt.errors``, ``xengnt.package`` and the modules beside it.
"""

from __future__ import annotations

import shlex
import shutil
import sys
import tempfile
from pathlib import Path

from xengnt.errors import InvalidValue, SourceError, Unavailable
from xengnt.package import get_include
from xengnt.rig.build import missing

TEMPLATE = Path(__file__).parent / "new"

_HIDDEN = {"gitignore": ".gitignore"}
"""Files that are not to be hidden here."""


def new(folder: Path) -> None:
    """Write a project into a new folder.

    Raises:
        InvalidValue: there is something already.
        Unavailable: what building it takes is not here.
        SourceError: the folder cannot be written.
    """
    lacks = missing()
    if not (shutil.which("make") or shutil.which("cmake")):
        lacks.append("make or cmake")
    if lacks:
        raise Unavailable(f"such a project cannot be built here: it needs {'; and '.join(lacks)}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidValue(f"{folder}: there is something already", got=str(folder))
    command = [sys.executable, "-m", "xengnt"]
    values = {
        "@XENGNT@": shlex.join(command),
        "@XENGNT_LIST@": " ".join(f'"{part}"' for part in command),
        "@INCLUDE@": get_include(),
    }
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".xengnt-") as work:
            made = Path(work) / "new"
            made.mkdir()
            for source in TEMPLATE.iterdir():
                text = source.read_text()
                for name, value in values.items():
                    text = text.replace(name, value)
                (made / _HIDDEN.get(source.name, source.name)).write_text(text)
            made.replace(folder)  # all or nothing
    except OSError as error:
        raise SourceError(f"{folder}: {error.strerror}", got=str(folder)) from None
