"""One process per contestant: its own thread pools, pinned to the same processors, one active at a time.

A worker takes one job as a line of JSON on its standard input and answers with one line on its standard
output. While another is measured it blocks on that pipe and, after a moment of rest, costs nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

from gliner2_lite.errors import GLiNER2LiteError

LOG_TAIL = 4000  # characters of a failed worker's messages that are shown
CLOSE_SECONDS = 10
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class WorkerError(GLiNER2LiteError, RuntimeError):
    """A contestant's process failed."""


class Startable(Protocol):
    """What the pool needs to know of a contestant."""

    @property
    def name(self) -> str: ...

    def to_json(self) -> str: ...


def python_path_code() -> str:
    """Code that lets a new interpreter import this package; what is installed comes before the checkout."""
    root = str(Path(__file__).resolve().parent.parent)
    return f"import sys; sys.path[:] = [*filter(None, sys.path), {root!r}]"


class Worker:
    """A running contestant. ``loaded`` is what it reported after loading: seconds, versions."""

    def __init__(self, contestant: Startable, *, threads: int, cpus: Sequence[int]) -> None:
        self.name = contestant.name
        self._log: IO[str] = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 - closed in close()
        code = f"{python_path_code()}; from benchmarks.worker import main; main()"
        cpu_list = ",".join(map(str, cpus))
        self._process = subprocess.Popen(
            [sys.executable, "-c", code, contestant.to_json(), str(threads), cpu_list],
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
            WorkerError: the job failed or the process ended; the message has the end of its log.
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
        """End the process: politely, then not."""
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

    def _failure(self, what: str) -> WorkerError:
        tail = log_tail(self._log)
        return WorkerError(f"the process of {self.name!r} {what}" + (f"\n{tail}" if tail else ""))


def log_tail(log: IO[str]) -> str:
    """The end of what a process wrote to its log."""
    log.seek(0)
    return log.read()[-LOG_TAIL:].strip()


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


def environment(threads: int) -> dict[str, str]:
    """The environment of a contestant's process: ``threads`` threads everywhere, no network."""
    return {
        **os.environ,
        **dict.fromkeys(THREAD_VARIABLES, str(threads)),
        "HF_HUB_OFFLINE": "1",  # everything is local: no time goes into asking the hub
        "TRANSFORMERS_OFFLINE": "1",
        "PYTHONIOENCODING": "utf-8",
    }
