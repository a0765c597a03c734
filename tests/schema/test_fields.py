"""The field mini-language and the schemas of the one-task calls."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliner2_lite.errors import SchemaError, SchemaTypeError
from gliner2_lite.schema import (
    Schema,
    classification_schema,
    entities_schema,
    relations_schema,
    structures_schema,
)
from gliner2_lite.schema.fields import FieldDeclaration, parse_field


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("name", FieldDeclaration("name")),
        ("name::str", FieldDeclaration("name", "str")),
        ("name::list", FieldDeclaration("name", "list")),
        ("name::the full name", FieldDeclaration("name", description="the full name")),
        ("name::one::two", FieldDeclaration("name", description="two")),
        ("name::", FieldDeclaration("name", description="")),
        ("a::[x|y]", FieldDeclaration("a", "str", ("x", "y"))),
        ("a::[ x | y z ]", FieldDeclaration("a", "str", ("x", "y z"))),
        ("a::[x|y]::list", FieldDeclaration("a", "list", ("x", "y"))),
        ("a::list::[x|y]", FieldDeclaration("a", "list", ("x", "y"))),
        ("a::[x|y]::str::which one", FieldDeclaration("a", "str", ("x", "y"), "which one")),
        ("a::[]", FieldDeclaration("a", "str", ("",))),
        ("a::[|]", FieldDeclaration("a", "str", ("", ""))),
        ("a::[x]::[y]", FieldDeclaration("a", "str", ("y",))),
        ("a::STR", FieldDeclaration("a", description="STR")),
        ("a:: str", FieldDeclaration("a", description=" str")),
        (" a b ::str", FieldDeclaration(" a b ", "str")),
        ("a:b::str", FieldDeclaration("a:b", "str")),
        ("a::[USD] amount", FieldDeclaration("a", description="[USD] amount")),
        ("a::size in [cm]", FieldDeclaration("a", description="size in [cm]")),
        ("a::half [open", FieldDeclaration("a", description="half [open")),
        ("a::[[x]", FieldDeclaration("a", "str", ("[x",))),
        ("a::[x] or [y]", FieldDeclaration("a", "str", ("x] or [y",))),
        ({"name": "a"}, FieldDeclaration("a")),
        ({"name": "a", "choices": []}, FieldDeclaration("a")),
        ({"name": "a", "choices": ["x"]}, FieldDeclaration("a", "list", ("x",))),
        (
            {"name": "a", "dtype": "str", "choices": ["x", "y"], "description": "d"},
            FieldDeclaration("a", "str", ("x", "y"), "d"),
        ),
        ({"name": "a", "choices": None, "description": None}, FieldDeclaration("a")),
    ],
)
def test_forms(spec: Any, expected: FieldDeclaration) -> None:
    assert parse_field(spec) == expected


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("", "'' has no field name; write it before the first '::'"),
        ("::str", "'::str' has no field name"),
        ("  ::str", "has no field name"),
        ("color::[red|blue", "'color::[red|blue' has a bracket without its partner in '[red|blue'"),
        ("color::red|blue]", "has a bracket without its partner"),
        ("color::[a::b]", "has a bracket without its partner in '[a'"),
        ("[E]::str", "'[E]' is a marker of the prompt"),
        ({}, '"name" is missing'),
        ({"name": ""}, "field.name: the name is blank"),
        ({"name": "a", "threshold": 0.5}, "field.threshold: unknown key"),
        ({"name": "a", "choices": "xy"}, "field.choices: expected a list of choices"),
        ({"name": "a", "description": 5}, "field.description: expected a string"),
        (5, 'expected a string such as "name::str" or a dict, got 5'),
        (None, "got None"),
        (["a"], "got ['a']"),
    ],
)
def test_mistakes(spec: Any, message: str) -> None:
    with pytest.raises(SchemaError, match=re.escape(message)):
        parse_field(spec)


@given(st.text(alphabet=st.sampled_from("ab[]|: ([E])"), max_size=14))
def test_every_string_parses_or_says_why(spec: str) -> None:
    try:
        declaration = parse_field(spec)
    except SchemaError as error:
        assert str(error).startswith("field")
    else:
        assert declaration.name == spec.split("::")[0]


def test_structures() -> None:
    schema = structures_schema(
        {"product": ["name::str::full name", "kind::[a|b]", {"name": "tags"}], "empty": []}
    )
    assert schema.to_dict() == {
        "structures": {
            "product": {
                "fields": [
                    {"name": "name", "dtype": "str", "description": "full name"},
                    {"name": "kind", "dtype": "str", "choices": ["a", "b"]},
                    {"name": "tags"},
                ]
            },
            "empty": {"fields": []},
        }
    }
    assert structures_schema({}).to_dict() == {}


def test_classification() -> None:
    examples = [("fine", "good")]
    schema = classification_schema(
        {
            "mood": ["good", "bad"],
            "topic": {"sport": "games", "news": "events"},
            "tone": {"labels": ["calm"], "multi_label": True, "cls_threshold": 0.2, "examples": examples},
        }
    )
    expected = (
        Schema()
        .classification("mood", ["good", "bad"])
        .classification("topic", {"sport": "games", "news": "events"})
        .classification("tone", ["calm"], True, 0.2, examples=examples)
    )
    assert schema.build() == expected.build()


def test_classification_leaves_the_callers_dict_alone() -> None:
    config = {"labels": ["a", "b"], "multi_label": True}
    classification_schema({"t": config})
    assert config == {"labels": ["a", "b"], "multi_label": True}


def test_entities_and_relations() -> None:
    assert entities_schema({"a": "x"}).to_dict() == {"entities": {"a": {"description": "x"}}}
    assert relations_schema("r").to_dict() == {"relations": ["r"]}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: structures_schema(["a"]), "structures: expected a dict of structure name to fields"),
        (lambda: structures_schema({"s": "name"}), "structures.s: expected a list of fields"),
        (lambda: structures_schema({"s": {"name": "str"}}), "structures.s: expected a list of fields"),
        (lambda: structures_schema({"s": ["a", "b::[x"]}), "structures.s[1]: 'b::[x' has a bracket"),
        (lambda: structures_schema({"s": ["a::[x|[E]]"]}), "choices[1]: '[E]' is a marker of the prompt"),
        (lambda: structures_schema({"": ["a"]}), "structures: the name is blank"),
        (lambda: classification_schema(["a"]), "tasks: expected a dict of task name to labels"),
        (lambda: classification_schema({"t": "ab"}), "classifications.t.labels: expected a list"),
        (lambda: classification_schema({"t": {"labels": ["a"], "top": 1}}), "tasks.t.top: unknown option"),
        (lambda: classification_schema({"t": []}), "classifications.t.labels: the list is empty"),
    ],
)
def test_wrong_arguments(call: Any, message: str) -> None:
    with pytest.raises(SchemaError, match=re.escape(message)):
        call()


def test_a_wrong_type_is_a_type_error() -> None:
    with pytest.raises(SchemaTypeError):
        parse_field(5)
