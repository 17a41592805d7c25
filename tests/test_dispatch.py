# SPDX-License-Identifier: MIT
"""The dispatcher, C functions as backends, the recorder, and scenarios that replay.

Instead of Xen there are Python functions behind C pointers, and the library of
``tests/c/filler.c`` built against our own header.
"""

from __future__ import annotations

import copy
import ctypes
import gc
import inspect
import json
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cffi
import numpy as np
import oracle
import pytest
from blobs import abi_at, pack, struct_of

import xengnt
from xengnt import (
    Abi,
    CFunction,
    Dispatcher,
    Domid,
    GrantError,
    InvalidValue,
    Library,
    MapFlag,
    Op,
    Recorder,
    SourceError,
    Status,
    Unavailable,
    UnknownName,
)
from xengnt.backends import Backend, OwnMemory
from xengnt.extension import load
from xengnt.findings import Finding
from xengnt.scenario import Call, Scenario, play

SIGNATURE = "int(unsigned int, void *, unsigned int)"
NATIVE = Abi.native()
OPS = tuple(NATIVE.layout.ops)

Handler = Callable[[int, int, int], int]


def nothing(_cmd: int, _address: int, _count: int) -> int:
    """Do as Xen would for a call that touches nothing."""
    return 0


class Hypervisor:
    """A Python function behind a C pointer, that remembers its calls."""

    def __init__(self, handler: Handler = nothing) -> None:
        self.calls: list[tuple[int, int, int]] = []
        self.ffi = cffi.FFI()

        def called(cmd: int, uop: Any, count: int) -> int:
            address = int(self.ffi.cast("uintptr_t", uop))
            self.calls.append((cmd, address, count))
            return handler(cmd, address, count)

        self.function = self.ffi.callback(SIGNATURE, called, error=-999)
        self.xen = Dispatcher(CFunction(self.function))


def fields_at(op: str, address: int, count: int) -> Any:
    """Return the arguments of a call as an array of ctypes structs, in place."""
    return (NATIVE.ctype(op) * count).from_address(address)


def statuses(op: str, *values: int) -> Handler:
    """Return what gives the elements of a call these statuses."""

    def handler(_cmd: int, address: int, count: int) -> int:
        for one, value in zip(fields_at(op, address, count), values, strict=True):
            one.status = value
        return 0

    return handler


@pytest.fixture(scope="session")
def filler(scratch: Path) -> Path:
    """Return the library of ``filler.c``, built against our header for this machine."""
    source = Path(__file__).parent / "c" / "filler.c"
    compiler = oracle.any_compiler(NATIVE.name)
    path = scratch / "libfiller-ours.so"
    flags = ("-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", f"-I{oracle.OURS}")
    version = oracle.version_flags(NATIVE.interface_version)
    command = [*compiler.command, *flags, *version, "-o", str(path), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return path


# The bytes of a filler's arguments; each value is its place in the array, from 1.
MAP = {"host_addr": [1, 33], "flags": [9, 41], "ref": [13, 45], "dom": [17, 49]}


# Functions and libraries


def functions(path: Path) -> Iterator[tuple[str, Any]]:
    """Give the function of a library in every form that Python has for one."""
    library = ctypes.CDLL(str(path))
    function = library.HYPERVISOR_grant_table_op
    yield "a ctypes function", function
    yield "its address", ctypes.cast(function, ctypes.c_void_p).value
    prototype = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint, ctypes.c_void_p, ctypes.c_uint)
    yield "a ctypes prototype", prototype(("HYPERVISOR_grant_table_op", library))
    ffi = cffi.FFI()
    ffi.cdef("int HYPERVISOR_grant_table_op(unsigned int, void *, unsigned int);")
    opened = ffi.dlopen(str(path))
    yield "a function of another FFI", opened.HYPERVISOR_grant_table_op
    pointer = ffi.cast("void *", opened.HYPERVISOR_grant_table_op)
    yield "a pointer of another FFI", pointer
    yield (
        "a pointer of ours",
        load().ffi.cast(
            "int(*)(unsigned int, void *, unsigned int)", int(ffi.cast("uintptr_t", pointer))
        ),
    )


def test_c_functions_of_every_kind_are_called(filler: Path) -> None:
    """Would catch a kind of function pointer that is not understood, or is called wrongly."""
    for kind, function in functions(filler):
        batch = Dispatcher(CFunction(function)).map_grant_ref(**MAP)
        assert batch.rc == 1000, kind
        assert batch.handle == [~21 & 0xFFFFFFFF, ~53 & 0xFFFFFFFF], kind


def test_callbacks_are_called_and_live_as_long_as_the_backend() -> None:
    """Would catch a callback that is gone when it is called."""
    calls = []

    def called(cmd: int, _address: int | None, count: int) -> int:
        calls.append((cmd, count))
        return 7

    prototype = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint, ctypes.c_void_p, ctypes.c_uint)
    xen = Dispatcher(CFunction(prototype(called)))
    ffi = cffi.FFI()
    other = Dispatcher(CFunction(ffi.callback(SIGNATURE, called)))
    gc.collect()
    assert xen.copy([{}, {}]).rc == 7
    assert other.swap_grant_ref([{}]).rc == 7
    assert calls == [(5, 2), (11, 1)]


@pytest.mark.parametrize(
    "function",
    [
        *(None, "ab", object(), print, [], 0, ctypes.c_void_p(0), ctypes.c_void_p(5)),
        *(ctypes.CFUNCTYPE(None)(), cffi.FFI().NULL, ctypes.CDLL(None)),
        *(cffi.FFI().new("int *"), cffi.FFI().new("int[3]"), cffi.FFI().cast("int", 5), 1, 1 << 40),
        cffi.FFI().cast("void *", cffi.FFI().new("int *")),
    ],
)
def test_what_is_no_c_function_is_refused(function: object) -> None:
    """Would catch an object whose address is jumped to."""
    with pytest.raises(InvalidValue, match="is not a C function"):
        CFunction(function)


@pytest.mark.parametrize("function", [3.5, "a", b"a", True, -1, 1 << 70])
def test_what_is_no_address_is_refused(function: object) -> None:
    """Would catch a number that is cut to an address."""
    with pytest.raises(InvalidValue, match="is not a C function"):
        CFunction(function)


def test_libraries_that_cannot_be_used(filler: Path, tmp_path: Path) -> None:
    """Would catch an error of the loader's own, without the name of the file."""
    text = tmp_path / "text.so"
    text.write_text("no library")
    for path in (tmp_path / "missing.so", tmp_path, text):
        with pytest.raises(SourceError) as caught:
            Library(path)
        assert str(caught.value).startswith(f"{path}: ")
        assert "\n" not in str(caught.value)
    for symbol in ("nothing", "", "a\0b"):
        with pytest.raises(UnknownName, match="no symbol") as unknown:
            Library(filler, symbol)
        assert str(filler) in str(unknown.value)
    with pytest.raises(InvalidValue, match=r"filler_calls: .* is not a C function") as caught_value:
        Library(filler, "filler_calls")
    assert str(filler) in str(caught_value.value)
    with pytest.raises(InvalidValue, match="newer than"):
        Library(filler, interface_version="0x00050000")


def test_a_library_is_found_beside_the_working_directory(
    filler: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Would catch a relative path that is looked for in the system's directories."""
    monkeypatch.chdir(filler.parent)
    assert Dispatcher(Library(filler.name)).map_grant_ref(**MAP).rc == 1000
    assert Dispatcher(Library(str(filler))).map_grant_ref(**MAP).rc == 1000


def test_backends_are_backends(filler: Path) -> None:
    """Would catch a backend that lacks a part of what a dispatcher uses."""
    for backend in (Library(filler), Recorder(), Recorder(Library(filler))):
        assert isinstance(backend, Backend)
        assert backend.abi.name == NATIVE.name
        address = backend.memory.allocate(10)
        assert address % 8 == 0
        assert backend.memory.read(address, 10) == bytes(10)
        backend.memory.write(address + 1, b"abc")
        assert backend.memory.read(address, 5) == b"\0abc\0"
        extents = [backend.memory.extent(address + n) for n in (-1, 0, 1, 9, 10)]
        assert extents == [0, 10, 9, 1, 0]
        backend.memory.free(address)
        assert backend.memory.extent(address) == 0
        assert backend.memory.read(0, 0) == b""
        backend.memory.write(0, b"")


# Calls


@pytest.mark.parametrize("op", OPS)
def test_every_op_is_a_method(op: str) -> None:
    """Would catch an op that cannot be called, or gets another number."""
    hypervisor = Hypervisor()
    batch = getattr(hypervisor.xen, op)([{}, {}])
    assert batch.rc == 0
    assert batch.op_name == op
    assert len(batch) == 2
    ((cmd, address, count),) = hypervisor.calls
    assert (cmd, count) == (NATIVE.layout.ops[op].number, 2)
    assert address % 8 == 0
    assert type(batch).__name__ == f"{op.title().replace('_', '')}Batch"
    assert getattr(type(hypervisor.xen), op).__doc__
    assert repr(batch) == f"<{op}: 2 elements, rc 0>"


@pytest.mark.parametrize("op", OPS)
def test_an_empty_call_is_made(op: str) -> None:
    """Would catch a call with no elements that is left out, though Xen has an answer to it."""
    hypervisor = Hypervisor(lambda *_: -22)
    batch = getattr(hypervisor.xen, op)([])
    assert hypervisor.calls == [(NATIVE.layout.ops[op].number, 0, 0)]
    assert (batch.rc, len(batch), batch.blob, batch.rows()) == (-22, 0, b"", [])


def test_rows_and_columns_are_the_same_call() -> None:
    """Would catch one of the two that is marshalled differently."""
    hypervisor = Hypervisor()
    xen = hypervisor.xen
    rows = [{"flags": 1, "ref": ref, "dom": 0} for ref in (8, 9, 10)]
    batches = [
        xen.map_grant_ref(rows),
        xen.map_grant_ref(flags=MapFlag.DEVICE_MAP, ref=[8, 9, 10], dom=0),
        xen.map_grant_ref({"flags": 1, "ref": [8, 9, 10]}),
        xen.map_grant_ref(iter(rows)),
        xen.map_grant_ref([(0, 1, ref, 0) for ref in (8, 9, 10)]),
        xen.map_grant_ref(flags="device_map", ref=np.array([8, 9, 10], "u1")),
        xen.call("map_grant_ref", rows),
        xen.call("map_grant_ref", flags=1, ref=range(8, 11)),
    ]
    expected = b"".join(pack(struct_of(NATIVE, "map_grant_ref"), row) for row in rows)
    assert [batch.blob for batch in batches] == [expected] * len(batches)
    nested = xen.copy(source={"u": {"ref": [1, 2]}}, **{"dest.u.ref": 3}, flags="source_gref")
    assert getattr(nested, "source.u.ref") == [1, 2]


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda xen: xen.map_grant_ref([{}], ref=1), InvalidValue, "either rows or columns"),
        (lambda xen: xen.map_grant_ref(rfe=1), UnknownName, "did you mean ref?"),
        (lambda xen: xen.map_grant_ref(ref=1 << 32), InvalidValue, "does not fit"),
        (lambda xen: xen.map_grant_ref(ref=[1, 2], dom=[1]), InvalidValue, "different lengths"),
        (lambda xen: xen.map_grant_ref(status=1), InvalidValue, "status is OUT"),
        (lambda xen: xen.map_grant_ref(5), InvalidValue, "got int"),
        (lambda xen: xen.call("nothing", []), UnknownName, "'nothing'"),
        (lambda xen: xen.copy(), InvalidValue, "copy: give rows or columns; [] is a call of none"),
        (lambda xen: xen.copy(None), InvalidValue, "copy: give rows or columns"),
        (lambda xen: xen.map_grant_ref((0, 2, 8, 1)), InvalidValue, "int and has none of the"),
        (lambda xen: xen.map_grant_ref(ref=True), InvalidValue, "expected an integer or a name"),
    ],
)
def test_nothing_is_called_with_wrong_arguments(
    call: Callable[[Dispatcher], object], kind: type[Exception], words: str
) -> None:
    """Would catch a call that is made although its arguments cannot be."""
    hypervisor = Hypervisor()
    with pytest.raises(kind) as caught:
        call(hypervisor.xen)
    assert words in str(caught.value)
    assert hypervisor.calls == []


@pytest.mark.parametrize("name", ["gnttab_copy", "grant_entry_v1"])
def test_a_struct_is_no_op(name: str) -> None:
    """Would catch a tag that gets past the check of names."""
    with pytest.raises(UnknownName, match=name):
        Hypervisor().xen.call(name, [])


def test_ops_that_the_interface_version_lacks() -> None:
    """Would catch a call that a library of that version does not know."""
    hypervisor = Hypervisor()
    xen = Dispatcher(CFunction(hypervisor.function, interface_version="0x00030201"))
    with pytest.raises(UnknownName, match="set_version"):
        xen.set_version([{}])
    assert hypervisor.calls == []
    assert xen.query_size(dom="DOMID_SELF").rc == 0


def test_an_op_by_its_names() -> None:
    """Would catch a name of C, or of Python, that only some methods know."""
    hypervisor = Hypervisor()
    for name in ("copy", "GNTTABOP_copy", Op.COPY):
        batch = hypervisor.xen.call(name, len=3)
        assert (batch.op_name, type(batch).__name__) == ("copy", "CopyBatch")
        assert hypervisor.calls.pop()[0] == 5
    with pytest.raises(UnknownName, match="is a struct, and no op"):
        hypervisor.xen.call("gnttab_copy_t", len=3)


@pytest.mark.parametrize("op", OPS)
def test_a_method_tells_its_columns(op: str) -> None:
    """Would catch a help that only says that there are some."""
    names = list(inspect.signature(getattr(Dispatcher, op)).parameters)
    struct = struct_of(NATIVE, op)
    inputs = [f.name for f in struct.members_of("") if f.direction != "OUT"]
    assert names == ["self", "rows", *inputs, "columns"]


# Results


def test_results_are_a_sequence_of_elements() -> None:
    """Would catch results that cannot be looped over, or whose fields nobody is shown."""
    batch = Hypervisor(statuses("copy", 0, -3)).xen.copy(len=[1, 2])
    assert list(batch) == batch.rows()
    assert [row["status"] for row in batch] == [0, -3]
    assert batch[1] == batch[-1] == batch.rows()[1]
    assert batch[:1] == batch.rows()[:1]
    with pytest.raises(IndexError):
        _ = batch[2]
    assert {"len", "status", "rc", "rows"} <= set(dir(batch))
    with pytest.raises(AttributeError, match=r"it is a struct, see getattr\(batch, 'source\.off"):
        _ = batch.source


def test_results_can_be_sent() -> None:
    """Would catch results that cannot go to another process."""
    batch = Hypervisor(listing).xen.setup_table(nr_frames=[2, 1])
    for again in (lambda one: pickle.loads(pickle.dumps(one)), copy.copy, copy.deepcopy):  # noqa: S301 -- our own bytes
        made = again(batch)
        assert type(made) is type(batch)
        assert (made.rc, made.lists, made.rows()) == (0, [[0, 1], [100]], batch.rows())


def test_results_are_typed() -> None:
    """Would catch a status that is a plain number, or one that there is not that raises."""
    hypervisor = Hypervisor(statuses("map_grant_ref", 0, -9, -13, -14, 1))
    batch = hypervisor.xen.map_grant_ref(ref=range(5))
    assert batch.status == [Status.OKAY, Status.BAD_PAGE, Status.NO_SPACE, -14, 1]
    assert [isinstance(one, Status) for one in batch.status] == [True, True, True, False, False]
    assert batch.ref == [0, 1, 2, 3, 4]
    assert batch.handle == batch.dev_bus_addr == [0] * 5
    assert batch.rows()[1] == {
        **dict.fromkeys(("host_addr", "flags", "dom", "handle", "dev_bus_addr"), 0),
        "ref": 1,
        "status": -9,
    }
    assert batch.rows() == NATIVE.decode("map_grant_ref", batch.blob)
    for name in ("nothing", "source", "_nothing"):
        with pytest.raises(AttributeError, match=name):
            getattr(batch, name)


def test_fields_that_are_called_like_something_else() -> None:
    """Would catch the op of cache_flush that hides behind the name of the op."""
    batch = Hypervisor().xen.cache_flush(op="CLEAN", **{"a.ref": [4, 5]}, length=3)
    assert batch.op == [1, 1]
    assert batch.op_name == "cache_flush"
    assert getattr(batch, "a.ref") == [4, 5]
    assert batch.length == [3, 3]


def test_results_as_c_structs() -> None:
    """Would catch a cdata array of other bytes, or one that changes the batch."""
    batch = Hypervisor(statuses("copy", -3, 0)).xen.copy(len=[1, 2], flags=3)
    made = batch.cdata
    assert [one.len for one in made] == [1, 2]
    assert [one.status for one in made] == [-3, 0]
    made[0].len = 9
    assert batch.len == [1, 2]
    assert bytes(load().ffi.buffer(batch.cdata)) == batch.blob
    other = Dispatcher(CFunction(Hypervisor().function, interface_version="undefined"))
    with pytest.raises(Unavailable, match="compiled for"):
        _ = other.copy([{}]).cdata


def test_results_can_be_copied() -> None:
    """Would catch results that only look like an object."""
    batch = Hypervisor().xen.copy(len=[1, 2])
    assert copy.copy(batch).len == [1, 2]


def test_a_call_that_failed_raises() -> None:
    """Would catch a result below 0 that passes, or an error that does not say which call."""
    batch = Hypervisor(lambda *_: -22).xen.query_size(dom="DOMID_SELF")
    with pytest.raises(GrantError) as caught:
        batch.raise_for_status()
    error = caught.value
    assert str(error) == "query_size: the call returned -22 (EINVAL)"
    assert (error.op, error.rc, error.status, error.element) == ("query_size", -22, None, None)
    assert (error.expected, error.got) == (0, -22)
    assert isinstance(error, OSError)
    assert error.errno == 22
    unknown = Hypervisor(lambda *_: -4000).xen.query_size([{}])
    with pytest.raises(GrantError, match=r"returned -4000 \(unknown error\)"):
        unknown.raise_for_status()


@pytest.mark.parametrize(
    ("values", "element", "words"),
    [
        ((0, -3, -9), 1, "status -3 (GNTST_bad_gntref: invalid grant reference)"),
        ((-1, 0, 0), 0, "status -1 (GNTST_general_error: undefined error)"),
        ((0, 0, -13), 2, "status -13 (GNTST_no_space: out of space)"),
        ((0, -14, -1), 1, "status -14 (an unknown status)"),
        ((5, -32768, 0), 1, "status -32768 (an unknown status)"),
    ],
)
def test_the_first_element_that_failed_raises(
    values: tuple[int, ...], element: int, words: str
) -> None:
    """Would catch the wrong element, a status without its message, or one that nobody knows."""
    batch = Hypervisor(statuses("unmap_grant_ref", *values)).xen.unmap_grant_ref(handle=range(3))
    with pytest.raises(GrantError) as caught:
        batch.raise_for_status()
    error = caught.value
    assert str(error) == f"unmap_grant_ref element {element}: {words}"
    assert (error.op, error.rc, error.element) == ("unmap_grant_ref", 0, element)
    assert error.status == error.got == values[element]
    assert isinstance(error.status, Status) is (values[element] >= -13)
    assert (error.struct, error.field, error.expected) == ("gnttab_unmap_grant_ref", "status", 0)
    assert error.offset == struct_of(NATIVE, "unmap_grant_ref").field("status").offset
    assert error.errno is None


def test_what_went_well_gives_itself_back() -> None:
    """Would catch an error about nothing, and ops without a status that cannot be asked."""
    for op in OPS:
        for rows in ([], [{}], [{}, {}]):
            batch = getattr(Hypervisor(lambda *_: 5).xen, op)(rows)
            assert batch.raise_for_status() is batch
    positive = Hypervisor(statuses("copy", 0, 3)).xen.copy([{}, {}])
    assert positive.raise_for_status() is positive


# Lists


def listing(_cmd: int, address: int, count: int) -> int:
    """Fill the lists of setup_table with 100 times the element, and the index."""
    for element, one in enumerate(fields_at("setup_table", address, count)):
        for index in range(one.nr_frames if one.frame_list else 0):
            ctypes.c_uint64.from_address(one.frame_list + 8 * index).value = 100 * element + index
    return 0


def test_lists_are_allocated_filled_and_given_back() -> None:
    """Would catch a list that the callee cannot write to, or that is gone before it is read."""
    xen = Hypervisor(listing).xen
    one = xen.setup_table(dom="DOMID_SELF", nr_frames=3)
    assert one.frames == [0, 1, 2]
    assert one.dom == [Domid.SELF]
    several = xen.setup_table(nr_frames=[2, 0, 1])
    assert several.lists == [[0, 1], [], [200]]
    with pytest.raises(Unavailable, match="3 elements have a list each"):
        _ = several.frames
    assert several.frame_list[1] == 0
    with pytest.raises(Unavailable, match="fills no list"):
        _ = xen.copy([{}]).frames
    assert xen.setup_table([]).lists == []


def test_lists_live_as_long_as_the_results() -> None:
    """Would catch memory that is never freed, or is freed while its address is in use."""
    xen = Hypervisor(listing).xen
    batch = xen.setup_table(nr_frames=3)
    (address,) = batch.frame_list
    assert xen.backend.memory.extent(address) == 24
    assert xen.backend.memory.read(address, 24)[8] == 1
    del batch
    gc.collect()
    assert xen.backend.memory.extent(address) == 0


def test_an_address_that_is_given_is_used() -> None:
    """Would catch a list of the caller's own that is replaced."""
    xen = Hypervisor(listing).xen
    mine = (ctypes.c_uint64 * 3)()
    batch = xen.setup_table(nr_frames=3, frame_list=ctypes.addressof(mine))
    assert list(mine) == [0, 1, 2]
    assert batch.frame_list == [ctypes.addressof(mine)]
    for ask in (lambda: batch.lists, lambda: batch.frames):
        with pytest.raises(Unavailable, match="element 0: the address of frame_list is yours"):
            ask()
    mixed = xen.setup_table(nr_frames=[1, 3], frame_list=[0, ctypes.addressof(mine)])
    with pytest.raises(Unavailable, match="element 1: the address"):
        _ = mixed.lists


@pytest.mark.parametrize(
    "columns",
    [
        {"nr_frames": 0xFFFFFFFF},
        {"nr_frames": (1 << 20) + 1},
        {"nr_frames": [1 << 20] * 500},
        {"nr_frames": [1, 1 << 20]},
    ],
)
def test_no_list_is_allocated_for_absurd_numbers(columns: dict[str, Any]) -> None:
    """Would catch a test of Xen's limits that eats memory, or silently gets no list."""
    hypervisor = Hypervisor()
    for xen in (hypervisor.xen, Dispatcher(Recorder())):
        with pytest.raises(InvalidValue, match="nr_frames: lists of more than 1048576") as caught:
            xen.setup_table(**columns)
        assert (caught.value.field, caught.value.struct) == ("nr_frames", "gnttab_setup_table")
        assert xen.setup_table(**columns, frame_list=8).frame_list[0] == 8
    assert len(hypervisor.calls) == 1
    assert hypervisor.xen.setup_table(nr_frames=1 << 20).frames == [0] * (1 << 20)


def test_a_call_that_failed_filled_no_list() -> None:
    """Would catch zeros that are taken for frames."""
    batch = Hypervisor(lambda *_: -14).xen.setup_table(nr_frames=2)
    for ask in (lambda: batch.frames, lambda: batch.lists):
        with pytest.raises(GrantError, match="EFAULT"):
            ask()
    assert batch.rows()[0]["nr_frames"] == 2


# The bare call


def test_a_raw_call_with_a_buffer_works_on_it_in_place(filler: Path) -> None:
    """Would catch results that are lost, and bytes behind the arguments that are."""
    xen = Dispatcher(Library(filler))
    blob = NATIVE.encode("map_grant_ref", MAP)
    expected = xen.map_grant_ref(**MAP).blob
    for make in (
        bytearray,
        lambda data: np.frombuffer(data, "u1").copy(),
        (NATIVE.ctype("map_grant_ref") * 2).from_buffer_copy,
        lambda data: memoryview(bytearray(data)),
    ):
        room = make(blob)
        assert xen.raw(0, room, 2) == 1000
        assert bytes(room) == expected
    assert xen.raw(0, blob, 2) == 1000
    assert blob == NATIVE.encode("map_grant_ref", MAP), "bytes do not change"
    longer = bytearray(blob + b"rest")
    assert xen.raw(0, longer, 2) == 1000
    assert bytes(longer) == expected + b"rest"


def test_a_raw_call_with_an_address_works_there(filler: Path) -> None:
    """Would catch an address that is taken for a value to pass."""
    xen = Dispatcher(Library(filler))
    room = (NATIVE.ctype("map_grant_ref") * 2).from_buffer_copy(NATIVE.encode("map_grant_ref", MAP))
    assert xen.raw(0, ctypes.addressof(room), 2) == 1000
    assert bytes(room) == xen.map_grant_ref(**MAP).blob
    address = xen.backend.memory.allocate(8)
    assert xen.raw(99, address, 1) == -38


def test_a_raw_call_checks_nothing() -> None:
    """Would catch a number, a count or an address that does not get through."""
    hypervisor = Hypervisor(lambda *_: -38)
    for cmd, count in ((13, 1), (0xFFFFFFFF, 0xFFFFFFFF), (0x1000, 0), (0, 0x80000000)):
        assert hypervisor.xen.raw(cmd, 0, count) == -38
        assert hypervisor.xen.raw(cmd, 0x123456789A, count) == -38
        assert hypervisor.xen.raw(cmd, b"12345678", count) == -38
        seen = hypervisor.calls[-3:]
        assert [call[0] for call in seen] == [cmd] * 3
        assert [call[2] for call in seen] == [count] * 3
        assert [call[1] for call in seen][:2] == [0, 0x123456789A]


NO_ARGUMENTS: list[object] = [
    *("text", None, [1], memoryview(bytes(8))[::2], True, np.True_, np.float64(0), 1.0),
    *(np.array([1], object), -1, 1 << 64, (1 << 70) | 8, (ctypes.py_object * 1)(3)),
]


@pytest.mark.parametrize("arguments", NO_ARGUMENTS)
def test_a_raw_call_needs_a_buffer_or_an_address(arguments: object) -> None:
    """Would catch an error that is none of ours."""
    with pytest.raises(InvalidValue):
        Hypervisor().xen.raw(0, arguments, 1)


@pytest.mark.parametrize("bad", [-1, 1 << 32, 1 << 70, True, 1.0, None, "5", np.True_])
def test_a_raw_call_needs_numbers_that_fit(bad: Any) -> None:
    """Would catch an error of the foreign-function interface, or a number that is cut."""
    hypervisor = Hypervisor()
    with pytest.raises(InvalidValue, match="cmd: expected 0 to 4294967295, got "):
        hypervisor.xen.raw(bad, 0, 0)
    with pytest.raises(InvalidValue, match="count: expected 0 to 4294967295, got "):
        hypervisor.xen.raw(5, 0, bad)
    assert hypervisor.calls == []
    narrow = Dispatcher(Recorder(abi="x86_32"))
    with pytest.raises(InvalidValue, match="address: expected 0 to 4294967295, got "):
        narrow.raw(5, 1 << 32, 1)


def test_a_raw_call_takes_what_holds_an_address() -> None:
    """Would catch a pointer whose own bytes are copied, instead of what it points to."""
    hypervisor = Hypervisor()
    room = ctypes.c_int(45)
    ffi = cffi.FFI()
    held = ffi.new("int *", 3)
    for arguments, address in (
        (np.uint64(0x1234), 0x1234),
        (np.array(0x1234), 0x1234),
        (Domid.SELF, 0x7FF0),
        (ctypes.c_void_p(0), 0),
        (ctypes.c_void_p(0x1234), 0x1234),
        (ctypes.pointer(room), ctypes.addressof(room)),
        (ctypes.POINTER(ctypes.c_int)(), 0),
        (ctypes.c_char_p(None), 0),
        (held, int(ffi.cast("uintptr_t", held))),
        (ffi.NULL, 0),
        (b"", 0),
        (bytearray(), 0),
    ):
        hypervisor.xen.raw(np.uint8(5), arguments, np.int64(1))
        assert hypervisor.calls.pop() == (5, address, 1), arguments


def test_a_raw_call_takes_the_arrays_of_others(filler: Path) -> None:
    """Would catch an array of cffi, or of structs of numpy, that has to be turned into bytes."""
    xen = Dispatcher(Library(filler))
    expected = xen.map_grant_ref(**MAP).blob
    blob = NATIVE.encode("map_grant_ref", MAP)
    cdata = load().ffi.from_buffer("struct gnttab_map_grant_ref[]", bytearray(blob))
    structs = np.frombuffer(blob, NATIVE.dtype("map_grant_ref")).copy()
    for room in (cdata, structs):
        assert xen.raw(0, room, 2) == 1000
        assert NATIVE.decode("map_grant_ref", room) == NATIVE.decode("map_grant_ref", expected)
    batch = Hypervisor().xen.copy(len=[1, 2])
    assert Hypervisor().xen.raw(5, batch.cdata, 2) == 0
    one = load().ffi.new("struct gnttab_set_version *", [1])
    assert xen.raw(8, one[0], 1) == 1008
    assert one.version == 0xFFFFFFFE


# Recording


def recorded(filler: Path) -> Recorder:
    """Return a recorder that some calls have gone through."""
    recorder = Recorder(Library(filler))
    xen = Dispatcher(recorder)
    assert xen.map_grant_ref(**MAP).rc == 1000
    assert xen.setup_table(dom=1, nr_frames=5).frames == [0x1000 + n for n in range(5)]
    assert xen.copy([]).rc == 1005
    assert xen.copy(len=7).rc == -22
    assert xen.set_version(version=1).version == [0xFFFFFFFE]
    assert xen.get_status_frames(nr_frames=[1, 17], dom=[5, 21]).lists[1] == list(
        range(0x2000, 0x2011)
    )
    assert xen.raw(99, b"12345678", 1) == -38
    assert xen.raw(0, bytearray(NATIVE.encode("map_grant_ref", MAP)), 2) == 1000
    return recorder


def test_a_recorder_passes_calls_on_and_writes_them_down(filler: Path) -> None:
    """Would catch results that differ because somebody listens, or lines that lack something."""
    recorder = recorded(filler)
    calls = recorder.scenario.calls
    assert [(one.op, one.cmd, one.count, one.rc) for one in calls] == [
        ("map_grant_ref", 0, 2, 1000),
        ("setup_table", 2, 1, 1002),
        ("copy", 5, 0, 1005),
        ("copy", 5, 1, -22),
        ("set_version", 8, 1, 1008),
        ("get_status_frames", 9, 2, 1009),
        (None, 99, 1, -38),
        ("map_grant_ref", 0, 2, 1000),
    ]
    assert calls[0].data == NATIVE.encode("map_grant_ref", MAP)
    assert calls[0].out == Dispatcher(Library(filler)).map_grant_ref(**MAP).blob
    lines = [json.loads(line) for line in recorder.scenario.text().splitlines()]
    assert lines[0] == {"scenario": 1, "abi": NATIVE.name, "interface_version": "0x00041300"}
    assert lines[1]["op"] == "map_grant_ref"
    text = b"12345678".hex()
    assert lines[7] == {"cmd": 99, "count": 1, "in": text, "rc": -38, "out": text}
    assert lines[2]["lists"] == {"frame_list": [40]}
    assert len(lines[2]["filled"]["frame_list"][0]) == 80


def test_no_address_of_this_machine_is_written_down(filler: Path) -> None:
    """Would catch a recording that differs from run to run."""
    assert recorded(filler).scenario.text() == recorded(filler).scenario.text()


def findings(scenario: Scenario, backend: Backend) -> list[Finding]:
    """Play a scenario, and return all that was not as expected."""
    return [found for _, several in play(scenario, backend) for found in several]


def test_a_recording_replays(filler: Path, tmp_path: Path) -> None:
    """Would catch a recording that lacks what its own replay needs, or does not survive a file."""
    recorder = recorded(filler)
    path = tmp_path / "calls.jsonl"
    recorder.save(path)
    loaded = Scenario.load(path)
    assert loaded.calls == recorder.scenario.calls
    assert loaded.text() == path.read_text()
    for scenario in (recorder.scenario, loaded):
        played = list(play(scenario, Library(filler)))
        assert [several for _, several in played] == [[]] * len(scenario.calls)
        seen = [call for call, _ in played]
        assert seen == scenario.calls
    again = Recorder(Library(filler))
    assert findings(loaded, again) == []
    assert again.scenario.text() == loaded.text()


CHANGES: list[tuple[int, str, object, str, str]] = [
    (1, "rc", 5, "expectation-rc", "call 0, map_grant_ref: rc is 1000, not 5"),
    (1, "out", "00" * 64, "expectation-out", "call 0, map_grant_ref: out is 0100"),
    (2, "filled", {"frame_list": ["11" * 40]}, "expectation-filled", "call 1, setup_table: filled"),
    (4, "rc", 0, "expectation-rc", "call 3, copy: rc is -22, not 0"),
    (7, "rc", 0, "expectation-rc", "call 6, command 99: rc is -38, not 0"),
]


@pytest.mark.parametrize(("line", "key", "value", "code", "words"), CHANGES)
def test_what_is_not_as_expected_is_reported(
    filler: Path, line: int, key: str, value: object, code: str, words: str
) -> None:
    """Would catch a replay that compares nothing, or names another call."""
    lines = [json.loads(text) for text in recorded(filler).scenario.text().splitlines()]
    lines[line][key] = value
    scenario = Scenario.parse(map(json.dumps, lines))
    (found,) = findings(scenario, Library(filler))
    assert (found.severity, found.code, found.element) == ("error", code, line - 1)
    assert found.message.startswith(words)
    assert found.where == f"call {line - 1}"
    del lines[line][key]
    assert findings(Scenario.parse(map(json.dumps, lines)), Library(filler)) == []


def test_a_scenario_is_for_one_abi(filler: Path) -> None:
    """Would catch bytes of one ABI that are given to a callee of another."""
    other = Scenario(abi_at("arm32"))
    with pytest.raises(SourceError, match=r"is for Abi\('arm32'.*and the backend is Abi"):
        findings(other, Library(filler))
    old = Scenario(Abi.native("undefined"))
    with pytest.raises(SourceError, match="undefined"):
        findings(old, Library(filler))


def test_a_recorder_with_nothing_behind_it_has_no_results() -> None:
    """Would catch zeros that are taken for results."""
    recorder = Recorder()
    xen = Dispatcher(recorder)
    batch = xen.map_grant_ref(ref=[1, 2], flags="host_map")
    assert batch.ref == [1, 2]
    assert batch.flags == [2, 2]
    assert len(batch) == 2
    for ask in (
        lambda: batch.status,
        lambda: batch.handle,
        lambda: batch.dev_bus_addr,
        lambda: batch.rc,
        batch.raise_for_status,
        lambda: xen.setup_table(nr_frames=1).frames,
        lambda: xen.setup_table(nr_frames=1).lists,
        lambda: xen.set_version(version=1).version,
    ):
        with pytest.raises(Unavailable, match="nothing was called"):
            ask()
    assert batch.rows()[1] == {"host_addr": 0, "flags": 2, "ref": 2, "dom": 0}
    assert xen.set_version(version=1).rows() == [{}]
    assert xen.setup_table(nr_frames=1).rows()[0].keys() == {"dom", "nr_frames", "frame_list"}
    assert xen.raw(99, b"", 0) is None
    assert recorder.scenario.calls[0] == Call(
        cmd=0, count=2, op="map_grant_ref", data=batch.blob, rc=None, out=None
    )
    assert "rc" not in json.loads(recorder.scenario.text().splitlines()[1])


def test_a_recorder_for_another_abi() -> None:
    """Would catch a recording of this machine's layout where another was asked for."""
    recorder = Recorder(abi=abi_at("x86_32"))
    Dispatcher(recorder).copy(len=[1, 2], flags=3)
    expected = abi_at("x86_32").encode("copy", {"len": [1, 2], "flags": 3})
    assert recorder.scenario.calls[0].data == expected
    assert '"abi": "x86_32"' in recorder.scenario.text()
    named = Recorder(abi="i386")
    assert named.abi == recorder.abi
    with pytest.raises(UnknownName, match="unknown ABI 'vax'"):
        Recorder(abi="vax")


def test_a_recorder_of_what_is_no_backend(filler: Path) -> None:
    """Would catch an ABI that is taken for a backend, and one that is silently ignored."""
    wrong: Any
    for wrong, words in (
        (abi_at("arm32"), "Abi is no backend: give it as abi="),
        ("arm32", "str is no backend: give it as abi="),
        (5, "int is no backend$"),
    ):
        with pytest.raises(InvalidValue, match=words):
            Recorder(wrong)
    inner = Library(filler)
    assert Recorder(inner, abi=Abi.native()).abi == Recorder(inner, abi=NATIVE.name).abi == NATIVE
    with pytest.raises(InvalidValue, match=r"abi is Abi\('arm32', .*, and the backend is Abi\("):
        Recorder(inner, abi="arm32")


def test_a_recorder_for_a_narrower_abi_has_lists_too() -> None:
    """Would catch a list that cannot be pointed to, though nobody will look there."""
    recorder = Recorder(abi=abi_at("x86_32"))
    Dispatcher(recorder).setup_table(nr_frames=2)
    assert recorder.scenario.calls[0].lists == {"frame_list": [8]}


def test_what_was_recorded_with_nothing_behind_expects_nothing(filler: Path) -> None:
    """Would catch a recording without results that cannot be played."""
    recorder = Recorder()
    Dispatcher(recorder).map_grant_ref(**MAP)
    Dispatcher(recorder).setup_table(dom=1, nr_frames=5)
    played = list(play(recorder.scenario, Library(filler)))
    assert [several for _, several in played] == [[], []]
    assert [seen.rc for seen, _ in played] == [1000, 1002]
    assert played[1][0].filled["frame_list"][0][:2] == b"\0\x10"


DEREF = """
import ctypes, sys
from xengnt import CFunction, Dispatcher, Recorder, Abi
from xengnt.scenario import Scenario, play
import cffi
ffi = cffi.FFI()
@ffi.callback("int(unsigned int, void *, unsigned int)", error=-999)
def called(cmd, uop, count):
    first = ffi.cast("int *", uop)  # not null in any of these calls
    return first[0]
function = CFunction(called)
recorder = Recorder(function)
xen = Dispatcher(recorder)
mine = ctypes.c_int(3)
{}
scenario = Scenario.parse(recorder.scenario.text().splitlines())
assert scenario.calls == recorder.scenario.calls
for (call, found), known in zip(play(scenario, function), {}, strict=True):
    assert [one.code for one in found] == ([] if known else ["unknown-address"]), found
    assert known or call.rc is None or "cannot be made again" in found[0].message
"""


SHORT = """Abi.native().encode(
    'setup_table', [{'dom': 9, 'nr_frames': 2, 'frame_list': ctypes.addressof(mine)}]
)"""

INSIDE = """
at = xen.backend.memory.allocate(16)
xen.backend.memory.write(at + 8, b'\\x08')
assert xen.raw(77, at + 8, 1) == 8
"""


@pytest.mark.parametrize(
    ("statements", "known"),
    [
        ("assert xen.raw(77, bytearray(b'\\5\\0\\0\\0'), 1) == 5", (True,)),
        ("assert xen.raw(8, ctypes.addressof(mine), 1) == 3", (False,)),
        ("assert xen.raw(77, ctypes.addressof(mine), 0) == 3", (False,)),
        ("assert xen.raw(5, bytearray(b'\\6\\0\\0\\0'), 1000000) == 6", (True,)),
        ("assert xen.raw(8, bytearray(b'\\7\\0\\0\\0'), 0) == 7", (True,)),
        (f"assert xen.raw(2, bytearray({SHORT}[:20]), 1) == 9", (True,)),
        (INSIDE, (True,)),
    ],
)
def test_a_recording_of_bare_calls_replays_or_says_why_not(
    statements: str, known: tuple[bool, ...]
) -> None:
    """Would catch a replay that crashes the callee with a null pointer, or a stale one."""
    text = DEREF.format(statements, known)
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_bytes_of_what_is_no_op_are_recorded_with_nothing_behind() -> None:
    """Would catch bytes that are silently dropped, and an address that is taken for null."""
    recorder = Recorder()
    xen = Dispatcher(recorder)
    xen.raw(99, b"12345678", 1)
    xen.raw(99, 0x1234, 1)
    xen.raw(5, 0x1234, 1)
    xen.raw(5, 0, 1)
    lines = [json.loads(line) for line in recorder.scenario.text().splitlines()[1:]]
    assert lines == [
        {"cmd": 99, "count": 1, "in": b"12345678".hex()},
        {"cmd": 99, "count": 1, "address": "unknown"},
        {"op": "copy", "count": 1, "address": "unknown"},
        {"op": "copy", "count": 1, "in": ""},
    ]


def test_a_list_of_the_callers_own_is_replayed_with_one_of_ours() -> None:
    """Would catch a replay without the list that there was, or with an address of the past."""
    seen: list[bool] = []

    def handler(_cmd: int, address: int, count: int) -> int:
        elements = fields_at("setup_table", address, count)
        seen.append(all(one.frame_list for one in elements))
        return listing(_cmd, address, count)

    recorder = Recorder(Hypervisor(handler).xen.backend)
    mine = (ctypes.c_uint64 * 3)()
    columns = {"nr_frames": [2, 3], "frame_list": [0, ctypes.addressof(mine)]}
    Dispatcher(recorder).setup_table(**columns)
    line = json.loads(recorder.scenario.text().splitlines()[1])
    assert line["lists"] == {"frame_list": [16, 24]}
    assert [row is None for row in line["filled"]["frame_list"]] == [False, True]
    scenario = Scenario.parse(recorder.scenario.text().splitlines())
    assert scenario.calls == recorder.scenario.calls
    ((call, found),) = play(scenario, Hypervisor(handler).xen.backend)
    assert found == []
    assert call.filled["frame_list"][1] == bytes(mine)
    assert seen == [True, True]
    alone = Recorder(Hypervisor(handler).xen.backend)
    Dispatcher(alone).setup_table(nr_frames=3, frame_list=ctypes.addressof(mine))
    assert alone.scenario.calls[0].filled == {}


def test_a_list_too_long_to_be_allocated_again_is_not_called_with_null() -> None:
    """Would catch a recording that cannot be read again, or a replay that eats all memory."""
    recorder = Recorder(Hypervisor(lambda *_: -14).xen.backend)
    Dispatcher(recorder).setup_table(nr_frames=0xFFFFFFFF, frame_list=0x1000)
    scenario = Scenario.parse(recorder.scenario.text().splitlines())
    assert scenario.calls == recorder.scenario.calls
    hypervisor = Hypervisor()
    ((_, (found,)),) = play(scenario, hypervisor.xen.backend)
    assert (found.code, found.severity, found.element) == ("unknown-address", "error", 0)
    assert hypervisor.calls == []


def test_an_empty_call_is_played_on_every_backend() -> None:
    """Would catch bytes that are written to address 0 because there are none."""
    recorder = Recorder()
    Dispatcher(recorder).copy([])
    assert [found for _, found in play(recorder.scenario, Recorder())] == [[]]


def test_differences_are_json() -> None:
    """Would catch a finding that holds bytes, or a message that shows them as Python does."""
    backend = Hypervisor(listing).xen.backend
    recorder = Recorder(backend)
    Dispatcher(recorder).setup_table(nr_frames=2)
    recorder.scenario.calls[0].filled["frame_list"] = [bytes(16)]
    (found,) = findings(recorder.scenario, backend)
    assert json.loads(json.dumps(found.as_json()))["expected"] == ["00" * 16]
    assert found.got == ["00" * 8 + "01" + "00" * 7]
    assert "b'" not in found.message


def test_threads_share_a_recorder() -> None:
    """Would catch memory that is given out twice, or a table that changes under a reader."""
    recorder = Recorder()
    xen = Dispatcher(recorder)
    wrong: list[object] = []

    def work(number: int) -> None:
        try:
            for _ in range(150):
                batch = xen.setup_table(nr_frames=[number, 2], dom=number)
                if batch.dom != [number, number] or batch.frame_list[0] == batch.frame_list[1]:
                    wrong.append(batch)
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is wrong
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(recorder.scenario.calls) == 8 * 150
    gc.collect()
    assert not recorder.memory._blocks  # type: ignore[attr-defined]  # noqa: SLF001 -- all is freed


def test_many_lists_may_be_kept() -> None:
    """Would catch a memory that takes longer for each batch that is kept."""
    xen = Dispatcher(Recorder())
    kept = [xen.setup_table(nr_frames=1) for _ in range(3000)]
    assert len({batch.frame_list[0] for batch in kept}) == 3000


def test_made_up_addresses_fit_every_abi() -> None:
    """Would catch a long run whose addresses outgrow a pointer, or come back too soon."""
    memory = OwnMemory()
    memory.allocate(100)
    with pytest.raises(Unavailable, match="no more addresses"):
        memory.allocate(1 << 32)
    first = memory.allocate(8)
    memory.free(first)
    assert memory.allocate(8) > first
    with pytest.raises(InvalidValue, match="no 9 bytes are at"):
        memory.write(memory.allocate(8), bytes(9))


CRASH = """
import sys
from xengnt import CFunction, Dispatcher, Recorder
from xengnt.scenario import play
import cffi
ffi = cffi.FFI()
@ffi.callback("int(unsigned int, void *, unsigned int)")
def called(cmd, uop, count):
    return -14
recorder = Recorder(CFunction(called))
xen = Dispatcher(recorder)
{}
"""


@pytest.mark.parametrize(
    "statement",
    [
        "assert xen.raw(5, 8, 1) == -14",
        "assert xen.raw(5, bytearray(8), 1000000) == -14",
        "assert xen.raw(99, 8, 1) == -14",
        "assert xen.setup_table(nr_frames=1, frame_list=8).rc == -14",
    ],
)
def test_a_recorder_reads_nothing_that_it_does_not_know(statement: str) -> None:
    """Would catch a recorder that dies of an address that the callee only refuses."""
    done = subprocess.run(
        [sys.executable, "-c", CRASH.format(statement)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


# Scenario files

HEAD = json.dumps({"scenario": 1, "abi": NATIVE.name, "interface_version": "newest"})


def long_list(frames: int, length: int) -> str:
    """Return the line of a call with one list, of so many elements and of a length in bytes."""
    blob = NATIVE.encode("setup_table", {"nr_frames": frames})
    return json.dumps({"op": "setup_table", "in": blob.hex(), "lists": {"frame_list": [length]}})


BAD_LINES: list[tuple[str, str]] = [
    ("5", "not an object"),
    ("[]", "not an object"),
    ("{", "line 1 column 2"),
    ("[" * 100_000, "JSON nested too deeply"),
    ('{"op": "copy", "args": ' + "[" * 985 + "]" * 985 + "}", ""),
    ('{"op": "copy", "op": "copy"}', "'op' is given twice in one object"),
    ('{"op": "copy", "args": [{"len": 1, "len": 2}]}', "'len' is given twice in one object"),
    ('{"op": "copy", "args": [{"len": true}]}', "expected an integer or a name, got True"),
    ('{"op": ["copy"]}', "no struct or op"),
    ('{"op": "cop"}', "did you mean copy?"),
    ('{"op": "copy", "rc": 9223372036854775808}', "rc: expected -9223372036854775808 to "),
    ('{"op": "copy", "rc": true}', "rc: expected an integer, got True"),
    ('{"op": "copy", "count": 34359738360}', "count: expected 0 to 4294967295"),
    ('{"op": "copy", "\\u001b[31m\\n": 1}', r"unknown '\x1b[31m\n'"),
    ('{"op": "copy", "address": -5}', "address: expected 0 to 18446744073709551615, got -5"),
    ('{"op": "copy", "address": "unknown", "args": []}', "no in or unknown address beside it"),
    (
        long_list(400_000_000, 3_200_000_000),
        "lists: more than 1048576 elements in one call",
    ),
    (
        long_list(4_000_000_000, 34_359_738_360),
        "frame_list: expected [32000000000] bytes or 0",
    ),
    ("{}", "expected either op or cmd"),
    ('{"op": "copy", "cmd": 5}', "expected either op or cmd"),
    ('{"op": "nothing"}', "no struct or op 'nothing'"),
    ('{"op": "gnttab_copy"}', "'gnttab_copy' is no op"),
    ('{"op": "grant_entry_v1"}', "'grant_entry_v1' is no op"),
    ('{"op": []}', ""),
    ('{"op": "copy", "inn": ""}', "unknown 'inn'"),
    ('{"op": "copy", "in": "zz"}', "hexadecimal"),
    ('{"op": "copy", "in": "0"}', "hexadecimal"),
    ('{"op": "copy", "in": 5}', ""),
    ('{"op": "copy", "out": "xx"}', "hexadecimal"),
    ('{"op": "copy", "args": [{"lne": 1}]}', "no field 'lne', did you mean len?"),
    ('{"op": "copy", "args": [{"len": 65536}]}', "65536 does not fit"),
    ('{"op": "copy", "args": 5}', "got int"),
    ('{"cmd": null}', ""),
    ('{"cmd": "x"}', ""),
    ('{"op": "copy", "count": "x"}', ""),
    ('{"op": "copy", "lists": {"x": 1}}', ""),
    ('{"op": "copy", "lists": {"x": ["y"]}}', ""),
    ('{"op": "copy", "filled": {"x": ["y"]}}', ""),
    ('{"op": "copy", "lists": []}', ""),
    ('{"op": "copy", "filled": [1]}', ""),
    ('{"op": "copy", "count": 1e999}', ""),
    ('{"cmd": 1e999}', ""),
    ('{"cmd": -1}', ""),
    ('{"cmd": 4294967296}', ""),
    ('{"op": "copy", "count": -1}', ""),
    ('{"op": "copy", "count": 1.5}', ""),
    ('{"op": "copy", "rc": "x"}', ""),
    ('{"op": "copy", "in": "00"}', ""),
    ('{"op": "copy", "in": "", "args": []}', ""),
    ('{"cmd": 5, "args": []}', ""),
    ('{"op": "copy", "lists": {"x": [1]}}', ""),
    ('{"op": "setup_table", "args": [{}], "lists": {"frame_list": [8, 8]}}', ""),
    ('{"op": "setup_table", "args": [{}], "lists": {"frame_list": [-1]}}', ""),
    ('{"op": "setup_table", "args": [{"nr_frames": 9}], "lists": {"frame_list": [8]}}', ""),
]


@pytest.mark.parametrize(
    ("line", "words"),
    BAD_LINES,
    ids=lambda text: text[:40],
)
def test_a_bad_line_is_named_in_one_line(tmp_path: Path, line: str, words: str) -> None:
    """Would catch a mistake in a file that is played, or an error without the place."""
    path = tmp_path / "bad.jsonl"
    path.write_text(f"{HEAD}\n\n{line}\n")
    with pytest.raises(SourceError) as caught:
        Scenario.load(path)
    assert str(caught.value).startswith(f"{path}:3: ")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("{}", "the first line must begin"),
        ('{"scenario": 2, "abi": "x86_64"}', "the first line must begin"),
        ('{"scenario": 1}', "unknown ABI ''"),
        ('{"scenario": 1, "abi": "vax"}', "unknown ABI 'vax'"),
        ('{"scenario": 1, "abi": []}', ""),
        ('{"scenario": 1, "abi": "arm64", "interface_version": "later"}', "'later'"),
        ('{"scenario": 1, "abi": "arm64", "interface_version": 4294967295}', "newer than"),
        ('{"op": "copy"}', "the first line must begin"),
        ('{"scenario": true, "abi": "x86_64"}', "the first line must begin"),
        ('{"scenario": 1, "abi": "x86_64", "abi": "x86_64"}', "'abi' is given twice"),
        ('{"scenario": 1, "abi": "x86_64", "x": 1}', "unknown 'x'"),
        ('{"scenario": 1, "abi": "x86_64", "interface_version": 1.5}', "version 1.5: expected"),
        ('{"scenario": 1, "abi": "x86_64", "interface_version": null}', "version None: expected"),
        ('{"scenario": 1, "abi": 5}', "unknown ABI 5"),
    ],
)
def test_a_bad_first_line_is_named(head: str, words: str) -> None:
    """Would catch a scenario that is read as one of another machine."""
    with pytest.raises(SourceError, match=r"^a file:1: ") as caught:
        Scenario.parse([head], "a file")
    assert words in str(caught.value)


def test_files_that_are_no_scenarios(tmp_path: Path) -> None:
    """Would catch a traceback about a file that is not there, or is no text."""
    empty = tmp_path / "empty"
    empty.write_text("\n \n")
    with pytest.raises(SourceError, match="empty: empty"):
        Scenario.load(empty)
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    for path in (binary, tmp_path, tmp_path / "missing"):
        with pytest.raises(SourceError) as caught:
            Scenario.load(path)
        assert str(caught.value).startswith(f"{path}: ")
    for name in ("a\0b", "no\x1b[31m", "\udcff"):
        with pytest.raises(SourceError) as caught:
            Scenario.load(name)
        assert str(caught.value).isprintable()
    for path in (tmp_path, tmp_path / "missing" / "file", "a\0b"):
        with pytest.raises(SourceError) as caught:
            Recorder().save(path)
        assert str(caught.value).startswith(str(path).replace("\0", "\\x00"))


def test_scenarios_are_written_by_hand_too(filler: Path) -> None:
    """Would catch a short form of a line that is not understood."""
    lines = [
        HEAD,
        json.dumps({"op": "map_grant_ref", "args": {n: c[:1] for n, c in MAP.items()}, "rc": 1000}),
        '{"op": "dump_table", "args": {"dom": [1, 5]}, "rc": 1003, "out": "0100ffff0500feff"}',
        '{"op": "setup_table", "args": {"dom": 1, "nr_frames": 5}, "lists": {"frame_list": [40]}}',
        '{"op": "copy", "args": [], "rc": 1005}',
        '{"cmd": 77, "count": 3, "in": "00", "rc": -38}',
    ]
    scenario = Scenario.parse(lines)
    assert [one.count for one in scenario.calls] == [1, 2, 1, 0, 3]
    assert findings(scenario, Library(filler)) == []


def test_the_names_are_those_of_the_package() -> None:
    """Would catch a name of the design that moved."""
    for name in ("CFunction", "Dispatcher", "Library", "Recorder", "GrantError"):
        assert getattr(xengnt, name).__name__ == name
