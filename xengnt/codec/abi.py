# SPDX-License-Identifier: MIT
"""An ABI at an interface version: the object that everything is asked of.

Imports ``xengnt.errors``, ``xengnt.abi``, ``xengnt.findings`` and the modules beside it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from xengnt.abi.declarations import Declarations, header
from xengnt.abi.layout import Field, Layout, StructLayout, compute
from xengnt.abi.targets import Target, format_version, native, target
from xengnt.codec.codec import Codec
from xengnt.codec.decode import Row
from xengnt.codec.dump import DumpLine, dump
from xengnt.codec.prepared import Prepared
from xengnt.codec.symbols import shown
from xengnt.errors import InvalidValue, UnknownName

if TYPE_CHECKING:
    import numpy as np

    from xengnt.abi.constants import Op
    from xengnt.codec.view import BlobView
    from xengnt.findings import Finding

Name: TypeAlias = "str | Op"
"""What a struct is asked for by."""


@cache
def _declarations(target: Target, version: int) -> Declarations:
    """Return what the header declares, which is the same for all who ask."""
    return header().at(target, version)


@cache
def _layout(target: Target, version: int) -> Layout:
    return compute(_declarations(target, version))


class Abi:
    """The grant-table ABI of one architecture at one interface version.

    A struct is named by the op that takes it, ``copy`` or ``Op.COPY``, or by its C tag;
    the word of a status array by its type, ``grant_status_t``. The names of C for an op
    and for a struct, ``GNTTABOP_copy`` and ``gnttab_copy_t``, do as well. Wherever bytes
    are taken, any object with a buffer will do.

    Two of the same name and interface version are equal.

    Args:
        name: the ABI or an alias of it, ``x86_32``.
        interface_version: ``0x0003020a``, ``newest``, ``undefined``, or a number.

    Raises:
        UnknownName: there is no such ABI.
        InvalidValue: there is no such interface version.
    """

    def __init__(self, name: str | Target, interface_version: str | int = "newest") -> None:
        if not isinstance(name, str | Target):
            raise UnknownName(f"unknown ABI {shown(name)}: expected its name", got=name)
        if not isinstance(interface_version, str | int):
            raise InvalidValue(
                f"invalid interface version {shown(interface_version)}: expected 0x…, newest "
                "or undefined",
                got=interface_version,
            )
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
        return _declarations(self.target, self.interface_version)

    @cached_property
    def layout(self) -> Layout:
        """All structs, scalar types, constants and commands, laid out."""
        return _layout(self.target, self.interface_version)

    def struct(self, name: Name) -> StructLayout:
        """Return the layout of a struct; that of a scalar type is a struct of one field.

        Raises:
            UnknownName: there is none of that name at this interface version.
        """
        known = self._known(name)
        scalar = known in self.layout.typedefs
        return _scalar(self, known) if scalar else self.layout.struct(known)

    def codec(self, name: Name) -> Codec:
        """Return what encodes and decodes a struct, for callers in a loop.

        Raises:
            UnknownName: there is none of that name at this interface version.
        """
        try:
            return self._codecs[name]  # type: ignore[index]  # names of C and of Python miss
        except (KeyError, TypeError):
            known = self._known(name)
        if known not in self._codecs:
            self._codecs[known] = Codec(self, known)
        if isinstance(name, str):
            self._codecs[name] = self._codecs[known]
        return self._codecs[known]

    def _known(self, name: object) -> str:
        """Return the op, tag or scalar type that is meant by a name, of C or of Python."""
        layout = self.layout
        text = getattr(name, "c_name", name)
        if isinstance(text, str):
            if text in layout.ops or text in layout.structs or text in layout.typedefs:
                return text
            for op, one in layout.ops.items():
                if one.constant == text:
                    return op
            tag = layout.aliases.get(text, "").rpartition(" ")[2]
            if tag in layout.structs:
                return tag
        raise self._unknown(str(text))

    def _unknown(self, name: str) -> UnknownName:
        """Return the error about a name: where it is known, or which one is like it."""
        ops = self.declarations.commands()
        known = header()
        where = known.presence(name) or known.presence(f"{ops.prefix if ops else ''}{name}")
        names = [*self.layout.ops, *self.layout.structs, *self.layout.typedefs]
        near = difflib.get_close_matches(name, names, n=1)
        hint = f": it is there {where}" if where else f", did you mean {near[0]}?" if near else ""
        return UnknownName(
            f"no struct or op {shown(name)} for {self.name} at interface version "
            f"{format_version(self.interface_version)}{hint}",
            struct=name,
            expected=names,
            got=name,
        )

    def codec_of(self, cmd: int) -> Codec | None:
        """Return the codec of a command by its number, None if there is no such command."""
        return next(
            (self.codec(op) for op, one in self.layout.ops.items() if one.number == cmd), None
        )

    def encode(
        self,
        name: Name,
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
        name: Name,
        buffer: Any,
        rows: object,
        *,
        strict: bool = False,
        allow_out: bool = False,
        poison: int | None = None,
    ) -> int:
        """Encode into a writable buffer, from its start, and return the bytes written.

        Args:
            name: the op, or the tag of the struct.
            buffer: of at least as many bytes as the structs have together; what is behind
                them is left alone.
            rows: as in `encode`, and so are the options.
            strict: demand every field that goes in.
            allow_out: take fields that come out as well.
            poison: fill holes, and fields that come out, with this byte.

        Raises:
            InvalidValue: as `encode`; also if the buffer is read-only or too small, and
                then nothing is written.
            UnknownName: as `encode`.
        """
        codec = self.codec(name)
        return codec.encode_into(buffer, rows, strict=strict, allow_out=allow_out, poison=poison)

    def prepare(
        self,
        name: Name,
        columns: object,
        buffer: Any = None,
        *,
        strict: bool = False,
        allow_out: bool = False,
    ) -> Prepared:
        """Return columns and a buffer bound once, for callers in a loop.

        Where everything is, is found out here; its `encode` and `decode` only copy, and check
        the range of every value, every time.

        Args:
            name: the op, or the tag of the struct.
            columns: scalars, and arrays of numpy or of the module array, which are to stay
                where they are.
            buffer: a writable buffer; without one, one is made, see `Prepared.buffer`.
            strict: as in `encode`.
            allow_out: as in `encode`; what comes out is wanted when decoding.

        Raises:
            InvalidValue: as `encode_into`; also if a column is not in memory.
            UnknownName: as `encode`.
        """
        codec = self.codec(name)
        return codec.prepare(columns, buffer, strict=strict, allow_out=allow_out)

    def decode(self, name: Name, blob: Any) -> list[Row]:
        """Return a dict for each struct of a blob, keyed by dotted path.

        A union is given under the name of the member that is meant or, when bits above
        that are set, of the whole. An entry of version 2 has the fields of one view.

        Args:
            name: the op, or the tag of the struct.
            blob: whole structs, one behind the other.

        Raises:
            InvalidValue: not a whole number of structs.
            UnknownName: there is no such struct.
        """
        return self.codec(name).decoder.rows(blob)

    def decode_tuples(
        self,
        name: Name,
        blob: Any,
        *,
        in_only: bool = False,
    ) -> list[tuple[int, ...]]:
        """Return a tuple for each struct: its leaves in order of declaration.

        An entry of version 2 is given as the words of its ``__spacer``.

        Args:
            name: the op, or the tag of the struct.
            blob: whole structs, one behind the other.
            in_only: give only those that `encode` takes as a tuple.

        Raises:
            InvalidValue, UnknownName: as `decode`.
        """
        return self.codec(name).decoder.tuples(blob, in_only=in_only)

    def decode_columns(
        self,
        name: Name,
        blob: Any,
        *,
        arrays: bool = False,
        into: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return a list for each leaf, or an array of numpy.

        Entries of version 2 give the columns of the view that all of them have, else
        those of ``__spacer``.

        Args:
            name: the op, or the tag of the struct.
            blob: whole structs.
            arrays: return arrays of just the type of each leaf.
            into: write the fields that this names to the arrays that it has for them, of
                numpy or of the module array, and return these. Each is to be able to hold
                all values of its field.

        Raises:
            InvalidValue: as `decode`, or an array that does not fit.
            UnknownName: as `decode`.
            Unavailable: numpy or the extension is not there.
        """
        decoder = self.codec(name).decoder
        if into is not None:
            decoder.columns_into(blob, into)
            return dict(into)
        return decoder.arrays(blob) if arrays else decoder.columns(blob)

    def transcode(self, name: Name, blob: Any, to: str | Abi) -> bytes:
        """Return the same structs as another ABI has them, with all holes zero.

        Args:
            name: the op, or the tag of the struct.
            blob: whole structs.
            to: the other ABI; by its name, it is that at the same interface version.

        Raises:
            InvalidValue: as `decode`; also a value that does not fit there.
            UnknownName: as `decode`, of either ABI.
        """
        from xengnt.codec.transcode import transcode

        other = to if isinstance(to, Abi) else Abi(to, self.interface_version)
        return transcode(self.codec(name), other.codec(name), blob)

    def view(self, name: Name, blob: Any) -> BlobView:
        """Return the structs of a blob in place, each field read when it is asked for.

        Args:
            name: the op, or the tag of the struct.
            blob: whole structs, one behind the other; it is looked at, not copied.

        Raises:
            InvalidValue, UnknownName: as `decode`.
        """
        from xengnt.codec.view import BlobView

        codec = self.codec(name)
        return BlobView(codec.plan, codec.decoder.blob(blob))

    def validate(
        self,
        name: Name,
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

    def dump(self, name: Name, blob: Any) -> Iterator[DumpLine]:
        """Give every byte of a blob with the field that it belongs to, in order.

        Args:
            name: the op, or the tag of the struct.
            blob: whole structs, one behind the other.

        Raises:
            InvalidValue, UnknownName: as `decode`.
        """
        codec = self.codec(name)
        return dump(codec.plan, codec.decoder.blob(blob))

    def ctype(self, name: Name) -> Any:
        """Return a ctypes structure with the layout of a struct, holes as members.

        Its size and its offsets are those of this ABI on any machine.

        Raises:
            UnknownName: there is no such struct.
        """
        from xengnt.codec.interop import ctype

        return ctype(self.codec(name).plan.struct)

    def dtype(self, name: Name) -> np.dtype[Any]:
        """Return the nested numpy dtype with the layout of a struct; unions overlap.

        Raises:
            UnknownName: there is no such struct.
            Unavailable: numpy is not installed.
        """
        from xengnt.codec.interop import dtype

        return dtype(self.codec(name).plan.struct)

    def __repr__(self) -> str:
        return f"Abi({self.name!r}, {format_version(self.interface_version)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Abi) and self.__reduce__() == other.__reduce__()

    def __hash__(self) -> int:
        return hash((self.name, self.interface_version))

    def __reduce__(self) -> tuple[object, tuple[str, int]]:
        return Abi, (self.name, self.interface_version)


def _scalar(abi: Abi, name: str) -> StructLayout:
    """Return a scalar type as a struct of one field of the same name."""
    shape = abi.layout.typedefs[name]
    typedef = abi.declarations.typedefs[name]
    field = Field(
        name, 0, shape.size, name, shape.kind, signed=shape.signed, enum=typedef.enum
    )  # fmt: skip
    return StructLayout(name, "struct", shape.size, shape.align, (field,))
