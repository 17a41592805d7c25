# SPDX-License-Identifier: MIT
"""The rig's functions, called in this process: what C code would see, without the C."""

from __future__ import annotations

import ctypes
import errno
import json
import mmap
import resource
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rig_library

from xengnt import Abi, MapFlag, Op, Status
from xengnt.conformance import fuzz
from xengnt.conformance.run import PASSED, run
from xengnt.conformance.suite import shipped
from xengnt.extension import load
from xengnt.foreign.world import Foreign
from xengnt.model import call as model_call
from xengnt.model.world import ModelWorld
from xengnt.rig import build, exports, memory
from xengnt.scenario import Scenario, play

ABI = Abi.native()
PAGE = 4096
SELF = 0x7FF0
FOR_EVER = (1 << 32) - 1


class Caller:
    """The rig as C code has it, with structs as bytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ffi, self.lib = rig_library.opened(folder)

    def domain(self, **wanted: Any) -> int:
        """Make a domain."""
        made = self.ffi.new("struct xengnt_rig_domain *")
        made.size = self.ffi.sizeof(made[0])
        kept = []
        for name, member in self.ffi.typeof(made).item.fields[1:]:
            value = wanted.pop(name, None)
            if member.type.kind == "primitive":
                setattr(made, name, -1 if value is None else value)
            elif value is not None:
                kept.append(self.ffi.new("char[]", value.encode()))
                setattr(made, name, kept[-1])
        assert not wanted
        return int(self.lib.xengnt_rig_create_domain(made))

    def page(self, domid: int, index: int) -> Any:
        """Describe a page."""
        page = self.ffi.new("struct xengnt_rig_page *")
        assert self.lib.xengnt_rig_page(domid, index, page) == 0
        return page

    def room(self, domid: int, index: int) -> int:
        """Return an address for a mapping."""
        address = self.ffi.new("uint64_t *")
        assert self.lib.xengnt_rig_room(domid, index, address) == 0
        return int(address[0])

    def at(self, address: int, size: int = PAGE) -> Any:
        """Return the bytes at an address, whatever is there."""
        return self.ffi.buffer(self.ffi.cast("char *", address), size)

    def call(self, op: str, rows: Any) -> list[dict[str, int]]:
        """Make a call that succeeds as a whole, and return what came out."""
        rc, out = self.called(op, rows)
        assert rc == 0, self.reason()
        return out

    def called(self, op: str, rows: Any) -> tuple[int, list[dict[str, int]]]:
        """Make a call, and return its result and what came out."""
        blob = ABI.encode(op, rows)
        data = self.ffi.new("char[]", blob)
        rc = self.lib.HYPERVISOR_grant_table_op(Op[op.upper()], data, len(rows))
        return int(rc), ABI.decode(op, bytes(self.ffi.buffer(data, len(blob))))

    def grant(self, domid: int, ref: int, to: int, frame: int, flags: int = 1) -> None:
        """Write an entry of version 1."""
        table = self.ffi.buffer(self.lib.xengnt_rig_table(domid, ref // 512, 0), PAGE)
        entry = ABI.encode("grant_entry_v1", [{"flags": flags, "domid": to, "frame": frame}])
        table[ref % 512 * 8 : ref % 512 * 8 + 8] = entry

    def flags(self, domid: int, ref: int) -> int:
        """Return the flags of an entry."""
        table = self.ffi.buffer(self.lib.xengnt_rig_table(domid, ref // 512, 0), PAGE)
        return int.from_bytes(table[ref % 512 * 8 : ref % 512 * 8 + 2], "little")

    def use(self, domid: int) -> dict[str, int]:
        """Return what a domain has in use."""
        use = self.ffi.new("struct xengnt_rig_use *")
        use.size = self.ffi.sizeof(use[0])
        assert self.lib.xengnt_rig_use(domid, use) == 0
        return {name: getattr(use, name) for name, _ in self.ffi.typeof(use).item.fields[1:]}

    def reason(self) -> tuple[int, str] | None:
        """Return what failed last."""
        element = self.ffi.new("uint32_t *")
        found = self.lib.xengnt_rig_reason(element)
        return (element[0], self.ffi.string(found).decode()) if found else None

    def visible(self, address: int) -> str:
        """Return the rights that the system says there are at an address."""
        for line in Path("/proc/self/maps").read_text().splitlines():
            span, rights, *_ = line.split()
            start, end = (int(part, 16) for part in span.split("-"))
            if start <= address < end:
                return rights[:2]
        return ""


@pytest.fixture
def c(rig: Path) -> Iterator[Caller]:
    """Return a rig without domains."""
    caller = Caller(rig)
    caller.lib.xengnt_rig_reset()
    yield caller
    caller.lib.xengnt_rig_reset()


@pytest.fixture
def pair(c: Caller) -> tuple[Caller, int, int]:
    """Return a rig with two domains, of which the first calls, and has been granted a page."""
    back, front = c.domain(), c.domain()
    assert c.lib.xengnt_rig_set_caller(back) == 0
    c.grant(front, 8, back, c.page(front, 5).frame)
    return c, back, front


def map_row(address: int, front: int, *, readonly: bool = False, ref: int = 8) -> dict[str, Any]:
    """Return an element that maps."""
    flags = MapFlag.HOST_MAP | (MapFlag.READONLY if readonly else 0)
    return {"host_addr": address, "flags": flags, "ref": ref, "dom": front}


# Memory


def test_a_mapped_page_is_the_granted_page(pair: tuple[Caller, int, int]) -> None:
    """Would catch a mapping that is a copy, in another place, or that outlives its handle."""
    c, back, front = pair
    at = c.room(back, 3)
    assert c.visible(at) == "--"
    [out] = c.call("map_grant_ref", [map_row(at, front)])
    assert (out["status"], c.visible(at)) == (0, "rw")
    c.at(at, 5)[:] = b"hello"
    assert bytes(c.at(c.page(front, 5).address, 5)) == b"hello"
    assert bytes(c.ffi.buffer(c.page(front, 5).bytes, 5)) == b"hello"
    assert c.visible(at - PAGE) == c.visible(at + PAGE) == "--"
    [out] = c.call("unmap_grant_ref", [{"host_addr": at, "handle": out["handle"]}])
    assert (out["status"], c.visible(at)) == (0, "--")


def test_a_page_that_is_mapped_readonly_may_only_be_read(pair: tuple[Caller, int, int]) -> None:
    """Would catch a read-only grant that can be written."""
    c, back, front = pair
    at = c.room(back, 0)
    c.call("map_grant_ref", [map_row(at, front, readonly=True)])
    assert c.visible(at) == "r-"
    assert not c.lib.xengnt_rig_bytes(back, at, 1)
    assert c.lib.xengnt_rig_bytes(back, at, 0)
    data = ABI.encode("query_size", [{"dom": SELF}])
    c.at(c.page(front, 5).address, len(data))[:] = data
    where = c.ffi.cast("void *", at)
    assert c.lib.HYPERVISOR_grant_table_op(Op.QUERY_SIZE, where, 1) == -errno.EFAULT


def test_a_page_of_the_domain_gives_way_to_a_mapping(pair: tuple[Caller, int, int]) -> None:
    """Would catch a driver's ballooned page that is not replaced, or whose bytes are lost."""
    c, back, front = pair
    own = c.page(back, 7)
    c.at(own.address, 3)[:] = b"own"
    c.at(c.page(front, 5).address, 5)[:] = b"other"
    [out] = c.call("map_grant_ref", [map_row(own.address, front)])
    assert bytes(c.at(own.address, 5)) == b"other"
    assert bytes(c.ffi.buffer(own.bytes, 3)) == b"own"
    c.call("unmap_grant_ref", [{"host_addr": own.address, "handle": out["handle"]}])
    assert c.visible(own.address) == "--"
    assert bytes(c.ffi.buffer(c.page(back, 7).bytes, 3)) == b"own"


def test_nothing_is_mapped_outside_of_a_domain(pair: tuple[Caller, int, int]) -> None:
    """Would catch a mapping that overwrites the program, or another domain."""
    c, _, front = pair
    kept = mmap.mmap(-1, PAGE)
    kept[:4] = b"kept"
    mine = ctypes.addressof(ctypes.c_char.from_buffer(kept))
    for address in (0, mine, c.page(front, 6).address, c.room(front, 0), 1 << 63, 0x10_0000_0000):
        [out] = c.call("map_grant_ref", [map_row(address, front)])
        assert out["status"] == Status.GENERAL_ERROR, hex(address)
    assert kept[:4] == b"kept"
    assert (c.use(0)["handles"], c.flags(front, 8)) == (0, 1)


def test_frames_and_addresses_lead_to_each_other(c: Caller) -> None:
    """Would catch a number that stands for another page."""
    for kind in (None, "pvh") if ABI.name == "x86_64" else (None,):
        domid = c.domain(pages=8, kind=kind)
        number = c.ffi.new("uint64_t *")
        for index in range(8):
            page = c.page(domid, index)
            inside = c.ffi.cast("void *", page.address + 17)
            assert c.lib.xengnt_rig_frame(domid, inside, number) == 0
            assert number[0] == page.frame < 1 << 32
            assert int(c.ffi.cast("uintptr_t", c.lib.xengnt_rig_address(domid, page.frame))) == (
                page.address
            )
        beyond = c.ffi.cast("void *", page.address + PAGE)
        assert c.lib.xengnt_rig_frame(domid, beyond, number) == -errno.ENOENT
        assert not c.lib.xengnt_rig_address(domid, 1 << 40)


def test_addresses_are_given_back(c: Caller) -> None:
    """Would catch domains that leave their addresses taken, or their memory open."""
    files = len(list(Path("/proc/self/fd").iterdir()))
    first = None
    for _ in range(8):
        domid = c.domain(pages=2000, domid=3)
        assert domid == 3, c.reason()
        first = first or c.page(domid, 0).address
        assert c.page(domid, 0).address == first
        assert c.lib.xengnt_rig_destroy_domain(domid) == 0
    c.lib.xengnt_rig_reset()
    assert c.visible(first) == ""
    assert len(list(Path("/proc/self/fd").iterdir())) <= files


def test_what_does_not_fit_is_refused(c: Caller) -> None:
    """Would catch a domain that is half made, or a crash, where there is no room."""
    assert c.domain(pages=1 << 40) == -errno.ENOMEM
    assert "no room" in (c.reason() or (0, ""))[1]
    assert c.domain(pages=-7) == -errno.EINVAL
    assert c.domain(abi="vax") == -errno.EINVAL
    assert c.domain(kind="arm" if ABI.name == "x86_64" else "pv") == -errno.EINVAL
    assert c.domain(domid=SELF) == -errno.EINVAL
    assert c.domain() == 0
    assert c.domain(domid=0) == -errno.EEXIST
    room = c.ffi.new("uint64_t *")
    assert c.lib.xengnt_rig_room(0, memory.WINDOW, room) == -errno.ENOSPC
    assert c.lib.xengnt_rig_page(0, 64, c.ffi.new("struct xengnt_rig_page *")) == -errno.ENOENT
    assert c.lib.xengnt_rig_destroy_domain(9) == -errno.ESRCH


# Wild arguments


def wild(c: Caller, back: int, front: int) -> Iterator[tuple[str, int, int, int]]:
    """Give pointers and counts that are none, and what Xen says of them."""
    size = ABI.struct("copy").size
    nothing = mmap.mmap(-1, 3 * PAGE)
    start = ctypes.addressof(ctypes.c_char.from_buffer(nothing))
    libc = ctypes.CDLL(None)
    assert libc.mprotect(ctypes.c_void_p(start), PAGE, mmap.PROT_READ) == 0
    assert libc.mprotect(ctypes.c_void_p(start + 2 * PAGE), PAGE, 0) == 0
    end = start + 2 * PAGE
    wild.kept = nothing  # type: ignore[attr-defined]  # as long as the addresses are used
    yield "null", 0, 1, -errno.EFAULT
    yield "the first page", 8, 1, -errno.EFAULT
    yield "unaligned", start + PAGE + 1, 2, 0
    yield "to the last byte", end - 2 * size, 2, 0
    yield "one byte too far", end - 2 * size + 1, 2, -errno.EFAULT
    yield "one struct too many", end - 2 * size, 3, -errno.EFAULT
    yield "not to be read", end, 1, -errno.EFAULT
    yield "not to be written", start, 1, -errno.EFAULT
    yield "code", int(c.ffi.cast("uintptr_t", c.lib.HYPERVISOR_grant_table_op)), 1, -errno.EFAULT
    yield "another domain's page", c.page(front, 0).address, 1, -errno.EFAULT
    yield "room with nothing in it", c.room(back, 0), 1, -errno.EFAULT
    yield "behind the last page", c.page(back, 63).address + PAGE - size + 1, 1, -errno.EFAULT
    yield "its own page", c.page(back, 0).address, 2, 0
    yield "an address that cannot be", 1 << 63, 1, -errno.EFAULT
    yield "the last bytes of all", (1 << 64) - 8, 1, -errno.EFAULT
    yield "the kernel's", 0xFFFF_FFFF_8000_0000, 1, -errno.EFAULT
    yield "a huge count", start + PAGE, 0x7FFF_FFFF, -errno.EFAULT
    yield "a negative count", start + PAGE, 0x8000_0000, -errno.EINVAL
    yield "nothing, at null", 0, 0, 0
    yield "nothing, anywhere", 12345, 0, 0


def test_wild_arguments_give_what_xen_gives(pair: tuple[Caller, int, int]) -> None:
    """Would catch a pointer that is followed instead of probed, which ends the process."""
    c, back, front = pair
    for what, address, count, expected in wild(c, back, front):
        pointer = c.ffi.cast("void *", address)
        assert c.lib.HYPERVISOR_grant_table_op(Op.COPY, pointer, count) == expected, what
        if expected:
            assert c.reason(), what


def test_probing_without_the_system_call_for_it() -> None:
    """Would catch a fallback that sees what is not there, or not what is."""
    extension = load()
    ffi, lib = extension.ffi, extension.lib
    pages = mmap.mmap(-1, 3 * PAGE)
    pages[:] = bytes(range(256)) * (3 * PAGE // 256)
    start = ctypes.addressof(ctypes.c_char.from_buffer(pages))
    assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(start), PAGE, mmap.PROT_READ) == 0
    assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(start + 2 * PAGE), PAGE, 0) == 0
    own = ffi.new("char[]", 2 * PAGE)
    here = int(ffi.cast("uintptr_t", own))
    for at, size in [
        (0, 2 * PAGE),
        (1, 5000),
        (PAGE, PAGE),
        (PAGE + 1, PAGE),
        (2 * PAGE, 1),
        (0, 0),
    ]:
        probed = lib.xengnt_peek(own, start + at, size)
        expected = bytes(ffi.buffer(own, size))
        ffi.buffer(own)[:] = bytes(2 * PAGE + 0 * len(expected))
        assert lib.xengnt_through_pipe(here, start + at, size) == probed
        assert probed or bytes(ffi.buffer(own, size)) == expected == pages[at : at + size]
        writable = at >= PAGE
        assert (lib.xengnt_poke(start + at, own, size) == 0) is (
            size == 0 or (not probed and writable)
        )
        again = lib.xengnt_through_pipe(start + at, here, size)
        assert (again == 0) is (size == 0 or (not probed and writable))


def test_every_command_probes_its_pointer(pair: tuple[Caller, int, int]) -> None:
    """Would catch an op, or a list of one, that reads or writes without looking."""
    c, back, _ = pair
    bad = c.room(back, 1)
    for op in Op:
        for address in (0, bad, 1 << 63):
            rc = c.lib.HYPERVISOR_grant_table_op(op, c.ffi.cast("void *", address), 1)
            assert rc in (-errno.EFAULT, -errno.ENOSYS), op
    for op in ("setup_table", "get_status_frames"):
        row = {"dom": SELF, "nr_frames": 1, "frame_list": bad}
        rc, [out] = c.called(op, [row])
        known = (Status.BAD_VIRT_ADDR, Status.GENERAL_ERROR)  # there is no status array
        assert (rc, out["status"]) in [(0, one) for one in known]
        assert c.called(op, [row | {"frame_list": 1 << 63}])[0] == -errno.EFAULT
    assert c.lib.HYPERVISOR_grant_table_op(77, c.ffi.NULL, 1) == -errno.ENOSYS
    assert c.lib.HYPERVISOR_grant_table_op(FOR_EVER, c.ffi.NULL, 1) == -errno.EINVAL


# Who calls


def test_each_thread_has_its_caller(pair: tuple[Caller, int, int]) -> None:
    """Would catch a calling domain, or a reason, that is another thread's."""
    c, back, front = pair
    seen: list[Any] = []

    def other() -> None:
        seen.append(c.lib.xengnt_rig_caller())
        seen.append(c.reason())
        c.lib.xengnt_rig_set_caller(front)
        c.call("map_grant_ref", [{"ref": 99999, "flags": MapFlag.HOST_MAP, "dom": back}])
        seen.append(c.lib.xengnt_rig_caller())
        seen.append(c.reason())

    c.call("unmap_grant_ref", [{"handle": 0}, {"handle": 77}])
    before = c.reason()
    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert seen[:3] == [back, None, front]
    assert "99999" in seen[3][1]
    assert c.lib.xengnt_rig_caller() == back
    assert before == (1, "handle 0x4d is none that is in use")


def test_without_a_domain_nobody_calls(c: Caller) -> None:
    """Would catch a call in the name of nobody, or of a domain of an earlier hypervisor."""
    null = c.ffi.NULL
    assert c.lib.HYPERVISOR_grant_table_op(Op.COPY, null, 0) == -errno.ESRCH
    assert c.lib.xengnt_rig_caller() == -errno.ESRCH
    assert c.lib.xengnt_rig_set_caller(0) == -errno.ESRCH
    first, second = c.domain(), c.domain()
    assert c.lib.xengnt_rig_set_caller(second) == 0
    c.lib.xengnt_rig_reset()
    assert (c.domain(), c.domain()) == (first, second)
    assert c.lib.xengnt_rig_caller() == first
    assert c.lib.xengnt_rig_set_caller(second) == 0
    c.lib.xengnt_rig_destroy_domain(second)
    assert c.lib.HYPERVISOR_grant_table_op(Op.COPY, null, 0) == -errno.ESRCH


def test_what_the_administrator_chose(c: Caller) -> None:
    """Would catch a choice that is lost on its way."""
    wanted = c.ffi.new("struct xengnt_rig_hypervisor *")
    for name, member in c.ffi.typeof(wanted).item.fields[1:]:
        if member.type.kind == "primitive":
            setattr(wanted, name, -1)
    wanted.size = c.ffi.sizeof(wanted[0])
    wanted.max_grant_frames, wanted.max_version, wanted.transfer = 3, 1, 0
    version = c.ffi.new("char[]", b"4.13")
    wanted.xen_version = version
    assert c.lib.xengnt_rig_create_hypervisor(wanted) == 0
    one, other = c.domain(), c.domain(max_grant_frames=5)
    for domid, frames in ((one, 3), (other, 5)):
        c.lib.xengnt_rig_set_caller(domid)
        [out] = c.call("query_size", [{"dom": SELF}])
        assert out["max_nr_frames"] == frames
    rc = c.called("set_version", [{"version": 2}])[0]
    assert rc == -errno.ENOSYS
    assert c.called("transfer", [{"domid": 0}])[0] == -errno.EOPNOTSUPP
    assert c.domain(transfer=1) == -errno.EOPNOTSUPP
    wanted.max_version = 9
    assert c.lib.xengnt_rig_create_hypervisor(wanted) == -errno.EINVAL
    assert c.lib.xengnt_rig_caller() == other  # it is still the old one
    assert c.lib.xengnt_rig_create_hypervisor(c.ffi.NULL) == 0
    assert c.lib.xengnt_rig_caller() == -errno.ESRCH


def test_a_struct_of_an_older_header_will_do(c: Caller) -> None:
    """Would catch reading, or writing, members that the caller's struct does not have."""
    wanted = c.ffi.new("struct xengnt_rig_domain *")
    wanted.size = c.ffi.offsetof("struct xengnt_rig_domain", "pages")
    wanted.pages = 1 << 50  # it is not there for this caller
    assert c.lib.xengnt_rig_create_domain(wanted) == 0
    use = c.ffi.new("struct xengnt_rig_use *")
    use.size = c.ffi.offsetof("struct xengnt_rig_use", "frames")
    use.frames = 77
    assert c.lib.xengnt_rig_use(0, use) == 0
    assert use.frames == 77


# What is made to fail


def test_the_nth_map_fails_and_only_that(pair: tuple[Caller, int, int]) -> None:
    """Would catch an injection that hits another element, or leaves something behind."""
    c, back, front = pair
    lib = c.lib
    assert lib.xengnt_rig_inject(back, Op.MAP_GRANT_REF, Status.NO_DEVICE_SPACE, 2, 1) == 0
    rows = [map_row(c.room(back, n), front) for n in range(5)]
    out = c.call("map_grant_ref", rows)
    assert [one["status"] for one in out] == [0, 0, Status.NO_DEVICE_SPACE, 0, 0]
    assert c.reason() == (2, "injected: GNTST_no_device_space")
    assert c.use(back)["handles"] == 4
    assert c.visible(c.room(back, 2)) == "--"
    assert [lib.xengnt_rig_heal(), lib.xengnt_rig_heal()] == [1, 0]


def test_eagain_some_times_and_for_ever(pair: tuple[Caller, int, int]) -> None:
    """Would catch a count of failures that is off by one, or one domain's that hit another."""
    c, back, front = pair
    inject = c.lib.xengnt_rig_inject
    assert inject(front, Op.MAP_GRANT_REF, Status.EAGAIN, 0, FOR_EVER) == 0
    assert inject(SELF, Op.COPY, Status.EAGAIN, 0, 3) == 0
    copies = c.call("copy", [{"source": {"domid": SELF}, "dest": {"domid": SELF}}] * 5)
    assert [one["status"] == Status.EAGAIN for one in copies] == [True] * 3 + [False] * 2
    assert c.call("map_grant_ref", [map_row(c.room(back, 0), front)])[0]["status"] == 0
    c.lib.xengnt_rig_set_caller(front)
    out = c.call("map_grant_ref", [{"flags": MapFlag.HOST_MAP, "ref": 8, "dom": back}] * 9)
    assert {one["status"] for one in out} == {Status.EAGAIN}
    assert c.lib.xengnt_rig_heal() == 12


def test_running_out_of_handles(pair: tuple[Caller, int, int]) -> None:
    """Would catch a limit that does not hold, or stays."""
    c, back, front = pair
    assert c.lib.xengnt_rig_limit_handles(back, 2) == 0
    rows = [map_row(c.room(back, n), front) for n in range(4)]
    out = c.call("map_grant_ref", rows)
    assert [one["status"] for one in out] == [0, 0, Status.NO_SPACE, Status.NO_SPACE]
    assert c.lib.xengnt_rig_heal() == 2
    assert c.call("map_grant_ref", rows[2:])[1]["status"] == 0


def test_what_cannot_be_injected(pair: tuple[Caller, int, int]) -> None:
    """Would catch an injection that is taken and then never happens."""
    c, back, _ = pair
    inject = c.lib.xengnt_rig_inject
    for domid, cmd, status, times, expected in [
        (back, Op.SET_VERSION, Status.EAGAIN, 1, -errno.EINVAL),
        (back, Op.CACHE_FLUSH, Status.EAGAIN, 1, -errno.EINVAL),
        (back, 77, Status.EAGAIN, 1, -errno.EINVAL),
        (back, Op.COPY, 0, 1, -errno.EINVAL),
        (back, Op.COPY, 5, 1, -errno.EINVAL),
        (back, Op.COPY, -99, 1, -errno.EINVAL),
        (back, Op.COPY, Status.EAGAIN, 0, -errno.EINVAL),
        (9, Op.COPY, Status.EAGAIN, 1, -errno.ESRCH),
    ]:
        assert inject(domid, cmd, status, 0, times) == expected
        assert c.reason()


# What goes wrong inside


def test_what_breaks_inside_is_a_return_code(
    pair: tuple[Caller, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Would catch a mistake in the model that crosses into C as a crash, or as success."""
    c, *_ = pair

    def broken(*_: object) -> int:
        raise ZeroDivisionError("nobody thought of this")

    monkeypatch.setattr(model_call, "grant_table_op", broken)
    assert c.lib.HYPERVISOR_grant_table_op(Op.COPY, c.ffi.NULL, 0) == -errno.EIO
    assert c.reason() == (FOR_EVER, "ZeroDivisionError: nobody thought of this")
    monkeypatch.undo()
    assert c.lib.HYPERVISOR_grant_table_op(Op.COPY, c.ffi.NULL, 0) == 0
    assert c.reason() is None


def test_words_that_are_too_long_are_cut() -> None:
    """Would catch a message that overruns its buffer, or ends within a character."""
    assert exports.cut("ä" * 5000) == ("ä" * (exports.WORDS // 2)).encode()


# Proof: what real Xen was seen to do, and random scenarios


def test_the_rig_does_what_xen_was_seen_to_do(rig: Path) -> None:
    """Would catch memory, addresses or marshalling that the model gets right and the rig not."""
    cases = list(shipped().cases())
    on = Foreign(str(rig / "lib" / build.LIBRARY))
    verdicts = [one for one in run(cases, on) if one.verdict != PASSED]
    assert len(cases) > 1000
    assert not verdicts, (verdicts[0].case.title, verdicts[0].findings, verdicts[0].why)


@pytest.mark.parametrize("seed", range(3))
def test_a_recording_plays_again_as_it_was(rig: Path, tmp_path: Path, seed: int) -> None:
    """Would catch a recording that lacks a change, a call, or a name for a number."""
    lines = fuzz.scenario(seed + 40, 150)
    scenario = Scenario.parse([json.dumps(line) for line in lines])
    world = Foreign(str(rig / "lib" / build.LIBRARY))(scenario)
    _, lib = rig_library.opened(rig)
    path = tmp_path / "seen.jsonl"
    assert lib.xengnt_rig_record(str(path).encode()) == 0
    for _ in play(scenario, world):
        pass
    lib.xengnt_rig_reset()
    recorded = Scenario.load(path)
    assert len(recorded.calls) >= 100
    wrong = [found for _, found in play(recorded, ModelWorld()) if found]
    assert not wrong, wrong[0]


def test_a_recording_that_cannot_be_written(pair: tuple[Caller, int, int], tmp_path: Path) -> None:
    """Would catch a call that fails for the recording, or one that is lost without a word."""
    c, back, front = pair
    record = c.lib.xengnt_rig_record
    assert record(str(tmp_path / "none" / "x").encode()) == -errno.ENOENT
    assert record(str(tmp_path).encode()) == -errno.EISDIR
    assert str(tmp_path) in (c.reason() or (0, ""))[1]
    assert record(b"/dev/full") == -errno.ENOSPC
    path = tmp_path / "ä b.jsonl"
    assert record(str(path).encode()) == 0
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, limit[1]))
        [out] = c.call("map_grant_ref", [map_row(c.room(back, 0), front)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert out["status"] == 0
    assert record(c.ffi.NULL) == -errno.EFBIG
    assert record(str(path).encode()) == -errno.EBUSY
    c.lib.xengnt_rig_reset()
    assert record(str(path).encode()) == 0
