# SPDX-License-Identifier: MIT
"""Which domain is meant, and whether the caller may act on it.

Imports ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xengnt.abi.bits import SELF
from xengnt.abi.constants import Status
from xengnt.model.failures import Failed

if TYPE_CHECKING:
    from xengnt.model.domain import Domain


def by_id(caller: Domain, domid: int) -> Domain:
    """Return a domain by its number; reserved numbers are none.

    Raises:
        Failed: there is none.
    """
    found = caller.hypervisor.domains.get(domid)
    if found is None:
        words = " (DOMID_SELF), which is not taken here" if domid == SELF else ""
        raise Failed(Status.BAD_DOMAIN, f"there is no domain {domid:#x}{words}")
    return found


def by_any_id(caller: Domain, domid: int) -> Domain:
    """Return a domain by its number, the caller for DOMID_SELF.

    Raises:
        Failed: there is none.
    """
    return caller if domid == SELF else by_id(caller, domid)


def may_act_on(caller: Domain, other: Domain) -> bool:
    """Tell whether a domain may act on another one's table, or its own."""
    return caller is other or caller.privileged


def controlled(caller: Domain, domid: int) -> Domain:
    """Return the domain whose table the caller wants to act on.

    Raises:
        Failed: there is none, or it may not.
    """
    other = by_any_id(caller, domid)
    if not may_act_on(caller, other):
        raise Failed(
            Status.PERMISSION_DENIED,
            f"d{caller.domid} has no privilege over d{other.domid}",
        )
    return other
