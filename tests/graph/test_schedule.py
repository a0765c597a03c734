"""Batches by length and windows over streams: every text once, within the limits, reading no further."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliner2_lite.graph.schedule import BatchLimits, plan_batches, windows

LENGTHS = st.lists(st.integers(0, 300), max_size=60)
LIMITS = st.builds(BatchLimits, st.integers(1, 12), st.integers(1, 900))


@given(LENGTHS, LIMITS)
def test_every_text_is_in_one_batch_within_the_limits(lengths: list[int], limits: BatchLimits) -> None:
    plan = plan_batches(lengths, limits)
    assert sorted(index for batch in plan for index in batch) == list(range(len(lengths)))
    for batch in plan:
        assert 1 <= len(batch) <= limits.texts
        assert len(batch) == 1 or len(batch) * max(lengths[index] for index in batch) <= limits.tokens


@given(LENGTHS, LIMITS)
def test_batches_are_sorted_stable_and_full(lengths: list[int], limits: BatchLimits) -> None:
    plan = plan_batches(lengths, limits)
    order = [(lengths[index], index) for batch in plan for index in batch]
    assert order == sorted(order)
    for batch, after in pairwise(plan):
        grown = len(batch) + 1
        assert grown > limits.texts or grown * lengths[after[0]] > limits.tokens


def test_a_text_beyond_the_budget_runs_alone() -> None:
    assert plan_batches([5, 100, 5, 90], BatchLimits(8, 20)) == [[0, 2], [3], [1]]


@given(st.lists(st.integers(0, 9), max_size=50), st.integers(1, 8), st.integers(1, 30))
def test_windows_hold_everything_in_order(items: list[int], size: int, weight: int) -> None:
    found = list(windows(items, max_items=size, max_weight=weight, weight=lambda item: item))
    assert [item for window in found for item in window] == items
    for window in found:
        assert 1 <= len(window) <= size and sum(window[:-1]) < weight


def test_windows_read_no_further_than_asked() -> None:
    source = iter(range(100))
    found = windows(source, max_items=4, max_weight=10**9, weight=lambda item: 1)
    assert next(found) == [0, 1, 2, 3]
    assert next(source) == 4


def test_what_was_read_comes_before_the_error_of_reading() -> None:
    def broken() -> Iterator[int]:
        yield from (1, 2, 3)
        raise OSError("disk")

    found = windows(broken(), max_items=2, max_weight=100, weight=lambda item: 1)
    assert next(found) == [1, 2]
    assert next(found) == [3]
    with pytest.raises(OSError, match="disk"):
        next(found)
