# SPDX-License-Identifier: MIT
"""A dictionary for AFL++ and libFuzzer, which read the same: a name and bytes on each line.

All tokens follow from the ABI and the stage: what a field can be by its enumerations, as wide as
the field is, and the numbers that are there.

Imports ``xengnt.abi``, ``xengnt.codec`` and the modules beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from xengnt.abi.bits import FIRST_RESERVED
from xengnt.abi.constants import Domid
from xengnt.abi.targets import PAGE_SIZE
from xengnt.codec import Abi
from xengnt.testing.corpus.calls import END, LIST, NEGATIVE, READONLY, WRITABLE
from xengnt.testing.corpus.numbers import Numbers, names

LONGEST = 64
"""libFuzzer takes tokens of so many bytes at the most, AFL++ of twice as many."""

_REGISTER = 8
_ENTRIES = ("grant_entry_v1", "grant_entry_v2", "grant_entry")

Token = tuple[str, bytes]


def tokens(ops: Sequence[str], abi: Abi, numbers: Numbers) -> list[Token]:
    """Return the tokens for some ops by name, each value of a width once."""
    found: dict[bytes, str] = {}
    for name, value, size in _all(ops, abi, numbers):
        data = (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")
        found.setdefault(data, f"{re.sub('[^A-Za-z0-9]+', '_', name).strip('_')}_{8 * size}")
    return [(name, data) for data, name in found.items()]


def text(ops: Sequence[str], abi: Abi, numbers: Numbers) -> str:
    """Return the dictionary."""
    lines = [f"# Tokens for grant_table_op on {abi.name}: AFL++ -x, libFuzzer -dict="]
    for name, data in tokens(ops, abi, numbers):
        value = "".join(f"\\x{byte:02x}" for byte in data)
        lines.append(f'{name}="{value}"')
    return "".join(f"{line}\n" for line in lines)


def _all(ops: Sequence[str], abi: Abi, numbers: Numbers) -> Iterator[tuple[str, int, int]]:
    """Give names, values and widths in bytes."""
    constants = abi.declarations.constants
    commands = abi.declarations.commands()
    for member in commands.members if commands else ():
        yield member, constants[member].value, _REGISTER
    for edge in (0, 1, NEGATIVE - 1, NEGATIVE):
        yield f"count_{edge:x}", edge, _REGISTER
    for name, address in (
        *(("memory_readonly", READONLY), ("memory_writable", WRITABLE)),
        *(("memory_list", LIST), ("memory_end", END)),
    ):
        yield name, address, _REGISTER
    structs = [*ops, *(tag for tag in _ENTRIES if tag in abi.layout.structs)]
    widths: dict[int, None] = {}
    for struct in structs:
        for _, slot in abi.codec(struct).plan.slots.values():
            for enum in slot.symbols.enums:
                for member in enum.members:
                    yield member, constants[member].value, slot.size
            if slot.field.type == "domid_t":
                for one in Domid:
                    yield one.c_name, one, slot.size
                yield "DOMID_FIRST_RESERVED", FIRST_RESERVED, slot.size
            widths[slot.size] = None
    for size in widths:
        if size > 1:
            for edge in (PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1):
                yield f"page_{edge:x}", edge, size
    sizes = {
        slot.field.type: slot.size for op in ops for _, slot in abi.codec(op).plan.slots.values()
    }
    for name in names(abi):
        yield name, numbers.of(name), _width(name, sizes)


def _width(name: str, sizes: dict[str, int]) -> int:
    """Return how wide the field is that a name can be in."""
    last = name.rpartition(".")[2].partition("[")[0]
    kind = {"domid": "domid_t", "handle": "grant_handle_t", "frame": "xen_pfn_t"}.get(last, "")
    return sizes.get(kind, _REGISTER)
