# SPDX-License-Identifier: MIT
"""What can be special about a call as a whole: its command, its count, where its array is.

Imports ``xengnt.abi``, ``xengnt.codec``, ``xengnt.model`` and the modules beside it.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from xengnt.abi.bits import INVAL, MAP_HOST, MAP_READONLY
from xengnt.abi.constants import Op, Status
from xengnt.abi.targets import PAGE_SIZE
from xengnt.codec import Abi
from xengnt.codec.rules import ALONE, FIRST_ONLY
from xengnt.model.call import CMD_BITS
from xengnt.model.maptrack import PER_PAGE
from xengnt.model.pins import COUNTER_BITS
from xengnt.model.space import HOLE_32, HOLE_END, LOWER_HALF_END
from xengnt.testing import stage
from xengnt.testing.case import BOUNDARY, VALID, WRONG, Case, Row
from xengnt.testing.cases import cases
from xengnt.testing.corpus.calls import END, NEGATIVE, READONLY, WORD, WRITABLE, Call, list_of
from xengnt.testing.corpus.draw import Draw
from xengnt.testing.corpus.numbers import CHOICES, corpus_stage

Change = Callable[[Call, Draw], None]

_ADDRESSES = 1 << 64


@dataclass(frozen=True, slots=True)
class Way:
    """A way for a call to be.

    Attributes:
        label: what is special about it.
        kind: ``boundary`` or ``wrong``.
        change: makes a call so whose elements are in order, and in writable memory.
        elements: what these have to be; any if there are none.
        registers: whether only the registers tell.
    """

    label: str
    kind: str
    change: Change
    elements: Sequence[tuple[Case, Row]] = ()
    registers: bool = True


def ways(op: str, abi: Abi) -> Iterator[Way]:
    """Give the ways for a call of an op to be."""
    yield from _commands(op, abi)
    yield from _counts(op, abi)
    yield from _places(op)
    if abi.name.startswith("x86"):
        yield from _holes(op, abi)
    if list_of(abi, op):
        yield from _lists(op, abi)
    if op == "map_grant_ref":
        yield from _used_up(abi)
    if op == "cache_flush":
        yield from _continued(abi)
    if op == "transfer" and abi.name.startswith("x86"):
        yield from _given_twice(abi)


def _told(label: str, kind: str, change: Change, elements: Sequence[tuple[Case, Row]]) -> Way:
    """Return a way that the array alone tells."""
    return Way(label, kind, change, elements, registers=False)


def _same(call: Call, draw: Draw) -> None:
    """Leave a call as it is."""


# Registers


def _upper_half(name: str) -> Change:
    def change(call: Call, draw: Draw) -> None:
        setattr(call, name, getattr(call, name) | 1 << 32 + draw.below(32))

    return change


def _commands(op: str, abi: Abi) -> Iterator[Way]:
    def high_bits(call: Call, draw: Draw) -> None:
        call.cmd |= 1 << CMD_BITS + draw.below(32 - CMD_BITS)

    def unknown(call: Call, draw: Draw) -> None:
        call.cmd = draw.number(range(max(Op) + 1, 1 << CMD_BITS))
        call.rc = -errno.ENOSYS

    if op != "cache_flush":
        yield Way("cmd/high bits", WRONG, high_bits)

    def both(call: Call, draw: Draw) -> None:
        unknown(call, draw)
        call.count |= NEGATIVE
        call.rc = -errno.EINVAL

    if op == "dump_table":  # as good as any
        yield Way("cmd/unknown", WRONG, unknown)
        yield Way("count/negative before cmd/unknown", WRONG, both)
    if _wide(abi):
        yield Way("cmd/upper half", BOUNDARY, _upper_half("cmd"))


def _wide(abi: Abi) -> bool:
    return 8 * abi.target.word > 32  # noqa: PLR2004 -- the bits that Xen looks at


def _counts(op: str, abi: Abi) -> Iterator[Way]:
    def negative(call: Call, draw: Draw) -> None:
        call.count = NEGATIVE + draw.number(range(NEGATIVE))

    def zero(call: Call, draw: Draw) -> None:
        call.count = 0
        call.pointer = draw.one((0, call.pointer))

    def fewer(call: Call, draw: Draw) -> None:
        del draw
        call.elements = call.elements * 2

    def most(call: Call, draw: Draw) -> None:
        call.pointer = END - len(call.elements) * call.size - draw.below(call.size)
        some = range(len(call.elements) + 1, NEGATIVE)
        call.count = some[-1] if draw.simplest else draw.number(some)

    if _wide(abi):
        yield Way("count/upper half", BOUNDARY, _upper_half("count"))
    yield Way("count/negative", WRONG, negative)
    if op in ALONE:
        yield Way("count/several before pointer/null", WRONG, _at(range(1), 2))
    else:
        yield Way("count/zero", BOUNDARY, zero)
    if op not in ALONE | FIRST_ONLY:
        yield Way("count/fewer", BOUNDARY, fewer)
        yield Way("count/most", WRONG, most)


# Pointers


def _at(numbers: range, count: int | None = None) -> Change:
    def change(call: Call, draw: Draw) -> None:
        call.pointer = draw.number(numbers)
        call.count = call.count if count is None else count

    return change


def _places(op: str) -> Iterator[Way]:
    def crossing(call: Call, draw: Draw) -> None:
        call.pointer = WRITABLE + PAGE_SIZE - 1 - draw.below(call.size - 1)

    def last(call: Call, draw: Draw) -> None:
        del draw
        call.pointer = END - len(call.elements) * call.size

    def beyond(call: Call, draw: Draw) -> None:
        call.pointer = END - len(call.elements) * call.size + 1 + draw.below(call.size - 1)

    def before(call: Call, draw: Draw) -> None:
        call.pointer = READONLY - 1 - draw.below(call.size - 1)

    yield Way("pointer/null", WRONG, _at(range(1)))
    yield Way("pointer/unmapped", WRONG, _at(range(END, END + PAGE_SIZE)))
    if op not in ALONE | FIRST_ONLY:
        yield Way("pointer/unmapped, of nothing", BOUNDARY, _at(range(END, END + PAGE_SIZE), 0))
    yield Way("pointer/unaligned", BOUNDARY, _at(range(WRITABLE + 1, WRITABLE + 8)))
    yield Way("pointer/page crossing", BOUNDARY, crossing)
    yield Way("pointer/last", BOUNDARY, last)
    yield Way("pointer/beyond the end", WRONG, beyond)
    yield Way("pointer/before the memory", WRONG, before)
    yield Way("pointer/read-only", WRONG, _at(range(READONLY, READONLY + PAGE_SIZE // 2)))


def _hole(abi: Abi) -> range:
    """Return the addresses that Xen does not even look at."""
    return range(LOWER_HALF_END, HOLE_END) if _wide(abi) else range(HOLE_32, 1 << 32)


def _holes(op: str, abi: Abi) -> Iterator[Way]:
    def into(call: Call, draw: Draw) -> None:
        call.pointer = HOLE_32 - 1 - draw.below(call.size - 1)

    hole = _hole(abi)
    yield Way("pointer/hole", WRONG, _at(hole))
    if op not in ALONE | FIRST_ONLY:
        yield Way("pointer/hole, of nothing", WRONG, _at(hole, 0))
        before = range(hole.start - 1, hole.start)
        yield Way("pointer/before the hole, of nothing", BOUNDARY, _at(before, 0))
    yield Way("count/negative before pointer/hole", WRONG, _at(hole, NEGATIVE))
    if _wide(abi):
        behind = range(HOLE_END, _ADDRESSES - PAGE_SIZE)
        yield Way("pointer/behind the hole", WRONG, _at(behind))
        if op not in ALONE | FIRST_ONLY:
            yield Way("pointer/behind the hole, of nothing", BOUNDARY, _at(behind, 0))
    else:
        yield Way("pointer/into the hole", WRONG, into)


def _lists(op: str, abi: Abi) -> Iterator[Way]:
    listed = list_of(abi, op)
    second = op == "get_status_frames"
    if listed is None or (second and not stage.has_second(abi)):
        return
    name, number, size = listed
    about = next(
        one for one in cases(op, abi) if one.label == ("of version 2" if second else "grows")
    )
    frames = 1 if second else 3
    row = {field: values[0] for field, values in about.values.items()}

    def elements(count: int) -> list[tuple[Case, Row]]:
        return [(about, {**row, number: count})]

    def at(numbers: range) -> Change:
        def change(call: Call, draw: Draw) -> None:
            [(case, values)] = call.elements
            call.elements = [type(call.elements[0])(case, {**values, name: draw.number(numbers)})]

        return change

    some = elements(frames)
    yield _told("list/null", WRONG, at(range(1)), some)
    absurd = replace(about, kind=WRONG, status=Status.GENERAL_ERROR)
    yield _told("list/beyond all memory", WRONG, _same, [(absurd, {**row, number: WORD})])
    yield _told("list/null, of nothing", BOUNDARY, at(range(1)), elements(0))
    yield _told("list/unmapped", WRONG, at(range(END, END + PAGE_SIZE)), some)
    yield _told("list/read-only", WRONG, at(range(READONLY, WRITABLE - frames * size)), some)
    page = WRITABLE + PAGE_SIZE
    yield _told("list/page crossing", BOUNDARY, at(range(page - size + 1, page)), some)
    yield _told(
        "list/last", BOUNDARY, at(range(END - frames * size, END - frames * size + 1)), some
    )
    beyond = range(END - frames * size + 1, END)
    yield _told("list/beyond the end", WRONG, at(beyond), some)
    if abi.name.startswith("x86"):
        yield _told("list/hole", WRONG, at(_hole(abi)), some)
        nobody = [(case, {**values, "dom": stage.NO_DOMID}) for case, values in some]
        yield _told("list/hole before dom", WRONG, at(_hole(abi)), nobody)
    too_many = [(absurd, {**row, number: 1 << 12})]
    yield _told("nr_frames before list", WRONG, at(range(1)), too_many)


# What only many elements bring about


def _used_up(abi: Abi) -> Iterator[Way]:
    """Give what an entry, or a domain, can have only so many of."""
    base = next(one for one in cases("map_grant_ref", abi) if one.label == "writable")
    row = {name: values[0] for name, values in base.values.items()}

    def many(count: int, *refs: int, last: Status) -> list[tuple[Case, Row]]:
        """Return mappings, read-only, by turns of several entries, with one too many."""
        changed: Row = {"flags": MAP_HOST | MAP_READONLY}
        made = [(base, {**row, **changed, "ref": refs[n % len(refs)]}) for n in range(count)]
        wrong = Case(base.op, WRONG, "one too many", base.values, last, once=True)
        return [*made, (wrong, made[0][1])]

    most = 1 << COUNTER_BITS - 1
    bad = Status.GENERAL_ERROR
    often = many(most, stage.WRITABLE, last=bad)
    yield _told("ref/as often as can be", BOUNDARY, _same, often[:-1])
    yield _told("ref/too often", WRONG, _same, often)
    used = len(corpus_stage(abi).caller.table.maptrack.live)
    left = CHOICES["max_maptrack_frames"] * PER_PAGE - 1 - used
    all_of_them = many(left, stage.WRITABLE, stage.READONLY, last=Status.NO_SPACE)
    yield _told("handle/all", BOUNDARY, _same, all_of_them[:-1])
    yield _told("handle/none left", WRONG, _same, all_of_them)
    for label, changed, status in (
        ("handle/none left before ref", {"ref": (1 << 32) - 1}, Status.NO_SPACE),
        ("dom before handle/none left", {"dom": stage.NO_DOMID}, Status.BAD_DOMAIN),
    ):
        case, values = all_of_them[-1]
        last = replace(case, status=status), {**values, **changed}
        yield _told(label, WRONG, _same, [*all_of_them[:-1], last])


def _given_twice(abi: Abi) -> Iterator[Way]:
    """Give a page that is transferred again."""
    first, second = [one for one in cases("transfer", abi) if one.kind == VALID][:2]
    row = {name: values[0] for name, values in first.values.items()}
    again = replace(second, kind=WRONG, label="given already", status=Status.BAD_PAGE)
    rows = [(first, row), (again, {**row, "ref": second.values["ref"][0]})]
    yield _told("mfn/twice", WRONG, _same, rows)


def _continued(abi: Abi) -> Iterator[Way]:
    """Give what there is with the bits of a command in which a flush goes on.

    They are the entry, a multiple of 4096, from which on a mapping is looked for: behind all
    that the stage has.
    """

    def goes_on(rc: int) -> Change:
        def change(call: Call, draw: Draw) -> None:
            call.cmd |= 1 << CMD_BITS + draw.below(32 - CMD_BITS)
            call.rc = rc or None

        return change

    def like(label: str) -> list[tuple[Case, Row]]:
        about = next(one for one in cases("cache_flush", abi) if one.label == label)
        return [(about, {name: values[0] for name, values in about.values.items()})]

    if abi.name.startswith("x86"):  # it is made clean instead
        [(about, row)] = like("mapped readonly")
        yield _told(
            "op/INVAL alone, mapped readonly", BOUNDARY, _same, [(about, {**row, "op": INVAL})]
        )
    yield Way("cmd/goes on", BOUNDARY, goes_on(0), like("whole page"))
    yield Way("cmd/goes on behind it", WRONG, goes_on(-errno.EINVAL), like("mapped"))
    yield Way("cmd/goes on with nothing", WRONG, goes_on(-errno.EILSEQ), like("nothing to do"))
