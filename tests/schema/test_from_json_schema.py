"""JSON Schema of type object: the keywords that say what to extract, references, and what is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliner2_lite.errors import SchemaError, SchemaTypeError
from gliner2_lite.schema.from_json_schema import read_json_schema
from gliner2_lite.schema.shape import Shape, ValueShape

ITEM = {"type": "object", "properties": {"product": {"type": "string"}, "price": {"type": "number"}}}


def read(definitions: dict[str, Any] | None = None, /, **properties: Any) -> Shape:
    return read_json_schema(
        {"title": "Order", "type": "object", "properties": properties, "$defs": definitions or {}}
    )


def one(node: Any, definitions: dict[str, Any] | None = None) -> ValueShape:
    return read(definitions, value=node).fields[0].value


@pytest.mark.parametrize(
    ("node", "value"),
    [
        ({"type": "string", "format": "date"}, ValueShape("text")),
        ({"type": "integer"}, ValueShape("whole number")),
        ({"type": "number"}, ValueShape("number")),
        ({"type": "boolean"}, ValueShape("flag")),
        ({"type": ["string", "null"]}, ValueShape("text", optional=True)),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, ValueShape("whole number", optional=True)),
        ({"enum": ["a", 2, None]}, ValueShape(choices={"a": "a", "2": 2}, optional=True)),
        ({"const": "a"}, ValueShape(choices={"a": "a"})),
        ({"type": "array"}, ValueShape("text", many=list)),
        ({"type": "array", "items": {"enum": ["a"]}}, ValueShape(choices={"a": "a"}, many=list)),
        (
            {"type": "array", "items": {"type": ["integer", "null"]}},
            ValueShape("whole number", many=list, optional_items=True),
        ),
    ],
)
def test_values(node: Any, value: ValueShape) -> None:
    assert one(node) == value


def test_title_descriptions_and_required_names() -> None:
    shape = read_json_schema(
        {
            "title": "Order",
            "properties": {
                "number": {"type": "string", "description": "As printed"},
                "total": {"type": "number"},
            },
            "required": ["number"],
        }
    )
    assert shape.name == "Order" and shape.make(number="1") == {"number": "1"}
    assert [(found.name, found.required, found.description) for found in shape.fields] == [
        ("number", True, "As printed"), ("total", False, None),
    ]  # fmt: skip


def test_objects_are_records_named_after_their_place() -> None:
    shape = read({"Item": ITEM}, items={"type": "array", "items": {"$ref": "#/$defs/Item"}}, best=ITEM)
    [[items, first], [_, second]] = shape.nested
    assert items.value.many is list and (first.name, second.name) == ("Order.items", "Order.best")
    assert [found.name for found in first.fields] == ["product", "price"]


@pytest.mark.parametrize(
    "node",
    [
        {"$ref": "#/$defs/Maybe"},
        {"allOf": [{"$ref": "#/$defs/Maybe"}], "description": "kept"},
        {"anyOf": [{"$ref": "#/$defs/Word"}, {"type": "null"}]},
    ],
)
def test_references_are_followed(node: Any) -> None:
    definitions = {
        "Word": {"enum": ["a"], "type": "string"},
        "Maybe": {"anyOf": [{"$ref": "#/$defs/Word"}, {"type": "null"}]},
    }
    assert one(node, definitions) == ValueShape(choices={"a": "a"}, optional=True)


def test_a_document_may_begin_with_a_reference() -> None:
    document = {"$ref": "#/definitions/Item", "definitions": {"Item": {**ITEM, "title": "Item"}}}
    assert read_json_schema(document).name == "Item"


def deep(levels: int) -> dict[str, Any]:
    node: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        node = {"properties": {"a": node}}
    return node


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (
            {"type": "object", "additionalProperties": True},
            "Order.value: an object without properties cannot",
        ),
        ({"anyOf": [ITEM, {"type": "string"}]}, "Order.value: a choice between several schemas cannot"),
        ({"type": ["string", "integer"]}, "Order.value: a choice between several schemas cannot"),
        ({"type": "array", "items": {"type": "array"}}, "Order.value: an array of arrays cannot"),
        ({"type": "null"}, "Order.value: the type 'null' cannot be asked for; write one of string"),
        ({}, "Order.value: the type None cannot"),
        ({"enum": []}, "Order.value: an empty enum cannot"),
        ({"enum": [{}]}, "Order.value: {} in an enum cannot be asked for; write texts and numbers"),
        ({"enum": [True]}, "Order.value: True in an enum cannot"),
        ({"$ref": "#/$defs/None"}, "Order.value: '#/$defs/None' leads nowhere; write #/$defs/NAME"),
        ({"$ref": "#"}, "Order.value: # within itself cannot"),
        ({"$ref": "#/$defs/Node"}, "Order.value.next: #/$defs/Node within itself cannot"),
        ({"$ref": "#/$defs/Loop"}, "Order.value: #/$defs/Loop within itself cannot"),
    ],
    ids=str,
)
def test_what_cannot_be_asked_for_is_named(node: Any, message: str) -> None:
    definitions = {
        "Node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}},
        "Loop": {"$ref": "#/$defs/Loop"},
    }
    with pytest.raises(SchemaError, match=re.escape(message)):
        one(node, definitions)


def test_depth_is_bounded() -> None:
    with pytest.raises(SchemaError, match="the JSON Schema is nested too deep"):
        one(deep(5_000))


def test_references_cannot_multiply_without_end() -> None:
    twice = {
        f"N{level}": {"properties": {side: {"$ref": f"#/$defs/N{level + 1}"} for side in "ab"}}
        for level in range(40)
    }
    with pytest.raises(SchemaError, match="more than 5,000 properties"):
        one({"$ref": "#/$defs/N0"}, {**twice, "N40": ITEM})


KEYWORDS = (
    "type",
    "properties",
    "items",
    "enum",
    "const",
    "anyOf",
    "allOf",
    "$ref",
    "required",
    "description",
)
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=3),
    st.sampled_from(["string", "object", "array", "#/$defs/a", "#/$defs/b"]),
)  # fmt: skip
NODES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(KEYWORDS) | st.text(max_size=2), inner, max_size=4),
    ),
    max_leaves=12,
)


@given(NODES, NODES, NODES)
def test_any_document_is_read_or_is_a_schema_error(node: Any, first: Any, second: Any) -> None:
    try:
        shape = read({"a": first, "b": second}, value=node)
    except SchemaError:
        return
    assert shape.fields[0].name == "value"


def test_a_document_without_title_or_of_wrong_types() -> None:
    with pytest.raises(SchemaError, match='has no "title"'):
        read_json_schema(ITEM)
    with pytest.raises(
        SchemaTypeError, match="Order.value: expected a dict of JSON Schema keywords, got int 1"
    ):
        one(1)
    with pytest.raises(
        SchemaTypeError, match=re.escape("Order.required: expected a list of names, got str 'a'")
    ):
        read_json_schema({**ITEM, "title": "Order", "required": "a"})
