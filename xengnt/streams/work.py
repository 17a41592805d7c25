# SPDX-License-Identifier: MIT
"""Whoever executes the work: this process, others on this machine, or a cluster.

Imports ``xengnt.errors`` only; the cluster's library where it is asked for.
"""

from __future__ import annotations

import os
import re
import signal
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from contextlib import contextmanager
from typing import Any, TypeVar

from xengnt.errors import BackendError, InvalidValue, SourceError, Unavailable

Task = TypeVar("Task")
Result = TypeVar("Result")

_ADDRESS = re.compile(r"(tcp|tls)://\S+:\d+")

_PATIENCE = 0.2
"""So many seconds an interrupt waits at the most for a result."""

_GONE = 30
"""So many seconds a cluster may be out of reach."""

MOST = 4096
"""More processes than this are a mistake."""

AHEAD = 16
"""As many tasks an executor has at once, unless another number is given."""


def in_order(
    function: Callable[[Task], Result],
    tasks: Iterable[Task],
    executor: Executor | None = None,
    ahead: int = AHEAD,
) -> Iterator[tuple[Task, Result]]:
    """Give each task with its result, in the order of the tasks.

    Each is submitted once and its result taken once. A task that is lost with whoever
    worked on it is the executor's to repeat; that is safe, as the same bytes give the same.

    Args:
        function: what can be sent to where the work is done.
        tasks: read only so far ahead as there is somebody to work on them.
        executor: None does the work here.
        ahead: how many tasks the executor has at once, with the results that nobody took.

    Raises:
        BackendError: the executor broke down.
    """
    if executor is None:
        for task in tasks:
            yield task, function(task)
        return
    waiting: deque[tuple[Task, Future[Result]]] = deque()
    try:
        for task in tasks:
            with _undisturbed():
                waiting.append((task, executor.submit(function, task)))
            if len(waiting) >= ahead:
                yield _next(waiting, executor)
        while waiting:
            yield _next(waiting, executor)
    finally:
        for _, future in waiting:
            future.cancel()


def _next(waiting: deque[tuple[Task, Future[Result]]], executor: Executor) -> tuple[Task, Result]:
    task, future = waiting.popleft()
    try:
        while True:
            try:
                with _undisturbed():
                    return task, future.result(_PATIENCE)
            except TimeoutError as error:
                if future.done() and future.exception() is error:  # that is its own
                    raise
            if isinstance(executor, _OnCluster):
                executor.check()
    except (BrokenExecutor, CancelledError) as error:
        raise BackendError(str(error) or "the work was cancelled") from None


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Have an interrupt wait: in the middle of an executor it can leave a lock behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    handlers = {
        number: signal.signal(number, lambda number, _: came.append(number))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for first in came[:1]:
            signal.raise_signal(first)


@contextmanager
def processes(jobs: int) -> Iterator[tuple[Executor | None, int]]:
    """Give an executor of so many processes, and how many tasks to have ahead.

    One is this process itself, 0 is one for each core.

    Raises:
        InvalidValue: they are too many.
        BackendError: this machine does not let them meet.
    """
    if jobs > MOST:
        raise InvalidValue(f"{jobs} processes are too many: at most {MOST}", got=jobs)
    jobs = jobs or len(os.sched_getaffinity(0))
    if jobs == 1:
        yield None, 0
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    try:
        _start_server()
    except OSError as error:  # such as a path that is too long for a socket
        where = tempfile.gettempdir()
        raise BackendError(f"no processes meet in {where}: {error.strerror or error}") from None
    # Forked from a process without threads; this one may have those of a progress bar.
    executor = ProcessPoolExecutor(jobs, get_context("forkserver"), _deaf)
    try:
        yield executor, _ahead(jobs)
    except BackendError as error:
        raise BackendError(f"{jobs} processes: {error}") from None
    finally:
        executor.shutdown(cancel_futures=True)


def _ahead(workers: int) -> int:
    """Return how many tasks keep so many workers at work."""
    return 2 * workers + 2


def _start_server() -> None:
    """Start what forks the processes deaf to interrupts, so that they are from the beginning."""
    from multiprocessing.forkserver import ensure_running

    if threading.current_thread() is not threading.main_thread():
        return  # only that one has a say in signals
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        ensure_running()
    finally:
        signal.signal(signal.SIGINT, handler)


def _deaf() -> None:
    """Leave an interrupt to the process that shares out the work, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_it, daemon=True).start()


def _end_with_it() -> None:
    from multiprocessing import parent_process

    if parent := parent_process():
        parent.join()
        os._exit(1)  # nobody waits for what it is at


class _OnCluster(Executor):
    """An executor of a Dask cluster, which can be asked whether that is still there."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._inner = client.get_executor(pure=False)
        self._seen = time.monotonic()

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have something done."""
        future: Future[Any] = self._inner.submit(fn, *args, **kwargs)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 -- as it is declared
        """End it."""
        del cancel_futures  # what it does not know
        self._inner.shutdown(wait=wait)

    def check(self) -> None:
        """Raise if nobody has been there for a while."""
        now = time.monotonic()
        if self._client.status == "running":
            self._seen = now
        elif now - self._seen > _GONE:
            raise BrokenExecutor(f"it has been gone for {_GONE} seconds")


@contextmanager
def cluster(address: str) -> Iterator[tuple[Executor, int]]:
    """Give an executor of a Dask cluster, and how many tasks to have ahead.

    Its workers need xengnt, and the files under the same paths.

    Raises:
        Unavailable: Dask is not installed.
        SourceError: that is no address, or there is no scheduler at it.
        BackendError: the cluster broke down.
    """
    try:
        from distributed import Client
        from distributed.comm import CommClosedError
        from distributed.scheduler import KilledWorker
    except ImportError:
        raise Unavailable("Dask is not installed: pip install 'xengnt[dask]'") from None
    if not _ADDRESS.fullmatch(address):
        words = "expected tcp://HOST:PORT or tls://HOST:PORT"
        raise SourceError(f"{address} is no address of a scheduler: {words}", got=address)
    try:
        client = Client(address, set_as_default=False)
    except (OSError, ValueError, RuntimeError) as error:
        raise SourceError(f"no Dask scheduler at {address}: {error or 'no answer'}") from None
    try:
        executor = _OnCluster(client)
        yield executor, _ahead(sum(client.nthreads().values()))
        executor.shutdown(wait=False)
    except (BackendError, KilledWorker, CommClosedError) as error:
        raise BackendError(f"Dask cluster at {address}: {error}") from None
    finally:
        client.close(timeout=5)
