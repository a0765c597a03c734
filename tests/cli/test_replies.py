"""Each record has its reply in order; errors keep their place."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import pytest

from gliner2_lite import InputError
from gliner2_lite.cli.records import Record
from gliner2_lite.cli.replies import Result, Text, replies

GOOD, BAD = Record("f", 1, text="a"), Record("f", 2, error="it is cut off")


class Extraction:
    """Answers each text with its capitals, two texts late; says whether it was closed."""

    def __init__(self) -> None:
        self.taken: list[Text] = []
        self.closed = False

    def __call__(self, texts: Iterator[Text]) -> Generator[Result, None, None]:
        waiting: list[Text] = []
        try:
            for text in texts:
                self.taken.append(text)
                waiting.append(text)
                if len(waiting) > 2:
                    yield self.result(waiting.pop(0))
            for text in waiting:
                yield self.result(text)
        finally:
            self.closed = True

    def result(self, text: Text) -> Result:
        return text if isinstance(text, InputError) else {"capitals": text.upper()}


def test_replies_come_in_order_whatever_is_read_ahead() -> None:
    extraction = Extraction()
    records = [GOOD, BAD, GOOD, GOOD, BAD]
    replied = list(replies(records, extraction, stop_early=False))
    assert [record for record, _ in replied] == records
    assert [reply for _, reply in replied] == [
        {"capitals": "A"}, "it is cut off", {"capitals": "A"}, {"capitals": "A"}, "it is cut off",
    ]  # fmt: skip
    assert extraction.closed


def test_nothing_is_read_after_the_first_unreadable_record() -> None:
    extraction = Extraction()

    def records() -> Iterator[Record]:
        yield GOOD
        yield BAD
        raise AssertionError("read too far")

    replied = [reply for _, reply in replies(records(), extraction, stop_early=True)]
    assert replied == [{"capitals": "A"}, "it is cut off"] and len(extraction.taken) == 2


def test_closing_the_replies_closes_the_extraction() -> None:
    extraction = Extraction()
    pairs = replies([GOOD] * 5, extraction, stop_early=False)
    next(pairs)
    pairs.close()
    assert extraction.closed and len(extraction.taken) == 3


@pytest.mark.parametrize(
    ("long", "way_out"), [(False, "read it in windows with --long"), (True, "with --chunk-size")]
)
def test_the_way_out_is_one_of_the_command_line(long: bool, way_out: str) -> None:
    def extract(texts: Iterator[Text]) -> Generator[Any, None, None]:
        for _ in texts:
            yield InputError("texts[0] has 600 tokens; use the *_long method or shorten it")

    [(_, reply)] = replies([GOOD], extract, stop_early=False, long=long)
    assert (
        str(reply).startswith("texts[0] has 600 tokens; ")
        and way_out in str(reply)
        and "*_long" not in str(reply)
    )
