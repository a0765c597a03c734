"""The neutral form: which fields are asked for in the structure itself, and which are structures."""

from __future__ import annotations

from gliner2_lite.errors import SchemaError
from gliner2_lite.schema.from_types import _KINDS
from gliner2_lite.schema.shape import KINDS, FieldShape, Shape, ValueShape, inexpressible


def test_own_and_nested_fields() -> None:
    inner = Shape("Order.item", (FieldShape("product", ValueShape(), "product"),), dict)
    number = FieldShape("number", ValueShape(), "number")
    item = FieldShape("item", ValueShape(nested=inner), "item")
    shape = Shape("Order", (item, number), dict)
    assert shape.own == (number,) and shape.nested == ((item, inner),)


def test_the_kinds_are_those_of_the_types() -> None:
    assert set(_KINDS.values()) == set(KINDS)


def test_the_error_says_what_to_write() -> None:
    error = inexpressible("Order.item", "a dict", "write a class")
    assert (
        isinstance(error, SchemaError)
        and str(error) == "Order.item: a dict cannot be asked for; write a class"
    )
