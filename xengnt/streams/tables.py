# SPDX-License-Identifier: MIT
"""Decoded structs as tables of Arrow: a column for each leaf, of just its width.

The leaves are never null: they have every byte that a field covers. A member of a union,
and what belongs to one view of an entry, is null where it is not meant.

Imports ``xengnt.errors``, ``xengnt.abi`` and the codec; pyarrow and numpy where they are used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from xengnt.abi.choice import Choice
from xengnt.abi.targets import format_version
from xengnt.codec import Codec
from xengnt.codec.plan import Slot, View
from xengnt.errors import Unavailable
from xengnt.streams.pieces import Piece
from xengnt.streams.text import ELEMENT, FILE

if TYPE_CHECKING:
    import pyarrow as pa

FORMS = ("parquet", "arrow")

GROUP = 1 << 17
"""As many rows are a row group of Parquet, which is what readers take in parallel."""


class Tables:
    """Makes tables of the structs of one kind.

    Attributes:
        schema: that of all of them.

    Args:
        codec: what knows how they are packed.
        in_only: whether to leave out what only comes out.
        located: whether the first columns are the file and the number of the element.

    Raises:
        Unavailable: pyarrow or numpy is not installed.
    """

    def __init__(self, codec: Codec, *, in_only: bool, located: bool) -> None:
        np, pa = _libraries()
        self._np, self._pa = np, pa
        self._plan = codec.plan
        self._located = located
        self._columns = [
            (slot, view, which) for slot, view, which in self._all() if not (in_only and slot.out)
        ]
        slots = {slot.name: slot for view in self._plan.views.values() for slot in view.leaves}
        slots |= {name: slot for name, (_, slot) in self._plan.slots.items()}
        self._dtype = np.dtype(
            {
                "names": list(slots),
                "formats": [_numpy(slot) for slot in slots.values()],
                "offsets": [slot.offset for slot in slots.values()],
                "itemsize": self._plan.struct.size,
            }
        )
        places = [
            pa.field(FILE, pa.string(), nullable=False),
            pa.field(ELEMENT, pa.uint64(), nullable=False),
        ]
        self.schema = pa.schema(
            [*(places if located else []), *(self._field(*one) for one in self._columns)],
            metadata={
                "xengnt.struct": self._plan.struct.tag,
                "xengnt.op": codec.op or "",
                "xengnt.abi": codec.abi.name,
                "xengnt.interface_version": format_version(codec.abi.interface_version),
            },
        )

    def _all(self) -> Iterator[tuple[Slot, View | None, str | None]]:
        """Give each column: the slot, and the view and the member that it is null without."""
        raw = self._plan.raw
        given = set()
        for view, slot, which in self._plan.meanings:
            if view is raw and slot.leaf not in given:
                given.add(slot.leaf)
                yield raw.leaves[slot.leaf], None, None
            if view is not raw or which:
                yield slot, view, which

    def _field(self, slot: Slot, view: View | None, _: str | None) -> pa.Field[Any]:
        pa = self._pa
        kind = getattr(pa, f"{'' if slot.signed else 'u'}int{8 * slot.size}")()
        about = {"type": slot.field.type, "direction": slot.field.direction or ""}
        return pa.field(
            slot.name,
            kind if slot.count is None else pa.list_(kind, slot.count),
            nullable=view is not None,
            metadata=about,
        )

    def batch(self, piece: Piece, data: bytes) -> pa.RecordBatch:
        """Return the structs of a piece."""
        np, pa = self._np, self._pa
        rows = np.frombuffer(data, self._dtype)
        columns: list[Any] = []
        if self._located:
            columns.append(pa.repeat(piece.source, len(rows)))
            columns.append(np.arange(piece.first, piece.first + len(rows), dtype="u8"))
        views: dict[str, Any] = {}
        for slot, view, which in self._columns:
            meant = None
            if view is not None:
                if view.name not in views:
                    views[view.name] = self._seen(rows, data, view)
                meant = views[view.name]
                if which:
                    meant = meant & self._picked(rows, view, slot, which)
            values = np.ascontiguousarray(rows[slot.name])
            columns.append(self._column(slot, values, None if meant is None else ~meant))
        return pa.record_batch(columns, schema=self.schema)

    def _column(self, slot: Slot, values: Any, absent: Any) -> Any:
        pa = self._pa
        if slot.count is None:
            return pa.array(values, mask=absent)
        nulls = None if absent is None else pa.array(absent)
        flat = pa.array(values.reshape(-1))
        return pa.FixedSizeListArray.from_arrays(flat, slot.count, mask=nulls)

    def _seen(self, rows: Any, data: bytes, view: View) -> Any:
        """Tell of each row whether it is meant to be seen so."""
        np, plan = self._np, self._plan
        if plan.only:
            return np.ones(len(rows), bool)
        first = next(iter(plan.views.values()))
        meant = self._chosen(rows, first, plan.choice, view.name)
        behind = np.frombuffer(data, "u1").reshape(len(rows), -1)[:, view.end :]
        return meant & ~behind.any(axis=1)

    def _picked(self, rows: Any, view: View, member: Slot, which: str) -> Any:
        """Tell of each row whether a member of a union is meant, with nothing above it."""
        leaf = view.leaves[member.leaf]
        meant = self._chosen(rows, view, view.unions[leaf.leaf].choice, which)
        if member.size == leaf.size:
            return meant
        return meant & (rows[leaf.name] >> leaf_bits(leaf, member) == 0)

    def _chosen(self, rows: Any, view: View, choice: Choice | None, name: str) -> Any:
        """Tell of each row whether a choice means a member."""
        if choice is None or isinstance(choice, str):
            return self._np.full(len(rows), choice == name)
        slot, mask, value = self._plan.condition(view, choice[0])
        held = rows[slot.name].astype("u8") & mask == value
        then = self._chosen(rows, view, choice[1], name)
        return self._np.where(held, then, self._chosen(rows, view, choice[2], name))


def leaf_bits(leaf: Slot, member: Slot) -> int:
    """Return how many bits of a union are below those above a member of it."""
    return 8 * (member.offset + member.size - leaf.offset)


@contextmanager
def writing(form: str, file: BinaryIO, schema: pa.Schema) -> Iterator[Callable[[Any], None]]:
    """Give what writes one batch after the other to a file, as Parquet or as an Arrow file."""
    _, pa = _libraries()
    if form == "arrow":
        with pa.ipc.new_file(file, schema) as arrow:
            yield arrow.write_batch
        return
    from pyarrow import parquet

    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        held: list[Any] = []

        def write(batch: Any) -> None:
            held.append(batch)
            if sum(len(one) for one in held) >= GROUP:
                flush()

        def flush() -> None:
            writer.write_table(pa.Table.from_batches(held, schema), row_group_size=GROUP)
            held.clear()

        yield write
        flush()


def _numpy(slot: Slot) -> Any:
    code = f"<{'i' if slot.signed else 'u'}{slot.size}"
    return code if slot.count is None else (code, (slot.count,))


def _libraries() -> tuple[Any, Any]:
    try:
        import numpy as np
        import pyarrow as pa
    except ImportError as error:
        raise Unavailable(f"{error.name} is not installed: pip install 'xengnt[arrow]'") from None
    return np, pa
