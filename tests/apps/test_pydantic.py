"""Pydantic models as schemas: known by what they have, since the runtime never imports Pydantic."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Generic, Literal, Optional, TypeVar

import pytest
from pydantic import AliasChoices, AliasPath, BaseModel, Field, PositiveInt
from pydantic.dataclasses import dataclass as pydantic_dataclass

from gliner2_lite import Schema, SchemaError


class Customer(BaseModel):
    name: str
    email: str | None = None


class Invoice(BaseModel):
    number: str = Field(description="As printed")
    kind: Literal["offer", "bill"] = "bill"
    count: PositiveInt
    due: Optional[date] = None  # noqa: UP045
    tags: list[str] = Field(default_factory=list)
    customer: Customer


class Node(BaseModel):
    name: str
    parent: Node | None = None


def test_a_model_becomes_structures() -> None:
    assert Schema.from_model(Invoice).to_dict()["structures"] == {
        "Invoice": {
            "fields": [
                {"name": "number", "dtype": "str", "description": "As printed"},
                {"name": "kind", "dtype": "str", "choices": ["offer", "bill"]},
                {"name": "count", "dtype": "str"},
                {"name": "due", "dtype": "str"},
                {"name": "tags"},
            ]
        },
        "Invoice.customer": {"fields": [{"name": "name", "dtype": "str"}, {"name": "email", "dtype": "str"}]},
    }


def test_the_json_schema_of_a_model_asks_the_same() -> None:
    written = Schema.from_model(Invoice.model_json_schema())
    assert written.to_dict() == Schema.from_model(Invoice).to_dict()


def test_generic_models_and_pydantic_dataclasses() -> None:
    Inner = TypeVar("Inner")

    class Box(BaseModel, Generic[Inner]):
        value: Inner

    @pydantic_dataclass
    class Point:
        x: int = Field(description="Across")

    assert list(Schema.from_model(Box[int]).to_dict()["structures"]) == ["Box[int]"]
    assert Schema.from_model(Point).to_dict()["structures"]["Point"]["fields"] == [
        {"name": "x", "dtype": "str", "description": "Across"}
    ]


class Dicts(BaseModel):
    values: dict[str, int]


class Unions(BaseModel):
    value: Customer | Node


class Unknown(BaseModel):
    value: "Nowhere"  # type: ignore[name-defined] # noqa: F821, UP037


class Paths(BaseModel):
    value: str = Field(validation_alias=AliasPath("a", 0))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Dicts, "Dicts.values: a dict, whose keys are not known, cannot be asked for; write a class"),
        (Unions, "Unions.value: a union of models, "),
        (Node, "Node.parent: a Node within itself cannot be asked for"),
        (Unknown, "Unknown: an annotation names a type that is not known there"),
        (Paths, "Paths.value: an AliasPath is not a name; write the alias as text"),
    ],
)
def test_what_cannot_be_asked_for_is_named(model: type[Any], message: str) -> None:
    with pytest.raises(SchemaError, match=re.escape(message)):
        Schema.from_model(model)


def test_aliases_do_not_change_the_question() -> None:
    class Aliased(BaseModel):
        number: str = Field(alias="no")
        total: str = Field(validation_alias=AliasChoices("sum", "amount"))

    fields = Schema.from_model(Aliased).to_dict()["structures"]["Aliased"]["fields"]
    assert [found["name"] for found in fields] == ["number", "total"]
