"""Texts of any density through the adapters: windows that fit the encoder, errors in their place."""

from __future__ import annotations

import pytest

from gliner2_lite import GLiNER2, InputError
from gliner2_lite.integrations.extractor import Extractor
from gliner2_lite.integrations.reading import read_texts

SCHEMA = {"entities": ["person", "city"]}
PROSE = "Maria Lopez lives in Madrid."
# 384 words of prose fit the model's 512 positions, 384 part numbers do not.
DENSE = "8f3a-77c1-e09b-41d2 " * 300 + "Lars Olsen moved to Oslo."
ONE_WORD = "8f3a-" * 3000  # no window makes it shorter


@pytest.fixture(scope="module")
def model() -> GLiNER2:
    return GLiNER2.from_pretrained("tiny", threads=1)


def test_dense_texts_are_read_in_windows_that_fit(model: GLiNER2) -> None:
    with pytest.raises(InputError, match="tokens"):
        model.extract_entities_long(DENSE, ["city"])
    extractor = Extractor("tiny", SCHEMA, include_spans=True, threads=1)
    plain, found = extractor.batch([PROSE, DENSE])
    [oslo] = found["entities"]["city"]
    assert (oslo["text"], DENSE[oslo["start"] : oslo["end"]]) == ("Oslo", "Oslo")
    assert plain == extractor(PROSE) == model.extract_entities(PROSE, ["person", "city"], include_spans=True)


def test_what_no_window_helps_is_an_error_in_its_place(model: GLiNER2) -> None:
    extractor = Extractor("tiny", SCHEMA, threads=1)
    with pytest.raises(InputError, match=r"texts\[1\]: .*tokens"):
        extractor.batch([PROSE, ONE_WORD])
    first, second, null = extractor.json_batch([PROSE, ONE_WORD, None])
    assert first == '{"entities": {"person": ["Maria Lopez"], "city": ["Madrid"]}}'
    assert second is not None and second.startswith('{"error": "') and null is None
    whole = Extractor("tiny", SCHEMA, long=False, on_error="record", threads=1).batch([PROSE, DENSE])
    assert "tokens" in whole[1]["error"] and whole[0]["entities"]["city"] == ["Madrid"]


def test_only_refused_texts_are_read_again(model: GLiNER2, runs: list[tuple[int, ...]]) -> None:
    found = read_texts(model, [PROSE, ONE_WORD, "\ud800"], {"entities": {"city": ""}}, chunk_size=64)
    assert [type(answer) for answer in found] == [dict, InputError, InputError]
    assert [rows for rows, _ in runs] == [1]
    assert read_texts(model, [], {"entities": {"city": ""}}) == []
