# SPDX-License-Identifier: MIT
"""What the names in cases stand for on a machine: frames, addresses, handles.

Imports ``xengnt.errors``, ``xengnt.abi``, ``xengnt.codec``, ``xengnt.model``,
``xengnt.scenario`` and the modules beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from xengnt.abi.bits import FIRST_RESERVED
from xengnt.abi.targets import PAGE_SIZE
from xengnt.codec import Abi
from xengnt.codec.strict_json import loads
from xengnt.codec.symbols import shown
from xengnt.errors import SourceError
from xengnt.scenario.names import Names
from xengnt.testing.cases import cases
from xengnt.testing.stage import CALLER, GUEST, MIDDLE, OTHER, Stage

CHOICES = {"max_maptrack_frames": 1}
"""What is chosen of Xen, beside what cases need: handles run out within a call."""

DOMAINS = (CALLER, GUEST, OTHER, MIDDLE)
"""The domains, in the order in which a seed numbers them."""

_ADDRESSES = frozenset({"machine", "address", "room"})
_UNLIKE = _ADDRESSES | {"domid", "frame", "handle"}

_INDEXED = re.compile(r"\$(\w+)\.(\w+)\[([0-9]+)\]")


class Numbers:
    """What names stand for.

    Args:
        tree: by the parts of a name, ``$guest.frame[3]`` being the fourth of ``frame`` in
            ``guest``.
    """

    def __init__(self, tree: dict[str, Any]) -> None:
        self.tree = tree
        self._names = Names()
        for name, value in tree.items():
            self._names.define(name, value)
        self._known: dict[str, int] = {}

    def changed(self, text: str, source: str) -> Numbers:
        """Return them with others, as JSON of the same form says, which need not say all.

        Raises:
            SourceError: it is not of that form.
        """
        try:
            tree = _changed(self.tree, loads(text), "")
            _check(tree)
        except SourceError as error:
            raise SourceError(f"{source}: {error}", got=error.got) from None
        return Numbers(tree)

    def of(self, value: int | str) -> int:
        """Return the number of a name; a number is its own."""
        if isinstance(value, int):
            return value
        if value not in self._known:
            self._known[value] = self._names.replaced(value)
        return self._known[value]


def _changed(old: Any, new: Any, where: str) -> Any:
    """Return a part of a tree with what is new in it."""
    if isinstance(old, dict) and isinstance(new, dict):
        if unknown := new.keys() - old.keys():
            raise SourceError(f"there is no {where}{min(unknown)} on the stage")
        return {
            key: _changed(one, new[key], f"{where}{key}.") if key in new else one
            for key, one in old.items()
        }
    name = where.rstrip(".")
    if isinstance(old, list) and isinstance(new, list):
        if len(new) != len(old):
            raise SourceError(f"{name}: expected {len(old)} of them, got {len(new)}")
        pairs = enumerate(zip(old, new, strict=True))
        return [_changed(was, now, f"{name}[{index}].") for index, (was, now) in pairs]
    if isinstance(old, int) and isinstance(new, int) and not isinstance(new, bool):
        if not 0 <= new < 1 << 64:
            raise SourceError(f"{name}: {shown(new)} is no number of 64 bits", got=new)
        return new
    what = "an object" if isinstance(old, dict) else "a number"
    what = "an array" if isinstance(old, list) else what
    raise SourceError(f"{name or 'numbers of a stage'}: expected {what}, got {shown(new)}")


def _check(tree: dict[str, Any]) -> None:
    """Raise SourceError about numbers that no machine can have."""
    seen: dict[tuple[str, int], str] = {}
    for name, value in _leaves(tree, ""):
        kind = re.sub(r"\[[0-9]+\]$", "", name).rpartition(".")[2]
        owner = name.partition(".")[0]
        if kind == "domid" and value >= FIRST_RESERVED:
            raise SourceError(f"{name}: {value} is no domain's: expected below {FIRST_RESERVED}")
        if kind in _ADDRESSES and value % PAGE_SIZE:
            raise SourceError(f"{name}: {value:#x} is not at the start of a page", got=value)
        # Numbers of frames and addresses may be each guest's own, handles are the caller's.
        unique = {"domid": "", "handle": "", "machine": ""}.get(kind, owner)
        other = seen.setdefault((f"{unique}.{kind}", value), name)
        if kind in _UNLIKE and other != name:
            raise SourceError(f"{name}: {value} is {other}, too", got=value)


def _leaves(tree: Any, where: str) -> Iterator[tuple[str, int]]:
    """Give the numbers in a tree by their paths."""
    if isinstance(tree, dict):
        for key, one in tree.items():
            yield from _leaves(one, f"{where}.{key}" if where else key)
    elif isinstance(tree, list):
        for index, one in enumerate(tree):
            yield from _leaves(one, f"{where}[{index}]")
    else:
        yield where, tree


def names(abi: Abi) -> list[str]:
    """Return the names that the cases of all ops have in them."""
    found = {
        value
        for op in abi.layout.ops
        for case in cases(op, abi)
        for values in case.values.values()
        if not isinstance(values, range)
        for value in values
        if isinstance(value, str)
    }
    return sorted(found)


@cache
def corpus_stage(abi: Abi) -> Stage:
    """Return the stage that seeds are for, to look numbers up in; nothing is called there."""
    return Stage(abi, **CHOICES)


@cache
def of_stage(abi: Abi) -> Numbers:
    """Return the numbers that the stage of the model has."""
    stage = corpus_stage(abi)

    def number(name: str) -> int:
        return stage.numbers({"it": name})["it"]

    tree: dict[str, Any] = {}
    for domain, made in stage.domains.items():
        tree[domain] = {"domid": made.domid}
        for kind in ("frame", "machine", "address"):
            each = range(len(made.pages))
            tree[domain][kind] = [number(f"${domain}.{kind}[{n}]") for n in each]
    rest = []
    rooms: dict[tuple[str, str], int] = {}
    for name in names(abi):
        match = _INDEXED.fullmatch(name)
        if match and match[2] not in tree.get(match[1], {}):
            key = match[1], match[2]
            rooms[key] = max(rooms.get(key, 0), int(match[3]) + 1)
        elif not match:
            rest.append(name)
    for (domain, kind), count in rooms.items():
        tree[domain][kind] = [number(f"${domain}.{kind}[{n}]") for n in range(count)]
    for name in rest:
        at = re.fullmatch(r"\$(\w+)\[([0-9]+)\]\.(\w+)", name)
        if at:
            rows = tree.setdefault(at[1], [])
            rows += [{} for _ in range(int(at[2]) + 1 - len(rows))]
            rows[int(at[2])][at[3]] = number(name)
    return Numbers(tree)
