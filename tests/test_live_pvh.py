# SPDX-License-Identifier: MIT
"""32-bit PVH guests on real Xen, under QEMU, beside the model: both must do the same.

Their arguments have the layouts of 32 bits, and their frames numbers of their own. Most
scenarios make all of their domains, and so share a machine; a 32-bit first domain needs
another one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import live_xen
import pytest
from oracle import fail

from xengnt.codec import Abi
from xengnt.errors import XengntError
from xengnt.live.world import LiveWorld, Machines
from xengnt.model.world import ModelWorld
from xengnt.scenario import Scenario, play
from xengnt.scenario.call import Call
from xengnt.scenario.world import World

Line = dict[str, Any]

HEAD: Line = {"scenario": 1, "abi": "x86_64"}
SMALL: Line = {"domain": "small", "domid": 1, "abi": "x86_32", "kind": "pvh", "pages": 16}
OTHER: Line = {"domain": "other", "domid": 2, "abi": "x86_32", "kind": "pvh", "pages": 16}
LARGE: Line = {"domain": "large", "domid": 3, "abi": "x86_64", "kind": "pv", "pages": 16}

COMPARED = ("status", "nr_frames", "max_nr_frames", "version")
"""Fields that are no addresses, and so the same on any machine."""


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    """Return what boots Xen, or skip."""
    yield from live_xen.machines()


def on(world: World, lines: list[Line]) -> tuple[list[Any], list[str]]:
    """Play, and return what was seen of each step, and what was not as expected."""
    seen: list[Any] = []
    wrong: list[str] = []
    abis = {line["domain"]: Abi(line["abi"]) for line in lines if "domain" in line}
    for step, found in play(Scenario.parse([json.dumps(line) for line in lines], "pvh"), world):
        wrong += [one.message for one in found]
        if isinstance(step, Call):
            abi = abis[step.caller or next(iter(abis))]
            rows = []
            if step.op and isinstance(step.out, bytes):
                size = abi.struct(step.op).size
                rows = abi.decode(step.op, step.out[: len(step.out) // size * size])
            few = [{key: row[key] for key in COMPARED if key in row} for row in rows]
            seen.append((step.rc, few))
        else:
            seen.append((getattr(step, "fails", None), getattr(step, "expected", None)))
    return seen, wrong


def both(machines: Machines, *lines: Line, head: Line = HEAD) -> None:
    """Fail if the model or Xen does not do what is expected, or both do not do the same."""
    model, wrong = on(ModelWorld("4.17"), [head, *lines])
    xen, more = on(LiveWorld(machines), [head, *lines])
    wrong = [f"the model: {one}" for one in wrong] + [f"Xen: {one}" for one in more]
    for line, expected, got in zip(lines, model, xen, strict=True):
        if expected != got:
            wrong.append(f"{line}: the model gives {expected}, Xen {got}")
    if wrong:
        fail(wrong, "Xen and the model:")


def xen(machines: Machines, *lines: Line) -> None:
    """Fail if Xen does not do what is expected."""
    _, wrong = on(LiveWorld(machines), [HEAD, *lines])
    if wrong:
        fail(wrong, "Xen:")


def op(caller: str, name: str, *rows: Line, **more: Any) -> Line:
    """Return a call of an op; a status in the arguments is the one expected."""
    expected = [{"status": row["status"]} if "status" in row else {} for row in rows]
    args = [{key: value for key, value in row.items() if key != "status"} for row in rows]
    line: Line = {"op": name, "caller": caller, "args": args, **more}
    return line | ({"results": expected} if any(expected) else {})


def grant(by: str, to: str, page: int, ref: int, **more: Any) -> Line:
    """Return that a page is granted."""
    frame = f"${by}.frame[{page}]"
    return {
        "grant": "permit_access", "by": by, "domid": f"${to}.domid", "frame": frame, "ref": ref,
        **more,
    }  # fmt: skip


def mapping(at: str | int, ref: int, dom: str, flags: Any = "host_map", **more: Any) -> Line:
    """Return a row of a mapping."""
    return {"host_addr": at, "flags": flags, "ref": ref, "dom": f"${dom}.domid", **more}


def copying(source: tuple[str, Any], dest: tuple[str, Any], **more: Any) -> Line:
    """Return a row of a copy, each side a domain and a reference or a frame of the caller's."""
    row: Line = {"len": 8, **more}
    flags = more.get("flags", 0)
    for name, bit, (dom, what) in (("source", 1, source), ("dest", 2, dest)):
        row[f"{name}.domid"] = f"${dom}.domid" if isinstance(what, int) else "DOMID_SELF"
        row[f"{name}.u.{'ref' if isinstance(what, int) else 'gmfn'}"] = what
        flags |= bit if isinstance(what, int) else 0
    return row | {"flags": flags}


def test_pages_of_a_64_bit_guest_are_mapped(machines: Machines) -> None:
    """Would catch a mapping that is a copy, or is found at a wrong place, or that nobody sees."""
    room, second = "$small.room[0]", "$small.room[1]"
    both(
        machines,
        SMALL,
        LARGE,
        grant("large", "small", 0, 20),
        grant("large", "small", 1, 21, readonly=True),
        {"write": "0102030405060708", "in": "large", "page": 0},
        {"read": 1, "in": "small", "address": room, "fails": True},
        op(
            "small",
            "map_grant_ref",
            mapping(room, 20, "large", status="okay"),
            mapping(second, 21, "large", status="general_error"),
            mapping(second, 21, "large", "host_map|readonly", status="okay"),
            mapping("$small.room[2]", 22, "large", status="general_error"),
            mapping("$small.room[2]", 20, "large", "device_map", status="general_error"),
            mapping("$small.room[2]", 20, "large", 0, status="bad_gntref"),
            mapping(1 << 48, 20, "large", status="general_error"),
            rc=0,
            **{"as": "m"},
        ),
        {"read": 8, "in": "small", "address": room, "bytes": "0102030405060708"},
        {"write": "ff", "in": "small", "address": room, "offset": 4095},
        {"read": 1, "in": "large", "page": 0, "offset": 4095, "bytes": "ff"},
        {"write": "00", "in": "small", "address": second, "fails": True},
        {"grant": "end_access", "by": "large", "ref": 20, "fails": True},
        op(
            "small",
            "unmap_grant_ref",
            {"host_addr": second, "handle": "$m[0].handle", "status": "general_error"},
            {"host_addr": room, "handle": "$m[0].handle", "status": "okay"},
            {"host_addr": room, "handle": "$m[0].handle", "status": "bad_handle"},
            {"host_addr": second, "handle": "$m[2].handle", "status": "okay"},
        ),
        {"read": 1, "in": "small", "address": room, "fails": True},
        {"grant": "end_access", "by": "large", "ref": 20},
        {"grant": "end_access", "by": "large", "ref": 21},
    )


def test_pages_of_32_bit_guests_are_mapped(machines: Machines) -> None:
    """Would catch a frame number in an entry that is the machine's, and not the guest's."""
    steps: list[Line] = []
    for who in ("other", "large"):
        room = f"${who}.room[3]"
        steps += [
            grant("small", who, 5, 30),
            {"write": "cafe", "in": "small", "page": 5},
            op(who, "map_grant_ref", mapping(room, 30, "small", status="okay"), **{"as": "m"}),
            {"read": 2, "in": who, "address": room, "bytes": "cafe"},
            {"write": "beef", "in": who, "address": room},
            {"read": 2, "in": "small", "page": 5, "bytes": "beef"},
            {"read": 2, "in": "small", "address": "$small.address[5]", "bytes": "beef"},
            op(who, "unmap_grant_ref", {"host_addr": room, "handle": "$m[0].handle"}),
            {"grant": "end_access", "by": "small", "ref": 30},
        ]
    both(machines, SMALL, OTHER, LARGE, *steps)


def test_copies(machines: Machines) -> None:
    """Would catch elements read by another layout, or a batch whose parts are not all done."""
    own = ("small", "$small.frame[0]")
    good = copying(own, ("small", "$small.frame[2]"), status="okay")
    many = [
        good | {"source.offset": index * 8, "dest.offset": 4088 - index * 8} for index in range(400)
    ]
    many[200] = copying(own, ("large", 511), status="general_error")
    both(
        machines,
        SMALL,
        LARGE,
        grant("large", "small", 0, 20),
        grant("large", "small", 1, 21, readonly=True),
        {"write": "0102030405060708", "in": "large", "page": 1},
        {"write": bytes(index * 7 % 251 for index in range(4096)).hex(), "in": "small", "page": 0},
        op(
            "small",
            "copy",
            copying(own, ("large", 20), status="okay", **{"dest.offset": 4088}),
            copying(("large", 21), ("small", "$small.frame[1]"), status="okay"),
            copying(own, ("large", 21), status="general_error"),
            copying(("large", 20), ("large", 20), status="okay", **{"source.offset": 4088}),
            copying(own, ("small", 0xFFFF_FFFF), status="bad_gntref"),
            copying(own, ("small", "$small.frame[1]"), status="okay", flags=0xFFFC),
            copying(own, ("small", "$small.frame[1]"), status="bad_copy_arg", len=4097),
            good | {"dest.u.gmfn": 0xABCDEF, "status": "bad_page"},
            rc=0,
        ),
        {"read": 4096, "in": "large", "page": 0},
        {"read": 4096, "in": "small", "page": 1},
        op("small", "copy", *many, rc=0),
        {"read": 4096, "in": "small", "page": 2},
    )


def test_tables_and_versions(machines: Machines) -> None:
    """Would catch a list of numbers that a 32-bit caller cannot hold, or a wrong check."""
    itself = "DOMID_SELF"
    both(
        machines,
        SMALL,
        LARGE,
        op("small", "query_size", {"dom": itself, "status": "okay"}, rc=0),
        op("small", "query_size", {"dom": "$large.domid", "status": "permission_denied"}),
        op("small", "setup_table", {"dom": itself, "nr_frames": 3}, filled={
            "frame_list": ["ff" * 12]
        }),
        op("small", "setup_table", {"dom": itself, "nr_frames": 65, "status": "general_error"}),
        op("small", "setup_table", {"dom": itself, "nr_frames": 1}, count=0, rc=0),
        op("small", "setup_table", {"dom": itself, "nr_frames": 1}, count=2, rc=-22),
        op("small", "query_size", {"dom": itself, "status": "okay"}),
        grant("small", "large", 1, 9),
        {"grant": "permit_access", "by": "small", "domid": 77, "frame": 1, "ref": 10},
        op("small", "swap_grant_ref", {"ref_a": 9, "ref_b": 10, "status": "okay"}),
        op("small", "swap_grant_ref", {"ref_a": 9, "ref_b": 1 << 20, "status": "bad_gntref"}),
        {"write": "1234", "in": "small", "page": 1},
        op("large", "copy", copying(("small", 10), ("large", "$large.frame[0]"), status="okay")),
        {"read": 2, "in": "large", "page": 0, "bytes": "1234"},
        op("small", "set_version", {"version": 3}, rc=-22),
        op("small", "set_version", {"version": 2}, rc=0),
        op("small", "get_version", {"dom": itself}, rc=0),
        op("small", "get_version", {"dom": "$large.domid"}, rc=-1),
        {
            "grant": "permit_sub_page", "by": "small", "domid": "$large.domid",
            "frame": "$small.frame[1]", "offset": 0, "length": 2, "ref": 9,
        },
        op(
            "large",
            "copy",
            copying(("small", 9), ("large", "$large.frame[1]"), status="okay", len=2),
            copying(("small", 9), ("large", "$large.frame[1]"), status="general_error", len=3),
        ),
        {"read": 4, "in": "large", "page": 1, "bytes": "12340000"},
    )  # fmt: skip


def test_what_such_a_guest_may_not_call(machines: Machines) -> None:
    """Would catch an op that is let through, or refused after its count was looked at."""
    steps: list[Line] = [
        {"cmd": cmd, "caller": "small", "count": count, "in": "00" * 64, "rc": -38}
        for cmd in (3, 4, 7, 9, 12, 13, 77, 0x1000, 0x1005, 0x8000_0005)
        for count in (0, 1, 1 << 31)
    ]
    steps += [
        {"cmd": cmd, "caller": "small", "count": 1 << 31, "in": "00" * 64, "rc": -22}
        for cmd in (0, 1, 2, 5, 6, 8, 10, 11)
    ]
    both(machines, SMALL, *steps)


def test_a_page_is_transferred_to_it(machines: Machines) -> None:
    """Would catch a page that does not come to the number that was asked for."""
    both(
        machines,
        SMALL,
        LARGE,
        {
            "grant": "accept_transfer", "by": "small", "domid": "$large.domid",
            "frame": "$small.frame[3]", "ref": 8,
        },
        {"write": "feed", "in": "large", "page": 2},
        op(
            "large",
            "transfer",
            {"mfn": "$large.frame[2]", "domid": "$small.domid", "ref": 8, "status": "okay"},
        ),
        {"grant": "end_transfer", "by": "small", "ref": 8, "as": "frame"},
        {"read": 2, "in": "small", "address": "$small.address[3]", "bytes": "feed"},
    )  # fmt: skip


def test_arguments_where_nothing_is(machines: Machines) -> None:
    """Would catch a guest that has memory at its null pointer, where ours has none."""
    ops = ("map_grant_ref", "unmap_grant_ref", "copy", "swap_grant_ref", "query_size")
    nowhere = [{"op": name, "caller": "small", "count": 1, "rc": -14} for name in ops]
    xen(machines, SMALL, *nowhere)


def test_a_page_of_its_own_is_mapped(machines: Machines) -> None:
    """Would catch a page that such a guest sees at two places: Xen leaves it only the new one."""
    old, new = "$small.address[4]", "$small.room[0]"
    xen(
        machines,
        SMALL,
        grant("small", "small", 4, 20),
        {"write": "4444", "in": "small", "page": 4},
        {"read": 2, "in": "small", "address": old, "bytes": "4444"},
        op("small", "map_grant_ref", mapping(new, 20, "small", status="okay"), **{"as": "m"}),
        {"read": 2, "in": "small", "address": new, "bytes": "4444"},
        {"read": 2, "in": "small", "address": old, "fails": True},
        op("small", "unmap_grant_ref", {"host_addr": new, "handle": "$m[0].handle"}),
        {"read": 2, "in": "small", "address": old, "fails": True},
    )


def test_an_hvm_guest_is_no_different(machines: Machines) -> None:
    """Would catch a kind of guest that is taken for PV."""
    both(
        machines,
        SMALL | {"kind": "hvm"},
        op("small", "query_size", {"dom": "DOMID_SELF", "status": "okay"}),
        op("small", "transfer", {"mfn": 1, "domid": 9, "ref": 8}, rc=-38),
    )


def test_a_guest_that_breaks_down_does_not_hang(machines: Machines) -> None:
    """Would catch a wait for a guest that Xen has ended, or a machine that is of no use then."""
    room = "$small.room[0]"
    twice = op("small", "map_grant_ref", mapping(room, 20, "large"), mapping(room, 20, "large"))
    with pytest.raises(XengntError, match=r"GFN 0x800 .* not permitted"):
        xen(machines, SMALL, LARGE, grant("large", "small", 0, 20), twice)
    xen(machines, SMALL, op("small", "query_size", {"dom": "DOMID_SELF", "status": "okay"}))


def test_a_caller_that_no_domain_was_made_for(machines: Machines) -> None:
    """Would catch a scenario of 32 bits that is played by a 64-bit caller."""
    head = json.dumps({"scenario": 1, "abi": "x86_32"})
    call = op("x", "query_size", {"dom": "DOMID_SELF", "status": "okay"})
    del call["caller"]
    steps = play(Scenario.parse([head, json.dumps(call)], "pvh"), LiveWorld(machines))
    assert [found for _, found in steps] == [[]]


def test_a_32_bit_first_domain(machines: Machines) -> None:
    """Would catch calls of the control domain in another layout, or tables at wrong places."""
    control: Line = {"domain": "control", "abi": "x86_32", "kind": "pvh", "privileged": True}
    room = "$control.room[0]"
    both(
        machines,
        control,
        SMALL,
        LARGE,
        op("control", "setup_table", {"dom": "$large.domid", "nr_frames": 2, "status": "okay"}),
        op("control", "query_size", {"dom": "$large.domid", "status": "okay"}),
        op("control", "get_version", {"dom": "$small.domid"}, rc=0),
        op("control", "get_status_frames", {"dom": "DOMID_SELF", "nr_frames": 0}, rc=-38),
        grant("large", "control", 0, 20),
        grant("control", "small", 1, 21),
        {"write": "aabb", "in": "large", "page": 0},
        {"write": "ccdd", "in": "control", "page": 1},
        op("control", "map_grant_ref", mapping(room, 20, "large", status="okay"), **{"as": "m"}),
        {"read": 2, "in": "control", "address": room, "bytes": "aabb"},
        op("small", "copy", copying(("control", 21), ("small", "$small.frame[0]"), status="okay")),
        {"read": 2, "in": "small", "page": 0, "bytes": "ccdd"},
        {"destroy": "large"},
        {"read": 2, "in": "control", "address": room, "bytes": "aabb"},
        op("control", "unmap_grant_ref", {"host_addr": room, "handle": "$m[0].handle"}),
        op("control", "set_version", {"version": 2}, rc=0),
        grant("control", "small", 2, 22),
        {"write": "eeff", "in": "control", "page": 2},
        op("small", "copy", copying(("control", 22), ("small", "$small.frame[0]"), status="okay")),
        {"read": 2, "in": "small", "page": 0, "bytes": "eeff"},
        head={"scenario": 1, "abi": "x86_32"},
    )


def test_the_first_domain_is_no_hvm_one(machines: Machines) -> None:
    """Would catch a traceback, or a boot that cannot end well."""
    with pytest.raises(XengntError, match="never an HVM one"):
        xen(machines, {"domain": "x", "abi": "x86_32", "kind": "hvm", "privileged": True})
