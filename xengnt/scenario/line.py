# SPDX-License-Identifier: MIT
"""What a line of a scenario may hold, taken with an error that says what is wrong.

Imports ``xengnt.errors``, ``xengnt.codec`` and the names.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from xengnt.codec.symbols import shown
from xengnt.errors import SourceError
from xengnt.scenario.names import NAME, USE

BYTE = (0, 255)
UNSIGNED = (0, (1 << 32) - 1)
WIDE = (0, (1 << 64) - 1)
SIGNED = (-(1 << 63), (1 << 63) - 1)

Line = dict[str, Any]

_WITH_ANY = re.compile(r"(?=.*\.\.)([0-9a-fA-F]{2}|\.\.)+")


def only(line: Line, known: Collection[str]) -> None:
    """Raise unless a line has these keys and no others."""
    unknown = ", ".join(shown(key) for key in sorted(line.keys() - set(known)))
    if unknown:
        raise SourceError(f"unknown {unknown}")


def integer(value: object, name: str, within: tuple[int, int] = SIGNED) -> int:
    """Return an integer within bounds, or raise."""
    low, high = within
    if not isinstance(value, int) or isinstance(value, bool):
        raise SourceError(f"{name}: expected an integer, got {shown(value)}", got=value)
    if not low <= value <= high:
        raise SourceError(f"{name}: expected {low} to {high}, got {shown(value)}", got=value)
    return value


def hexadecimal(value: object, name: str) -> bytes:
    """Return bytes that are written in hexadecimal, or raise."""
    try:
        return bytes.fromhex(value)  # type: ignore[arg-type]  # raises for what is no text
    except (TypeError, ValueError):
        raise SourceError(
            f"{name}: expected hexadecimal bytes, got {shown(value)}", got=value
        ) from None


def pattern(value: object, name: str) -> bytes | str:
    """Return bytes that are written in hexadecimal; with two dots for any byte, as text."""
    if isinstance(value, str) and _WITH_ANY.fullmatch(value):
        return value.lower()
    return hexadecimal(value, name)


def text(value: object, name: str) -> str:
    """Return a text, or raise."""
    if not isinstance(value, str) or not value:
        raise SourceError(f"{name}: expected a text, got {shown(value)}", got=value)
    return value


def name(value: object, key: str) -> str:
    """Return a name, or raise."""
    if not NAME.fullmatch(text(value, key)):
        raise SourceError(f"{key}: {shown(value)} is no name", got=value)
    return str(value)


def number(value: object, key: str) -> object:
    """Return an unsigned integer, or a text that stands for one, or raise."""
    if not isinstance(value, str):
        return integer(value, key, WIDE)
    if not USE.fullmatch(value):
        words = f"{key}: expected an integer or a name such as $m1[0].handle, got {shown(value)}"
        raise SourceError(words, got=value)
    return value


def truth(value: object, name: str) -> bool:
    """Return true or false, or raise."""
    if not isinstance(value, bool):
        raise SourceError(f"{name}: expected true or false, got {shown(value)}", got=value)
    return value
