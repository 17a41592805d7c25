# SPDX-License-Identifier: MIT
"""map_grant_ref, unmap_grant_ref and unmap_and_replace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cases import (
    FIRST_RESERVED,
    GUESTS,
    PV,
    UNKNOWN_DOMAIN,
    Case,
    Line,
    Named,
    call,
    entry,
    everywhere,
    fill,
    look,
    permit,
    status,
    version2,
)


def one(**fields: Any) -> Line:
    """Return an element that maps reference 8 of b, but for what is said."""
    return {
        "host_addr": "$a.room[0]",
        "flags": "host_map",
        "ref": 8,
        "dom": "$b.domid",
        **fields,
    }


def mapped(**fields: Any) -> Line:
    """Return the call that does so, with a name."""
    return call("map_grant_ref", one(**fields), **{"as": "m"})


def unmap(**fields: Any) -> Line:
    """Return an element that unmaps that, but for what is said."""
    return {"host_addr": "$a.room[0]", "handle": "$m[0].handle", **fields}


def map_flags() -> Iterator[Named]:
    """Which flags are taken, and which not."""
    flags = {
        "none": 0,
        "readonly-only": "readonly",
        "host": "host_map",
        "host-readonly": "host_map|readonly",
        "device": "device_map",
        "device-readonly": "device_map|readonly",
        "device-and-host": "device_map|host_map",
        "application": "host_map|application_map",
        "application-only": "application_map",
        "contains-pte-of-nothing": "host_map|contains_pte",
        "contains-pte-only": "contains_pte",
        "guest-available-bits": 0x70000 | 2,
        "guest-available-bits-readonly": 0x70000 | 6,
        "undefined-bits": 0xFF80 | 2,
        "highest-bit": 1 << 31 | 2,
        "all-bits": 0xFFFFFFFF,
    }
    for name, value in flags.items():
        for readonly in (False, True):
            of = "readonly" if readonly else "writable"
            yield from everywhere(
                f"map_grant_ref/flags-{name}-of-a-{of}-grant",
                [permit(1, readonly=readonly), mapped(flags=value), entry("b", 8)],
            )


def map_domains() -> Iterator[Named]:
    """Whose grant it is."""
    domains = {
        "unknown": UNKNOWN_DOMAIN,
        "self": "DOMID_SELF",
        "io": "DOMID_IO",
        "xen": "DOMID_XEN",
        "cow": "DOMID_COW",
        "invalid": "DOMID_INVALID",
        "idle": "DOMID_IDLE",
        "first-reserved": FIRST_RESERVED,
        "highest": 0xFFFF,
        "own-number-without-a-grant": "$a.domid",
    }
    for name, dom in domains.items():
        yield from everywhere(f"map_grant_ref/domain-{name}", [permit(1), mapped(dom=dom)])
    yield from everywhere(
        "map_grant_ref/own-grant",
        [permit(1, by="a", to="a"), fill("a", 1, "mine"), mapped(dom="$a.domid"), entry("a", 8)],
    )
    yield from everywhere("map_grant_ref/domain-dead", [permit(1), {"destroy": "b"}, mapped()])


def map_entries() -> Iterator[Named]:
    """What the entry says."""
    refs = {"beyond-the-table": 512, "far-beyond": 0xFFFFFFFF, "not-granted": 9, "reserved": 3}
    for name, ref in refs.items():
        yield from everywhere(f"map_grant_ref/ref-{name}", [permit(1), mapped(ref=ref)])
    yield from everywhere(
        "map_grant_ref/ref-reserved-and-granted", [permit(1, ref=3), mapped(ref=3)]
    )
    yield from everywhere(
        "map_grant_ref/last-ref-of-a-frame", [permit(1, ref=511), mapped(ref=511)]
    )
    yield from everywhere("map_grant_ref/granted-to-another", [permit(1, to="b"), mapped()])
    accept = {"grant": "accept_transfer", "by": "b", "domid": "$a.domid", "frame": 0, "ref": 8}
    yield from everywhere("map_grant_ref/accept-transfer", [accept, mapped(), entry("b", 8)])
    for name, raw in {
        "undefined-bits": "01ff",
        "reading-set": "0900",
        "writing-set": "1100",
        "both-set": "1900",
        "caching-bits": "e100",
        "sub-page-bit": "0101",
    }.items():
        poke = {"write": raw, "in": "b", "table": 8 * 8}
        yield from everywhere(
            f"map_grant_ref/flags-of-entry-{name}", [permit(1), poke, mapped(), entry("b", 8)]
        )
    for name, frame in {"nowhere": 0xFFFFFFF, "of-the-caller": "$a.frame[2]"}.items():
        grant = {**permit(1), "frame": frame}
        yield from everywhere(f"map_grant_ref/frame-{name}", [grant, mapped(), entry("b", 8)])


def map_version2() -> Iterator[Named]:
    """Entries of version 2."""
    head = version2("b")
    yield from everywhere(
        "map_grant_ref/v2", [*head, permit(1), mapped(), entry("b", 8, 2), status("b", 8)]
    )
    yield from everywhere(
        "map_grant_ref/v2-readonly",
        [*head, permit(1), mapped(flags="host_map|readonly"), entry("b", 8, 2), status("b", 8)],
    )
    yield from everywhere(
        "map_grant_ref/v2-write-to-readonly", [*head, permit(1, readonly=True), mapped()]
    )
    yield from everywhere(
        "map_grant_ref/v2-granted-to-another", [*head, permit(1, to="b"), mapped()]
    )
    yield from everywhere("map_grant_ref/v2-beyond-the-table", [*head, mapped(ref=256)])
    yield from everywhere("map_grant_ref/v2-last-ref", [*head, permit(1, ref=255), mapped(ref=255)])
    sub = {**permit(1), "grant": "permit_sub_page", "offset": 16, "length": 64}
    yield from everywhere("map_grant_ref/v2-sub-page", [*head, sub, mapped(), status("b", 8)])
    through = {
        "grant": "permit_transitive",
        "by": "b",
        "domid": "$a.domid",
        "trans_domid": "$a.domid",
        "gref": 9,
        "ref": 8,
    }
    yield from everywhere("map_grant_ref/v2-transitive", [*head, through, mapped(), status("b", 8)])
    yield from everywhere(
        "map_grant_ref/v2-status-cleared",
        [
            *(*head, permit(1), mapped(), status("b", 8)),
            *(call("unmap_grant_ref", unmap()), status("b", 8), entry("b", 8, 2)),
        ],
    )


def map_pins() -> Iterator[Named]:
    """An entry that is mapped more than once."""
    twice = call("map_grant_ref", one(), one(host_addr="$a.room[1]"), **{"as": "m"})
    yield from everywhere("map_grant_ref/twice", [permit(1), twice, entry("b", 8)])
    yield from everywhere(
        "map_grant_ref/twice-and-unmapped-once",
        [permit(1), twice, call("unmap_grant_ref", unmap()), entry("b", 8)],
    )
    order = ["host_map|readonly", "host_map", "host_map|readonly"]
    mixed = [one(flags=f, host_addr=f"$a.room[{i}]") for i, f in enumerate(order)]
    undo = [{"host_addr": f"$a.room[{i}]", "handle": f"$m[{i}].handle"} for i in range(len(order))]
    steps: list[Line] = [permit(1), call("map_grant_ref", *mixed, **{"as": "m"}), entry("b", 8)]
    for part in (undo[1], undo[0], undo[2]):
        steps += [call("unmap_grant_ref", part), entry("b", 8)]
    yield from everywhere("map_grant_ref/readers-and-a-writer", steps)
    yield from everywhere(
        "map_grant_ref/writer-after-it-became-readonly",
        [
            *(permit(1), mapped(flags="host_map|readonly")),
            {"grant": "make_readonly", "by": "b", "ref": 8},
            call("map_grant_ref", one(host_addr="$a.room[1]")),
            entry("b", 8),
        ],
    )
    yield from everywhere(
        "map_grant_ref/pinned-by-another",
        [
            *(PV.domain("c"), permit(1), mapped()),
            {"write": "0100", "in": "b", "table": 64},
            call("map_grant_ref", one(host_addr="$c.room[0]"), caller="c"),
            entry("b", 8),
        ],
    )
    yield from everywhere(
        "map_grant_ref/changed-under-a-pin",
        [
            *(permit(1), mapped(), {"write": "0000", "in": "b", "table": 64}),
            call("map_grant_ref", one(host_addr="$a.room[1]")),
            *(call("unmap_grant_ref", unmap()), entry("b", 8)),
        ],
    )
    for name, flags in {"readers": "device_map|readonly", "writers": "device_map"}.items():
        many = [one(flags=flags, host_addr=0) for _ in range(130)]
        yield (
            f"map_grant_ref/too-many-{name}@pv64",
            Case([PV.domain("a"), PV.domain("b"), permit(1), call("map_grant_ref", *many)]),
        )
    for guest in GUESTS:
        crowd = [one(host_addr=f"$a.room[{i}]") for i in range(130)]
        yield (
            f"map_grant_ref/too-many-mappings@{guest.suffix}",
            Case([guest.domain("a"), guest.domain("b"), permit(1), call("map_grant_ref", *crowd)]),
        )


def map_handles() -> Iterator[Named]:
    """Handles run out."""
    refs = [permit(1, ref=8 + i) for i in range(4)]
    many = [one(flags="device_map", host_addr=0, ref=8 + i % 4) for i in range(260)]
    yield (
        "map_grant_ref/no-handle-left@pv64",
        Case(
            [PV.domain("a"), PV.domain("b"), *refs, call("map_grant_ref", *many)],
            {"max_maptrack_frames": 1},
        ),
    )
    yield (
        "map_grant_ref/bad-flags-before-no-handle-left@pv64",
        Case(
            [
                *(PV.domain("a"), PV.domain("b"), *refs, call("map_grant_ref", *many)),
                call("map_grant_ref", one(flags=0), one(dom=UNKNOWN_DOMAIN), one(ref=9)),
            ],
            {"max_maptrack_frames": 1},
        ),
    )


def map_addresses() -> Iterator[Named]:
    """Where it is mapped."""
    addresses = {
        "null": 0,
        "unaligned": "$a.room[0]",
        "one-byte": 1,
        "over-a-page": "$a.address[2]",
        "no-page-table": 0x7F00_0000_0000,
        "not-canonical": 0x8000_0000_0000_0000,
        "of-xen": 0xFFFF_8300_0000_0000,
        "highest-page": 0xFFFF_FFFF_FFFF_F000,
    }
    for name, address in addresses.items():
        if name == "unaligned":
            continue
        yield from everywhere(
            f"map_grant_ref/address-{name}",
            [permit(1), mapped(host_addr=address), entry("b", 8)],
            (PV,),
        )
    yield from everywhere(
        "map_grant_ref/over-a-mapping",
        [permit(1), permit(2, ref=9), mapped(), call("map_grant_ref", one(ref=9))],
        (PV,),  # one of HVM is crashed by Xen
    )
    yield from everywhere(
        "map_grant_ref/data",
        [
            *(fill("b", 1, "through a mapping"), permit(1), mapped()),
            {"read": 16, "in": "a", "address": "$a.room[0]"},
            {"write": "57524954", "in": "a", "address": "$a.room[0]", "offset": 100},
            look("b", 1, 4, offset=100),
            call("unmap_grant_ref", unmap()),
        ],
    )


def map_batches() -> Iterator[Named]:
    """Batches, counts and pointers."""
    grants = [permit(i, ref=8 + i) for i in range(4)]
    rows = [one(ref=8 + i, host_addr=f"$a.room[{i}]") for i in range(4)]
    bad = one(ref=9999)
    yield from everywhere("map_grant_ref/empty", [call("map_grant_ref", count=0)])
    yield from everywhere("map_grant_ref/four", [*grants, call("map_grant_ref", *rows)])
    yield from everywhere(
        "map_grant_ref/bad-in-the-middle", [*grants, call("map_grant_ref", rows[0], bad, rows[1])]
    )
    yield from everywhere(
        "map_grant_ref/bad-first-and-last", [*grants, call("map_grant_ref", bad, rows[0], bad)]
    )
    yield from everywhere(
        "map_grant_ref/fewer-than-there-are", [*grants, call("map_grant_ref", *rows, count=2)]
    )
    yield from everywhere(
        "map_grant_ref/many-pages-of-arguments",
        [*grants, call("map_grant_ref", *[one(ref=9999) for _ in range(400)], rows[0])],
    )
    yield (
        "map_grant_ref/fault-after-two@pv64",
        Case(
            [
                *(PV.domain("a"), PV.domain("b"), *grants),
                call("map_grant_ref", *rows, address="$a.address[7]", offset=4096 - 64, count=4),
                *(entry("b", ref) for ref in (8, 9, 10)),
            ]
        ),
    )


def unmapping() -> Iterator[Named]:
    """unmap_grant_ref."""
    base = [permit(1), mapped()]
    op = "unmap_grant_ref"
    yield from everywhere("unmap_grant_ref/okay", [*base, call(op, unmap()), entry("b", 8)])
    handles = {"unknown": 200, "far": 0xFFFFFFFF, "next": 1, "first-when-none": 0}
    for name, handle in handles.items():
        steps = [] if name == "first-when-none" else base
        yield from everywhere(
            f"unmap_grant_ref/handle-{name}", [*steps, call(op, unmap(handle=handle))]
        )
    yield from everywhere("unmap_grant_ref/twice", [*base, call(op, unmap()), call(op, unmap())])
    yield from everywhere("unmap_grant_ref/twice-in-one-batch", [*base, call(op, unmap(), unmap())])
    for name, fields in {
        "another-address": {"host_addr": "$a.room[1]"},
        "no-address": {"host_addr": 0},
        "a-device-address-that-is-none": {"dev_bus_addr": "$b.machine[1]"},
        "only-a-device-address": {"host_addr": 0, "dev_bus_addr": "$b.machine[1]"},
        "a-wrong-device-address": {"dev_bus_addr": 4096},
    }.items():
        yield from everywhere(
            f"unmap_grant_ref/by-{name}",
            [*base, call(op, unmap(**fields)), entry("b", 8), call(op, unmap()), entry("b", 8)],
        )
    yield from everywhere(
        "unmap_grant_ref/of-another-domain",
        [*base, PV.domain("c"), call(op, unmap(), caller="c"), entry("b", 8)],
    )
    yield from everywhere(
        "unmap_grant_ref/after-the-granter-died",
        [*base, {"destroy": "b"}, call(op, unmap()), call(op, unmap())],
    )
    yield from everywhere("unmap_grant_ref/empty", [call(op, count=0)])
    yield from everywhere(
        "unmap_grant_ref/bad-in-the-middle",
        [
            *(permit(1), permit(2, ref=9)),
            call("map_grant_ref", one(), one(ref=9, host_addr="$a.room[1]"), **{"as": "m"}),
            call(
                op,
                unmap(),
                unmap(handle=77),
                unmap(handle="$m[1].handle", host_addr="$a.room[1]"),
            ),
            *(entry("b", 8), entry("b", 9)),
        ],
    )
    both = [permit(1), mapped(flags="device_map|host_map")]
    device = [permit(1), mapped(flags="device_map", host_addr=0)]
    for name, first, fields in (
        ("both-by-both", both, {"dev_bus_addr": "$m[0].dev_bus_addr"}),
        ("both-by-host", both, {}),
        ("both-by-device", both, {"host_addr": 0, "dev_bus_addr": "$m[0].dev_bus_addr"}),
        ("both-by-wrong-device", both, {"dev_bus_addr": 4096}),
        ("both-by-wrong-host", both, {"host_addr": "$a.room[1]"}),
        ("device-by-device", device, {"host_addr": 0, "dev_bus_addr": "$m[0].dev_bus_addr"}),
        ("device-by-host", device, {}),
        ("device-by-nothing", device, {"host_addr": 0}),
        ("device-by-wrong", device, {"host_addr": 0, "dev_bus_addr": 8192}),
    ):
        yield from everywhere(
            f"unmap_grant_ref/{name}",
            [*first, call(op, unmap(**fields)), entry("b", 8), call(op, unmap(**fields))],
            (PV,),
        )


def replacing() -> Iterator[Named]:
    """unmap_and_replace."""
    base = [permit(1), mapped()]
    op = "unmap_and_replace"

    def row(**fields: Any) -> Line:
        return {"host_addr": "$a.room[0]", "new_addr": 0, "handle": "$m[0].handle", **fields}

    for name, fields in {
        "by-nothing": {},
        "by-a-page": {"new_addr": "$a.address[3]"},
        "by-an-empty-place": {"new_addr": "$a.room[5]"},
        "by-the-same-place": {"new_addr": "$a.room[0]"},
        "by-what-has-no-page-table": {"new_addr": 0x7F00_0000_0000},
        "unaligned": {"new_addr": 12345},
        "wrong-handle": {"handle": 99},
        "wrong-address": {"host_addr": "$a.room[1]"},
        "wrong-address-by-a-page": {"host_addr": "$a.room[1]", "new_addr": "$a.address[3]"},
        "no-address": {"host_addr": 0},
    }.items():
        yield from everywhere(
            f"unmap_and_replace/{name}",
            [*base, fill("a", 3, "in its place"), call(op, row(**fields)), entry("b", 8)],
        )
    yield from everywhere("unmap_and_replace/twice", [*base, call(op, row()), call(op, row())])
    yield from everywhere("unmap_and_replace/empty", [call(op, count=0)])
    yield from everywhere(
        "unmap_and_replace/bad-in-the-middle",
        [
            *(permit(1), permit(2, ref=9)),
            call("map_grant_ref", one(), one(ref=9, host_addr="$a.room[1]"), **{"as": "m"}),
            call(op, row(), row(handle=77), row(handle="$m[1].handle", host_addr="$a.room[1]")),
            *(entry("b", 8), entry("b", 9)),
        ],
    )
    yield (
        "unmap_and_replace/what-is-there-then@pv64",
        Case(
            [
                *(PV.domain("a"), PV.domain("b"), *base, fill("a", 3, "in its place")),
                call(op, row(new_addr="$a.address[3]")),
                {"read": 12, "in": "a", "address": "$a.room[0]"},
            ]
        ),
    )


ALL = (
    *(map_flags, map_domains, map_entries, map_version2, map_pins, map_handles),
    *(map_addresses, map_batches, unmapping, replacing),
)
