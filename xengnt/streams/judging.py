# SPDX-License-Identifier: MIT
"""Judge blobs of any size, in pieces.

Imports ``xengnt.errors``, ``xengnt.findings``, the codec and the modules beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

from xengnt.codec import Abi, Codec
from xengnt.codec.abi import Name
from xengnt.errors import InvalidValue, XengntError
from xengnt.findings import Finding
from xengnt.streams.pieces import PIECE, Given, Piece, pieces, sources, tasks
from xengnt.streams.work import AHEAD, in_order

MOST = 1000
"""As many findings of a piece are given, unless others are asked for."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What is to be said of a piece of a source.

    Attributes:
        piece: what was judged.
        elements: how many structs it has.
        findings: the first ones, each with the name of the source.
        counts: how many there are of each severity, all of them.
        error: why it could not be read, None if it could.
    """

    piece: Piece
    elements: int
    findings: tuple[Finding, ...]
    counts: Counter[str]
    error: XengntError | None = None


def validate(
    abi: Abi,
    name: Name,
    given: Iterable[Given],
    *,
    when: str = "before",
    most: int = MOST,
    executor: Executor | None = None,
    ahead: int = AHEAD,
    size: int = PIECE,
) -> Iterator[Judged]:
    """Judge the meaning of files of any size, piece by piece, in their order.

    Elements are counted through each file. A file that cannot be read is a piece with an
    error, behind which it goes on with the next file.

    Args:
        abi: the ABI.
        name: the op, or the tag of the struct.
        given: paths of files or folders, or open files.
        when: ``before`` the call, when fields that come out are anybody's, or ``after``.
        most: how many findings to give of each piece; all are counted.
        executor: any of `concurrent.futures`; without one the work is done here.
        ahead: how many tasks it has at once.
        size: about how many bytes a task has.

    Raises:
        UnknownName, InvalidValue: there is no such struct, or another `when`.
    """
    if when not in ("before", "after"):
        raise InvalidValue(f"when: expected before or after, got {when!r}", got=when)
    codec = abi.codec(name)
    found = chain.from_iterable(pieces(codec, source, size) for source in sources(given))
    work = partial(_judge, codec=codec, after=when == "after", most=most)
    for task, results in in_order(work, tasks(found, size), executor, ahead):
        for piece, result in zip(task, results, strict=True):
            yield _judged(codec, replace(piece, data=None), result, most)


Result = tuple[list[Finding], Counter[str]]


def _judge(
    task: tuple[Piece, ...], *, codec: Codec, after: bool, most: int
) -> list[Result | XengntError]:
    """Return the findings about the elements of each piece, or what is wrong with it."""
    results: list[Result | XengntError] = []
    for piece in task:
        try:
            blob = codec.decoder.blob(piece.read())
        except XengntError as error:
            results.append(error)
            continue
        findings: list[Finding] = []
        counts: Counter[str] = Counter()
        for finding in codec.validator.elements(blob, after=after, first=piece.first):
            counts[finding.severity] += 1
            if len(findings) < most:
                findings.append(finding)
        results.append((findings, counts))
    return results


def _judged(codec: Codec, piece: Piece, result: Result | XengntError, most: int) -> Judged:
    """Return what is to be said of a piece, at the end of a source also of the whole."""
    if isinstance(result, XengntError):
        return Judged(piece, 0, (), Counter(), result)
    findings, counts = result
    elements = piece.size // codec.plan.struct.size
    if piece.last:
        whole = list(codec.validator.batch(piece.first + elements))
        counts.update(finding.severity for finding in whole)
        findings = [*whole, *findings][:most]
    named = tuple(replace(finding, source=piece.source) for finding in findings)
    return Judged(piece, elements, named, counts)
