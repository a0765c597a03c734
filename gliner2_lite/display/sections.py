"""A result dict → typed sections, one per task, told apart by the shape of their values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from gliner2_lite.errors import InputError, InputTypeError

ENTITIES_KEY, RELATIONS_KEY = "entities", "relation_extraction"
SPAN_KEYS = frozenset({"text", "confidence", "start", "end"})


@dataclass(frozen=True, slots=True)
class Found:
    """One piece of text; ``start`` and ``end`` (exclusive) are characters, None where not asked for."""

    text: str
    confidence: float | None = None
    start: int | None = None
    end: int | None = None
    attributes: tuple[tuple[str, str], ...] = ()  # attribute group → its labels, joined


@dataclass(frozen=True, slots=True)
class Entities:
    """Entity types in the schema's order with what was found of each."""

    types: tuple[tuple[str, tuple[Found, ...]], ...]


@dataclass(frozen=True, slots=True)
class ClassScore:
    """One label of a classification; ``chosen`` is False for labels that are shown only to compare."""

    label: str
    confidence: float | None = None
    chosen: bool = True


@dataclass(frozen=True, slots=True)
class Classes:
    """The labels of one classification task."""

    task: str
    scores: tuple[ClassScore, ...]


@dataclass(frozen=True, slots=True)
class Records:
    """The records of one structure; each is its fields in order, a field its values."""

    name: str
    records: tuple[tuple[tuple[str, tuple[Found, ...]], ...], ...]


@dataclass(frozen=True, slots=True)
class Relations:
    """Relation types with their (head, tail) pairs."""

    types: tuple[tuple[str, tuple[tuple[Found, Found], ...]], ...]


@dataclass(frozen=True, slots=True)
class Nothing:
    """A task without an answer; an empty list does not say of which kind it was."""

    task: str


Section: TypeAlias = Entities | Classes | Records | Relations | Nothing


def read_sections(text: object, result: object) -> tuple[Section, ...]:
    """The sections of ``result`` in its order.

    Raises InputTypeError and InputError as ``show`` does, without looking at offsets.
    """
    if not isinstance(text, str):
        raise InputTypeError(f"text must be a string, not {type(text).__name__}")
    if isinstance(result, list):
        raise InputTypeError("result is a list: show one text with its own result, such as results[0]")
    if not isinstance(result, Mapping):
        raise InputTypeError(f"result must be the dict that extract returns, not {type(result).__name__}")
    return tuple(_section(str(key), value) for key, value in result.items())


def _section(key: str, value: Any) -> Section:
    if value and (isinstance(value, str) or _is_class(value)):  # first: a task may have any name
        return Classes(key, (_class(value),))
    if key == RELATIONS_KEY and isinstance(value, Mapping):
        return Relations(tuple((name, _pairs(name, pairs)) for name, pairs in value.items()))
    if key == ENTITIES_KEY and isinstance(value, Mapping):
        return Entities(tuple((name, _values(items, f"{key}.{name}")) for name, items in value.items()))
    if not value:
        return Nothing(key)
    if isinstance(value, list) and all(isinstance(item, str) or _is_class(item) for item in value):
        return Classes(key, tuple(_class(item) for item in value))
    if key not in (ENTITIES_KEY, RELATIONS_KEY) and _is_records(value):
        return Records(key, tuple(_record(key, record) for record in value))
    raise InputError(
        f"result[{key!r}] has no shape that formatted results have; show takes what the methods return "
        "without format_results=False"
    )


def _is_class(value: object) -> bool:
    # A record may have fields called label and confidence; their values are texts, never a number.
    return (
        isinstance(value, Mapping)
        and set(value) == {"label", "confidence"}
        and isinstance(value["label"], str)
        and isinstance(value["confidence"], float)
    )


def _class(value: Any) -> ClassScore:
    return ClassScore(value) if isinstance(value, str) else ClassScore(value["label"], value["confidence"])


def _is_records(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, Mapping) for item in value)


def _record(name: str, record: Mapping[str, Any]) -> tuple[tuple[str, tuple[Found, ...]], ...]:
    return tuple((field, _values(value, f"{name}.{field}")) for field, value in record.items())


def _pairs(name: str, pairs: Any) -> tuple[tuple[Found, Found], ...]:
    ends = []
    for pair in pairs:
        head, tail = (pair["head"], pair["tail"]) if isinstance(pair, Mapping) else pair
        ends.append((_found(head, f"{name}.head"), _found(tail, f"{name}.tail")))
    return tuple(ends)


def _values(value: Any, where: str) -> tuple[Found, ...]:
    if value is None or value == "":
        return ()
    return tuple(_found(item, where) for item in (value if isinstance(value, list) else [value]))


def _found(value: Any, where: str) -> Found:
    if isinstance(value, str):
        return Found(value)
    if not isinstance(value, Mapping) or not isinstance(value.get("text"), str):
        raise InputError(f"result: {where} holds {value!r:.80}; expected a text, or a dict with its text")
    attributes = tuple(
        (str(name), _attribute(labels)) for name, labels in value.items() if name not in SPAN_KEYS
    )
    return Found(value["text"], value.get("confidence"), value.get("start"), value.get("end"), attributes)


def _attribute(labels: Any) -> str:
    return ", ".join(label["label"] for label in (labels if isinstance(labels, list) else [labels]))
