"""Dataclasses, Pydantic models and TypedDicts, read by their annotations.

Pydantic is never imported: its models are known by what they have.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import datetime
import decimal
import enum
import types
import typing
from collections.abc import Iterator
from typing import Any, TypeGuard

from gliner2_lite.errors import SchemaError
from gliner2_lite.schema.checks import shown
from gliner2_lite.schema.shape import FieldShape, Shape, ValueShape, inexpressible

_KINDS: dict[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    decimal.Decimal: "decimal number",
    bool: "flag",
    datetime.date: "date",
    datetime.datetime: "date and time",
}
_SEQUENCES = (collections.abc.Sequence, collections.abc.Collection, collections.abc.Iterable)
_COLLECTIONS: dict[Any, Any] = {
    **{kind: kind for kind in (list, tuple, set, frozenset)},
    **dict.fromkeys((*_SEQUENCES, collections.abc.MutableSequence), list),
}
_SCALARS = "write one of str, int, float, Decimal, bool, date, datetime, a Literal or an Enum"
#: What Python raises for annotations that are no types.
_UNREADABLE = (NameError, AttributeError, SyntaxError, TypeError)
#: Wrappers of TypedDict fields; not all are in the oldest Python's typing.
_QUALIFIERS = ("Required", "NotRequired", "ReadOnly")


def is_model(value: object) -> TypeGuard[type[Any]]:
    """Whether ``value`` is a class that :func:`read_class` reads."""
    return isinstance(value, type) and (
        dataclasses.is_dataclass(value) or _is_pydantic(value) or _is_typed_dict(value)
    )


def read_class(model: type[Any], name: str, outer: tuple[type[Any], ...] = ()) -> Shape:
    """The shape of a class; ``name`` is its structure's, ``outer`` are the classes that it is nested in."""
    if model in outer:
        raise inexpressible(
            name, f"a {model.__name__} within itself", "leave the field out, or give it a class of its own"
        )
    fields = tuple(_fields(model, name, (*outer, model)))
    if not fields:
        raise SchemaError(f"{name}: {model.__name__} has no fields; give it at least one")
    return Shape(name, fields, model)


def _is_pydantic(model: type[Any]) -> bool:
    return hasattr(model, "__pydantic_fields__") or (
        hasattr(model, "model_json_schema") and hasattr(model, "model_fields")
    )


def _is_typed_dict(model: type[Any]) -> bool:
    return issubclass(model, dict) and hasattr(model, "__required_keys__")


def _fields(model: type[Any], path: str, outer: tuple[type[Any], ...]) -> Iterator[FieldShape]:
    def made(
        name: str, annotation: Any, description: object, required: bool, key: str | None = None
    ) -> FieldShape:
        place = f"{path}.{name}"
        text = description if isinstance(description, str) else None
        return FieldShape(name, _value(annotation, place, outer), key or name, text, required)

    if _is_pydantic(model):
        try:
            if not getattr(model, "__pydantic_complete__", True) and hasattr(model, "model_rebuild"):
                model.model_rebuild()
        except NameError as error:
            raise _unreadable(path, error) from error
        infos = getattr(model, "__pydantic_fields__", None) or model.model_fields
        for name, info in infos.items():
            key = _alias(info, f"{path}.{name}")
            yield made(name, info.annotation, info.description, info.is_required(), key)
        return
    try:
        hints = typing.get_type_hints(model)
    except _UNREADABLE as error:
        raise _unreadable(path, error) from error
    if _is_typed_dict(model):
        for name, annotation in hints.items():
            yield made(name, annotation, None, name in model.__required_keys__)
        return
    for field in dataclasses.fields(model):
        if field.init:
            required = field.default is field.default_factory is dataclasses.MISSING
            yield made(field.name, hints[field.name], field.metadata.get("description"), required)


def _unreadable(path: str, error: Exception) -> SchemaError:
    if not isinstance(error, NameError):
        return SchemaError(f"{path}: an annotation cannot be read ({error}); write a type")
    return SchemaError(
        f"{path}: an annotation names a type that is not known there ({error}); define that class before, "
        "at the top level of a module"
    )


def _alias(info: Any, path: str) -> str | None:
    """The name under which a Pydantic model takes a field; None: its own."""
    alias = info.validation_alias or info.alias
    if alias is None or isinstance(alias, str):
        return alias
    for choice in getattr(alias, "choices", ()):
        if isinstance(choice, str):
            return choice
    raise SchemaError(f"{path}: an AliasPath is not a name; write the alias as text")


def _value(annotation: Any, path: str, outer: tuple[type[Any], ...]) -> ValueShape:
    annotation = _bare(annotation)
    if not isinstance(annotation, collections.abc.Hashable):
        raise inexpressible(path, shown(annotation), _SCALARS)
    origin, arguments = typing.get_origin(annotation) or annotation, typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return _union(annotation, arguments, path, outer)
    if origin is typing.Literal:
        words = {str(word): word for word in arguments if word is not None}
        if not words:
            raise inexpressible(path, "None alone", _SCALARS)
        return ValueShape(choices=words, optional=None in arguments)
    if origin in _COLLECTIONS:
        return _collection(origin, arguments, path, outer)
    if isinstance(annotation, type):
        if issubclass(annotation, enum.Enum):
            return ValueShape(choices=_members(annotation, path))
        if is_model(annotation):
            return ValueShape(nested=read_class(annotation, path, outer))
    if origin in (dict, collections.abc.Mapping, collections.abc.MutableMapping):
        raise inexpressible(path, "a dict, whose keys are not known,", "write a class with one field per key")
    kind = _KINDS.get(annotation) if isinstance(annotation, type) else None
    if kind is None:
        raise inexpressible(path, shown(annotation), _SCALARS)
    return ValueShape(kind)


def _bare(annotation: Any) -> Any:
    """An annotation without what only describes it: Annotated, NotRequired, a NewType, a ``type`` alias."""
    while True:
        origin = typing.get_origin(annotation)
        if origin is typing.Annotated or getattr(origin, "_name", None) in _QUALIFIERS:
            annotation = typing.get_args(annotation)[0]
        elif hasattr(annotation, "__supertype__"):
            annotation = annotation.__supertype__
        elif type(annotation).__name__ == "TypeAliasType":
            annotation = annotation.__value__
        else:
            return annotation


def _union(annotation: Any, members: tuple[Any, ...], path: str, outer: tuple[type[Any], ...]) -> ValueShape:
    some = [member for member in members if member is not type(None)]
    if len(some) != 1:
        kind = "a union of models" if any(is_model(_bare(member)) for member in some) else "a union"
        instead = "write one of them, or a field for each that may be None"
        raise inexpressible(path, f"{kind}, {shown(annotation)},", instead)
    return dataclasses.replace(_value(some[0], path, outer), optional=True)


def _collection(origin: Any, items: tuple[Any, ...], path: str, outer: tuple[type[Any], ...]) -> ValueShape:
    if origin is tuple and len(items) > 1 and items[1:] != (Ellipsis,):
        raise inexpressible(
            path, "a tuple of several types", "write tuple[str, ...] or a field for each item"
        )
    item = _value(items[0], path, outer) if items else ValueShape()
    if item.many is not None:
        raise inexpressible(path, "a list of lists", "write a list of a class that has a list")
    return dataclasses.replace(item, many=_COLLECTIONS[origin], optional=False, optional_items=item.optional)


def _members(kind: type[enum.Enum], path: str) -> dict[str, enum.Enum]:
    """The words of an Enum: the values where they are texts, else the names."""
    if not len(kind):
        raise inexpressible(path, f"{kind.__name__}, an Enum without members,", _SCALARS)
    return {
        str.__str__(member.value) if isinstance(member.value, str) else member.name: member for member in kind
    }
