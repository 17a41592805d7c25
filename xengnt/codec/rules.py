# SPDX-License-Identifier: MIT
"""What single ops refuse.

These are values that fit, that the markup of the header allows, and that no version
of Xen takes.

Imports ``xengnt.abi`` only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from xengnt.abi.declarations import Declarations

SELF_REFUSED = frozenset({"map_grant_ref", "transfer"})
"""The ops for which DOMID_SELF is no domain."""

BITS_REFUSED = frozenset({"cache_flush"})
"""The ops that refuse bits without a meaning; all others ignore them."""

ALONE = frozenset({"setup_table", "query_size", "get_status_frames"})
"""The ops that take one struct a call, and refuse more."""

FIRST_ONLY = frozenset({"set_version", "get_version"})
"""The ops that look at the first struct of a call, and ignore more."""

EMPTY_REFUSED = frozenset({"cache_flush"})
"""The ops for which nothing cannot begin at the end of a page."""

ADDRESS_BITS = 56
"""No architecture has physical addresses of more bits."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule about some fields of an op.

    Attributes:
        fields: the fields that it looks at, first the one that is to blame.
        code: that of the finding.
        broken: whether their values, ``{0}`` and so on, break it: an expression that
            Python and C read alike.
        words: what is wrong then.
        expected: what would have been right.
    """

    fields: tuple[str, ...]
    code: str
    broken: str
    words: str
    expected: str

    def tells(self) -> Callable[..., bool]:
        """Return what tells of the values of the fields whether they break it."""
        names = [f"v{number}" for number in range(len(self.fields))]
        source = f"lambda {', '.join(names)}: bool({self.broken.format(*names)})"
        made: Callable[..., bool] = eval(source)  # noqa: S307 -- of what is written below
        return made


def rules(op: str | None, declared: Declarations) -> Iterator[Rule]:
    """Give the rules of an op on an ABI."""
    abi = declared.target.name
    value = {name: constant.value for name, constant in declared.constants.items()}
    if op == "map_grant_ref":
        either = value["GNTMAP_device_map"] | value["GNTMAP_host_map"]
        yield Rule(
            ("flags",), "flags", f"({{0}} & {either:#x}) == 0",
            "which asks for no mapping, neither for devices nor for CPUs", "device_map or host_map",
        )  # fmt: skip
        if abi.startswith("arm"):
            foreign = value["GNTMAP_device_map"] | value["GNTMAP_application_map"]
            foreign |= value["GNTMAP_contains_pte"]
            yield Rule(
                ("flags",), "flags", f"({{0}} & {foreign:#x}) != 0",
                "which has device_map, application_map or contains_pte: Xen refuses them on Arm",
                "host_map, with or without readonly",
            )  # fmt: skip
    if op == "set_version":
        newest, here = (1, " on Arm") if abi.startswith("arm") else (2, "")
        yield Rule(
            ("version",), "version", f"({{0}} < 1) | ({{0}} > {newest})",
            f"which is no version of a grant table{here}", f"1 to {newest}",
        )  # fmt: skip
    if op == "cache_flush":
        by_reference = value["GNTTAB_CACHE_SOURCE_GREF"]
        drop = value["GNTTAB_CACHE_INVAL"]
        yield Rule(
            ("op",), "flags", f"({{0}} & {by_reference:#x}) != 0",
            "which has SOURCE_GREF: Xen refuses it", "CLEAN, INVAL or both",
        )  # fmt: skip
        if abi.startswith("x86"):
            yield Rule(
                ("op",), "flags", f"{{0}} == {drop:#x}",
                "which is INVAL alone: Xen refuses that on x86", "CLEAN, with or without INVAL",
            )  # fmt: skip
        yield Rule(
            ("a.dev_bus_addr", "op"), "frame",
            f"(({{1}} & {by_reference:#x}) == 0) & (({{0}} >> {ADDRESS_BITS}) != 0)",
            "which is no address of memory", f"below {1 << ADDRESS_BITS:#x}",
        )  # fmt: skip
