# SPDX-License-Identifier: MIT
"""Find the interface versions at which headers change.

Imports nothing of the package.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

_COMPARISON = re.compile(r"__XEN_INTERFACE_VERSION__\s*(<=|>=|<|>|==|!=)\s*(0[xX][0-9a-fA-F]+)")


def gates(files: Iterable[Path | str]) -> tuple[int, ...]:
    """Return the first version of each interval that the files' conditions tell apart.

    Files that cannot be read count as having none.
    """
    found: set[int] = set()
    for file in files:
        try:
            text = Path(file).read_text(errors="replace")
        except OSError:
            continue
        for operator, number in _COMPARISON.findall(text):
            version = int(number, 16)
            if operator in ("<", ">=", "==", "!="):
                found.add(version)
            if operator in ("<=", ">", "==", "!="):
                found.add(version + 1)
    return tuple(sorted(version for version in found if 0 < version < 1 << 32))
