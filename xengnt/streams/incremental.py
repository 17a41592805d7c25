# SPDX-License-Identifier: MIT
"""JSON read as it comes: the elements of an array, or texts one after the other.

The values are read by the module json, which is asked anew with more text where a value
is not whole yet. Its errors say where they are in all of the text.

Imports ``xengnt.errors`` and the codec.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from json import JSONDecodeError
from typing import Any

from xengnt.codec.strict_json import decoder
from xengnt.errors import SourceError

STEP = 1 << 16
"""As many bytes are read at a time."""

LONGEST = 1 << 28
"""A value of more text is refused: it would have to be in memory whole."""

_NEAR = 16
"""An error so near to the end of what was read may be of what is cut there: ``-Infinit``."""

_SPACE = re.compile(r"[ \t\n\r]*")


@dataclass(slots=True)
class Place:
    """A place in a text.

    Attributes:
        chars: how many characters are before it.
        line: the number of its line, from 1.
        column: how many characters are before it on the line.
    """

    chars: int = 0
    line: int = 1
    column: int = 0

    def over(self, text: str) -> None:
        """Go behind a text."""
        self.chars += len(text)
        newlines = text.count("\n")
        self.line += newlines
        self.column = len(text) - text.rfind("\n") - 1 if newlines else self.column + len(text)

    def __str__(self) -> str:
        return f"line {self.line} column {self.column + 1} (char {self.chars})"


class Reader:
    """Reads JSON as it comes.

    Args:
        read: gives so many bytes more, or another number of them; none at the end.
        place: where they begin.
        before: how many bytes are before that.
    """

    def __init__(
        self, read: Callable[[int], bytes], place: Place | None = None, before: int = 0
    ) -> None:
        self._read = read
        self._text = ""
        self._at = 0
        self._cut = b""  # the first bytes of a character
        self._ended = False
        self._start = place or Place()
        self._bytes = before

    def next(self) -> str:
        """Return the next character that is no space, and do not take it; "" at the end."""
        while True:
            match = _SPACE.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if self._ended:
                return ""
            self._more()

    def take(self) -> None:
        """Take the character that `next` gave."""
        self._at += 1

    def value(self) -> Any:
        """Return the next value.

        Raises:
            SourceError: there is none, or what nobody can have meant.
        """
        if self.next() == "\ufeff":
            raise self.wrong("Unexpected UTF-8 BOM (decode using utf-8-sig)")
        while True:
            try:
                value, end = decoder.raw_decode(self._text, self._at)
            except JSONDecodeError as error:
                near = len(self._text) - error.pos < _NEAR
                if self._ended or not (near or error.msg.startswith("Unterminated")):
                    self._at = error.pos
                    raise self.wrong(error.msg) from None
            except SourceError as error:
                raise self.wrong(str(error), "") from None
            except ValueError as error:
                raise self.wrong(str(error)) from None
            except RecursionError:
                raise self.wrong("JSON nested too deeply", "") from None
            else:
                if end < len(self._text) or self._ended:  # else a number may go on
                    self._at = end
                    return value
            if len(self._text) - self._at > LONGEST:
                raise self.wrong(f"a value of more than {LONGEST >> 20} MiB of text")
            self._more()

    def array(self) -> Iterator[Any]:
        """Give the elements of an array whose bracket was taken, which is all there is."""
        if self.next() != "]":
            yield self.value()
            while self.next() == ",":
                self.take()
                yield self.value()
            if self.next() != "]":
                raise self.wrong("Expecting ',' delimiter")
        self.take()
        self.end()

    def texts(self) -> Iterator[Any]:
        """Give values one after the other, to the end."""
        while self.next():
            yield self.value()

    def end(self) -> None:
        """Raise unless there is nothing more."""
        if self.next():
            raise self.wrong("Extra data")

    def wrong(self, words: str, what: str = "not JSON: ") -> SourceError:
        """Return the error about what is next."""
        self._drop()
        return SourceError(f"{what}{words}: {self._start}", offset=self._start.chars)

    def _drop(self) -> None:
        """Forget what was taken."""
        self._start.over(self._text[: self._at])
        self._text = self._text[self._at :]
        self._at = 0

    def _more(self) -> None:
        """Read on: as much again as there is, so that long values are not tried too often."""
        self._drop()
        data = self._read(max(STEP, len(self._text)))
        self._ended = not data
        data = self._cut + data
        try:
            text, self._cut = data.decode(), b""
        except UnicodeDecodeError as error:
            if self._ended or error.reason != "unexpected end of data":
                at = self._bytes + error.start
                raise SourceError(f"not UTF-8 text, at byte {at}", offset=at) from None
            text, self._cut = data[: error.start].decode(), data[error.start :]
        self._bytes += len(data) - len(self._cut)
        self._text += text
