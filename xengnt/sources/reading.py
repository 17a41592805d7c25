# SPDX-License-Identifier: MIT
"""What a reader gives of its source: a layout, places, and what it could not tell.

Every reader of this folder gives a `Reading`, whatever it reads; what compares
and reports knows no kinds of sources.

Imports ``xengnt.abi`` only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from xengnt.abi.layout import Layout, StructLayout

Wanted = Callable[[str], bool]
"""Tells of the name of a struct, typedef or constant whether anybody asks for it."""

MACROS = "macros"
ALIGNMENT = "alignment"
SIGNEDNESS = "signedness"
POINTEES = "pointees"
TYPEDEFS = "typedefs"
CONSTANTS = "constants"


@dataclass(slots=True)
class Problem:
    """Something in a source that could not be read."""

    name: str
    message: str


@dataclass(frozen=True, slots=True)
class Definition:
    """A struct as one place in a source has it.

    Attributes:
        layout: the struct.
        where: the place, ``file:line`` where the source knows it.
    """

    layout: StructLayout
    where: str


@dataclass(slots=True)
class Reading:
    """What a source says of one ABI.

    Attributes:
        layout: all that was wanted, under the names that the source has for it. A
            struct without a tag goes by the name of its typedef.
        where: the place of each struct, member, typedef and constant that has one, by
            C path (``gnttab_copy.source.u``) or name.
        problems: what was wanted, is there, and could not be read, by name.
        others: definitions of structs that are in the layout, and differ from it: two
            parts of a binary need not agree.
        assumptions: what the source leaves open, and what it is taken to be.
        unseen: what this kind of source does not show, of `MACROS` (constants that are
            macros), `CONSTANTS` (any), `TYPEDEFS`, `ALIGNMENT`, `SIGNEDNESS`, `POINTEES`.
    """

    layout: Layout
    where: dict[str, str] = field(default_factory=dict)
    problems: dict[str, Problem] = field(default_factory=dict)
    others: list[Definition] = field(default_factory=list)
    assumptions: list[Problem] = field(default_factory=list)
    unseen: frozenset[str] = frozenset()
