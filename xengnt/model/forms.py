# SPDX-License-Identifier: MIT
"""Where the fields of a struct are, as formats that read and write its bytes.

All of it follows from the layouts: no offset is written down here.

Imports ``xengnt.abi`` and ``xengnt.codec`` only.
"""

from __future__ import annotations

from functools import cache
from struct import Struct

from xengnt.abi.layout import Field, StructLayout
from xengnt.codec import Abi

_CODES = {2: "h", 4: "i", 8: "q"}

Buffer = bytearray | memoryview


def _code(field: Field) -> str:
    code = _CODES[field.size]
    return code if field.signed else code.upper()


class Form:
    """A struct of an ABI.

    Args:
        struct: its layout.
    """

    def __init__(self, struct: StructLayout) -> None:
        self.struct = struct
        self.size = struct.size
        self._stores = {
            field.name: (field.offset, Struct(f"<{_code(field)}"))
            for field in struct.fields
            if field.size in _CODES and field.kind != "struct"
        }

    @cache  # noqa: B019 -- forms live as long as the program
    def reader(self, *names: str) -> Struct:
        """Return the format of some fields, in the order of their offsets, whole struct."""
        text, at = "<", 0
        for name in names:
            field = self.struct.field(name)
            text += f"{field.offset - at}x{_code(field)}"
            at = field.end
        return Struct(f"{text}{self.size - at}x")

    def store(self, name: str) -> tuple[int, Struct]:
        """Return where a field is, and the format that writes it alone."""
        return self._stores[name]

    def put(self, element: Buffer, name: str, value: int, at: int = 0) -> None:
        """Write a field of the struct that begins at `at`."""
        offset, form = self._stores[name]
        form.pack_into(element, at + offset, value)

    def span(self, name: str) -> tuple[int, int]:
        """Return the offset and the size of a field; of "" they are those of all."""
        if not name:
            return 0, self.size
        field = self.struct.field(name)
        return field.offset, field.size


@cache
def form(abi: str, name: str) -> Form:
    """Return the struct of an op, or of a tag, at the newest interface; each is made once.

    Xen's own side knows one interface version: structs have not changed with it.
    """
    return Form(Abi(abi).struct(name))
