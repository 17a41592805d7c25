# SPDX-License-Identifier: MIT
"""The part of an ABI that is to be written down.

Imports ``xengnt.abi``, ``xengnt.codec``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from xengnt.abi.declarations import Declarations, Enum
from xengnt.abi.docs import member_doc
from xengnt.abi.layout import Field, Layout, StructLayout
from xengnt.abi.targets import Target, format_version
from xengnt.codec import Abi


@dataclass(frozen=True, slots=True)
class Selection:
    """Some structs of an ABI with all that belongs to them, or the whole of it.

    Attributes:
        abi: the ABI.
        asked: the structs that were asked for by name, by tag; empty for all.
        layout: of what was selected.
    """

    abi: Abi
    asked: tuple[str, ...]
    layout: Layout

    @property
    def declared(self) -> Declarations:
        """What the header declares, all of it."""
        return self.abi.declarations

    @property
    def target(self) -> Target:
        """The ABI as C compilers know it."""
        return self.abi.target

    @property
    def version(self) -> str:
        """The interface version, as it is spelled."""
        return format_version(self.layout.interface_version)

    def families(self) -> Iterator[tuple[Enum | None, list[str]]]:
        """Give the constants by the enumeration that they belong to, and in its order.

        A number of a bit, and what masks the values, goes with them.
        """
        left = dict.fromkeys(self.layout.constants)
        found: list[tuple[Enum | None, list[str]]] = []
        for enum in self.declared.enums.values():
            own = [enum.mask] if enum.mask else []
            for member in enum.members:
                own += [f"_{member}", member]
            names = [name for name in own if name in left]
            for name in names:
                del left[name]
            if names:
                found.append((enum, names))
        if left:
            yield None, list(left)
        yield from found

    def holders(self, enum: Enum) -> set[tuple[int, bool]]:
        """Return the sizes and signs of the fields and types that hold values of one."""
        found = {
            (field.size, bool(field.signed))
            for struct in self.abi.layout.structs.values()
            for field in struct.fields
            if field.enum and enum.name in field.enum.split("|")
        }
        for name, typedef in self.declared.typedefs.items():
            shape = self.abi.layout.typedefs.get(name)
            if shape and typedef.enum == enum.name:
                found.add((shape.size, bool(shape.signed)))
        return found

    def doc(self, tag: str, path: str = "") -> str:
        """Return what the header says of a struct, or of a field in one."""
        if path:
            return member_doc(self.declared, tag, path)
        return self.declared.aggregates[tag].doc


def select(abi: Abi, names: Sequence[str] = ()) -> Selection:
    """Return some ops, structs and types with what they are made of; all without names.

    The constants are those that their fields hold, and the numbers of the ops.

    Raises:
        UnknownName: there is no such struct.
    """
    whole = abi.layout
    asked = tuple(dict.fromkeys(abi.struct(name).tag for name in names))
    if not asked:
        return Selection(abi, (), whole)
    structs = _closed(whole, asked)
    ops = {name: op for name, op in whole.ops.items() if op.struct in structs}
    used = [field for tag in structs for field in whole.structs[tag].fields]
    types = {field.type for field in used} | set(asked)
    types |= {field.pointee.type for field in used if field.pointee}
    enums = {name for field in used for name in (field.enum or "").split("|")}
    enums |= {
        abi.declarations.typedefs[name].enum or "" for name in asked if name in whole.typedefs
    }
    constants = {op.constant for op in ops.values()}
    if ops:
        constants |= {name for name in whole.constants if name.startswith("__HYPERVISOR_")}
    for enum in (one for name, one in abi.declarations.enums.items() if name in enums):
        constants |= {*enum.members, *(f"_{member}" for member in enum.members), enum.mask or ""}
    part = replace(
        whole,
        structs={tag: struct for tag, struct in whole.structs.items() if tag in structs},
        typedefs={name: one for name, one in whole.typedefs.items() if name in types},
        constants={name: one for name, one in whole.constants.items() if name in constants},
        ops=ops,
        messages=whole.messages if "grant_status" in enums else (),
        aliases={
            name: one for name, one in whole.aliases.items() if one.partition(" ")[2] in structs
        },
    )
    return Selection(abi, asked, part)


def _closed(layout: Layout, tags: Sequence[str]) -> set[str]:
    """Return structs, and those that they are made of."""
    found: set[str] = set()
    left = [tag for tag in tags if tag in layout.structs]
    while left:
        tag = left.pop()
        if tag not in found:
            found.add(tag)
            left += [inner for one in layout.structs[tag].fields if (inner := tag_of(layout, one))]
    return found


def tag_of(layout: Layout, field: Field) -> str | None:
    """Return the tag of the struct or union that a field is; None if it has none."""
    if field.scalar:
        return None
    tag = layout.aliases.get(field.type, field.type).partition(" ")[2]
    return tag or None


def tagged(layout: Layout) -> list[StructLayout]:
    """Return the structs, each after those that it is made of."""
    found: dict[str, StructLayout] = {}

    def add(struct: StructLayout) -> None:
        for field in struct.fields:
            tag = tag_of(layout, field)
            if tag and tag not in found:
                add(layout.structs[tag])
        found.setdefault(struct.tag, struct)

    for struct in layout.structs.values():
        add(struct)
    return list(found.values())
