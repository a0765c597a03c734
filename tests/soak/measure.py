"""What a process holds, and how fast that grows."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Sample:
    """One look at this process: after ``seconds`` and ``calls``, what it holds."""

    seconds: float
    calls: int
    resident_kb: int
    open_files: int
    threads: int
    objects: int


def take(seconds: float, calls: int) -> Sample:
    """A sample of this process, on Linux."""
    gc.collect()
    status = dict(
        line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line
    )
    return Sample(
        seconds=round(seconds, 1),
        calls=calls,
        resident_kb=int(status["VmRSS"].split()[0]),
        open_files=len(os.listdir("/proc/self/fd")),
        threads=threading.active_count(),
        objects=len(gc.get_objects()),
    )


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Least-squares slope of (x, y) points; 0 for fewer than two different x."""
    if not points:
        return 0.0
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0
