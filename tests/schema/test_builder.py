"""Schema: the processor dict it makes and the mistakes it names."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from gliner2_lite.errors import SchemaError, SchemaTypeError
from gliner2_lite.schema import AttributeGroup, RegexValidator, Schema
from gliner2_lite.schema.limits import MARKERS


def test_an_empty_schema_has_every_section() -> None:
    assert Schema().build() == {
        "json_structures": [],
        "classifications": [],
        "entities": {},
        "relations": [],
        "json_descriptions": {},
        "entity_descriptions": {},
        "relation_descriptions": {},
    }
    assert Schema().to_dict() == {}


def test_one_chain_declares_all_kinds() -> None:
    schema = (
        Schema()
        .entities({"person": "a human", "company": {"dtype": "str", "threshold": 0.3}})
        .classification("mood", {"good": "likes it", "bad": "does not"}, multi_label=True, top_k=1)
        .structure("product")
        .field("name", dtype="str", description="as written")
        .field("colour", choices=["red", "blue"])
        .relations({"works for": "employment", "near": {"threshold": 0.2}})
    )
    assert schema.build() == {
        "json_structures": [{"product": {"name": "", "colour": {"value": "", "choices": ["red", "blue"]}}}],
        "classifications": [
            {
                "task": "mood",
                "labels": ["good", "bad"],
                "multi_label": True,
                "cls_threshold": 0.5,
                "top_k": 1,
                "label_descriptions": {"good": "likes it", "bad": "does not"},
            }
        ],
        "entities": {"person": "", "company": ""},
        "relations": [{"works for": {"head": "", "tail": ""}}, {"near": {"head": "", "tail": ""}}],
        "json_descriptions": {"product": {"name": "as written"}},
        "entity_descriptions": {"person": "a human"},
        "relation_descriptions": {"works for": "employment"},
    }
    assert schema.to_dict() == {
        "entities": {"person": "a human", "company": {"dtype": "str", "threshold": 0.3}},
        "structures": {
            "product": {
                "fields": [
                    {"name": "name", "dtype": "str", "description": "as written"},
                    {"name": "colour", "choices": ["red", "blue"]},
                ]
            }
        },
        "classifications": [
            {
                "task": "mood",
                "labels": {"good": "likes it", "bad": "does not"},
                "multi_label": True,
                "top_k": 1,
            }
        ],
        "relations": {"works for": {"description": "employment"}, "near": {"threshold": 0.2}},
    }


def test_build_returns_the_schemas_own_dict() -> None:
    schema = Schema().entities("person")
    assert schema.build() is schema.build()


def test_a_type_declared_again_keeps_its_place_and_takes_the_new_options() -> None:
    schema = Schema().entities(["a", "b"]).entities({"c": "x", "a": {"dtype": "str"}})
    assert list(schema.build()["entities"]) == ["a", "b", "c"]
    assert schema.to_dict() == {"entities": {"a": {"dtype": "str"}, "b": {}, "c": "x"}}


def test_configuration_overrides_the_arguments_even_with_none() -> None:
    schema = Schema().entities({"a": {"threshold": None}, "b": {}}, dtype="str", threshold=0.4)
    assert schema.to_dict() == {"entities": {"a": {"dtype": "str"}, "b": {"dtype": "str", "threshold": 0.4}}}


def test_an_empty_entity_description_is_kept_but_other_empty_descriptions_are_not() -> None:
    schema = Schema().entities({"a": ""}).relations({"r": ""}).structure("s").field("f", description="")
    built = schema.build()
    assert built["entity_descriptions"] == {"a": ""}
    assert built["relation_descriptions"] == {} and built["json_descriptions"] == {}


@pytest.mark.parametrize("value", [None, 5, ["x"]])
def test_other_values_of_a_dict_count_as_no_description(value: Any) -> None:
    schema = Schema().entities({"a": value}).relations({"r": value})
    assert schema.to_dict() == {"entities": ["a"], "relations": ["r"]}


def test_none_as_a_description_is_no_description() -> None:
    schema = Schema().entities({"a": {"description": None}}).classification("t", {"x": None, "y": "d"})
    built = schema.build()
    assert built["entity_descriptions"] == {}
    assert built["classifications"][0]["label_descriptions"] == {"y": "d"}
    assert schema.to_dict()["classifications"][0]["labels"] == {"x": "", "y": "d"}


def test_empty_declarations_are_allowed() -> None:
    schema = Schema().entities([]).entities({}).relations([]).relations({})
    assert schema.to_dict() == {}


def test_a_failed_call_changes_nothing() -> None:
    schema = Schema().entities(["a"])
    before = copy.deepcopy(schema.build())
    for call in (
        lambda: schema.entities({"b": "", "c": {"threshold": 2}}),
        lambda: schema.relations({"b": "", "c": {"threshold": 2}}),
        lambda: schema.classification("t", ["a"], cls_threshold=2),
        lambda: schema.entity_attributes({"g": AttributeGroup(["a"])}),
    ):
        with pytest.raises(SchemaError):
            call()
        assert schema.build() == before


MISTAKES = [
    (lambda s: s.entities(("a", "b")), "entities: expected a name, a list of names or a dict"),
    (lambda s: s.entities(None), "entities: expected a name"),
    (lambda s: s.entities(["a", 5]), "entities[1]: expected a string, got int 5"),
    (lambda s: s.entities({5: "x"}), "entities: expected a string, got int 5"),
    (lambda s: s.entities(["a", ""]), "entities[1]: the name is blank"),
    (lambda s: s.entities([" \t"]), "entities[0]: the name is blank"),
    (lambda s: s.entities(["\ud800"]), "lone surrogate"),
    (lambda s: s.entities({"a": "\udfff"}), "entities.a.description"),
    (lambda s: s.entities({"a": {"description": 5}}), "entities.a.description: expected a string, got int 5"),
    (
        lambda s: s.entities({"a": {"treshold": 0.5}}),
        "entities.a.treshold: unknown key; did you mean 'threshold'?",
    ),
    (lambda s: s.entities({"a b": {"threshold": 2}}), "entities['a b'].threshold: 2.0 is not a threshold"),
    (lambda s: s.entities("a", threshold=float("nan")), "entities.a.threshold: nan is not a threshold"),
    (
        lambda s: s.entities("a", threshold=True),
        "entities.a.threshold: expected a number between 0 and 1, got bool",
    ),
    (
        lambda s: s.entities("a", threshold="0.5"),
        "entities.a.threshold: expected a number between 0 and 1, got str",
    ),
    (lambda s: s.entities("a", dtype=str), 'entities.a.dtype: expected "str"'),
    (lambda s: s.entities("a", validators=RegexValidator("x")), "write [RegexValidator(...)], with brackets"),
    (
        lambda s: s.entities("a", validators=["x"]),
        "entities.a.validators[0]: 'x' has no validate(text) method",
    ),
    (lambda s: s.relations(7), "relations: expected a name"),
    (lambda s: s.relations({"r": {"dtype": "str"}}), "relations.r.dtype: unknown key"),
    (lambda s: s.relations("r", threshold=-0.1), "relations.r.threshold: -0.1 is not a threshold"),
    (lambda s: s.classification("t", []), "classifications.t.labels: the list is empty"),
    (lambda s: s.classification("t", {}), "classifications.t.labels: the list is empty"),
    (lambda s: s.classification("t", "ab"), "classifications.t.labels: expected a list of labels"),
    (lambda s: s.classification("t", ("a", "b")), "classifications.t.labels: expected a list of labels"),
    (
        lambda s: s.classification("t", ["a", None]),
        "classifications.t.labels[1]: expected a string, got NoneType",
    ),
    (lambda s: s.classification("t", {"a": 5}), "classifications.t.labels.a: expected a string, got int 5"),
    (lambda s: s.classification("", ["a"]), "classifications.task: the name is blank"),
    (lambda s: s.classification("t", ["a"], cls_threshold=1.5), "classifications.t.cls_threshold: 1.5"),
    (lambda s: s.classification("t", ["a"], cls_threshold=None), "leave it out for 0.5"),
    (
        lambda s: s.classification("t", ["a"], abstain="no"),
        "classifications.t.abstain: expected True or False",
    ),
    (
        lambda s: s.classification("t", ["a"], multi_label=True, abstain=True),
        "classifications.t.abstain: only a task that answers with one label can abstain",
    ),
    (lambda s: s.classification("t", ["a"], top_k=0), "classifications.t.top_k: 0 keeps nothing"),
    (lambda s: s.classification("t", ["a"], top_k=1.5), "classifications.t.top_k: expected a whole number"),
    (lambda s: s.classification("t", ["a"], top_k=True), "classifications.t.top_k: expected a whole number"),
    (
        lambda s: s.classification("t", ["a"], multi_label="false"),
        "multi_label: expected True or False, got str",
    ),
    (
        lambda s: s.classification("t", ["a"], activation="softmax"),
        "classifications.t.activation: unknown keyword",
    ),
    (lambda s: s.classification("t", ["a"], threshold=0.5), "did you mean"),
    (lambda s: s.classification("t", ["a"], prompt=5), "classifications.t.prompt: expected a string"),
    (lambda s: s.classification("t", ["a"], class_act=5), "classifications.t.class_act: expected a string"),
    (lambda s: s.classification("t", ["a"], examples="xa"), "expected a list of (input, label) pairs"),
    (lambda s: s.classification("t", ["a"], examples=["xa"]), "examples[0]: expected an (input, label) pair"),
    (
        lambda s: s.classification("t", ["a"], examples=[("x",)]),
        "examples[0]: expected an (input, label) pair, got 1",
    ),
    (lambda s: s.classification("t", ["a"], examples=[("x", ["a"])]), "examples[0][1]: expected a string"),
    (lambda s: s.classification("t", ["a"], label_descriptions=["x"]), "label_descriptions: expected a dict"),
    (
        lambda s: s.classification("t", ["a"], class_act="soft"),
        "classifications.t.class_act: 'soft' is unknown; write one of auto, sigmoid, softmax (did you",
    ),
    (lambda s: s.entities("a", dtype="strr"), "entities.a.dtype: 'strr' is unknown; write one of str, list"),
    (lambda s: s.entities({"a": {"dtype": "STR"}}), "entities.a.dtype: 'STR' is unknown"),
    (lambda s: s.structure("s").field("f", dtype="lst"), "structures.s.f.dtype: 'lst' is unknown"),
    (
        lambda s: s.structure("s").field("f", cardinality="required"),
        "structures.s.f.cardinality: 'required' is unknown; write one of optional_one",
    ),
    (lambda s: s.structure(" "), "structures: the name is blank"),
    (lambda s: s.structure("s").field(""), "structures.s: the name is blank"),
    (
        lambda s: s.structure("s").field("f", choices="ab"),
        "structures.s.f.choices: expected a list of choices",
    ),
    (lambda s: s.structure("s").field("f", choices=["a", 1]), "structures.s.f.choices[1]: expected a string"),
    (
        lambda s: s.structure("s").field("f", threshold=1.01),
        "structures.s.f.threshold: 1.01 is not a threshold",
    ),
    (
        lambda s: s.structure("s").field("f", description=["x"]),
        "structures.s.f.description: expected a string",
    ),
    (lambda s: s.structure("s").field("f", dtype=None), "structures.s.f.dtype"),
    (
        lambda s: s.structure("s").field("f", exclusive="no"),
        "structures.s.f.exclusive: expected True or False",
    ),
]


@pytest.mark.parametrize(("call", "message"), MISTAKES)
def test_mistakes_are_named(call: Any, message: str) -> None:
    with pytest.raises(SchemaError, match=re.escape(message)):
        call(Schema())


def test_wrong_types_are_type_errors_and_all_are_value_errors() -> None:
    with pytest.raises(TypeError):
        Schema().entities(5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="entities"):
        Schema().entities(5)  # type: ignore[arg-type]
    with pytest.raises(SchemaTypeError):
        Schema().entities([5])  # type: ignore[list-item]


@pytest.mark.parametrize("marker", MARKERS)
def test_a_marker_alone_is_no_name_but_may_stand_inside_one(marker: str) -> None:
    inside = f"a {marker} b"
    for call in (
        lambda name: Schema().entities([name]),
        lambda name: Schema().relations({name: "x"}),
        lambda name: Schema().classification(name, ["a"]),
        lambda name: Schema().classification("t", ["a", name]),
        lambda name: Schema().structure(name),
        lambda name: Schema().structure("s").field(name),
        lambda name: Schema().structure("s").field("f", choices=[name]),
        lambda name: Schema().entities(["e"]).entity_attributes({"g": AttributeGroup([name])}),
    ):
        call(inside)
        with pytest.raises(SchemaError, match=re.escape(f"{marker!r} is a marker of the prompt")):
            call(marker)


def test_descriptions_and_prompts_may_be_markers() -> None:
    Schema().entities({"a": "[E]"}).classification("t", {"x": "[L]"}, prompt="[P]", examples=[("[E]", "x")])
