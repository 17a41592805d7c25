# SPDX-License-Identifier: MIT
"""What is decided before an op looks at anything: commands, counts, addresses."""

from __future__ import annotations

from collections.abc import Iterator

from cases import PV, PVH, Case, Named, bare, everywhere

from xengnt import Abi

NAMES = {op.number: name for name, op in Abi("x86_64").layout.ops.items()}
"""All of the interface; 3 is dump_table, which no Xen has any more."""

ONE = (8, 10)
"""set_version and get_version take one element, whatever the count."""


def commands() -> Iterator[Named]:
    """Numbers that are no op, and bits that are none."""
    for number in (13, 14, 99, 0xFFF):
        yield from everywhere(
            f"call/command-{number:#x}", [bare(number, count=0), bare(number, count=1)]
        )
    for number, op in NAMES.items():
        for bit in (12, 16, 31):
            value = number | 1 << bit
            yield from everywhere(f"{op}/and-bit-{bit}", [bare(value, count=0)])


def counts() -> Iterator[Named]:
    """Counts, of no bytes at all."""
    for number, op in NAMES.items():
        for count in (0, 1, 2, 0x80000000, 0xFFFFFFFF):
            yield (
                f"{op}/null-count-{count:#x}@pv64",
                Case([PV.domain("a"), bare(number, count=count)]),
            )
        for count in (0, 0x80000000, 0xFFFFFFFF):
            if count == 0 and number in ONE:
                continue  # they read what is at 0, where a machine may have something or not
            yield (
                f"{op}/null-count-{count:#x}@pvh32",
                Case([PVH.domain("a"), bare(number, count=count)]),
            )


def addresses() -> Iterator[Named]:
    """Addresses where nothing is."""
    places = {
        "empty": "$a.room[0]",
        "not-canonical": 0x8000_0000_0000_0000,
        "of-xen": 0xFFFF_8300_0000_0000,
        "low": 0x1000,
        "highest": 0xFFFF_FFFF_FFFF_FFFF,
    }
    for number, op in NAMES.items():
        for name, address in places.items():
            for count in (0, 1, 0x7FFFFFFF):
                yield (
                    f"{op}/address-{name}-count-{count:#x}@pv64",
                    Case([PV.domain("a"), bare(number, address=address, count=count)]),
                )


ALL = (commands, counts, addresses)
