"""Patterns: who may bring them, and what bounds them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gliner2_lite import RegexValidator, Schema, SchemaError
from gliner2_lite.schema.fields import parse_field
from gliner2_lite.schema.limits import MAX_MATCH_CHARS

PATTERN = "(a+)+$"


@pytest.mark.parametrize(
    "schema",
    [
        {"entities": {"a": {"validators": [PATTERN]}}},
        {"entities": {"a": {"pattern": PATTERN}}},
        {"structures": {"s": {"fields": [{"name": "f", "validators": [{"pattern": PATTERN}]}]}}},
        {"structures": {"s": {"fields": [{"name": "f", "regex": PATTERN}]}}},
        {"relations": {"r": {"validators": [PATTERN]}}},
    ],
)
def test_no_schema_from_json_can_carry_a_pattern(schema: dict[str, Any]) -> None:
    with pytest.raises(SchemaError, match="unknown key"):
        Schema.from_json(json.dumps(schema))


def test_nor_can_a_dict_of_json_values_or_a_field_of_the_command_line() -> None:
    with pytest.raises(SchemaError, match="has no validate"):
        Schema().entities({"a": {"validators": [PATTERN]}})
    with pytest.raises(SchemaError, match="unknown key"):
        parse_field({"name": "f", "validators": [PATTERN]})
    assert parse_field(f"f::{PATTERN}").description == PATTERN


@pytest.mark.parametrize("value", [0, -1, True, "9", None, 1.5])
def test_the_cap_is_a_positive_number(value: Any) -> None:
    with pytest.raises(SchemaError, match="max_chars"):
        RegexValidator("a", max_chars=value)


def test_the_cap_holds_for_compiled_patterns_and_both_modes() -> None:
    for mode in ("full", "partial"):
        validator = RegexValidator("a*", mode=mode)
        assert validator.validate("a" * MAX_MATCH_CHARS)
        assert not validator.validate("a" * (MAX_MATCH_CHARS + 1))
