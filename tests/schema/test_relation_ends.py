"""The entity types that the ends of a relation may have."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gliner2_lite import Schema, SchemaError
from gliner2_lite.schema import compile_schema
from gliner2_lite.schema.convenience import relations_schema
from gliner2_lite.schema.relation_ends import RelationEnds, check_ends, read_types, with_ends
from gliner2_lite.schema.spec import EntitySpec, RelationSpec, SchemaSpec

TYPED: dict[str, Any] = {"works_for": {"head": ["person"], "tail": ["company", "agency"]}, "near": {}}


def typed(relations: Any = TYPED) -> Schema:
    return Schema().entities(["person", "company", "agency"]).relations(relations)


def test_types_are_names_and_none_says_nothing() -> None:
    assert read_types(["a", "b", "a"], "x") == ["a", "b"] and read_types(None, "x") is None
    assert check_ends({"tail": ["a"]}, "x") == RelationEnds(None, ("a",))
    assert not any(check_ends({"description": "d"}, "x"))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"head": "person"}, "relations.works_for.head: expected a list of entity types, got str 'person'"),
        ({"tail": []}, "relations.works_for.tail: the list is empty"),
        ({"tail": ["person", ""]}, "relations.works_for.tail[1]: the name is blank"),
        ({"tail": ["person", 5]}, "relations.works_for.tail[1]: expected a string"),
        ({"tail": ["persn"]}, "relations.works_for.tail: 'persn' is not an entity type of this schema"),
    ],
)
def test_mistakes_are_named_in_every_form(config: Any, message: str) -> None:
    forms = [
        lambda: typed({"works_for": config}),
        lambda: Schema.from_dict({"entities": ["person"], "relations": {"works_for": config}}),
    ]
    for form in forms:
        with pytest.raises(SchemaError, match=re.escape(message)):
            compile_schema(form())


def test_a_schema_without_the_entities_says_so() -> None:
    with pytest.raises(SchemaError, match=r"'person' is not an entity type of this schema, which has \[\]"):
        compile_schema(relations_schema(TYPED))


def test_ends_join_the_relations_whichever_was_declared_first() -> None:
    spec = compile_schema(typed())
    assert spec.relations == (
        RelationSpec("works_for", head_types=("person",), tail_types=("company", "agency")),
        RelationSpec("near"),
    )
    later = Schema().relations(TYPED).entities(["person", "company", "agency"])
    assert compile_schema(later) == spec
    assert compile_schema(typed().relations(["works_for"])).relations[0] == RelationSpec("works_for")
    plain = SchemaSpec(entities=(EntitySpec("a"),), relations=(RelationSpec("r"),))
    assert with_ends(plain, {}) is plain and with_ends(plain, {"q": RelationEnds(("a",))}) == plain


def test_a_schema_keeps_them_when_it_is_written_and_read() -> None:
    written = typed().to_dict()
    assert written["relations"] == TYPED
    assert compile_schema(Schema.from_dict(written)) == compile_schema(typed())
    head = {"r": {"threshold": 0.5, "head": ["person"]}}
    assert typed(head).to_dict()["relations"] == head
