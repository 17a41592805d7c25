# SPDX-License-Identifier: MIT
"""How attributes are coded: numbers, strings, and values of each form.

What leads out of a section is an IndexError or struct.error, what is wrong otherwise
is `Damaged`.

Imports ``xengnt.errors`` and ``constants``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from xengnt.errors import SourceError
from xengnt.sources.dwarf import constants as dw

Bytes = bytes | memoryview

MAX_STRING = 1 << 16

u16 = struct.Struct("<H").unpack_from
u32 = struct.Struct("<I").unpack_from
u64 = struct.Struct("<Q").unpack_from

_LEB, _STRING, _BLOCK, _BLOCK1, _BLOCK2, _BLOCK4, _INDIRECT, _LEB_4 = range(-8, 0)
VARIABLE = {
    **dict.fromkeys(dw.LEB_FORMS, _LEB),
    dw.FORM_string: _STRING,
    dw.FORM_block: _BLOCK,
    dw.FORM_exprloc: _BLOCK,
    dw.FORM_block1: _BLOCK1,
    dw.FORM_block2: _BLOCK2,
    dw.FORM_block4: _BLOCK4,
    dw.FORM_indirect: _INDIRECT,
    dw.FORM_LLVM_addrx_offset: _LEB_4,
}
"""How to step over the forms whose size is not always the same."""


class Damaged(SourceError):  # noqa: N818 -- named as in xengnt.errors
    """Debugging information that cannot be; who knows the file names it."""


def uleb(data: Bytes, at: int) -> tuple[int, int]:
    """Return an unsigned number of variable length, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 -- the last one
            return value, at
        shift += 7
        if shift > 70:  # noqa: PLR2004 -- more than 64 bits
            raise Damaged("a number longer than 64 bits")


def sleb(data: Bytes, at: int) -> tuple[int, int]:
    """Return a signed number of variable length, and where it ends."""
    value, end = uleb(data, at)
    sign = 1 << (7 * (end - at) - 1)
    return (value ^ sign) - sign, end


def text(data: memoryview, at: int) -> str:
    """Return the string that begins at an offset."""
    step = 64
    while True:
        piece = bytes(data[at : at + step])
        end = piece.find(b"\0")
        if end >= 0:
            return piece[:end].decode(errors="replace")
        if len(piece) < step or step > MAX_STRING:
            raise Damaged("a string without an end")
        step *= 8


def _length(step: int, data: memoryview, at: int) -> tuple[int, int]:
    """Return the length of a block, and where it begins."""
    if step == _BLOCK:
        return uleb(data, at)
    if step == _BLOCK1:
        return data[at], at + 1
    if step == _BLOCK2:
        return u16(data, at)[0], at + 2
    return u32(data, at)[0], at + 4


def value(form: int, data: memoryview, at: int, sizes: dict[int, int]) -> tuple[int | bytes, int]:
    """Return the value of a form that begins at an offset, and where it ends.

    Args:
        form: the form.
        data: the section.
        at: the offset.
        sizes: the sizes of forms that have one.
    """
    size = sizes.get(form)
    if size is not None:
        if form in (dw.FORM_flag_present, dw.FORM_implicit_const):
            return 1, at
        piece = bytes(data[at : at + size])
        if len(piece) != size:
            raise Damaged("an entry that is cut off")
        return (piece if form == dw.FORM_data16 else int.from_bytes(piece, "little")), at + size
    step = VARIABLE.get(form)
    if step is None or step == _INDIRECT:
        raise Damaged(f"an attribute of unknown form {form:#x}")
    if step == _LEB:
        return sleb(data, at) if form == dw.FORM_sdata else uleb(data, at)
    if step == _LEB_4:
        number, at = uleb(data, at)
        return number, at + 4
    if step == _STRING:
        end = at
        while data[end]:
            end += 1
        return bytes(data[at:end]), end + 1
    length, at = _length(step, data, at)
    if at + length > len(data):
        raise Damaged("a block that is cut off")
    return bytes(data[at : at + length]), at + length


def past(plan: Iterable[int], data: memoryview, at: int, sizes: dict[int, int]) -> int:
    """Return where attributes end that begin at an offset.

    Args:
        plan: how to step over them: sizes, and what `VARIABLE` has.
        data: the section.
        at: the offset.
        sizes: the sizes of forms that have one.
    """
    for step in plan:
        if step >= 0:
            at += step
        elif step == _LEB:
            while data[at] > 0x7F:  # noqa: PLR2004 -- more bytes follow
                at += 1
            at += 1
        elif step == _STRING:
            while data[at]:
                at += 1
            at += 1
        elif step == _INDIRECT:
            form, at = uleb(data, at)
            at = value(form, data, at, sizes)[1]
        elif step == _LEB_4:
            at = uleb(data, at)[1] + 4
        else:
            length, at = _length(step, data, at)
            at += length
    return at
