# SPDX-License-Identifier: MIT
"""The functions of ``<xengnt/rig.h>``: C on one side, a `Rig` on the other.

Nothing that goes wrong gets past here but as a return code, and words about it.

Imports ``xengnt.errors``, ``xengnt.abi``, ``xengnt.model``, ``xengnt.scenario`` and the modules
beside it.
"""

from __future__ import annotations

import _thread
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from xengnt.errors import Unavailable, XengntError
from xengnt.model.failures import Failed
from xengnt.rig.engine import NotDone, Rig
from xengnt.scenario.document import CHOICES

WHOLE_CALL = (1 << 32) - 1
"""Instead of an element: the call as a whole."""

PREFIX = "xengnt_rig_"
INSIDE = "py_"
"""Before the name of the Python side of a function."""

WORDS = 999
"""How many bytes of words there are at most."""

_NOT_GIVEN = -1
_DOMID_BITS = 16
_TRUTHS = {"privileged", "high"} | {name for name, kind in CHOICES.items() if kind is bool}


def install(ffi: Any, lib: Any) -> None:
    """Make the functions of a library do something: those that it declares."""
    exports = Exports(ffi, lib)
    for name in dir(lib):
        if name.startswith(INSIDE):
            method = getattr(exports, name.removeprefix(INSIDE).removeprefix(PREFIX))
            to_pointer = ffi.typeof(getattr(lib, name)).result.kind == "pointer"
            run = exports.guarded(method, ffi.NULL if to_pointer else None)
            ffi.def_extern(name=name, error=ffi.NULL if to_pointer else -errno.EIO)(run)


class Exports:
    """What the functions do, by the end of their names.

    Args:
        ffi: that of the library.
        lib: its functions that Python calls.
    """

    def __init__(self, ffi: Any, lib: Any) -> None:
        self._ffi, self._lib = ffi, lib
        self._rig = Rig()

    def guarded(self, method: Callable[..., Any], failed: Any) -> Callable[..., Any]:
        """Return a function that fails by what it returns: None for a negative errno value."""
        lock, note = self._rig.lock, self._lib.rig_note

        def run(*arguments: Any) -> Any:
            try:
                with lock:
                    return method(*arguments)
            except BaseException as error:  # noqa: BLE001 -- C knows no exceptions
                if isinstance(error, KeyboardInterrupt):
                    _thread.interrupt_main()  # for whoever called C from Python
                note(WHOLE_CALL, words(error))
                return number_of(error) if failed is None else failed

        return run

    # The control part

    def reset(self) -> int:
        """Forget all domains."""
        self._rig.reset()
        return 0

    def create_domain(self, wanted: Any) -> int:
        """Make a domain."""
        options = self._given("struct xengnt_rig_domain", wanted)
        return self._rig.create_domain(options.pop("abi"), options.pop("pages"), **options)

    def destroy_domain(self, domid: int) -> int:
        """End a domain."""
        self._rig.destroy_domain(domid)
        return 0

    def set_caller(self, domid: int) -> int:
        """Choose this thread's calling domain."""
        self._rig.domain(domid)
        self._lib.rig_choose(self._rig.generation << _DOMID_BITS | domid)
        return 0

    def page(self, domid: int, index: int, page: Any) -> int:
        """Describe a page."""
        self._check(page)
        data, page.frame, page.address, page.machine = self._rig.page(domid, index)
        page.bytes = self._ffi.from_buffer(data)
        return 0

    def room(self, domid: int, index: int, address: Any) -> int:
        """Say where there is room for a mapping."""
        self._check(address)
        address[0] = self._rig.room(domid, index)
        return 0

    def bytes(self, domid: int, address: int, writing: int) -> Any:
        """Return where a byte is."""
        found = self._rig.bytes_at(domid, address, writing=bool(writing))
        if found is None:
            raise NotDone(errno.EFAULT, f"d{domid} has nothing at {address:#x}, or not for that")
        if isinstance(found, int):
            return self._ffi.cast("void *", found)
        return self._ffi.from_buffer(found)

    def table(self, domid: int, index: int, status: int) -> Any:
        """Return where a frame of a table is."""
        found = self._rig.table(domid, index, status=bool(status))
        return self._ffi.NULL if found is None else self._ffi.from_buffer(found)

    # What only the rig has

    def HYPERVISOR_grant_table_op(self, cmd: int, uop: Any, count: int) -> int:  # noqa: N802 -- its name
        """Make a call for this thread's domain."""
        address = int(self._ffi.cast("uintptr_t", uop))
        rc, reason = self._rig.call(self.caller(), cmd, address, count)
        element, why = reason or (None, "")
        self._lib.rig_note(WHOLE_CALL if element is None else element, cut(why))
        return rc

    def create_hypervisor(self, wanted: Any) -> int:
        """Begin anew."""
        self._rig.create_hypervisor(**self._given("struct xengnt_rig_hypervisor", wanted))
        return 0

    def caller(self) -> int:
        """Return this thread's calling domain."""
        generation, domid = divmod(self._lib.rig_choice(), 1 << _DOMID_BITS)
        return domid if generation == self._rig.generation else self._rig.first()

    def frame(self, domid: int, address: Any, frame: Any) -> int:
        """Say which frame is at an address."""
        self._check(frame)
        frame[0] = self._rig.frame_at(domid, int(self._ffi.cast("uintptr_t", address)))
        return 0

    def address(self, domid: int, frame: int) -> Any:
        """Return where a frame is seen."""
        found = self._rig.address_of(domid, frame)
        if found is None:
            raise NotDone(errno.ENOENT, f"d{domid} has no frame {frame:#x}")
        return self._ffi.cast("void *", found)

    def use(self, domid: int, use: Any) -> int:
        """Say what a domain has in use."""
        self._check(use)
        found = self._rig.use(domid)
        for name, _ in self._members("struct xengnt_rig_use", use):
            setattr(use, name, found[name])
        return 0

    def inject(self, domid: int, cmd: int, status: int, skip: int, times: int) -> int:
        """Let elements fail."""
        self._rig.inject(domid, cmd, status, skip, times)
        return 0

    def limit_handles(self, domid: int, handles: int) -> int:
        """Let a domain run out of handles."""
        self._rig.limit_handles(domid, handles)
        return 0

    def heal(self) -> int:
        """Let nothing fail any more."""
        return self._rig.heal()

    def record(self, path: Any) -> int:
        """Record, or no more."""
        self._rig.record(Path(os.fsdecode(self._ffi.string(path))) if path else None)
        return 0

    def _check(self, pointer: Any) -> None:
        """Raise if there is nowhere to store what is asked for."""
        if not pointer:
            raise NotDone(errno.EFAULT, "a null pointer, where something is to be stored")

    # Structs whose members may be others in another version

    def _members(self, struct: str, pointer: Any) -> list[tuple[str, Any]]:
        """Return the members of a struct behind its size, as far as the caller knows it."""
        _, *members = self._ffi.typeof(struct).fields
        known = pointer.size
        return [
            (name, one) for name, one in members if one.offset + self._ffi.sizeof(one.type) <= known
        ]

    def _given(self, struct: str, pointer: Any) -> dict[str, Any]:
        """Return what a struct says, None for what was not given; a null pointer says nothing."""
        found: dict[str, Any] = dict.fromkeys(
            name for name, _ in self._ffi.typeof(struct).fields[1:]
        )
        if not pointer:
            return found
        for name, member in self._members(struct, pointer):
            value = getattr(pointer, name)
            if member.type.kind == "pointer":
                found[name] = self._text(value) if value else None
            elif value != _NOT_GIVEN:
                found[name] = bool(value) if name in _TRUTHS else value
        return found

    def _text(self, pointer: Any) -> str:
        text: str = self._ffi.string(pointer).decode()
        return text


def words(error: BaseException) -> bytes:
    """Return what is to be said of an error."""
    known = isinstance(error, XengntError | Failed)
    return cut(str(error) if known else f"{type(error).__name__}: {error}")


def cut(text: str) -> bytes:
    """Return as much of a text as there is room for."""
    return text.encode(errors="replace")[:WORDS].decode(errors="ignore").encode()


def number_of(error: BaseException) -> int:
    """Return the negative errno value for an error."""
    match error:
        case NotDone():
            return -error.errno
        case Unavailable() | Failed() | MemoryError():
            return -errno.ENOMEM
        case XengntError() | UnicodeDecodeError():
            return -errno.EINVAL
    return -errno.EIO
