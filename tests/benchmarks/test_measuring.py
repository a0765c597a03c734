"""Turns of the contestants, and the share of the machine that others take."""

from __future__ import annotations

from itertools import pairwise

import pytest

from benchmarks import measuring
from gliner2_lite import InputError


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5])
def test_every_contestant_is_first_in_its_turn_and_has_other_neighbours(count: int) -> None:
    names = list("abcde"[:count])
    turns = [measuring.rotated_names(names, turn) for turn in range(count)]
    assert all(sorted(order) == names for order in turns)
    assert [order[0] for order in turns] == names
    if count > 2:
        before = {(first, second) for order in turns for first, second in pairwise(order)}
        assert {("a", "b"), ("b", "a")} <= before


def test_other_processes_are_told_from_own(monkeypatch: pytest.MonkeyPatch) -> None:
    busy = iter([100.0, 100.0 + 1e6, 100.0])
    monkeypatch.setattr(measuring, "busy_seconds", lambda: next(busy))
    assert measuring.LoadClock().others_percent() == 100.0
    monkeypatch.setattr(measuring, "busy_seconds", lambda: None)
    assert measuring.LoadClock().others_percent() is None


def test_what_cannot_be_read_is_said_before_anything_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "read_usage", lambda: None)
    with pytest.raises(InputError, match="smaps_rollup"):
        measuring.require_usage()
