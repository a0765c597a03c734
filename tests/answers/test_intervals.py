"""Sets of ranges, checked against a look at every pair, and that they do not look at every pair."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliner2_lite.answers.intervals import ChosenSets, Crossings, DisjointRanges, Range

RANGES = st.lists(
    st.tuples(st.integers(0, 12), st.integers(1, 6)).map(lambda pair: (pair[0], pair[0] + pair[1])),
    max_size=20,
)


def overlap(one: Range, other: Range) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def contains(one: Range, other: Range) -> bool:
    return one[0] <= other[0] and other[1] <= one[1]


@given(RANGES)
def test_disjoint_ranges_know_what_overlaps_one_of_them(ranges: list[Range]) -> None:
    index, taken = DisjointRanges(), list[Range]()
    for one in ranges:
        expected = any(overlap(one, other) for other in taken)
        assert index.conflicts(*one) == expected
        if not expected:
            index.add(*one)
            taken.append(one)


def test_ranges_that_touch_do_not_overlap() -> None:
    index = DisjointRanges()
    index.add(3, 5)
    assert [index.conflicts(*one) for one in [(0, 3), (5, 9), (2, 4), (4, 6), (3, 5), (0, 9)]] == [
        False, False, True, True, True, True,
    ]  # fmt: skip


@given(RANGES)
def test_crossings_are_overlaps_without_containment(ranges: list[Range]) -> None:
    """Also among ranges that cross each other: every one is taken, whatever it conflicts with."""
    index, taken = Crossings(ranges), list[Range]()
    for one in ranges:
        assert index.conflicts(*one) == any(
            overlap(one, other) and not contains(one, other) and not contains(other, one) for other in taken
        )
        index.add(*one)
        taken.append(one)


@given(st.permutations(range(20)), st.data())
def test_chosen_sets_are_compared_by_their_best_unshared_member(
    ranks: list[int], data: st.DataObject
) -> None:
    """As the search for the best disjoint spans uses them: every rank is the newest member of one set."""
    sets, members = ChosenSets(), {ChosenSets.EMPTY: frozenset[int]()}
    for rank in ranks:
        before = data.draw(st.sampled_from(sorted(members)[-3:]))  # long chains that share their beginnings
        members[sets.add(before, rank)] = members[before] | {rank}
    for one, ours in members.items():
        assert sets.members(one) == sorted(ours) and sets.size(one) == len(ours)
        for other, theirs in members.items():
            if one != other and len(ours) == len(theirs):
                assert sets.better(one, other) == (min(ours ^ theirs) in ours)


def disjoint(size: int) -> None:
    index = DisjointRanges()
    for start in range(size):
        assert not index.conflicts(2 * start, 2 * start + 1)
        index.add(2 * start, 2 * start + 1)


def nested(size: int) -> None:
    ranges = [(start, 2 * size - start) for start in range(size)]
    index = Crossings(ranges)
    for one in ranges:
        assert not index.conflicts(*one)
        index.add(*one)


def chains(size: int) -> None:
    """Two long sets that share all but their first member."""
    sets = ChosenSets()
    heads = [sets.add(ChosenSets.EMPTY, size), sets.add(ChosenSets.EMPTY, size + 1)]
    for rank in range(size):
        heads = [sets.add(head, 2 * size + 2 * rank + side) for side, head in enumerate(heads)]
    for _ in range(size):
        assert sets.better(*heads)


@pytest.mark.parametrize("work", [disjoint, nested, chains])
def test_many_ranges_take_little_longer_each(work: Callable[[int], None]) -> None:
    def seconds(size: int) -> float:
        begin = time.perf_counter()
        work(size)
        return time.perf_counter() - begin

    small, large = min(seconds(1_000) for _ in range(3)), seconds(8_000)
    # Eight times the ranges: looking at every pair would need 64 times the time.
    assert large < 30 * small + 0.05
