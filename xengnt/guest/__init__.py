# SPDX-License-Identifier: MIT
"""The guest's side of a grant table: entries in shared memory, and the rules to change them."""

from xengnt.errors import InUse, TableFull
from xengnt.guest.dump import Dump, DumpedEntry, read_dump
from xengnt.guest.entries import Entries
from xengnt.guest.grants import Grants

__all__ = ["Dump", "DumpedEntry", "Entries", "Grants", "InUse", "TableFull", "read_dump"]
