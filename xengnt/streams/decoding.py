# SPDX-License-Identifier: MIT
"""Decode blobs of any size, in pieces.

Imports ``xengnt.errors``, the codec and the modules beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import chain
from typing import Any, TypeAlias

from xengnt.codec import Abi, Codec
from xengnt.codec.abi import Name
from xengnt.errors import InvalidValue, XengntError
from xengnt.streams import tables, text
from xengnt.streams.pieces import PIECE, Given, Piece, pieces, sources, tasks
from xengnt.streams.work import AHEAD, in_order

ROWS, BYTES = "rows", "bytes"

FORMS = (ROWS, BYTES, *text.FORMS, "table")

Make: TypeAlias = Callable[[Piece, bytes], Any]


@dataclass(frozen=True, slots=True)
class Decoded:
    """A piece of a source, decoded.

    Attributes:
        piece: where it is from.
        data: what it became, by the form that was asked for: a list of rows, the bytes
            themselves, text, or a batch of records of Arrow.
    """

    piece: Piece
    data: Any


def decode(
    abi: Abi,
    name: Name,
    given: Iterable[Given],
    *,
    form: str = ROWS,
    in_only: bool = False,
    located: bool = False,
    executor: Executor | None = None,
    ahead: int = AHEAD,
    size: int = PIECE,
) -> Iterator[Decoded]:
    """Decode files of any size, piece by piece, in their order.

    Args:
        abi: the ABI.
        name: the op, or the tag of the struct.
        given: paths of files or folders, or open files.
        form: ``rows``, as `Abi.decode` gives them; ``bytes`` as they are; the text of
            ``json``, ``jsonl`` or ``csv``; ``table``, of Arrow.
        in_only: leave out what only comes out, of texts and tables.
        located: have texts and tables say of each struct where it is from.
        executor: any of `concurrent.futures`; without one the work is done here.
        ahead: how many tasks it has at once.
        size: about how many bytes a task has.

    Raises:
        SourceError: something that cannot be read, after all that comes before it.
        UnknownName, InvalidValue: there is no such struct, no such form.
        Unavailable: an extra is not installed.
    """
    if form not in FORMS:
        raise InvalidValue(f"no form {form!r}", expected=FORMS, got=form)
    codec = abi.codec(name)
    found = chain.from_iterable(pieces(codec, source, size) for source in sources(given))
    work = partial(_decode, codec=codec, form=form, in_only=in_only, located=located)
    for task, results in in_order(work, tasks(found, size), executor, ahead):
        for piece, result in zip(task, results, strict=True):
            if isinstance(result, XengntError):
                raise result
            yield Decoded(replace(piece, data=None), result)


def _decode(
    task: tuple[Piece, ...], *, codec: Codec, form: str, in_only: bool, located: bool
) -> list[Any]:
    """Return what each piece becomes, or what is wrong with it."""
    make = _maker(codec, form, in_only=in_only, located=located)
    results: list[Any] = []
    for piece in task:
        try:
            results.append(make(piece, piece.read()))
        except XengntError as error:
            results.append(error)
    return results


@cache
def _maker(codec: Codec, form: str, *, in_only: bool, located: bool) -> Make:
    """Return what makes a form of a piece; it is made once in each process."""
    if form == ROWS:
        return lambda _, data: codec.decoder.rows(data)
    if form == BYTES:
        return lambda _, data: data
    if form == "table":
        return tables.Tables(codec, in_only=in_only, located=located).batch
    return text.Lines(codec, form, in_only=in_only, located=located).text
