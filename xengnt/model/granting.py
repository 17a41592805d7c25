# SPDX-License-Identifier: MIT
"""The guest's side of a table of the model, on the same bytes.

Imports ``xengnt.guest``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xengnt.guest import Entries, Grants

if TYPE_CHECKING:
    from xengnt.model.table import GrantTable


def grants_of(table: GrantTable) -> Grants:
    """Return what hands out the entries of a table; a full one grows, up to its limit."""
    entries = Entries(table.frames, table.version, table.status_frames)
    known, known_status = len(table.frames), len(table.status_frames)

    def more(entries: Entries) -> None:
        nonlocal known, known_status
        if known == len(table.frames) < table.max_frames:
            table.grow(known + 1)
        entries.extend(table.frames[known:], table.status_frames[known_status:])
        known, known_status = len(table.frames), len(table.status_frames)

    return Grants(entries, more)
