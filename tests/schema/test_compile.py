"""compile_schema: merging rules of the builder, and processor dicts."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gliner2_lite.errors import SchemaError, SchemaTypeError
from gliner2_lite.schema import (
    ChoiceGroup,
    ClassificationSpec,
    EntitySpec,
    FieldSpec,
    RegexValidator,
    RelationSpec,
    Schema,
    SchemaSpec,
    StructureSpec,
    compile_schema,
)


def test_nothing() -> None:
    assert compile_schema(Schema()) == compile_schema({}) == SchemaSpec()
    assert compile_schema(Schema().entities([]).structure("s")) == SchemaSpec()


def test_a_builder_compiles_like_its_schema() -> None:
    schema = Schema()
    builder = schema.structure("s").field("a")
    assert compile_schema(builder) == compile_schema(schema)
    assert compile_schema(builder).structures[0].prompt_fields == ("a",)


def test_a_structure_declared_twice() -> None:
    digits = RegexValidator("[0-9]+")
    schema = (
        Schema()
        .structure("s")
        .field("a", dtype="str", threshold=0.1, description="first")
        .field("b", choices=["x", "y"])
        .field("c", description="gone")
        .structure("t")
        .field("k", choices=["z"])
        .structure("s")
        .field("d", validators=[digits])
        .field("b", dtype="str", threshold=0.9)
        .field("a", choices=["p"])
        .field("a", dtype="str", choices=["q", "q"], description="second")
    )
    spec = compile_schema(schema)
    assert spec.structures == (
        StructureSpec(
            name="s",
            prompt_fields=("a", "b", "c", "d"),
            fields=(
                FieldSpec("d", validators=(digits,)),
                FieldSpec("b", "str", 0.9, choices=("x", "y")),
                FieldSpec("a", "str", choices=("q", "q")),
            ),
            descriptions=(("a", "second"),),
        ),
        StructureSpec("t", ("k",), (FieldSpec("k", choices=("z",)),)),
    )
    assert spec.choice_groups == (
        ChoiceGroup("s", (("b", ("x", "y")),)),
        ChoiceGroup("t", (("k", ("z",)),)),
        ChoiceGroup("s", (("a", ("q", "q")),)),
    )


def test_a_structure_keeps_the_place_of_its_first_entry_even_without_fields() -> None:
    schema = Schema().structure("b").structure("a").field("x").structure("b").field("y").structure("c")
    assert [structure.name for structure in compile_schema(schema).structures] == ["b", "a"]


def test_descriptions_stay_when_the_later_declaration_has_none() -> None:
    schema = Schema().structure("s").field("a", description="kept").structure("s").field("a")
    assert compile_schema(schema).structures[0].descriptions == (("a", "kept"),)


def test_descriptions_follow_their_own_order_and_the_labels_of_the_task() -> None:
    schema = Schema().entities({"b": "1"}).entities(["a"]).entities({"c": "", "a": "2", "b": "3"})
    spec = compile_schema(schema)
    assert spec.entity_labels == ("b", "a", "c")
    assert spec.entity_descriptions == (("b", "3"), ("c", ""), ("a", "2"))
    schema = Schema().classification("t", ["a", "b"], label_descriptions={"b": "x", "other": "y", "a": ""})
    assert compile_schema(schema).classifications[0].descriptions == (("b", "x"), ("a", ""))


def test_a_relation_declared_twice() -> None:
    schema = Schema().relations({"r": "first"}, threshold=0.1).relations(["q", "r"], threshold=0.2)
    spec = compile_schema(schema)
    assert [relation.name for relation in spec.relations] == ["r", "q"]
    assert spec.requested_relations == ("r", "q")
    assert spec.relations[0].description == "first"


def test_a_described_relation_does_not_find_its_own_threshold() -> None:
    schema = Schema().relations({"r": {"description": "d", "threshold": 0.1}, "q": {"threshold": 0.2}})
    assert compile_schema(schema).relations == (
        RelationSpec("r", description="d"),
        RelationSpec("q", threshold=0.2),
    )
    schema.relations({"r: d": {"threshold": 0.3}})
    assert compile_schema(schema).relations[0].threshold == 0.3


def test_classification_options() -> None:
    examples = [("one", "a"), ["two", "b"], ("three", "other")]
    schema = (
        Schema()
        .classification(
            "t", ["a", "b", "a"], True, 0.2, 3, class_act="softmax", prompt="p", examples=examples
        )
        .classification("u", ["a"], class_act=None, prompt="", examples=None)
    )
    assert compile_schema(schema).classifications == (
        ClassificationSpec(
            task="t",
            labels=("a", "b", "a"),
            multi_label=True,
            threshold=0.2,
            top_k=3,
            class_act="softmax",
            prompt="p",
            examples=(("one", "a"), ("two", "b")),
        ),
        ClassificationSpec("u", ("a",)),
    )


def test_abstain_is_part_of_the_processor_dict_only_where_it_is_asked_for() -> None:
    for abstain in (True, False):
        schema = Schema().classification("t", ["a"], abstain=abstain)
        assert ("abstain" in schema.build()["classifications"][0]) is abstain
        assert compile_schema(schema).classifications == (ClassificationSpec("t", ("a",), abstain=abstain),)
    processor = {"classifications": [{"task": "t", "labels": ["a"], "multi_label": True, "abstain": True}]}
    with pytest.raises(SchemaError, match=r"classifications\[0\].abstain: only a task that answers with one"):
        compile_schema(processor)


def test_the_markers_name_cuts_the_structure_that_decoding_looks_up() -> None:
    schema = (
        Schema()
        .structure("s [DESCRIPTION] x")
        .field("a", dtype="str")
        .structure("s")
        .field("b")
        .field("a", threshold=0.1)
    )
    long, short = compile_schema(schema).structures
    assert long.fields == (FieldSpec("a", threshold=0.1),)
    assert [field.name for field in short.fields] == ["b", "a"]


def test_a_relation_of_the_same_name_takes_over_the_fields_of_the_result() -> None:
    schema = Schema().structure("x").field("tail").field("a").relations(["x"])
    structure = compile_schema(schema).structures[0]
    assert structure.prompt_fields == ("tail", "a")
    assert [field.name for field in structure.fields] == ["tail"]


def test_specs_do_not_follow_later_changes() -> None:
    schema = Schema().entities(["a"])
    spec = compile_schema(schema)
    schema.entities(["b"])
    assert spec.entity_labels == ("a",) and compile_schema(schema).entity_labels == ("a", "b")


RAW: dict[str, Any] = {
    "entities": ["a", "b", "a"],
    "entity_descriptions": {"b": "x", "other": "y"},
    "relations": [{"r": {"head": "", "tail": ""}}, {"q": {"from": "", "to": ""}, "r": {"x": ""}}],
    "relation_descriptions": {"r": "", "q": "d"},
    "json_structures": [
        {"s": {"f": "", "k": {"value": "", "choices": ["x", "y"]}}},
        {"s": {"g": ["gold", None]}, "t": {"k": {"value": "x", "choices": []}}},
    ],
    "json_descriptions": {"s": {"g": "", "f": "z"}, "other": {}},
    "classifications": [{"task": "c", "labels": ["p", "n"], "true_label": "p", "multi_label": None}],
    "record_metadata": {},
}


def test_a_processor_dict() -> None:
    assert compile_schema(RAW) == SchemaSpec(
        structures=(
            StructureSpec(
                "s",
                ("f", "k", "g"),
                (FieldSpec("f"), FieldSpec("k", choices=("x", "y")), FieldSpec("g")),
                (("g", ""), ("f", "z")),
            ),
            StructureSpec("t", ("k",), (FieldSpec("k", choices=()),)),
        ),
        choice_groups=(ChoiceGroup("s", (("k", ("x", "y")),)), ChoiceGroup("t", (("k", ()),))),
        entity_labels=("a", "b"),
        entities=(EntitySpec("a"), EntitySpec("b")),
        entity_descriptions=(("b", "x"),),
        relations=(RelationSpec("r"), RelationSpec("q", ("from", "to"), "d")),
        classifications=(ClassificationSpec("c", ("p", "n")),),
    )


def test_what_a_schema_builds_is_a_processor_dict_without_its_options() -> None:
    schema = Schema().entities({"a": {"dtype": "str"}}).relations(["r"])
    schema.structure("s", mode="latent").field("f", dtype="str")
    spec = compile_schema(schema.build())
    assert spec.entities == (EntitySpec("a"),) and spec.structures[0].fields == (FieldSpec("f"),)
    assert spec.relations == (RelationSpec("r"),) and spec.requested_relations == ()


@pytest.mark.parametrize(
    "raw",
    [
        {"entities": {"a": "gold text", "b": ["x", None], "c": None, "d": 5}},
        {"entities": {"a": {"text": "Tim", "start": 0, "end": 3}}},
        {"entities": ["a"], "entity_descriptions": None, "record_metadata": None},
        {"json_structures": [{"s": {"f": ""}}], "json_descriptions": {"s": None}},
        {"classifications": [{"task": "c", "labels": ["p"], "cls_threshold": None, "top_k": None}]},
        {"entities": []},
    ],
)
def test_processor_dicts_that_are_fine(raw: dict[str, Any]) -> None:
    compile_schema(raw)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (None, "schema: expected a gliner2_lite Schema or a dict, got NoneType"),
        (["person"], "got list"),
        ({"structures": {}}, "structures: the dict is empty; declare at least one"),
        ({"entity_attributes": {}}, "schema: nothing to extract"),
        (
            {"labels": ["a"]},
            "schema.labels: unknown key; known: classifications, entities, entity_attributes",
        ),
        ({"entity": ["a"]}, "did you mean 'entities'?"),
        ({"entities": "person"}, "entities: expected a list or dict of entity types, got 'person'"),
        ({"entities": None}, "entities: expected a list or dict"),
        ({"entities": [1]}, "entities[0]: expected a string, got int 1"),
        ({"entities": ["[P]"]}, "entities[0]: '[P]' is a marker of the prompt"),
        (
            {"entities": {"a": {"threshhold": 1}}},
            "entities.a.threshhold: unknown key; did you mean",
        ),
        (
            {"entities": {"a": {"description": "x"}}, "entity_descriptions": {}},
            "schema: entities.a belongs to the friendly form (Schema.from_dict)",
        ),
        ({"entities": ["a"], "entity_descriptions": ["x"]}, "entity_descriptions: expected a dict"),
        ({"entities": ["a"], "entity_descriptions": {"a": 5}}, "entity_descriptions.a: expected a string"),
        ({"relations": [5]}, "relations[0]: expected a dict of relation name to fields, got int 5"),
        ({"relations": {}}, "relations: the dict is empty"),
        ({"relations": [{"r": ["head"]}]}, "relations[0].r: expected a dict of field name to value"),
        ({"relations": [{"r": {}}]}, "relations[0].r: the relation has no roles"),
        ({"relations": [{"r": {"": ""}}]}, "relations[0].r: the name is blank"),
        (
            {"relation_descriptions": {"r": 1}, "relations": [{"r": {"head": "", "tail": ""}}]},
            "relation_descr",
        ),
        ({"json_structures": {"s": {}}}, "json_structures: expected a list of {structure name: fields}"),
        ({"json_structures": None}, "json_structures: expected a list"),
        (
            {"json_structures": [{"s": {"f": {"choices": ["x"]}}}]},
            "json_structures[0].s.f: a choice field reads",
        ),
        ({"json_structures": [{"s": {"f": {"dtype": "str"}}}]}, 'json_structures[0].s.f: expected "" here'),
        (
            {"json_structures": [{"s": {"f": {"value": "", "choices": ("x",)}}}]},
            "json_structures[0].s.f.choices: expected a list of choices, got tuple",
        ),
        (
            {"json_structures": [{"s": {"f": ""}}], "json_descriptions": {"s": "x"}},
            "json_descriptions.s: expected",
        ),
        ({"classifications": {"c": ["a"]}}, "classifications: expected a list of classification tasks"),
        ({"classifications": [{"task": "c"}]}, "classifications[0]: 'labels' is missing"),
        ({"classifications": [{"labels": ["c"]}]}, "classifications[0]: 'task' is missing"),
        ({"classifications": [{"task": "c", "labels": []}]}, "classifications[0].labels: the list is empty"),
        (
            {"classifications": [{"task": "c", "labels": {"a": "x"}}]},
            "classifications[0].labels: 1 given; a task needs at least two labels",
        ),
        ({"classifications": [{"task": "c", "labels": ["a"], "x": 1}]}, "classifications[0].x: unknown key"),
        (
            {"classifications": [{"task": "c", "labels": ["a"], "class_act": "soft"}]},
            "classifications[0].class_act: 'soft' is unknown; write one of auto, sigmoid, softmax",
        ),
        (
            {"classifications": [{"task": "c", "labels": ["a"], "cls_threshold": 7}]},
            "classifications[0].cls_threshold: 7.0 is not a threshold",
        ),
    ],
)
def test_mistakes_are_named(schema: Any, message: str) -> None:
    with pytest.raises(SchemaError, match=re.escape(message)):
        compile_schema(schema)


def test_a_wrong_type_is_a_type_error() -> None:
    with pytest.raises(SchemaTypeError):
        compile_schema(5)  # type: ignore[arg-type]


def test_changes_of_the_built_dict_are_checked_too() -> None:
    schema = Schema().entities(["a"])
    schema.build()["entities"]["[E]"] = ""
    with pytest.raises(SchemaError, match=re.escape("'[E]' is a marker")):
        compile_schema(schema)


def test_importing_the_schema_layer_loads_nothing_heavy() -> None:
    import subprocess
    import sys

    code = (
        "import sys, gliner2_lite.schema; heavy = {'numpy', 'onnxruntime', 'tokenizers', 'huggingface_hub'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "[]"
