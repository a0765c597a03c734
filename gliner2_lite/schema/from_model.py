"""A schema from what already describes the data: a dataclass, a Pydantic model, a TypedDict, a JSON Schema.

Loaded only by a program that asks for it, see ``Schema.from_model``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gliner2_lite.errors import SchemaTypeError
from gliner2_lite.schema.checks import shown
from gliner2_lite.schema.from_json_schema import read_json_schema
from gliner2_lite.schema.from_types import is_model, read_class
from gliner2_lite.schema.shape import Shape

if TYPE_CHECKING:
    from gliner2_lite.schema.builder import Schema


def read_model(model: object) -> Shape:
    """The shape of a model in any of the forms that ``Schema.from_model`` takes.

    Raises:
        SchemaError: a field that cannot be expressed, named by its path. SchemaTypeError: no model at all.
    """
    if is_model(model):
        return read_class(model, model.__name__)
    if isinstance(model, Mapping):
        return read_json_schema(model)
    raise SchemaTypeError(
        "the model: expected a dataclass, a Pydantic 2 model, a TypedDict or a JSON Schema of type object, "
        f"got {shown(model)}"
    )


def add_model(model: object, schema: Schema) -> Schema:
    """``schema`` with the structures of ``model``: its own, then those of its nested records."""
    _add(read_model(model), schema)
    return schema


def _add(shape: Shape, schema: Schema) -> None:
    if shape.own:
        builder = schema.structure(shape.name)
        for field in shape.own:
            builder.field(
                field.name,
                dtype="str" if field.value.many is None else "list",
                choices=None if field.value.choices is None else list(field.value.choices),
                description=field.description,
            )
    for _, nested in shape.nested:
        _add(nested, schema)
