"""What a class or a JSON Schema says about its fields, in one neutral form.

``from_types`` and ``from_json_schema`` read into it; ``from_model`` makes the questions of it, and
``answers.instances`` the instances.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gliner2_lite.errors import SchemaError

#: Kinds of single values: what ``answers.conversion`` turns an extracted text into.
KINDS = ("text", "whole number", "number", "decimal number", "flag", "date", "date and time")


@dataclass(frozen=True, slots=True)
class ValueShape:
    """What one field holds: a single value of ``kind``, one of ``choices``, or a ``nested`` record.

    ``choices`` maps the words of the prompt to the values they stand for. ``many`` makes the collection of
    several values, None: there is one. ``optional`` and ``optional_items`` say whether None may stand for
    the value, and for one of several.
    """

    kind: str = "text"
    choices: Mapping[str, Any] | None = None
    nested: Shape | None = None
    many: Callable[[list[Any]], Any] | None = None
    optional: bool = False
    optional_items: bool = False


@dataclass(frozen=True, slots=True)
class FieldShape:
    """One field; ``key`` is its name for ``Shape.make``, which must be given when ``required``."""

    name: str
    value: ValueShape
    key: str
    description: str | None = None
    required: bool = True


@dataclass(frozen=True, slots=True)
class Shape:
    """One record: the structure ``name``, and ``make``, which takes its values by key."""

    name: str
    fields: tuple[FieldShape, ...]
    make: Callable[..., Any]

    @property
    def own(self) -> tuple[FieldShape, ...]:
        """The fields that are asked for in this structure; a nested record is a structure of its own."""
        return tuple(field for field in self.fields if field.value.nested is None)

    @property
    def nested(self) -> tuple[tuple[FieldShape, Shape], ...]:
        """The fields that hold records, with their shapes."""
        return tuple((field, field.value.nested) for field in self.fields if field.value.nested is not None)


def inexpressible(path: str, what: str, instead: str) -> SchemaError:
    """The error for a type that no question can be made of."""
    return SchemaError(f"{path}: {what} cannot be asked for; {instead}")
