# SPDX-License-Identifier: MIT
"""Seeds: every label once, in its simplest form, and then as many mixtures as are wanted.

Imports ``xengnt.errors``, ``xengnt.abi``, ``xengnt.codec`` and the modules beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from struct import Struct

from xengnt.abi.constants import Op, Status
from xengnt.codec import Abi
from xengnt.codec.rules import ALONE, FIRST_ONLY
from xengnt.errors import InvalidValue
from xengnt.testing.case import BOUNDARY, VALID, Case, Row
from xengnt.testing.cases import cases, op_named
from xengnt.testing.corpus.calls import END, LIST, WRITABLE, Call, Element, list_of
from xengnt.testing.corpus.draw import Draw
from xengnt.testing.corpus.numbers import DOMAINS, Numbers, of_stage
from xengnt.testing.corpus.ways import Way, ways
from xengnt.testing.stage import CALLER

RECORD = Struct("<4Q")
"""What a seed begins with: command, pointer, count, and which domain of the stage calls."""

_AROUND = 4
"""So many elements are around the one that a mixture is about, at the most."""

_AGAIN = 8
"""How often a mixture is made again that was there before."""

_POISON = (0, 0x55, 0xFF)


@dataclass(frozen=True, slots=True)
class Label:
    """What a seed can be about: a case of an element, or a way of a call.

    Attributes:
        op: the op.
        label: unique for it.
        kind: ``valid``, ``boundary`` or ``wrong``.
        about: which.
    """

    op: str
    label: str
    kind: str
    about: Case | Way


@dataclass(frozen=True, slots=True)
class Seed:
    """A call with what should come of it.

    Attributes:
        label: what it is about.
        call: the call.
        way: the label of what is special about the call as a whole, "" if nothing is.
        array: the bytes of its array.
        rc: its result.
        statuses: that of each element, None where none is written.
    """

    label: Label
    call: Call
    way: str
    array: bytes
    rc: int
    statuses: Sequence[Status | None]

    @property
    def record(self) -> bytes:
        """Return it as a harness takes it: the registers, and the array."""
        call = self.call
        registers = call.cmd, call.pointer, call.count, DOMAINS.index(call.caller)
        return RECORD.pack(*registers) + self.array


def labels(ops: Sequence[str], abi: Abi, *, registers: bool = True) -> list[Label]:
    """Return what seeds of some ops can be about.

    Args:
        ops: the ops.
        abi: the ABI.
        registers: whether a seed has registers; else what only these tell apart is left out,
            the count and whose call it is among it.

    Raises:
        UnknownName: the ABI has no such op.
    """
    found = []
    for op in dict.fromkeys(op_named(one, abi) for one in ops):
        about: list[Case | Way] = [*cases(op, abi), *ways(op, abi)]
        found += [
            Label(op, one.label, one.kind, one) for one in about if registers or _in_array(one)
        ]
    return found


def _in_array(about: Case | Way) -> bool:
    """Tell whether the array alone says what it is about."""
    if isinstance(about, Way):
        return not about.registers
    return about.caller == CALLER and tuple(about.counts) == (1,)


def seeds(
    ops: Sequence[str],
    abi: Abi,
    count: int | None = None,
    seed: int = 0,
    numbers: Numbers | None = None,
    *,
    registers: bool = True,
) -> Iterator[Seed]:
    """Give seeds of some ops: first each label once, then mixtures.

    Args:
        ops: the ops.
        abi: the ABI.
        count: how many there are to be; by default as many as labels.
        seed: decides on the mixtures.
        numbers: what names stand for, by default on the stage of the model.
        registers: whether a seed has registers.

    Raises:
        UnknownName: the ABI has no such op.
        InvalidValue: they are too few for all labels.
    """
    every = labels(ops, abi, registers=registers)
    wanted = len(every) if count is None else count
    if wanted < len(every):
        raise InvalidValue(
            f"{wanted} seeds are too few: there are {len(every)} labels, each of which has one",
            expected=len(every),
            got=wanted,
        )
    numbers = numbers or of_stage(abi)
    simplest = _Maker(abi, numbers, Draw(None), registers=registers)
    mixed = _Maker(abi, numbers, Draw(seed), registers=registers)
    return _seeds(every, wanted, simplest, mixed)


def _seeds(every: Sequence[Label], wanted: int, simplest: _Maker, mixed: _Maker) -> Iterator[Seed]:
    seen = set()
    for label in every:
        one = simplest.made(label)
        seen.add(mixed.digest(one))
        yield one
    by_op: dict[str, list[Label]] = {}
    for label in every:
        by_op.setdefault(label.op, []).append(label)
    each = list(by_op.values())
    for _ in range(wanted - len(every)):
        for _ in range(_AGAIN):
            one = mixed.made(mixed.draw.one(mixed.draw.one(each)))
            if mixed.digest(one) not in seen:
                break
        seen.add(mixed.digest(one))
        yield one


class _Maker:
    """Makes seeds.

    Args:
        abi: the ABI.
        numbers: what names stand for.
        draw: chooses.
        registers: whether a call as a whole may be special.
    """

    def __init__(self, abi: Abi, numbers: Numbers, draw: Draw, *, registers: bool) -> None:
        self.abi = abi
        self.numbers = numbers
        self.draw = draw
        self.registers = registers
        self._valid: dict[str, list[Case]] = {}
        self._ways: dict[str, list[Way]] = {}
        self._lists = {op: list_of(abi, op) for op in abi.layout.ops}

    def digest(self, seed: Seed) -> bytes:
        """Return a digest of what is written of a seed."""
        data = seed.record if self.registers else seed.label.op.encode() + b"/" + seed.array
        return blake2b(data, digest_size=16).digest()

    def made(self, label: Label) -> Seed:
        """Return a seed that is about a label."""
        op, about, draw = label.op, label.about, self.draw
        alone = op in ALONE | FIRST_ONLY
        if isinstance(about, Way):
            call = self._call(op, self._usual(about, op, alone=alone), CALLER)
            way: Way | None = about
        else:
            case = about
            element = self._element(case)
            if alone:
                elements = [element] * int(draw.value(case.counts))
            else:
                taken = {case}
                before = self._several(op, taken)
                elements = [*before, element, *self._several(op, taken)]
            call = self._call(op, elements or [element], case.caller)
            call.count = len(elements)
            way = None
            if self.registers and elements and draw.chance(4):
                way = draw.one([one for one in self._ways_of(op) if not one.elements])
        if way:
            way.change(call, draw)
        rc, statuses = call.outcome()
        return Seed(label, call, way.label if way else "", call.array, rc, statuses)

    def _ways_of(self, op: str) -> list[Way]:
        if op not in self._ways:
            self._ways[op] = list(ways(op, self.abi))
        return self._ways[op]

    def _valid_of(self, op: str) -> list[Case]:
        if op not in self._valid:
            every = cases(op, self.abi)
            self._valid[op] = [one for one in every if one.kind in (VALID, BOUNDARY)] or [every[0]]
        return self._valid[op]

    def _usual(self, way: Way, op: str, *, alone: bool) -> list[Element]:
        """Return elements that are in order, for what is special about the call."""
        if way.elements:
            return [Element(case, self._numbers(op, row)) for case, row in way.elements]
        first = self._element(cases(op, self.abi)[0])
        if alone:
            return [first]
        return [*self._several(op, {first.case}), first]

    def _several(self, op: str, taken: set[Case]) -> list[Element]:
        """Return some elements; where a second one of a case finds something else, only one."""
        if self.draw.simplest:
            return []
        found = []
        for _ in range(self.draw.below(_AROUND // 2 + 1)):
            case = self.draw.one(self._valid_of(op))
            if not (case.once and case in taken):
                found.append(self._element(case))
                taken.add(case)
        return found

    def _element(self, case: Case) -> Element:
        return Element(case, self._numbers(case.op, case.row(self.draw.value)))

    def _numbers(self, op: str, row: Row) -> dict[str, int]:
        """Return a row with numbers for names, and with where its list is."""
        found = {name: self.numbers.of(value) for name, value in row.items()}
        listed = self._lists[op]
        return {**found, listed[0]: LIST} if listed else found

    def _call(self, op: str, elements: list[Element], caller: str) -> Call:
        call = Call(self.abi, op, elements, int(Op[op.upper()]), count=len(elements), caller=caller)
        draw = self.draw
        if not draw.simplest:
            room = (LIST if self._lists[op] else END) - WRITABLE - len(elements) * call.size
            call.pointer = WRITABLE + draw.below(max(room // 8, 0) + 1) * 8
            call.poison = draw.one(_POISON) if draw.chance(4) else None
        return call
