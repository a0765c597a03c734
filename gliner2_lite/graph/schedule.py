"""Which texts share a run: batches of nearly equal lengths, and windows over streams. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

Item = TypeVar("Item")

# A run needs memory for all of its tokens at once: docs/throughput.md.
DEFAULT_BATCH_TOKENS = 512


class BatchLimits(NamedTuple):
    """How large one run may be: ``texts`` rows, and ``tokens`` in all rows, padding included."""

    texts: int
    tokens: int = DEFAULT_BATCH_TOKENS


def plan_batches(lengths: Sequence[int], limits: BatchLimits) -> list[list[int]]:
    """Indices of ``lengths`` in batches, shortest texts first, so that neighbours need little padding.

    A batch costs its size times its longest length. It stays within ``limits``; a single text longer than
    the token budget is a batch of its own. Equal lengths keep their order, so a plan is reproducible.

    Args:
        lengths: tokens of each text.
        limits: both at least 1.
    """
    batches: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        # Lengths only rise, so the text that comes is the longest of the batch.
        size = len(batches[-1]) + 1 if batches else 1
        if size > 1 and size <= limits.texts and size * lengths[index] <= limits.tokens:
            batches[-1].append(index)
        else:
            batches.append([index])
    return batches


def windows(
    items: Iterable[Item], *, max_items: int, max_weight: int, weight: Callable[[Item], int]
) -> Iterator[list[Item]]:
    """Consecutive ``items`` in lists, reading no further than the list that is asked for.

    A list ends with ``max_items``, or with the item whose weight fills ``max_weight``. When reading fails,
    what was read before comes first, then the error.
    """
    group: list[Item] = []
    heavy = 0
    try:
        for item in items:
            group.append(item)
            heavy += weight(item)
            if len(group) >= max_items or heavy >= max_weight:
                full, group, heavy = group, [], 0
                yield full
    except Exception:
        if group:
            yield group
        raise
    if group:
        yield group
