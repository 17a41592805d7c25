# SPDX-License-Identifier: MIT
"""The interface at several interface versions, on both sides of every gate.

Imports ``xengnt.abi``, ``xengnt.codec`` and the modules beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape

from xengnt.abi.declarations import header
from xengnt.abi.layout import StructLayout
from xengnt.abi.targets import UNDEFINED, format_version
from xengnt.codec import Abi
from xengnt.emit.explorer.markup import Markup, element
from xengnt.emit.selection import Selection, select


@dataclass(frozen=True, slots=True)
class Edition:
    """An interface version.

    Attributes:
        version: its number.
        selections: of all ABIs.
    """

    version: int
    selections: list[Selection]

    @property
    def name(self) -> str:
        """How it is spelled."""
        return format_version(self.version)

    @property
    def first(self) -> Selection:
        """The first ABI: where one stands for all, it is this."""
        return self.selections[0]

    def struct(self, name: str) -> StructLayout | None:
        """Return the struct of an op or tag, None if there is none."""
        layout = self.first.layout
        known = name in layout.ops or name in layout.structs
        return layout.struct(name) if known else None


class Editions:
    """All of them, the oldest first, each known by its place.

    Args:
        abis: the names of the ABIs.
        version: one that has to be among them.
    """

    def __init__(self, abis: Sequence[str], version: int) -> None:
        known = header()
        both = [one for gate in known.gates for one in (gate - 1, gate)]
        # What is undefined is before the first gate.
        numbers = sorted({UNDEFINED, *both[1:], known.newest, version})
        self.abis = list(abis)
        self.all = [
            Edition(number, [select(Abi(abi, number)) for abi in abis]) for number in numbers
        ]
        self.shown = numbers.index(version)
        self.newest = self.all[-1].first

    @cached_property
    def ops(self) -> list[str]:
        """The ops of all of them."""
        return list(dict.fromkeys(op for one in self.all for op in one.first.layout.ops))

    @cached_property
    def others(self) -> list[str]:
        """The structs of all of them that are no argument, those that others contain last."""
        found: dict[str, None] = {}
        parts: set[str] = set()
        for one in self.all:
            layout = one.first.layout
            found |= dict.fromkeys(tag for tag in layout.structs if not layout.op_of(tag))
            fields = [field for struct in layout.structs.values() for field in struct.fields]
            parts |= {layout.aliases.get(field.type, field.type) for field in fields}
        return sorted(found, key=lambda tag: any(part.endswith(f" {tag}") for part in parts))

    @property
    def owners(self) -> Iterator[tuple[str, StructLayout]]:
        """Each struct of the newest, by what its place on the page is called."""
        layout = self.newest.layout
        for tag, struct in layout.structs.items():
            yield layout.op_of(tag) or tag, struct

    def at(self, there: Callable[[Edition], object]) -> list[int]:
        """Return the places of those for which something holds."""
        return [at for at, one in enumerate(self.all) if there(one)]

    def having(self, name: str) -> list[int]:
        """Return the places of those that have an op or struct."""
        return self.at(lambda one: one.struct(name))

    def gate(self, name: str, there: Sequence[int]) -> Markup:
        """Return at which interface versions something is there, unless it is at all."""
        words = header().presence(name)
        return element("span", escape(words), class_="gate") if len(there) < len(self.all) else ""


def places(there: Sequence[int]) -> str:
    """Return places as an attribute has them."""
    return " ".join(map(str, there))


def absence() -> Markup:
    """Return the room where a script says that something is not there."""
    return '<p class="absence" hidden></p>'
