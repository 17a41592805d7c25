# SPDX-License-Identifier: MIT
"""Values by name: ``GNTMAP_host_map|GNTMAP_readonly`` and back.

Imports ``xengnt.errors``, ``xengnt.abi``.
"""

from __future__ import annotations

import difflib
import re
from functools import lru_cache

from xengnt.abi.declarations import Declarations, Enum
from xengnt.errors import InvalidValue, UnknownName

_REMEMBERED = 1024
"""As many values of a field are remembered with their names."""


def shown(value: object) -> str:
    """Return a value as an error shows it: on one line, and not for ever."""
    try:
        text = " ".join(repr(value).split())
    except (ValueError, RecursionError):  # more digits than Python writes, or nested too deep
        text = hex(value) if isinstance(value, int) else object.__repr__(value)
    return text if len(text) <= 80 else f"{text[:60]}… ({len(text)} characters)"  # noqa: PLR2004 -- half a screen


_NUMBER = re.compile(r"-?(0[xX][0-9a-fA-F]{1,64}|0|[1-9][0-9]{0,64})")


class Symbols:
    """The names that a field's value can be given by.

    Args:
        declared: the declarations that the field is from.
        enum: the enumerations that its value is made of, joined by ``|``; None for
            a field that takes numbers only.
    """

    def __init__(self, declared: Declarations, enum: str | None) -> None:
        self._constants = declared.constants
        names = enum.split("|") if enum else []
        self.enums: list[Enum] = [declared.enums[n] for n in names if n in declared.enums]
        self._values: dict[str, tuple[int, Enum]] = {}
        for one in self.enums:
            for member in one.members:
                value = declared.constants[member].value
                for name in (one.short(member), one.short(member).upper(), member):
                    self._values[name] = value, one
        self._text = lru_cache(_REMEMBERED)(self._name)

    def parse(self, text: str) -> int:
        """Return the value of a text: a number, a name, or several joined by ``|``.

        Raises:
            UnknownName: a part of it is neither.
            InvalidValue: two names that exclude each other.
        """
        value = 0
        chosen: dict[str, tuple[int, str]] = {}
        for part in text.split("|"):
            word = part.strip()
            if word in self._values:
                number, enum = self._values[word]
                other = chosen.setdefault(enum.name, (number, word))
                if not enum.bits and other[0] != number:
                    raise InvalidValue(
                        f"{other[1]} and {word} are two of enum {enum.name}, which is no set of "
                        "bits: give one",
                        expected=f"one of enum {enum.name}",
                        got=text,
                    )
            elif _NUMBER.fullmatch(word):
                number = int(word, 0)
            else:
                raise self._unknown(word)
            value |= number
        return value

    def _unknown(self, word: str) -> UnknownName:
        known = [member for one in self.enums for member in one.members]
        near = difflib.get_close_matches(word, [*known, *self._values], n=1)
        hint = f", did you mean {near[0]}?" if near else ""
        kind = " or ".join(f"a name of enum {one.name}" for one in self.enums)
        expected = f"a number or {kind}" if kind else "a number"
        return UnknownName(
            f"{shown(word)} is not {expected}{hint}", expected=known or "a number", got=word
        )

    def text(self, value: int) -> str | None:
        """Return the names of a value, joined by ``|``, or None if it has none.

        Bits that have no name follow in hexadecimal.
        """
        return (self._text(value) if self.enums else "") or None

    def _name(self, value: int) -> str:
        rest = value
        words: list[str] = []
        for enum in self.enums:
            if not self._means(enum, value):
                continue
            mask = self._constants[enum.mask].value if enum.mask else -1
            for member in enum.members:
                bits = self._constants[member].value
                among = bits != 0 and rest & bits == bits
                if among if enum.bits else value & mask == bits:
                    words.append(member)
                    rest = rest & ~bits if enum.bits or enum.mask else 0
                    if not enum.bits:
                        break
        if not words or (rest and rest < 0):
            return ""
        return "|".join([*words, hex(rest)] if rest else words)

    def known_bits(self, value: int) -> int | None:
        """Return the bits that have a meaning in a value, None if it is no set of bits."""
        if not any(enum.bits for enum in self.enums):
            return None
        known = 0
        for enum in self.enums:
            if enum.mask:
                known |= self._constants[enum.mask].value
            elif self._means(enum, value):
                for member in enum.members:
                    known |= self._constants[member].value
        return known

    def always_known_bits(self) -> int | None:
        """Return the bits that have a meaning in every value, None if values differ in that."""
        several = len(self.enums) > 1
        differ = several and any(one.condition and not one.mask for one in self.enums)
        return None if differ else self.known_bits(0)

    def _means(self, enum: Enum, value: int) -> bool:
        """Tell whether an enumeration applies to a value, by its condition."""
        if enum.condition is None or len(self.enums) == 1:
            return True
        name = enum.condition.lstrip("!")
        return self.holds(name, value) is not enum.condition.startswith("!")

    def holds(self, name: str, value: int) -> bool | None:
        """Tell whether a value holds a bit or is of a type; None if that cannot be held here."""
        for enum in self.enums:
            if name in enum.members:
                bits = self._constants[name].value
                if enum.bits:
                    return value & bits == bits
                mask = self._constants[enum.mask].value if enum.mask else -1
                return value & mask == bits
        return None
