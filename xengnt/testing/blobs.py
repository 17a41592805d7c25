# SPDX-License-Identifier: MIT
"""An assertion that two blobs have the same bytes.

Imports ``xengnt.codec``; the picture is the command's.
"""

from __future__ import annotations

from collections.abc import Iterator

from xengnt.codec import Abi
from xengnt.codec.buffers import bytes_of
from xengnt.codec.dump import DumpLine

_LISTED = 12
"""So many differences are listed."""

_DRAWN = 6
"""So many elements are drawn that differ."""

_BYTES = 16
"""So many bytes are shown of what is no whole element in both."""

Line = tuple[DumpLine | None, DumpLine | None, bool]
"""What two blobs have at an offset of an element, and whether the bytes are others."""


def assert_same_blob(
    op: str,
    got: object,
    expected: object,
    *,
    abi: Abi | str | None = None,
) -> None:
    """Fail if a blob is not, byte for byte, what is expected; holes count.

    Args:
        op: the op that it is for, or the tag of the struct.
        got: the blob, anything with a buffer.
        expected: another one; or rows or columns, as `Abi.encode` takes them, OUT fields
            included.
        abi: the ABI of both; this machine's by default.

    Raises:
        AssertionError: they differ, with an annotated dump of what does.
        XengntError: there is no such op, or what is expected cannot be encoded.
    """
    __tracebackhide__ = True
    one = Abi.native() if abi is None else Abi(abi) if isinstance(abi, str) else abi
    one.codec(op)  # or say that there is none
    there = bytes_of(expected)
    wanted = one.encode(op, expected, allow_out=True) if there is None else bytes(there)
    view = bytes_of(got)
    if view is None:
        raise AssertionError(f"{op}: expected a blob, got {type(got).__name__}")
    if words := differing(one, op, bytes(view), wanted):
        raise AssertionError(words)


def differing(abi: Abi, op: str, got: bytes, expected: bytes) -> str:
    """Return in words and as a picture how two blobs differ, "" if they do not."""
    if got == expected:
        return ""
    from xengnt.cli.render_blob_pair import side_by_side

    size = abi.codec(op).plan.struct.size
    words = list(_length(abi, got, expected, size))
    drawn: dict[int, list[Line]] = {}
    more = 0
    for number in range(min(len(got), len(expected)) // size):
        here = slice(number * size, (number + 1) * size)
        if got[here] == expected[here]:
            continue
        if len(drawn) == _DRAWN:
            more += 1
            continue
        drawn[number] = _lines(abi, op, got[here], expected[here])
        words += _differences(number, drawn[number], got[here])
    unsaid = len(words) - _LISTED
    words[_LISTED:] = [f"and {unsaid} more in these elements"] if unsaid > 0 else []
    if more:
        words.append(f"shown are {len(drawn)} of {len(drawn) + more} elements that differ")
    words += [side_by_side(abi, op, drawn)] if drawn else []
    return f"{op}: " + "\n".join(words)


def _length(abi: Abi, got: bytes, expected: bytes, size: int) -> Iterator[str]:
    """Say it if the blobs are not as long, or differ behind the last whole element."""
    whole = min(len(got), len(expected)) // size * size
    rest = f"from byte {whole} on expected {_some(expected[whole:])}, got {_some(got[whole:])}"
    if len(got) != len(expected):
        many = f"expected {len(expected)} bytes, got {len(got)}"
        yield f"{many}, and an element has {size} on {abi.name}: {rest}"
    elif got[whole:] != expected[whole:]:
        yield f"{rest}, which is no whole element"


def _some(data: bytes) -> str:
    """Return the first bytes of some."""
    more = " …" if len(data) > _BYTES else ""
    return f"{data[:_BYTES].hex(' ')}{more}" if data else "nothing"


def _lines(abi: Abi, op: str, got: bytes, expected: bytes) -> list[Line]:
    """Return what both have at each offset of an element; their views need not be the same."""
    left, right = ({line.offset: line for line in abi.dump(op, data)} for data in (expected, got))
    found: list[Line] = []
    for at in sorted(left | right):
        here = left.get(at)
        differs = here is not None and got[at : at + len(here.data)] != here.data
        found.append((here, right.get(at), differs))
    return found


def _differences(number: int, lines: list[Line], element: bytes) -> Iterator[str]:
    """Say of each field, or hole, that differs what should be there and what is."""
    for expected, got, differs in lines:
        if expected and differs:
            name = expected.name or (f"rest of {expected.leaf}" if expected.leaf else "hole")
            here = element[expected.offset : expected.offset + len(expected.data)]
            there = _told(got) if got and len(got.data) == len(here) else here.hex(" ")
            if got and got.name not in (None, expected.name):
                there += f", as {got.name}"
            yield (
                f"element {number}: {name} at offset {expected.offset}: "
                f"expected {_told(expected)}, got {there}"
            )


def _told(line: DumpLine) -> str:
    """Return what is at a place: a number, with its name, or bytes."""
    if line.value is None:
        return line.data.hex(" ")
    values = line.value if isinstance(line.value, list) else [line.value]
    return " ".join(map(hex, values)) + (f" ({line.symbol})" if line.symbol else "")
