# SPDX-License-Identifier: MIT
"""A guest in Python against Xen's side of one entry in C, in a thread or in a process.

What the guest believes is written beside the table, and Xen's side holds it against what it
sees: see ``tests/c/xen_side.c``.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import oracle

from xengnt import Abi
from xengnt.guest import Entries, Grants, InUse

PAGE = 4096
DOMID = 3
REF = 8
"""The one that is granted again and again."""

ROUNDS = int(os.environ.get("XENGNT_RACES", "60000"))
"""How often an entry is granted and withdrawn in all races together; a million is a good test."""

STOP, STATE, FRAME, RUNNING, DONE, REFUSED, WRONG, LOST = range(8)
WITHDRAWN, WRITABLE, READONLY = range(3)


def build(folder: Path, *flags: str) -> Path:
    """Compile Xen's side for this machine."""
    native = Abi.native()
    source = Path(__file__).parent / "c" / "xen_side.c"
    path = folder / ("xen_side.so" if flags else "xen_side")
    include = [f"-I{oracle.OURS}", f"-I{oracle.ROOT / 'native'}"]
    warnings = ["-O2", "-Wall", "-Wextra", "-Werror"]
    command = [
        *oracle.any_compiler(native.name).command,
        *warnings,
        *flags,
        *include,
        *oracle.version_flags(native.interface_version),
    ]
    done = subprocess.run(
        [*command, "-o", str(path), str(source)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return path


class Table:
    """A table of one frame in a file in memory, its status frame, and what the guest believes."""

    def __init__(self, version: int) -> None:
        self.version = version
        self.file = os.memfd_create("grants")
        os.ftruncate(self.file, 3 * PAGE)
        self.memory = mmap.mmap(self.file, 3 * PAGE)
        view = memoryview(self.memory)
        self.frame, self.status = view[:PAGE], view[PAGE : 2 * PAGE]
        self.control = view[2 * PAGE :].cast("Q")

    def entries(self, kind: type[Entries] = Entries) -> Entries:
        """Return its entries."""
        return kind([self.frame], self.version, [self.status] if self.version == 2 else [])

    @property
    def caught(self) -> int:
        """How many mistakes Xen's side has seen."""
        return self.control[WRONG] + self.control[LOST]

    def close(self) -> None:
        """Close the file; the mapping lives as long as someone has a view of it."""
        os.close(self.file)


class Sides:
    """Xen's side, built as a library and as a program."""

    def __init__(self, folder: Path) -> None:
        self.library = ctypes.CDLL(str(build(folder, "-shared", "-fPIC")))
        self.library.guest_v2.restype = ctypes.c_uint64
        self.program = build(folder)

    @contextmanager
    def running(self, table: Table, what: str, where: str) -> Iterator[None]:
        """Let Xen's side ``use`` or ``give``, in a ``thread`` or in a ``process``."""
        side = self._thread if where == "thread" else self._process
        stop = side(table, what)
        try:
            while not table.control[RUNNING]:
                os.sched_yield()
            yield
        finally:
            table.control[STOP] = 1
            stop()

    def pointers(self, table: Table) -> tuple[Any, Any, Any]:
        """Return the addresses of the entry, of its status and of the control words."""
        start = ctypes.addressof(ctypes.c_char.from_buffer(table.memory))
        entry = start + REF * (8 if table.version == 1 else 16)
        places = (entry, start + PAGE + 2 * REF, start + 2 * PAGE)
        return tuple(ctypes.c_void_p(place) for place in places)  # type: ignore[return-value]  # three

    def _thread(self, table: Table, what: str) -> Any:
        entry, status, control = self.pointers(table)
        if what == "use":
            call, arguments = self.library.use, (table.version, entry, status, DOMID, control)
        else:
            call, arguments = self.library.give, (table.version, entry, DOMID, control)
        thread = threading.Thread(target=call, args=arguments)
        thread.start()
        return thread.join

    def _process(self, table: Table, what: str) -> Any:
        numbers = (table.file, what, table.version, REF, DOMID)
        process = subprocess.Popen([str(self.program), *map(str, numbers)], pass_fds=(table.file,))

        def stop() -> None:
            assert process.wait(timeout=60) == 0

        return stop


def grant_and_withdraw(table: Table, grants: Grants, rounds: int) -> int:
    """Grant and withdraw, or until a mistake was seen; return how often it was in use."""
    control = table.control
    busy = 0
    for turn in range(rounds):
        readonly = turn % 4 == 0
        control[FRAME] = turn
        control[STATE] = READONLY if readonly else WRITABLE
        ref = grants.permit_access(DOMID, turn, readonly=readonly)
        assert ref == REF
        if turn % 4 == 1:
            busy += make_readonly_and_writable(control, grants)
        while True:
            try:
                grants.end_access(ref)
            except InUse:
                busy += 1
            else:
                break
        control[STATE] = WITHDRAWN
        if table.caught:
            break
    return busy


def make_readonly_and_writable(control: memoryview, grants: Grants) -> int:
    """Make the entry read-only if it is not in use, and writable again."""
    try:
        grants.make_readonly(REF)
    except InUse:
        return 1
    control[STATE] = READONLY
    control[STATE] = WRITABLE
    grants.make_writable(REF)
    return 0


def accept_and_withdraw(table: Table, grants: Grants, rounds: int) -> list[int]:
    """Accept transfers and withdraw, or until a mistake was seen; return the pages that came."""
    came = []
    for turn in range(rounds):
        ref = grants.accept_transfer(DOMID)
        if turn % 2:
            os.sched_yield()
        frame = grants.end_transfer(ref, timeout=60)
        if frame is not None:
            came.append(frame)
        if table.caught or len(came) != (came[-1] if came else 0):
            break
    return came
