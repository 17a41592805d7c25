# SPDX-License-Identifier: MIT
"""Real Xen for Arm, under QEMU, beside the model: the same scenarios, the same results.

One machine is booted, and its domains stay from test to test, as the model's do: each test
undoes what it did.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import live_xen
import pytest
from oracle import fail

from xengnt.codec import Abi
from xengnt.errors import Unavailable, XengntError
from xengnt.live import packages
from xengnt.live.image import image
from xengnt.live.machine import Boot, Machine
from xengnt.live.world import LiveWorld, Machines
from xengnt.model.world import ModelWorld
from xengnt.scenario import Scenario, play
from xengnt.scenario.call import Call
from xengnt.scenario.steps import MakeDomain

Line = dict[str, Any]

ABI = Abi("arm64")
HEAD: Line = {"scenario": 1, "abi": ABI.name}
DOMAINS: tuple[Line, ...] = (
    {"domain": "dom0", "privileged": True, "pages": 32},
    {"domain": "guest", "pages": 16},
    {"domain": "other", "pages": 16},
)
COMPARED = ("status", "handle", "nr_frames", "max_nr_frames", "version")
"""Fields that are no addresses, and so the same on any machine."""

SELF, DOM0, GUEST, OTHER = "DOMID_SELF", "$dom0.domid", "$guest.domid", "$other.domid"


class Kept:
    """A world whose domains stay from one scenario to the next."""

    def __init__(self, world: ModelWorld | LiveWorld) -> None:
        self.world = world
        self.actors: dict[str, Any] = {}

    def first(self, abi: Abi) -> Any:
        """Refuse: all scenarios here make domains."""
        raise AssertionError(abi)

    def make(self, step: MakeDomain) -> Any:
        """Make a domain, or return the one that was made."""
        if step.name not in self.actors:
            self.actors[step.name] = self.world.make(step)
        return self.actors[step.name]

    def destroy(self, actor: Any) -> None:
        """End a domain."""
        self.world.destroy(actor)
        self.actors = {name: one for name, one in self.actors.items() if one is not actor}


class Both:
    """The model and real Xen."""

    def __init__(self, machines: Machines) -> None:
        self.machines = machines
        self.worlds = {"the model": Kept(ModelWorld("4.17")), "Xen": Kept(LiveWorld(machines))}

    def play(self, *lines: Line) -> None:
        """Fail if either does not do what is expected, or both do not do the same."""
        text = [json.dumps(line) for line in (HEAD, *DOMAINS, *lines)]
        wrong: list[str] = []
        seen: list[list[Any]] = []
        for name, world in self.worlds.items():
            steps = list(play(Scenario.parse(text, "arm"), world))
            wrong += [f"{name}: {one.message}" for _, found in steps for one in found]
            seen.append([_summary(step) for step, _ in steps])
        for line, model, xen in zip(text[1:], *seen, strict=True):
            if model != xen:
                wrong.append(f"{line}: the model gives {model}, Xen {xen}")
        if wrong:
            fail(wrong, "Xen and the model:")


def _summary(step: Any) -> Any:
    if not isinstance(step, Call):
        return getattr(step, "fails", None), getattr(step, "expected", None)
    rows: list[dict[str, Any]] = []
    if step.op and isinstance(step.out, bytes) and step.rc is not None:
        size = ABI.struct(step.op).size
        whole = step.out[: len(step.out) // size * size]
        rows = ABI.decode(step.op, whole)
    return step.rc, [{key: row[key] for key in COMPARED if key in row} for row in rows]


def op(name: str, *rows: Line, caller: str = "dom0", **more: Any) -> Line:
    """Return a call of an op; a status in the arguments is the one expected."""
    expected = [{"status": row["status"]} if "status" in row else {} for row in rows]
    args = [{key: value for key, value in row.items() if key != "status"} for row in rows]
    line: Line = {"op": name, "caller": caller, "args": args, **more}
    return line | ({"results": expected} if any(expected) else {})


def grant(by: str, to: str, page: int, ref: int, **more: Any) -> Line:
    """Return that a page is granted."""
    frame = f"${by}.frame[{page}]"
    return {
        "grant": "permit_access", "by": by, "domid": to, "frame": frame, "ref": ref, **more
    }  # fmt: skip


def end(by: str, ref: int, **more: Any) -> Line:
    """Return that a grant ends."""
    return {"grant": "end_access", "by": by, "ref": ref, **more}


def mapping(at: str, ref: int, dom: int | str, flags: Any = "host_map", **more: Any) -> Line:
    """Return a row of a mapping."""
    return {"host_addr": at, "flags": flags, "ref": ref, "dom": dom, **more}


def side(what: Any, domid: str, offset: int = 0) -> Line:
    """Return a side of a copy: a reference, or a frame by its name."""
    return {"u": {"ref" if isinstance(what, int) else "gmfn": what}, "domid": domid} | (
        {"offset": offset} if offset else {}
    )


def copying(source: Line, dest: Line, **more: Any) -> Line:
    """Return a row of a copy."""
    flags = [
        f"{name}_gref" for name, one in (("source", source), ("dest", dest)) if "ref" in one["u"]
    ]
    return {"source": source, "dest": dest, "len": 4, "flags": "|".join(flags) or 0, **more}


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    """Return what boots Xen, or skip."""
    yield from live_xen.machines(live_xen.ARM)


@pytest.fixture(scope="module")
def both(machines: Machines) -> Both:
    """Return the model and real Xen, with their domains."""
    return Both(machines)


def test_tables_and_versions(both: Both) -> None:
    """Would catch a wrong check of the ops about tables, or Arm with a second version."""
    lines = [
        op("query_size", {"dom": SELF, "status": "okay"}, rc=0),
        op("query_size", {"dom": SELF}, {"dom": SELF}, rc=-22),
        op("setup_table", {"dom": SELF, "nr_frames": 65, "status": "general_error"}, rc=0),
        op("setup_table", {"dom": SELF, "nr_frames": 0, "status": "okay"}, rc=0),
        op(
            "setup_table",
            {"dom": SELF, "nr_frames": 1, "status": "bad_virt_addr"},
            lists={"frame_list": [0]},
        ),
        op("get_status_frames", {"dom": SELF, "nr_frames": 0, "status": "okay"}),
        op("get_status_frames", {"dom": SELF, "nr_frames": 1, "status": "general_error"}),
        op("get_version", {"dom": SELF}, rc=0),
        op("get_version", {"dom": 77}, rc=-3),
        op("get_version", {"dom": DOM0}, caller="guest", rc=-1),
        op("set_version", {"version": 1}, rc=0),
        op("set_version", {"version": 2}, rc=-38),
        op("set_version", {"version": 3}, rc=-22),
        op("setup_table", {"dom": SELF, "nr_frames": 3, "status": "okay"}, caller="other"),
        op("query_size", {"dom": OTHER, "status": "okay"}),
        op("query_size", {"dom": DOM0, "status": "permission_denied"}, caller="guest"),
        op("setup_table", {"dom": DOM0, "nr_frames": 1, "status": "permission_denied"})
        | {"caller": "guest"},
    ]
    lines += [
        op(name, {"dom": dom, **more}, caller=caller)
        for dom in (SELF, DOM0, GUEST, 77, "DOMID_IO", "DOMID_XEN", 0x7FF4, 0xFFFF)
        for caller in ("dom0", "guest")
        for name, more in (
            ("query_size", {}),
            ("get_version", {}),
            ("setup_table", {"nr_frames": 1}),
            ("get_status_frames", {"nr_frames": 1}),
        )
    ]
    both.play(*lines)


def test_the_frames_of_a_table_have_no_number_of_their_own(both: Both) -> None:
    """Would catch a list that is not written, or of the machine's numbers."""
    both.play(
        op("setup_table", {"dom": SELF, "nr_frames": 2}, filled={"frame_list": ["ff" * 16]}),
        op("setup_table", {"dom": GUEST, "nr_frames": 2}, filled={"frame_list": ["ff" * 16]}),
    )


def test_what_is_checked_before_an_op(both: Both) -> None:
    """Would catch another order of what is wrong with count, command and pointer."""
    ops = ["map_grant_ref", "unmap_grant_ref", "unmap_and_replace", "transfer", "copy"]
    ops += ["swap_grant_ref", "cache_flush", "query_size", "setup_table", "set_version"]
    lines: list[Line] = [
        {"op": name, "count": count, "caller": caller}
        for name, count, caller in product(ops, (0, 2, 1 << 31), ("dom0", "guest"))
    ]
    lines += [
        {"cmd": cmd, "count": count, "in": "00" * 64, "caller": caller}
        for cmd in (3, 13, 77, 0xFFF, 0x1000, 0x1005, 0x2000, 0x8000_0000, 0xFFFF_FFF0)
        for count in (0, 1, 1 << 31)
        for caller in ("dom0", "guest")
    ]
    both.play(
        {"cmd": 77, "count": 1, "in": "00", "rc": -38},
        {"cmd": 3, "count": 1, "in": "00" * 8, "rc": -38},
        op("transfer", {"mfn": "$guest.frame[9]", "domid": OTHER}, caller="guest", rc=-95),
        *lines,
    )


def test_a_page_of_another_domain_is_mapped(both: Both) -> None:
    """Would catch a mapping that is a copy, is writable, or whose use nobody sees."""
    room = "$dom0.room[0]"
    both.play(
        grant("guest", DOM0, 1, 20),
        grant("guest", DOM0, 2, 21, readonly=True),
        {"write": "68656c6c6f", "in": "guest", "page": 1},
        op("map_grant_ref", mapping(room, 20, GUEST, status="okay"), **{"as": "m"}),
        {"read": 5, "in": "dom0", "address": room, "bytes": "68656c6c6f"},
        {"write": "4a", "in": "dom0", "address": room},
        {"read": 5, "in": "guest", "page": 1, "bytes": "4a656c6c6f"},
        {"read": 2, "in": "guest", "table": 160, "bytes": "1900"},
        end("guest", 20, fails=True),
        {"grant": "make_readonly", "by": "guest", "ref": 20, "fails": True},
        op("map_grant_ref", mapping("$dom0.room[1]", 21, GUEST, status="general_error")),
        op(
            "map_grant_ref",
            mapping("$dom0.room[1]", 21, GUEST, "host_map|readonly", status="okay"),
            **{"as": "r"},
        ),
        {"write": "00", "in": "dom0", "address": "$dom0.room[1]", "fails": True},
        op(
            "unmap_grant_ref",
            {"host_addr": room, "handle": "$m[0].handle", "status": "okay"},
            {"host_addr": "$dom0.room[1]", "handle": "$r[0].handle", "status": "okay"},
            {"host_addr": room, "handle": "$m[0].handle", "status": "bad_handle"},
        ),
        {"read": 1, "in": "dom0", "address": room, "fails": True},
        {"read": 2, "in": "guest", "table": 160, "bytes": "0100"},
        {"grant": "make_readonly", "by": "guest", "ref": 20},
        end("guest", 20),
        end("guest", 21),
    )


def test_where_the_machine_has_a_mapped_page(both: Both) -> None:
    """Would catch a page that is found at a wrong place in the machine's memory."""
    both.play(
        grant("guest", DOM0, 1, 20),
        grant("dom0", DOM0, 5, 20),
        op(
            "map_grant_ref",
            mapping("$dom0.room[0]", 20, GUEST),
            mapping("$dom0.room[1]", 20, DOM0),
            results=[
                {"status": "okay", "dev_bus_addr": "$guest.machine[1]"},
                {"status": "okay", "dev_bus_addr": "$dom0.machine[5]"},
            ],
            **{"as": "m"},
        ),
        op(
            "unmap_grant_ref",
            *({"host_addr": f"$dom0.room[{i}]", "handle": f"$m[{i}].handle"} for i in (0, 1)),
            results=[{"status": "okay"}, {"status": "okay"}],
        ),
        end("guest", 20),
        end("dom0", 20),
    )


def test_its_own_grants(both: Both) -> None:
    """Would catch DOMID_SELF where it is not taken, or refused where it is."""
    room = "$dom0.room[0]"
    both.play(
        grant("dom0", DOM0, 5, 20),
        {"write": "0102030405", "in": "dom0", "page": 5},
        op("map_grant_ref", mapping(room, 20, SELF, status="bad_domain")),
        op("map_grant_ref", mapping(room, 20, DOM0, status="okay"), **{"as": "m"}),
        {"read": 5, "in": "dom0", "address": room, "bytes": "0102030405"},
        op("unmap_grant_ref", {"host_addr": room, "handle": "$m[0].handle", "status": "okay"}),
        op("copy", copying(side(20, SELF, 1), side("$dom0.frame[6]", SELF), status="okay")),
        {"read": 4, "in": "dom0", "page": 6, "bytes": "02030405"},
        end("dom0", 20),
    )


def test_every_kind_of_mapping(both: Both) -> None:
    """Would catch a flag, a reference or a domain that is judged otherwise."""
    flags = ["host_map", "host_map|readonly", "device_map", "device_map|host_map", 0, "readonly"]
    flags += ["host_map|application_map", "host_map|contains_pte", 0x10002, 0x102, 0x8000_0002]
    lines = [grant("guest", DOM0, 1, 20), grant("guest", OTHER, 3, 22), grant("dom0", GUEST, 7, 20)]
    cases: list[tuple[str, int | str, int]]
    cases = [("dom0", GUEST, 20), ("dom0", GUEST, 22), ("guest", DOM0, 20), ("other", GUEST, 22)]
    cases += [("dom0", dom, 1) for dom in (77, "DOMID_IO", "DOMID_XEN", 0x7FF4)]
    cases += [("dom0", GUEST, ref) for ref in (0, 7, 511, 512, 100_000)]
    for (caller, dom, ref), flag in product(cases, flags):
        room = f"${caller}.room[1]"
        lines += [
            op("map_grant_ref", mapping(room, ref, dom, flag), caller=caller, **{"as": "m"}),
            op("unmap_grant_ref", {"host_addr": room, "handle": "$m[0].handle"}, caller=caller),
        ]
    both.play(*lines, end("guest", 20), end("guest", 22), end("dom0", 20))


def test_every_flag_of_an_entry(both: Both) -> None:
    """Would catch a type, a right or a caching bit of an entry that is judged otherwise."""
    room = "$dom0.room[1]"
    lines = [grant("guest", DOM0, 1, 20)]
    for flags in (*range(33), 0x21, 0x41, 0xE1, 0x101, 0x105, 0x1F9, 0x301, 0x8001, 0xFFFF):
        entry = flags.to_bytes(2, "little").hex()
        lines.append({"write": entry, "in": "guest", "table": 160})
        for wanted in ("host_map", "host_map|readonly"):
            lines += [
                op("map_grant_ref", mapping(room, 20, GUEST, wanted), **{"as": "m"}),
                {"read": 4, "in": "guest", "table": 160},
                op("unmap_grant_ref", {"host_addr": room, "handle": "$m[0].handle"}),
                {"read": 4, "in": "guest", "table": 160},
            ]
        own = side("$dom0.frame[0]", SELF)
        for source, dest in ((side(20, GUEST), own), (own, side(20, GUEST))):
            lines += [
                op("copy", copying(source, dest)),
                {"read": 4, "in": "guest", "table": 160},
            ]
    both.play(*lines, {"write": "00" * 8, "in": "guest", "table": 160})


def test_many_mappings_of_one_page(both: Both) -> None:
    """Would catch a pin counter of another width, or one for both kinds of mapping."""
    lines = [grant("guest", DOM0, 1, 20)]
    for flags in ("host_map", "host_map|readonly"):
        rooms = [f"$dom0.room[{10 + index}]" for index in range(130)]
        lines += [
            op("map_grant_ref", *(mapping(at, 20, GUEST, flags) for at in rooms), **{"as": "m"}),
            op(
                "unmap_grant_ref",
                *(
                    {"host_addr": at, "handle": f"$m[{index}].handle"}
                    for index, at in enumerate(rooms[:128])
                ),
            ),
        ]
    both.play(*lines, end("guest", 20))


def test_copies(both: Both) -> None:
    """Would catch a length, an offset or a side of a copy that is judged otherwise."""
    lines = [
        grant("guest", DOM0, 1, 20),
        grant("guest", DOM0, 2, 21, readonly=True),
        grant("guest", OTHER, 3, 22),
        {"write": "41424344454647", "in": "dom0", "page": 0},
        op("copy", copying(side("$dom0.frame[0]", SELF), side(20, GUEST, 8), status="okay")),
        {"write": "00" * 8, "in": "guest", "page": 1},
        {"read": 13, "in": "guest", "page": 1, "bytes": "00" * 8 + "4142434400"},
    ]
    own = side("$dom0.frame[0]", SELF)
    others = [side(ref, GUEST) for ref in (20, 21, 22, 0, 511, 512, 100_000)]
    others += [side(0xFFFF_FFFF, SELF), side(1, "DOMID_XEN"), side(1, SELF)]
    others += [
        side(frame, domid)
        for frame, domid in (("$dom0.frame[1]", DOM0), ("$guest.frame[1]", GUEST))
    ]
    for other in others:
        lines += [op("copy", copying(own, other)), op("copy", copying(other, own))]
    for start, to, size in product((0, 1, 4096, 65535), (0, 4095, 4097), (0, 1, 4095, 4096, 4097)):
        row = copying(own | {"offset": start}, side("$dom0.frame[1]", SELF, to), len=size)
        lines.append(op("copy", row))
    good = copying(own, side("$dom0.frame[1]", SELF))
    bad = copying(side(511, GUEST), side("$dom0.frame[1]", SELF))
    lines += [
        op("copy", good | {"flags": 0xFFFC}),
        op("copy", good, bad, good, rc=0),
        {"read": 32, "in": "dom0", "page": 1},
    ]
    both.play(*lines, end("guest", 20), end("guest", 21), end("guest", 22))


def test_domains_without_privilege_between_them(both: Both) -> None:
    """Would catch a security policy of Xen's that the model does not have."""
    room = "$other.room[0]"
    both.play(
        grant("guest", OTHER, 3, 22),
        {"write": "1234", "in": "guest", "page": 3},
        op("map_grant_ref", mapping(room, 22, GUEST, status="okay"), caller="other", **{"as": "m"}),
        {"read": 2, "in": "other", "address": room, "bytes": "1234"},
        op(
            "unmap_grant_ref",
            {"host_addr": room, "handle": "$m[0].handle", "status": "okay"},
            caller="other",
        ),
        op(
            "copy",
            copying(side(22, GUEST), side("$other.frame[0]", SELF), status="okay"),
            caller="other",
        ),
        end("guest", 22),
    )


def test_flushing(both: Both) -> None:
    """Would catch an operation, a range or an owner that is judged otherwise.

    And a batch that goes on.
    """
    page = {"a": {"dev_bus_addr": "$dom0.machine[1]"}, "offset": 0, "length": 64, "op": "CLEAN"}
    lines = [
        op("cache_flush", page, rc=0),
        op("cache_flush", page | {"op": "INVAL"}, rc=0),
        op("cache_flush", page | {"length": 0}, rc=0),
        op("cache_flush", page | {"op": 0}, rc=0),
        op("cache_flush", page | {"offset": 4096}, rc=-22),
        op("cache_flush", page | {"offset": 4095, "length": 2}, rc=-22),
        op("cache_flush", page | {"op": "SOURCE_GREF|CLEAN"}, rc=-22),
        op("cache_flush", page | {"op": 4}, rc=-22),
        op("cache_flush", page, page | {"offset": 4096}, page, rc=-22),
        op("cache_flush", *[page] * 40, rc=0),
        op("cache_flush", page | {"a": {"dev_bus_addr": "$guest.machine[2]"}}, rc=-22),
    ]
    lines += [
        op("cache_flush", page | {"offset": offset, "length": length, "op": what}, caller=caller)
        for offset, length in product((0, 1, 4095, 4096), (0, 1, 4095, 4096, 4097))
        for what in ("CLEAN", "CLEAN|INVAL", 0, 4, "SOURCE_GREF", 0xFFFF_FFFF)
        for caller in ("dom0", "guest")
    ]
    lines += [
        op("cache_flush", page | {"a": {"dev_bus_addr": address}}, caller=caller)
        for address in ("$guest.machine[2]", "$other.machine[2]", 1 << 44, 1 << 52, (1 << 64) - 8)
        for caller in ("dom0", "guest")
    ]
    room = "$dom0.room[0]"
    for flags in ("host_map", "host_map|readonly"):
        lines += [
            grant("guest", DOM0, 1, 20),
            op("map_grant_ref", mapping(room, 20, GUEST, flags, status="okay"), **{"as": "m"}),
            op("cache_flush", page | {"a": {"dev_bus_addr": "$m[0].dev_bus_addr"}}, rc=0),
            op("unmap_grant_ref", {"host_addr": room, "handle": "$m[0].handle", "status": "okay"}),
            end("guest", 20),
        ]
    both.play(*lines)


def test_swapping(both: Both) -> None:
    """Would catch another order of checks, or an entry in use that is moved."""
    room = "$dom0.room[0]"
    pairs = [(20, 40_000), (99999, 20), (99999, 99999), (20, 20), (0, 1), (511, 510), (20, 21)]
    both.play(
        grant("guest", DOM0, 1, 20),
        grant("guest", DOM0, 2, 21, readonly=True),
        *(op("swap_grant_ref", {"ref_a": a, "ref_b": b}, caller="guest") for a, b in pairs),
        {"read": 2, "in": "guest", "table": 160, "bytes": "0500"},
        op("map_grant_ref", mapping(room, 21, GUEST, status="okay"), **{"as": "m"}),
        op("swap_grant_ref", {"ref_a": 20, "ref_b": 21, "status": "eagain"}, caller="guest"),
        op("unmap_grant_ref", {"host_addr": room, "handle": "$m[0].handle", "status": "okay"}),
        end("guest", 20),
        end("guest", 21),
    )


def test_arguments_that_end_early(both: Both) -> None:
    """Would catch an element that is done although the next cannot be read, or the reverse."""
    own = copying(side("$dom0.frame[0]", SELF), side("$dom0.frame[1]", SELF))
    flush = {"a": {"dev_bus_addr": "$dom0.machine[1]"}, "length": 64, "op": "CLEAN"}
    rows: dict[str, Line] = {
        "copy": own,
        "query_size": {"dom": SELF},
        "get_version": {"dom": SELF},
        "set_version": {"version": 1},
        "cache_flush": flush,
        "swap_grant_ref": {"ref_a": 1, "ref_b": 2},
        "unmap_grant_ref": {"handle": 9999},
        "unmap_and_replace": {"handle": 9999},
    }
    room = "$dom0.room[200]"
    lines = [
        grant("dom0", DOM0, 20, 30),
        op("map_grant_ref", mapping(room, 30, DOM0, status="okay"), **{"as": "w"}),
    ]
    for name, row in rows.items():
        size = ABI.struct(name).size
        for count, fit, more in product((1, 2, 3), (0, 1, 2), (0, 4)):
            start = 4096 - fit * size - more
            lines.append(op(name, *[row] * count, address=room, offset=start))
        lines.append(op(name, row, address="$dom0.room[199]"))
    unmap = {"host_addr": room, "handle": "$w[0].handle", "status": "okay"}
    both.play(*lines, op("unmap_grant_ref", unmap), end("dom0", 30))


def test_a_domain_that_has_ended(both: Both) -> None:
    """Would catch a domain that outlives its end, or a page that goes before it is unmapped."""
    room = "$dom0.room[0]"
    both.play(
        {"domain": "gone", "domid": 9, "pages": 4},
        grant("gone", DOM0, 1, 20),
        {"write": "c0ffee", "in": "gone", "page": 1},
        op("map_grant_ref", mapping(room, 20, "$gone.domid", status="okay"), **{"as": "m"}),
        {"destroy": "gone"},
        {"read": 3, "in": "dom0", "address": room, "bytes": "c0ffee"},
        op("unmap_grant_ref", {"host_addr": room, "handle": "$m[0].handle", "status": "okay"}),
        op("map_grant_ref", mapping(room, 20, "$gone.domid", status="bad_domain")),
        op("query_size", {"dom": "$gone.domid", "status": "bad_domain"}),
        op("get_version", {"dom": "$gone.domid"}, rc=-3),
    )


def test_it_was_one_boot(both: Both) -> None:
    """Would catch a scenario that is played on another machine than the one before."""
    both.play(op("query_size", {"dom": SELF, "status": "okay"}))
    assert both.machines.boots == 1
    assert both.machines.xen_version
    assert packages.package("arm64").startswith(("xen-hypervisor", "unknown"))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ({"domain": "x", "abi": "x86_64"}, "x86"),
        ({"domain": "x", "kind": "pv"}, "no pv domains of arm64"),
        ({"domain": "x", "abi": "arm32"}, "no arm domains of arm32"),
        ({"domain": "x", "privileged": True}, "one privileged domain"),
    ],
)
def test_domains_that_cannot_be(both: Both, line: Line, why: str) -> None:
    """Would catch a domain of another kind than was asked for, or a traceback."""
    world = both.worlds["Xen"]
    text = [json.dumps(one) for one in (HEAD, *DOMAINS, line)]
    with pytest.raises(XengntError, match=why):
        list(play(Scenario.parse(text, "arm"), world))


def test_what_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Would catch a traceback, or a wait, where Xen, QEMU, apt or a compiler is not there."""
    monkeypatch.setenv("XENGNT_LIVE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="no Xen there"):
        packages.hypervisor("arm64")
    with pytest.raises(Unavailable, match="apt-cache: not found"):
        packages.fetch("arm64")
    with pytest.raises(Unavailable, match="install qemu-system-arm"):
        Machine(Boot("arm"))
    image.cache_clear()
    with pytest.raises(Unavailable, match="no such C compiler"):
        image("arm")
