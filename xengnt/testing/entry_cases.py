# SPDX-License-Identifier: MIT
"""The cases of entries of grant tables, of both versions.

Imports ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from xengnt.abi.bits import ACCEPT_TRANSFER, PERMIT_ACCESS, READONLY, SUB_PAGE, TRANSITIVE
from xengnt.abi.constants import Status
from xengnt.abi.targets import PAGE_SIZE
from xengnt.testing import stage
from xengnt.testing.case import Case
from xengnt.testing.maker import REFS, Maker
from xengnt.testing.stage import CALLER, GUEST, OTHER


def _entry_v1(make: Maker) -> Iterator[Case]:
    yield from _whole(make, "")
    transitive = {"flags": (TRANSITIVE,)}
    yield make.wrong("flags/transitive", transitive, Status.GENERAL_ERROR)


def _whole(make: Maker, view: str) -> Iterator[Case]:
    """Give the cases of an entry that is about a whole page."""
    header = f"{view}.hdr." if view else ""
    flags, frame = f"{header}flags", f"{view}.frame" if view else "frame"
    pages = tuple(f"${GUEST}.frame[{page}]" for page in range(4))
    make.base = {
        flags: (PERMIT_ACCESS,),
        f"{header}domid": (f"${CALLER}.domid",),
        frame: pages,
    }
    yield make.valid("page", make.base)
    yield make.valid("readonly page", {**make.base, flags: (PERMIT_ACCESS | READONLY,)})
    accepts = {**make.base, flags: (ACCEPT_TRANSFER,), frame: (0,)}
    yield replace(make.valid("accepts a transfer", accepts), status=None)
    caching = tuple(PERMIT_ACCESS | bits << 5 for bits in range(1, 8))
    yield make.edge("caching", {flags: caching})
    yield make.wrong(f"{flags}/nothing", {flags: (0,)}, Status.GENERAL_ERROR)
    yield from make.frames(frame, f"${CALLER}.frame[9]", Status.BAD_PAGE)


def _entry_v2(make: Maker) -> Iterator[Case]:
    yield from _whole(make, "full_page")
    yield from make.domids()
    header = {"domid": (f"${CALLER}.domid",)}
    make.base = {
        "sub_page.hdr.flags": (PERMIT_ACCESS | SUB_PAGE,),
        "sub_page.hdr.domid": header["domid"],
        "sub_page.page_off": range(PAGE_SIZE // 2 + 1),
        "sub_page.length": range(1, PAGE_SIZE // 2 + 1),
        "sub_page.frame": tuple(f"${GUEST}.frame[{page}]" for page in range(4)),
    }
    yield make.valid("part of a page", make.base)
    whole = {"sub_page.page_off": (0,), "sub_page.length": (PAGE_SIZE,)}
    yield make.edge("part that is all", whole)
    last = {"sub_page.page_off": (PAGE_SIZE - 1,), "sub_page.length": (1,)}
    yield make.edge("part that is the last byte", last)
    start = {"sub_page.page_off": range(PAGE_SIZE, 1 << 16)}
    yield make.wrong("sub_page.page_off/beyond", start, Status.BAD_COPY_ARG)
    long = {"sub_page.length": range(PAGE_SIZE + 1, 1 << 16)}
    yield make.wrong("sub_page.length/beyond", long, None)
    yield make.wrong("sub_page.length/nothing", {"sub_page.length": (0,)}, Status.GENERAL_ERROR)
    yield from make.domids()
    make.base = {
        "transitive.hdr.flags": (TRANSITIVE,),
        "transitive.hdr.domid": header["domid"],
        "transitive.trans_domid": (f"${OTHER}.domid",),
        "transitive.gref": (stage.PASSED_ON,),
    }
    yield make.valid("passed on", make.base)
    itself = {"transitive.trans_domid": (f"${GUEST}.domid",)}
    yield make.wrong("transitive.trans_domid/itself", itself, Status.GENERAL_ERROR)
    beyond = {"transitive.gref": range(1 << 20, REFS)}
    yield make.wrong("transitive.gref/beyond", beyond, Status.BAD_GNTREF)
    empty = {"transitive.gref": (stage.EMPTY,)}
    yield make.wrong("transitive.gref/empty", empty, Status.GENERAL_ERROR)


ENTRIES: dict[str, Callable[[Maker], Iterator[Case]]] = {
    "grant_entry": _entry_v1,
    "grant_entry_v1": _entry_v1,
    "grant_entry_v2": _entry_v2,
}
