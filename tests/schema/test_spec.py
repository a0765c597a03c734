"""The frozen form: cannot be changed, can be a key, and two of the same question are the same key."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import pytest

from gliner2_lite import AttributeGroup, RegexValidator, Schema
from gliner2_lite.schema import compile_schema, spec

SPECS = [
    value
    for _, value in inspect.getmembers(spec, inspect.isclass)
    if value.__module__ == spec.__name__ and dataclasses.is_dataclass(value)
]


def full() -> Schema:
    schema = Schema().entities({"a": {"validators": [RegexValidator("x+")]}})
    schema.entity_attributes({"tone": AttributeGroup(["p"], applies_to=["a"])})
    schema.structure("s", mode="natural").field("f", exclusive=True).field("g", choices=["x"])
    return schema.relations({"r": "d"}).classification("t", {"x": "y", "z": ""}, examples=[("i", "x")])


def parts(value: object) -> list[Any]:
    """Every spec inside a spec, itself included."""
    if dataclasses.is_dataclass(value) and type(value) in SPECS:
        fields = [getattr(value, field.name) for field in dataclasses.fields(value)]
        return [value, *(part for field in fields for part in parts(field))]
    return [part for item in value for part in parts(item)] if isinstance(value, tuple) else []


def test_every_kind_of_part_is_frozen_and_a_key() -> None:
    compiled = parts(compile_schema(full()))
    assert {type(part) for part in compiled} == set(SPECS)
    for part in compiled:
        name = dataclasses.fields(part)[0].name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(part, name, None)
        assert part in {part}


def test_the_same_question_twice_is_the_same_key() -> None:
    first, second = compile_schema(full()), compile_schema(full())
    assert first is not second and first == second and len({first, second}) == 1
    assert compile_schema(full().entities(["b"])) != first


def test_an_empty_spec_asks_nothing() -> None:
    assert compile_schema(Schema()) == spec.SchemaSpec()
    assert all(value == () for value in dataclasses.astuple(spec.SchemaSpec()))
