# SPDX-License-Identifier: MIT
"""What the kinds for C share: comments, names, numbers, and which compiler is for which ABI.

Imports ``xengnt.errors``, ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from xengnt.abi.declarations import Constant
from xengnt.abi.targets import Target
from xengnt.emit.selection import Selection
from xengnt.emit.words import LICENCE, WIDTH, heading
from xengnt.errors import InvalidValue

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def start(selections: Sequence[Selection], command: str) -> Iterator[str]:
    """Give the lines that a file begins with."""
    yield comment(heading(selections, command))
    yield comment(LICENCE)


def comment(text: str) -> str:
    """Return a comment on one line."""
    return f"/* {inside(text)} */"


def inside(text: str) -> str:
    """Return a text that can be in a comment, and does not end it."""
    return text.replace("*/", "* /").replace("/*", "/ *")


def block(*lines: str) -> Iterator[str]:
    """Give the lines of a comment of several, or the one of a short one."""
    wrapped = [part for line in lines for part in textwrap.wrap(line, WIDTH) or [""]]
    if len(wrapped) == 1:
        yield comment(wrapped[0])
        return
    yield "/*"
    yield from (f" * {inside(line)}".rstrip() for line in wrapped)
    yield " */"


def name(text: str, what: str) -> str:
    """Return a name, or raise if C has none such."""
    if not _NAME.fullmatch(text):
        raise InvalidValue(f"{what}: {text!r} is no name in C", got=text)
    return text


def number(constant: Constant) -> str:
    """Return a constant as C has it, in its own type."""
    if constant.signed:
        text = str(constant.value)
        suffix = "LL" if constant.size == 8 else ""  # noqa: PLR2004 -- bytes
    else:
        text = hex(constant.value)
        suffix = "ULL" if constant.size == 8 else "U"  # noqa: PLR2004 -- bytes
    return f"({text}{suffix})" if constant.value < 0 else text + suffix


def compiled_for(target: Target) -> str:
    """Return the condition that a compiler for an ABI fulfils."""
    (first, _), *rest = target.macros
    valued = [f"{macro} == {value}" for macro, value in rest if value != "1"]
    return " && ".join([f"defined({first})", *valued])


def compiled_for_any(targets: Sequence[Target]) -> str:
    """Return the condition that a compiler for one of several ABIs fulfils."""
    parts = [compiled_for(target) for target in targets]
    return " || ".join(f"({part})" if "&&" in part and len(parts) > 1 else part for part in parts)
