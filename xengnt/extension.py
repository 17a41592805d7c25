# SPDX-License-Identifier: MIT
"""The one place that imports the C extensions.

Imports ``xengnt.errors`` only.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
from pathlib import Path
from typing import Any

from xengnt.errors import Unavailable

FFI = "xengnt._ffi"
"""What the compiler thinks of the header, made by cffi."""

ROWS = "xengnt._rows"
"""Rows to bytes."""


def load(name: str = FFI, path: Path | None = None) -> Any:
    """Return an extension module, or another build of it from a file.

    Raises:
        Unavailable: it was not built, or cannot be loaded.
    """
    try:
        if path is None:
            return importlib.import_module(name)
        loader = importlib.machinery.ExtensionFileLoader(name, str(path))
        spec = importlib.machinery.ModuleSpec(name, loader, origin=str(path))
        module = importlib.util.module_from_spec(spec)
        loader.exec_module(module)
    except ImportError as error:
        raise Unavailable(
            f"the extension cannot be loaded: {error}; pip install builds it with a C compiler"
        ) from None
    return module
