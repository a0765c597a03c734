"""JSON text: what a stranger's file may and may not do."""

from __future__ import annotations

import json
import re

import pytest

from gliner2_lite.errors import SchemaError, SchemaTypeError
from gliner2_lite.schema.json_text import parse_json
from gliner2_lite.schema.limits import MAX_SCHEMA_CHARS, MAX_SCHEMA_DEPTH, Limits


def test_objects_become_dicts() -> None:
    data = {"entities": {"a": "\u00e9"}, "top": [1, 2.5, True, None]}
    assert parse_json(json.dumps(data), source="s.json") == data
    assert parse_json("\ufeff {}", source="s.json") == {}


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
        ('{"classifications": [{"top_k": ' + "9" * 5000 + "}]}", "s.json: "),
        ("[" * 100_000, "s.json: "),
        ('{"a":' * 100_000, "s.json: "),
        ("[" * 40 + "]" * 40, f"s.json: nested deeper than {MAX_SCHEMA_DEPTH} levels"),
        ('{"entities": ' + "[" * 500 + "]" * 500 + "}", f"nested deeper than {MAX_SCHEMA_DEPTH} levels"),
        (" " * (MAX_SCHEMA_CHARS + 1), "s.json: 4,194,305 characters; a schema has at most 4,194,304"),
    ],
)
def test_refuses(text: str, message: str) -> None:
    with pytest.raises(SchemaError, match=re.escape(message)):
        parse_json(text, source="s.json")


def test_bounds_can_be_other_ones() -> None:
    limits = Limits(schema_chars=9, schema_depth=2)
    assert parse_json('{"a":[1]}', source="s", limits=limits) == {"a": [1]}
    with pytest.raises(SchemaError, match="s: 10 characters; a schema has at most 9"):
        parse_json('{"a": [1]}', source="s", limits=limits)
    with pytest.raises(SchemaError, match="s: nested deeper than 2 levels"):
        parse_json('{"":[[]]}', source="s", limits=limits)


@pytest.mark.parametrize("value", [b"{}", None, {}])
def test_only_text_is_read(value: object) -> None:
    with pytest.raises(SchemaTypeError, match="s: expected text, got"):
        parse_json(value, source="s")  # type: ignore[arg-type]


def test_many_labels_are_fine_and_many_repeated_keys_end_soon() -> None:
    labels = [f"label {number}" for number in range(20_000)]
    data = parse_json(json.dumps({"entities": labels}), source="s.json")
    assert data["entities"] == labels
    keys = ",".join(f'"{number}":0' for number in range(100_000))
    with pytest.raises(SchemaError, match="'99999' stands twice"):
        parse_json(f'{{{keys},"99999":0}}', source="s.json")
