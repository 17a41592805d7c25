# SPDX-License-Identifier: MIT
"""The guest's side of a table of the model, on the same bytes.

Imports ``xengnt.guest`` and the modules beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xengnt.guest import Entries, Grants
from xengnt.model.entries import STATUS_PER_FRAME

if TYPE_CHECKING:
    from xengnt.model.table import GrantTable


def grants_of(table: GrantTable) -> Grants:
    """Return what hands out the entries of a table; a full one grows, up to its limit."""

    def more(entries: Entries) -> None:
        if len(entries) == len(table.entries) and len(table.frames) < table.max_frames:
            table.grow(len(table.frames) + 1)
        catch_up(table, entries)

    return Grants(Entries(table.frames, table.version, table.status_frames), more)


def catch_up(table: GrantTable, entries: Entries) -> None:
    """Let the guest's side see the frames that a table has got since."""
    frames = len(entries) // table.entries.per_frame
    status = -(-len(entries) // STATUS_PER_FRAME)
    entries.extend(table.frames[frames:], table.status_frames[status:])
