# SPDX-License-Identifier: MIT
"""What differs between versions of Xen, and what its administrator may choose.

Imports ``xengnt.errors`` only.
"""

from __future__ import annotations

from dataclasses import dataclass

from xengnt.errors import InvalidValue

LENGTH_FIRST = (4, 19)
"""From here on a copy of nothing succeeds before anything is looked at."""

NO_X86_CACHE_FLUSH = (4, 21)
"""From here on x86 has no cache_flush."""

NO_SPACE = (4, 16)
"""From here on running out of handles has a status of its own."""

LIMITS = ("max_grant_frames", "max_maptrack_frames", "max_version")
"""What may be chosen for each domain."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Which Xen to behave like.

    Attributes:
        version: its version, two numbers.
        patched: whether it has the fixes of XSA-523, after which a copy looks the domain
            up before it asks whether a frame of that domain may be named.
        max_grant_frames: how many frames a table may have.
        max_maptrack_frames: how many pages of handles a domain may have.
        max_version: the newest version of tables.
        transitive: whether transitive grants are honoured.
        transfer: whether PV guests may transfer.
        cache_flush: whether there is that op; None for what the version has.
    """

    version: tuple[int, int]
    patched: bool
    max_grant_frames: int
    max_maptrack_frames: int
    max_version: int
    transitive: bool
    transfer: bool
    cache_flush: bool | None

    def __post_init__(self) -> None:
        for name, least in (("max_grant_frames", 1), ("max_maptrack_frames", 0)):
            if getattr(self, name) < least:
                raise InvalidValue(f"{name}: expected at least {least}, got {getattr(self, name)}")
        if self.max_version not in (1, 2):
            raise InvalidValue(f"max_version: expected 1 or 2, got {self.max_version}")

    @property
    def length_first(self) -> bool:
        """Whether a copy of no bytes succeeds at once."""
        return self.version >= LENGTH_FIRST

    @property
    def has_no_space(self) -> bool:
        """Whether it has the status no_space."""
        return self.version >= NO_SPACE

    def has_cache_flush(self, *, arm: bool) -> bool:
        """Tell whether there is cache_flush."""
        if self.cache_flush is not None:
            return self.cache_flush
        return arm or self.version < NO_X86_CACHE_FLUSH


def parse_version(text: str) -> tuple[int, int]:
    """Return a version of Xen, ``4.17`` or ``4.17.5``, as its first two numbers.

    Raises:
        InvalidValue: it is no version.
    """
    parts = str(text).split(".")
    if len(parts) not in (2, 3) or not all(part.isascii() and part.isdigit() for part in parts):
        raise InvalidValue(f"xen_version: expected such as 4.17, got {text!r}", got=text)
    return int(parts[0]), int(parts[1])
