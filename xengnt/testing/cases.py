# SPDX-License-Identifier: MIT
"""What elements of each op may be: valid, at an edge, or wrong in one way with a label.

What a case says comes out is held against the model and Xen, on the `xengnt.testing.stage`.

Imports ``xengnt.codec``, ``xengnt.errors`` and the modules beside it.
"""

from __future__ import annotations

import errno
from dataclasses import replace
from functools import cache

from xengnt.codec import Abi
from xengnt.codec.rules import ALONE, FIRST_ONLY
from xengnt.errors import UnknownName
from xengnt.testing.case import Case
from xengnt.testing.entry_cases import ENTRIES
from xengnt.testing.maker import Maker
from xengnt.testing.op_cases import OPS

_MAKERS = OPS | ENTRIES


def subject(name: str, abi: Abi) -> str:
    """Return the op, or the tag of an entry, that has cases under a name; an op's by its tag, too.

    Raises:
        UnknownName: nothing of that name has cases.
    """
    codec = abi.codec(name)
    known = codec.op or codec.plan.struct.tag
    if known not in _MAKERS:
        raise UnknownName(f"{known} is neither an op nor an entry: it has no cases", got=name)
    return known


def op_named(name: str, abi: Abi) -> str:
    """Return the op of a name, which may be the tag of its struct.

    Raises:
        UnknownName: the ABI has no such op.
    """
    found = subject(name, abi)
    if found not in abi.layout.ops:
        raise UnknownName(f"{found} is no op", expected=list(abi.layout.ops), got=name)
    return found


@cache
def cases(op: str, abi: Abi) -> tuple[Case, ...]:
    """Return the cases of an op, or of an entry by its tag, the simplest of each kind first.

    Raises:
        UnknownName: the ABI has no such op or entry.
    """
    name = subject(op, abi)
    maker = Maker(name, abi)
    made = [*_MAKERS[name](maker), *maker.domids()]
    if name in ALONE | FIRST_ONLY:
        made += maker.counts(made[0])
    if name == "dump_table":  # no Xen that is left does it
        made = [replace(case, status=None, rc=-errno.ENOSYS) for case in made]
    if name == "transfer" and not maker.pv:
        made = [replace(case, status=None, rc=-errno.EOPNOTSUPP) for case in made]
    return tuple(made)
