# SPDX-License-Identifier: MIT
"""How a struct is packed: its leaves in order, their names, and its views.

A plan is what the encoders, decoders and the validator of a struct share. Most
structs have one view. An entry that is a union of structs has one for each
member, of which a row uses exactly one.

Imports ``xengnt.errors``, ``xengnt.abi`` and the symbols.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from xengnt.abi.choice import Choice, parse_choice, parts
from xengnt.abi.declarations import Declarations
from xengnt.abi.layout import Field, StructLayout
from xengnt.codec.symbols import Symbols
from xengnt.errors import UnknownName

_CODES = {1: "b", 2: "h", 4: "i", 8: "q"}


@dataclass(frozen=True, slots=True)
class Slot:
    """A name under which a value is stored: a leaf, or a member of a union that is one.

    Attributes:
        name: the dotted path.
        leaf: the index of the leaf in its view.
        offset: in bytes, from the start of the struct.
        size: of one element.
        count: of an array, the number of elements.
        signed: whether it is signed.
        symbols: the names that its value may have.
        field: the field of the layout.
    """

    name: str
    leaf: int
    offset: int
    size: int
    count: int | None
    signed: bool
    symbols: Symbols
    field: Field

    @property
    def code(self) -> str:
        """The format of the module struct for it."""
        code = _CODES[self.size]
        code = code if self.signed else code.upper()
        return code if self.count is None else f"{self.count}{code}"

    @property
    def low(self) -> int:
        """The least value that fits."""
        return -(1 << (self.size * 8 - 1)) if self.signed else 0

    @property
    def high(self) -> int:
        """The greatest value that fits."""
        return (1 << (self.size * 8 - self.signed)) - 1

    @property
    def out(self) -> bool:
        """Whether only the callee writes it."""
        return self.field.direction == "OUT"


@dataclass(frozen=True, slots=True)
class Union:
    """A union of scalars: one leaf with several names.

    Attributes:
        slot: the leaf, as an integer of the widest member.
        members: the slots of its members, by their last name.
        choice: which member is meant when.
    """

    slot: Slot
    members: dict[str, Slot]
    choice: Choice | None


@dataclass(frozen=True, slots=True)
class View:
    """One way to see a struct.

    Attributes:
        name: the member of the union that it is, "" where the struct has one view.
        leaves: its values in order of declaration.
        unions: those leaves that are unions, by their index.
        slots: all names that a value can be given under.
    """

    name: str
    leaves: tuple[Slot, ...]
    unions: dict[int, Union]
    slots: dict[str, Slot]

    @property
    def end(self) -> int:
        """The offset behind its last leaf."""
        return max(slot.offset + slot.size * (slot.count or 1) for slot in self.leaves)


class Plan:
    """How a struct is packed.

    Attributes:
        struct: its layout.
        label: what it is called in errors.
        views: its views, by name.
        choice: of several views, which is meant when.
        forms: what the kernels are told of columns, by their names and types.
    """

    def __init__(self, struct: StructLayout, declared: Declarations, label: str) -> None:
        self.struct = struct
        self.label = label
        self._declared = declared
        self.forms: dict[object, Any] = {}
        self._symbols: dict[str | None, Symbols] = {}
        self.choice = parse_choice(struct.select) if struct.select else None
        members = struct.members_of("")
        several = struct.kind == "union" and not all(member.scalar for member in members)
        names = [member.name for member in members] if several else [""]
        self.views = {name: self._view(name) for name in names}
        self.slots = {n: (v, s) for v in self.views.values() for n, s in v.slots.items()}

    @property
    def only(self) -> View | None:
        """The view, if there is just one."""
        return self.views.get("")

    @property
    def raw(self) -> View:
        """The view that has every byte: the only one, or what is meant when nothing else is."""
        choice = self.choice
        while not isinstance(choice, str):
            if choice is None:
                return next(iter(self.views.values()))
            choice = choice[2]
        return self.views[choice]

    @property
    def meanings(self) -> Iterator[tuple[View, Slot, str | None]]:
        """Give all that a value can be decoded as: the view, the slot and, of a union, which.

        Of each union first the members that can be meant and then, if bits can be above all
        of them, the whole, for which there is None.
        """
        chosen = _members(self.choice)
        for view in self.views.values():
            if view.name and view.name not in chosen:
                continue
            for slot in view.leaves:
                union = view.unions.get(slot.leaf)
                meant = [union.members[name] for name in _members(union.choice)] if union else []
                for member in meant:
                    yield view, member, member.name.rpartition(".")[2]
                if not meant or any(member.size < slot.size for member in meant):
                    yield view, slot, None

    def pick(self, view: View, choice: Choice | None, element: bytes) -> str:
        """Return the member that a choice means for the bytes of an element."""
        while not isinstance(choice, str):
            if choice is None:
                return ""
            slot, mask, value = self.condition(view, choice[0])
            held = int.from_bytes(element[slot.offset : slot.offset + slot.size], "little")
            choice = choice[1] if held & mask == value else choice[2]
        return choice

    def meant(self, view: View, leaf: Slot, element: bytes) -> Slot:
        """Return the member of a union that is meant, the leaf if bits above that are set.

        A leaf that is no union is itself.
        """
        union = view.unions.get(leaf.leaf)
        member = union.members.get(self.pick(view, union.choice, element)) if union else None
        if member is None or any(element[member.offset + member.size : leaf.offset + leaf.size]):
            return leaf
        return member

    def view_of(self, element: bytes) -> View:
        """Return the view that an element's bytes select; the raw one if none fits.

        None fits either if bytes behind the view are set.
        """
        if self.only:
            return self.only
        view = self.views[self.pick(next(iter(self.views.values())), self.choice, element)]
        return self.raw if any(element[view.end :]) else view

    def symbols(self, enum: str | None) -> Symbols:
        """Return the names of the values of an enumeration; each is made once."""
        if enum not in self._symbols:
            self._symbols[enum] = Symbols(self._declared, enum)
        return self._symbols[enum]

    def _view(self, name: str) -> View:
        inside = [
            field
            for field in self.struct.leaves
            if not name or field.name == name or field.name.startswith(f"{name}.")
        ]
        slots: dict[str, Slot] = {}
        leaves: list[Slot] = []
        unions: dict[int, Union] = {}
        for index, field in enumerate(inside):
            slot = self._slot(field, index)
            leaves.append(slot)
            slots[slot.name] = slot
            if field.kind == "union":
                members = {
                    member.name.rpartition(".")[2]: self._slot(member, index)
                    for member in self.struct.members_of(field.name)
                }
                choice = parse_choice(field.select) if field.select else None
                unions[index] = Union(slot, members, choice)
                slots |= {member.name: member for member in members.values()}
        return View(name, tuple(leaves), unions, slots)

    def _slot(self, field: Field, index: int) -> Slot:
        size = field.size if field.count is None else field.size // field.count
        return Slot(
            field.name,
            index,
            field.offset,
            size,
            field.count,
            bool(field.signed),
            self.symbols(field.enum),
            field,
        )

    def condition(self, view: View, name: str) -> tuple[Slot, int, int]:
        """Return the slot that can hold a condition, with the mask and the value to look for.

        Raises:
            UnknownName: no field of the view can.
        """
        for slot in view.leaves:
            for enum in slot.symbols.enums:
                if name in enum.members:
                    bits = self._declared.constants[name].value
                    mask = self._declared.constants[enum.mask].value if enum.mask else bits
                    return slot, mask, bits
        raise UnknownName(f"no field of {self.label} can hold {name}", got=name)


def _members(choice: Choice | None) -> list[str]:
    """Return the members that a choice can mean, each once."""
    return list(dict.fromkeys(member for _, member in parts(choice or "") if member))
