"""Schemas from JSON text: what a stranger's file may and may not do."""

from __future__ import annotations

import json
import re

import pytest

from gliner2_lite.errors import SchemaError, SchemaTypeError
from gliner2_lite.schema import Schema, load_schema_json
from gliner2_lite.schema.limits import MAX_SCHEMA_CHARS, MAX_SCHEMA_DEPTH

FRIENDLY = {"entities": {"person": "a human"}, "relations": ["near"]}


def test_reads_the_friendly_form() -> None:
    text = json.dumps(FRIENDLY)
    assert load_schema_json(text, source="s.json").to_dict() == FRIENDLY
    assert load_schema_json("\ufeff" + text, source="s.json").to_dict() == FRIENDLY
    assert Schema.from_json(text).to_dict() == FRIENDLY


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "s.json: not valid JSON at line 1, column 1"),
        ('{"entities":\n ["a",]}', "s.json: not valid JSON at line 2, column"),
        ("[1]", 's.json: expected an object such as {"entities": ["person"]}, got [1]'),
        ('"x"', "s.json: expected an object"),
        ('{"entities": ["a"], "entities": ["b"]}', "s.json: key 'entities' stands twice in one object"),
        ('{"entities": {"a": {"threshold": 0.1, "threshold": 0.2}}}', "key 'threshold' stands twice"),
        ('{"entities": {"a": {"threshold": NaN}}}', "s.json: NaN is not a JSON number"),
        ('{"entities": {"a": {"threshold": -Infinity}}}', "s.json: -Infinity is not a JSON number"),
        ('{"entities": {"a": {"threshold": 1e999}}}', "s.json: entities.a.threshold: inf is not a threshold"),
        ('{"classifications": [{"top_k": ' + "9" * 5000 + "}]}", "s.json: "),
        ('{"entities": ["\\ud800"]}', "s.json: entities[0]: '\\ud800' holds a lone surrogate"),
        ('{"entity": ["a"]}', "s.json: entity: unknown section; did you mean 'entities'?"),
        ('{"entities": [1]}', "s.json: entities[0]: expected a string, got int 1"),
        ("[" * 100_000, "s.json: "),
        ('{"a":' * 100_000, "s.json: "),
        ("[" * 40 + "]" * 40, f"s.json: nested deeper than {MAX_SCHEMA_DEPTH} levels"),
        ('{"entities": ' + "[" * 500 + "]" * 500 + "}", f"nested deeper than {MAX_SCHEMA_DEPTH} levels"),
        (" " * (MAX_SCHEMA_CHARS + 1), "s.json: 4,194,305 characters; a schema has at most 4,194,304"),
    ],
)
def test_refuses(text: str, message: str) -> None:
    with pytest.raises(SchemaError, match=re.escape(message)):
        load_schema_json(text, source="s.json")


def test_a_wrong_type_keeps_its_kind() -> None:
    with pytest.raises(SchemaTypeError, match=re.escape("s.json: entities[0]")):
        load_schema_json('{"entities": [1]}', source="s.json")
    with pytest.raises(SchemaTypeError, match="expected text"):
        load_schema_json(b"{}", source="s.json")  # type: ignore[arg-type]


def test_many_labels_are_fine_and_many_repeated_keys_end_soon() -> None:
    labels = [f"label {number}" for number in range(20_000)]
    schema = load_schema_json(json.dumps({"entities": labels}), source="s.json")
    assert list(schema.build()["entities"]) == labels
    keys = ",".join(f'"{number}":0' for number in range(100_000))
    with pytest.raises(SchemaError, match="'99999' stands twice"):
        load_schema_json(f'{{{keys},"99999":0}}', source="s.json")
