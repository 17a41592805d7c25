# SPDX-License-Identifier: MIT
"""What a header declares, as plain values; and what ours does.

A `Declarations` is a header seen at one ABI and one interface version: types,
constants, enumerations, messages. Readers make them, the layout engine takes
them. A `Header` is a header seen at all of them at once, each thing with the
versions and ABIs at which it is there; `header` gives that of
``include/xen``, as ``build_ffi.py`` derived it.

Imports ``xengnt.errors`` and ``xengnt.abi.targets`` only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

from xengnt.abi.targets import TARGETS, UNDEFINED, Target, format_version, parse_version, target

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """A type of C's own, by its canonical name: ``unsigned long``, ``void``."""

    name: str


@dataclass(frozen=True, slots=True)
class Named:
    """A type by the name of a typedef."""

    name: str


@dataclass(frozen=True, slots=True)
class Tagged:
    """A struct or union by its tag."""

    kind: str
    tag: str


@dataclass(frozen=True, slots=True)
class Pointer:
    """A pointer to an object or, with None, to a function."""

    to: CType | None


@dataclass(frozen=True, slots=True)
class Array:
    """An array; a flexible one has 0 elements."""

    of: CType
    count: int


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a struct or union.

    Attributes:
        name: None for an anonymous struct or union, and an unnamed bit-field.
        type: its type, an `Aggregate` where that is declared in place.
        align: what ``__attribute__((aligned))`` asks for.
        packed: whether it has ``__attribute__((packed))`` itself.
        bits: the width of a bit-field.
        direction: ``IN``, ``OUT``, ``IN/OUT`` or ``IN-pointer``.
        enum: the enumerations that its value is made of, joined by ``|``.
        count: of an address, the member that says how many elements are behind it.
        select: unions at or below it, each as a path and which member is meant when.
        doc: what the header says of it.
    """

    name: str | None
    type: CType
    align: int | None = None
    packed: bool = False
    bits: int | None = None
    direction: str | None = None
    enum: str | None = None
    count: str | None = None
    select: tuple[tuple[str, str], ...] = ()
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A struct or union with its members.

    Attributes:
        kind: ``struct`` or ``union``.
        tag: None where it has none.
        members: in the order of declaration.
        packed: whether it has ``__attribute__((packed))``.
        align: what ``__attribute__((aligned))`` asks for.
        pack: the limit that ``#pragma pack`` set.
        select: of a union, which member is meant when.
        doc: what the header says of it.
    """

    kind: str
    tag: str | None
    members: tuple[Member, ...]
    packed: bool = False
    align: int | None = None
    pack: int | None = None
    select: str | None = None
    doc: str = ""


CType: TypeAlias = Arithmetic | Named | Tagged | Pointer | Array | Aggregate


@dataclass(frozen=True, slots=True)
class Typedef:
    """A typedef; `align` is what ``__attribute__((aligned))`` asks for."""

    type: CType
    align: int | None = None
    enum: str | None = None
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Constant:
    """An integer constant, with the width and signedness of its C type, None where unknown."""

    value: int
    size: int | None
    signed: bool | None


@dataclass(frozen=True, slots=True)
class Enum:
    """A family of constants that belong together, by the header's markup.

    Attributes:
        name: as the markup calls it, ``grant_status``.
        members: the names of the constants, in order.
        prefix: what all names begin with, where the markup says.
        bits: whether they are bits and masks rather than numbers.
        mask: the constant that says which bits of a field they occupy.
        condition: the constant that the rest of the field must (or, with a
            leading ``!``, must not) hold for them to have this meaning.
        struct_prefix: of commands, what their structs' tags begin with.
        structs: of commands, the tags that do not follow from `struct_prefix`.
        doc: what the header says of it.
    """

    name: str
    members: tuple[str, ...]
    prefix: str = ""
    bits: bool = False
    mask: str | None = None
    condition: str | None = None
    struct_prefix: str | None = None
    structs: tuple[tuple[str, str], ...] = ()
    doc: str = ""

    def struct(self, member: str) -> str | None:
        """Return the tag of a command's struct, or None if this is not of commands."""
        if self.struct_prefix is None:
            return None
        return dict(self.structs).get(member, self.struct_prefix + self.short(member))

    def short(self, member: str) -> str:
        """Return a member's name without the prefix."""
        return member.removeprefix(self.prefix)


@dataclass(frozen=True, slots=True)
class Declarations:
    """A header at one ABI and one interface version."""

    target: Target
    version: int
    typedefs: dict[str, Typedef] = field(default_factory=dict)
    aggregates: dict[str, Aggregate] = field(default_factory=dict)
    constants: dict[str, Constant] = field(default_factory=dict)
    enums: dict[str, Enum] = field(default_factory=dict)
    messages: tuple[str, ...] = ()
    docs: dict[str, str] = field(default_factory=dict)

    def commands(self) -> Enum | None:
        """Return the enumeration of commands, if the header has one."""
        return next((e for e in self.enums.values() if e.struct_prefix is not None), None)


PYTHON_NAMES = {
    "grant_table_op": "Op",
    "grant_status": "Status",
    "grant_entry_type": "EntryType",
    "domid": "Domid",
    "gnttab_map_flag": "MapFlag",
    "gnttab_copy_flag": "CopyFlag",
    "grant_entry_flag": "EntryFlag",
    "grant_transfer_flag": "TransferFlag",
    "gnttab_cache_flag": "CacheFlag",
}
"""What the header's enumerations are called in Python."""


def result_class(op: str) -> str:
    """Return what Python calls the class of an op's results: ``MapGrantRefBatch``."""
    return "".join(word.capitalize() for word in op.split("_")) + "Batch"


MESSAGES = "GNTTABOP_error_msgs"
"""The macro that has a message for each status."""

SECTIONS = ("typedefs", "aggregates", "constants", "enums")
"""The fields of `Declarations` and `Header` that hold what was declared, by name."""


@dataclass(frozen=True, slots=True)
class Variant(Generic[T]):
    """One form of a thing, and where it takes that form.

    Attributes:
        what: the thing.
        since: the first interface version that has it so, 0 for all from the first.
        before: the first later version that does not, None where all do.
        abis: the ABIs that have it so.
    """

    what: T
    since: int = UNDEFINED
    before: int | None = None
    abis: tuple[str, ...] = tuple(TARGETS)

    def holds(self, abi: str, version: int) -> bool:
        """Tell whether an ABI at an interface version has it so."""
        late = self.before is not None and version >= self.before
        return abi in self.abis and version >= self.since and not late


@dataclass(frozen=True, slots=True)
class Header:
    """A header at all ABIs and interface versions.

    Attributes:
        newest: the newest interface version that it knows.
        gates: the versions at which it changes, in order, without 0.
    """

    newest: int
    gates: tuple[int, ...]
    typedefs: dict[str, tuple[Variant[Typedef], ...]]
    aggregates: dict[str, tuple[Variant[Aggregate], ...]]
    constants: dict[str, tuple[Variant[Constant], ...]]
    enums: dict[str, tuple[Variant[Enum], ...]]
    messages: tuple[Variant[tuple[str, ...]], ...]
    docs: dict[str, str]

    def version(self, text: str | int) -> int:
        """Return the interface version that a text names; see `parse_version`."""
        return parse_version(text, self.newest)

    def at(self, abi: str | Target, version: str | int = "newest") -> Declarations:
        """Return what it declares for an ABI at an interface version.

        Raises:
            UnknownName: there is no such ABI.
            InvalidValue: there is no such version.
        """
        abi = target(abi)
        number = self.version(version)

        def pick(variants: dict[str, tuple[Variant[T], ...]]) -> dict[str, T]:
            return {
                name: one.what
                for name, those in variants.items()
                for one in those
                if one.holds(abi.name, number)
            }

        return Declarations(
            target=abi,
            version=number,
            typedefs=pick(self.typedefs),
            aggregates=pick(self.aggregates),
            constants=pick(self.constants),
            enums=pick(self.enums),
            messages=next((m.what for m in self.messages if m.holds(abi.name, number)), ()),
            docs=self.docs,
        )

    def presence(self, name: str) -> str:
        """Return in words at which interface versions a name is there, "" for all."""
        sections = (self.typedefs, self.aggregates, self.constants, self.enums)
        spans = [(one.since, one.before) for part in sections for one in part.get(name, ())]
        if not spans:
            return ""
        since = min(start for start, _ in spans)
        ends = [end for _, end in spans]
        words = [] if since == UNDEFINED else [f"from interface version {format_version(since)}"]
        if None not in ends:
            words.append(f"before interface version {format_version(max(e for e in ends if e))}")
        return ", ".join(words)


_loaded: Header | None = None


def header() -> Header:
    """Return what ``include/xen`` declares. The one instance is shared."""
    global _loaded  # noqa: PLW0603 -- made once, and only when somebody asks
    if _loaded is None:
        from xengnt.abi import _generated

        _loaded = _generated.HEADER
    return _loaded
