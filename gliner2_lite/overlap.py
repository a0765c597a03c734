"""Which of several overlapping spans survive. Spans are half-open character ranges."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Sequence
from typing import TypeVar

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
    """One of the four policies, or None (the default: greedy by confidence).

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
    """The surviving items.

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
    taken: list[tuple[int, int]] = []  # disjoint and sorted, so only the neighbours can overlap
    for item in sorted(items, key=score, reverse=True):
        span = (start(item), end(item))
        place = bisect_left(taken, span)
        if place < len(taken) and taken[place][0] < span[1]:
            continue
        if place > 0 and span[0] < taken[place - 1][1]:
            continue
        insort(taken, span)
        kept.append(item)
    return kept


def _nested(ranked: list[Rank]) -> list[Rank]:
    kept: list[Rank] = []
    for rank in ranked:
        start, end = rank[1], rank[2]
        crosses = any(
            start < other_end and other < end
            and not (start <= other and other_end <= end) and not (other <= start and end <= other_end)
            for _, other, other_end, _ in kept
        )  # fmt: skip
        if not crosses:
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
    by_end = sorted(ranked, key=lambda rank: (rank[2], rank[1], rank[0], rank[3]))
    ends = [rank[2] for rank in by_end]
    totals, sizes = [0.0], [0]
    links: list[tuple[int, int] | None] = [None]  # (index taken, state before it), None for nothing

    def members(state: int, extra: Rank | None = None) -> list[Rank]:
        found = [] if extra is None else [extra]
        while (link := links[state]) is not None:
            found.append(by_end[link[0]])
            state = link[1]
        return sorted(found)

    for index, rank in enumerate(by_end):
        before = bisect_right(ends, rank[1], 0, index)
        total, size = totals[before] - rank[0], sizes[before] + 1
        if (total, size) == (totals[index], sizes[index]):
            take = members(before, rank) < members(index)
        else:
            take = (total, size) > (totals[index], sizes[index])
        if take:
            totals.append(total)
            sizes.append(size)
            links.append((index, before))
        else:
            totals.append(totals[index])
            sizes.append(sizes[index])
            links.append(links[index])
    return members(len(by_end))


_SELECT: dict[str, Callable[[list[Rank]], list[Rank]]] = {
    ALLOW: list,
    NESTED: _nested,
    LONGEST: _longest,
    DISALLOW: _best_disjoint,
}
