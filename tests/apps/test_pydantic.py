"""Pydantic models as schemas: known by what they have, since the runtime never imports Pydantic."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Generic, Literal, Optional, TypeVar

import pytest
from pydantic import AliasChoices, AliasPath, BaseModel, Field, PositiveInt
from pydantic.dataclasses import dataclass as pydantic_dataclass

from gliner2_lite import AnswerError, GLiNER2, Schema, SchemaError, instances


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


FOUND = {
    "Invoice": [{"number": "4711", "kind": "offer", "count": "2", "due": "soon", "tags": []}],
    "Invoice.customer": [{"name": "Ann", "email": None}],
}


def test_results_become_instances() -> None:
    customer = Customer(name="Ann")
    assert instances(FOUND, Invoice) == [Invoice(number="4711", kind="offer", count=2, customer=customer)]
    assert instances(FOUND, Invoice.model_json_schema()) == [
        {
            "number": "4711",
            "kind": "offer",
            "count": 2,
            "due": "soon",
            "customer": {"name": "Ann"},
        }
    ]


def test_what_a_constraint_refuses_is_an_answer_error() -> None:
    record = {**FOUND["Invoice"][0], "count": "-2"}
    with pytest.raises(AnswerError, match=re.escape("Invoice[0]: 1 validation error for Invoice\ncount")):
        instances({**FOUND, "Invoice": [record]}, Invoice)


def test_instances_are_made_by_alias() -> None:
    class Aliased(BaseModel):
        number: str = Field(alias="no")
        total: float = Field(validation_alias=AliasChoices("sum", "amount"))

    [made] = instances({"Aliased": [{"number": "1", "total": "$2.50"}]}, Aliased)
    assert (made.number, made.total) == ("1", 2.5)


def test_from_a_text(tiny: GLiNER2) -> None:
    class Product(BaseModel):
        name: str
        price: float

    text = "The iPhone 15 costs $999. The Pixel 8 costs $699."
    assert instances(tiny.extract_json(text, Product), Product) == [
        Product(name="iPhone 15", price=999), Product(name="Pixel 8", price=699)
    ]  # fmt: skip
