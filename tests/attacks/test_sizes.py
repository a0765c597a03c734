"""Schemas and texts of sizes that nobody needs: an error that names the number, or bounded work."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from gliner2_lite import GLiNER2, InputError, Limits, Schema, SchemaError
from gliner2_lite.pipeline.options import CallOptions
from gliner2_lite.pipeline.workers import make_setup

MANY = [f"label {number}" for number in range(10_000)]


def structure(fields: list[str], choices: list[str] | None = None) -> Schema:
    builder = Schema().structure("record")
    for name in fields:
        builder.field(name, choices=choices)
    return builder.schema


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (Schema().entities(MANY), "the schema has 10,000 labels, at most 5,000"),
        (Schema().classification("task", MANY), "the schema has 10,000 labels"),
        (Schema().relations(MANY), "the schema has 20,000 labels"),
        (structure(MANY), "structure 'record' has 10,000 fields, at most 1,000"),
        (structure(["f"], MANY), "the schema has 10,000 choices, at most 5,000"),
        (Schema().entities(["x" * 2_001]), "2,001 characters, a label has at most 2,000"),
        (structure(["f"], ["x" * 2_001]), "2,001 characters"),
        (Schema().classification("x" * 2_001, ["a", "b"]), "2,001 characters"),
        (Schema().entities({"a": "x " * 20_000}), r"make \d+ tokens \(\d+ of them the schema\)"),
        (Schema().entities(MANY[:5_000]), r"takes 16384; .* or raise Limits.tokens"),
    ],
)
def test_too_large(model: GLiNER2, runs: list[Any], schema: Schema, message: str) -> None:
    with pytest.raises((SchemaError, InputError), match=message):
        model.extract("A text.", schema)
    for texts in (["A text."], ["A text.", "Another."]):
        with pytest.raises((SchemaError, InputError), match=message):
            model.batch_extract_long(texts, schema)
    with pytest.raises((SchemaError, InputError), match=message):
        list(model.extract_iter(["A text."], schema))
    assert runs == []


def test_what_people_ask_for_is_far_below() -> None:
    limits = Limits()
    assert min(limits.labels, limits.choices) >= 10 * 150  # the largest common set of intents
    assert limits.tokens >= 32 * 512 and limits.words > 1_000_000


def test_limits_are_overridden_in_one_place(small_bundle: Path) -> None:
    strict = GLiNER2.from_pretrained(small_bundle, limits=Limits(labels=2, tokens=40, words=20))
    assert strict.extract("Ada met Bob.", Schema().entities(["a", "b"])).keys() == {"entities"}
    with pytest.raises(SchemaError, match="has 3 labels, at most 2 .*Limits.labels"):
        strict.extract("Ada.", Schema().entities(["a", "b", "c"]))
    with pytest.raises(InputError, match="more than 20 words.*Limits.words"):
        strict.extract("word " * 21, Schema().entities(["a"]))
    with pytest.raises(InputError, match="more than 20 words"):
        strict.extract_long("word " * 21, Schema().entities(["a"]))
    with pytest.raises(InputError, match="takes 40"):
        strict.extract("unlikely " * 19, Schema().entities(["a"]))
    # max_len cuts first, as it says.
    assert strict.extract("word " * 1_000, Schema().entities(["a"]), max_len=5).keys() == {"entities"}
    found = list(
        strict.extract_iter(
            ["Ada.", "word " * 21, "Bob."], Schema().entities(["a"]), errors="yield", long=True
        )
    )
    assert [isinstance(item, InputError) for item in found] == [False, True, False]
    loose = GLiNER2.from_pretrained(small_bundle, limits=Limits(tokens=100_000, labels=10_000))
    assert loose.pipeline.limits.labels == 10_000


def test_workers_keep_the_limits(small_bundle: Path) -> None:
    strict = GLiNER2.from_pretrained(small_bundle, limits=Limits(words=3))
    setup = make_setup(strict.pipeline, Schema().entities(["a"]), CallOptions(), workers=1)
    assert pickle.loads(setup.model).limits == Limits(words=3)


def test_wrong_limits() -> None:
    for bad in ({"labels": 0}, {"tokens": -1}, {"words": True}, {"choices": "9"}, {"markers": 1}):
        with pytest.raises(InputError, match=f"Limits.{next(iter(bad))}"):
            Limits(**bad)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"must be a gliner2_lite\.Limits"):
        GLiNER2.from_pretrained("tiny", limits=5)  # type: ignore[arg-type]


def test_the_text_of_a_schema() -> None:
    text = json.dumps({"entities": ["a" * 50]})
    with pytest.raises(SchemaError, match="a schema has at most 40"):
        Schema.from_json(text, limits=Limits(schema_chars=40))
    with pytest.raises(SchemaError, match="nested deeper than 1 levels"):
        Schema.from_json(text, limits=Limits(schema_depth=1))
    assert Schema.from_json(text, limits=Limits(schema_depth=2))


def test_a_cut_is_visible_to_who_asks(model: GLiNER2) -> None:
    text = "One two three four."
    assert model.count_words(text) == 5
    assert (model.count_words(None), model.count_words("")) == (1, 1)
    whole = model.extract(text, Schema().entities(["a"]), threshold=0.0, include_spans=True, max_len=5)
    assert whole == model.extract(text, Schema().entities(["a"]), threshold=0.0, include_spans=True)
    with pytest.raises(InputError, match="surrogate"):
        model.count_words("\ud800")
