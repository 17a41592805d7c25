# SPDX-License-Identifier: MIT
"""setup_table, query_size, get_status_frames, get_version, set_version, swap_grant_ref."""

from __future__ import annotations

from collections.abc import Iterator

from cases import (
    FIRST_RESERVED,
    PV,
    UNKNOWN_DOMAIN,
    Case,
    Line,
    Named,
    call,
    entry,
    everywhere,
    permit,
    status,
    version2,
)

WHOM = {
    "self": "DOMID_SELF",
    "own-number": "$a.domid",
    "another": "$b.domid",
    "unknown": UNKNOWN_DOMAIN,
    "io": "DOMID_IO",
    "xen": "DOMID_XEN",
    "invalid": "DOMID_INVALID",
    "idle": "DOMID_IDLE",
    "first-reserved": FIRST_RESERVED,
    "highest": 0xFFFF,
}
"""Whose table it is about."""

COUNTS = (0, 2, 3, 1000)


def size(caller: str = "a") -> Line:
    """Return the call that asks for the size of the own table."""
    return call("query_size", {"dom": "DOMID_SELF"}, caller=caller)


def setting_up() -> Iterator[Named]:
    """setup_table."""
    op = "setup_table"
    for name, dom in WHOM.items():
        yield from everywhere(f"setup_table/of-{name}", [call(op, {"dom": dom, "nr_frames": 1})])
    for number in (0, 1, 2, 3, 32, 63, 64, 65, 66, 1000):
        yield from everywhere(
            f"setup_table/frames-{number}",
            [call(op, {"dom": "DOMID_SELF", "nr_frames": number}), size()],
        )
    for number in (0x10000, 0x7FFFFFFF, 0xFFFFFFFF):
        listed = {"dom": "DOMID_SELF", "nr_frames": number, "frame_list": "$a.address[0]"}
        yield from everywhere(f"setup_table/frames-{number:#x}", [call(op, listed), size()], (PV,))
    for most in (1, 2, 4):
        for number in (most, most + 1):
            steps = [call(op, {"dom": "DOMID_SELF", "nr_frames": number}), size()]
            for name, case in everywhere(f"setup_table/{number}-of-at-most-{most}", steps):
                case.choices = {"max_grant_frames": most}
                yield name, case
    yield from everywhere(
        "setup_table/smaller-than-it-is",
        [
            call(op, {"dom": "DOMID_SELF", "nr_frames": 3}),
            *(call(op, {"dom": "DOMID_SELF", "nr_frames": 1}), size()),
        ],
    )
    yield from everywhere(
        "setup_table/version-2",
        [*version2("a"), call(op, {"dom": "DOMID_SELF", "nr_frames": 2}), size()],
    )
    nowhere = {"null": 0, "empty-place": "$a.room[0]", "of-xen": 0xFFFF_8300_0000_0000}
    for number in (0, 1, 2):
        for name, at in nowhere.items():
            listed = {"dom": "DOMID_SELF", "nr_frames": number, "frame_list": at}
            more = {"lists": {"frame_list": [0]}} if not at else {}
            yield from everywhere(
                f"setup_table/{number}-frames-list-{name}",
                [call(op, listed, **more), size()],
                (PV,),
            )
    for count in COUNTS:
        asked = {"dom": "DOMID_SELF", "nr_frames": 1}
        rows = [asked] * min(count, 3)
        yield from everywhere(f"setup_table/count-{count}", [call(op, *rows, count=count)])
    for name, dom in (("another", "$a.domid"), ("unknown", UNKNOWN_DOMAIN), ("self", "DOMID_SELF")):
        for number in (1, 65):
            yield (
                f"setup_table/by-dom0-{number}-of-{name}@pv64",
                Case(
                    [
                        *(PV.domain("dom0", privileged=True), PV.domain("a")),
                        call(op, {"dom": dom, "nr_frames": number}, caller="dom0"),
                    ]
                ),
            )


def sizes() -> Iterator[Named]:
    """query_size."""
    op = "query_size"
    for name, dom in WHOM.items():
        yield from everywhere(f"query_size/of-{name}", [call(op, {"dom": dom})])
    for count in COUNTS:
        rows: list[Line] = [{"dom": "DOMID_SELF"}] * min(count, 3)
        yield from everywhere(f"query_size/count-{count}", [call(op, *rows, count=count)])
    for most in (1, 5, 64):
        for name, case in everywhere(f"query_size/at-most-{most}", [size()]):
            case.choices = {"max_grant_frames": most}
            yield name, case
    for dom in ("another", "unknown", "self"):
        asked = {"dom": {**WHOM, "another": "$a.domid"}[dom]}
        yield (
            f"query_size/by-dom0-of-{dom}@pv64",
            Case(
                [
                    *(PV.domain("dom0", privileged=True), PV.domain("a")),
                    call(op, asked, caller="dom0"),
                ]
            ),
        )
    yield from everywhere(
        "query_size/grown", [call("setup_table", {"dom": "DOMID_SELF", "nr_frames": 7}), size()]
    )
    yield from everywhere("query_size/version-2", [*version2("a"), size()])


def status_frames() -> Iterator[Named]:
    """get_status_frames."""
    op = "get_status_frames"
    for version in (1, 2):
        head = version2("a", "b") if version == 2 else []
        for number in (0, 1, 2, 5):
            listed: Line = {"dom": "DOMID_SELF", "nr_frames": number}
            yield from everywhere(
                f"get_status_frames/v{version}-{number}",
                [*head, call(op, listed)],
            )
        for name, dom in WHOM.items():
            yield from everywhere(
                f"get_status_frames/v{version}-of-{name}",
                [*head, call(op, {"dom": dom, "nr_frames": 1})],
            )
        grow = call("setup_table", {"dom": "DOMID_SELF", "nr_frames": 20})
        for number in (1, 2, 3, 4):
            yield from everywhere(
                f"get_status_frames/v{version}-{number}-of-20-frames",
                [*head, grow, call(op, {"dom": "DOMID_SELF", "nr_frames": number})],
            )
        for name, at in {"null": 0, "empty-place": "$a.room[0]"}.items():
            listed = {"dom": "DOMID_SELF", "nr_frames": 1, "frame_list": at}
            more = {"lists": {"frame_list": [0]}} if not at else {}
            yield from everywhere(
                f"get_status_frames/v{version}-list-{name}",
                [*head, call(op, listed, **more)],
                (PV,),
            )
        for count in COUNTS:
            rows = [{"dom": "DOMID_SELF", "nr_frames": 1}] * min(count, 3)
            yield from everywhere(
                f"get_status_frames/v{version}-count-{count}",
                [*head, call(op, *rows, count=count)],
            )


def versions() -> Iterator[Named]:
    """get_version and set_version."""
    for name, dom in WHOM.items():
        yield from everywhere(f"get_version/of-{name}", [call("get_version", {"dom": dom})])
    mine = call("get_version", {"dom": "DOMID_SELF"})
    yield from everywhere("get_version/2", [*version2("a"), mine])
    for count in COUNTS:
        rows = [{"dom": "DOMID_SELF"}] * max(1, min(count, 3))
        yield from everywhere(
            f"get_version/count-{count}", [call("get_version", *rows, count=count)]
        )
        rows = [{"version": 2}] * max(1, min(count, 3))
        yield from everywhere(
            f"set_version/count-{count}", [call("set_version", *rows, count=count), mine]
        )
    yield (
        "get_version/by-dom0-of-another@pv64",
        Case(
            [
                *(PV.domain("dom0", privileged=True), PV.domain("a")),
                call("get_version", {"dom": "$a.domid"}, caller="dom0"),
            ]
        ),
    )
    for number in (0, 1, 2, 3, 0xFFFFFFFF):
        yield from everywhere(
            f"set_version/{number}", [call("set_version", {"version": number}), mine]
        )
        yield from everywhere(
            f"set_version/{number}-from-2",
            [*version2("a"), call("set_version", {"version": number}), mine],
        )
        for name, case in everywhere(
            f"set_version/{number}-where-1-is-all", [call("set_version", {"version": number})]
        ):
            case.choices = {"max_version": 1}
            yield name, case
    changing = {"to-2": ([], 2, 1), "to-1": (version2("b"), 1, 2), "same": ([], 1, 1)}
    for name, (head, number, before) in changing.items():
        change = call("set_version", {"version": number}, caller="b")
        after = 1 if number == 1 else 2
        for ref in (3, 7, 8, 20):
            yield from everywhere(
                f"set_version/{name}-with-entry-{ref}",
                [*head, permit(1, ref=ref), change, entry("b", ref, after)],
            )
            pin = {"host_addr": "$a.room[0]", "flags": "host_map", "ref": ref, "dom": "$b.domid"}
            yield from everywhere(
                f"set_version/{name}-with-{ref}-pinned",
                [
                    *(*head, permit(1, ref=ref), call("map_grant_ref", pin), change),
                    call("get_version", {"dom": "DOMID_SELF"}, caller="b"),
                    entry("b", ref, after if ref < 8 else before),
                ],
            )
    through = {
        "grant": "permit_transitive",
        "by": "a",
        "domid": "$b.domid",
        "trans_domid": "$b.domid",
        "gref": 9,
    }
    back = call("set_version", {"version": 1})
    for ref in (2, 9):
        yield from everywhere(
            f"set_version/to-1-with-{ref}-transitive",
            [*version2("a"), {**through, "ref": ref}, back, mine],
        )
    wide = {"grant": "permit_access", "by": "a", "domid": "$b.domid", "frame": 1 << 32}
    for ref in (2, 9):
        yield from everywhere(
            f"set_version/to-1-with-{ref}-of-a-wide-frame",
            [*version2("a"), {**wide, "ref": ref}, back, mine],
        )


def swapping() -> Iterator[Named]:
    """swap_grant_ref."""
    op = "swap_grant_ref"
    grants = [permit(1, by="a", to="b"), permit(2, by="a", to="b", ref=9, readonly=True)]

    def row(a: int, b: int) -> Line:
        return {"ref_a": a, "ref_b": b}

    for version in (1, 2):
        head = version2("a") if version == 2 else []
        both = [entry("a", 8, version), entry("a", 9, version), entry("a", 3, version)]
        for name, one in {
            "okay": row(8, 9),
            "equal": row(8, 8),
            "with-an-empty-one": row(8, 20),
            "with-a-reserved-one": row(3, 8),
            "two-reserved-ones": row(0, 1),
            "a-beyond": row(512, 8),
            "b-beyond": row(8, 512),
            "both-beyond": row(600, 601),
            "equal-and-beyond": row(0xFFFFFFFF, 0xFFFFFFFF),
            "a-far-beyond": row(0xFFFFFFFF, 8),
        }.items():
            yield from everywhere(
                f"swap_grant_ref/v{version}-{name}", [*head, *grants, call(op, one), *both]
            )
        pin = {"host_addr": "$b.room[0]", "flags": "host_map", "ref": 8, "dom": "$a.domid"}
        pinned = call("map_grant_ref", pin, caller="b", **{"as": "m"})
        for name, one in {
            "a-pinned": row(8, 9),
            "b-pinned": row(9, 8),
            "pinned-with-itself": row(8, 8),
            "a-pinned-b-beyond": row(8, 600),
        }.items():
            yield from everywhere(
                f"swap_grant_ref/v{version}-{name}", [*head, *grants, pinned, call(op, one), *both]
            )
        undo = {"host_addr": "$b.room[0]", "handle": "$m[0].handle"}
        yield from everywhere(
            f"swap_grant_ref/v{version}-unpinned-again",
            [
                *(*head, *grants, pinned, call("unmap_grant_ref", undo, caller="b")),
                *(call(op, row(8, 9)), *both),
            ],
        )
        yield from everywhere(
            f"swap_grant_ref/v{version}-batch",
            [*head, *grants, call(op, row(8, 9), row(8, 999), row(9, 3), row(3, 8)), *both],
        )
    yield from everywhere("swap_grant_ref/empty", [call(op, count=0)])
    yield from everywhere(
        "swap_grant_ref/mapped-by-the-new-reference",
        [
            *(*grants, call(op, row(8, 9))),
            call(
                "map_grant_ref",
                {"host_addr": "$b.room[0]", "flags": "host_map", "ref": 8, "dom": "$a.domid"},
                caller="b",
            ),
            {"read": 1, "in": "b", "address": "$b.room[0]"},
        ],
    )
    yield from everywhere(
        "swap_grant_ref/status-of-v2",
        [*version2("a"), *grants, call(op, row(8, 9)), status("a", 8)],
    )


ALL = (setting_up, sizes, status_frames, versions, swapping)
