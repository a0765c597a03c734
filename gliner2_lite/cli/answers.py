"""Records in, records with their answers out: errors keep their place among the results."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from gliner2_lite.cli.records import Record

Results = Iterator[dict[str, Any] | Exception]

# After so many unreadable records in a row an empty text moves a half-filled batch on: what waits is bounded.
MAX_WAITING = 500
FILLER = Record("", None)


def answers(
    records: Iterable[Record], extract: Callable[[Iterator[str]], Results], *, stop_early: bool
) -> Iterator[tuple[Record, Mapping[str, Any] | str]]:
    """Each record with its result, or with the message of what is wrong with it, in order.

    ``extract`` takes texts as it needs them and gives one result or error for each. With ``stop_early``
    nothing is read after the first unreadable record.
    """
    waiting: deque[Record] = deque()

    def texts() -> Iterator[str]:
        unreadable = 0
        for record in records:
            waiting.append(record)
            if record.error is None:
                unreadable = 0
                yield record.text
                continue
            if stop_early:
                return
            unreadable += 1
            if unreadable % MAX_WAITING == 0:
                waiting.append(FILLER)
                yield FILLER.text

    for result in extract(texts()):
        yield from _errors(waiting)
        record = waiting.popleft()
        if record is not FILLER:
            yield record, str(result) if isinstance(result, Exception) else result
    yield from _errors(waiting)


def _errors(waiting: deque[Record]) -> Iterator[tuple[Record, str]]:
    """Take the unreadable records from the front."""
    while waiting and waiting[0].error is not None:
        record = waiting.popleft()
        yield record, record.error or ""
