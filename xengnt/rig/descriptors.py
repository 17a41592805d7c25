# SPDX-License-Identifier: MIT
"""Files that are not to stand in for a standard stream of a program that has closed it.

Imports nothing of this package.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

STANDARD = 3
"""Standard input, output and error are below."""


@contextmanager
def above_standard() -> Iterator[None]:
    """Have files that are opened meanwhile get numbers above those of standard streams."""
    taken = []
    try:
        while (one := os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)) < STANDARD:
            taken.append(one)
        os.close(one)
        yield
    finally:
        for one in taken:
            os.close(one)
