# SPDX-License-Identifier: MIT
"""An ABI at an interface version: the object that everything is asked of.

Imports ``xengnt.errors``, ``xengnt.abi``, ``xengnt.findings`` and the modules beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from xengnt.abi.declarations import Declarations, header
from xengnt.abi.layout import Field, Layout, StructLayout, compute
from xengnt.abi.targets import Target, format_version, native, target
from xengnt.codec.decode import Decoder, Row, bytes_of
from xengnt.codec.dump import DumpLine, dump
from xengnt.codec.plan import Plan, Slot
from xengnt.codec.rows import Encoder
from xengnt.codec.symbols import shown
from xengnt.errors import InvalidValue

if TYPE_CHECKING:
    import numpy as np

    from xengnt.codec.view import BlobView
    from xengnt.findings import Finding


class Abi:
    """The grant-table ABI of one architecture at one interface version.

    A struct is named by the op that takes it, ``copy``, or by its C tag; the word
    of a status array by its type, ``grant_status_t``. Wherever bytes are taken, any
    object with a buffer will do.

    Args:
        name: the ABI or an alias of it, ``x86_32``.
        interface_version: ``0x0003020a``, ``newest``, ``undefined``, or a number.

    Raises:
        UnknownName: there is no such ABI.
        InvalidValue: there is no such interface version.
    """

    def __init__(self, name: str | Target, interface_version: str | int = "newest") -> None:
        self.target = target(name)
        self.interface_version = header().version(interface_version)
        self._codecs: dict[str, Codec] = {}

    @classmethod
    def native(cls, interface_version: str | int = "newest") -> Abi:
        """Return the ABI of this machine."""
        return cls(native(), interface_version)

    @property
    def name(self) -> str:
        """The name of the ABI."""
        return self.target.name

    @cached_property
    def declarations(self) -> Declarations:
        """What the header declares for it."""
        return header().at(self.target, self.interface_version)

    @cached_property
    def layout(self) -> Layout:
        """All structs, scalar types, constants and commands, laid out."""
        return compute(self.declarations)

    def struct(self, name: str) -> StructLayout:
        """Return the layout of a struct.

        Raises:
            UnknownName: there is none of that name at this interface version.
        """
        return self.layout.struct(name)

    def codec(self, name: str) -> Codec:
        """Return what encodes and decodes a struct, for callers in a loop.

        Raises:
            UnknownName: there is none of that name at this interface version.
        """
        found = self._codecs.get(name)
        if found is None:
            found = self._codecs[name] = Codec(self, name)
        return found

    def codec_of(self, cmd: int) -> Codec | None:
        """Return the codec of a command by its number, None if there is no such command."""
        return next(
            (self.codec(op) for op, one in self.layout.ops.items() if one.number == cmd), None
        )

    def encode(
        self,
        name: str,
        rows: object,
        *,
        strict: bool = False,
        allow_out: bool = False,
        poison: int | None = None,
    ) -> bytes:
        """Return an array of structs as bytes.

        A field that is not given is zero, and so is every hole. Values are integers,
        or names such as ``"host_map|readonly"``.

        Args:
            name: the op, or the tag of the struct.
            rows: a mapping is columns, of arrays or scalars, of which scalars are
                repeated. Anything else is rows: mappings with dotted or nested names,
                tuples of all fields that go in, or objects.
            strict: demand every field that goes in.
            allow_out: take fields that come out as well.
            poison: fill holes, and fields that come out, with this byte.

        Raises:
            UnknownName: a struct, field or symbol that there is not.
            InvalidValue: a value that does not fit, or fields that do not go together.
        """
        return self.codec(name).encode(rows, strict=strict, allow_out=allow_out, poison=poison)

    def encode_into(
        self,
        name: str,
        buffer: Any,
        rows: object,
        *,
        strict: bool = False,
        allow_out: bool = False,
        poison: int | None = None,
    ) -> int:
        """Encode into a writable buffer, from its start, and return the bytes written.

        Raises:
            InvalidValue: as `encode`; also if the buffer is read-only or too small, and
                then nothing is written.
            UnknownName: as `encode`.
        """
        data = self.encode(name, rows, strict=strict, allow_out=allow_out, poison=poison)
        room = bytes_of(buffer)
        if room is None:
            kind = type(buffer).__name__
            raise InvalidValue(
                f"{name}: expected a buffer in one piece, got {kind}", expected="a buffer", got=kind
            )
        if room.readonly or len(room) < len(data):
            what = "is read-only" if room.readonly else f"has {len(room)} bytes"
            raise InvalidValue(
                f"{name}: the buffer {what}, and {len(data)} are to be written",
                expected=len(data),
                got=len(room),
            )
        room[: len(data)] = data
        return len(data)

    def decode(self, name: str, blob: Any) -> list[Row]:
        """Return a dict for each struct of a blob, keyed by dotted path.

        A union is given under the name of the member that is meant or, when bits above
        that are set, of the whole. An entry of version 2 has the fields of one view.

        Raises:
            InvalidValue: not a whole number of structs.
            UnknownName: there is no such struct.
        """
        return self.codec(name).decoder.rows(blob)

    def decode_tuples(
        self,
        name: str,
        blob: Any,
        *,
        in_only: bool = False,
    ) -> list[tuple[int, ...]]:
        """Return a tuple for each struct: its leaves in order of declaration.

        With `in_only` they are those that `encode` takes as a tuple. An entry of
        version 2 is given as the words of its ``__spacer``.

        Raises:
            InvalidValue, UnknownName: as `decode`.
        """
        return self.codec(name).decoder.tuples(blob, in_only=in_only)

    def decode_columns(self, name: str, blob: Any) -> dict[str, list[Any]]:
        """Return a list for each leaf.

        Entries of version 2 give the columns of the view that all of them have, else
        those of ``__spacer``. For numpy, see `dtype`.

        Raises:
            InvalidValue, UnknownName: as `decode`.
        """
        return self.codec(name).decoder.columns(blob)

    def view(self, name: str, blob: Any) -> BlobView:
        """Return the structs of a blob in place, each field read when it is asked for.

        Raises:
            InvalidValue, UnknownName: as `decode`.
        """
        from xengnt.codec.view import BlobView

        codec = self.codec(name)
        return BlobView(codec.plan, codec.decoder.blob(blob))

    def validate(
        self,
        name: str,
        blob: Any,
        *,
        when: str = "before",
    ) -> list[Finding]:
        """Return what is wrong with the meaning of a blob.

        Args:
            name: the op, or the tag of the struct.
            blob: whole structs.
            when: ``before`` the call, when fields that come out are anybody's, or ``after``.

        Raises:
            InvalidValue: as `decode`, or another `when`.
            UnknownName: as `decode`.
        """
        if when not in ("before", "after"):
            raise InvalidValue(f"when: expected before or after, got {when!r}", got=when)
        codec = self.codec(name)
        checked = codec.decoder.blob(blob)
        return list(codec.validator.findings(checked, after=when == "after"))

    def dump(self, name: str, blob: Any) -> Iterator[DumpLine]:
        """Give every byte of a blob with the field that it belongs to.

        Raises:
            InvalidValue, UnknownName: as `decode`.
        """
        codec = self.codec(name)
        return dump(codec.plan, codec.decoder.blob(blob))

    def ctype(self, name: str) -> Any:
        """Return a ctypes structure with the layout of a struct, holes as members.

        Raises:
            UnknownName: there is no such struct.
        """
        from xengnt.codec.interop import ctype

        return ctype(self.codec(name).plan.struct)

    def dtype(self, name: str) -> np.dtype[Any]:
        """Return a nested numpy dtype with the layout of a struct; unions overlap.

        Raises:
            UnknownName: there is no such struct.
            Unavailable: numpy is not installed.
        """
        from xengnt.codec.interop import dtype

        return dtype(self.codec(name).plan.struct)

    def __repr__(self) -> str:
        return f"Abi({self.name!r}, {format_version(self.interface_version)!r})"


class Codec:
    """What encodes, decodes and judges one struct of an ABI.

    Args:
        abi: the ABI.
        name: an op, a tag, or the scalar type of an entry.

    Raises:
        UnknownName: there is none of that name.
    """

    def __init__(self, abi: Abi, name: str) -> None:
        layout = abi.layout
        self.abi = abi
        self.name = name
        self.op = name if name in layout.ops else None
        if name in layout.typedefs:
            struct = _scalar(abi, name)
        else:
            struct = layout.struct(name)
            if self.op is None:
                users = [op for op, one in layout.ops.items() if one.struct == struct.tag]
                self.op = users[0] if users else None
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

    @property
    def encode_one(self) -> Callable[[Any], bytes]:
        """What packs one row; fetch it once, and call it in a loop."""
        return self.encoder().encode_one

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
    ) -> bytes:
        """Return rows or columns as bytes; see `Abi.encode`."""
        data = self.encoder(strict=strict, allow_out=allow_out).encode(rows)
        return data if poison is None else self._poison(data, poison, allow_out=allow_out)

    def _poison(self, data: bytes, byte: int, *, allow_out: bool) -> bytes:
        """Fill holes, and fields that come out, with a byte; both are zero before."""
        if not isinstance(byte, int) or not 0 <= byte <= 0xFF:  # noqa: PLR2004 -- of a byte
            raise InvalidValue(f"poison: {shown(byte)} is not a byte", expected=(0, 255), got=byte)
        struct = self.plan.struct
        mask = bytearray(struct.size)
        spans = list(struct.holes)
        if not allow_out:
            spans += [(f.offset, f.size) for f in struct.leaves if f.direction == "OUT"]
        for start, length in spans:
            mask[start : start + length] = bytes([byte]) * length
        pattern = int.from_bytes(bytes(mask) * (len(data) // struct.size), "little")
        return (int.from_bytes(data, "little") | pattern).to_bytes(len(data), "little")

    @cached_property
    def validator(self) -> Any:
        """What judges its meaning."""
        from xengnt.codec.validate import Validator

        return Validator(self.plan, self.abi.declarations, self.op)


def _scalar(abi: Abi, name: str) -> StructLayout:
    """Return a scalar type as a struct of one field of the same name."""
    shape = abi.layout.typedefs[name]
    typedef = abi.declarations.typedefs[name]
    field = Field(
        name, 0, shape.size, name, shape.kind, signed=shape.signed, enum=typedef.enum
    )  # fmt: skip
    return StructLayout(name, "struct", shape.size, shape.align, (field,))
