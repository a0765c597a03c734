"""StructureBuilder: fields, choices and record options, and when it hands them to the schema."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from gliner2_lite.errors import SchemaError
from gliner2_lite.schema import Schema, StructureBuilder, compile_schema


def test_builder_finishes_itself_and_delegates() -> None:
    builder = Schema().structure("s").field("a")
    assert isinstance(builder, StructureBuilder)
    second = builder.structure("t").field("b")
    assert second.build()["json_structures"] == [{"s": {"a": ""}}, {"t": {"b": ""}}]
    assert second.build()["json_structures"] == [{"s": {"a": ""}}, {"t": {"b": ""}}]
    assert builder.to_dict() == second.to_dict()
    assert not hasattr(builder, "no_such_method")


def test_fields_added_after_the_structure_was_finished_still_count() -> None:
    builder = Schema().structure("s").field("a")
    builder.build()
    builder.field("b", dtype="str")
    assert builder.build()["json_structures"] == [{"s": {"a": "", "b": ""}}]
    assert [field.name for field in compile_schema(builder).structures[0].fields] == ["a", "b"]


def test_a_builder_can_be_copied() -> None:
    builder = Schema().structure("s").field("a")
    copied = copy.deepcopy(builder)
    assert copied.build() == builder.build()
    copied.entities(["x"])
    assert builder.build()["entities"] == {}


def test_empty_choices_are_no_choices_and_one_empty_choice_is_one() -> None:
    schema = Schema().structure("s").field("a", choices=[]).field("b", choices=[""])
    assert schema.build()["json_structures"] == [{"s": {"a": "", "b": {"value": "", "choices": [""]}}}]


def test_record_options_reach_the_processor_dict() -> None:
    schema = (
        Schema()
        .structure("s", mode="natural", occurrence_policy="first")
        .field("a", cardinality="required_one", exclusive=True)
        .field("b")
    )
    fields = {"a": {"cardinality": "required_one", "exclusive": True}}
    assert schema.build()["record_metadata"] == {
        "s": {"mode": "natural", "anchor": "a", "occurrence_policy": "first", "fields": fields}
    }
    assert schema.to_dict()["structures"]["s"] == {
        "fields": [{"name": "a", "cardinality": "required_one", "exclusive": True}, {"name": "b"}],
        "mode": "natural",
        "anchor": "a",
        "occurrence_policy": "first",
    }


@pytest.mark.parametrize(
    ("options", "field", "message"),
    [
        ({"mode": "other"}, "a", "structures.s.mode: 'other' is unknown"),
        ({"mode": "natural", "anchor": "b"}, "a", "structures.s.anchor: 'b' is not a field; write one of a"),
        ({"mode": "natural"}, None, "structures.s.mode: 'natural' needs at least one field"),
        ({"mode": "latent", "anchor": "a"}, "a", "only mode 'natural' takes an anchor"),
        ({"mode": "latent", "occurrence_policy": "some"}, "a", "structures.s.occurrence_policy: 'some'"),
    ],
)
def test_record_mistakes_are_named_when_the_structure_is_finished(
    options: dict[str, Any], field: str | None, message: str
) -> None:
    builder = Schema().structure("s", **options)
    if field:
        builder.field(field)
    with pytest.raises(SchemaError, match=re.escape(message)):
        builder.build()


def test_a_field_that_fails_changes_nothing() -> None:
    builder = Schema().structure("s").field("a")
    with pytest.raises(SchemaError):
        builder.field("b", threshold=2)
    with pytest.raises(SchemaError):
        builder.field("b", exclusive=None)  # type: ignore[arg-type]
    assert builder.field_order == ["a"] and list(builder.schema.options.fields) == [("s", "a")]
