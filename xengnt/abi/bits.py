# SPDX-License-Identifier: MIT
"""The header's constants that entries are computed with, as plain integers.

An operation on two members of an IntFlag takes twenty times as long as one on integers,
and both sides of a table do some for every entry.

Imports ``xengnt.abi`` only.
"""

from __future__ import annotations

from xengnt.abi.constants import (
    CacheFlag,
    CopyFlag,
    Domid,
    EntryFlag,
    EntryType,
    MapFlag,
    TransferFlag,
)
from xengnt.abi.declarations import header

_constants = header().at("x86_64").constants

TYPE_MASK = _constants["GTF_type_mask"].value
RESERVED_ENTRIES = _constants["GNTTAB_NR_RESERVED_ENTRIES"].value
FIRST_RESERVED = _constants["DOMID_FIRST_RESERVED"].value

SELF = int(Domid.SELF)

INVALID = int(EntryType.INVALID)
PERMIT_ACCESS = int(EntryType.PERMIT_ACCESS)
ACCEPT_TRANSFER = int(EntryType.ACCEPT_TRANSFER)
TRANSITIVE = int(EntryType.TRANSITIVE)

READONLY = int(EntryFlag.READONLY)
READING = int(EntryFlag.READING)
WRITING = int(EntryFlag.WRITING)
IN_USE = READING | WRITING
SUB_PAGE = int(EntryFlag.SUB_PAGE)

COMMITTED = int(TransferFlag.COMMITTED)
COMPLETED = int(TransferFlag.COMPLETED)

MAP_DEVICE = int(MapFlag.DEVICE_MAP)
MAP_HOST = int(MapFlag.HOST_MAP)
MAP_READONLY = int(MapFlag.READONLY)
MAP_APPLICATION = int(MapFlag.APPLICATION_MAP)
MAP_CONTAINS_PTE = int(MapFlag.CONTAINS_PTE)

SOURCE_GREF = int(CopyFlag.SOURCE_GREF)
DEST_GREF = int(CopyFlag.DEST_GREF)

CLEAN = int(CacheFlag.CLEAN)
INVAL = int(CacheFlag.INVAL)
