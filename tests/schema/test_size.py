"""A schema of any form is as large as its limits allow, and not by one more."""

from __future__ import annotations

import pytest

from gliner2_lite import Limits, Schema, SchemaError
from gliner2_lite.schema import compile_schema
from gliner2_lite.schema.size import check_schema_size

SCHEMA = (
    Schema()
    .entities({"one": "text [E]"})
    .classification("task", ["two", "three"], prompt="p", examples=[("input", "two")])
    .structure("structure")
    .field("four", choices=["x", "y", "z"])
    .field("five", description="d")
    .relations(["relation"])
)
# entities 1, labels 2, fields 2, roles 2
EXACT = {"labels": 7, "fields": 2, "choices": 3, "label_chars": len("structure")}


def test_a_schema_of_just_the_limit_passes() -> None:
    check_schema_size(compile_schema(SCHEMA), Limits(**EXACT))


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("labels", r"the schema has 7 labels, at most 6 are allowed.*raise Limits\.labels"),
        ("fields", r"structure 'structure' has 2 fields, at most 1 .*Limits\.fields"),
        ("choices", r"the schema has 3 choices, at most 2 .*Limits\.choices"),
        ("label_chars", r"'structure' has 9 characters, a label has at most 8.*Limits\.label_chars"),
    ],
)
def test_one_more_is_refused(limit: str, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        check_schema_size(compile_schema(SCHEMA), Limits(**(EXACT | {limit: EXACT[limit] - 1})))


@pytest.mark.parametrize(
    "schema",
    [
        SCHEMA,
        Schema().relations({"r": "about [R] it"}),
        Schema().classification("t", ["a"], prompt="[P]"),
        Schema().classification("t", {"a": "[L]"}),
        Schema().classification("t", ["a"], examples=[("[EXAMPLE]", "a")]),
        Schema().structure("s").field("f", description="[C] x").schema,
        Schema().structure("s").field("f", choices=["a [E]"]).schema,
    ],
)
def test_markers_inside_any_text_can_be_forbidden(schema: Schema) -> None:
    spec = compile_schema(schema)
    check_schema_size(spec, Limits())
    with pytest.raises(SchemaError, match=r"contains \[[A-Z]+\], a marker of the prompt"):
        check_schema_size(spec, Limits(markers=False))
