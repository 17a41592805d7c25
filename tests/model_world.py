# SPDX-License-Identifier: MIT
"""A machine with a few guests of every kind, and short ways to grant and to call.

Entries are written here as a guest does it: bytes into the frames of its own table.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xengnt import Abi, Dispatcher
from xengnt.abi.constants import EntryFlag, EntryType, MapFlag, Op, Status
from xengnt.abi.declarations import header
from xengnt.batch import Batch
from xengnt.model import Domain, Hypervisor

PERMIT, ACCEPT, TRANSITIVE = (
    EntryType.PERMIT_ACCESS,
    EntryType.ACCEPT_TRANSFER,
    EntryType.TRANSITIVE,
)
READONLY, SUB_PAGE = EntryFlag.READONLY, EntryFlag.SUB_PAGE
READING, WRITING = EntryFlag.READING, EntryFlag.WRITING
HOST, DEVICE, RO = MapFlag.HOST_MAP, MapFlag.DEVICE_MAP, MapFlag.READONLY

SELF = "DOMID_SELF"
RESERVED_IDS = sorted(
    constant.value
    for name, constant in header().at("x86_64").constants.items()
    if name.startswith("DOMID_") and name != "DOMID_MASK"
)

KINDS = {
    "pv64": {"abi": "x86_64"},
    "pv32": {"abi": "x86_32"},
    "hvm64": {"abi": "x86_64", "kind": "hvm"},
    "pvh32": {"abi": "x86_32", "kind": "pvh"},
    "arm64": {"abi": "arm64"},
    "arm32": {"abi": "arm32"},
}
"""The arguments that make a guest of each kind."""

_ENTRIES = Abi("x86_64")


def pair(kind: str = "pv64", **options: Any) -> tuple[Domain, Domain]:
    """Return a privileged domain and a guest, both of a kind, on a new machine."""
    hv = Hypervisor(**options)
    return (
        hv.create_domain(16, privileged=True, **KINDS[kind]),
        hv.create_domain(16, **KINDS[kind]),
    )


def write(domain: Domain, ref: int, **fields: int) -> None:
    """Write an entry of a domain's table, as the guest."""
    tag = f"grant_entry_v{domain.table.version}"
    data = _ENTRIES.encode(tag, [fields])
    frame, index = divmod(ref, 4096 // len(data))
    domain.table.frames[frame][index * len(data) : (index + 1) * len(data)] = data


def grant(domain: Domain, ref: int, to: Domain | int, page: int | None = 0, flags: int = 0) -> int:
    """Grant a page of a domain to another one, and return the entry; None is no page at all."""
    domid = to if isinstance(to, int) else to.domid
    number = 0xFFFFF if page is None else domain.frame(page)
    flags |= PERMIT
    if domain.table.version == 1:
        write(domain, ref, flags=flags, domid=domid, frame=number)
    elif flags & SUB_PAGE:
        raise AssertionError("use sub_page")
    else:
        write(
            domain,
            ref,
            **{
                "full_page.hdr.flags": flags,
                "full_page.hdr.domid": domid,
                "full_page.frame": number,
            },
        )
    return ref


def sub_page(domain: Domain, ref: int, to: Domain, page: int, start: int, length: int) -> int:
    """Grant a part of a page."""
    write(
        domain,
        ref,
        **{
            "sub_page.hdr.flags": PERMIT | SUB_PAGE,
            "sub_page.hdr.domid": to.domid,
            "sub_page.page_off": start,
            "sub_page.length": length,
            "sub_page.frame": domain.frame(page),
        },
    )
    return ref


def pass_on(domain: Domain, ref: int, to: Domain, other: Domain | int, gref: int) -> int:
    """Pass on a grant of another domain."""
    write(
        domain,
        ref,
        **{
            "transitive.hdr.flags": TRANSITIVE,
            "transitive.hdr.domid": to.domid,
            "transitive.trans_domid": other if isinstance(other, int) else other.domid,
            "transitive.gref": gref,
        },
    )
    return ref


def accept(domain: Domain, ref: int, giver: Domain, number: int = 0) -> int:
    """Accept a page from another domain."""
    if domain.table.version == 1:
        write(domain, ref, flags=ACCEPT, domid=giver.domid, frame=number)
    else:
        write(
            domain,
            ref,
            **{"full_page.hdr.flags": ACCEPT, "full_page.hdr.domid": giver.domid},
        )
    return ref


def entry(domain: Domain, ref: int) -> dict[str, Any]:
    """Return what is in an entry of a domain's table."""
    tag = f"grant_entry_v{domain.table.version}"
    size = _ENTRIES.struct(tag).size
    frame, index = divmod(ref, 4096 // size)
    data = domain.table.frames[frame][index * size : (index + 1) * size]
    return _ENTRIES.decode(tag, bytes(data))[0]


def in_use(domain: Domain, ref: int) -> int:
    """Return the in-use bits of an entry, wherever this version has them."""
    if domain.table.version == 1:
        return int(entry(domain, ref)["flags"] & (READING | WRITING))
    words = b"".join(bytes(frame) for frame in domain.table.status_frames)
    return int.from_bytes(words[2 * ref : 2 * ref + 2], "little")


def call(domain: Domain, op: str, /, **columns: Any) -> Batch:
    """Make a call."""
    return Dispatcher(domain).call(op, **columns)


def raw(
    domain: Domain, cmd: int, data: bytes = b"", count: int = 1, address: int | None = None
) -> tuple[int, bytes]:
    """Make a bare call, and return its result and the bytes after it."""
    at = address
    if at is None:
        at = domain.memory.allocate(len(data)) if data else 0
        domain.memory.write(at, data)
    rc = domain.call(cmd, at, count)
    return rc, domain.memory.read(at, len(data)) if data else b""


def status(domain: Domain, op: str, /, **columns: Any) -> Status:
    """Make a call of one element that succeeds as a call, and return its status.

    A status other than okay has a reason in words.
    """
    batch = call(domain, op, **columns)
    assert batch.rc == 0
    (one,) = batch.status
    assert isinstance(one, Status)
    told = [index for index, text in domain.reasons if text]
    assert told == ([] if one is Status.OKAY else [0]), domain.reasons
    return one


def rc(domain: Domain, op: str, /, **columns: Any) -> int:
    """Make a call, and return its result; a negative one has a reason."""
    result = call(domain, op, **columns).rc
    assert bool(domain.reasons) is (result < 0)
    return result


def map_one(domain: Domain, other: Domain | int, ref: int, **fields: Any) -> int:
    """Map an entry for the CPU, or as the fields say, and return the handle."""
    domid = other if isinstance(other, int) else other.domid
    columns = {"host_addr": [0], "flags": DEVICE, "ref": ref, "dom": domid}
    if domain.translated:
        columns |= {"host_addr": [domain.reserve()], "flags": HOST}
    handle = call(domain, "map_grant_ref", **{**columns, **fields}).raise_for_status().handle[0]
    return int(handle)


def pages(domain: Domain, count: int) -> Sequence[int]:
    """Return addresses for mappings."""
    first = domain.reserve(count)
    return range(first, first + count * 4096, 4096)


OPS = {op.name.lower(): int(op) for op in Op}
