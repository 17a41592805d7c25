# SPDX-License-Identifier: MIT
"""The rig that tests share: built once a session, for all workers of pytest-xdist."""

from __future__ import annotations

import fcntl
import functools
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cffi
import oracle

from xengnt.foreign.control import declarations
from xengnt.rig import build

if TYPE_CHECKING:
    import pytest

SOURCES = oracle.ROOT / "tests" / "rig"


def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the rig, or skip with what is missing."""
    oracle.need(not build.missing(), "what a rig is built with", "; ".join(build.missing()))
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "rig"
    folder.mkdir(exist_ok=True)
    with alone(folder / "rig"):
        if not (folder / "lib" / build.LIBRARY).exists():
            build.build(folder)
    return folder


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold, among all workers, the only right to make something."""
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@functools.cache
def opened(folder: Path) -> tuple[Any, Any]:
    """Return the rig in this very process: what cffi knows of it, and its functions."""
    ffi = cffi.FFI()
    ffi.cdef(declarations(rig=True))
    return ffi, ffi.dlopen(str(folder / "lib" / build.LIBRARY))


def compiled(folder: Path, program: Path, *sources: Path, flags: tuple[str, ...] = ()) -> Path:
    """Compile a C program that is linked with the rig."""
    command = [
        *build.compiler(), "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-g", *flags,
        "-D__XEN_INTERFACE_VERSION__=__XEN_LATEST_INTERFACE_VERSION__",
        f"-I{oracle.ROOT / 'include'}", *map(str, sources), "-o", str(program),
        f"-L{folder / 'lib'}", f"-Wl,-rpath,{folder / 'lib'}", "-lxengnt_rig", "-pthread",
    ]  # fmt: skip
    subprocess.run(command, check=True)
    return program
