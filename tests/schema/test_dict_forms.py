"""The two dict forms of a schema: told apart by their keys, refused where they could be either."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings

from gliner2_lite import GLiNER2, Schema, SchemaError
from gliner2_lite.schema import compile_schema
from gliner2_lite.schema.dict_forms import described, is_friendly
from tests.schema.strategies import friendly_dicts

TASK = {"task": "mood", "labels": ["good", "bad"]}


@pytest.mark.parametrize("data", [
    {"structures": {"s": {"fields": ["a"]}}}, {"relations": ["r"]}, {"relations": {"r": "text"}},
    {"entities": {"a": {}}}, {"entities": {"a": "text", "b": {"threshold": 0.5}}},
    {"entities": {"a": "text"}, "relations": ["r"]}, {"entities": {"a": "text"}, "structures": {}},
    {"classifications": [TASK, {"task": "t", "labels": {"a": "x", "b": "y"}}]},
    {"entities": ["a"], "entity_attributes": {"tone": {"labels": ["calm"]}}},
])  # fmt: skip
def test_keys_of_the_friendly_form(data: dict[str, Any]) -> None:
    assert is_friendly(data)


@pytest.mark.parametrize("data", [
    {}, {"entities": []}, {"entities": ["a"]}, {"entities": {"a": "", "b": ""}}, {"classifications": [TASK]},
    {"entities": {"a": "gold", "b": ["x"]}}, {"entities": {"a": {"text": "x", "start": 0, "end": 1}}},
    {"entities": {"a": "gold"}, "entity_descriptions": {}}, {"entities": {"a": None}}, {"relations": []},
    {"relations": [{"r": {"head": "", "tail": ""}}]}, {"classifications": [{**TASK, "true_label": "good"}]},
    Schema().entities({"a": "x"}).relations("r").build(),
])  # fmt: skip
def test_processor_dicts_and_what_says_the_same_in_both(data: dict[str, Any]) -> None:
    assert not is_friendly(data)


@pytest.mark.parametrize(("data", "message"), [
    ({"entities": {"b": "", "a": "text"}}, 'entities.a: a text here is a description in the'),
    ({"entities": {"a": "text"}, "classifications": [TASK]}, 'write {"description": "..."}, or '),
    ({"structures": {}, "json_structures": []}, "'structures' belongs to the friendly form"),
    ({"entities": {"a": {}, "b": ["gold"]}}, "entities.a belongs to the friendly form"),
    ({"relations": ["r", {"q": {"head": ""}}]}, "relations[0] belongs to the friendly form"),
    ({"relations": {}, "record_metadata": {}}, "a dict of relations belongs to"),
    ({"structure": {}}, "schema.structure: unknown key; did you mean 'structures'?"),
])  # fmt: skip
def test_what_could_be_either_is_an_error_that_names_the_keys(data: dict[str, Any], message: str) -> None:
    with pytest.raises(SchemaError, match=re.escape(message)):
        is_friendly(data)


def test_described_finds_texts_only() -> None:
    assert described(["a"]) is None and described({"a": "", "b": "x"}) == "b"


@settings(deadline=None, max_examples=200)
@given(friendly_dicts())
def test_what_a_schema_writes_is_taken_as_it_is(data: dict[str, Any]) -> None:
    schema = Schema.from_dict(data)
    written = json.loads(json.dumps(schema.to_dict()))
    assert compile_schema(written) == compile_schema(Schema.from_dict(written))


def test_every_entry_point_takes_the_friendly_form() -> None:
    model = GLiNER2.from_pretrained("tiny")
    text, data = "Lars moved to Oslo.", {
        "entities": {"city": {"description": "a place, with people", "dtype": "str"}},
        "structures": {"move": {"fields": ["who::str", "where"]}},
    }  # fmt: skip
    schema = Schema.from_dict(data)
    wanted = model.extract(text, schema)
    assert isinstance(wanted["entities"]["city"], (str, type(None)))
    assert model.extract(text, data) == wanted
    assert model.batch_extract([text, text], data) == [wanted, wanted]
    assert model.batch_extract([text], [data]) == [wanted]
    assert list(model.extract_iter([text], data)) == [wanted]
    assert model.extract_long(text, data) == model.extract_long(text, schema)
    assert model.batch_extract_long([text], data) == model.batch_extract_long([text], schema)
