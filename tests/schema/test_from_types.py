"""Dataclasses and TypedDicts read by their annotations; Pydantic models: tests/apps/test_pydantic.py."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, ClassVar, Literal, NewType, Optional, TypedDict, Union

import pytest

from gliner2_lite.errors import SchemaError
from gliner2_lite.schema.from_types import is_model, read_class

Number = NewType("Number", str)


class Colour(Enum):
    RED = "red"
    BLUE = 2


@dataclass
class Item:
    product: str
    price: float


@dataclass
class Everything:
    kept: ClassVar[int] = 3
    name: str
    count: int = field(metadata={"description": "How many"})
    amount: Decimal
    on: date
    paid: bool
    number: Number
    noted: Annotated[str, "anything"]
    colour: Colour
    size: Literal["S", "M", 3]
    maybe: Literal["yes", None]
    old: Optional[int]  # noqa: UP045
    new: int | None
    tags: list[str]
    few: tuple[float, ...]
    many: Sequence[str]
    bare: list  # type: ignore[type-arg]
    sizes: list[Literal["S", "M"]]
    holes: set[int | None]
    item: Item
    items: list[Item] | None
    first: str = ""
    last: list[str] = field(default_factory=list)
    made: str = field(init=False, default="")


FIELDS = {found.name: found for found in read_class(Everything, "Everything").fields}


def values(name: str, *attributes: str) -> Any:
    return tuple(getattr(FIELDS[name].value, attribute) for attribute in attributes)


def test_every_field_of_the_constructor_is_read_in_its_order() -> None:
    assert list(FIELDS) == [found.name for found in dataclasses.fields(Everything) if found.init]
    assert [name for name, found in FIELDS.items() if not found.required] == ["first", "last"]
    assert {name: found.description for name, found in FIELDS.items() if found.description} == {
        "count": "How many"
    }


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("name", "text"), ("count", "whole number"), ("amount", "decimal number"), ("on", "date"),
        ("paid", "flag"), ("number", "text"), ("noted", "text"), ("old", "whole number"),
    ],
)  # fmt: skip
def test_single_values(name: str, kind: str) -> None:
    assert values(name, "kind", "choices", "many", "nested") == (kind, None, None, None)


def test_literals_and_enums_are_choices() -> None:
    assert values("colour", "choices") == ({"red": Colour.RED, "BLUE": Colour.BLUE},)
    assert values("size", "choices", "optional") == ({"S": "S", "M": "M", "3": 3}, False)
    assert values("maybe", "choices", "optional") == ({"yes": "yes"}, True)
    assert values("sizes", "choices", "many") == ({"S": "S", "M": "M"}, list)


def test_none_is_allowed_where_the_annotation_says_so() -> None:
    assert [name for name in FIELDS if FIELDS[name].value.optional] == ["maybe", "old", "new", "items"]
    assert values("holes", "kind", "many", "optional_items") == ("whole number", set, True)


def test_collections() -> None:
    assert [values(name, "kind", "many") for name in ("tags", "few", "many", "bare")] == [
        ("text", list), ("number", tuple), ("text", list), ("text", list),
    ]  # fmt: skip


def test_nested_classes_are_records_named_after_their_place() -> None:
    assert FIELDS["item"].value.nested == read_class(Item, "Everything.item")
    nested = FIELDS["items"].value.nested
    assert nested is not None and nested.name == "Everything.items" and nested.make is Item
    assert values("items", "many", "optional") == (list, True)


def test_typed_dicts_have_required_keys() -> None:
    class Row(TypedDict):
        name: str

    class Wide(Row, total=False):
        count: int

    shape = read_class(Wide, "Wide")
    assert [(found.name, found.required) for found in shape.fields] == [("name", True), ("count", False)]
    assert shape.make(name="a") == {"name": "a"}


def test_what_is_a_model() -> None:
    assert is_model(Item) and not is_model(Item("a", 1.0))
    assert not is_model(str) and not is_model(dict) and not is_model({"type": "object"})


@dataclass
class Node:
    name: str
    parent: Node | None


def made(annotation: Any) -> type[Any]:
    return dataclasses.make_dataclass("Made", [("value", annotation)])


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            made(dict[str, int]),
            "Made.value: a dict, whose keys are not known, cannot be asked for; write a class",
        ),
        (made(Union[Item, Node]), "Made.value: a union of models, "),  # noqa: UP007
        (
            made(int | str),
            "Made.value: a union, int | str, cannot be asked for; write one of them, or a field",
        ),
        (
            made(tuple[str, int]),
            "Made.value: a tuple of several types cannot be asked for; write tuple[str, ...]",
        ),
        (made(list[list[str]]), "Made.value: a list of lists cannot be asked for; write a list of a class"),
        (made(bytes), "Made.value: <class 'bytes'> cannot be asked for; write one of str, int, float"),
        (made(Any), "Made.value: typing.Any cannot be asked for; write one of str"),
        (made(Literal[None]), "Made.value: None alone cannot be asked for"),
        (made(Node), "Made.value.parent: a Node within itself cannot be asked for; leave the field out"),
        (made([int]), "Made.value: [<class 'int'>] cannot be asked for; write one of str"),
        (made(Enum("Nothing", [])), "Made.value: Nothing, an Enum without members, cannot be asked for"),
        (made("int |"), "Made: an annotation cannot be read ("),
        (made("int.x"), "Made: an annotation cannot be read ("),
        (Node, "Node.parent: a Node within itself"),
        (made("Nowhere"), "Made: an annotation names a type that is not known there (name 'Nowhere'"),
        (dataclasses.make_dataclass("Empty", []), "Empty: Empty has no fields; give it at least one"),
    ],
    ids=str,
)
def test_what_cannot_be_asked_for_is_named(model: type[Any], message: str) -> None:
    with pytest.raises(SchemaError, match=re.escape(message)):
        read_class(model, model.__name__)
