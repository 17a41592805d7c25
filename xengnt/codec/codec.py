# SPDX-License-Identifier: MIT
"""What encodes, decodes and judges one struct of an ABI.

Imports ``xengnt.errors`` and the modules beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, cached_property
from operator import index
from typing import TYPE_CHECKING, Any

from xengnt.codec.buffers import bytes_of, kind_of, pinned
from xengnt.codec.decode import Decoder
from xengnt.codec.plan import Plan, Slot
from xengnt.codec.prepared import Prepared
from xengnt.codec.rows import Encoder
from xengnt.codec.symbols import shown
from xengnt.errors import InvalidValue

if TYPE_CHECKING:
    from xengnt.codec.abi import Abi


class Codec:
    """What encodes, decodes and judges one struct of an ABI.

    Args:
        abi: the ABI.
        name: an op, a tag, or a scalar type.

    Raises:
        UnknownName: there is none of that name.
    """

    def __init__(self, abi: Abi, name: str) -> None:
        struct = abi.struct(name)
        self.abi = abi
        self.name = name
        self.op = name if name in abi.layout.ops else abi.layout.op_of(struct.tag)
        self.plan = Plan(struct, abi.declarations, self.op or struct.tag)
        self.decoder = Decoder(self.plan)
        self._encoders: dict[tuple[bool, bool], Encoder] = {}

    @cached_property
    def lists(self) -> tuple[tuple[Slot, Slot, int], ...]:
        """The addresses of lists: the field, that of the number of elements, the size of one."""
        slots = self.plan.raw.slots
        return tuple(
            (slot, slots[slot.field.pointee.count], slot.field.pointee.size or 0)
            for slot in self.plan.raw.leaves
            if slot.field.pointee and slot.field.pointee.count
        )

    def whole(self, blob: bytes | bytearray) -> bytes | bytearray:
        """Return a blob without what is behind its last whole struct."""
        return blob[: len(blob) - len(blob) % self.plan.struct.size]

    def prepare(
        self, columns: object, buffer: Any = None, *, strict: bool = False, allow_out: bool = False
    ) -> Prepared:
        """Return columns bound once, to encode again and again; see `Abi.prepare`."""
        encoder = self.encoder(strict=strict, allow_out=allow_out)
        binding = encoder.bind(columns, scalars=True)
        if binding is None:
            raise InvalidValue(
                f"{self.plan.label}: expected columns in memory, as numpy and the module array "
                "have them, or scalars",
                struct=self.plan.struct.tag,
                expected="columns in memory",
                got=type(columns).__name__,
            )
        if buffer is None:
            buffer = bytearray(binding.size)
        blob = self._room(buffer, binding.size)[: binding.size]
        room = pinned(blob)
        if binding.overlaps(room.address, binding.size):
            raise InvalidValue(
                f"{self.plan.label}: a column is in the buffer that is to be written",
                struct=self.plan.struct.tag,
            )
        given = encoder.columns(columns) or {}
        return Prepared(
            binding.at(room), encoder.values, buffer, lambda: self.decoder.bind(blob, given)
        )

    @property
    def encode_one(self) -> Callable[[Any], bytes]:
        """What packs one row; fetch it once, and call it in a loop."""
        return self.plain.encode_one

    @cached_property
    def plain(self) -> Encoder:
        """The encoder of the ordinary rules."""
        return self.encoder()

    def encoder(self, *, strict: bool = False, allow_out: bool = False) -> Encoder:
        """Return the encoder of these rules; each is made once."""
        key = strict, allow_out
        if key not in self._encoders:
            self._encoders[key] = Encoder(self.plan, strict=strict, allow_out=allow_out)
        return self._encoders[key]

    def encode(
        self,
        rows: object,
        *,
        strict: bool = False,
        allow_out: bool = False,
        poison: int | None = None,
        first: int = 0,
    ) -> bytes:
        """Return rows or columns as bytes; see `Abi.encode`.

        The first row has the number `first`, for errors: where a batch comes in parts.
        """
        if poison is None and not (strict or allow_out):
            return self.plain.encode(rows, first)
        data = self.encoder(strict=strict, allow_out=allow_out).encode(rows, first)
        return data if poison is None else self._poison(data, poison, allow_out=allow_out)

    def encode_into(
        self,
        buffer: Any,
        rows: object,
        *,
        strict: bool = False,
        allow_out: bool = False,
        poison: int | None = None,
    ) -> int:
        """Encode into a writable buffer and return the bytes written; see `Abi.encode_into`."""
        encoder = self.encoder(strict=strict, allow_out=allow_out)
        binding = encoder.bind(rows) if poison is None else None
        if binding is not None:
            room = self._room(buffer, binding.size)
            to = pinned(room)
            if not binding.overlaps(to.address, binding.size):
                binding.at(to).scatter(encoder.values)
                return binding.size
        data = self.encode(rows, strict=strict, allow_out=allow_out, poison=poison)
        self._room(buffer, len(data))[: len(data)] = data
        return len(data)

    def _room(self, buffer: Any, needed: int) -> memoryview:
        """Return the bytes of a buffer that so many can be written to.

        Raises:
            InvalidValue: it is none, is read-only or too small.
        """
        room = bytes_of(buffer)
        if room is None:
            kind = kind_of(buffer)
            raise InvalidValue(
                f"{self.plan.label}: expected a buffer in one piece, got {kind}",
                struct=self.plan.struct.tag,
                expected="a buffer",
                got=kind,
            )
        if room.readonly or len(room) < needed:
            what = "is read-only" if room.readonly else f"has {len(room)} bytes"
            raise InvalidValue(
                f"{self.plan.label}: the buffer {what}, and {needed} are to be written",
                struct=self.plan.struct.tag,
                expected=needed,
                got=len(room),
            )
        return room

    def _poison(self, data: bytes, byte: int, *, allow_out: bool) -> bytes:
        """Fill holes, and fields that come out, with a byte; both are zero before."""
        try:
            number = -1 if isinstance(byte, bool) else index(byte)
            pattern = bytes([number])
        except (TypeError, ValueError, OverflowError):
            raise InvalidValue(
                f"poison: {shown(byte)} is not a byte", expected=(0, 255), got=byte
            ) from None
        struct = self.plan.struct
        mask = bytearray(struct.size)
        spans = list(struct.holes)
        if not allow_out:
            spans += [(f.offset, f.size) for f in struct.leaves if f.direction == "OUT"]
        for start, length in spans:
            mask[start : start + length] = pattern * length
        poison = int.from_bytes(bytes(mask) * (len(data) // struct.size), "little")
        return (int.from_bytes(data, "little") | poison).to_bytes(len(data), "little")

    def __reduce__(self) -> tuple[object, ...]:
        return _known, (self.abi, self.name)

    @cached_property
    def validator(self) -> Any:
        """What judges its meaning."""
        from xengnt.codec.validate import Validator

        return Validator(self.plan, self.abi.declarations, self.op)


@cache
def _known(abi: Abi, name: str) -> Codec:
    """Return a codec where it was sent to; each is made once in a process."""
    return abi.codec(name)
