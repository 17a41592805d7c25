# SPDX-License-Identifier: MIT
"""An ABI at an interface version: the object that everything is asked of.

Imports ``xengnt.abi`` only.
"""

from __future__ import annotations

from functools import cached_property

from xengnt.abi.declarations import header
from xengnt.abi.layout import Layout, StructLayout, compute
from xengnt.abi.targets import Target, format_version, native, target


class Abi:
    """The grant-table ABI of one architecture at one interface version.

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

    @classmethod
    def native(cls, interface_version: str | int = "newest") -> Abi:
        """Return the ABI of this machine."""
        return cls(native(), interface_version)

    @property
    def name(self) -> str:
        """The name of the ABI."""
        return self.target.name

    @cached_property
    def layout(self) -> Layout:
        """All structs, scalar types, constants and commands, laid out."""
        return compute(header().at(self.target, self.interface_version))

    def struct(self, name: str) -> StructLayout:
        """Return the layout of a struct, by its C tag or by the op that takes it.

        Raises:
            UnknownName: there is none of that name at this interface version.
        """
        return self.layout.struct(name)

    def __repr__(self) -> str:
        return f"Abi({self.name!r}, {format_version(self.interface_version)!r})"
