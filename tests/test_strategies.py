# SPDX-License-Identifier: MIT
"""Cases and strategies: what they say of themselves, held against codec, model and Xen."""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from typing import Any

import live_xen
import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st
from oracle import ABIS, VERSIONS

from xengnt import Abi, Dispatcher, InvalidValue, Unavailable, UnknownName
from xengnt.abi.constants import Status
from xengnt.findings import ERROR
from xengnt.live.world import LiveWorld
from xengnt.model import copying
from xengnt.model.world import ModelWorld
from xengnt.scenario import Scenario, World, play
from xengnt.testing import Case, Sample, Stage, strategies
from xengnt.testing.case import BOUNDARY, KINDS, VALID, WRONG
from xengnt.testing.cases import cases
from xengnt.testing.samples import played

ENTRIES = ("grant_entry_v1", "grant_entry_v2")
SPENDS = {"transfer", "set_version"}
"""A second case of these finds another stage."""

quick = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def chosen(seed: str) -> Callable[[Any], Any]:
    """Return a function that chooses of values: the first, the last, or any."""
    draw = random.Random(seed)

    def any_of(values: Any) -> Any:
        if isinstance(values, range):
            return draw.randrange(values.start, values.stop)
        return draw.choice(values)

    return {"first": lambda v: v[0], "last": lambda v: v[-1]}.get(seed, any_of)


def sample(abi: Abi, case: Case, choose: Callable[[Any], Any]) -> Sample:
    """Return a batch of one case and nothing else."""
    return Sample(abi, case.op, [(case, case.row(choose))] * choose(case.counts), case)


def errors(one: Sample) -> list[str]:
    """Return the errors that are found in a batch without calling anybody."""
    found = one.abi.validate(one.op, one.blob)
    return [finding.message for finding in found if finding.severity == ERROR]


def names_of(abi: Abi) -> list[str]:
    """Return all that there are cases of."""
    return [*abi.layout.ops, *(name for name in ENTRIES if name in abi.layout.structs)]


def differences(scenario: Scenario, world: World) -> list[str]:
    """Return what does not come out of a scenario as it says."""
    return [one.message for _, findings in play(scenario, world) for one in findings]


# Cases


@pytest.mark.parametrize("seed", ["first", "last", "any"])
@pytest.mark.parametrize("name", ABIS)
def test_what_a_case_says_is_what_the_model_does(name: str, seed: str) -> None:
    """Would catch a label that is not true: another status, or a valid case that is refused."""
    abi = Abi(name)
    choose = chosen(seed)
    for op in names_of(abi):
        if op == "grant_entry_v2" and not name.startswith("x86"):
            continue  # there are no such tables
        made = [sample(abi, case, choose) for case in cases(op, abi)]
        groups = [[one] for one in made] if op in SPENDS else [made]
        for group in groups:
            assert not differences(played(group), ModelWorld()), op


@pytest.mark.parametrize("name", ABIS)
def test_each_wrong_case_is_reported_and_no_other_is(name: str) -> None:
    """Would catch a wrong case that passes everywhere, and an error about what is valid."""
    abi = Abi(name)
    for op in names_of(abi):
        for seed in ("first", "last", "any"):
            for case in cases(op, abi):
                one = sample(abi, case, chosen(seed))
                found = errors(one)
                refused = one.rc < 0 or any(s not in (None, Status.OKAY) for s in one.statuses)
                if case.kind == WRONG:
                    assert found or refused, (op, case.label)
                else:
                    assert not found, (op, case.label)


@pytest.mark.parametrize("version", VERSIONS)
def test_there_are_cases_of_everything(version: str) -> None:
    """Would catch an op without cases of each kind, or with two of one label."""
    for name in ABIS:
        abi = Abi(name, version)
        for op in [*abi.layout.ops, *({"grant_entry"} & abi.layout.structs.keys())]:
            found = cases(op, abi)
            labels = Counter(case.label for case in found)
            assert max(labels.values()) == 1, labels.most_common(1)
            assert {case.kind for case in found} >= {VALID, WRONG}, op
            assert errors(sample(abi, found[0], chosen("first"))) == []


def test_each_status_of_the_checks_has_a_case() -> None:
    """Would catch a check of the model's that no case fails."""
    abi = Abi("x86_64")
    found = {case.status for op in abi.layout.ops for case in cases(op, abi)} - {None, Status.OKAY}
    # Xen has them for machines that are out of something, and the last for no case at all.
    others = {Status.NO_SPACE, Status.ADDRESS_TOO_BIG, Status.BAD_VIRT_ADDR}
    assert found == set(Status) - others - {Status.OKAY, Status.NO_DEVICE_SPACE}


BOARDS = {"x86_64": live_xen.X86, "arm64": live_xen.ARM}


@pytest.mark.parametrize("name", BOARDS)
def test_what_a_case_says_is_what_xen_does(
    name: str, on_xen: Callable[[str, int, str], None]
) -> None:
    """Would catch a label that only the model bears out."""
    abi = Abi(name)
    made = [
        sample(abi, case, chosen("first"))
        for op in abi.layout.ops
        if op not in SPENDS
        for case in cases(op, abi)
    ]
    for machines in live_xen.machines(BOARDS[name]):
        assert not differences(played(made), LiveWorld(machines))
        on_xen(f"labelled cases of {name}", len(made), machines.xen_version or "")


# Strategies


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ABIS)
def test_batches_are_what_they_say(name: str, kind: str) -> None:
    """Would catch elements of a batch that get into each other's way, or a missing label."""

    @quick
    @given(strategies.batches(abi=name, kind=kind))
    def check(one: Sample) -> None:
        found = errors(one)
        assert bool(one.label) is (kind == WRONG)
        assert kind == WRONG or not found
        stage = Stage(name)
        batch = Dispatcher(stage.domains[one.caller]).call(one.op, one.rows)
        assert batch.rc == one.rc
        if one.rc == 0 and one.cases and one.cases[0].status is not None:
            assert batch.status == one.statuses

    check()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("name", "version"), [("x86_32", 1), ("x86_64", 2), ("arm64", 1)])
def test_entries_are_what_they_say(name: str, version: int, kind: str) -> None:
    """Would catch entries that the model takes otherwise."""

    @quick
    @given(strategies.entries(version, name, kind))
    def check(one: Sample) -> None:
        assert len(one.blob) == len(one.cases) * one.abi.struct(one.op).size
        assert kind == WRONG or not errors(one)
        assert not differences(one.scenario(), ModelWorld())

    check()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["x86_64", "x86_32", "arm64"])
def test_scenarios_play(name: str, kind: str) -> None:
    """Would catch a call that takes away what another one needs, or a text that does not read."""

    @quick
    @given(strategies.scenarios(name, kind))
    def check(one: Scenario) -> None:
        again = Scenario.parse(one.text().splitlines())
        assert not differences(again, ModelWorld())

    check()


def test_counts_get_to_the_edges() -> None:
    """Would catch batches that are never empty, single, or larger than a page."""
    sizes: set[int] = set()

    @settings(quick, max_examples=60)
    @given(st.data())
    def look(data: st.DataObject) -> None:
        for kind in (VALID, BOUNDARY):
            sizes.add(len(data.draw(strategies.batches("swap_grant_ref", "x86_64", kind)).rows))

    look()
    assert {0, 1, 2} <= sizes
    assert max(sizes) >= 100


def test_what_cannot_be_drawn_is_said_at_once() -> None:
    """Would catch a mistake that only shows while examples are drawn."""
    with pytest.raises(UnknownName, match="did you mean copy"):
        strategies.batches("copi")
    with pytest.raises(InvalidValue, match="valid, boundary, wrong"):
        strategies.batches("copy", kind="bad")
    with pytest.raises(UnknownName, match="grant_entry_header is neither"):
        strategies.batches("grant_entry_header")
    with pytest.raises(InvalidValue, match="max_size: expected 0 or more, got -1"):
        strategies.batches("copy", max_size=-1)
    with pytest.raises(InvalidValue, match="max_calls: expected 1 or more, got 0"):
        strategies.scenarios(max_calls=0)
    with pytest.raises(InvalidValue, match="valid, boundary, wrong"):
        strategies.scenarios(kind="bad")
    with pytest.raises(UnknownName, match="grant_entry_v3"):
        strategies.entries(3)


def test_a_tag_is_its_op() -> None:
    """Would catch a KeyError about the tag of an op's struct."""
    abi = Abi("x86_64")
    assert [one.label for one in cases("gnttab_copy", abi)] == [
        one.label for one in cases("copy", abi)
    ]
    assert find(strategies.batches("gnttab_copy", abi), bool).op == "copy"


def test_without_hypothesis_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Would catch a bare import error for those who lack it, and cases that need it too."""
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    monkeypatch.delitem(sys.modules, "xengnt.testing.strategies")
    with pytest.raises(Unavailable, match=r"pip install 'xengnt\[hypothesis\]'"):
        import_module("xengnt.testing.strategies")
    assert cases("copy", Abi("x86_64"))


# Shrinking

LEAST = settings(max_examples=400, database=None, derandomize=True, deadline=None)


def test_a_narrow_encoder_shrinks_to_one_element() -> None:
    """Would catch examples that do not shrink: here an encoder keeps one byte of a domain."""
    abi = Abi("x86_64")

    def narrow(rows: list[dict[str, int]]) -> bytes:
        cut = [
            {name: value & 0xFF if name.endswith("domid") else value for name, value in row.items()}
            for row in rows
        ]
        return abi.encode("copy", cut)

    batches = strategies.batches("copy", abi)
    least = find(batches, lambda one: narrow(one.rows) != one.blob, settings=LEAST)
    [row] = least.rows
    assert least.cases[0].label == "frame to frame"
    frame = {name for name in row if name.endswith(("gmfn", "domid"))}
    assert {name: value for name, value in row.items() if name not in frame} == {
        "source.offset": 0,
        "dest.offset": 0,
        "len": 1,
        "flags": 0,
    }


def test_a_wrong_check_shrinks_to_the_first_byte_behind_the_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Would catch examples that do not shrink: here Xen would copy one byte too many."""
    monkeypatch.setattr(copying, "PAGE_SIZE", 4097)

    def differs(one: Sample) -> bool:
        batch = Dispatcher(Stage(one.abi).domains[one.caller]).call(one.op, one.rows)
        return batch.rc != one.rc or batch.status != one.statuses

    least = find(strategies.batches("copy", "x86_64", WRONG), differs, settings=LEAST)
    [row] = least.rows
    assert least.label in {
        *("source.offset/beyond", "source/across the end", "len/beyond"),
        *("dest.offset/beyond", "dest/across the end"),
    }
    assert max(row["source.offset"], row["dest.offset"]) + row["len"] == 4097
    assert min(row["source.offset"], row["dest.offset"]) == 0
