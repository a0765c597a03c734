"""Schema → prompt words, laid out as the reference lays them out."""

from __future__ import annotations

import pytest

from gliner2_lite import Schema, SchemaError
from gliner2_lite.prompt.layout import Prompt, build_prompt
from gliner2_lite.schema import StructureBuilder, compile_schema


def prompt(schema: Schema | StructureBuilder) -> Prompt:
    return build_prompt(compile_schema(schema))


def lines(schema: Schema | StructureBuilder) -> list[str]:
    return ["|".join(task.words) for task in prompt(schema).tasks]


def test_tasks_stand_in_a_fixed_order_whatever_the_calls() -> None:
    schema = (
        Schema().classification("mood", ["glad", "sad"]).relations(["knows"]).entities(["person", "city"])
    )
    schema = schema.structure("order").field("item").field("price")
    assert lines(schema) == [
        "(|[P]|order|(|[C]|item|[C]|price|)|)",
        "(|[P]|entities|(|[E]|person|[E]|city|)|)",
        "(|[P]|knows|(|[R]|head|[R]|tail|)|)",
        "(|[P]|mood|(|[L]|glad|[L]|sad|)|)",
    ]


def test_descriptions_prompts_and_examples_are_part_of_one_word() -> None:
    schema = (
        Schema()
        .entities({"person": "a human", "city": ""})
        .relations({"knows": "is acquainted with"})
        .classification(
            "mood",
            {"glad": "happy", "sad": "unhappy"},
            prompt="how it feels",
            examples=[["yay", "glad"], ["hm", "meh"]],
        )
    )
    heads = [task.words[2] for task in prompt(schema).tasks]
    assert heads == [
        "entities [DESCRIPTION] person: a human [DESCRIPTION] city: ",
        "knows: is acquainted with",
        "mood: how it feels [DESCRIPTION] glad: happy [DESCRIPTION] sad: unhappy [EXAMPLE] yay [OUTPUT] glad",
    ]
    assert [task.key for task in prompt(schema).tasks] == ["entities", "knows: is acquainted with", "mood"]


def test_described_relations_have_a_name_beside_their_key() -> None:
    schema = Schema().relations({"knows": "is acquainted with", "likes": {}})
    assert prompt(schema).relation_names == {"knows: is acquainted with": "knows"}
    assert prompt(Schema().relations(["knows"])).relation_names == {}


def test_a_relation_keeps_its_key_where_its_name_is_that_of_another_task() -> None:
    described = {"knows": "is acquainted with"}
    assert prompt(Schema().relations(described).classification("knows", ["a", "b"])).relation_names == {}
    assert prompt(Schema().relations(described).structure("knows").field("who")).relation_names == {}
    same_key = Schema().relations(described).relations(["knows: is acquainted with"])
    assert prompt(same_key).relation_names == {}


def test_types_of_ends_are_known_by_key_and_by_name() -> None:
    types = {"knows": {"head": ["person"], "description": "is acquainted with"}, "likes": {}}
    ends = prompt(Schema().entities(["person"]).relations(types)).relation_ends
    assert ends == dict.fromkeys(["knows: is acquainted with", "knows"], (("person",), None))


def test_choices_stand_before_the_text_one_group_per_declaration() -> None:
    schema = Schema()
    schema.structure("prod").field("name").field("color", choices=["Red", "dark green"]).field(
        "size", choices=["S"]
    )
    schema.structure("second").field("kind", choices=["x"])
    assert "|".join(prompt(schema).prefix) == (
        "(|prod:|color|(|Red|||dark green|)|,|size|(|S|)|)|(|second:|kind|(|x|)|)"
    )


def test_every_task_knows_where_its_markers_stand() -> None:
    first, second = prompt(Schema().entities(["a", "b"]).classification("t", ["x", "y", "z"])).tasks
    assert [first.words[index] for index in first.marker_indices] == ["[E]"] * 2
    assert [second.words[index] for index in second.marker_indices] == ["[L]"] * 3


def test_an_empty_schema_has_no_tasks() -> None:
    assert prompt(Schema()).tasks == ()


def test_tasks_whose_prompts_cannot_be_told_apart_are_refused() -> None:
    schema = (
        Schema()
        .classification("topic", ["a", "b"], prompt="news")
        .classification("topic: news", ["a", "b", "c"])
    )
    with pytest.raises(SchemaError, match="'topic' cannot be told from task 'topic: news'"):
        prompt(schema)
