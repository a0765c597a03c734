"""Results → instances of the class that the schema was made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, overload

from gliner2_lite.answers.conversion import convert
from gliner2_lite.errors import AnswerError, InputError, InputTypeError
from gliner2_lite.schema.checks import shown
from gliner2_lite.schema.from_model import read_model
from gliner2_lite.schema.shape import FieldShape, Shape, ValueShape

Model = TypeVar("Model")


@overload
def instances(result: Mapping[str, Any], model: type[Model]) -> list[Model]: ...
@overload
def instances(result: Mapping[str, Any], model: Mapping[str, Any]) -> list[dict[str, Any]]: ...
def instances(result: Mapping[str, Any], model: Any) -> list[Any]:
    """One instance of ``model`` per record that ``result`` has of it.

    Args:
        result: the result for one text, of any method that was asked with ``Schema.from_model(model)``, also
            beside other tasks, with confidences or spans.
        model: what ``Schema.from_model`` takes; a JSON Schema gives dicts.

    A field without a value keeps its default, else it is None (a collection: empty). A text that is not of
    the field's type is None where the field allows it.

    Raises:
        AnswerError: a value is missing or not of its type, and the field may not be None; or nested records
            that cannot be told apart.
        InputError: a result of another schema. SchemaError: as ``Schema.from_model``.
    """
    if not isinstance(result, Mapping):
        raise InputTypeError(
            f"result: expected the result of one text, got {type(result).__name__}; for several write "
            "[instances(result, Model) for result in results]"
        )
    return _instances(read_model(model), result)


def _instances(shape: Shape, result: Mapping[str, Any]) -> list[Any]:
    inner = [(field, _instances(nested, result)) for field, nested in shape.nested]
    records = _records(shape, result) if shape.own else [{}] if any(nested for _, nested in inner) else []
    shares = [(field, _shared(shape, field, nested, len(records))) for field, nested in inner]
    made = []
    for index, record in enumerate(records):
        path = f"{shape.name}[{index}]"
        values = {field.key: _value(field, record[field.name], path) for field in shape.own}
        values |= {field.key: _nested(field, share[index], path) for field, share in shares}
        arguments = {
            field.key: values[field.key] for field in shape.fields if values[field.key] is not _ABSENT
        }
        try:
            made.append(shape.make(**arguments))
        except (TypeError, ValueError) as error:  # a check of the class itself
            raise AnswerError(f"{path}: {error}") from error
    return made


#: In place of a value: the field's default says what there is.
_ABSENT: Any = object()


def _records(shape: Shape, result: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The records of a structure in a result."""
    if shape.name not in result:
        raise InputError(
            f"the result has no {shown(shape.name)}; ask for it with Schema.from_model, or give extract_json "
            "the class"
        )
    records = result[shape.name] or []
    names = {field.name for field in shape.own}
    if not isinstance(records, list) or any(
        not isinstance(record, Mapping) or not names <= record.keys() for record in records
    ):
        raise InputError(
            f"the result's {shown(shape.name)} is not one of this class: each record must have "
            f"{', '.join(field.name for field in shape.own)}"
        )
    return records


def _shared(shape: Shape, field: FieldShape, nested: list[Any], count: int) -> list[list[Any]]:
    """The nested records of each of ``count`` outer ones."""
    if not nested or count == 0:
        return [[] for _ in range(count)]
    if count == 1:
        return [nested]
    if field.value.many is None and len(nested) == count:
        return [[instance] for instance in nested]
    raise AnswerError(
        f"{shape.name}.{field.name}: {len(nested)} found for {count} of {shape.name}, and nothing says which "
        f"belongs to which; extract from texts with one {shape.name} each"
    )


def _nested(field: FieldShape, nested: list[Any], path: str) -> Any:
    if field.value.many is not None:
        return field.value.many(nested) if nested or field.required else _ABSENT
    if len(nested) > 1:
        raise AnswerError(
            f"{path}.{field.name}: {len(nested)} found where one is wanted; write list[...] for the field"
        )
    return nested[0] if nested else _missing(field, path)


def _value(field: FieldShape, raw: Any, path: str) -> Any:
    """The value of a field that is asked for; ``raw`` is what the result has."""
    shape, place = field.value, f"{path}.{field.name}"
    if shape.many is None:
        text = _text(raw)
        return _missing(field, path) if text is None else _single(shape, text, place, shape.optional)
    texts = [_text(item) for item in raw or []]
    if not texts and not field.required:
        return _ABSENT
    return shape.many(
        [
            None if text is None else _single(shape, text, f"{place}[{index}]", shape.optional_items)
            for index, text in enumerate(texts)
        ]
    )


def _text(raw: Any) -> str | None:
    """The text of a value, which is a dict where confidences or spans were asked for."""
    text = raw["text"] if isinstance(raw, Mapping) and "text" in raw else raw
    if text is not None and not isinstance(text, str):
        raise InputTypeError(f"the result holds {shown(text)} where a text is expected")
    return text


def _missing(field: FieldShape, path: str) -> Any:
    if not field.required:
        return _ABSENT
    if field.value.optional:
        return None
    raise AnswerError(
        f"{path}.{field.name}: nothing was found for it; let the field be None, or give it a default"
    )


def _single(shape: ValueShape, text: str, place: str, optional: bool) -> Any:
    try:
        return convert(text, shape.kind) if shape.choices is None else shape.choices[text]
    except (ValueError, KeyError):
        if optional:
            return None
    wanted = f"a {shape.kind}" if shape.choices is None else f"one of {', '.join(shape.choices)}"
    raise AnswerError(f"{place}: {shown(text)} is not {wanted}; let the field be None, or make it a str")
