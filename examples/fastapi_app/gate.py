"""Bounded work: so many calls run, so many wait, the next is refused at once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Answer = TypeVar("Answer")


class BusyError(Exception):
    """Every place is taken; nothing was started."""


class Gate:
    """Threads for blocking calls, with a limit on those that wait for one.

    A place is given back when its call has ended, not when its client has gone: a call that runs cannot be
    stopped, and refilling its place would run more at once than was allowed.
    """

    def __init__(self, *, running: int, waiting: int) -> None:
        self._executor = ThreadPoolExecutor(running, thread_name_prefix="extract")
        self._places = running + waiting
        self._taken = 0
        self._lock = threading.Lock()

    @property
    def taken(self) -> int:
        """Calls that run or wait."""
        return self._taken

    async def run(self, call: Callable[[], Answer]) -> Answer:
        """The value of ``call()``. Raises BusyError when all places are taken."""
        with self._lock:
            if self._taken >= self._places:
                raise BusyError(f"{self._taken} requests run or wait, which is all this server takes on")
            self._taken += 1
        future = self._executor.submit(call)
        future.add_done_callback(self._leave)
        return await asyncio.wrap_future(future)

    def _leave(self, future: Future[object]) -> None:
        with self._lock:
            self._taken -= 1

    def close(self) -> None:
        """Wait for what has begun, and take nothing more."""
        self._executor.shutdown(wait=True)
