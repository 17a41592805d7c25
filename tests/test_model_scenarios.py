# SPDX-License-Identifier: MIT
"""The model as the world of a scenario: what steps may ask of its domains."""

from __future__ import annotations

import json
from typing import Any

import pytest

from xengnt import Abi
from xengnt.errors import SourceError
from xengnt.model.world import DomainActor, ModelWorld
from xengnt.scenario import Scenario, play


def guest(abi: str = "x86_64") -> DomainActor:
    """Return the guest of a scenario that makes none."""
    return ModelWorld().first(Abi(abi))


def played(*lines: dict[str, Any]) -> ModelWorld:
    """Play a scenario, and return the world after it."""
    world = ModelWorld()
    head = {"scenario": 1, "abi": "x86_32"}
    for _, wrong in play(Scenario.parse(map(json.dumps, (head, *lines))), world):
        assert not wrong
    return world


def test_a_scenario_without_domains() -> None:
    """Would catch calls that are made by another guest than the control domain of that ABI."""
    world = played({"op": "query_size", "args": [{"dom": "DOMID_SELF"}], "rc": 0})
    (one,) = world.hypervisor.domains.values()
    assert one.abi.name == "x86_32"
    assert one.privileged


def test_a_domain_ends() -> None:
    """Would catch a domain that outlives its end."""
    world = played({"domain": "one"}, {"domain": "other"}, {"destroy": "one"})
    assert list(world.hypervisor.domains) == [1]


def test_what_names_can_ask() -> None:
    """Would catch a name that gives something else of a domain, or a row without an index."""
    one = guest("arm64")
    domain = one.backend
    assert one.values["domid"] == domain.domid
    assert one.values["frame"][3] == domain.frame(3)
    assert one.values["address"][3] == domain.address(3)
    assert one.values["machine"][3] == domain.pages[3].number << 12
    rooms = [one.values["room"][index] for index in (1, 0, 1)]
    assert rooms == [0xC000_1000, 0xC000_0000, 0xC000_1000]
    with pytest.raises(TypeError, match="without an index"):
        list(one.values["frame"])


def test_the_frames_of_a_table() -> None:
    """Would catch frames that are copies, or those of the other kind."""
    one = guest()
    assert one.table(status=True) == []
    (frame,) = one.table(status=False)
    frame[:4] = b"here"
    assert bytes(one.backend.table.frames[0][:4]) == b"here"
    one.backend.table.become(2)
    assert one.table(status=True) == one.backend.table.status_frames


def test_bytes_of_a_page_and_at_an_address() -> None:
    """Would catch a read or write that is cut at the end of a page, or goes elsewhere."""
    one = guest()
    address = one.backend.address(1)
    one.write(1, 4094, b"ab")
    assert one.read(1, 4094, 2) == b"ab"
    assert one.read(1, 0, 4096)[4094:] == b"ab"
    one.write(None, address + 4095, b"xy")
    assert one.read(None, address + 4094, 3) == b"axy"
    assert one.read(2, 0, 1) == b"y"
    for act in (lambda: one.read(1, 4095, 2), lambda: one.write(1, 4095, b"ab")):
        with pytest.raises(SourceError, match="2 bytes from 4095: a page has 4096"):
            act()
    assert one.read(1, 4095, 1) == b"x"
