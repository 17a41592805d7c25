# SPDX-License-Identifier: MIT
"""Makes ``libxengnt_rig.so``: this Python and the model in it, behind functions of C.

Imports ``xengnt.errors``, ``xengnt.foreign``, ``xengnt.package`` and the modules beside it.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import cffi

import xengnt
from xengnt.errors import SourceError, Unavailable
from xengnt.foreign.control import declarations
from xengnt.package import get_include
from xengnt.rig.exports import INSIDE

LIBRARY = "libxengnt_rig.so"
MODULE = "_xengnt_rig"

_HERE = Path(__file__).parent
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_BREAK = re.compile(r",\s+")
_FUNCTION = re.compile(r"^(int |void \*|const char \*)(\w+)\(([^)]*)\);", re.MULTILINE)
_NAME = re.compile(r"(\w+)$")
_IN_C = {"xengnt_rig_reason"}

_HELPERS = """
void rig_choose(int64_t caller);
int64_t rig_choice(void);
void rig_note(uint32_t element, const char *words);
void rig_cannot(const char *words);
"""
"""The functions of embed.c that Python calls."""


def compiler() -> list[str]:
    """Return the user's C compiler, as a command."""
    return shlex.split(os.environ.get("CC", "")) or ["cc"]


def missing() -> list[str]:
    """Return what building a rig, or a program with it, needs and is not here, in words."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = []
    [cc, *_] = compiler()
    if shutil.which(cc) is None:
        found.append(f"a C compiler: there is no {cc} (Debian: gcc), $CC names another one")
    if not _header().is_file():
        found.append(f"Python's own headers: no {_header()} (Debian: libpython{version}-dev)")
    if _shared_python() is None:
        found.append(f"Python as a shared library (Debian: libpython{version})")
    return found


def _header() -> Path:
    return Path(sysconfig.get_path("include")) / "Python.h"


def _shared_python() -> Path | None:
    """Return the shared library of this Python, None if it has none."""
    names = [sysconfig.get_config_var(name) for name in ("INSTSONAME", "LDLIBRARY")]
    folders: list[str | None] = [sysconfig.get_config_var(name) for name in ("LIBDIR", "LIBPL")]
    folders.append(str(Path(sys.base_prefix) / "lib"))
    places = [Path(str(folder), str(name)) for name in names for folder in folders if folder]
    return next((one for one in places if ".so" in one.name and one.is_file()), None)


def build(folder: Path) -> None:
    """Make the library, its header and a pkg-config file in a folder.

    Raises:
        Unavailable: something that it takes is not here, or the compiler does not do it.
        SourceError: the folder cannot be written.
    """
    if lacks := missing():
        raise Unavailable(f"a rig cannot be built here: it needs {'; and '.join(lacks)}")
    with tempfile.TemporaryDirectory() as work:
        library = _compiled(Path(work))
        try:
            folder = folder.absolute()
            (folder / "lib" / "pkgconfig").mkdir(parents=True, exist_ok=True)
            (folder / "include" / "xengnt").mkdir(parents=True, exist_ok=True)
            header = Path(get_include()) / "xengnt" / "rig.h"
            shutil.copyfile(header, folder / "include" / "xengnt" / "rig.h")
            (folder / "lib" / "pkgconfig" / "xengnt-rig.pc").write_text(_pkgconfig(folder))
            moved = folder / "lib" / f".{LIBRARY}"  # who runs with the old one keeps it
            shutil.copyfile(library, moved)
            moved.replace(folder / "lib" / LIBRARY)
        except OSError as error:
            raise SourceError(f"{folder}: {error.strerror}", got=str(folder)) from None


def _compiled(work: Path) -> Path:
    source, library = work / "rig.c", work / LIBRARY
    python = _shared_python()
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("error")
        _ffi().emit_c_code(str(source))
    command = [
        *compiler(), "-std=gnu11", "-O2", "-g", "-fPIC", "-shared", "-fvisibility=hidden",
        "-Wall", "-Wno-unused-function", f"-I{get_include()}",
        f"-I{sysconfig.get_path('include')}", f"-I{sysconfig.get_path('platinclude')}",
        str(source), str(python), f"-Wl,-rpath,{python.parent if python else ''}",
        f"-Wl,-soname,{LIBRARY}", "-lpthread", "-o", str(library),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- the user's own compiler
    if done.returncode:
        first = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr)
        raise Unavailable(f"{shlex.join(compiler())} does not compile the rig: {first.strip()}")
    return library


def _ffi() -> cffi.FFI:
    """Return what cffi makes the library from."""
    text = _BREAK.sub(", ", _COMMENT.sub("", declarations(rig=True)))
    types = _FUNCTION.sub("", text)
    functions = [found.groups() for found in _FUNCTION.finditer(text) if found[2] not in _IN_C]
    inside = "".join(f"{kind}{INSIDE}{name}({takes});\n" for kind, name, takes in functions)
    ffi = cffi.FFI()
    ffi.embedding_api("")
    ffi.cdef(f'{types}{_HELPERS}extern "Python" {{\n{inside}}}\n')
    ffi.embedding_init_code(_INIT.format(path=sys.path, module=MODULE))
    ffi.set_source(
        MODULE,
        f"#define XENGNT_PYTHON {_quoted(sys.executable)}\n"
        + (_HERE / "embed.c").read_text()
        + "".join(f"static {line}\n" for line in inside.splitlines())
        + "\n".join(_wrappers(functions)),
    )
    return ffi


_INIT = dedent("""
    try:
        import sys
        sys.path += [one for one in {path!r} if one not in sys.path]
        from {module} import ffi, lib
        from xengnt.rig.exports import install
        install(ffi, lib)
    except BaseException as error:
        lib.rig_cannot(f"{{type(error).__name__}}: {{error}}".encode())
""")


def _wrappers(functions: list[tuple[str, ...]]) -> Iterator[str]:
    """Give the functions that others see: each begins Python if need be."""
    for kind, name, takes in functions:
        parts = [] if takes == "void" else takes.split(",")
        names = [found[1] for part in parts if (found := _NAME.search(part.strip()))]
        failed = "-EIO" if kind == "int " else "NULL"
        yield (
            f'__attribute__((visibility("default"))) {kind}{name}({takes})\n{{\n'
            f"    return rig_ready() ? {INSIDE}{name}({', '.join(names)}) : {failed};\n}}\n"
        )


def _quoted(text: str) -> str:
    """Return text as a literal of C."""
    return '"' + "".join(f"\\{byte:03o}" for byte in os.fsencode(text)) + '"'


def _pkgconfig(folder: Path) -> str:
    return (
        f"prefix={folder}\nlibdir=${{prefix}}/lib\nincludedir=${{prefix}}/include\n"
        f"xen_includedir={get_include()}\n\n"
        "Name: xengnt-rig\nDescription: Xen's grant tables in an ordinary process\n"
        f"Version: {xengnt.__version__}\n"
        "Cflags: -I${includedir}\nLibs: -L${libdir} -Wl,-rpath,${libdir} -lxengnt_rig\n"
    )
