"""Ctrl-C and SIGTERM between two lines of output, never inside one."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

WORDS = {"SIGINT": "interrupted", "SIGTERM": "terminated", "SIGHUP": "hung up"}


class Stopped(BaseException):
    """A signal asks the process to end. Not an Exception, so that no ``except Exception`` swallows it."""

    def __init__(self, number: int) -> None:
        super().__init__(WORDS[signal.Signals(number).name])
        self.exit_code = 128 + number


class StopSignals:
    """While active, a signal raises Stopped; inside :meth:`whole` it is raised at the end of that block.

    A second signal does not wait: an output that nobody reads can block for ever. Signals that the parent
    had ignored (``nohup``, background jobs) stay ignored.
    """

    def __init__(self) -> None:
        self._writing = False
        self._waiting: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopSignals:
        for name in WORDS:
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                try:
                    self._before[number] = signal.signal(number, self._handle)
                except ValueError:  # not the main thread: signals are handled there
                    break
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def whole(self) -> Iterator[None]:
        """A block that a first signal does not cut short: Stopped is raised at its end."""
        self._writing = True
        try:
            yield
        finally:
            self._writing = False
            if self._waiting is not None:
                raise Stopped(self._waiting)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._writing and self._waiting is None:
            self._waiting = number
            return
        raise Stopped(number)
