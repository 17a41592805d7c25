# SPDX-License-Identifier: MIT
"""Does something in a process of its own, since somebody else's code may end that.

Imports ``xengnt.errors`` only.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import traceback
from collections.abc import Callable, Iterable, Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import TypeVar

from xengnt.errors import BackendError, XengntError

T = TypeVar("T")

PATIENCE = 10.0
"""How many seconds to wait for anything to come."""

_ITEM, _ERROR, _END = range(3)


def apart(work: Callable[[], Iterable[T]], patience: float = PATIENCE) -> Iterator[T]:
    """Give what some work gives, which is done in a fork of this process.

    What it prints goes to standard error.

    Args:
        work: gives what can be pickled.
        patience: how many seconds to wait for anything to come.

    Raises:
        XengntError: the work raises it.
        BackendError: the process ended early, or nothing comes.
    """
    reading, writing = Pipe(duplex=False)
    child = os.fork()
    if not child:
        try:
            gc.disable()  # it would look at all memory, and so copy it
            os.dup2(2, 1)
            _send(work, writing)
            ctypes.CDLL(None).fflush(None)  # what C code printed
        finally:
            os._exit(0)
    writing.close()
    ended = None
    try:
        while reading.poll(patience):
            kind, value = reading.recv()
            if kind == _END:
                return
            if kind == _ERROR:
                raise value
            yield value
    except EOFError:
        _, ended = os.waitpid(child, 0)
    finally:
        reading.close()
        if ended is None:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    raise BackendError(f"no answer within {patience:g} s" if ended is None else _how(ended))


def _send(work: Callable[[], Iterable[T]], writing: Connection) -> None:
    """Do the work, and send what it gives."""
    try:
        for item in work():
            writing.send((_ITEM, item))
    except XengntError as error:
        writing.send((_ERROR, error))
    except Exception as error:  # noqa: BLE001 -- it would be lost with the process
        traceback.print_exc()
        writing.send((_ERROR, BackendError(f"{type(error).__name__}: {error}")))
    else:
        writing.send((_END, None))


def _how(status: int) -> str:
    """Say how a process ended."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return f"the process was ended by signal {number}: {signal.strsignal(number)}"
    return f"the process ended with exit status {os.WEXITSTATUS(status)}"
