"""Overlap policies, checked against their definitions by brute force."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gliner2_lite import InputError, InputTypeError
from gliner2_lite.answers.overlap import canonical_policy, resolve

Item = tuple[float, int, int]


def run(items: list[Item], policy: str | None) -> list[Item]:
    return resolve(items, policy, score=lambda i: i[0], start=lambda i: i[1], end=lambda i: i[2])


spans = st.tuples(st.integers(0, 8), st.integers(1, 5)).map(lambda pair: (pair[0], pair[0] + pair[1]))
items = st.lists(
    st.tuples(st.sampled_from([0.25, 0.5, 0.625, 0.75, 1.0]), spans).map(lambda pair: (pair[0], *pair[1])),
    max_size=9,
)


def overlap(a: Item, b: Item) -> bool:
    return a[1] < b[2] and b[1] < a[2]


def inside(a: Item, b: Item) -> bool:
    return b[1] <= a[1] and a[2] <= b[2]


def ranked(found: list[Item]) -> list[Item]:
    """By rank, the best of equal ranges only."""
    best: dict[tuple[int, int], Item] = {}
    for item in sorted(found, key=lambda i: (-i[0], i[1], i[2])):
        best.setdefault(item[1:], item)
    return list(best.values())


@given(items)
def test_default_is_greedy_by_confidence(found: list[Item]) -> None:
    kept: list[Item] = []
    for item in sorted(found, key=lambda i: -i[0]):
        if not any(overlap(item, other) for other in kept):
            kept.append(item)
    assert run(found, None) == kept


@given(items)
def test_allow_keeps_every_range_once(found: list[Item]) -> None:
    assert run(found, "allow") == ranked(found)


@given(items)
def test_nested_rejects_crossings(found: list[Item]) -> None:
    kept: list[Item] = []
    for item in ranked(found):
        if not any(overlap(item, o) and not inside(item, o) and not inside(o, item) for o in kept):
            kept.append(item)
    assert run(found, "nested") == kept


@given(items)
def test_longest_drops_what_lies_inside_another(found: list[Item]) -> None:
    every = ranked(found)
    kept = [i for i in every if not any(inside(i, o) and i[1:] != o[1:] for o in every)]
    assert run(found, "longest") == kept


@example([(0.25, 0, 3), (0.25, 1, 2), (0.5, 0, 4), (0.5, 1, 4), (0.5, 3, 4)])  # few kept of many ranked
@given(items)
def test_disallow_is_the_best_disjoint_set(found: list[Item]) -> None:
    every = ranked(found)
    best = min(
        (
            (-sum(i[0] for i in chosen), -len(chosen), sorted((-i[0], i[1], i[2]) for i in chosen))
            for size in range(len(every) + 1)
            for chosen in combinations(every, size)
            if not any(overlap(a, b) for a, b in combinations(chosen, 2))
        ),
        default=(0.0, 0, []),
    )
    assert [(-i[0], i[1], i[2]) for i in run(found, "disallow")] == best[2]


def test_flat_differs_from_the_default() -> None:
    found = [(0.9, 0, 10), (0.6, 0, 4), (0.6, 5, 10)]
    assert run(found, None) == [(0.9, 0, 10)]
    assert run(found, "disallow") == [(0.6, 0, 4), (0.6, 5, 10)]


@pytest.mark.parametrize(
    ("name", "canonical"),
    [("Flat", "disallow"), (" no-overlap ", "disallow"), ("ALL", "allow"), ("none", "allow"),
     ("allow-nested", "nested"), ("keep_longest", "longest"), (None, None)],
)  # fmt: skip
def test_policy_names(name: str | None, canonical: str | None) -> None:
    assert canonical_policy(name) == canonical


def test_unknown_policies_are_refused() -> None:
    with pytest.raises(InputError, match="'sideways' is unknown.*nested"):
        canonical_policy("sideways")
    with pytest.raises(InputTypeError, match="not int"):
        canonical_policy(1)  # type: ignore[arg-type]
