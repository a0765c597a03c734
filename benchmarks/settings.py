"""What every timed command shares: who runs, with which threads, on which texts."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.contestants import Contestant
from benchmarks.machine import available_cpus, busy_seconds, describe_machine
from benchmarks.pool import Worker, worker_pool
from gliner2_lite.errors import InputError

RESULT_FORMAT = 1
#: The threads of NumPy and torch wait actively for a tenth of a second after their last operation, on
#: processors that the next contestant needs.
REST_SECONDS = 0.3


@dataclass(frozen=True)
class Settings:
    """A run: its contestants and their ``model`` in words, ``threads`` of each, ``cpus`` they are pinned to.

    ``sentences`` are what texts are made of, ``data`` is the name of their source (None: built in).
    """

    roster: tuple[Contestant, ...]
    model: dict[str, Any]
    threads: int
    cpus: tuple[int, ...]
    sentences: tuple[str, ...] = field(repr=False)
    data: str | None
    repetitions: int
    seed: int = 0

    def rng(self, purpose: str) -> random.Random:
        """Random numbers for ``purpose``, the same in every run with this seed."""
        return random.Random(f"{self.seed}/{purpose}")


def choose_cpus(threads: int | None) -> tuple[int, tuple[int, ...]]:
    """Threads and as many processors to pin them to; None takes all that this process may use.

    Raises:
        InputError: more threads than processors.
    """
    cpus = available_cpus()
    count = len(cpus) if threads is None else threads
    if not 1 <= count <= len(cpus):
        raise InputError(f"--threads {threads}: this process may use {len(cpus)} processor(s)")
    return count, tuple(cpus[:count])


def new_result(settings: Settings, kind: str) -> dict[str, Any]:
    """The result of a command to fill in; the machine is described."""
    return {
        "format": RESULT_FORMAT,
        "kind": kind,
        "model": settings.model,
        "machine": describe_machine(list(settings.cpus), settings.threads),
        "settings": {"repetitions": settings.repetitions, "seed": settings.seed, "data": settings.data},
        "contestants": {},
        "rows": [],
    }


@contextmanager
def measured_run(settings: Settings, *, kind: str) -> Iterator[tuple[dict[str, Worker], dict[str, Any]]]:
    """Workers of all contestants, and the result to fill in: machine and contestants are described.

    On leaving, peak memory and the share of the machine that other processes took are added.
    """
    result = new_result(settings, kind)
    clock = LoadClock()
    with worker_pool(settings.roster, threads=settings.threads, cpus=settings.cpus) as workers:
        for contestant in settings.roster:
            result["contestants"][contestant.name] = {
                "label": contestant.label,
                "load_seconds": workers[contestant.name].loaded["load_seconds"],
                "weights_mb": round(contestant.weight_bytes() / 1e6, 1),
            }
        yield workers, result
        for name, worker in workers.items():
            result["contestants"][name]["peak_mb"] = round(worker.call("memory")["peak_bytes"] / 1e6, 1)
    result["machine"]["others_percent"] = clock.others_percent()


class LoadClock:
    """How much of the machine other processes use, from its making to :meth:`others_percent`."""

    def __init__(self) -> None:
        self._busy, self._own, self._begin = busy_seconds(), _own_seconds(), os.times().elapsed

    def others_percent(self) -> float | None:
        """Percent of all processors' time, 0 to 100; None where the system does not tell.

        Ended child processes count as own."""
        now = busy_seconds()
        if now is None or self._busy is None:
            return None
        elapsed = (os.times().elapsed - self._begin) * (os.cpu_count() or 1)
        others = (now - self._busy) - (_own_seconds() - self._own)
        return round(100.0 * min(1.0, max(0.0, others / max(elapsed, 1e-3))), 1)


def _own_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def take_turns(workers: Mapping[str, Worker], turn: int) -> Iterator[Worker]:
    """All workers in the order of :func:`rotated_names`, each after a rest of the machine."""
    for name in rotated_names(list(workers), turn):
        time.sleep(REST_SECONDS)
        yield workers[name]


def rotated_names(names: Sequence[str], turn: int) -> Sequence[str]:
    """``names``, another one first in every turn, and backwards in every other: neighbours change."""
    step = -1 if turn % 2 else 1
    return [names[(turn + step * place) % len(names)] for place in range(len(names))]


def progress(total: int, title: str) -> Any:
    """A progress bar on standard error; none where it is not a terminal."""
    from tqdm import tqdm

    return tqdm(total=total, desc=title, file=sys.stderr, disable=not sys.stderr.isatty(), leave=False)


def prepare_out(out: Path) -> Path:
    """Make the directory for results."""
    if out.exists() and not out.is_dir():
        raise InputError(f"--out {out} is a file; give a directory")
    out.mkdir(parents=True, exist_ok=True)
    return out
