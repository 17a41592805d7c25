# SPDX-License-Identifier: MIT
"""Pages that this domain grants, by Linux's device for that."""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
from types import TracebackType
from typing import Self

PAGE = 4096

_REQUEST = struct.Struct("=HHIQ")  # domid, flags, count, offset for mmap; then the references
_WRITABLE = 1
_ALLOCATE = (_REQUEST.size + 8) << 16 | ord("G") << 8 | 5  # _IOC, with the padded size for one


class Granted:
    """Pages of zeros of this domain, each granted to a domain.

    Attributes:
        refs: the reference of each page.
        memory: the pages, one after the other.
    """

    def __init__(self, count: int = 1, *, domid: int = 0, writable: bool = True) -> None:
        flags = _WRITABLE if writable else 0
        request = bytearray(_REQUEST.pack(domid, flags, count, 0) + bytes(4 * count + 4))
        self._device = os.open("/dev/xen/gntalloc", os.O_RDWR | os.O_CLOEXEC)
        fcntl.ioctl(self._device, _ALLOCATE, request)
        _, _, _, offset = _REQUEST.unpack_from(request)
        self.refs = list(struct.unpack_from(f"={count}I", request, _REQUEST.size))
        self.memory = mmap.mmap(self._device, count * PAGE, offset=offset)

    def page(self, index: int) -> bytes:
        """Return the bytes of a page."""
        return self.memory[index * PAGE : (index + 1) * PAGE]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.memory.close()
        os.close(self._device)
