"""One process per contestant: its own thread pools, pinned to the same processors, one active at a time.

A worker takes one job as a line of JSON on its standard input and answers with one line on its standard
output. While another is measured it blocks on that pipe and, after a moment of rest, costs nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any, Protocol

from benchmarks.processes import ProcessError, environment, log_tail, python_code

CLOSE_SECONDS = 10


class Startable(Protocol):
    """What the pool needs to know of a contestant."""

    @property
    def name(self) -> str: ...

    def to_json(self) -> str: ...


class Worker:
    """A running contestant. ``loaded`` is what it reported after loading: seconds, versions."""

    def __init__(self, contestant: Startable, *, threads: int, cpus: Sequence[int]) -> None:
        self.name = contestant.name
        self._log: IO[str] = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 - closed in close()
        cpu_list = ",".join(map(str, cpus))
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                python_code("benchmarks.worker"),
                contestant.to_json(),
                str(threads),
                cpu_list,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            encoding="utf-8",
            env=environment(threads),
        )
        self.loaded = self._answer()

    def call(self, op: str, **job: Any) -> dict[str, Any]:
        """Send one job and wait for its answer.

        Raises:
            ProcessError: the job failed or the process ended; the message has the end of its log.
        """
        pipe = self._process.stdin
        if pipe is None or self._process.poll() is not None:
            raise self._failure("has ended")
        try:
            pipe.write(json.dumps({"op": op, **job}) + "\n")
            pipe.flush()
        except BrokenPipeError as error:
            raise self._failure("went away") from error
        return self._answer()

    def close(self) -> None:
        """End the process: close its input, and kill it if it does not end."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._log.close()

    def _answer(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout is not None else ""
        if not line:
            self._process.wait(CLOSE_SECONDS)
            raise self._failure(f"ended with code {self._process.returncode}")
        answer = json.loads(line)
        if "error" in answer:
            raise self._failure(f"failed: {answer['error']}")
        return dict(answer)

    def _failure(self, what: str) -> ProcessError:
        tail = log_tail(self._log)
        return ProcessError(f"the process of {self.name!r} {what}" + (f"\n{tail}" if tail else ""))


@contextmanager
def worker_pool(
    contestants: Sequence[Startable], *, threads: int, cpus: Sequence[int]
) -> Iterator[dict[str, Worker]]:
    """Start the contestants one after another (so that loading is not disturbed); close all at the end."""
    workers: dict[str, Worker] = {}
    try:
        for contestant in contestants:
            print(f"loading {contestant.name}", file=sys.stderr, flush=True)
            workers[contestant.name] = Worker(contestant, threads=threads, cpus=cpus)
        yield workers
    finally:
        for worker in workers.values():
            worker.close()
