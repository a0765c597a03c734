"""Records → records with their replies; errors keep their place among the results."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from typing import Any

from gliner2_lite.cli.records import Record
from gliner2_lite.errors import InputError

Text = str | InputError
Result = dict[str, Any] | InputError
Reply = Mapping[str, Any] | str  # a result, or the message of what is wrong

# How the library's message on a text of too many tokens goes on; here other words name the ways out.
LIBRARY_REMEDY = "; use the *_long method"
REMEDY = "; read it in windows with --long, or ask for fewer labels"
REMEDY_OF_LONG = "; make the windows of --long smaller with --chunk-size, or ask for fewer labels"


def replies(
    records: Iterable[Record],
    extract: Callable[[Iterator[Text]], Generator[Result, None, None]],
    *,
    stop_early: bool,
    long: bool = False,
) -> Generator[tuple[Record, Reply], None, None]:
    """Each record with its result, or with the message of what is wrong with it, in order.

    ``extract`` reads texts as it needs them and yields one result or error for each. In the place of an
    unreadable record it gets an InputError, which it yields unchanged; with ``stop_early`` the first such
    record is the last one read. ``long`` says that ``extract`` reads texts in windows. Closing this generator
    closes ``extract``.
    """
    waiting: deque[Record] = deque()

    def texts() -> Iterator[Text]:
        for record in records:
            waiting.append(record)
            if record.error is None:
                yield record.text
                continue
            yield InputError(record.error)
            if stop_early:
                return

    with closing(extract(texts())) as results:
        for result in results:
            yield waiting.popleft(), _message(result, long) if isinstance(result, InputError) else result


def _message(error: InputError, long: bool) -> str:
    what, library, _ = str(error).partition(LIBRARY_REMEDY)
    return what if not library else what + (REMEDY_OF_LONG if long else REMEDY)
