# SPDX-License-Identifier: MIT
"""Begins a C project that is built on the rig.

Imports ``xengnt.errors``, ``xengnt.folder``, ``xengnt.package`` and the modules beside it.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

from xengnt.errors import Unavailable
from xengnt.folder import check_free, new_folder
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
    check_free(folder)
    command = [sys.executable, "-P", "-m", "xengnt"]  # no file of the project shadows a module
    for_make = {"@XENGNT@": _make(shlex.join(command)), "@INCLUDE@": _make(get_include())}
    for_cmake = {
        "@XENGNT_LIST@": " ".join(f'"{_cmake(part)}"' for part in command),
        "@INCLUDE@": _cmake(get_include()),
    }
    with new_folder(folder) as made:
        for source in TEMPLATE.iterdir():
            text = source.read_text()
            values = for_make if source.name == "Makefile" else for_cmake
            for name, value in values.items():
                text = text.replace(name, value)
            (made / _HIDDEN.get(source.name, source.name)).write_text(text)


def _make(text: str) -> str:
    """Return text as the value of a variable of make."""
    return text.replace("$", "$$").replace("#", "\\#")


def _cmake(text: str) -> str:
    """Return text as it stands between quotes in a CMake file."""
    return text.replace("\\", "\\\\").replace("$", "\\$").replace('"', '\\"')
