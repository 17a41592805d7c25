# SPDX-License-Identifier: MIT
"""What the extension has for columns and blobs, by what it is for.

Imports ``xengnt.errors``, ``xengnt.extension``.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from xengnt import extension
from xengnt.errors import Unavailable


class Kernels:
    """The functions of ``native/columns.h``, and the numbers of those that were generated.

    Attributes:
        ffi: that of the extension.
        lib: its functions; they run without the interpreter's lock.
        composers: what composes structs, by the text of a shape.
        screens: what finds elements in doubt, by the text of a screen.
    """

    def __init__(self, module: Any) -> None:
        self.ffi = module.ffi
        self.lib = module.lib
        self.composers = self._numbers(self.lib.xengnt_kernel_of)
        self.screens = self._numbers(self.lib.xengnt_screen_of)

    def _numbers(self, name_of: Any) -> dict[str, int]:
        found: dict[str, int] = {}
        while (name := name_of(len(found))) != self.ffi.NULL:
            found[self.ffi.string(name).decode()] = len(found)
        return found


@cache
def load() -> Kernels | None:
    """Return the kernels, None where the extension was not built."""
    try:
        return Kernels(extension.load())
    except Unavailable:
        return None
