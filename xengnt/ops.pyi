# SPDX-License-Identifier: MIT
# Written by build_ffi.py from include/xen: change that, not this.
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from xengnt.abi.constants import Status
from xengnt.batch import Batch

_Column: TypeAlias = int | str | Iterable[Any] | Mapping[str, Any]
_Rows: TypeAlias = Iterable[Any] | Mapping[str, Any]

class Ops:
    def map_grant_ref(
        self,
        rows: _Rows | None = ...,
        /,
        *,
        host_addr: _Column = ...,
        flags: _Column = ...,
        ref: _Column = ...,
        dom: _Column = ...,
        **columns: _Column,
    ) -> MapGrantRefBatch: ...
    def unmap_grant_ref(
        self,
        rows: _Rows | None = ...,
        /,
        *,
        host_addr: _Column = ...,
        dev_bus_addr: _Column = ...,
        handle: _Column = ...,
        **columns: _Column,
    ) -> UnmapGrantRefBatch: ...
    def setup_table(
        self,
        rows: _Rows | None = ...,
        /,
        *,
        dom: _Column = ...,
        nr_frames: _Column = ...,
        frame_list: _Column = ...,
        **columns: _Column,
    ) -> SetupTableBatch: ...
    def dump_table(
        self,
        rows: _Rows | None = ...,
        /,
        *,
        dom: _Column = ...,
        **columns: _Column,
    ) -> DumpTableBatch: ...
    def transfer(
        self,
        rows: _Rows | None = ...,
        /,
        *,
        mfn: _Column = ...,
        domid: _Column = ...,
        ref: _Column = ...,
        **columns: _Column,
    ) -> TransferBatch: ...
    def copy(
        self,
        rows: _Rows | None = ...,
        /,
        *,
        len: _Column = ...,
        flags: _Column = ...,
        **columns: _Column,
    ) -> CopyBatch: ...
    def query_size(
        self,
        rows: _Rows | None = ...,
        /,
        *,
        dom: _Column = ...,
        **columns: _Column,
    ) -> QuerySizeBatch: ...
    def unmap_and_replace(
        self,
        rows: _Rows | None = ...,
        /,
        *,
        host_addr: _Column = ...,
        new_addr: _Column = ...,
        handle: _Column = ...,
        **columns: _Column,
    ) -> UnmapAndReplaceBatch: ...
    def set_version(
        self,
        rows: _Rows | None = ...,
        /,
        *,
        version: _Column = ...,
        **columns: _Column,
    ) -> SetVersionBatch: ...
    def get_status_frames(
        self,
        rows: _Rows | None = ...,
        /,
        *,
        nr_frames: _Column = ...,
        dom: _Column = ...,
        frame_list: _Column = ...,
        **columns: _Column,
    ) -> GetStatusFramesBatch: ...
    def get_version(
        self,
        rows: _Rows | None = ...,
        /,
        *,
        dom: _Column = ...,
        pad: _Column = ...,
        **columns: _Column,
    ) -> GetVersionBatch: ...
    def swap_grant_ref(
        self,
        rows: _Rows | None = ...,
        /,
        *,
        ref_a: _Column = ...,
        ref_b: _Column = ...,
        **columns: _Column,
    ) -> SwapGrantRefBatch: ...
    def cache_flush(
        self,
        rows: _Rows | None = ...,
        /,
        *,
        a: _Column = ...,
        offset: _Column = ...,
        length: _Column = ...,
        op: _Column = ...,
        **columns: _Column,
    ) -> CacheFlushBatch: ...

class MapGrantRefBatch(Batch):
    @property
    def host_addr(self) -> list[int]: ...
    @property
    def flags(self) -> list[int]: ...
    @property
    def ref(self) -> list[int]: ...
    @property
    def dom(self) -> list[int]: ...
    @property
    def status(self) -> list[Status | int]: ...
    @property
    def handle(self) -> list[int]: ...
    @property
    def dev_bus_addr(self) -> list[int]: ...

class UnmapGrantRefBatch(Batch):
    @property
    def host_addr(self) -> list[int]: ...
    @property
    def dev_bus_addr(self) -> list[int]: ...
    @property
    def handle(self) -> list[int]: ...
    @property
    def status(self) -> list[Status | int]: ...

class SetupTableBatch(Batch):
    @property
    def dom(self) -> list[int]: ...
    @property
    def nr_frames(self) -> list[int]: ...
    @property
    def status(self) -> list[Status | int]: ...
    @property
    def frame_list(self) -> list[int]: ...

class DumpTableBatch(Batch):
    @property
    def dom(self) -> list[int]: ...
    @property
    def status(self) -> list[Status | int]: ...

class TransferBatch(Batch):
    @property
    def mfn(self) -> list[int]: ...
    @property
    def domid(self) -> list[int]: ...
    @property
    def ref(self) -> list[int]: ...
    @property
    def status(self) -> list[Status | int]: ...

class CopyBatch(Batch):
    @property
    def len(self) -> list[int]: ...
    @property
    def flags(self) -> list[int]: ...
    @property
    def status(self) -> list[Status | int]: ...

class QuerySizeBatch(Batch):
    @property
    def dom(self) -> list[int]: ...
    @property
    def nr_frames(self) -> list[int]: ...
    @property
    def max_nr_frames(self) -> list[int]: ...
    @property
    def status(self) -> list[Status | int]: ...

class UnmapAndReplaceBatch(Batch):
    @property
    def host_addr(self) -> list[int]: ...
    @property
    def new_addr(self) -> list[int]: ...
    @property
    def handle(self) -> list[int]: ...
    @property
    def status(self) -> list[Status | int]: ...

class SetVersionBatch(Batch):
    @property
    def version(self) -> list[int]: ...

class GetStatusFramesBatch(Batch):
    @property
    def nr_frames(self) -> list[int]: ...
    @property
    def dom(self) -> list[int]: ...
    @property
    def status(self) -> list[Status | int]: ...
    @property
    def frame_list(self) -> list[int]: ...

class GetVersionBatch(Batch):
    @property
    def dom(self) -> list[int]: ...
    @property
    def pad(self) -> list[int]: ...
    @property
    def version(self) -> list[int]: ...

class SwapGrantRefBatch(Batch):
    @property
    def ref_a(self) -> list[int]: ...
    @property
    def ref_b(self) -> list[int]: ...
    @property
    def status(self) -> list[Status | int]: ...

class CacheFlushBatch(Batch):
    @property
    def a(self) -> list[int]: ...
    @property
    def offset(self) -> list[int]: ...
    @property
    def length(self) -> list[int]: ...
    @property
    def op(self) -> list[int]: ...

BATCHES: dict[str, type[Batch]]
