# SPDX-License-Identifier: MIT
"""Strategies for Hypothesis: batches, entries and scenarios, of each kind, on any ABI.

They draw from `xengnt.testing.cases`. Of a value the simplest is the first one that a case
gives, of a batch that with one element, and so that is what examples shrink to.

Imports ``xengnt.codec``, ``xengnt.errors``, ``xengnt.scenario`` and the modules beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from xengnt.codec import Abi
from xengnt.codec.rules import ALONE, FIRST_ONLY
from xengnt.errors import InvalidValue, Unavailable
from xengnt.scenario import Scenario
from xengnt.testing.case import BOUNDARY, KINDS, VALID, Case, Row, Values
from xengnt.testing.cases import cases, subject
from xengnt.testing.samples import Sample, played

try:
    from hypothesis import note
    from hypothesis import strategies as st
except ModuleNotFoundError:
    raise Unavailable("Hypothesis is not installed: pip install 'xengnt[hypothesis]'") from None

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

Element = tuple[Case, Row]

_FEW = 4
"""So many elements has a call of a scenario at the most."""

_MANY = 100
"""So many elements need several pages, and can be in use at once."""


def batches(
    op: str | None = None,
    abi: Abi | str | None = None,
    kind: str = VALID,
    *,
    max_size: int = 8,
) -> SearchStrategy[Sample]:
    """Draw batches, each with what should come of it.

    Args:
        op: the op, or the tag of an entry; any op if None.
        abi: the ABI, this machine's by default.
        kind: ``valid``; ``boundary``, with something at an edge; or ``wrong``: then one
            element is wrong, and the label says in what.
        max_size: how many elements there are at the most; at an edge there may be more.

    Raises:
        UnknownName: the ABI has no such op.
        InvalidValue: there is no such kind, or no such size.
    """
    one = _given(abi, kind)
    if max_size < 0:
        raise InvalidValue(f"max_size: expected 0 or more, got {max_size}", got=max_size)
    if op is not None:
        return _batch(one, subject(op, one), kind, max_size)
    return st.sampled_from(list(one.layout.ops)).flatmap(
        lambda name: _batch(one, name, kind, max_size)
    )


def entries(
    version: int = 1, abi: Abi | str | None = None, kind: str = VALID, *, max_size: int = 8
) -> SearchStrategy[Sample]:
    """Draw entries of a grant table of a version, as `batches` draws elements.

    Raises:
        UnknownName: there is no such version at the ABI's interface version.
        InvalidValue: there is no such kind.
    """
    one = _given(abi, kind)
    old = version == 1 and "grant_entry" in one.layout.structs
    tag = "grant_entry" if old else f"grant_entry_v{version}"
    return batches(tag, one, kind, max_size=max_size)


def scenarios(
    abi: Abi | str | None = None, kind: str = VALID, *, max_calls: int = 5
) -> SearchStrategy[Scenario]:
    """Draw scenarios: a stage with domains and grants, and calls with what comes of them.

    Args:
        abi: the ABI of all domains, this machine's by default.
        kind: of at least one call, which the title names; other calls are valid.
        max_calls: how many there are at the most.

    Raises:
        InvalidValue: there is no such kind, or no call is to be there.
    """
    one = _given(abi, kind)
    if max_calls < 1:
        raise InvalidValue(f"max_calls: expected 1 or more, got {max_calls}", got=max_calls)
    return _scenario(one, kind, max_calls)


def _given(abi: Abi | str | None, kind: str) -> Abi:
    """Return the ABI that is meant, if there is the kind."""
    if kind not in KINDS:
        raise InvalidValue(f"kind: expected {', '.join(KINDS)}, got {kind!r}", got=kind)
    return Abi.native() if abi is None else Abi(abi) if isinstance(abi, str) else abi


def _of(op: str, abi: Abi, kind: str) -> list[Case]:
    """Return the cases of a kind; an op that has nothing at an edge is at one when it is valid."""
    found = [case for case in cases(op, abi) if case.kind == kind]
    return found if found or kind != BOUNDARY else _of(op, abi, VALID)


def _value(values: Values) -> SearchStrategy[Any]:
    """Draw one of some values: the first and the last more often than others."""
    if isinstance(values, range):
        ends = st.sampled_from((values.start, values.stop - 1))
        return ends | st.integers(values.start, values.stop - 1)
    return st.sampled_from(values)


def _several(draw: DrawFn, some: Sequence[Case], most: int, taken: set[Case]) -> list[Element]:
    """Draw elements; where a second one of a case would find something else, only one."""
    found = []
    for case in draw(st.lists(st.sampled_from(some), max_size=max(most, 0))):
        if case not in taken:
            found.append(_element(draw, case))
            taken |= {case} if case.once else set()
    return found


def _element(draw: DrawFn, case: Case) -> Element:
    return case, case.row(lambda values: draw(_value(values)))


@st.composite
def _batch(draw: DrawFn, abi: Abi, op: str, kind: str, max_size: int) -> Sample:
    usual = _of(op, abi, VALID)
    alone = op in ALONE | FIRST_ONLY
    if kind == VALID and not alone:
        return Sample(abi, op, _several(draw, usual, max_size, set()), usual[0])
    about = draw(st.sampled_from(_of(op, abi, kind)))
    element = _element(draw, about)
    if alone:
        return Sample(abi, op, [element] * draw(_value(about.counts)), about)
    if kind == BOUNDARY and not about.once and draw(st.booleans()):
        return Sample(abi, op, [element] * _MANY, about)
    taken = {about} if about.once else set()
    before = _several(draw, usual, max_size // 2, taken)
    after = _several(draw, usual, max_size - 1 - len(before), taken)
    return Sample(abi, op, [*before, element, *after], about)


@st.composite
def _scenario(draw: DrawFn, abi: Abi, kind: str, max_calls: int) -> Scenario:
    ops = list(abi.layout.ops)
    first = draw(st.sampled_from(ops))
    others = draw(st.lists(st.sampled_from(ops), max_size=max_calls - 1))
    # Each op is called once, so that no call takes away what another one needs.
    samples = [draw(_batch(abi, first, kind, _FEW))]
    samples += [draw(_batch(abi, op, VALID, _FEW)) for op in dict.fromkeys(others) if op != first]
    samples.sort(key=lambda one: one.op == "set_version")  # that clears the caller's table
    made = played(samples)
    note(made.text())
    return made
