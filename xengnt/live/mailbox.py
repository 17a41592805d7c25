# SPDX-License-Identifier: MIT
"""Has a guest that runs our kernel make hypercalls. ``kernel/mailbox.h`` is its other side.

Imports ``xengnt.errors`` and the modules beside it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from xengnt.errors import BackendError
from xengnt.live.ram import Ram

SIGNATURE = 0x786F_6274_6E67_6E78
_SIGNATURE, PAGE_TABLE, _ASKED, _ANSWERED, _HYPERCALL, _ARGUMENTS, _RESULT = 0, 1, 2, 3, 4, 5, 10

_SPINS = 300
_PAUSE = 30e-6
_LOOK = 0.02
"""How often to look for trouble, in seconds: it is in a file."""

_PATIENCE = 20.0
"""How long to wait for an answer, in seconds. A call of 2 billion elements ends at once."""


class Mailbox:
    """The mailbox of one guest.

    Args:
        ram: the machine's memory.
        frame: where the mailbox is.
        trouble: says why there is no answer, if that is known.
        wake: is called before each call.
    """

    def __init__(
        self,
        ram: Ram,
        frame: int,
        trouble: Callable[[], str | None],
        wake: Callable[[], None],
    ) -> None:
        self._ram = ram
        self._frame = frame
        self._trouble = trouble
        self._wake = wake

    def hypercall(self, number: int, *arguments: int) -> int:
        """Make a hypercall, of up to five arguments, and return its result.

        Raises:
            BackendError: the guest does not answer.
        """
        self._wake()
        ram, frame = self._ram, self._frame
        ram.set_word(frame, _HYPERCALL, number)
        for at in range(5):
            value = arguments[at] if at < len(arguments) else 0
            ram.set_word(frame, _ARGUMENTS + at, value & 0xFFFF_FFFF_FFFF_FFFF)
        asked = ram.word(frame, _ASKED) + 1
        ram.set_word(frame, _ASKED, asked)
        for _ in range(_SPINS):
            if ram.word(frame, _ANSWERED) == asked:
                break
        else:
            self._wait(asked)
        result = ram.word(frame, _RESULT)
        return result - (1 << 64) if result >> 63 else result

    def _wait(self, asked: int) -> None:
        start = look = time.monotonic()
        while self._ram.word(self._frame, _ANSWERED) != asked:
            now = time.monotonic()
            if now > look:
                look = now + _LOOK
                if trouble := self._trouble():
                    raise BackendError(trouble)
            if now > start + _PATIENCE:
                raise BackendError(f"the guest did not answer within {_PATIENCE:g} s")
            time.sleep(_PAUSE)
