# SPDX-License-Identifier: MIT
"""Choices: which member of a union is meant when, as the header's markup says it.

Imports ``xengnt.errors`` only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias, Union

from xengnt.errors import InvalidValue

Choice: TypeAlias = Union[str, "tuple[str, Choice, Choice]"]
"""The name of a member, or (condition, choice if it holds, choice if not)."""

_WORD = re.compile(r"\w+|[?:]")


def parse_choice(text: str) -> Choice:
    """Return a choice as the header writes it, ``C ? a : b``, in nested form.

    Raises:
        InvalidValue: it is not a choice.
    """
    wrong = InvalidValue(f"cannot understand the choice {text!r}", got=text)
    words = _WORD.findall(text)
    if "".join(words) != "".join(text.split()):
        raise wrong

    def read() -> Choice:
        name: str = words.pop(0) if words else "?"
        if name in ("?", ":"):
            raise wrong
        if not words or words[0] != "?":
            return name
        words.pop(0)
        then = read()
        if not words or words.pop(0) != ":":
            raise wrong
        return name, then, read()

    choice = read()
    if words:
        raise wrong
    return choice


def parts(choice: Choice) -> Iterator[tuple[str | None, str | None]]:
    """Give each condition and each member of a choice, beside None."""
    if isinstance(choice, str):
        yield None, choice
        return
    yield choice[0], None
    yield from parts(choice[1])
    yield from parts(choice[2])
