# SPDX-License-Identifier: MIT
"""How ops say that something went wrong, and why.

Imports ``xengnt.errors`` and ``xengnt.abi`` only.
"""

from __future__ import annotations

from xengnt.abi.constants import Status
from xengnt.errors import InvalidValue


class Failed(Exception):  # noqa: N818 -- it is no error of the program: a status is the answer
    """An element fails with a status, and the batch goes on.

    Attributes:
        status: what the caller gets to see.
        reason: which check failed on which value, in words.
    """

    def __init__(self, status: Status, reason: str) -> None:
        super().__init__(reason)
        self.status = int(status)
        self.reason = reason


class Stopped(Exception):  # noqa: N818 -- the same
    """The call ends with a result of its own.

    Attributes:
        rc: the result, a negative number of ``errno``.
        reason: which check failed on which value, in words.
    """

    def __init__(self, error: int, reason: str) -> None:
        super().__init__(reason)
        self.rc = -error
        self.reason = reason


class Fault(InvalidValue):
    """An address at which a guest cannot read, or write."""
