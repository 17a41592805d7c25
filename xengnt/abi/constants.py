# SPDX-License-Identifier: MIT
"""The header's enumerations as Python's. The members come from the declarations.

``constants.pyi`` beside this file lists them for type checkers and editors;
``build_ffi.py`` writes it. An unknown number is no member: use the integer.

Imports ``xengnt.abi.declarations`` only.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

from xengnt.abi.declarations import PYTHON_NAMES, Enum, header

_declared = header().at("x86_64")


class Documented:
    """What the members of all these enumerations have besides a name and a value."""

    name: str
    _c_names_: dict[str, str]

    @property
    def c_name(self) -> str:
        """The name in C; of several flags together, all joined by ``|``, unknown bits last."""
        if self.name in self._c_names_:
            return self._c_names_[self.name]
        rest, words = int(self), []
        for member in type(self).__members__.values():
            if member and rest & member == member:
                words.append(self._c_names_[member.name])
                rest &= ~member
        return "|".join([*words, hex(rest)] if rest else words or ["0"])

    @property
    def doc(self) -> str:
        """What the header says of it."""
        return _declared.docs.get(self.c_name, "")

    @property
    def message(self) -> str:
        """The header's message for a status; of all others, `doc`."""
        texts = _declared.messages if type(self).__name__ == "Status" else ()
        return texts[-self] if 0 <= -self < len(texts) else self.doc


def _make(name: str, enum: Enum) -> type[IntEnum | IntFlag]:
    names = {enum.short(member).upper(): member for member in enum.members}
    values = {short: _declared.constants[member].value for short, member in names.items()}
    made = (IntFlag if enum.bits else IntEnum)(name, values, module=__name__, type=Documented)
    made._c_names_ = names
    made.__doc__ = enum.doc
    return made


globals().update({name: _make(name, _declared.enums[tag]) for tag, name in PYTHON_NAMES.items()})
