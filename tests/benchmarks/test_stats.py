"""Medians, percentiles, ratios, growth."""

from __future__ import annotations

import pytest

from benchmarks import stats


def test_statistics() -> None:
    assert stats.percentile([4.0, 1.0, 3.0, 2.0], 0.5) == 2.5
    assert stats.percentile([7.0], 0.9) == 7.0
    summary = stats.summarize([0.001 * n for n in range(1, 12)])
    assert (summary["median_ms"], summary["p10_ms"], summary["p90_ms"]) == pytest.approx((6.0, 2.0, 10.0))
    results = {"int8": {"median_ms": 2.0}, "gliner2": {"median_ms": 9.0}}
    assert stats.ratios(results, [("int8", "gliner2"), ("fp32", "gliner2")]) == {"int8 / gliner2": 4.5}


def test_growth_compares_both_ends() -> None:
    assert stats.growth_percent([100.0] * 30) == 0.0
    assert stats.growth_percent([100.0] * 15 + [103.0] * 15) == pytest.approx(3.0)
    assert stats.growth_percent([100.0, 110.0]) == pytest.approx(10.0)
