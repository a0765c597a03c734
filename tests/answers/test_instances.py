"""Results as instances: types, defaults, what is missing, and which nested record belongs where."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, make_dataclass
from datetime import date
from enum import Enum
from typing import Any, Literal, TypedDict

import pytest

from gliner2_lite import GLiNER2, Schema
from gliner2_lite.answers.instances import instances
from gliner2_lite.errors import AnswerError, GLiNER2LiteError, InputError, InputTypeError, SchemaTypeError


class Colour(Enum):
    RED = "red"
    BLUE = 2


@dataclass
class Product:
    name: str
    price: float | None
    count: int = 1
    colour: Colour = Colour.RED
    sizes: tuple[Literal["S", "M", 3], ...] = ()
    dates: list[date] = field(default_factory=list)


@dataclass
class Customer:
    name: str


@dataclass
class Order:
    number: int
    customer: Customer
    second: Customer | None = None
    products: list[Product] = field(default_factory=list)


PRODUCT = {"name": "desk", "price": None, "count": None, "colour": None, "sizes": [], "dates": []}
NOBODY = {"Order.second": [], "Order.products": []}


def products(**values: Any) -> list[Product]:
    return instances({"Product": [{**PRODUCT, **values}]}, Product)


def spread(value: Any) -> Any:
    """A value as confidences and spans make it."""
    if isinstance(value, list):
        return [spread(item) for item in value]
    return None if value is None else {"text": value, "confidence": 0.5, "start": 0, "end": 1}


def test_values_have_their_types() -> None:
    found = {
        "name": "desk", "price": "$1,250", "count": "2", "colour": "BLUE", "sizes": ["M", "3"],
        "dates": ["2024-05-31"],
    }  # fmt: skip
    expected = Product("desk", 1250.0, 2, Colour.BLUE, ("M", 3), [date(2024, 5, 31)])
    assert products(**found) == products(**{key: spread(value) for key, value in found.items()}) == [expected]


def test_nothing_found_is_the_default_or_none() -> None:
    assert products() == [Product("desk", None)]
    assert instances({"Product": []}, Product) == instances({"Product": {}}, Product) == []


def test_a_text_that_does_not_convert_is_none_where_it_may_be() -> None:
    assert products(price="about five") == [Product("desk", None)]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"name": None},
            "Product[0].name: nothing was found for it; let the field be None, or give it a default",
        ),
        (
            {"count": "two"},
            "Product[0].count: 'two' is not a whole number; let the field be None, or make it a str",
        ),
        ({"colour": "green"}, "Product[0].colour: 'green' is not one of red, BLUE"),
        ({"dates": ["2024-05-31", "May"]}, "Product[0].dates[1]: 'May' is not a date"),
    ],
)
def test_other_texts_are_errors_that_name_field_and_text(values: dict[str, Any], message: str) -> None:
    with pytest.raises(AnswerError, match=re.escape(message)) as caught:
        products(**values)
    assert isinstance(caught.value, GLiNER2LiteError) and isinstance(caught.value, ValueError)


def test_what_the_class_refuses_is_an_answer_error() -> None:
    @dataclass
    class Strict:
        name: str

        def __post_init__(self) -> None:
            if self.name.islower():
                raise ValueError("write it large")

    Strict.__annotations__["name"] = str
    with pytest.raises(AnswerError, match=re.escape("Strict[1]: write it large")):
        instances({"Strict": [{"name": "A"}, {"name": "a"}]}, Strict)


def order(**found: Any) -> list[Order]:
    return instances(
        {"Order": [{"number": "7"}], "Order.customer": [{"name": "Ann"}], **NOBODY, **found}, Order
    )


def test_nested_records_belong_to_the_one_outer_record() -> None:
    assert order() == [Order(7, Customer("Ann"))]
    desk, lamp = PRODUCT, {**PRODUCT, "name": "lamp"}
    assert order(**{"Order.products": [desk, lamp], "Order.second": [{"name": "Bob"}]}) == [
        Order(7, Customer("Ann"), Customer("Bob"), [Product("desk", None), Product("lamp", None)])
    ]
    assert order(Order=[]) == []


def test_as_many_nested_records_as_outer_ones_belong_to_them_in_order() -> None:
    found = order(
        Order=[{"number": "7"}, {"number": "8"}], **{"Order.customer": [{"name": "A"}, {"name": "B"}]}
    )
    assert found == [Order(7, Customer("A")), Order(8, Customer("B"))]


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({"Order.customer": []}, "Order[0].customer: nothing was found for it"),
        (
            {"Order.customer": [{"name": "A"}] * 2},
            "Order[0].customer: 2 found where one is wanted; write list[...]",
        ),
        (
            {"Order": [{"number": "7"}] * 2},
            "Order.customer: 1 found for 2 of Order, and nothing says which belongs to which",
        ),
        (
            {
                "Order": [{"number": "7"}] * 2,
                "Order.customer": [{"name": "A"}] * 2,
                "Order.products": [PRODUCT] * 2,
            },
            "Order.products: 2 found for 2 of Order",
        ),
        ({"Order.products": [{**PRODUCT, "name": None}]}, "Order.products[0].name: nothing was found for it"),
    ],
)
def test_nested_records_that_cannot_be_placed(found: dict[str, Any], message: str) -> None:
    with pytest.raises(AnswerError, match=re.escape(message)):
        order(**found)


class Page(TypedDict):
    products: list[Product]


class Row(TypedDict, total=False):
    name: str
    count: int


def test_a_model_of_records_alone_has_one_instance_if_any_is_found() -> None:
    assert instances({"Page.products": [PRODUCT]}, Page) == [{"products": [Product("desk", None)]}]
    assert instances({"Page.products": []}, Page) == []


def test_dicts_leave_out_what_they_need_not_have() -> None:
    assert instances({"Row": [{"name": "a", "count": None}]}, Row) == [{"name": "a"}]
    schema = {
        "title": "Row",
        "properties": {
            "full name": {"type": "string"},
            "count": {"type": ["integer", "null"]},
            "x": {"type": "number"},
        },
        "required": ["full name", "count"],
    }
    assert instances({"Row": [{"full name": "a", "count": None, "x": None}]}, schema) == [
        {"full name": "a", "count": None}
    ]


@pytest.mark.parametrize(
    ("result", "error", "message"),
    [
        (
            [{"Row": []}],
            InputTypeError,
            "result: expected the result of one text, got list; for several write",
        ),
        ({"entities": {}}, InputError, "the result has no 'Row'; ask for it with Schema.from_model"),
        (
            {"Row": [{"name": "a"}]},
            InputError,
            "the result's 'Row' is not one of this class: each record must",
        ),
        ({"Row": "a"}, InputError, "the result's 'Row' is not one of this class"),
        (
            {"Row": [{"name": 3, "count": None}]},
            InputTypeError,
            "the result holds 3 where a text is expected",
        ),
    ],
)
def test_results_of_something_else(result: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        instances(result, Row)


def test_no_model_is_a_schema_error() -> None:
    with pytest.raises(SchemaTypeError, match="the model: expected a dataclass"):
        instances({}, str)


Priced: Any = make_dataclass("Product", [("name", str), ("price", float)])


@pytest.mark.parametrize(
    "options", [{}, {"include_confidence": True}, {"include_spans": True}, {"format_results": False}]
)
def test_whatever_the_model_answers(options: dict[str, Any]) -> None:
    model = GLiNER2.from_pretrained("tiny")
    text = "The iPhone 15 costs $999. The Pixel 8 costs $699."
    expected = [Priced("iPhone 15", 999.0), Priced("Pixel 8", 699.0)]
    assert instances(model.extract_json(text, Priced, **options), Priced) == expected
    mixed = model.extract(text, Schema.from_model(Priced).entities(["person"]), **options)
    assert instances(mixed, Priced) == expected
    [batched] = model.batch_extract_json([text], Priced, **options)
    assert instances(batched, Priced) == expected
