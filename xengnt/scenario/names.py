# SPDX-License-Identifier: MIT
"""Names for what only shows when a scenario is played: ``$m1[0].handle``, ``$guest.frame[5]``.

Numbers that a machine chooses are names in a scenario, so that it plays on every one.

Imports ``xengnt.errors``, ``xengnt.codec``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from xengnt.codec.symbols import shown
from xengnt.errors import SourceError

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
USE = re.compile(rf"\$({NAME.pattern})((?:\[[0-9]{{1,9}}\]|\.{NAME.pattern})*)")
_STEP = re.compile(r"\[([0-9]+)\]|\.([\w.]+)")


def has_names(value: object) -> bool:
    """Tell whether there is a name to be replaced in a value, at any depth."""
    if isinstance(value, str):
        return value.startswith("$")
    if isinstance(value, dict):
        return any(has_names(one) for one in value.values())
    return isinstance(value, list) and any(has_names(one) for one in value)


class Names:
    """What names stand for, as far as a scenario has been played."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}

    def define(self, name: str, value: object) -> None:
        """Give something a name; a later one of the same name takes its place."""
        self._values[name] = value

    def replaced(self, value: Any) -> Any:
        """Return a value with what the names in it stand for.

        Raises:
            SourceError: a name that nothing has, or that has no such part, or what is no
                number, nor an array of some.
        """
        if isinstance(value, str) and value.startswith("$"):
            return self._value(value)
        if isinstance(value, dict):
            return {key: self.replaced(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.replaced(one) for one in value]
        return value

    def _value(self, use: str) -> Any:
        match = USE.fullmatch(use)
        if match is None:
            raise SourceError(f"{shown(use)}: expected a name such as $m1[0].handle", got=use)
        if match[1] not in self._values:
            raise SourceError(f"{shown(use)}: nothing has the name {match[1]} yet", got=use)
        found = self._values[match[1]]
        for number, key in _STEP.findall(match[2]):
            try:
                found = found[int(number)] if number else _part(found, key)
            except (LookupError, TypeError, ValueError) as error:
                raise SourceError(
                    f"{shown(use)}: there is no such thing: {error}", got=use
                ) from None
        if not all(isinstance(one, int) for one in (found if isinstance(found, list) else [found])):
            what = "nothing came of it" if found is None else "it has parts: say which"
            raise SourceError(f"{shown(use)} is no number: {what}", got=use)
        return found


def _part(value: Any, key: str) -> Any:
    """Return what has a dotted key in a mapping, whole or step by step."""
    if not isinstance(value, Mapping):
        raise TypeError(f"it has no {key}")
    if key in value:
        return value[key]
    first, dot, rest = key.partition(".")
    return _part(value[first], rest) if dot else value[key]
