"""What decoding needs beside the processor dict, as the builders fill it."""

from __future__ import annotations

from gliner2_lite import AttributeGroup, Schema
from gliner2_lite.schema import compile_schema
from gliner2_lite.schema.schema_options import SchemaOptions, SpanOptions


def test_a_new_schema_says_nothing() -> None:
    assert Schema().options == SchemaOptions() and SchemaOptions().attribute_labels == frozenset()


def test_declarations_are_kept_by_name_and_the_last_one_counts() -> None:
    schema = (
        Schema().entities(["b", "a"], threshold=0.2).entities({"b": {"dtype": "str"}}).relations(["r"], 0.3)
    )
    schema.structure("s").field("f").field("g").structure("s").field("f", threshold=0.9).finish()
    options = schema.options
    assert list(options.entity_order) == ["b", "a"]
    assert options.entities == {"b": SpanOptions("str"), "a": SpanOptions("list", 0.2)}
    assert options.relation_thresholds == {"r": 0.3}
    assert options.fields == {("s", "f"): SpanOptions(threshold=0.9), ("s", "g"): SpanOptions()}
    assert options.field_orders == {"r": ["head", "tail"], "s": ["f"]}


def test_attribute_labels_are_those_of_the_prompt() -> None:
    groups = {"tone": AttributeGroup(["pos"]), "size": AttributeGroup(["big"], qualify_labels=True)}
    assert Schema().entities(["a"]).entity_attributes(groups).options.attribute_labels == {"pos", "size: big"}


def test_a_dot_in_a_name_does_not_make_two_fields_one() -> None:
    schema = Schema().structure("a.b").field("c", dtype="str", choices=["x"]).structure("a").field("b.c")
    dotted, plain = compile_schema(schema).structures
    assert (dotted.fields[0].dtype, dotted.fields[0].choices) == ("str", ("x",))
    assert (plain.fields[0].dtype, plain.fields[0].choices) == ("list", None)
    assert schema.to_dict()["structures"]["a"] == {"fields": [{"name": "b.c"}]}
