"""The general methods on the embedded bundle: one call per claim, and errors before any run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gliner2_lite import GLiNER2, InputError, InputTypeError, RegexValidator, Schema, SchemaError
from tests.model.questions import LABELS, TEXT, figure_8

ENTITIES = Schema().entities(LABELS)


def test_one_schema_is_one_run_whatever_it_asks_for(model: GLiNER2, runs: list[tuple[int, ...]]) -> None:
    schema = figure_8().relations(["works for"])
    result = model.extract(TEXT, schema)
    assert len(runs) == 1
    assert list(result) == ["announcement", "entities", "sentiment", "topic", "relation_extraction"]


def test_batches_give_the_answers_of_single_calls_in_order(
    model: GLiNER2, runs: list[tuple[int, ...]]
) -> None:
    texts = [TEXT, "", "Berlin is cold!", "word " * 60, "Maria moved to Oslo."]
    single = [model.extract_entities(text, LABELS, include_spans=True) for text in texts]
    runs.clear()
    assert model.batch_extract_entities(texts, LABELS, batch_size=2, include_spans=True) == single
    assert [shape[0] for shape in runs] == [2, 2, 1]


def test_each_text_may_have_its_own_schema(model: GLiNER2) -> None:
    schemas = [Schema().entities(["person"]), figure_8(), Schema(), Schema().classification("t", ["a", "b"])]
    found = model.batch_extract([TEXT] * 4, schemas)
    assert [list(result) for result in found] == [
        ["entities"],
        ["announcement", "entities", "sentiment", "topic"],
        [],
        ["t"],
    ]


def test_offsets_are_those_of_the_text(model: GLiNER2) -> None:
    found = model.extract_entities(TEXT, LABELS, include_spans=True, include_confidence=True, threshold=0.1)
    items = [item for items in found["entities"].values() for item in items]
    assert items
    for item in items:
        assert TEXT[item["start"] : item["end"]] == item["text"]
        assert isinstance(item["confidence"], float) and 0.1 <= item["confidence"] <= 1


def test_validators_and_thresholds_select(model: GLiNER2) -> None:
    names = Schema().entities(
        {"person": {"validators": [RegexValidator("tim.*", mode="full", exclude=True)]}}
    )
    assert model.extract(TEXT, names) == {"entities": {"person": []}}
    strict = Schema().entities(["person"], threshold=1.0)
    assert model.extract(TEXT, strict, threshold=0.0) == {"entities": {"person": []}}


def test_long_texts_are_cut_run_in_batches_and_merged(model: GLiNER2, runs: list[tuple[int, ...]]) -> None:
    filler = "The weather was mild and nothing else happened that day . " * 30
    text = f"{TEXT} {filler} Maria Lopez lives in Madrid."
    found = model.extract_entities_long(
        text, LABELS, chunk_size=64, chunk_overlap=16, batch_size=4, include_spans=True
    )
    for items in found["entities"].values():
        for item in items:
            assert text[item["start"] : item["end"]] == item["text"]
    names = [item["text"] for item in found["entities"]["person"]]
    assert "Tim Cook" in names and "Maria Lopez" in names
    assert max(shape[0] for shape in runs) == 4


def test_a_text_beyond_the_positions_of_the_encoder_is_an_error_with_numbers(
    model: GLiNER2, runs: list[tuple[int, ...]]
) -> None:
    with pytest.raises(InputError, match=r"make \d+ tokens .* this model takes 512; use the \*_long"):
        model.batch_extract_entities(["short", "word " * 600], LABELS)
    assert runs == []
    assert model.extract_entities("word " * 600, LABELS, max_len=100)["entities"].keys() == set(LABELS)


BAD_CALLS: dict[str, tuple[Callable[[GLiNER2], object], type[Exception], str]] = {
    "text": (lambda m: m.extract(3, ENTITIES), InputTypeError, "text must be a string"),
    "texts": (lambda m: m.batch_extract("one", ENTITIES), InputTypeError, r"write \[text\]"),
    "threshold": (lambda m: m.extract(TEXT, ENTITIES, threshold=1.5), InputError, "threshold"),
    "policy": (lambda m: m.extract(TEXT, ENTITIES, overlap_policy="x"), InputError, "overlap_policy"),
    "count": (lambda m: m.batch_extract([TEXT], [Schema(), Schema()]), InputError, "2 schemas for 1 texts"),
    "batch": (lambda m: m.batch_extract([TEXT], ENTITIES, batch_size=0), InputError, "batch_size"),
    "tokens": (lambda m: m.batch_extract([TEXT], ENTITIES, batch_tokens=0), InputError, "batch_tokens"),
    "window": (lambda m: m.extract_long(TEXT, ENTITIES, chunk_overlap=500), InputError, "chunk_overlap"),
    "no text": (lambda m: m.extract_long(None, ENTITIES), InputTypeError, "text must be a string"),
    "raw long": (
        lambda m: m.extract_long(TEXT, ENTITIES, format_results=False),
        InputError,
        "format_results",
    ),
    "schema": (lambda m: m.extract(TEXT, None), SchemaError, "None"),
    "dict": (lambda m: m.extract(TEXT, {"structures": {}}), SchemaError, "structures"),
    "errors": (lambda m: m.extract_iter([TEXT], ENTITIES, errors="skip"), InputError, "errors must be"),
    "workers": (lambda m: m.extract_iter([TEXT], ENTITIES, workers=-1), InputError, "workers must be"),
}


@pytest.mark.parametrize("name", BAD_CALLS)
def test_bad_calls_are_refused_before_the_model_runs(
    model: GLiNER2, runs: list[tuple[int, ...]], name: str
) -> None:
    call, error, message = BAD_CALLS[name]
    with pytest.raises(error, match=message):
        call(model)
    assert runs == []


def test_nothing_in_nothing_out(model: GLiNER2) -> None:
    assert model.batch_extract([], Schema()) == []
    assert model.batch_extract_long([], Schema()) == []
    assert model.extract(TEXT, Schema()) == {}


def test_numpy_scalars_are_thresholds(model: GLiNER2) -> None:
    assert model.extract_entities(TEXT, LABELS, threshold=np.float32(0.5)) == model.extract_entities(
        TEXT, LABELS
    )


def test_a_stream_gives_the_answers_of_single_calls(model: GLiNER2) -> None:
    texts, asked = [TEXT, "Ann met Bob in Oslo!", ""], {"threshold": 0.2, "include_spans": True}
    single = [model.extract(text, ENTITIES, **asked) for text in texts]
    assert list(model.extract_iter(iter(texts), ENTITIES, batch_size=2, **asked)) == single
    long = {"chunk_size": 4, "chunk_overlap": 1, **asked}
    assert list(model.extract_iter(texts, ENTITIES, long=True, **long)) == (
        model.batch_extract_long(texts, ENTITIES, **long)
    )
    assert model.batch_extract_long(texts, ENTITIES, **long) == [
        model.extract_long(text, ENTITIES, **long) for text in texts
    ]


def test_relations_with_typed_ends_keep_pairs_of_such_entities_in_every_kind_of_call(model: GLiNER2) -> None:
    """The entities are those of the whole call: of a document, not of a window."""

    def asking(**ends: Any) -> Schema:
        return Schema().entities(["person", "company", "city"]).relations({"works_for": ends})

    windows = {"chunk_size": 6, "chunk_overlap": 2}
    forms: list[Callable[[Schema], Any]] = [
        lambda schema: model.extract(EMPLOYED, schema, 0.3),
        lambda schema: model.batch_extract([EMPLOYED], schema, threshold=0.3)[0],
        lambda schema: model.extract_long(EMPLOYED, schema, 0.3, **windows),
        lambda schema: model.batch_extract_long([EMPLOYED], schema, threshold=0.3, **windows)[0],
        lambda schema: next(model.extract_iter([EMPLOYED], schema, threshold=0.3)),
        lambda schema: next(model.extract_iter([EMPLOYED], schema, threshold=0.3, long=True, **windows)),
    ]
    for form in forms:
        anything = form(asking())
        assert anything["relation_extraction"]["works_for"]
        assert form(asking(head=["person"], tail=["company"])) == anything
        assert form(asking(head=["person"], tail=["city", "company"])) == anything
        assert form(asking(tail=["city"])) == {**anything, "relation_extraction": {"works_for": []}}
        described = form(asking(head=["city"], description="d"))  # no window has a pair left
        assert not any(described["relation_extraction"].values())
    with pytest.raises(SchemaError, match="'person' is not an entity type of this schema"):
        model.extract_relations(EMPLOYED, {"works_for": {"head": ["person"]}})


DESCRIBED = {"works_for": "person is employed by company", "lives_in": {}}
EMPLOYED = "Tim Cook works for Apple. Maria Lopez works for Siemens in Oslo."


def test_relations_stand_under_their_names_on_request_in_every_kind_of_call(model: GLiNER2) -> None:
    schema, key = Schema().relations(DESCRIBED), "works_for: person is employed by company"
    texts, named = [EMPLOYED, "Nothing."], {"threshold": 0.3, "relation_keys": "name"}
    windows = {"chunk_size": 6, "chunk_overlap": 2}
    long = {"long": True, **windows}
    kinds: list[tuple[Any, dict[str, Any]]] = [
        (lambda **more: [model.extract(text, schema, **more) for text in texts], {}),
        (lambda **more: [model.extract_relations(text, DESCRIBED, **more) for text in texts], {}),
        (lambda **more: model.batch_extract(texts, schema, **more), {}),
        (lambda **more: model.batch_extract_relations(texts, DESCRIBED, **more), {}),
        (lambda **more: [model.extract_long(text, schema, **more) for text in texts], windows),
        (lambda **more: [model.extract_relations_long(text, DESCRIBED, **more) for text in texts], windows),
        (lambda **more: model.batch_extract_long(texts, schema, **more), windows),
        (lambda **more: model.batch_extract_relations_long(texts, DESCRIBED, **more), windows),
        (lambda **more: list(model.extract_iter(texts, schema, **more)), {}),
        (lambda **more: list(model.extract_iter(texts, schema, **more)), long),
        (lambda **more: list(model.extract_iter(texts, schema, workers=1, **more)), {}),
    ]
    for ask, more in kinds:
        pairs = [result["relation_extraction"].get(key, []) for result in ask(threshold=0.3, **more)]
        results = ask(**named, **more)
        assert pairs[0] and all(list(result) == ["relation_extraction"] for result in results)
        for result, expected in zip(results, pairs, strict=True):
            relations = result["relation_extraction"]
            assert list(relations) == ["works_for", "lives_in"] and relations["works_for"] == expected
    raw = model.extract(EMPLOYED, schema, 0.3, False, relation_keys="name")
    assert list(raw) == ["works_for", "lives_in"]
