# SPDX-License-Identifier: MIT
"""Bytes as C arrays, with the field that each belongs to: of a blob, or of a scenario's calls.

The arrays can be written to, so that they can be passed to the hypercall as they are.

Imports ``xengnt.errors``, ``xengnt.codec``, ``xengnt.scenario`` and the modules beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from xengnt.codec import Codec
from xengnt.emit.c import block, comment, name, start
from xengnt.emit.selection import Selection
from xengnt.errors import InvalidValue, SourceError
from xengnt.scenario import Call, Scenario
from xengnt.scenario.names import has_names

if TYPE_CHECKING:
    from xengnt.codec.dump import DumpLine
    from xengnt.emit import Options

_ROW = 16
"""Bytes on a line."""

_MOST = 1 << 20
"""Bytes of a blob: a line for each field of it is already more than a compiler likes."""

_ALIGNED = """\
#ifndef XENGNT_ALIGNED
# if defined(__GNUC__)
#  define XENGNT_ALIGNED(n) __attribute__((aligned(n)))
# elif defined(__cplusplus)
#  define XENGNT_ALIGNED(n) alignas(n)
# else
#  define XENGNT_ALIGNED(n) _Alignas(n)
# endif
#endif
"""

_CALL = """\
#ifndef XENGNT_CALL
#define XENGNT_CALL
/* A call, and what came of it. */
struct xengnt_call {
    unsigned int cmd;           /* GNTTABOP_* */
    unsigned char *args;        /* the arguments before the call, or NULL */
    unsigned int size;          /* their size in bytes */
    unsigned int count;         /* how many elements there are */
    const unsigned char *after; /* the arguments after the call, or NULL if not known */
    int has_rc;                 /* whether it is known what the call returns */
    long rc;
};
#endif
"""


def text(selections: Sequence[Selection], command: str, options: Options) -> str:
    """Return the arrays.

    Raises:
        InvalidValue: neither a blob nor a scenario, or both.
        SourceError: a call whose arguments only show when it is played.
    """
    (selection,) = selections
    scenario, blob = options.scenario, options.blob
    if scenario is not None and blob is None and not selection.asked:
        rows = _scenario(scenario, name(options.name or "xengnt_calls", "the name"))
    elif blob is not None and scenario is None and len(selection.asked) == 1:
        codec = selection.abi.codec(selection.asked[0])
        own = name(options.name or f"xengnt_{codec.op or codec.plan.struct.tag}", "the name")
        rows = _blob(codec, bytes(blob), own)
    else:
        raise InvalidValue("emit c-array: expected an op or struct with a blob, or a scenario")
    lines = (*start([selection], command), "", *_ALIGNED.splitlines(), "", *rows)
    return "".join(f"{line}\n" for line in lines)


def _blob(codec: Codec, blob: bytes, own: str) -> Iterator[str]:
    struct = codec.plan.struct
    if not blob:
        raise InvalidValue("the blob is empty, and C has no empty arrays", struct=struct.tag)
    if len(blob) > _MOST:
        what = f"the blob has {len(blob)} bytes, and an array {_MOST} at the most"
        raise InvalidValue(what, struct=struct.tag, expected=_MOST, got=len(blob))
    yield f"enum {{ {own}_count = {len(codec.decoder.blob(blob)) // struct.size} }};"
    yield ""
    yield from _array(codec, blob, own)


def _scenario(scenario: Scenario, own: str) -> Iterator[str]:
    yield from block(scenario.title) if scenario.title else ()
    yield from _CALL.splitlines()
    rows = []
    for step, place in zip(scenario.steps, scenario.places, strict=True):
        line = place.rpartition(":")[2]
        if not isinstance(step, Call):
            yield from ("", *block(f"line {line}: {json.dumps(step.line)}"))
            continue
        if step.unknown or step.address is not None:
            why = "not among the calls, as its arguments have a place of their own"
            yield from ("", *block(f"line {line}, {why}: {json.dumps(step.as_json())}"))
            continue
        caller = f" by {step.caller}" if step.caller else ""
        yield from ("", comment(f"line {line}: {step.op or step.cmd}{caller}"))
        abi = scenario.abi_of(step)
        codec = abi.codec(step.op) if step.op else None
        before, after = _before(codec, step, place), step.out or b""
        args, then = (f"{own}_{line}" if before else "0"), (f"{own}_{line}_after" if after else "0")
        if before:
            yield from _array(codec, before, args)
        if after:
            yield from _array(codec, after, then, "const ")
        known = step.rc is not None
        rows.append(
            f"    {{ {step.cmd}U, {args}, {len(before)}U, {step.count}U, {then}, {int(known)}, "
            f"{step.rc or 0} }}, {comment(f'line {line}: {step.op or step.cmd}')}"
        )
    if not rows:
        raise SourceError("the scenario has no calls")
    yield from ("", f"enum {{ {own}_count = {len(rows)} }};", "")
    yield f"extern const struct xengnt_call {own}[]; /* in C++ too */"
    yield from (f"const struct xengnt_call {own}[] = {{", *rows, "};")


def _before(codec: Codec | None, call: Call, place: str) -> bytes:
    """Return the arguments of a call; those that have names, as they were when it was played."""
    if codec is None or not has_names(call.args):
        return call.data
    leaves = codec.plan.struct.leaves
    if call.out is None or any(leaf.direction == "IN/OUT" for leaf in leaves):
        raise SourceError(
            f"{place}: what its arguments are shows when it is played: give the output of "
            "xengnt run --format jsonl"
        )
    data = bytearray(call.out)
    for start_ in range(0, len(data), codec.plan.struct.size):
        for leaf in leaves:
            if leaf.direction == "OUT":
                fill = bytes([call.poison or 0]) * leaf.size
                data[start_ + leaf.offset : start_ + leaf.end] = fill
    return bytes(data)


def _array(codec: Codec | None, data: bytes, own: str, const: str = "") -> Iterator[str]:
    """Give the lines of an array: with the fields, if it is of whole structs."""
    align = (codec.plan.struct.align if codec else None) or 8
    yield f"XENGNT_ALIGNED({align}) {const}unsigned char {own}[{len(data)}] = {{"
    if codec is None or len(data) % codec.plan.struct.size:
        yield from _bytes(data, "")
    else:
        element = -1
        for line in codec.abi.dump(codec.name, data):
            if line.element != element:
                element = line.element
                yield f"    {comment(f'[{element}]')}"
            yield from _bytes(line.data, _words(line))
    yield "};"


def _bytes(data: bytes, words: str) -> Iterator[str]:
    """Give the lines for some bytes, with the words behind the first."""
    for at in range(0, len(data), _ROW):
        row = ", ".join(f"0x{byte:02x}" for byte in data[at : at + _ROW])
        yield f"    {row}," + (f" {comment(words)}" if words and not at else "")


def _words(line: DumpLine) -> str:
    """Return what bytes are: a field and its value, or a hole."""
    if line.name is None:
        return f"the rest of {line.leaf}" if line.leaf else "a hole"
    value = line.value
    shown = " ".join(map(hex, value)) if isinstance(value, list) else f"{value or 0:#x}"
    way = f", {line.direction}" if line.direction else ""
    return f"{line.name} = {line.symbol or shown}{way}"
