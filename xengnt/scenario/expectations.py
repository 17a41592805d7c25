# SPDX-License-Identifier: MIT
"""What is expected of a call, or of a read, compared with what was seen.

Imports ``xengnt.codec``, ``xengnt.findings`` and the calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from xengnt.codec import Codec
from xengnt.codec.lists import without_addresses
from xengnt.codec.symbols import shown
from xengnt.findings import ERROR, Finding
from xengnt.scenario.call import ANY, Call, expected, in_hex

_SHOWN = 8
"""So many bytes are shown from where they differ."""


def unexpected(what: str, message: str) -> Finding:
    """Return the finding about a step that failed, or did not."""
    return Finding(ERROR, "expectation", what, f"{what}: {message}")


def other_bytes(who: str, wanted: bytes, got: bytes) -> Finding:
    """Return the finding about memory that has other bytes."""
    message = f"{who} reads {_apart(wanted, got)}"
    found = Finding(ERROR, "expectation-bytes", "read", message)
    return replace(found, expected=wanted.hex(), got=got.hex())


def cannot_be_made(number: int, call: Call) -> Finding:
    """Return the finding about a call whose arguments nobody knows."""
    where = f"call {number}"
    message = (
        f"{where}, {_name(call)}: cannot be made again: its arguments were at an address that "
        "nobody knows"
    )
    return Finding(ERROR, "unknown-address", where, message, element=number)


def differences(codec: Codec | None, number: int, call: Call, seen: Call) -> Iterator[Finding]:
    """Give what differs in the result, the arguments and the lists of a call."""
    if call.rc is not None and call.rc != seen.rc:
        yield _difference(number, call, "rc", f"is {seen.rc}, not {call.rc}", call.rc, seen.rc)
    out = seen.out or b""
    if call.out is not None and call.out != out:
        words = f"is {_apart(call.out, out)}{_field(codec, call.out, out)}"
        yield _difference(number, call, "out", words, call.out.hex(), out.hex())
    for name, rows in call.filled.items():
        # What could not be read then is not compared now.
        both = zip_longest(rows, seen.filled.get(name, []))
        now = in_hex([None if then is None else row for then, row in both])
        then = in_hex(rows)
        if not (len(then) == len(now) and all(map(_fits, then, now))):
            words = f"is {shown(now)}, not {shown(then)}"
            yield _difference(number, call, f"filled {name}", words, then, now)


def results(
    codec: Codec, number: int, call: Call, seen: Call, replaced: Callable[[Any], Any]
) -> tuple[list[dict[str, Any]], list[Finding]]:
    """Compare fields of the elements with what is expected of them.

    Args:
        codec: of the op.
        number: of the call.
        call: what is expected.
        seen: what was seen.
        replaced: what names in a value stand for.

    Returns:
        The same fields with what was seen, and what differs.
    """
    rows, findings = [], []
    view = codec.abi.view(codec.name, codec.whole(seen.out or b""))
    there, asked = len(view), len(call.results)
    if there < asked:
        words = f"are of {there} elements, not {asked}: no more are in memory"
        findings.append(_difference(number, call, "results", words, asked, there))
    for index, row in enumerate(call.results[:there]):
        now = dict(row)
        for name, wanted in row.items():
            got = view[index][name]
            if wanted != ANY and expected(codec, index, name, replaced(wanted)) != (
                got if isinstance(got, list) else [got]
            ):
                symbols = codec.plan.slots[name][1].symbols
                now[name] = (symbols.text(got) if isinstance(got, int) else None) or got
                findings.append(_result(codec, number, index, name, (wanted, now[name]), seen))
        rows.append(now)
    return rows, findings


def touched(codec: Codec, number: int, call: Call, seen: Call) -> Iterator[Finding]:
    """Give what came out of a call beside the fields that are expected to."""
    after = seen.out or b""
    before = bytearray(without_addresses(codec, seen.data)[: len(after)])
    for index, row in enumerate(call.results):
        for key in row:
            leaf = codec.plan.slots[key][1]
            start = index * codec.plan.struct.size + leaf.offset
            here = slice(start, start + leaf.size * (leaf.count or 1))
            before[here] = after[here]
    wanted = bytes(before)
    if wanted != after:
        words = f"bytes are {_apart(wanted, after)}{_field(codec, wanted, after)}"
        yield _difference(number, call, "untouched", words, wanted.hex(), after.hex())


def _fits(wanted: str | None, got: str | None) -> bool:
    """Tell whether hexadecimal text is as expected; two dots stand for any byte."""
    if wanted is None or got is None or "." not in wanted:
        return wanted == got
    both = zip(wanted, got, strict=True)
    return len(wanted) == len(got) and all(one in (".", other) for one, other in both)


def _result(
    codec: Codec, number: int, index: int, name: str, values: tuple[Any, Any], seen: Call
) -> Finding:
    """Return the finding about a field of an element, with the reason if one is known."""
    wanted, got = values
    where = f"call {number}[{index}].{name}"
    why = next((reason for at, reason in seen.reasons if at == index), None)
    message = f"{where}, {codec.name}: {got}, not {shown(wanted)}"
    return Finding(
        ERROR, "expectation-results", where, message,
        element=index, expected=wanted, got=got, because=why,
    )  # fmt: skip


def _difference(
    number: int, call: Call, what: str, words: str, wanted: object, got: object
) -> Finding:
    where = f"call {number}"
    return Finding(
        ERROR,
        f"expectation-{what.split(maxsplit=1)[0]}",
        where,
        f"{where}, {_name(call)}: {what} {words}",
        element=number,
        expected=wanted,
        got=got,
    )


def _name(call: Call) -> str:
    return call.op or f"command {call.cmd}"


def _first(wanted: bytes, got: bytes) -> int:
    """Return the first byte that differs."""
    both = zip(wanted, got, strict=True)
    return next(at for at, (one, other) in enumerate(both) if one != other)


def _apart(wanted: bytes, got: bytes) -> str:
    """Say what bytes are, and what they should have been: a few from where they differ."""
    if len(wanted) != len(got):
        return f"{len(got)} bytes, not {len(wanted)}"
    if len(got) <= 2 * _SHOWN:
        return f"{got.hex()}, not {wanted.hex()}"
    at = _first(wanted, got)
    one, other = (data[at : at + _SHOWN].hex() for data in (got, wanted))
    return f"{one}, not {other}, at byte {at}"


def _field(codec: Codec | None, wanted: bytes, got: bytes) -> str:
    """Say which field of which element differs first."""
    if codec is None or len(wanted) != len(got):
        return ""
    index, at = divmod(_first(wanted, got), codec.plan.struct.size)
    fields = [one for one in codec.plan.struct.leaves if one.offset <= at < one.end]
    return f": element {index}, {fields[0].name if fields else 'a hole'}"
