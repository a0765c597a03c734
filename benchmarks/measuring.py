"""How contestants are timed beside each other: in turns, with rests, and watching other processes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from benchmarks.machine import busy_seconds
from benchmarks.pool import Worker, worker_pool
from benchmarks.results import new_result
from benchmarks.settings import Settings
from benchmarks.usage import read_usage
from gliner2_lite.errors import InputError

#: The threads of NumPy and torch wait actively for a tenth of a second after their last operation, on
#: processors that the next contestant needs.
REST_SECONDS = 0.3


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
    """How much of the machine other processes use, from its creation to :meth:`others_percent`."""

    def __init__(self) -> None:
        self._busy, self._ours, self._begin = busy_seconds(), _seconds_of_this_process(), os.times().elapsed

    def others_percent(self) -> float | None:
        """Percent of all processors' time, 0 to 100; None where the system does not tell.

        Child processes that have ended do not count as others.
        """
        now = busy_seconds()
        if now is None or self._busy is None:
            return None
        elapsed = (os.times().elapsed - self._begin) * (os.cpu_count() or 1)
        others = (now - self._busy) - (_seconds_of_this_process() - self._ours)
        return round(100.0 * min(1.0, max(0.0, others / max(elapsed, 1e-3))), 1)


def _seconds_of_this_process() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def take_turns(workers: Mapping[str, Worker], turn: int) -> Iterator[Worker]:
    """All workers in the order of :func:`rotated_names`, each after a rest of the machine."""
    for name in rotated_names(list(workers), turn):
        time.sleep(REST_SECONDS)
        yield workers[name]


def rotated_names(names: Sequence[str], turn: int) -> Sequence[str]:
    """``names`` rotated by ``turn``, and reversed in odd turns, so that neighbours change."""
    step = -1 if turn % 2 else 1
    return [names[(turn + step * place) % len(names)] for place in range(len(names))]


def progress(total: int, title: str) -> Any:
    """A progress bar on standard error; none where it is not a terminal."""
    from tqdm import tqdm

    return tqdm(total=total, desc=title, file=sys.stderr, disable=not sys.stderr.isatty(), leave=False)


def require_usage() -> None:
    """Raise InputError where the system does not tell what memory a process takes."""
    if read_usage() is None:
        raise InputError("this system has no /proc/self/smaps_rollup (Linux 4.14 or later): nothing to read")
