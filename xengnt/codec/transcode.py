# SPDX-License-Identifier: MIT
"""Structs of one ABI as another has them.

Each field is a column of the one, at a stride of its size, and is composed for the other.

Imports the plan and what is beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xengnt.codec import kernels
from xengnt.codec.binding import Binding, fits_a_batch, form_of
from xengnt.codec.buffers import pinned
from xengnt.codec.columns import packed
from xengnt.codec.memory import Memory
from xengnt.codec.plan import Slot
from xengnt.errors import InvalidValue

if TYPE_CHECKING:
    from xengnt.codec.codec import Codec


def transcode(source: Codec, target: Codec, blob: Any) -> bytes:
    """Return the structs of a blob as another ABI has them, with all holes zero.

    Raises:
        InvalidValue: no whole structs, a value that does not fit, or other fields.
    """
    data = source.decoder.blob(blob)
    slots = {slot.name: slot for slot in source.plan.raw.leaves}
    wanted = {slot.name: slot for slot in target.plan.raw.leaves}
    if {n: s.count for n, s in slots.items()} != {n: s.count for n, s in wanted.items()}:
        raise InvalidValue(
            f"{target.plan.label}: its fields are others at the other interface version",
            struct=target.plan.struct.tag,
            expected=list(wanted),
            got=list(slots),
        )
    encoder = target.encoder(allow_out=True)
    loaded = kernels.load()
    if loaded is None or not fits_a_batch(target.plan) or not data:
        return encoder.encode(source.decoder.tuples(data))
    held = pinned(data)
    size = source.plan.struct.size
    count = len(data) // size

    def column(slot: Slot) -> Memory:
        inner = () if slot.count is None else (slot.count,)
        return Memory(
            held.address + slot.offset, (count, *inner), (size, *(slot.size for _ in inner)),
            slot.size, slot.signed, readonly=True, held=held,
        )  # fmt: skip

    columns = [column(slots[name]) for name in wanted]
    types = tuple((column.width, column.signed) for column in columns)
    form = form_of(loaded, target.plan, list(wanted.values()), types)
    return packed(encoder.values, Binding(loaded, form, columns, count))
