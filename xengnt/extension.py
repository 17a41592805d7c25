# SPDX-License-Identifier: MIT
"""The one place that imports the C extension.

Imports ``xengnt.errors`` only.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
from pathlib import Path
from typing import Any

from xengnt.errors import Unavailable

NAME = "xengnt._ffi"


def load(path: Path | None = None) -> Any:
    """Return the extension module, or another build of it from a file.

    Raises:
        Unavailable: it was not built, or cannot be loaded.
    """
    try:
        if path is None:
            return importlib.import_module(NAME)
        loader = importlib.machinery.ExtensionFileLoader(NAME, str(path))
        spec = importlib.machinery.ModuleSpec(NAME, loader, origin=str(path))
        module = importlib.util.module_from_spec(spec)
        loader.exec_module(module)
    except ImportError as error:
        raise Unavailable(
            f"the extension cannot be loaded: {error}; pip install builds it with a C compiler"
        ) from None
    return module
