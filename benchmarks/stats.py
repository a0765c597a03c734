"""Medians, spread and ratios of timings, and the growth of readings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any


def percentile(values: Sequence[float], share: float) -> float:
    """The ``share`` quantile (0 to 1) of ``values``, linear between the two nearest."""
    if not values:
        raise ValueError("no values to take a percentile of")
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def summarize(seconds: Sequence[float]) -> dict[str, Any]:
    """Timings in seconds → milliseconds: median, 10th and 90th percentile, and every sample."""
    samples = [1000.0 * value for value in seconds]
    return {
        "median_ms": median(samples),
        "p10_ms": percentile(samples, 0.1),
        "p90_ms": percentile(samples, 0.9),
        "samples_ms": [round(value, 4) for value in samples],
    }


def ratios(results: Mapping[str, Mapping[str, Any]], pairs: Sequence[tuple[str, str]]) -> dict[str, float]:
    """``"fast / slow"`` → how many times faster by medians; pairs with one not measured are left out."""
    return {
        f"{fast} / {slow}": float(results[slow]["median_ms"] / results[fast]["median_ms"])
        for fast, slow in pairs
        if fast in results and slow in results
    }


def growth_percent(readings: Sequence[float]) -> float:
    """Percent by which the mean of the last tenth of ``readings`` is above that of the first."""
    few = max(1, len(readings) // 10)
    before, after = sum(readings[:few]) / few, sum(readings[-few:]) / few
    return 100.0 * (after - before) / before
