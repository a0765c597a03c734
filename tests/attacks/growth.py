"""How work grows with its input: the measure behind every claim of near-linear time."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any

RATIO = 2.5
RUNS, ATTEMPTS = 3, 6


def assert_near_linear(make: Callable[[int], Callable[[], Any]], size: int) -> None:
    """t(2n) / t(n) is at most 2.5; ``make(n)`` prepares a task of size n.

    The ratio is the mean of two doublings, from ``size`` to four times that, each time the best of several
    runs taken in turn. One that a busy machine spoilt is taken again: quadratic work has a ratio of 4 however
    often it is measured, work of n log n one of 2.2.
    """
    one, four = make(size), make(4 * size)
    ratios: list[float] = []
    while len(ratios) < ATTEMPTS:
        single, quadruple = float("inf"), float("inf")
        gc.collect()
        gc.disable()  # it runs the more often, the more objects there are
        try:
            for _ in range(RUNS):
                single, quadruple = min(single, _seconds(one)), min(quadruple, _seconds(four))
        finally:
            gc.enable()
        ratios.append((quadruple / single) ** 0.5)
        if ratios[-1] <= RATIO:
            return
    raise AssertionError(f"t(2n)/t(n) at n={size} was {', '.join(f'{ratio:.2f}' for ratio in ratios)}")


def _seconds(task: Callable[[], Any]) -> float:
    begin = time.process_time()
    task()
    return time.process_time() - begin
