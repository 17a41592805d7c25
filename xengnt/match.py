# SPDX-License-Identifier: MIT
"""Which names of somebody's mean which of the reference.

By name; else by a name that is spelled otherwise (`GnttabCopy`); else by one with
a prefix (`vki_xen_gnttab_copy`). A mapping that the user gives goes before all.
Nothing is guessed in silence: each `Match` says how it came about, and what could
mean two things means neither.

Imports ``xengnt.abi`` only.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TypeVar

from xengnt.abi.layout import Field, Layout, StructLayout

T = TypeVar("T")

NAME, SPELLING, PREFIX, MAP = "name", "spelling", "prefix", "map"
"""How a name was matched."""

COMPAT = "compat_"
"""The prefix that Xen's build gives to structs of a 32-bit caller."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@lru_cache(maxsize=1 << 14)
def _words(name: str) -> tuple[tuple[str, int], ...]:
    """Return the words of a name in lower case, and where each begins; not the t of a type."""
    found = [(word[0].lower(), word.start()) for word in _WORD.finditer(name)]
    if len(found) > 1 and found[-1][0] == "t":
        found.pop()
    return tuple(found)


def spelled(name: str) -> str:
    """Return what is left of a name without case, underscores and the ``_t`` of a type.

    Those in front stay, as one: ``_GNTMAP_readonly`` is not ``GNTMAP_readonly``.
    """
    return "_" * name.startswith("_") + "".join(word for word, _ in _words(name))


@dataclass(frozen=True, slots=True)
class Match:
    """A name of theirs that means one of the reference.

    Attributes:
        ours: the name in the reference.
        theirs: their name.
        how: one of `NAME`, `SPELLING`, `PREFIX`, `MAP`.
        prefix: what stands before ours in theirs.
    """

    ours: str
    theirs: str
    how: str
    prefix: str = ""


class Names:
    """Names of the reference, of one kind: structs, types or constants.

    Args:
        names: the names.
        mapped: their name → ours, by the user's mapping.
    """

    def __init__(self, names: Iterable[str], mapped: dict[str, str] | None = None) -> None:
        self.names = dict.fromkeys(names)
        self.mapped = mapped or {}
        self._spelled: dict[str, list[str]] = {}
        for name in self.names:
            self._spelled.setdefault(spelled(name), []).append(name)
        self._ends = {name[-3:] for name in self._spelled}
        self._strict = any(name.startswith("_") for name in self.names)

    def match(self, theirs: str) -> Match | None:
        """Return what a name of theirs could mean, None if nothing."""
        if theirs in self.mapped:
            return Match(self.mapped[theirs], theirs, MAP)
        if theirs in self.names:
            return Match(theirs, theirs, NAME)
        words = _words(theirs)
        text = "".join(word for word, _ in words)
        if text[-3:] not in self._ends:
            return None
        for word, start in words:
            marked = theirs.startswith("_") if start <= 1 else theirs[start - 2 : start] == "__"
            marked = marked and self._strict
            found = self._spelled.get(f"_{text}" if marked else text)
            if found is not None:
                prefix = theirs[: start - marked]
                how = PREFIX if prefix else SPELLING
                return Match(found[0], theirs, how, prefix) if len(found) == 1 else None
            text = text[len(word) :]
        return None


@dataclass(slots=True)
class Matches:
    """What became of names.

    Attributes:
        found: by our name, what means it.
        doubtful: by our name, all of theirs that could mean it, where none is taken.
        besides: by our name, those of theirs that could mean it, where another is taken.
    """

    found: dict[str, Match] = field(default_factory=dict)
    doubtful: dict[str, list[str]] = field(default_factory=dict)
    besides: dict[str, list[str]] = field(default_factory=dict)


def resolve(possible: Collection[Match], usual: Counter[str]) -> Matches:
    """Choose, for each name of the reference, what means it.

    Args:
        possible: all that could.
        usual: how often each prefix occurs; the most frequent is preferred.
    """
    matches = Matches()
    by_ours: dict[str, list[Match]] = {}
    for match in possible:
        by_ours.setdefault(match.ours, []).append(match)
    for ours, some in by_ours.items():
        for how in (MAP, NAME, SPELLING, PREFIX):
            best = [match for match in some if match.how == how]
            if how == PREFIX and len(best) > 1:
                most = max(usual[match.prefix] for match in best)
                best = [match for match in best if usual[match.prefix] == most]
            if len(best) == 1:
                matches.found[ours] = best[0]
                others = [match.theirs for match in some if match is not best[0]]
                matches.besides |= {ours: others} if others else {}
            elif best:
                matches.doubtful[ours] = [match.theirs for match in best]
            if best:
                break
    return matches


@dataclass(frozen=True, slots=True)
class Kinds:
    """The names of a reference, by kind."""

    structs: Names
    typedefs: Names
    constants: Names

    @property
    def all(self) -> tuple[Names, Names, Names]:
        """All kinds, in this order."""
        return self.structs, self.typedefs, self.constants

    def wanted(self, name: str) -> bool:
        """Tell whether a name of theirs could mean anything."""
        return any(kind.match(name) for kind in self.all)


@dataclass(slots=True)
class Renamed:
    """A layout under the names of the reference.

    Attributes:
        layout: the layout.
        structs: how each struct was matched.
        typedefs: how each type was matched.
        constants: how each constant was matched.
        kinds: the names of the reference.
        fields: by their struct, their field → ours, as the user says.
    """

    layout: Layout
    structs: Matches
    typedefs: Matches
    constants: Matches
    kinds: Kinds
    fields: dict[str, dict[str, str]]

    def ours(self, theirs: str) -> str | None:
        """Return what the reference calls a struct of theirs, None if it means nothing."""
        found = self.structs.found.values()
        return next((match.ours for match in found if match.theirs == theirs), None)

    def theirs(self, path: str) -> str:
        """Return a C path of ours as they name it."""
        tag, dot, rest = path.partition(".")
        match = self.structs.found.get(tag)
        if match is None:
            return path
        names = {ours: theirs for theirs, ours in self.fields.get(match.theirs, {}).items()}
        return match.theirs + dot + renamed_path(rest, names)

    def places(self, where: dict[str, str]) -> dict[str, str]:
        """Return places by C path, by the paths of the reference."""
        kinds = (self.constants, self.typedefs, self.structs)
        ours = {match.theirs: match.ours for kind in kinds for match in kind.found.values()}
        found = {}
        for path, place in where.items():
            name, dot, rest = path.partition(".")
            found[ours.get(name, name) + dot + renamed_path(rest, self.fields.get(name, {}))] = (
                place
            )
        return found

    def matched(self) -> Iterator[Match]:
        """Give all that is not simply of the same name."""
        for kind in (self.structs, self.typedefs, self.constants):
            yield from (match for match in kind.found.values() if match.how != NAME)

    def doubtful(self) -> dict[str, list[str]]:
        """Return all that could be meant by several."""
        return self.structs.doubtful | self.typedefs.doubtful | self.constants.doubtful


def rename(
    theirs: Layout,
    kinds: Kinds,
    fields: dict[str, dict[str, str]] | None = None,
    *,
    compat: bool = False,
) -> Renamed:
    """Return somebody's layout under the names of the reference.

    What means nothing in the reference keeps its name.

    Args:
        theirs: the layout.
        kinds: the names of the reference.
        fields: by their struct, their field → ours.
        compat: take the names with the prefix ``compat_`` and no others, instead of all
            others.
    """
    possible = []
    for names, kind in (
        (theirs.structs, kinds.structs),
        (theirs.typedefs, kinds.typedefs),
        (theirs.constants, kinds.constants),
    ):
        some = [match for name in names if (match := kind.match(name))]
        possible.append([match for match in some if (match.prefix == COMPAT) == compat])
    usual = Counter(match.prefix for some in possible for match in some)
    structs, typedefs, constants = (resolve(some, usual) for some in possible)
    tags = {match.theirs: ours for ours, match in structs.found.items()}
    layout = replace(
        theirs,
        structs={
            tag: replace(struct, tag=tag, fields=renamed_fields(struct, fields or {}))
            for tag, struct in _under_ours(theirs.structs, structs, alone=compat).items()
        },
        typedefs=_under_ours(theirs.typedefs, typedefs, alone=compat),
        constants=_under_ours(theirs.constants, constants, alone=compat),
        aliases={name: _target(text, tags) for name, text in theirs.aliases.items()},
        ops={
            name: replace(op, struct=tags.get(op.struct, op.struct))
            for name, op in theirs.ops.items()
        },
    )
    return Renamed(layout, structs, typedefs, constants, kinds, fields or {})


def _under_ours(theirs: dict[str, T], matches: Matches, *, alone: bool) -> dict[str, T]:
    """Return things by our names and, unless these are wanted alone, others by their own.

    What has one of our names and is not what is taken for it is left out.
    """
    used = {match.theirs for match in matches.found.values()}
    ours = matches.found.keys() | matches.doubtful.keys()
    rest = {name: one for name, one in theirs.items() if name not in used | ours and not alone}
    return rest | {ours: theirs[match.theirs] for ours, match in matches.found.items()}


def _target(text: str, tags: dict[str, str]) -> str:
    """Return what an alias stands for, ``struct tag``, with the tag of the reference."""
    kind, _, tag = text.partition(" ")
    return f"{kind} {tags[tag]}" if tag in tags else text


def renamed_fields(struct: StructLayout, by_struct: dict[str, dict[str, str]]) -> tuple[Field, ...]:
    """Return a struct's fields under other names; those in a field go with it."""
    names = by_struct.get(struct.tag)
    if not names:
        return struct.fields
    return tuple(replace(one, name=renamed_path(one.name, names)) for one in struct.fields)


def renamed_path(name: str, names: dict[str, str]) -> str:
    """Return a dotted path, of which the longest part that has another name gets it."""
    head, rest = name, ""
    while head not in names and "." in head:
        head, _, last = head.rpartition(".")
        rest = f".{last}{rest}"
    return names.get(head, head) + rest
