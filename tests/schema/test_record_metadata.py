"""What a schema says of records is kept, from a builder and from a processor dict, and checked in both."""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from gliner2_lite import Schema, SchemaError
from gliner2_lite.errors import SchemaTypeError
from gliner2_lite.schema import RecordField, RecordSpec, compile_schema
from gliner2_lite.schema.limits import CARDINALITIES, OCCURRENCE_POLICIES, RECORD_MODES
from gliner2_lite.schema.record_metadata import read_records

FIELDS = {"product": {"name": None, "price": None, "tags": None}}


def read(**entry: Any) -> RecordSpec | None:
    return read_records({"product": entry}, FIELDS).get("product")


def test_what_the_builder_was_told_is_kept() -> None:
    schema = Schema()
    (
        schema.structure("product", mode="natural", anchor="price", occurrence_policy="first")
        .field("name", cardinality="required_one", exclusive=True)
        .field("price")
        .field("tags", exclusive=True)
        .structure("event", mode="latent")
        .field("day", cardinality="zero_or_more")
        .structure("plain")
        .field("f", cardinality="required_one", exclusive=True)
    )
    product, event, plain = compile_schema(schema).structures
    assert product.record == RecordSpec(
        "natural",
        "price",
        "first",
        (RecordField("name", "required_one", exclusive=True), RecordField("tags", exclusive=True)),
    )
    assert event.record == RecordSpec("latent", fields=(RecordField("day", "zero_or_more"),))
    assert plain.record is None  # as in the reference: without a mode nothing else is of interest


def test_builder_dict_and_json_forms_compile_alike_and_can_be_keys() -> None:
    schema = Schema()
    schema.structure("product", mode="natural").field("name", exclusive=True).field("price")
    spec = compile_schema(schema)
    assert spec.structures[0].record == RecordSpec(
        "natural", "name", fields=(RecordField("name", None, True),)
    )
    raw = json.loads(json.dumps(schema.build()))
    assert compile_schema(raw).structures == spec.structures
    assert compile_schema(Schema.from_dict(schema.to_dict())) == spec
    assert len({spec, compile_schema(raw)}) == 1


def test_the_last_declared_mode_of_a_structure_holds() -> None:
    schema = Schema()
    schema.structure("s", mode="natural").field("a").structure("s", mode="latent").field("b")
    schema.structure("s").field("c")
    [structure] = compile_schema(schema).structures
    assert structure.record == RecordSpec("latent") and structure.prompt_fields == ("a", "b", "c")


def test_fields_stand_in_the_order_of_the_prompt() -> None:
    record = read(
        mode="latent", fields={"tags": {"exclusive": True}, "name": {"cardinality": "optional_one"}}
    )
    assert record is not None and [field.name for field in record.fields] == ["name", "tags"]


@pytest.mark.parametrize("mode", RECORD_MODES)
@pytest.mark.parametrize("policy", [None, *OCCURRENCE_POLICIES])
def test_every_mode_and_policy(mode: str, policy: str | None) -> None:
    anchor = "name" if mode == "natural" else None
    assert read(mode=mode, anchor=anchor, occurrence_policy=policy) == RecordSpec(mode, anchor, policy)


@pytest.mark.parametrize("cardinality", CARDINALITIES)
def test_every_cardinality_also_as_a_member_of_an_enum(cardinality: str) -> None:
    member = enum.Enum("Cardinality", {"ONE": cardinality}, type=str).ONE  # type: ignore[call-overload]
    record = read(mode="latent", fields={"name": {"cardinality": member}})
    assert record == RecordSpec("latent", fields=(RecordField("name", cardinality),))
    assert record is not None and type(record.fields[0].cardinality) is str


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"mode": None},
        {"mode": None, "anchor": "name", "fields": {"name": {"exclusive": True}}},
        {"anchor": None, "occurrence_policy": None, "fields": None},
    ],
)
def test_an_entry_without_a_mode_says_nothing(entry: dict[str, Any]) -> None:
    assert read(**entry) is None


@pytest.mark.parametrize(
    "fields",
    [
        None,
        {},
        {"name": None},
        {"name": {}},
        {"name": {"cardinality": None, "exclusive": None}},
        {"price": {"exclusive": 0}},
        {"not a field": {"exclusive": True}},
    ],
)
def test_options_that_say_nothing_of_a_field(fields: dict[str, Any] | None) -> None:
    assert read(mode="anchorless", anchor="", fields=fields) == RecordSpec("anchorless")


def test_metadata_may_cover_structures_that_the_schema_lacks() -> None:
    entry = {"mode": "natural", "anchor": "x"}
    assert read_records({"other": entry}, FIELDS) == {}
    with pytest.raises(SchemaError, match=r"record_metadata\.other\.mode"):
        read_records({"other": {"mode": "no"}}, FIELDS)
    raw = {"json_structures": [{"s": {}}, {"t": {"f": ""}}], "record_metadata": {"s": entry}}
    assert [structure.record for structure in compile_schema(raw).structures] == [None]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            {"mode": "Natural"},
            "record_metadata.product.mode: 'Natural' is unknown; write one of",
        ),
        ({"mode": 1}, "record_metadata.product.mode: 1 is unknown"),
        ({"mode": ["natural"]}, "record_metadata.product.mode: ['natural'] is unknown"),
        ({"mode": "natural"}, "record_metadata.product.anchor: missing; mode 'natural' needs"),
        ({"mode": "natural", "anchor": "x"}, "product.anchor: 'x' is not a field; write one of name, price"),
        ({"mode": "latent", "anchor": "name"}, "product.anchor: only mode 'natural' takes an anchor"),
        ({"mode": "latent", "occurrence_policy": "none"}, "product.occurrence_policy: 'none' is unknown"),
        ({"mode": "latent", "anchors": "name"}, "product.anchors: unknown key; did you mean 'anchor'?"),
        ({"fields": {"name": {"exclusiv": True}}}, "product.fields.name.exclusiv: unknown key; did you mean"),
        ({"fields": {"name": {"cardinality": "one"}}}, "product.fields.name.cardinality: 'one' is unknown"),
    ],
)
def test_wrong_values_name_their_path(entry: dict[str, Any], message: str) -> None:
    with pytest.raises(SchemaError, match=re.escape(message)):
        read(**entry)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ([], "record_metadata: expected a dict"),
        ({"product": "natural"}, "record_metadata.product: expected a dict"),
        ({"product": None}, "record_metadata.product: expected a dict"),
        ({1: {}}, "record_metadata: expected a string"),
        ({"product": {"anchor": 3}}, "record_metadata.product.anchor: expected a string"),
        ({"product": {"fields": ["name"]}}, "record_metadata.product.fields: expected a dict"),
        ({"product": {"fields": {"name": True}}}, "record_metadata.product.fields.name: expected a dict"),
        (
            {"product": {"fields": {"name": {"exclusive": "yes"}}}},
            "name.exclusive: expected True or False",
        ),
    ],
)
def test_wrong_types_name_their_path(value: Mapping[Any, Any], path: str) -> None:
    with pytest.raises(SchemaTypeError, match=re.escape(path)):
        read_records(value, FIELDS)
    with pytest.raises(SchemaTypeError, match=re.escape(path)):
        compile_schema({"json_structures": [{"product": FIELDS["product"]}], "record_metadata": value})
