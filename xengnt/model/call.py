# SPDX-License-Identifier: MIT
"""The hypercall: what is checked before any op looks at its arguments.

Imports ``xengnt.abi`` and the modules beside it.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, NamedTuple

from xengnt.abi.constants import Op
from xengnt.model import compat, copying, flushing, mapping, swapping, tables, transfer, versions
from xengnt.model.failures import Fault, Stopped
from xengnt.model.forms import form

if TYPE_CHECKING:
    from xengnt.model.domain import Domain
    from xengnt.model.elements import Handler

CMD_BITS = 12
"""The bits of a command that are its number; above them Xen keeps where to go on."""

_CMD_MASK = (1 << CMD_BITS) - 1
_NEGATIVE = 1 << 31
_WORD = (1 << 32) - 1

HVM_OPS = frozenset({
    Op.QUERY_SIZE, Op.SETUP_TABLE, Op.SET_VERSION, Op.GET_VERSION, Op.COPY, Op.MAP_GRANT_REF,
    Op.UNMAP_GRANT_REF, Op.SWAP_GRANT_REF,
})  # fmt: skip
"""What HVM and PVH guests may call."""


class _How(NamedTuple):
    """How an op is done.

    Attributes:
        run: what does it.
        array: whether the address of the whole array is checked first.
    """

    run: Handler
    array: bool = True


_OPS: dict[int, _How] = {
    Op.MAP_GRANT_REF: _How(mapping.map_grant_ref),
    Op.UNMAP_GRANT_REF: _How(mapping.unmap_grant_ref),
    Op.SETUP_TABLE: _How(tables.setup_table, array=False),
    Op.TRANSFER: _How(transfer.transfer),
    Op.COPY: _How(copying.copy),
    Op.QUERY_SIZE: _How(tables.query_size, array=False),
    Op.UNMAP_AND_REPLACE: _How(mapping.unmap_and_replace),
    Op.SET_VERSION: _How(versions.set_version, array=False),
    Op.GET_STATUS_FRAMES: _How(tables.get_status_frames, array=False),
    Op.GET_VERSION: _How(versions.get_version, array=False),
    Op.SWAP_GRANT_REF: _How(swapping.swap_grant_ref),
}

_COMPAT_OPS: dict[int, _How] = {
    Op.SETUP_TABLE: _How(compat.setup_table),
    Op.TRANSFER: _How(compat.transfers),
    Op.COPY: _How(compat.copy),
    Op.GET_STATUS_FRAMES: _How(compat.get_status_frames),
}


def grant_table_op(caller: Domain, cmd: int, address: int, count: int) -> int:
    """Do a call, and return its result. The caller is told what went wrong in `reasons`."""
    try:
        word = 8 * caller.abi.target.word
        return _call(caller, cmd & _WORD, address & ((1 << word) - 1), count & _WORD)
    except Stopped as stopped:
        caller.reasons.append((None, stopped.reason))
        return stopped.rc
    except Fault as fault:
        caller.reasons.append((None, str(fault)))
        return -errno.EFAULT


def _call(caller: Domain, cmd: int, address: int, count: int) -> int:
    if caller.kind in ("hvm", "pvh") and cmd not in HVM_OPS:
        raise Stopped(errno.ENOSYS, f"command {cmd:#x} is none of those for HVM and PVH guests")
    if count & _NEGATIVE:
        raise Stopped(errno.EINVAL, f"count {count:#x} is negative")
    number, rest = cmd & _CMD_MASK, cmd & ~_CMD_MASK
    caller.hypervisor.faults.op = number
    flushes = number == Op.CACHE_FLUSH
    if rest and not flushes:
        raise Stopped(errno.EINVAL, f"command {cmd:#x} has bits above the low {CMD_BITS}")
    if flushes and caller.hypervisor.behaviour.has_cache_flush(arm=caller.kind == "arm"):
        _check_address(caller, number, address, count)
        return flushing.cache_flush(caller, address, count, rest)
    how = _COMPAT_OPS.get(number) if caller.compat else None
    how = how or _OPS.get(number)
    if how is None:
        raise Stopped(errno.ENOSYS, f"there is no command {number}")
    if how.array:
        _check_address(caller, number, address, count)
    if number == Op.TRANSFER:
        transfer.check_allowed(caller)
    return how.run(caller, address, count)


def _check_address(caller: Domain, number: int, address: int, count: int) -> None:
    """Raise Stopped if Xen does not even look at the array."""
    size = form(caller.abi.name, Op(number).name.lower()).size
    if not caller.space.accepts(address, count * size):
        raise Stopped(errno.EFAULT, f"{address:#x}, {count} structs: no address of a guest")
