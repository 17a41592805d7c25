# SPDX-License-Identifier: MIT
"""copy, transfer and cache_flush."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cases import (
    PV,
    PVH,
    UNKNOWN_DOMAIN,
    Case,
    Line,
    Named,
    bare,
    call,
    entry,
    everywhere,
    fill,
    look,
    permit,
    status,
    version2,
)

PAGE = 4096


def side(name: str, what: str, value: Any, domid: Any, offset: int) -> Line:
    """Return the fields of one side of a copy."""
    return {f"{name}.u.{what}": value, f"{name}.domid": domid, f"{name}.offset": offset}


def by_ref(name: str, ref: int = 8, dom: Any = "$b.domid", offset: int = 0) -> Line:
    """Return a side that is a grant."""
    return side(name, "ref", ref, dom, offset)


def by_frame(
    name: str, frame: Any = "$a.frame[0]", dom: Any = "DOMID_SELF", offset: int = 0
) -> Line:
    """Return a side that is a frame."""
    return side(name, "gmfn", frame, dom, offset)


FLAGS = {(False, False): 0, (True, False): 1, (False, True): 2, (True, True): 3}


def row(source: Line, dest: Line, length: int = 8, flags: int | None = None) -> Line:
    """Return an element; which sides are grants is told by their fields."""
    grants = ("source.u.ref" in source, "dest.u.ref" in dest)
    return {**source, **dest, "len": length, "flags": FLAGS[grants] if flags is None else flags}


def data(*names: str) -> list[Line]:
    """Return the lines that put text into pages 0 and 1 of domains."""
    return [fill(one, page, f"{one}{page} has this") for one in names for page in (0, 1)]


def pages() -> list[Line]:
    """Return the lines that look at what pages have then."""
    return [look("a", 0), look("a", 1), look("b", 0), look("b", 1)]


def copy(*rows: Line, **more: Any) -> Line:
    """Return the call."""
    return call("copy", *rows, **more)


def moving() -> Iterator[Named]:
    """Copies that work, each way."""
    head = [*data("a", "b"), permit(0), permit(1, ref=9)]
    for name, one in {
        "frame-to-frame": row(by_frame("source"), by_frame("dest", "$a.frame[1]")),
        "grant-to-frame": row(by_ref("source"), by_frame("dest")),
        "frame-to-grant": row(by_frame("source"), by_ref("dest")),
        "grant-to-grant": row(by_ref("source"), by_ref("dest", 9)),
        "frame-to-itself": row(by_frame("source"), by_frame("dest", offset=8)),
        "frame-to-itself-same-place": row(by_frame("source"), by_frame("dest")),
        "overlapping-forward": row(by_frame("source"), by_frame("dest", offset=3)),
        "overlapping-backward": row(by_frame("source", offset=3), by_frame("dest")),
        "grant-to-itself": row(by_ref("source"), by_ref("dest", offset=8)),
        "one-byte": row(by_ref("source"), by_frame("dest"), 1),
        "a-page": row(by_ref("source"), by_frame("dest"), PAGE),
        "last-byte": row(by_ref("source", offset=PAGE - 1), by_frame("dest", offset=PAGE - 1), 1),
        "up-to-the-end": row(by_ref("source", offset=PAGE - 8), by_frame("dest", offset=PAGE - 8)),
    }.items():
        yield from everywhere(f"copy/{name}", [*head, copy(one), *pages(), entry("b", 8)])
    readonly = [*data("a", "b"), permit(0, readonly=True)]
    yield from everywhere(
        "copy/from-a-readonly-grant",
        [*readonly, copy(row(by_ref("source"), by_frame("dest"))), *pages()],
    )
    yield from everywhere(
        "copy/to-a-readonly-grant",
        [*readonly, copy(row(by_frame("source"), by_ref("dest"))), *pages(), entry("b", 8)],
    )
    own = permit(1, by="a", to="a")
    for name, dom in {"number": "$a.domid", "self": "DOMID_SELF"}.items():
        yield from everywhere(
            f"copy/own-grant-by-{name}",
            [
                *data("a", "b"),
                own,
                copy(row(by_ref("source", dom=dom), by_frame("dest"))),
                *pages(),
            ],
        )


def lengths() -> Iterator[Named]:
    """Offsets and lengths."""
    head = [*data("a", "b"), permit(0)]
    for where in ("source", "dest"):
        for offset, length in (
            *((0, 0), (0, PAGE), (0, PAGE + 1), (1, PAGE), (1, PAGE - 1), (PAGE - 1, 1)),
            *((PAGE - 1, 2), (PAGE, 0), (PAGE, 1), (PAGE + 1, 0), (0xFFFF, 1), (0xFFFF, 0xFFFF)),
            (0, 0xFFFF),
        ):
            for kind in ("grant", "frame"):
                make = by_ref if kind == "grant" else by_frame
                one = make(where, offset=offset)
                other = by_frame("dest" if where == "source" else "source", "$a.frame[1]")
                sides = (one, other) if where == "source" else (other, one)
                yield from everywhere(
                    f"copy/{where}-{kind}-offset-{offset}-length-{length}",
                    [*head, copy(row(*sides, length)), *pages()],
                    (PV,) if kind == "frame" else (PV, PVH),
                )


def whose() -> Iterator[Named]:
    """Domains, references and frames of each side."""
    head = [*data("a", "b"), permit(0), permit(1, ref=9, readonly=True), permit(2, to="b", ref=10)]
    bad: dict[str, Any] = {
        "unknown-domain": by_ref("", dom=UNKNOWN_DOMAIN),
        "domain-io": by_ref("", dom="DOMID_IO"),
        "domain-xen": by_ref("", dom="DOMID_XEN"),
        "domain-invalid": by_ref("", dom="DOMID_INVALID"),
        "domain-idle": by_ref("", dom="DOMID_IDLE"),
        "own-reference-that-is-none": by_ref("", dom="DOMID_SELF"),
        "ref-beyond": by_ref("", 512),
        "ref-far-beyond": by_ref("", 0xFFFFFFFF),
        "ref-not-granted": by_ref("", 30),
        "ref-granted-to-another": by_ref("", 10),
        "frame-nowhere": by_frame("", 0xFFFFFFF),
        "frame-far": by_frame("", 0xFFFFFFFF),
        "frame-with-own-number": by_frame("", dom="$a.domid"),
        "frame-of-another": by_frame("", "$b.frame[0]", "$b.domid"),
        "frame-of-another-as-own": by_frame("", "$b.frame[0]"),
        "frame-with-unknown-domain": by_frame("", dom=UNKNOWN_DOMAIN),
        "frame-with-domain-io": by_frame("", dom="DOMID_IO"),
    }
    for name, fields in bad.items():
        here = {
            where: {f"{where}{key}": v for key, v in fields.items()} for where in ("source", "dest")
        }
        grant = any(key.endswith("ref") for key in fields)
        for where in ("source", "dest"):
            other = by_frame("dest" if where == "source" else "source", "$a.frame[1]")
            sides = (here["source"], other) if where == "source" else (other, here["dest"])
            yield from everywhere(
                f"copy/{where}-{name}", [*head, copy(row(*sides)), *pages(), entry("b", 8)]
            )
        yield from everywhere(
            f"copy/both-{name}",
            [*head, copy(row(here["source"], here["dest"], flags=3 if grant else 0))],
        )
        yield from everywhere(
            f"copy/source-{name}-and-too-long",
            [*head, copy(row(here["source"], by_frame("dest", "$a.frame[1]"), PAGE + 1))],
        )
    foreign = "$b.frame[0]"
    yield from everywhere(
        "copy/bad-source-before-a-frame-of-another",
        [*head, copy(row(by_ref("source", 30), by_frame("dest", foreign, "$b.domid")))],
    )
    yield from everywhere(
        "copy/frame-of-another-before-a-bad-dest",
        [*head, copy(row(by_frame("source", foreign, "$b.domid"), by_ref("dest", 30)))],
    )
    yield from everywhere(
        "copy/unknown-domain-of-dest-before-a-frame-of-another",
        [
            *head,
            copy(row(by_frame("source", foreign, "$b.domid"), by_ref("dest", dom=UNKNOWN_DOMAIN))),
        ],
    )
    yield from everywhere(
        "copy/bad-source-before-bad-dest",
        [*head, copy(row(by_ref("source", 999), by_ref("dest", dom=UNKNOWN_DOMAIN)))],
    )
    yield from everywhere(
        "copy/bad-domain-of-dest-before-bad-source",
        [*head, copy(row(by_ref("source", 30), by_ref("dest", dom=UNKNOWN_DOMAIN)))],
    )


def copy_flags() -> Iterator[Named]:
    """Bits of the flags."""
    head = [*data("a", "b"), permit(0)]
    sides = by_frame("source"), by_frame("dest", "$a.frame[1]")
    for bit in range(2, 16):
        yield from everywhere(
            f"copy/flag-bit-{bit}", [*head, copy(row(*sides, flags=1 << bit)), *pages()], (PV,)
        )
    yield from everywhere(
        "copy/all-flags-but-two", [*head, copy(row(*sides, flags=0xFFFC)), *pages()]
    )


def copy_version2() -> Iterator[Named]:
    """Sub-pages and what is passed on."""
    head = [*version2("b"), *data("a", "b")]
    sub = {**permit(0), "grant": "permit_sub_page", "offset": 64, "length": 32}
    for offset, length in (
        (64, 32),
        (64, 1),
        (95, 1),
        (63, 1),
        (96, 1),
        (64, 33),
        (0, 8),
        (95, 2),
        (64, 0),
    ):
        for where in ("source", "dest"):
            grant = by_ref(where, offset=offset)
            other = by_frame("dest" if where == "source" else "source", "$a.frame[1]")
            sides = (grant, other) if where == "source" else (other, grant)
            yield from everywhere(
                f"copy/{where}-sub-page-64-to-96-offset-{offset}-length-{length}",
                [*head, sub, copy(row(*sides, length)), *pages(), status("b", 8)],
            )
    yield from everywhere(
        "copy/to-a-readonly-sub-page",
        [
            *head,
            {**sub, "readonly": True},
            copy(row(by_frame("source"), by_ref("dest", offset=64))),
        ],
    )
    yield from everywhere(
        "copy/v2-whole-page",
        [*head, permit(0), copy(row(by_ref("source"), by_frame("dest"))), *pages()],
    )

    def chain(**fields: Any) -> Line:
        return {
            "grant": "permit_transitive",
            "by": "b",
            "domid": "$a.domid",
            "trans_domid": "$c.domid",
            "gref": 8,
            "ref": 8,
            **fields,
        }

    third = [PV.domain("c"), fill("c", 0, "c0 has this")]
    take = copy(row(by_ref("source"), by_frame("dest")))
    give = copy(row(by_frame("source"), by_ref("dest")))
    for name, grants in {
        "": [permit(0, by="c", to="b"), chain()],
        "-readonly": [permit(0, by="c", to="b", readonly=True), chain()],
        "-not-granted": [chain()],
        "-granted-to-another": [permit(0, by="c", to="a"), chain()],
        "-beyond": [chain(gref=9999)],
        "-unknown-domain": [chain(trans_domid=UNKNOWN_DOMAIN)],
        "-back-to-the-caller": [permit(0, by="a", to="b"), chain(trans_domid="$a.domid")],
        "-to-itself": [chain(trans_domid="$b.domid", gref=9), permit(0, ref=9, to="b")],
    }.items():
        for verb, act in (("from", take), ("to", give)):
            yield from everywhere(
                f"copy/{verb}-a-transitive-grant{name}",
                [
                    *third,
                    *head,
                    *grants,
                    act,
                    look("a", 0),
                    look("c", 0),
                    status("b", 8),
                    entry("c", 8),
                ],
            )
    second = {
        "grant": "permit_transitive",
        "by": "c",
        "domid": "$b.domid",
        "trans_domid": "$a.domid",
        "gref": 8,
        "ref": 8,
    }
    yield from everywhere(
        "copy/from-a-transitive-grant-of-two-levels",
        [
            *third,
            *version2("c"),
            *head,
            second,
            chain(),
            permit(0, by="a", to="c"),
            take,
            look("a", 0),
        ],
    )
    part = {"grant": "permit_sub_page", "by": "c", "domid": "$b.domid", "frame": "$c.frame[0]"}
    yield from everywhere(
        "copy/from-a-transitive-grant-of-a-sub-page",
        [
            *third,
            *version2("c"),
            *head,
            {**part, "offset": 0, "length": 4, "ref": 8},
            chain(),
            take,
            look("a", 0),
        ],
    )
    many = copy(
        *[row(by_ref("source", offset=i), by_frame("dest", offset=i), 1) for i in range(20)]
    )
    yield from everywhere(
        "copy/many-from-a-transitive-grant",
        [*third, *head, permit(0, by="c", to="b"), chain(), many, look("a", 0, 20), entry("c", 8)],
    )


def copy_batches() -> Iterator[Named]:
    """Batches, counts and pins."""
    head = [*data("a", "b"), permit(0), permit(1, ref=9)]
    good = row(by_ref("source"), by_frame("dest"))
    bad = row(by_ref("source", 999), by_frame("dest"))
    yield from everywhere("copy/empty", [call("copy", count=0)])
    yield from everywhere("copy/bad-in-the-middle", [*head, copy(good, bad, good), *pages()])
    yield from everywhere(
        "copy/fewer-than-there-are", [*head, copy(good, good, bad, count=1), *pages()]
    )
    yield from everywhere("copy/300", [*head, copy(*[good] * 300), entry("b", 8)])
    yield from everywhere(
        "copy/300-with-bad-ones", [*head, copy(*[good, bad, bad] * 100), entry("b", 8)]
    )
    steps = [row(by_frame("source", "$a.frame[0]"), by_frame("dest", "$a.frame[1]"), 4)]
    steps.append(row(by_frame("source", "$a.frame[1]"), by_ref("dest"), 4))
    steps.append(row(by_ref("source"), by_frame("dest", "$a.frame[2]"), 4))
    yield from everywhere(
        "copy/each-sees-the-one-before", [*head, copy(*steps), *pages(), look("a", 2)]
    )
    pin = {"host_addr": "$a.room[0]", "flags": "host_map", "ref": 8, "dom": "$b.domid"}
    for name, flags in {"reader": "host_map|readonly", "writer": "host_map"}.items():
        yield from everywhere(
            f"copy/from-what-a-{name}-has-mapped",
            [
                *head,
                call("map_grant_ref", {**pin, "flags": flags}),
                copy(good),
                *pages(),
                entry("b", 8),
            ],
        )
        yield from everywhere(
            f"copy/to-what-a-{name}-has-mapped",
            [
                *(*head, call("map_grant_ref", {**pin, "flags": flags})),
                *(copy(row(by_frame("source"), by_ref("dest"))), *pages(), entry("b", 8)),
            ],
        )
    yield (
        "copy/fault-after-two@pv64",
        Case(
            [
                *(PV.domain("a"), PV.domain("b"), *head),
                copy(*[good] * 4, address="$a.address[7]", offset=PAGE - 2 * 40, count=4),
            ]
        ),
    )
    yield from everywhere("copy/from-a-dead-domain", [*head, {"destroy": "b"}, copy(good)])


def transferring() -> Iterator[Named]:
    """transfer, for PV guests only."""
    op = "transfer"
    accept = {"grant": "accept_transfer", "by": "b", "domid": "$a.domid", "frame": 0, "ref": 8}

    def gone(**fields: Any) -> Line:
        return {"mfn": "$a.frame[1]", "domid": "$b.domid", "ref": 8, **fields}

    for name, steps in {
        "okay": [accept, fill("a", 1, "goes away"), call(op, gone()), entry("b", 8)],
        "frame-nowhere": [accept, call(op, gone(mfn=0xFFFFFFF)), entry("b", 8)],
        "frame-of-another": [accept, call(op, gone(mfn="$b.frame[1]")), entry("b", 8)],
        "not-accepted": [call(op, gone())],
        "permitted-instead": [permit(1), call(op, gone()), entry("b", 8)],
        "accepted-from-another": [{**accept, "domid": "$b.domid"}, call(op, gone()), entry("b", 8)],
        "beyond-the-table": [accept, call(op, gone(ref=9999))],
        "unknown-domain": [accept, call(op, gone(domid=UNKNOWN_DOMAIN))],
        "domain-self": [accept, call(op, gone(domid="DOMID_SELF"))],
        "domain-io": [accept, call(op, gone(domid="DOMID_IO"))],
        "to-itself": [
            {**accept, "by": "a"},
            *(call(op, gone(domid="$a.domid")), entry("a", 8)),
        ],
        "twice-into-one-entry": [
            *(accept, call(op, gone(), gone(mfn="$a.frame[2]")), entry("b", 8)),
        ],
        "the-same-frame-twice": [
            *(accept, {**accept, "ref": 9}, call(op, gone(), gone(ref=9)), entry("b", 9)),
        ],
        "bad-in-the-middle": [
            *(accept, {**accept, "ref": 9}),
            call(op, gone(), gone(mfn=0xFFFFFFF), gone(mfn="$a.frame[2]", ref=9)),
            *(entry("b", 8), entry("b", 9)),
        ],
        "a-page-that-is-granted": [
            *(accept, permit(1, by="a", to="b", ref=20), call(op, gone()), entry("a", 20)),
        ],
        "a-page-that-is-mapped": [
            *(accept, permit(1, by="a", to="b", ref=20)),
            call(
                "map_grant_ref",
                {"host_addr": "$b.room[0]", "flags": "host_map", "ref": 20, "dom": "$a.domid"},
                caller="b",
            ),
            *(call(op, gone()), entry("b", 8)),
        ],
        "a-page-that-is-lost": [
            *(permit(1, by="a", to="b", ref=20), call(op, gone())),
            copy(
                row(by_ref("source", 20, "$a.domid"), by_frame("dest", "$b.frame[0]")), caller="b"
            ),
        ],
        "empty": [call(op, count=0)],
    }.items():
        yield from everywhere(f"transfer/{name}", steps)
    yield (
        "transfer/and-taken@pv64",
        Case(
            [
                *(PV.domain("a"), PV.domain("b"), accept),
                *(fill("a", 1, "goes away"), call(op, gone())),
                {"grant": "end_transfer", "by": "b", "ref": 8, "as": "got"},
                copy(row(by_frame("source", "$got"), by_frame("dest", "$b.frame[2]")), caller="b"),
                look("b", 2),
            ]
        ),
    )
    yield (
        "transfer/no-headroom@pv64",
        Case(
            [PV.domain("a"), PV.domain("b", max_pages=8), accept, call(op, gone()), entry("b", 8)]
        ),
    )
    yield (
        "transfer/to-a-version-2-table@pv64",
        Case(
            [
                PV.domain("a"),
                PV.domain("b"),
                *version2("b"),
                accept,
                call(op, gone()),
                entry("b", 8, 2),
            ]
        ),
    )
    yield (
        "transfer/to-a-pvh-guest@pv64",
        Case([PV.domain("a"), PVH.domain("b"), accept, call(op, gone()), entry("b", 8)]),
    )


def flushing() -> Iterator[Named]:
    """cache_flush: on x86 until Xen 4.20."""
    op = "cache_flush"

    def one(**fields: Any) -> Line:
        return {"a.dev_bus_addr": "$a.machine[0]", "length": 64, "op": 3, **fields}

    for name, fields in {
        "clean": {"op": 1},
        "inval": {"op": 2},
        "clean-and-inval": {},
        "nothing": {"op": 0},
        "by-reference": {"op": 1 << 31 | 1},
        "undefined-bit": {"op": 4},
        "undefined-bit-and-clean": {"op": 5},
        "length-0": {"length": 0},
        "length-1": {"length": 1},
        "a-page": {"length": PAGE},
        "more-than-a-page": {"length": PAGE + 1},
        "offset-at-the-end": {"offset": PAGE - 1, "length": 1},
        "offset-beyond": {"offset": PAGE, "length": 0},
        "offset-beyond-by-far": {"offset": 0xFFFF, "length": 1},
        "sum-beyond": {"offset": PAGE - 63},
        "sum-at-the-end": {"offset": PAGE - 64},
        "frame-nowhere": {"a.dev_bus_addr": 0xFFFFFFF << 12},
        "frame-far": {"a.dev_bus_addr": 0xFFFF_FFFF_FFFF_F000},
        "frame-of-another": {"a.dev_bus_addr": "$b.machine[0]"},
        "nothing-of-a-frame-nowhere": {"a.dev_bus_addr": 0xFFFFFFF << 12, "op": 0},
        "length-0-of-a-frame-nowhere": {"a.dev_bus_addr": 0xFFFFFFF << 12, "length": 0},
        "undefined-bit-and-sum-beyond": {"op": 4, "offset": PAGE - 1},
    }.items():
        yield from everywhere(f"cache_flush/{name}", [call(op, one(**fields))])
    pin = {"host_addr": "$a.room[0]", "flags": "host_map", "ref": 8, "dom": "$b.domid"}
    for name, flags in {
        "host": "host_map",
        "readonly": "host_map|readonly",
        "device": "device_map",
    }.items():
        yield (
            f"cache_flush/frame-of-another-mapped-{name}@pv64",
            Case(
                [
                    *(PV.domain("a"), PV.domain("b"), permit(0)),
                    call("map_grant_ref", {**pin, "flags": flags}),
                    *(
                        call(op, one(**{"a.dev_bus_addr": "$b.machine[0]", "op": bits}))
                        for bits in (1, 2, 3)
                    ),
                ]
            ),
        )
    yield from everywhere("cache_flush/empty", [call(op, count=0)])
    yield from everywhere("cache_flush/three", [call(op, one(), one(), one())])
    yield from everywhere(
        "cache_flush/stops-at-the-first", [call(op, one(), one(op=4), one(length=PAGE + 1))]
    )
    yield from everywhere("cache_flush/bits-above-the-command", [bare(0x1000 | 12, count=0)])


ALL = (
    *(moving, lengths, whose, copy_flags, copy_version2, copy_batches),
    *(transferring, flushing),
)
