# SPDX-License-Identifier: MIT
"""Encode batches of any size from JSON: an array, JSON Lines, or columns.

A large text is cut where a row seems to end, and each part read for itself. Where all
parts of an array are lists of values, so is the whole: so a cut that was wrong shows, and
from there on, as from a mistake on, the text is read value by value, which knows where
in the text it is.

Imports ``xengnt.errors``, the codec and the modules beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import Any, BinaryIO

from xengnt.codec import Abi
from xengnt.codec.abi import Name
from xengnt.codec.strict_json import decoder
from xengnt.errors import SourceError, XengntError
from xengnt.streams.incremental import Place, Reader
from xengnt.streams.pieces import read
from xengnt.streams.work import AHEAD, in_order

PIECE = 1 << 20
"""About as many bytes of text are a part."""

ROWS = 4096
"""As many rows are encoded at a time, when they are read one by one."""

_BETWEEN = re.compile(rb"[}\]]\s*,(?=\s*[{\[])")
"""What is between two rows of an array; and, seldom, something else."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a text.

    Attributes:
        text: rows.
        array: whether they are elements of an array, rather than lines.
        behind: what comes before the next part.
        whole: whether it seems to end with a row, so that it can be read for itself.
    """

    text: bytes
    array: bool
    behind: bytes = b""
    whole: bool = True


Encode = Callable[..., bytes]


def encode(
    abi: Abi,
    name: Name,
    file: BinaryIO,
    *,
    strict: bool = False,
    allow_out: bool = False,
    poison: int | None = None,
    executor: Executor | None = None,
    ahead: int = AHEAD,
    size: int = PIECE,
) -> Iterator[bytes]:
    """Encode JSON of any size: an array of rows, an object of columns, or JSON Lines.

    Objects one after the other are JSON Lines, a single one is columns, which have to
    fit into memory.

    Args:
        abi: the ABI.
        name: the op, or the tag of the struct.
        file: what to read, in UTF-8.
        strict: as for `Abi.encode`, as are the next two.
        allow_out: take fields that come out as well.
        poison: fill holes, and fields that come out, with this byte.
        executor: any of `concurrent.futures`; without one the work is done here.
        ahead: how many parts it has at once.
        size: about how many bytes of text a part has.

    Raises:
        SourceError: it is not JSON.
        UnknownName, InvalidValue: as `Abi.encode`, with the number of the row in all.
    """
    encode = partial(abi.codec(name).encode, strict=strict, allow_out=allow_out, poison=poison)
    head = read(file, size)
    text = chain([head], iter(partial(read, file, size), b""))
    start = _start(head) if len(head) == size else None
    if start is None:
        yield from _whole(encode, Reader(_reader(text)))
        return
    array, offset = start
    place, before = Place(), offset
    place.over(head[:offset].decode())
    text = chain([head[offset:]], islice(text, 1, None))
    work = partial(_encode, encode)
    number = 0
    parts = in_order(work, _cut(text, size, array=array), executor, ahead)
    for part, result in parts:
        if result is None:  # what was cut wrongly, or is wrong
            rest = chain([part], (later for later, _ in parts))
            reader = Reader(_reader(_texts(rest)), place, before)
            rows = reader.array() if array else reader.texts()
            yield from _exact(encode, rows, number)
            return
        count, blob = result
        number += count
        before += len(part.text) + len(part.behind)
        place.over((part.text + part.behind).decode())
        yield blob


def _start(head: bytes) -> tuple[bool, int] | None:
    """Return whether a text is an array, and where its rows begin; None if it is neither."""
    if head.lstrip(b" \t\n\r").startswith(b"["):
        return True, head.index(b"[") + 1
    first, _, second = head.partition(b"\n")
    several = second.lstrip(b" \t\n\r").startswith(b"{")
    return (False, 0) if several and _rows(_Part(first, array=False)) else None


def _cut(text: Iterator[bytes], size: int, *, array: bool) -> Iterator[_Part]:
    """Cut a text where rows seem to end; where none does for long, anywhere."""
    held = b""
    for data in text:
        held += data
        if end := _last(held, array=array):
            last = end - array  # without the comma
            yield _Part(held[:last], array, held[last:end])
            held = held[end:]
        elif len(held) > 4 * size:
            yield _Part(held, array, whole=False)
            held = b""
    body = held.rstrip(b" \t\n\r")
    closed = array and body.endswith(b"]")
    end = len(body) - closed
    yield _Part(held[:end], array, held[end:], whole=closed or not array)


def _last(text: bytes, *, array: bool) -> int:
    """Return where the last row that is whole seems to end, with what is behind it."""
    if not array:
        return text.rfind(b"\n") + 1
    for start in (max(len(text) - (1 << 14), 0), 0):
        found = 0
        for match in _BETWEEN.finditer(text, start):
            found = match.end()
        if found:
            return found
    return 0


def _rows(part: _Part) -> list[Any] | None:
    """Return the rows of a part, None if it has none, is not whole, or no text of JSON."""
    if not part.whole:
        return None
    try:
        text = part.text.decode()
        if part.array:
            found: list[Any] = decoder.decode(f"[{text}]")
        else:
            found = [decoder.decode(line) for line in text.split("\n") if line.strip(" \t\r")]
    except (XengntError, ValueError, RecursionError):
        return None
    return found or None


def _encode(encode: Encode, part: _Part) -> tuple[int, bytes] | None:
    """Return how many rows a part has, and their bytes; None if something is wrong."""
    rows = _rows(part)
    try:
        return None if rows is None else (len(rows), encode(rows))
    except (XengntError, RecursionError):
        return None


def _whole(encode: Encode, reader: Reader) -> Iterator[bytes]:
    """Encode a text of any form."""
    if reader.next() == "[":
        reader.take()
        yield from _exact(encode, reader.array(), 0)
        return
    value = reader.value()
    if isinstance(value, dict) and reader.next():
        yield from _exact(encode, chain([value], reader.texts()), 0)
        return
    reader.end()
    yield encode(value)


def _exact(encode: Encode, rows: Iterator[Any], number: int) -> Iterator[bytes]:
    """Encode rows one by one read, the first of which has a number."""
    rows = _numbered(rows, number)
    while some := list(islice(rows, ROWS)):
        yield encode(some, first=number)
        number += len(some)


def _numbered(rows: Iterator[Any], number: int) -> Iterator[Any]:
    """Give rows, and say of what cannot be read which row it is."""
    try:
        for row in rows:
            yield row
            number += 1
    except SourceError as error:
        error.element = number
        raise


def _texts(parts: Iterable[_Part]) -> Iterator[bytes]:
    for part in parts:
        yield part.text
        yield part.behind


def _reader(text: Iterator[bytes]) -> Callable[[int], bytes]:
    """Return what reads a text that comes in parts, none of which but the last is empty."""
    return lambda _: next((part for part in text if part), b"")
