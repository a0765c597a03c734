"""Schemas in one call: from names and fields, and from JSON text with its source in every message."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from gliner2_lite.errors import SchemaError, SchemaTypeError
from gliner2_lite.schema import (
    Schema,
    classification_schema,
    entities_schema,
    load_schema_json,
    relations_schema,
    structures_schema,
)

FRIENDLY = {"entities": {"person": "a human"}, "relations": ["near"]}


def test_reads_the_friendly_form() -> None:
    text = json.dumps(FRIENDLY)
    assert load_schema_json(text, source="s.json").to_dict() == FRIENDLY
    assert load_schema_json("\ufeff" + text, source="s.json").to_dict() == FRIENDLY
    assert Schema.from_json(text).to_dict() == FRIENDLY


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"entities": {"a": {"threshold": 1e999}}}', "s.json: entities.a.threshold: inf is not a threshold"),
        ('{"classifications": [{"top_k": ' + "9" * 5000 + "}]}", "s.json: "),
        ('{"entities": ["\\ud800"]}', "s.json: entities[0]: '\\ud800' holds a lone surrogate"),
        ('{"entity": ["a"]}', "s.json: entity: unknown section; did you mean 'entities'?"),
        ('{"entities": [1]}', "s.json: entities[0]: expected a string, got int 1"),
        ("[1]", 's.json: expected an object such as {"entities": ["person"]}, got [1]'),
    ],
)
def test_messages_begin_with_the_source(text: str, message: str) -> None:
    with pytest.raises(SchemaError, match=re.escape(message)):
        load_schema_json(text, source="s.json")


def test_a_wrong_type_keeps_its_kind() -> None:
    with pytest.raises(SchemaTypeError, match=re.escape("s.json: entities[0]")):
        load_schema_json('{"entities": [1]}', source="s.json")
    with pytest.raises(SchemaTypeError, match="expected text"):
        load_schema_json(b"{}", source="s.json")  # type: ignore[arg-type]


def test_the_one_task_schemas_are_those_of_the_builder() -> None:
    assert entities_schema({"a": "x"}).to_dict() == Schema().entities({"a": "x"}).to_dict()
    assert relations_schema("r").to_dict() == Schema().relations(["r"]).to_dict()
    tasks = {"mood": ["good", "bad"], "topic": {"a": "x"}, "tags": {"labels": ["p"], "multi_label": True}}
    built = classification_schema(tasks).build()["classifications"]
    assert [(task["task"], task["labels"], task["multi_label"]) for task in built] == [
        ("mood", ["good", "bad"], False), ("topic", ["a"], False), ("tags", ["p"], True),
    ]  # fmt: skip
    fields = ["name::str::as written", "color::[red|blue]", {"name": "tags", "choices": []}]
    assert structures_schema({"product": fields}).to_dict()["structures"]["product"]["fields"] == [
        {"name": "name", "dtype": "str", "description": "as written"},
        {"name": "color", "dtype": "str", "choices": ["red", "blue"]},
        {"name": "tags"},
    ]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: classification_schema(["a"]), "tasks: expected a dict of task name to labels"),
        (lambda: classification_schema({"t": {"labels": ["a"], "treshold": 1}}), "tasks.t.treshold: unknown"),
        (lambda: structures_schema({"s": "name"}), "structures.s: expected a list of fields such as"),
        (lambda: structures_schema({"s": [3]}), "structures.s[0]: expected a string such as"),
        (
            lambda: classification_schema({"t": {"labels": ["a"], "class_act": "sigmod"}}),
            "did you mean 'sigmoid'?",
        ),
        (lambda: entities_schema({"a": {"dtype": "strr"}}), "entities.a.dtype: 'strr' is unknown"),
        (
            lambda: structures_schema({"s": [{"name": "f", "dtype": "lists"}]}),
            "structures.s[0].dtype: 'lists' is",
        ),
        (lambda: structures_schema({" ": []}), "structures: the name is blank"),
    ],
)
def test_mistakes_name_their_place(call: Any, message: str) -> None:
    with pytest.raises(SchemaError, match=re.escape(message)):
        call()
