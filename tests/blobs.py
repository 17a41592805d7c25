# SPDX-License-Identifier: MIT
"""Blobs as the layouts say they are: packed and read by hand, for tests of the codec.

Nothing here uses the code that encodes and decodes. A value goes to the offset of its
field and to no other byte, so what the codec makes can be compared byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from random import Random
from typing import Any

from oracle import ABIS, VERSIONS

from xengnt import Abi
from xengnt.abi.layout import Field, StructLayout

ENTRIES = ("grant_entry", "grant_entry_v1", "grant_entry_v2", "grant_status_t")
"""What is in shared memory, at whatever interface version it is there."""


@cache
def abi_at(name: str, version: str = "newest") -> Abi:
    """Return an ABI; the tests share each one."""
    return Abi(name, version)


def names_of(abi: Abi) -> list[str]:
    """Return the ops of an ABI and the entries, at its interface version."""
    layout = abi.layout
    return [*layout.ops, *(n for n in ENTRIES if n in layout.structs or n in layout.typedefs)]


@cache
def combinations() -> tuple[tuple[str, str, str], ...]:
    """Return every op and entry, at every ABI and interface version that has it."""
    return tuple(
        (abi, version, name)
        for abi in ABIS
        for version in VERSIONS
        for name in names_of(abi_at(abi, version))
    )


def struct_of(abi: Abi, name: str) -> StructLayout:
    """Return the layout of an op's argument or of an entry; a status word is one too."""
    return abi.codec(name).plan.struct


def values_of(struct: StructLayout) -> list[Field]:
    """Return every field that has a value of its own: all but structs and unions."""
    return [field for field in struct.fields if field.scalar]


def settable(struct: StructLayout) -> list[Field]:
    """Return every field that a value can be given for: scalars, and unions of scalars."""
    unions = [leaf for leaf in struct.leaves if not leaf.scalar]
    return sorted([*values_of(struct), *unions], key=struct.fields.index)


def views_of(struct: StructLayout) -> dict[str, list[Field]]:
    """Return the leaves of each way to see a struct; all but entries of version 2 have one."""
    if struct.tag != "grant_entry_v2":
        return {"": list(struct.leaves)}
    names = [member.name for member in struct.members_of("")]
    return {
        name: [leaf for leaf in struct.leaves if leaf.name.split(".")[0] == name] for name in names
    }


def names_for(struct: StructLayout, leaf: Field) -> list[Field]:
    """Return the fields that a leaf can be given by: the members of a union, and itself."""
    return [leaf] if leaf.scalar else [*struct.members_of(leaf.name), leaf]


def meant(struct: StructLayout, data: bytes) -> list[Field]:
    """Return the fields that the bytes of a struct are decoded to, by the header's words.

    This is written down here a second time on purpose.
    """
    number = int.from_bytes(data, "little")

    def bits(name: str) -> int:
        return int(read(struct.field(name), data))

    if struct.tag == "grant_entry_v2":
        full = "sub_page" if number & 0x100 else "full_page"
        view = ("__spacer", full, "full_page", "transitive")[number & 3]
        if view == "transitive" and any(data[12:]):
            view = "__spacer"
        return views_of(struct)[view]
    found = []
    for leaf in struct.leaves:
        name = leaf.name
        if leaf.kind == "union" and struct.tag == "gnttab_copy":
            flag = {"source.u": 1, "dest.u": 2}[name]
            name += ".ref" if bits("flags") & flag else ".gmfn"
        elif leaf.kind == "union":
            name += ".ref" if bits("op") & 1 << 31 else ".dev_bus_addr"
        field = struct.field(name)
        found.append(leaf if any(data[field.end : leaf.end]) else field)
    return found


def width(field: Field) -> int:
    """Return the size of one element of a field."""
    return field.size // (field.count or 1)


def bounds(field: Field) -> tuple[int, int]:
    """Return the least and the greatest value that fit one element of a field."""
    bits = 8 * width(field)
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if field.signed else (0, (1 << bits) - 1)


def pack(struct: StructLayout, row: Mapping[str, Any]) -> bytes:
    """Return a struct that has these values by dotted path, and zero everywhere else."""
    data = bytearray(struct.size)
    for name, value in row.items():
        field = struct.field(name)
        size = width(field)
        values = [value] if field.count is None else value
        for number, one in enumerate(values):
            start = field.offset + number * size
            end = start + size
            data[start:end] = int(one).to_bytes(size, "little", signed=bool(field.signed))
    return bytes(data)


def read(field: Field, data: bytes) -> Any:
    """Return the value of a field in the bytes of a struct."""
    size = width(field)
    parts = [data[at : at + size] for at in range(field.offset, field.end, size)]
    values = [int.from_bytes(part, "little", signed=bool(field.signed)) for part in parts]
    return values[0] if field.count is None else values


def spans(struct: StructLayout, *, out: bool) -> list[tuple[int, int]]:
    """Return the holes of a struct as (offset, length), and with `out` what only comes out."""
    fields = [f for f in struct.leaves if f.direction == "OUT"] if out else []
    return [*struct.holes, *((f.offset, f.size) for f in fields)]


def cleaned(struct: StructLayout, blob: bytes, *, out: bool = False) -> bytes:
    """Return a blob whose holes are zero, and with `out` the fields that come out."""
    data = bytearray(blob)
    for start in range(0, len(data), struct.size):
        for offset, length in spans(struct, out=out):
            data[start + offset : start + offset + length] = bytes(length)
    return bytes(data)


def mask(struct: StructLayout, byte: int, *, out: bool) -> bytes:
    """Return a struct with a byte in its holes, with `out` also in what comes out."""
    data = bytearray(struct.size)
    for offset, length in spans(struct, out=out):
        data[offset : offset + length] = bytes([byte]) * length
    return bytes(data)


def seeded(*seed: object) -> Random:
    """Return a generator of random numbers that are the same in every run."""
    return Random(repr(seed))


def random_blob(struct: StructLayout, count: int, random: Random) -> bytes:
    """Return random structs, of which some are sparse, so that rare flags and types occur."""
    made = []
    for number in range(count):
        data = random.randbytes(struct.size)
        if number % 2:
            data = bytes(byte if random.random() < 0.25 else 0 for byte in data)
        made.append(data)
    return b"".join(made)


def elements(struct: StructLayout, blob: bytes) -> Iterator[bytes]:
    """Give the structs of a blob one by one."""
    for start in range(0, len(blob), struct.size):
        yield blob[start : start + struct.size]


def nested(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with dotted names as nested dicts."""
    made: dict[str, Any] = {}
    for name, value in row.items():
        *path, last = name.split(".")
        inner = made
        for step in path:
            inner = inner.setdefault(step, {})
        inner[last] = value
    return made
