# SPDX-License-Identifier: MIT
"""The lists that an op has filled: where the arguments say that they are, and how long.

Imports the codec's modules for types only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xengnt.codec.codec import Codec

MAX_LISTS = 1 << 20
"""As many elements all lists of a call may have for which memory is allocated."""

Places = dict[str, list[tuple[int, int]]]
"""The address and the length in bytes of the list of each element, by field."""


def places(codec: Codec, blob: bytes | bytearray) -> Places:
    """Return where the lists of the whole structs of a blob are; an address may be 0."""
    whole = codec.abi.view(codec.name, codec.whole(blob))
    return {
        slot.name: [
            (address, number * size)
            for address, number in zip(
                whole.column(slot.name), whole.column(count.name), strict=True
            )
        ]
        for slot, count, size in codec.lists
    }


def given(lists: Places) -> Places:
    """Return lists with those that have no address empty."""
    return {name: [(at, size if at else 0) for at, size in rows] for name, rows in lists.items()}


def too_long(codec: Codec, lengths: dict[str, list[int]]) -> bool:
    """Tell whether lists of these lengths in bytes are too much to allocate for a call."""
    sizes = {slot.name: size for slot, _, size in codec.lists}
    return sum(sum(rows) // sizes[name] for name, rows in lengths.items()) > MAX_LISTS


def point(codec: Codec | None, blob: bytearray, lists: Places) -> None:
    """Put the addresses of lists into the arguments; 0 leaves what is there."""
    for slot, _, _ in codec.lists if codec else ():
        for element, (address, _) in enumerate(lists.get(slot.name, ())):
            if not address:
                continue
            start = element * (codec.plan.struct.size if codec else 0) + slot.offset
            blob[start : start + slot.size] = address.to_bytes(slot.size, "little")


def without_addresses(codec: Codec | None, blob: bytes) -> bytes:
    """Return arguments with the addresses of lists zero: they are this machine's."""
    data = bytearray(blob)
    for slot, _, _ in codec.lists if codec else ():
        for start in range(slot.offset, len(data), codec.plan.struct.size if codec else 1):
            here = slice(start, min(start + slot.size, len(data)))
            data[here] = bytes(here.stop - start)
    return bytes(data)
