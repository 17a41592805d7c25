# SPDX-License-Identifier: MIT
"""The control part of ``<xengnt/rig.h>``, as a library has it.

Imports ``xengnt.errors``, ``xengnt.package``.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import cffi

from xengnt.errors import InvalidValue, SourceError
from xengnt.package import get_include

OPTIONAL = {"xengnt_rig_reason"}
"""The functions that may be left out."""

_LACKS = {-errno.ENOSYS: "-ENOSYS", -errno.EOPNOTSUPP: "-EOPNOTSUPP"}
_WHOLE_CALL = (1 << 32) - 1
_OF_CPLUSPLUS = re.compile(r"^#ifdef __cplusplus\n.*?^#endif\n", re.MULTILINE | re.DOTALL)
_OF_THE_RIG = re.compile(
    r"^#ifndef XENGNT_RIG_CONTROL_ONLY\n.*?^#endif .*?\n", re.MULTILINE | re.DOTALL
)
_DIRECTIVE = re.compile(r"^#(.*\\\n)*.*\n", re.MULTILINE)
_FUNCTION = re.compile(r"\b(xengnt_rig_\w+)\(")


def declarations(*, rig: bool) -> str:
    """Return what ``<xengnt/rig.h>`` declares, with or without what only the rig has."""
    text = _OF_CPLUSPLUS.sub("", (Path(get_include()) / "xengnt" / "rig.h").read_text())
    return _DIRECTIVE.sub("", text if rig else _OF_THE_RIG.sub("", text))


@cache
def declared() -> tuple[Any, tuple[str, ...]]:
    """Return the declarations of the control part, and the names of its functions."""
    plain = declarations(rig=False)
    ffi = cffi.FFI()
    ffi.cdef(plain)
    return ffi, tuple(dict.fromkeys(_FUNCTION.findall(plain)))


class Control:
    """The control part of a library.

    Args:
        functions: what has them as attributes: a library of cffi.
        call: the function that is tested, which takes a command, an address and a count.
    """

    def __init__(self, functions: Any, call: Callable[[int, int, int], int]) -> None:
        self.ffi, _ = declared()
        self.call = call
        self._functions = functions

    def do(self, name: str, *arguments: Any) -> int:
        """Call a function by the end of its name, and return its result.

        Raises:
            SourceError: the library does not have what is asked for.
            InvalidValue: it fails in another way.
        """
        result: int = getattr(self._functions, f"xengnt_rig_{name}")(*arguments)
        if result in _LACKS:
            raise SourceError(f"the library does not have it: {name} gives {_LACKS[result]}")
        if result < 0:
            raise InvalidValue(f"{name} gives {_named(result)}", got=result)
        return result

    def view(self, name: str, size: int, *arguments: Any) -> memoryview | None:
        """Call a function that returns a pointer to so many bytes, and return these."""
        found = getattr(self._functions, f"xengnt_rig_{name}")(*arguments)
        return memoryview(self.ffi.buffer(found, size)).cast("B") if found else None

    def reasons(self) -> list[tuple[int | None, str]]:
        """Return why the last element of the last call failed that did, if that is told."""
        reason = getattr(self._functions, "xengnt_rig_reason", None)
        element = self.ffi.new("uint32_t *", _WHOLE_CALL)
        words = reason(element) if reason else None
        if not words:
            return []
        text = self.ffi.string(words, 1000).decode(errors="replace")
        return [(None if element[0] == _WHOLE_CALL else element[0], text)]


def _named(result: int) -> str:
    """Return the name of a negative errno value."""
    return f"-{errno.errorcode.get(-result, -result)}"
