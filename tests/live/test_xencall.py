# SPDX-License-Identifier: MIT
"""Calls of a Linux dom0 to the Xen that it runs on. ``tests/test_live_dom0.py`` runs these.

Nothing is skipped: where these tests run, all that they need is there.
"""

from __future__ import annotations

import errno
import gc
import json
import mmap
import os
import random
from collections.abc import Iterator
from ctypes import addressof, c_char, memmove, string_at
from pathlib import Path
from typing import Any

import pytest
from live.gntalloc import PAGE, Granted

import xengnt
from xengnt import (
    CopyFlag,
    Dispatcher,
    Domid,
    GrantError,
    InvalidValue,
    MapFlag,
    Op,
    Recorder,
    Status,
    Unavailable,
    XenCall,
)
from xengnt.backends import xencall
from xengnt.cli import main

NOWHERE = 0xFFFFFF
"""A reference beyond every table."""

BY_REF = CopyFlag.SOURCE_GREF | CopyFlag.DEST_GREF


@pytest.fixture(scope="module")
def xen() -> Dispatcher:
    """Return a dispatcher that every op gets through."""
    return Dispatcher(XenCall(unsafe=True))


@pytest.fixture(scope="module")
def safe() -> Dispatcher:
    """Return a dispatcher as it is by default."""
    return Dispatcher(XenCall())


@pytest.fixture
def pages() -> Iterator[Granted]:
    """Return two pages that dom0 grants to itself, the first one filled."""
    with Granted(2) as granted:
        granted.memory[:PAGE] = random.Random(6).randbytes(PAGE)
        yield granted


def copies(pages: Granted, *places: tuple[int, int, int]) -> list[dict[str, Any]]:
    """Return copies from the first page to the second: from, to, length."""
    source, dest = pages.refs
    return [
        {
            "source": {"u.ref": source, "domid": 0, "offset": start},
            "dest": {"u.ref": dest, "domid": "DOMID_SELF", "offset": to},
            "len": length,
            "flags": BY_REF,
        }
        for start, to, length in places
    ]


# Calls that only tell


def test_query_size_tells_of_the_own_table(safe: Dispatcher) -> None:
    """Would catch results that are not those of Xen, or not let through."""
    batch = safe.query_size(dom=Domid.SELF).raise_for_status()
    (used,), (most,) = batch.nr_frames, batch.max_nr_frames
    assert 0 < used <= most
    assert most == 64  # what Xen allows dom0 where nobody says otherwise


def test_get_version_tells_that_of_linux(safe: Dispatcher) -> None:
    """Would catch a version that is not the one in force, which Linux logs."""
    batch = safe.get_version(dom=Domid.SELF).raise_for_status()
    log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    lines = []
    try:
        while True:
            lines.append(os.read(log, 8192).decode())
    except BlockingIOError:
        os.close(log)
    (said,) = [line for line in lines if "Grant tables using version" in line]
    assert f"version {batch.version[0]} layout" in said


def test_a_list_is_filled(xen: Dispatcher) -> None:
    """Would catch a list that is not where Xen can see it."""
    (used,) = xen.query_size(dom=Domid.SELF).nr_frames
    frames = xen.setup_table(dom=Domid.SELF, nr_frames=used).raise_for_status().frames
    assert len(frames) == used
    assert all(frames)
    assert len(set(frames)) == used


# Copies


def test_a_copy_moves_what_it_should(xen: Dispatcher, pages: Granted) -> None:
    """Would catch a copy that says okay and copies nothing, or too much."""
    xen.copy(copies(pages, (100, 2000, 33))).raise_for_status()
    assert pages.page(1) == bytes(2000) + pages.page(0)[100:133] + bytes(PAGE - 2033)


def test_a_batch_of_copies_goes_on_behind_a_bad_one(xen: Dispatcher, pages: Granted) -> None:
    """Would catch statuses at the wrong element, and a batch that stops."""
    batch = xen.copy(copies(pages, (0, 0, 16), (4090, 0, 16), (32, 32, 16)))
    assert batch.rc == 0
    assert batch.status == [Status.OKAY, Status.BAD_COPY_ARG, Status.OKAY]
    first = pages.page(0)
    assert pages.page(1)[:48] == first[:16] + bytes(16) + first[32:48]
    with pytest.raises(GrantError, match=r"copy element 1: status -10 \(GNTST_bad_copy_arg") as at:
        batch.raise_for_status()
    assert (at.value.element, at.value.status, at.value.errno) == (1, -10, None)


def test_arguments_may_go_over_several_pages(xen: Dispatcher, pages: Granted) -> None:
    """Would catch a buffer of which Xen sees only the first page."""
    places = [(13 * at, PAGE - 13 * (at + 1), 13) for at in range(307)]
    batch = xen.copy(copies(pages, *places)).raise_for_status()
    assert len(batch.blob) > 2 * PAGE
    first = pages.page(0)
    pieces = [first[start : start + 13] for start, _, _ in reversed(places)]
    assert pages.page(1) == bytes(PAGE - 307 * 13) + b"".join(pieces)


def test_a_readonly_grant_cannot_be_written(xen: Dispatcher, pages: Granted) -> None:
    """Would catch flags that do not get to Xen."""
    with Granted(writable=False) as readonly:
        rows = copies(pages, (0, 0, 16), (0, 0, 16))
        rows[0]["dest"]["u.ref"] = readonly.refs[0]
        batch = xen.copy(rows)
        assert batch.status == [Status.GENERAL_ERROR, Status.OKAY]
        assert readonly.page(0) == bytes(PAGE)


# Mappings


def test_maps_have_a_handle_each_until_they_are_unmapped(xen: Dispatcher, pages: Granted) -> None:
    """Would catch a batch whose results are mixed up, and handles that do not fit."""
    refs = [pages.refs[0], NOWHERE, pages.refs[1]]
    batch = xen.map_grant_ref(flags=MapFlag.DEVICE_MAP, ref=refs, dom=0)
    assert batch.rc == 0
    assert batch.status == [Status.OKAY, Status.BAD_GNTREF, Status.OKAY]
    good = [batch[0], batch[2]]
    assert all(row["dev_bus_addr"] for row in good)
    assert good[0]["handle"] != good[1]["handle"]
    back = {name: [row[name] for row in good] for name in ("handle", "dev_bus_addr")}
    assert xen.unmap_grant_ref(**back).status == [Status.OKAY] * 2
    assert xen.unmap_grant_ref(**back).status == [Status.BAD_HANDLE] * 2


def test_a_mapping_is_the_page_itself(xen: Dispatcher, pages: Granted) -> None:
    """Would catch a host address that is not passed on exactly."""
    room = mmap.mmap(-1, 3 * PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    room.madvise(mmap.MADV_NOHUGEPAGE)
    room[0] = room[2 * PAGE] = 1  # one of them shares its page table with the page between
    start = c_char.from_buffer(room)
    at = addressof(start) + PAGE
    batch = xen.map_grant_ref(host_addr=at, flags=MapFlag.HOST_MAP, ref=pages.refs[0], dom=0)
    batch.raise_for_status()
    try:
        seen = string_at(at, PAGE)
        memmove(at + 7, b"through the mapping", 19)
    finally:
        back = xen.unmap_grant_ref(host_addr=at, handle=batch.handle)
    assert seen[26:] == pages.page(0)[26:]
    assert pages.page(0)[7:26] == b"through the mapping"
    back.raise_for_status()
    del start
    room.close()


def test_handles_that_are_none_are_refused(xen: Dispatcher) -> None:
    """Would catch an error that is not raised."""
    with pytest.raises(GrantError, match=r"unmap_grant_ref element 0: .*GNTST_bad_handle"):
        xen.unmap_grant_ref(handle=0xFFFFFF).raise_for_status()


# Calls that fail


@pytest.mark.parametrize(
    ("cmd", "count", "number"),
    [
        pytest.param(Op.QUERY_SIZE, 1, errno.EFAULT, id="null"),
        pytest.param(Op.QUERY_SIZE, 2, errno.EINVAL, id="count"),
        pytest.param(Op.COPY, 1 << 31, errno.EINVAL, id="bit 31"),
        pytest.param(77, 1, errno.ENOSYS, id="no op"),
        pytest.param(Op.COPY, 0, 0, id="nothing to do"),
    ],
)
def test_a_call_gives_what_xen_returns(xen: Dispatcher, cmd: int, count: int, number: int) -> None:
    """Would catch errno that is not taken, or not as a negative result."""
    assert xen.raw(cmd, 0, count) == -number


def test_a_failed_call_raises(xen: Dispatcher) -> None:
    """Would catch a call whose result is lost."""
    batch = xen.get_version(dom=7)
    with pytest.raises(GrantError, match=r"get_version: the call returned -3 \(ESRCH\)") as error:
        batch.raise_for_status()
    assert error.value.errno == errno.ESRCH


def test_a_buffer_of_ones_own_is_copied_in_and_back(xen: Dispatcher) -> None:
    """Would catch ordinary memory that is given to Xen."""
    data = bytearray(xen.backend.abi.encode("query_size", [{"dom": "DOMID_SELF"}]))
    assert xen.raw(Op.QUERY_SIZE, data, 1) == 0
    assert xen.backend.abi.decode("query_size", data)[0]["max_nr_frames"] == 64


# What is not let through


def test_other_ops_are_refused(safe: Dispatcher) -> None:
    """Would catch an op that gets through to a table in use."""
    for cmd in {*range(20), 1 << 12, Op.QUERY_SIZE | 1 << 12} - {Op.QUERY_SIZE, Op.GET_VERSION}:
        with pytest.raises(InvalidValue, match=r"refused.*kernel.*unsafe=True \(--unsafe\)"):
            safe.raw(cmd, b"", 0)


def test_what_is_refused_is_not_called(safe: Dispatcher, pages: Granted) -> None:
    """Would catch a refusal that comes too late."""
    with pytest.raises(InvalidValue, match=r"^copy: refused"):
        safe.copy(copies(pages, (0, 0, 16)))
    assert pages.page(1) == bytes(PAGE)
    with pytest.raises(InvalidValue, match=r"^command 77: refused"):
        safe.raw(77, b"", 0)


def test_xen_is_told_no_address_that_it_should_not_write(safe: Dispatcher) -> None:
    """Would catch a harmless op that writes its answer over what is not for that."""
    size = safe.backend.abi.struct("query_size").size
    mine = bytearray(size)
    with pytest.raises(InvalidValue, match=r"^query_size: refused.*not allocated here"):
        safe.raw(Op.QUERY_SIZE, addressof(c_char.from_buffer(mine)), 1)
    assert not any(mine)
    with pytest.raises(InvalidValue, match=r"^query_size: refused"):
        safe.raw(Op.QUERY_SIZE, bytes(size - 1), 1)
    assert safe.raw(Op.QUERY_SIZE, 0, 1) == -errno.EFAULT


# Memory


@pytest.mark.parametrize("size", [1, 16, PAGE, 5 * PAGE + 3])
def test_memory_is_zero_and_aligned(safe: Dispatcher, size: int) -> None:
    """Would catch what is left over from before, and memory that is cut short."""
    memory = safe.backend.memory
    for _ in range(3):
        address = memory.allocate(size)
        assert address % 8 == 0
        assert memory.extent(address) == size
        assert memory.read(address, size) == bytes(size)
        data = random.Random(size).randbytes(size)
        memory.write(address, data)
        assert memory.read(address, size) == data
        assert memory.read(address + size // 2, 1) == data[size // 2 : size // 2 + 1]
        memory.free(address)
        assert memory.extent(address) == 0


def test_memory_that_is_freed_is_gone(safe: Dispatcher) -> None:
    """Would catch memory that the library keeps until the process ends."""
    maps = Path("/proc/self/maps")
    before = len(maps.read_text().splitlines())
    for _ in range(20):
        safe.backend.memory.free(safe.backend.memory.allocate(5 * PAGE))
    assert len(maps.read_text().splitlines()) < before + 20


def test_memory_of_others_is_refused(safe: Dispatcher) -> None:
    """Would catch a read or write of whatever is at an address."""
    memory = safe.backend.memory
    address = memory.allocate(16)
    for at, size in ((address, 17), (address - 1, 1), (address + 8, 9), (0x1000, 1)):
        with pytest.raises(InvalidValue, match=f"no {size} bytes were allocated at {at:#x}"):
            memory.read(at, size)
        with pytest.raises(InvalidValue, match=f"no {size} bytes were allocated at {at:#x}"):
            memory.write(at, bytes(size))
    for at in (address + 8, 0x1000):
        with pytest.raises(InvalidValue, match=f"nothing was allocated at {at:#x}"):
            memory.free(at)
    memory.free(address)
    with pytest.raises(InvalidValue, match="nothing was allocated"):
        memory.free(address)


def test_a_child_is_told_to_open_its_own(safe: Dispatcher) -> None:
    """Would catch a forked process that touches memory which it does not have."""
    backend = safe.backend
    address = backend.memory.allocate(16)
    child = os.fork()
    if not child:
        refused = 0
        for use in (
            lambda: backend.memory.allocate(1),
            lambda: backend.memory.read(address, 1),
            lambda: backend.call(Op.QUERY_SIZE, address, 1),
        ):
            try:
                use()
            except Unavailable as error:
                refused += "forked" in str(error)
        backend.memory.free(address)
        os._exit(refused)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 3
    assert safe.query_size(dom=0).status == [Status.OKAY]


def test_what_is_opened_is_closed() -> None:
    """Would catch a handle that stays, and one that goes while results need it."""
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 -- a count is all
    xen = Dispatcher(XenCall(unsafe=True))
    batch = xen.setup_table(dom=Domid.SELF, nr_frames=1)
    del xen
    gc.collect()
    assert len(batch.frames) == 1
    assert len(os.listdir("/proc/self/fd")) > before  # noqa: PTH208 -- as above
    del batch
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 -- as above


# What can be missing


def test_others_than_root_are_refused(capfd: pytest.CaptureFixture[str]) -> None:
    """Would catch an unclear error, or one that the library prints."""
    os.seteuid(65534)
    try:
        with pytest.raises(Unavailable, match=r"^/dev/xen/privcmd: Permission denied: .*root$"):
            XenCall()
    finally:
        os.seteuid(0)
    assert capfd.readouterr() == ("", "")


# The command


def written(path: Path, *steps: dict[str, Any]) -> str:
    """Write a scenario for this machine."""
    lines = [{"scenario": 1, "abi": "x86_64"}, *steps]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return str(path)


QUERY = {"op": "query_size", "args": [{"dom": "DOMID_SELF"}], "rc": 0}


def run(path: str, *options: str) -> int:
    """Run the command; its table would have to be imported first, which takes long here."""
    return main(["run", path, "--backend", "xen", "--format", "jsonl", *options])


def test_the_command_plays_on_xen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Would catch a backend that the command does not have, or does not compare with."""
    good = {**QUERY, "results": [{"status": "okay", "max_nr_frames": 64}]}
    assert run(written(tmp_path / "good", good)) == 0
    wrong = {**QUERY, "results": [{"max_nr_frames": 65}]}
    assert run(written(tmp_path / "wrong", wrong)) == 1
    assert "max_nr_frames" in capsys.readouterr().err


def test_the_command_refuses_what_is_unsafe(
    tmp_path: Path, pages: Granted, capsys: pytest.CaptureFixture[str]
) -> None:
    """Would catch an option that is not heeded, either way."""
    copy = {"op": "copy", "args": copies(pages, (0, 0, 16)), "results": [{"status": "okay"}]}
    path = written(tmp_path / "copy", QUERY, copy)
    assert run(path) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{path}:3: copy: refused" in line
    assert not any(pages.page(1))
    assert run(path, "--unsafe") == 0
    assert pages.page(1)[:16] == pages.page(0)[:16]


def test_what_is_recorded_on_xen_plays_again_there(
    tmp_path: Path, pages: Granted, capsys: pytest.CaptureFixture[str]
) -> None:
    """Would catch a recording that is not what the command gives."""
    recorder = Recorder(XenCall(unsafe=True))
    xen = Dispatcher(recorder)
    xen.query_size(dom=0)
    xen.copy(copies(pages, (0, 0, 16), (4090, 0, 16)))
    xen.get_version(dom=7)
    path = tmp_path / "recorded.jsonl"
    recorder.save(path)
    assert run(str(path), "--unsafe") == 0, capsys.readouterr().err


def test_the_backend_is_one_of_the_package() -> None:
    """Would catch a name that is not where the others are."""
    assert xengnt.XenCall is xencall.XenCall
