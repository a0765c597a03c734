"""Writing the friendly dict form: what was read comes out again, defaults left out."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from gliner2_lite.schema import Schema, compile_schema
from tests.schema.strategies import friendly_dicts
from tests.schema.test_friendly_read import FULL


def test_everything_is_read_and_written() -> None:
    assert Schema.from_dict(FULL).to_dict() == FULL


def test_a_structure_keeps_its_fields_beside_a_relation_of_its_name() -> None:
    data = {
        "structures": {"sale": {"fields": [{"name": "buyer", "dtype": "str"}, {"name": "price"}]}},
        "relations": ["sale"],
    }
    assert Schema.from_dict(data).to_dict() == data


@given(friendly_dicts(plain=True))
def test_round_trip(data: dict[str, Any]) -> None:
    schema = Schema.from_dict(data)
    written = schema.to_dict()
    again = Schema.from_dict(written)
    assert again.to_dict() == written
    # An empty entity description reaches the prompt but cannot be told from none in the friendly form.
    if "" not in schema.build()["entity_descriptions"].values():
        assert compile_schema(again) == compile_schema(schema)
    assert set(written) == {key for key, value in data.items() if value}


def test_defaults_and_validators_are_left_out() -> None:
    schema = (
        Schema().entities({"a": {"dtype": "list", "validators": []}}).relations({"r": {"threshold": None}})
    )
    schema.classification("t", ["x", "y"], cls_threshold=0.5, class_act=None, examples=[], abstain=False)
    schema.structure("s").field("f", dtype="list", choices=[], description="")
    assert schema.to_dict() == {
        "entities": ["a"],
        "structures": {"s": {"fields": [{"name": "f"}]}},
        "classifications": [{"task": "t", "labels": ["x", "y"]}],
        "relations": ["r"],
    }


def test_a_task_that_may_abstain_keeps_that() -> None:
    schema = Schema().classification("t", ["x", "y"], abstain=True)
    written = schema.to_dict()
    assert written == {"classifications": [{"task": "t", "labels": ["x", "y"], "abstain": True}]}
    assert compile_schema(Schema.from_dict(written)) == compile_schema(schema)


def test_labels_without_a_description_are_not_lost() -> None:
    schema = Schema().classification("t", ["x", "y"], label_descriptions={"y": "why"})
    assert schema.to_dict()["classifications"] == [{"task": "t", "labels": {"x": "", "y": "why"}}]


def test_described_entities_alone_are_written_so_that_they_are_no_answers() -> None:
    schema = Schema().entities({"a": "x", "b": "y"})
    assert schema.to_dict() == {"entities": {"a": {"description": "x"}, "b": {"description": "y"}}}
    schema.classification("t", ["p", "q"])
    assert schema.to_dict()["entities"] == {"a": {"description": "x"}, "b": {"description": "y"}}
    schema.relations(["r"])  # which says that it is the friendly form
    assert schema.to_dict()["entities"] == {"a": "x", "b": "y"}
