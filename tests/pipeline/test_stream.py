"""Streams and batches: the answers of single calls, in order, in bounded memory, errors in their place."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gliner2_lite import GLiNER2, InputError, InputTypeError, Schema, SchemaError
from gliner2_lite.pipeline.stream import LIST_WINDOW

LABELS = ["company", "person", "city"]
TEXTS = [
    "Tim Cook works for Apple" + " and lives in Cupertino" * (7 * index % 11) + "!" for index in range(14)
]
ASK = {"include_confidence": True, "include_spans": True, "threshold": 0.2}
TOO_LONG = "word " * 600  # the embedded model takes 512 tokens


@pytest.fixture(scope="module")
def model() -> GLiNER2:
    return GLiNER2.from_pretrained("tiny", threads=1)


@pytest.fixture
def schema() -> Schema:
    return Schema().entities(LABELS).classification("tone", ["formal", "playful"]).relations(["works_for"])


def close(one: Any, other: Any) -> bool:
    """Equal but for the last bits of confidences."""
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(close(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(close, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= 1e-6
    return bool(one == other)


def test_int8_answers_do_not_depend_on_the_batch_to_the_last_bit(model: GLiNER2, schema: Schema) -> None:
    single = [model.extract(text, schema, **ASK) for text in TEXTS]
    assert any(result["entities"]["person"] for result in single)
    assert model.batch_extract(TEXTS, schema, 32, **ASK, batch_tokens=4096) == single
    assert model.batch_extract(TEXTS, schema, 3, **ASK) == single
    assert list(model.extract_iter(TEXTS, schema, **ASK)) == single


def test_fp32_answers_are_the_same_within_rounding(small_bundle: Path, schema: Schema) -> None:
    model = GLiNER2.from_pretrained(small_bundle)
    single = [model.extract(text, schema, **ASK) for text in TEXTS]
    batched = model.batch_extract(TEXTS, schema, 16, **ASK, batch_tokens=4096)
    assert all(map(close, batched, single))


def test_batches_hold_texts_of_like_length_within_the_budget(
    model: GLiNER2, schema: Schema, runs: list[tuple[int, ...]]
) -> None:
    model.batch_extract(TEXTS, schema, batch_size=4, batch_tokens=200)
    assert sum(size for size, _ in runs) == len(TEXTS)
    assert all(size == 1 or size * tokens <= 200 for size, tokens in runs)
    assert [tokens for _, tokens in runs] == sorted(tokens for _, tokens in runs)
    assert max(size for size, _ in runs) > 1


def test_all_texts_of_a_list_are_checked_before_the_first_run(
    model: GLiNER2, runs: list[tuple[int, ...]]
) -> None:
    with pytest.raises(InputError, match="this model takes 512"):
        model.batch_extract_entities(["a"] * (LIST_WINDOW + 1) + [TOO_LONG], LABELS)
    assert runs == []


def test_a_stream_reads_a_few_batches_ahead(model: GLiNER2, schema: Schema) -> None:
    read = 0

    def endless() -> Iterator[str]:
        nonlocal read
        while True:
            read += 1
            yield f"Ann met Bob {read} times."

    stream = model.extract_iter(endless(), schema, batch_size=2)
    assert read == 0
    first = next(stream)
    assert read == 8 and first == model.extract("Ann met Bob 1 times.", schema)
    for _ in range(8):
        next(stream)
    assert read == 16
    one_by_one = model.extract_iter(endless(), schema, batch_size=1)
    next(one_by_one)
    assert read == 17


def test_errors_take_their_place_or_end_the_stream(model: GLiNER2, schema: Schema) -> None:
    missing = InputError("no such file")
    texts: list[Any] = ["Ann.", 3, TOO_LONG, "Bob.", "\ud800", None, missing]
    found = list(model.extract_iter(texts, schema, errors="yield"))
    kinds = [dict, InputTypeError, InputError, dict, InputError, dict, InputError]
    assert [type(item) for item in found] == kinds
    assert found[-1] is missing
    assert found[3] == model.extract("Bob.", schema)

    stream = model.extract_iter(texts, schema)
    assert next(stream) == model.extract("Ann.", schema)
    with pytest.raises(InputTypeError, match=r"texts\[1\]: text must be a string, not int"):
        next(stream)


def test_an_error_of_the_source_comes_after_what_it_gave(model: GLiNER2, schema: Schema) -> None:
    def broken() -> Iterator[str]:
        yield "Ann."
        raise OSError("disk")

    stream = model.extract_iter(broken(), schema)
    assert next(stream) == model.extract("Ann.", schema)
    with pytest.raises(OSError, match="disk"):
        next(stream)


def test_streams_of_long_documents(model: GLiNER2, schema: Schema) -> None:
    documents: list[Any] = ["Tim Cook works for Apple. " * 20, "", None, "Ann moved to Oslo. " * 9]
    window = {"chunk_size": 32, "chunk_overlap": 8}
    found = list(model.extract_iter(documents, schema, long=True, errors="yield", **window))
    assert found[0] == model.extract_long(documents[0], schema, **window)
    assert found[1] == model.extract_long("", schema, **window)
    assert isinstance(found[2], InputTypeError)
    assert found[3] == model.extract_long(documents[3], schema, **window)
    unfit = model.extract_iter([TOO_LONG, "Ann."], schema, long=True, chunk_size=600, errors="yield")
    assert [type(item) for item in unfit] == [InputError, dict]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"batch_tokens": 0}, InputError, "batch_tokens must be a positive integer"),
        ({"batch_size": 0}, InputError, "batch_size must be a positive integer"),
        ({"workers": -1}, InputError, "workers must be 0 or a positive integer"),
        ({"workers": True}, InputError, "workers must be"),
        ({"errors": "ignore"}, InputError, "'raise' or 'yield'"),
        ({"threshold": 2}, InputError, "threshold"),
        ({"texts": "one"}, InputTypeError, r"write \[text\]"),
        ({"texts": 3}, InputTypeError, "texts must be"),
        ({"schema": None}, SchemaError, "None"),
        ({"long": True, "chunk_size": 0}, InputError, "chunk_size"),
        ({"long": True, "format_results": False}, InputError, "format_results"),
        ({"long": True, "max_len": 3}, InputError, "max_len and long"),
    ],
)
def test_bad_arguments_are_refused_at_once(
    model: GLiNER2, schema: Schema, arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        model.extract_iter(**{"texts": ["Ann."], "schema": schema, **arguments})


def test_a_model_is_not_copied_or_pickled(model: GLiNER2) -> None:
    for copying in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="load it there with from_pretrained"):
            copying(model)


def test_a_splitter_that_gives_an_impossible_word_is_refused_in_every_kind_of_call(
    small_bundle: Path,
) -> None:
    def words(text: str, lower: bool = True) -> list[tuple[str, int, int]]:
        return [(text, 0, len(text)), ("oslo", 14, 1000)] if "Oslo" in text else [(text, 0, len(text))]

    model = GLiNER2.from_pretrained(small_bundle, word_splitter=words)
    texts, ask = ["Ann left.", "Ann is in Oslo."], Schema().entities(["city"])
    reason = r"item 1 of the word splitter, \('oslo', 14, 1000\)"
    calls: list[Callable[[], Any]] = [
        lambda: model.extract(texts[1], ask),
        lambda: model.batch_extract(texts, ask),
        lambda: model.extract_long(texts[1], ask),
        lambda: model.batch_extract_long(texts, ask),
        lambda: list(model.extract_iter(texts, ask)),
        lambda: list(model.extract_iter(texts, ask, long=True)),
        lambda: model.count_words(texts[1]),
    ]
    for call in calls:
        with pytest.raises(InputError, match=reason):
            call()
    for long in (False, True):
        first, second = model.extract_iter(texts, ask, long=long, errors="yield")
        assert isinstance(first, dict) and isinstance(second, InputError)
