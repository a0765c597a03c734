"""Which of several overlapping spans survive. Spans are half-open character ranges."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import TypeVar

from gliner2_lite.answers.intervals import ChosenSets, Crossings, DisjointRanges
from gliner2_lite.errors import InputError, InputTypeError

Item = TypeVar("Item")
Rank = tuple[float, int, int, int]  # (−score, start, end, input index)

ALLOW, NESTED, DISALLOW, LONGEST = "allow", "nested", "disallow", "longest"
_NAMES = {
    "allow": ALLOW, "all": ALLOW, "none": ALLOW,
    "nested": NESTED, "allow_nested": NESTED,
    "flat": DISALLOW, "disallow": DISALLOW, "no_overlap": DISALLOW, "non_overlapping": DISALLOW,
    "longest": LONGEST, "keep_longest": LONGEST,
}  # fmt: skip


def canonical_policy(policy: str | None) -> str | None:
    """The canonical name of an overlap policy (one of four), or None (the default: greedy by confidence).

    Raises:
        InputTypeError: not a string. InputError: an unknown name.
    """
    if policy is None:
        return None
    if not isinstance(policy, str):
        raise InputTypeError(f"overlap_policy must be a string or None, not {type(policy).__name__}")
    name = _NAMES.get(policy.strip().lower().replace("-", "_"))
    if name is None:
        raise InputError(
            f"overlap_policy {policy!r} is unknown; write one of {', '.join(sorted(_NAMES))}, or None"
        )
    return name


def resolve(
    items: Sequence[Item],
    policy: str | None,
    *,
    score: Callable[[Item], float],
    start: Callable[[Item], int],
    end: Callable[[Item], int],
) -> list[Item]:
    """The items that ``policy`` keeps.

    ``None`` takes items by falling score (input order on ties) and drops what overlaps a taken one.
    Every named policy first keeps the best of equal ranges, and returns by (−score, start, end):
    ``allow`` all; ``nested`` rejects what crosses a better one without containment; ``longest``
    drops what lies inside another; ``disallow`` is the non-overlapping subset of largest total score.
    """
    if policy is None:
        return _greedy(items, score, start, end)
    ranked = sorted((-float(score(item)), start(item), end(item), index) for index, item in enumerate(items))
    distinct, seen = [], set()
    for rank in ranked:
        if rank[1:3] not in seen:
            seen.add(rank[1:3])
            distinct.append(rank)
    kept = _SELECT[policy](distinct)
    return [items[rank[3]] for rank in kept]


def _greedy(
    items: Sequence[Item],
    score: Callable[[Item], float],
    start: Callable[[Item], int],
    end: Callable[[Item], int],
) -> list[Item]:
    kept: list[Item] = []
    taken = DisjointRanges()
    for item in sorted(items, key=score, reverse=True):
        span = (start(item), end(item))
        if not taken.conflicts(*span):
            taken.add(*span)
            kept.append(item)
    return kept


def _nested(ranked: list[Rank]) -> list[Rank]:
    kept: list[Rank] = []
    taken = Crossings(rank[1:3] for rank in ranked)
    for rank in ranked:
        if not taken.conflicts(*rank[1:3]):
            taken.add(*rank[1:3])
            kept.append(rank)
    return kept


def _longest(ranked: list[Rank]) -> list[Rank]:
    # By start, longest first: a span lies inside another exactly when an earlier one reaches its end.
    inside, reach = set(), -1
    for rank in sorted(ranked, key=lambda rank: (rank[1], -rank[2])):
        if rank[2] <= reach:
            inside.add(rank[3])
        reach = max(reach, rank[2])
    return [rank for rank in ranked if rank[3] not in inside]


def _best_disjoint(ranked: list[Rank]) -> list[Rank]:
    """Weighted interval scheduling; on equal totals more spans win, then the better ranked ones."""
    order = sorted(range(len(ranked)), key=lambda place: (ranked[place][2], ranked[place][1], place))
    ends = [ranked[place][2] for place in order]
    choices = ChosenSets()
    states = [(0.0, ChosenSets.EMPTY)]  # the best (total, set) among the first spans
    for index, place in enumerate(order):
        total, chosen = states[bisect_right(ends, ranked[place][1], 0, index)]
        total, size = total - ranked[place][0], choices.size(chosen) + 1
        best, kept = states[index]
        if (total, size) >= (best, choices.size(kept)):
            taken = choices.add(chosen, place)
            if (total, size) > (best, choices.size(kept)) or choices.better(taken, kept):
                best, kept = total, taken
        states.append((best, kept))
    return [ranked[place] for place in choices.members(states[-1][1])]


_SELECT: dict[str, Callable[[list[Rank]], list[Rank]]] = {
    ALLOW: list,
    NESTED: _nested,
    LONGEST: _longest,
    DISALLOW: _best_disjoint,
}
