# SPDX-License-Identifier: MIT
"""A machine on which there is something for each op to act upon.

Cases name what is here: ``$guest.domid``, ``$m[0].handle``. It is set up by a scenario, so
that they play on the model, on real Xen and on anybody's library alike.

Imports ``xengnt.abi``, ``xengnt.codec``, ``xengnt.dispatch``, ``xengnt.model``,
``xengnt.scenario``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from xengnt.abi.targets import PAGE_SIZE, format_version
from xengnt.codec import Abi
from xengnt.errors import InvalidValue
from xengnt.model import Domain
from xengnt.model.world import ModelWorld
from xengnt.scenario import Player, Scenario

Line = dict[str, Any]

CALLER, GUEST, OTHER, MIDDLE = "caller", "guest", "other", "middle"
"""The domains: the caller is privileged, and the guest grants it most of what it grants. The last
is only there where tables can be of version 2: what it passes on cannot be passed on again."""

GUEST_DOMID = 0x1234
"""It takes two bytes, so that what loses one of them is seen."""

OTHER_DOMID = GUEST_DOMID + 1
MIDDLE_DOMID = OTHER_DOMID + 1
NO_DOMID = MIDDLE_DOMID + 1
"""From here on there is no domain, up to those that are reserved."""

WRITABLE, READONLY = 8, 9
"""Entries of the guest for the caller."""

ACCEPTING = range(10, 16)
"""Entries of the guest that accept a page of the caller's."""

ACCEPTS_OTHERS = 16
"""One that accepts a page of the other domain's."""

MAPPED, OTHERS, EMPTY = 20, 21, 100
"""More entries of the guest: one that the caller has mapped, one for another domain, and none."""

NO_FRAME = 22
"""An entry of the guest for the caller, which grants a frame that nobody has."""

SEEN, SEEN_READONLY = 23, 24
"""Entries of the guest that the caller has mapped read-only; the second is read-only itself."""

PINNED = 3
"""The entry of the caller's that the guest has mapped; it is a reserved one."""

PASSED_ON = 8
"""The entry of the other domain that is granted to the guest."""

PART = range(1024, 2048)
"""What the entry of the other domain's that is a part of a page grants of it."""

WHOLE, PARTIAL, THROUGH, ITSELF, TO_NOBODY, UNALLOWED, TWICE = range(9, 16)
"""Entries of the other domain for the caller, where its table is of version 2: a page, a part
of one, one of the guest's that is passed on; and such that pass on one of the same domain, of
no domain, one that is not for it, and one that is passed on already."""

RESERVED_THROUGH, RESERVED_FAR = 2, 2
"""Reserved entries that no table of version 1 can have: of the other domain one that passes one
on, of the last domain one whose frame number has more than 32 bits."""

RESERVED_NEAR = 1
"""Of the last domain, a reserved one that can stay."""

NOBODY = range(0xF00_0000, 0x1000_0000)
"""Numbers of frames that no machine of ours has."""

UNMAPPED, REPLACED, DEVICE, LOOKED_AT = range(7), range(8, 14), range(14, 16), range(48, 50)
"""Rooms of the caller's with mappings: named ``m`` and ``r``, ``d`` with one for devices, and
``p`` with those that are read-only."""

FREE = 6
"""Of the first of those, the one that has been unmapped again."""

PAGES = 64
"""So many pages has each domain."""


def entries_per_frame(abi: Abi, version: int) -> int:
    """Return how many entries a frame of a grant table has."""
    tag = "grant_entry" if "grant_entry" in abi.layout.structs else f"grant_entry_v{version}"
    return PAGE_SIZE // abi.struct(tag).size


def has_second(abi: Abi) -> bool:
    """Tell whether there are tables of version 2: the other domain then has one."""
    return abi.name.startswith("x86") and "set_version" in abi.layout.ops


def setting(abi: Abi, version: int = 1, **choices: Any) -> list[Line]:
    """Return the lines of a scenario that set the stage.

    Args:
        abi: that of all domains.
        version: that of the guest's grant table.
        choices: what is chosen of Xen, as in the head of a scenario.
    """
    pv = abi.name.startswith("x86")
    here = {"by": GUEST, "domid": f"${CALLER}.domid"}
    frame = [f"${GUEST}.frame[{index}]" for index in range(8)]
    last = entries_per_frame(abi, version) - 1
    lines: list[Line] = [
        {
            "scenario": 1,
            "abi": abi.name,
            "interface_version": format_version(abi.interface_version),
            "xen_version": "4.17",
            **({"xen": choices} if choices else {}),
        },
        {"domain": CALLER, "privileged": True, "pages": PAGES},
        {"domain": GUEST, "domid": GUEST_DOMID, "pages": PAGES},
        {"domain": OTHER, "domid": OTHER_DOMID, "pages": PAGES, "max_pages": PAGES},
    ]
    if has_second(abi):
        lines.append({"domain": MIDDLE, "domid": MIDDLE_DOMID, "pages": 1})
        two = {"op": "set_version", "args": [{"version": 2}]}
        lines += [two | {"caller": OTHER}, two | {"caller": MIDDLE}]
    if version != 1:
        lines.append({"op": "set_version", "caller": GUEST, "args": [{"version": version}]})
    permit = {"grant": "permit_access", **here}
    lines += [
        {**permit, "frame": frame[0], "ref": WRITABLE},
        {**permit, "frame": frame[1], "ref": READONLY, "readonly": True},
        {**permit, "frame": frame[2], "ref": MAPPED},
        {**permit, "frame": frame[3], "ref": OTHERS, "domid": f"${OTHER}.domid"},
        {**permit, "frame": frame[4], "ref": last},
        {**permit, "frame": NOBODY[0], "ref": NO_FRAME},
        {**permit, "frame": frame[5], "ref": SEEN},
        {**permit, "frame": frame[6], "ref": SEEN_READONLY, "readonly": True},
        *({"grant": "accept_transfer", **here, "ref": ref} for ref in ACCEPTING),
        {
            "grant": "accept_transfer",
            "by": GUEST,
            "domid": f"${OTHER}.domid",
            "ref": ACCEPTS_OTHERS,
        },
        _permit(CALLER, GUEST, 8, PINNED),
        _permit(OTHER, GUEST, 0, PASSED_ON),
        _mapping("m", CALLER, GUEST, [MAPPED], UNMAPPED),
        _mapping("r", CALLER, GUEST, [MAPPED], REPLACED),
        _mapping("g", GUEST, CALLER, [PINNED], range(1)),
    ]
    if has_second(abi):
        lines += _second()
    if pv:
        lines.append(_mapping("d", CALLER, GUEST, [MAPPED], DEVICE, "host_map|device_map"))
    lines.append(
        _mapping("p", CALLER, GUEST, (SEEN, SEEN_READONLY), LOOKED_AT, "host_map|readonly")
    )
    free = {"host_addr": f"${CALLER}.room[{FREE}]", "handle": f"$m[{FREE}].handle"}
    lines.append({"op": "unmap_grant_ref", "args": [free], "results": [{"status": "okay"}]})
    return lines


def _permit(by: str, to: str, page: int, ref: int) -> Line:
    named = {"by": by, "domid": f"${to}.domid", "frame": f"${by}.frame[{page}]"}
    return {"grant": "permit_access", **named, "ref": ref}


def _second() -> list[Line]:
    """Return what the other domain grants that only tables of version 2 can."""
    caller, guest, other, middle = (f"${n}.domid" for n in (CALLER, GUEST, OTHER, MIDDLE))
    part = {"offset": PART.start, "length": len(PART)}
    here = {"by": OTHER, "domid": caller}
    frame = {**here, "frame": f"${OTHER}.frame[1]"}
    passed = {
        THROUGH: (guest, OTHERS),
        ITSELF: (other, WHOLE),
        TO_NOBODY: (NO_DOMID, OTHERS),
        UNALLOWED: (guest, WRITABLE),
        RESERVED_THROUGH: (guest, OTHERS),
        TWICE: (middle, PASSED_ON),
    }
    again = {"by": MIDDLE, "domid": other, "trans_domid": guest, "gref": OTHERS}
    return [
        {"grant": "permit_access", **frame, "ref": WHOLE},
        {"grant": "permit_sub_page", **frame, **part, "ref": PARTIAL},
        *(
            {"grant": "permit_transitive", **here, "trans_domid": to, "gref": gref, "ref": ref}
            for ref, (to, gref) in passed.items()
        ),
        {"grant": "permit_transitive", **again, "ref": PASSED_ON},
        *(
            {**here, "grant": "permit_access", "by": MIDDLE, "frame": number, "ref": ref}
            for ref, number in ((RESERVED_NEAR, f"${MIDDLE}.frame[0]"), (RESERVED_FAR, 1 << 32))
        ),
    ]


def _mapping(
    name: str,
    caller: str,
    granter: str,
    refs: Sequence[int],
    rooms: range,
    flags: str = "host_map",
) -> Line:
    rows = [
        {
            "host_addr": f"${caller}.room[{room}]",
            "flags": flags,
            "ref": refs[index % len(refs)],
            "dom": f"${granter}.domid",
        }
        for index, room in enumerate(rooms)
    ]
    results = [{"status": "okay"}] * len(rows)
    return {"op": "map_grant_ref", "caller": caller, "args": rows, "results": results, "as": name}


class Stage:
    """The stage, set on the model.

    Args:
        abi: that of all domains.
        version: that of the guest's grant table.
        choices: what is chosen of Xen, as in the head of a scenario.

    Attributes:
        caller: the domain that makes calls.
        guest: the domain that grants.
    """

    def __init__(self, abi: Abi | str, version: int = 1, **choices: Any) -> None:
        one = Abi(abi) if isinstance(abi, str) else abi
        lines = [json.dumps(line) for line in setting(one, version, **choices)]
        player = Player(Scenario.parse(lines, "the stage"), ModelWorld(**choices))
        for _, findings in player.play():
            if findings:
                raise InvalidValue(f"the stage is not as it should be: {findings[0].message}")
        self._names = player.names
        self.domains: dict[str, Domain] = {
            name: actor.backend
            for name, actor in player.actors.items()
            if isinstance(actor.backend, Domain)
        }
        self.caller, self.guest = self.domains[CALLER], self.domains[GUEST]

    def numbers(self, row: Mapping[str, int | str]) -> dict[str, int]:
        """Return a row with what its names stand for."""
        found: dict[str, int] = self._names.replaced(dict(row))
        return found


@cache
def shared_stage(abi: Abi, version: int = 1) -> Stage:
    """Return a stage to look numbers up in, on which nothing is called."""
    return Stage(abi, version)
