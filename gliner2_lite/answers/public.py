"""Typed answers → the public JSON shapes, the same as the reference's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from gliner2_lite.answers.types import (
    Answers,
    ClassAnswer,
    EntityAnswer,
    Label,
    RecordAnswer,
    RelationAnswer,
    Span,
    TaskAnswer,
    Value,
)

RELATIONS_KEY = "relation_extraction"


class Shape(NamedTuple):
    """What a public result shows.

    ``merged`` is for answers that were merged from windows: equal texts at other places stay, a pair is a
    dict, and a span without attributes is plain text even where others have some, as in the reference.
    """

    include_confidence: bool = False
    include_spans: bool = False
    merged: bool = False

    @property
    def bare(self) -> bool:
        """Whether a span without attributes is shown as its text alone."""
        return not (self.include_confidence or self.include_spans)


def raw_result(answers: Answers, shape: Shape) -> dict[str, Any]:
    """What ``format_results=False`` returns: one entry per task key, nothing dropped or gathered."""
    return {key: _raw(answer, shape) for key, answer in answers.by_key().items()}


def public_result(answers: Answers, shape: Shape) -> dict[str, Any]:
    """The public result: repeats dropped, relations gathered last under one key."""
    result: dict[str, Any] = {}
    relations: dict[str, Any] = {}
    for key, answer in answers.by_key().items():
        if _is_gathered(key, answer, answers):
            raw = _raw(answer, shape)
            relations[key] = raw if isinstance(raw, list) else []
        elif isinstance(answer, ClassAnswer):
            labels = [
                _shown_label(label) if shape.include_confidence else label.label for label in answer.labels
            ]
            result[key] = _one_or_all(labels, answer)
        elif isinstance(answer, EntityAnswer):
            result[key] = _entities(answer, shape)
        elif isinstance(answer, RecordAnswer):
            result[key] = _records(answer, shape)
        else:
            result[key] = []  # a relation of a raw dict without a pair
    for name in answers.requested_relations:
        relations.setdefault(name, [])
    if relations:
        result[RELATIONS_KEY] = {key: relations.get(key, []) for key in answers.relation_keys} | relations
    return {key: result.get(key, []) for key in answers.keys} | result


def public_keys(answers: Answers) -> list[str]:
    """The keys of the public result, in order."""
    apart = relation_keys(answers)
    keys = [key for key, answer in answers.by_key().items() if not _is_gathered(key, answer, answers)]
    return [*keys, RELATIONS_KEY] if apart else keys


def relation_keys(answers: Answers) -> list[str]:
    """The keys of what the public result gathers as relations, in order."""
    gathered = [key for key, answer in answers.by_key().items() if _is_gathered(key, answer, answers)]
    return list(dict.fromkeys([*gathered, *answers.requested_relations]))


def _is_gathered(key: str, answer: TaskAnswer, answers: Answers) -> bool:
    """Whether a task's answer stands among the relations."""
    if isinstance(answer, ClassAnswer):
        return False
    return key in answers.requested_relations or _reads_as_relation(answer)


def _reads_as_relation(answer: TaskAnswer) -> bool:
    """Whether the reference takes an answer for a relation: it goes by the keys ``head`` and ``tail``."""
    if isinstance(answer, RelationAnswer):
        return bool(answer.pairs)
    if isinstance(answer, EntityAnswer):
        names = [name for name, _ in answer.values or ()]
    elif isinstance(answer, RecordAnswer) and answer.instances:
        names = [name for name, _ in answer.instances[0]]
    else:
        return False
    return "head" in names and "tail" in names


def _one_or_all(labels: list[Any], answer: ClassAnswer) -> Any:
    """The shown labels of ``answer``: all, or the single one; None where the task abstained."""
    return labels if answer.multi_label else labels[0] if labels else None


def _entities(answer: EntityAnswer, shape: Shape) -> dict[str, Any]:
    as_dict = answer.has_attributes and not shape.merged
    return {name: _shown_value(value, shape, as_dict=as_dict) for name, value in answer.values or ()}


def _records(answer: RecordAnswer, shape: Shape) -> Any:
    if answer.instances is None:
        return {}
    return [{name: _shown_value(value, shape) for name, value in instance} for instance in answer.instances]


def _shown_value(value: Value, shape: Shape, *, as_dict: bool = False) -> Any:
    """A field's or entity type's value without repeats."""
    if value is None or isinstance(value, Span):
        return _item(value, shape, as_dict=as_dict)
    return [_item(span, shape, as_dict=as_dict) for span in _distinct(value, shape)]


def _distinct(spans: Sequence[Span], shape: Shape) -> list[Span]:
    """The first of spans that look alike: by text in any case, and by place where places are told apart."""
    by_place = shape.include_spans or shape.merged
    kept: dict[tuple[str, int | None, int | None], Span] = {}
    for span in spans:
        place = (span.start, span.end) if by_place else (None, None)
        if span.text:
            kept.setdefault((span.text.lower(), *place), span)
    return list(kept.values())


def _raw(answer: TaskAnswer, shape: Shape) -> Any:
    if isinstance(answer, ClassAnswer):
        pairs = [(label.label, label.confidence) for label in answer.labels]
        return _one_or_all(pairs, answer)
    if isinstance(answer, RelationAnswer):
        return [_pair(head, tail, shape) for head, tail in answer.pairs]
    if isinstance(answer, EntityAnswer):
        return _raw_entities(answer, shape)
    if answer.instances is None:
        return {}
    return [{name: _raw_value(value, shape) for name, value in instance} for instance in answer.instances]


def _raw_entities(answer: EntityAnswer, shape: Shape) -> list[dict[str, Any]]:
    if not answer.values:
        return []
    # The reference gives "" for a scalar entity without an answer when plain text was asked for.
    nothing = "" if shape.bare and not answer.has_attributes else None
    entities = {}
    for name, value in answer.values:
        shown = _raw_value(value, shape, as_dict=answer.has_attributes)
        entities[name] = nothing if shown is None else shown
    return [entities]


def _raw_value(value: Value, shape: Shape, *, as_dict: bool = False) -> Any:
    if value is None or isinstance(value, Span):
        return _item(value, shape, as_dict=as_dict)
    return [_item(span, shape, as_dict=as_dict) for span in value]


def _pair(head: Span, tail: Span, shape: Shape) -> Any:
    shown = _item(head, shape), _item(tail, shape)
    return shown if shape.bare and not shape.merged else {"head": shown[0], "tail": shown[1]}


def _item(span: Span | None, shape: Shape, *, as_dict: bool = False) -> Any:
    """One span as text, or as a dict with what was asked for; a choice never has offsets."""
    if span is None:
        return None
    with_offsets = shape.include_spans and span.start is not None
    if not (shape.include_confidence or with_offsets or as_dict or (shape.merged and span.attributes)):
        return span.text
    item: dict[str, Any] = {"text": span.text}
    if shape.include_confidence:
        item["confidence"] = span.confidence
    if with_offsets:
        item["start"], item["end"] = span.start, span.end
    for name, labels in span.attributes:
        item[name] = (
            _shown_label(labels) if isinstance(labels, Label) else [_shown_label(label) for label in labels]
        )
    return item


def _shown_label(label: Label) -> dict[str, Any]:
    return {"label": label.label, "confidence": label.confidence}
