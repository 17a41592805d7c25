# SPDX-License-Identifier: MIT
"""What a guest handle is made of, where the header that says so is not at hand.

Imports ``xengnt.abi`` and the modules beside it only.
"""

from __future__ import annotations

from xengnt.abi.declarations import Aggregate, CType, Member, Named, Pointer, Typedef
from xengnt.abi.targets import Target
from xengnt.sources.cheader.defaults import HANDLES


def handle(target: Target, macro: str, to: CType) -> Typedef:
    """Return the type that a macro for guest handles gives, as Xen's own headers have it.

    Args:
        target: the ABI.
        macro: the name of the macro, one of `HANDLES`.
        to: what the handle points to.
    """
    sort = HANDLES[macro]
    if sort == "compat":
        return Typedef(Named("uint32_t"))
    pointer = Member("p", Pointer(to))
    x86 = target.name.startswith("x86")
    if sort == "param" or (x86 and sort != "64"):
        return Typedef(Aggregate("struct", None, (pointer,)))
    address = Member("q", Named("uint64_t"), align=8)
    return Typedef(Aggregate("union", None, (pointer, address)))
