# SPDX-License-Identifier: MIT
"""When a member of a union is meant, in words.

Imports ``xengnt.abi``.
"""

from __future__ import annotations

from collections.abc import Iterator

from xengnt.abi.choice import Choice, parse_choice
from xengnt.abi.declarations import Declarations

OR = ", or "
"""Between several such cases."""


def meaning(declared: Declarations, select: str | None, member: str) -> str:
    """Return when a member is meant, ``if A without B, or if C``; "" if nothing says so."""
    if not select:
        return ""
    ways = []
    for name, held, lacking in _ways(parse_choice(select), (), ()):
        if name != member:
            continue
        others = [one for one in lacking if not any(_exclude(declared, one, two) for two in held)]
        if held:
            words = " and ".join(held) + (f" without {' or '.join(others)}" if others else "")
            ways.append(f"if {words}")
        else:
            ways.append(f"unless {lacking[0]}" if len(lacking) == 1 else "otherwise")
    return OR.join(ways)


def _ways(
    choice: Choice, held: tuple[str, ...], lacking: tuple[str, ...]
) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Give each member that a choice can come to, with what has to hold and what must not."""
    if isinstance(choice, str):
        yield choice, held, lacking
        return
    condition, then, other = choice
    yield from _ways(then, (*held, condition), lacking)
    yield from _ways(other, held, (*lacking, condition))


def _exclude(declared: Declarations, one: str, two: str) -> bool:
    """Tell whether two conditions are values of which a field has one."""
    return any(
        one in enum.members and two in enum.members and not enum.bits
        for enum in declared.enums.values()
    )
