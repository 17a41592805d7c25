# SPDX-License-Identifier: MIT
"""What elements of each op may be: valid, at an edge, or wrong in one way with a label.

What a case says comes out is held against the model and Xen, on the `xengnt.testing.stage`.

Imports ``xengnt.codec`` and the modules beside it.
"""

from __future__ import annotations

import errno
from dataclasses import replace
from functools import cache

from xengnt.codec import Abi
from xengnt.codec.rules import ALONE, FIRST_ONLY
from xengnt.testing.case import Case
from xengnt.testing.entry_cases import ENTRIES
from xengnt.testing.maker import Maker
from xengnt.testing.op_cases import OPS

_MAKERS = OPS | ENTRIES


@cache
def cases(op: str, abi: Abi) -> tuple[Case, ...]:
    """Return the cases of an op, or of an entry by its tag, the simplest of each kind first.

    Raises:
        UnknownName: the ABI has no such op or entry.
    """
    codec = abi.codec(op)
    maker = Maker(codec.name, abi)
    made = [*_MAKERS[codec.name](maker), *maker.domids()]
    if codec.name in ALONE | FIRST_ONLY:
        made += maker.counts(made[0])
    if codec.name == "dump_table":  # no Xen that is left does it
        made = [replace(case, status=None, rc=-errno.ENOSYS) for case in made]
    if codec.name == "transfer" and not maker.pv:
        made = [replace(case, status=None, rc=-errno.EOPNOTSUPP) for case in made]
    return tuple(made)
