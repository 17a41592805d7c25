# SPDX-License-Identifier: MIT
"""Run somebody's Python for what it defines, and leave no traces of it.

The code runs in this process, with all that this process may do. What it prints
goes to standard error. A file's own folder (for a module, the current directory)
comes first where it imports from. Afterwards the search path is as it was, and
modules that came from that folder are forgotten.

Imports ``xengnt.errors`` only.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, NoReturn

from xengnt.errors import SourceError

MAX_SOURCE = 16 << 20
"""Files larger than this, in bytes, are not run."""

MAX_OUTPUT = 1 << 20
"""Code that prints more than this, in characters, is stopped."""

MAX_MESSAGE = 200
"""What is quoted of an exception at the most, in characters."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What running code gave.

    Attributes:
        name: what the user calls it, for messages.
        file: the file that was run, "" if there is none.
        path: the attribute that was asked for, "" for the whole module.
        value: the module, or that attribute.
    """

    name: str
    file: str
    path: str
    value: Any


@contextmanager
def run(spec: str) -> Iterator[Ran]:
    """Run a file or a module, and forget it at the end of the ``with`` block.

    Args:
        spec: ``FILE.py`` or ``package.module``, either with ``:attribute``.

    Raises:
        SourceError: there is none, or it fails; with the line of the file.
    """
    target, path = _split(spec)
    file = Path(target) if _is_file(target) else None
    if file is None and not all(part.isidentifier() for part in target.split(".")):
        raise SourceError(f"{target}: neither a file nor the name of a module")
    if file is not None:
        _examine(file)
    folder = os.path.realpath(file.parent if file else Path())
    with _forgetting(folder):
        try:
            with _aside(), _staying():
                module = _load(file) if file else importlib.import_module(target)
                value: Any = module
                for name in path.split(".") if path else ():
                    value = getattr(value, name)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 -- whatever it raises, SystemExit as well
            raise SourceError(_say(target, file, error)) from None
        yield Ran(target, getattr(module, "__file__", None) or "", path, value)


def there(value: object) -> Ran:
    """Return what is there already as if it had just been run: a module, a class, a mapping."""
    if isinstance(value, ModuleType):
        return Ran(value.__name__, getattr(value, "__file__", None) or "", "", value)
    if isinstance(value, type) and "<locals>" not in value.__qualname__:
        module = sys.modules.get(value.__module__)
        file = getattr(module, "__file__", None) or ""
        return Ran(f"{value.__module__}.{value.__qualname__}", file, value.__qualname__, value)
    name = value.__name__ if isinstance(value, type) else ""
    return Ran(name or f"a {type(value).__name__}", "", name, value)


def _split(spec: str) -> tuple[str, str]:
    """Return the file or module, and the attribute."""
    target, colon, path = spec.rpartition(":")
    named = target and all(part.isidentifier() for part in path.split("."))
    return (target, path) if colon and named and not Path(spec).is_file() else (spec, "")


def _is_file(target: str) -> bool:
    return target.endswith(".py") or os.sep in target or Path(target).is_file()


def _examine(file: Path) -> None:
    """Refuse what cannot be a Python file.

    Raises:
        SourceError: it is missing, a device, or too large.
    """
    try:
        size = file.stat().st_size
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SourceError(f"{file}: {reason}") from None
    if not file.is_file():
        raise SourceError(f"{file}: not a file")
    if size > MAX_SOURCE:
        raise SourceError(f"{file}: larger than {MAX_SOURCE >> 20} MiB")


def _load(file: Path) -> ModuleType:
    """Run a file as a module of its name, unless a module of that name is there already."""
    name = file.stem if file.stem not in sys.modules else f"{file.stem}@xengnt"
    spec = spec_from_loader(name, SourceFileLoader(name, str(file)))
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} cannot be loaded")
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@contextmanager
def _forgetting(folder: str) -> Iterator[None]:
    """Have a folder importable, and forget what was imported from it.

    Other modules stay: numpy, for one, cannot be loaded twice.
    """
    importlib.invalidate_caches()
    before, search, silent = set(sys.modules), sys.path[:], sys.dont_write_bytecode
    sys.path.insert(0, folder)
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.path[:], sys.dont_write_bytecode = search, silent
        fresh = [name for name in sys.modules if name not in before]
        own = {name for name in fresh if "." not in name and _lies_in(folder, sys.modules[name])}
        for name in fresh:
            if name.partition(".")[0] in own:
                del sys.modules[name]


def _lies_in(folder: str, module: Any) -> bool:
    """Tell whether a top-level module is one of the files or packages of a folder."""
    names: dict[str, Any] = vars(module) if isinstance(module, ModuleType) else {}
    places = [*(names.get("__path__") or ()), names.get("__file__")]
    return any(
        os.path.realpath(Path(place).parent) == folder for place in places if isinstance(place, str)
    )


class _Stopped(BaseException):
    """Why the code is ended here; no ``except Exception`` keeps it from that."""


class _Limited:
    """A stream that takes so much and no more; all else is as of the stream below."""

    def __init__(self, below: Any) -> None:
        self._below = below
        self._left = MAX_OUTPUT

    def write(self, text: str) -> int:
        """Write a text."""
        self._left -= len(text)
        if self._left < 0:
            raise _Stopped(f"it prints more than {MAX_OUTPUT >> 20} MiB")
        return int(self._below.write(text)) if self._below is not None else len(text)

    def flush(self) -> None:
        """Flush the stream below."""
        if self._below is not None:
            self._below.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._below, name)


@contextmanager
def _aside() -> Iterator[None]:
    """Send to standard error whatever is printed: by Python, by C, by child processes."""
    stream: Any = _Limited(sys.stderr)
    with ExitStack() as undo:
        with suppress(OSError, ValueError, AttributeError):  # closed, or there is none
            sys.stdout.flush()
            saved = os.dup(1)
            undo.callback(os.close, saved)
            undo.callback(os.dup2, saved, 1)
            os.dup2(2, 1)
            undo.callback(lambda: ctypes.CDLL(None).fflush(None))
        undo.enter_context(redirect_stdout(stream))
        undo.enter_context(redirect_stderr(stream))
        yield


@contextmanager
def _staying() -> Iterator[None]:
    """Have ``os._exit`` end the code that calls it and not this process, only its children."""
    leave, here = os._exit, os.getpid()

    def leave_code(status: int) -> NoReturn:
        if os.getpid() != here:
            leave(status)
        raise _Stopped(f"it calls os._exit({status})")

    os._exit = leave_code
    try:
        yield
    finally:
        os._exit = leave


def _say(target: str, file: Path | None, error: BaseException) -> str:
    """Return in one line where the code failed, and how."""
    kind = type(error).__name__.lstrip("_")
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}: {kind}: {_one_line(error.msg)}"
    text = _one_line(error)
    line = _line(error.__traceback__, str(file) if file else None)
    what = text if isinstance(error, _Stopped) else f"{kind}: {text}" if text else kind
    return f"{line or target}: {what}"


def _line(trace: TracebackType | None, file: str | None) -> str | None:
    """Return the innermost line that ran in a file or, for a module, in any but ours."""
    found = None
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        foreign = name != __file__ and not name.startswith(("<frozen", importlib.__file__))
        if name == file or (file is None and foreign):
            found = f"{name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found


def _one_line(error: object) -> str:
    """Return the first line of a text, of no more than `MAX_MESSAGE` printable characters."""
    try:
        lines = str(error).strip().splitlines()
    except Exception:  # noqa: BLE001 -- an exception of theirs need not have a text
        return ""
    text = "".join(char if char.isprintable() else " " for char in (lines or [""])[0])
    return text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - 1] + "…"
