# SPDX-License-Identifier: MIT
"""swap_grant_ref.

Imports ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xengnt.abi.constants import Status
from xengnt.model.claims import check_ref
from xengnt.model.elements import batch
from xengnt.model.failures import Failed

if TYPE_CHECKING:
    from xengnt.model.domain import Domain
    from xengnt.model.forms import Form


def _swap(caller: Domain, form: Form, element: bytearray) -> None:
    a, b = form.reader("ref_a", "ref_b").unpack(element)
    table = caller.table
    check_ref(table, a, "ref_a")
    check_ref(table, b, "ref_b")
    if a == b:
        return
    for name, ref in (("ref_a", a), ("ref_b", b)):
        if ref in table.pins:
            raise Failed(Status.EAGAIN, f"{name} {ref} is in use by d{table.pins[ref].domid}")
    table.entries.swap(a, b)


swap_grant_ref = batch("swap_grant_ref", _swap)
