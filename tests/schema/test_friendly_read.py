"""Reading the friendly dict form: what is accepted, what is refused and where."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given

from gliner2_lite.errors import SchemaError, SchemaTypeError
from gliner2_lite.schema import Schema, compile_schema
from tests.schema.strategies import friendly_dicts

FULL: dict[str, Any] = {
    "entities": {"person": "a human", "company": {"dtype": "str", "threshold": 0.3}, "city": {}},
    "entity_attributes": {"tone": {"labels": ["pos", "neg"], "multi_label": True, "applies_to": ["person"]}},
    "structures": {
        "product": {
            "fields": [
                {"name": "name", "dtype": "str", "description": "as written"},
                {"name": "colour", "choices": ["red", "blue"], "threshold": 0.4},
            ]
        },
        "order": {
            "fields": [{"name": "id", "cardinality": "required_one", "exclusive": True}],
            "mode": "natural",
            "anchor": "id",
            "occurrence_policy": "all",
        },
    },
    "classifications": [
        {"task": "mood", "labels": ["good", "bad"]},
        {
            "task": "topic",
            "labels": {"sport": "games", "news": "events"},
            "multi_label": True,
            "cls_threshold": 0.2,
            "top_k": 1,
            "class_act": "sigmoid",
            "prompt": "what it is about",
            "examples": [["they won", "sport"]],
        },
    ],
    "relations": {"works for": {"description": "employment", "threshold": 0.6}, "near": {}},
}


@given(friendly_dicts())
def test_compiling_is_deterministic_and_hashable(data: dict[str, Any]) -> None:
    schema = Schema.from_dict(data)
    first = compile_schema(schema)
    assert first == compile_schema(schema) == compile_schema(Schema.from_dict(data))
    assert hash(first) == hash(compile_schema(schema))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"entities": ("a",)}, {"entities": ["a"]}),
        ({"entities": ["a"], "relations": None, "structures": None}, {"entities": ["a"]}),
        ({"entities": ["a"], "entity_attributes": {}}, {"entities": ["a"]}),
        ({"entities": {"a": {"dtype": None, "threshold": None}}}, {"entities": ["a"]}),
        ({"entities": {"a": {"threshold": " 0.5 "}}}, {"entities": {"a": {"threshold": 0.5}}}),
        ({"entities": {"a": {"threshold": 1}}}, {"entities": {"a": {"threshold": 1.0}}}),
        (
            {"classifications": [{"task": "t", "labels": ["a", "b"], "multi_label": "Yes", "top_k": "2"}]},
            {"classifications": [{"task": "t", "labels": ["a", "b"], "multi_label": True, "top_k": 2}]},
        ),
        (
            {"classifications": [{"task": "t", "labels": ["a", "b"], "multi_label": 0, "top_k": 3.0}]},
            {"classifications": [{"task": "t", "labels": ["a", "b"], "top_k": 3}]},
        ),
        (
            {"classifications": [{"task": "t", "labels": ["a", "b"], "examples": [], "class_act": None}]},
            {"classifications": [{"task": "t", "labels": ["a", "b"]}]},
        ),
        (
            {"structures": {"s": {"fields": [{"name": "a"}, {"name": "b"}, {"name": "a"}]}}},
            {"structures": {"s": {"fields": [{"name": "a"}, {"name": "b"}, {"name": "a"}]}}},
        ),
        (
            {"structures": {"s": {"fields": [{"name": "a"}], "anchor": "zzz", "occurrence_policy": "all"}}},
            {"structures": {"s": {"fields": [{"name": "a"}]}}},
        ),
        (
            {"structures": {"s": {"fields": [{"name": "a"}, {"name": "b"}], "mode": "natural"}}},
            {
                "structures": {
                    "s": {"fields": [{"name": "a"}, {"name": "b"}], "mode": "natural", "anchor": "a"}
                }
            },
        ),
    ],
)
def test_spellings(data: dict[str, Any], expected: dict[str, Any]) -> None:
    assert Schema.from_dict(data).to_dict() == expected


def structure(**field: Any) -> dict[str, Any]:
    return {"structures": {"product": {"fields": [{"name": "a"}, field]}}}


def task(**config: Any) -> dict[str, Any]:
    return {"classifications": [{"task": "t", "labels": ["a", "b"], **config}]}


MISTAKES = [
    ([], "schema: expected a dict of section name to section, got list"),
    ({}, "schema: nothing to extract; give at least one of entities, structures"),
    ({"entities": None}, "schema: nothing to extract"),
    ({"entity_attributes": {}}, "schema: nothing to extract"),
    ({"relations": ["a"], "entity_attributes": {}}, "entity_attributes: there are no entities to ask about"),
    ({"entitys": ["a"]}, "entitys: unknown section; did you mean 'entities'?"),
    ({1: ["a"]}, "[1]: unknown section"),
    ({"entities": "a"}, "entities: expected a list of names, got the string 'a'; write ['a']"),
    ({"entities": []}, "entities: the list is empty"),
    ({"entities": {}}, "entities: the dict is empty"),
    ({"entities": 5}, "entities: expected a list of names (or a dict of name to description), got int 5"),
    ({"entities": ["a", " "]}, "entities[1]: the name is blank"),
    ({"entities": ["a", "b", "a"]}, "entities[2]: 'a' stands there twice"),
    ({"entities": {"a": None}}, "entities.a: expected a dict of option to value, got NoneType None"),
    (
        {"entities": {"a": {"dtype": "string"}}},
        "entities.a.dtype: 'string' is unknown; write one of str, list",
    ),
    ({"entities": {"a": {"description": 5}}}, "entities.a.description: expected a string, got int 5"),
    ({"entities": {"a": {"threshold": "high"}}}, "entities.a.threshold: 'high' is not a number"),
    ({"entities": {"a": {"threshold": "nan"}}}, "entities.a.threshold: nan is not a threshold"),
    ({"entities": {"a": {"threshold": 1.5}}}, "entities.a.threshold: 1.5 is not a threshold"),
    (
        {"entities": {"a": {"threshold": True}}},
        "entities.a.threshold: expected a number between 0 and 1, got bool",
    ),
    ({"entities": {"a": {"threshold": []}}}, "entities.a.threshold: expected a number"),
    ({"entities": {"a": {"desc": "x"}}}, "entities.a.desc: unknown key"),
    ({"entities": {"a": {"validators": []}}}, "entities.a.validators: unknown key"),
    ({"relations": []}, "relations: the list is empty"),
    ({"relations": {"r": {"dtype": "str"}}}, "relations.r.dtype: unknown key"),
    ({"relations": {"r": 5}}, "relations.r: expected a dict"),
    ({"structures": {}}, "structures: the dict is empty"),
    ({"structures": [{"name": "a"}]}, "structures: expected a dict of name to structures, got list"),
    ({"structures": {"s": []}}, "structures.s: expected a dict"),
    ({"structures": {"s": {}}}, "structures.s.fields: missing"),
    ({"structures": {"s": {"fields": []}}}, "structures.s.fields: the list is empty"),
    ({"structures": {"s": {"fields": "a"}}}, "structures.s.fields: expected a list of fields"),
    ({"structures": {"s": {"fields": [5]}}}, "structures.s.fields[0]: expected a dict"),
    ({"structures": {"s": {"fields": ["::str"]}}}, "structures.s.fields[0]: '::str' has no field name"),
    ({"structures": {" ": {"fields": [{"name": "a"}]}}}, "structures: the name is blank"),
    ({"structures": {"s": {"fields": [{"name": "a"}], "mode": "x"}}}, "structures.s.mode: 'x' is unknown"),
    (
        {"structures": {"s": {"fields": [{"name": "a"}], "mode": "natural", "anchor": "b"}}},
        "structures.s.anchor: 'b' is not a field",
    ),
    (structure(dtype="str"), "structures.product.fields[1].name: missing"),
    (structure(name=""), "structures.product.fields[1].name: the name is blank"),
    (
        structure(name="b", dtype="text"),
        "structures.product.fields[1].dtype: 'text' is unknown; write one of",
    ),
    (structure(name="b", dtype=None), "structures.product.fields[1].dtype"),
    (structure(name="b", choices=[]), "structures.product.fields[1].choices: the list is empty"),
    (structure(name="b", choices="xy"), "structures.product.fields[1].choices: expected a list of strings"),
    (structure(name="b", choices=["x", 1]), "structures.product.fields[1].choices[1]: expected a string"),
    (structure(name="b", choices=["[E]"]), "structures.product.fields[1].choices[0]: '[E]' is a marker"),
    (structure(name="b", exclusive=None), "structures.product.fields[1].exclusive: expected True or False"),
    (structure(name="b", cardinality="one"), "structures.product.fields[1].cardinality: 'one' is unknown"),
    (structure(name="b", type="str"), "structures.product.fields[1].type: unknown key"),
    ({"classifications": []}, "classifications: the list is empty"),
    ({"classifications": {"t": ["a", "b"]}}, "classifications: expected a list of classification tasks"),
    ({"classifications": [["a"]]}, "classifications[0]: expected a dict"),
    ({"classifications": [{"labels": ["a", "b"]}]}, "classifications[0].task: missing"),
    ({"classifications": [{"task": "t"}]}, "classifications[0].labels: missing"),
    (task(task=""), "classifications[0].task: the name is blank"),
    (task(labels=["a"]), "classifications[0].labels: 1 given; a task needs at least two"),
    (task(labels=["a", "a"]), "classifications[0].labels[1]: 'a' stands there twice"),
    (task(labels=["a", ""]), "classifications[0].labels[1]: the name is blank"),
    (task(labels={"a": None, "b": "x"}), "classifications[0].labels.a: expected a description, got null"),
    (task(labels="ab"), "classifications[0].labels: expected a list of labels"),
    (task(multi_label="maybe"), "classifications[0].multi_label: 'maybe' is not a flag; write true or false"),
    (task(multi_label=2), "classifications[0].multi_label: expected True or False"),
    (task(multi_label=None), "classifications[0].multi_label: expected True or False"),
    (task(abstain="maybe"), "classifications[0].abstain: 'maybe' is not a flag; write true or false"),
    (
        task(abstain=True, multi_label=True),
        "classifications[0].abstain: only a task that answers with one",
    ),
    (
        task(cls_threshold=None),
        "classifications[0].cls_threshold: expected a number between 0 and 1, got None",
    ),
    (task(cls_threshold=2), "classifications[0].cls_threshold: 2.0 is not a threshold"),
    (task(top_k=0), "classifications[0].top_k: 0 keeps nothing"),
    (task(top_k=1.5), "classifications[0].top_k: expected a whole number"),
    (task(top_k="many"), "classifications[0].top_k: 'many' is not a whole number"),
    (task(class_act="relu"), "classifications[0].class_act: 'relu' is unknown; write one of auto, sigmoid"),
    (task(prompt=5), "classifications[0].prompt: expected a string"),
    (task(examples=[["x"]]), "classifications[0].examples[0]: expected an (input, label) pair, got 1 items"),
    (task(examples=["xy"]), "classifications[0].examples[0]: expected an (input, label) pair"),
    (task(examples=[["x", 1]]), "classifications[0].examples[0][1]: expected a string"),
    (task(description="x"), "classifications[0].description: unknown key"),
    (
        {"classifications": [{"task": "t", "labels": ["a", "b"]}, {"task": "t", "labels": ["c", "d"]}]},
        "classifications[1].task: 't' is already a task",
    ),
    ({"entities": ["a"], "entity_attributes": ["x"]}, "entity_attributes: expected a dict"),
    ({"entities": ["a"], "entity_attributes": {"g": ["x"]}}, "entity_attributes.g: expected a dict"),
    ({"entities": ["a"], "entity_attributes": {"g": {}}}, "entity_attributes.g.labels: missing"),
    (
        {"entities": ["a"], "entity_attributes": {"g": {"labels": []}}},
        "entity_attributes.g.labels: the list is",
    ),
    (
        {"entities": ["a"], "entity_attributes": {"g": {"labels": ["x"], "applies_to": ["b"]}}},
        "entity_attributes.g.applies_to: 'b' is not a declared entity type; declared: a",
    ),
]


@pytest.mark.parametrize(("data", "message"), MISTAKES)
def test_mistakes_are_named(data: Any, message: str) -> None:
    with pytest.raises(SchemaError, match=re.escape(message)):
        Schema.from_dict(data)


def test_a_wrong_type_is_a_type_error() -> None:
    with pytest.raises(SchemaTypeError):
        Schema.from_dict([])  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Schema.from_dict({"entities": 5})


def test_deep_values_make_short_messages() -> None:
    deep: Any = "x"
    for _ in range(5_000):
        deep = [deep]
    with pytest.raises(SchemaError) as caught:
        Schema.from_dict({"entities": deep})
    assert len(str(caught.value)) < 300


def test_fields_may_be_text() -> None:
    texts = [
        "name::str",
        "color::[red|blue]::Colour of the case",
        "tags",
        {"name": "price", "threshold": 0.7},
    ]
    assert Schema.from_dict({"structures": {"product": {"fields": texts}}}).to_dict() == {
        "structures": {
            "product": {
                "fields": [
                    {"name": "name", "dtype": "str"},
                    {
                        "name": "color",
                        "dtype": "str",
                        "choices": ["red", "blue"],
                        "description": "Colour of the case",
                    },
                    {"name": "tags"},
                    {"name": "price", "threshold": 0.7},
                ]
            }
        }
    }
