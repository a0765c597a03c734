"""Sets of half-open ranges with logarithmic look-ups, for the overlap policies.

A hostile text and a threshold of 0 make every word a candidate: comparing each candidate with every other
one would take minutes.
"""

from __future__ import annotations

import sys
from bisect import bisect_left, insort
from collections.abc import Iterable

Range = tuple[int, int]


class DisjointRanges:
    """Ranges of which no two overlap."""

    def __init__(self) -> None:
        self._taken: list[Range] = []  # sorted, so only the neighbours of a range can overlap it

    def conflicts(self, start: int, end: int) -> bool:
        """Whether a range in the set shares a character with this one."""
        place = bisect_left(self._taken, (start, end))
        if place < len(self._taken) and self._taken[place][0] < end:
            return True
        return place > 0 and start < self._taken[place - 1][1]

    def add(self, start: int, end: int) -> None:
        """Add a range, which must not overlap any in the set."""
        insort(self._taken, (start, end))


class Crossings:
    """A set of ranges that tells whether one of them crosses another: overlap without containment."""

    def __init__(self, ranges: Iterable[Range]) -> None:
        """``ranges``: every range that will be added or asked about."""
        points = sorted({point for pair in ranges for point in pair})
        self._places = {point: place for place, point in enumerate(points)}
        self._last_end = _RangeMaximum(len(points))  # by start
        self._first_start = _RangeMaximum(len(points))  # by end, negated

    def conflicts(self, start: int, end: int) -> bool:
        """Whether a range in the set crosses this one."""
        inside = self._places[start] + 1, self._places[end]  # points strictly between the two
        return self._last_end.largest(*inside) > end or -self._first_start.largest(*inside) < start

    def add(self, start: int, end: int) -> None:
        """Add a range."""
        self._last_end.raise_to(self._places[start], end)
        self._first_start.raise_to(self._places[end], -start)


class _RangeMaximum:
    """A segment tree: the largest value among the places of a range."""

    def __init__(self, size: int) -> None:
        self._size = max(1, size)
        self._values = [float("-inf")] * (2 * self._size)

    def raise_to(self, place: int, value: float) -> None:
        place += self._size
        while place and self._values[place] < value:
            self._values[place] = value
            place >>= 1

    def largest(self, begin: int, end: int) -> float:
        best = float("-inf")
        begin, end = begin + self._size, end + self._size
        while begin < end:
            if begin & 1:
                best = max(best, self._values[begin])
                begin += 1
            if end & 1:
                end -= 1
                best = max(best, self._values[end])
            begin, end = begin >> 1, end >> 1
        return best


class ChosenSets:
    """Sets of ranks, each an earlier set with one more member, compared by their best members.

    A set is a node of a tree: its newest member and the set before it. Every node stores an ancestor far
    above and the best rank on the way there, so two sets of equal size are compared in logarithmic time.
    """

    EMPTY = 0

    def __init__(self) -> None:
        self._ranks = [0]
        self._before = [0]
        self._sizes = [0]
        self._jumps = [0]
        self._best = [0]  # the best rank from the node to its jump, that one not included

    def add(self, before: int, rank: int) -> int:
        """The set ``before`` and one more member."""
        jump, jump_size = self._jumps[before], self._sizes[self._jumps[before]]
        far = self._jumps[jump]
        if before and self._sizes[before] - jump_size == jump_size - self._sizes[far]:
            target, best = far, min(rank, self._best[before], self._best[jump])
        else:
            target, best = before, rank
        self._ranks.append(rank)
        self._before.append(before)
        self._sizes.append(self._sizes[before] + 1)
        self._jumps.append(target)
        self._best.append(best)
        return len(self._ranks) - 1

    def size(self, chosen: int) -> int:
        """The number of members."""
        return self._sizes[chosen]

    def better(self, one: int, other: int) -> bool:
        """Whether the best member that only one of the sets has is in ``one``; both have the same size."""
        first = second = sys.maxsize  # ranks are those of all candidates, of which few may have been added
        while one != other:
            if self._jumps[one] != self._jumps[other]:
                first, second = min(first, self._best[one]), min(second, self._best[other])
                one, other = self._jumps[one], self._jumps[other]
            else:
                first, second = min(first, self._ranks[one]), min(second, self._ranks[other])
                one, other = self._before[one], self._before[other]
        return first < second

    def members(self, chosen: int) -> list[int]:
        """The ranks of a set, the best first."""
        ranks = []
        while chosen:
            ranks.append(self._ranks[chosen])
            chosen = self._before[chosen]
        return sorted(ranks)
