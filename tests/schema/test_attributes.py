"""Entity attribute groups in the builder and in the compiled schema."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gliner2_lite.errors import SchemaError, SchemaTypeError
from gliner2_lite.schema import AttributeGroup, AttributeSpec, EntitySpec, Schema, compile_schema


def test_labels_join_the_prompt_sorted_and_stay_out_of_the_result() -> None:
    schema = Schema().entities(["person", "firm"])
    schema.entity_attributes(
        {
            "tone": AttributeGroup(["pos", "neg"], applies_to=["person"]),
            "size": AttributeGroup(["big", "small"], multi_label=True, threshold=0.2, qualify_labels=True),
        }
    ).entities({"city": {"dtype": "str"}})
    spec = compile_schema(schema)
    assert spec.entity_labels == ("person", "firm", "neg", "pos", "size: big", "size: small", "city")
    assert spec.entities == (EntitySpec("person"), EntitySpec("firm"), EntitySpec("city", "str"))
    assert spec.attributes == (
        AttributeSpec("tone", ("pos", "neg"), ("pos", "neg"), applies_to=frozenset({"person"})),
        AttributeSpec("size", ("big", "small"), ("size: big", "size: small"), True, 0.2),
    )
    assert schema.to_dict() == {
        "entities": {"person": {}, "firm": {}, "city": {"dtype": "str"}},
        "entity_attributes": {
            "tone": {"labels": ["pos", "neg"], "applies_to": ["person"]},
            "size": {
                "labels": ["big", "small"],
                "multi_label": True,
                "threshold": 0.2,
                "qualify_labels": True,
            },
        },
    }


def test_calling_again_replaces_the_groups() -> None:
    schema = Schema().entities(["person"]).entity_attributes({"a": AttributeGroup(["x", "y"])})
    schema.entity_attributes({"b": AttributeGroup(["y", "z"])})
    spec = compile_schema(schema)
    assert spec.entity_labels == ("person", "y", "z")
    assert [group.name for group in spec.attributes] == ["b"]
    schema.entity_attributes({})
    spec = compile_schema(schema)
    assert spec.entity_labels == ("person",) and spec.attributes == ()
    assert schema.to_dict() == {"entities": ["person"]}


def test_a_label_declared_as_a_type_later_is_a_type_once_the_groups_are_gone() -> None:
    schema = Schema().entities(["person"]).entity_attributes({"a": AttributeGroup(["x"])}).entities(["x"])
    assert [entity.name for entity in compile_schema(schema).entities] == ["person"]
    schema.entity_attributes(None)
    assert [entity.name for entity in compile_schema(schema).entities] == ["person", "x"]


def test_a_group_with_no_type_to_apply_to_is_allowed() -> None:
    schema = Schema().entities(["person"]).entity_attributes({"a": AttributeGroup(["x"], applies_to=[])})
    assert compile_schema(schema).attributes[0].applies_to == frozenset()


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (["x"], "entity_attributes: expected a dict of group name to AttributeGroup, got list"),
        ({"g": ["x"]}, "entity_attributes.g: expected an AttributeGroup, got list"),
        ({"": AttributeGroup(["x"])}, "the name is blank"),
        ({"text": AttributeGroup(["x"])}, "entity_attributes.text: 'text' is already a key of an entity"),
        ({"g": AttributeGroup([])}, "entity_attributes.g.labels: the list is empty"),
        ({"g": AttributeGroup("xy")}, "entity_attributes.g.labels: expected a list of labels, got 'xy'"),
        ({"g": AttributeGroup(["x", ""])}, "entity_attributes.g.labels[1]: the name is blank"),
        ({"g": AttributeGroup(["x", 5])}, "entity_attributes.g.labels[1]: expected a string"),
        ({"g": AttributeGroup(["x", "x"])}, "entity_attributes.g.labels[1]: 'x' is already a label of 'g'"),
        (
            {"g": AttributeGroup(["x"]), "h": AttributeGroup(["x"], qualify_labels=True)},
            "entity_attributes.h.labels[0]: 'x' is already a label of 'g'",
        ),
        (
            {"g": AttributeGroup(["x"], threshold=1.1)},
            "entity_attributes.g.threshold: 1.1 is not a threshold",
        ),
        ({"g": AttributeGroup(["x"], threshold=None)}, "entity_attributes.g.threshold"),
        ({"g": AttributeGroup(["x"], applies_to=["y"])}, "applies_to: 'y' is not a declared entity type"),
        ({"g": AttributeGroup(["x"], applies_to="person")}, "applies_to: expected a list of entity types"),
        ({"g": AttributeGroup(["person"])}, "label 'person' is also an entity type; set qualify_labels=True"),
    ],
)
def test_mistakes(groups: Any, message: str) -> None:
    with pytest.raises(SchemaError, match=re.escape(message)):
        Schema().entities(["person"]).entity_attributes(groups)


def test_entities_come_first() -> None:
    with pytest.raises(SchemaError, match="call entities"):
        Schema().entity_attributes({"g": AttributeGroup(["x"])})


def test_a_wrong_type_is_a_type_error() -> None:
    with pytest.raises(SchemaTypeError):
        Schema().entities(["person"]).entity_attributes({"g": "x"})  # type: ignore[dict-item]


def test_groups_compare_by_value() -> None:
    assert AttributeGroup(["a"]) == AttributeGroup(["a"], False, 0.5, None, False)
    assert AttributeGroup(["a"]) != AttributeGroup(["b"])
