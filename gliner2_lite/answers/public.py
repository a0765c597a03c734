"""Typed results → the public JSON shapes, the same as the reference's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gliner2_lite.architectures.span.decode import (
    ClassResult,
    EntityResult,
    Label,
    RecordResult,
    RelationResult,
    Span,
    TaskResult,
    Value,
)
from gliner2_lite.prompt.layout import ENTITIES_KEY

RELATIONS_KEY = "relation_extraction"


def raw_results(
    tasks: Sequence[tuple[str, TaskResult]], *, include_confidence: bool, include_spans: bool
) -> dict[str, Any]:
    """What ``format_results=False`` returns: one entry per task, nothing merged or deduplicated."""
    raw: dict[str, Any] = {}
    for key, task in tasks:
        if isinstance(task, ClassResult):
            pairs = [(label.label, label.confidence) for label in task.labels]
            raw[key] = pairs if task.multi_label else pairs[0]
        elif isinstance(task, RelationResult):
            raw[key] = [_pair(pair, include_confidence, include_spans) for pair in task.pairs]
        elif isinstance(task, EntityResult):
            raw[key] = _raw_entities(task, include_confidence, include_spans)
        else:
            raw[key] = _raw_records(task, include_confidence, include_spans)
    return raw


def format_results(
    raw: Mapping[str, Any],
    *,
    include_confidence: bool,
    requested_relations: Sequence[str],
    classification_tasks: Sequence[str],
) -> dict[str, Any]:
    """Raw results as the public result: repeats dropped, relations gathered last under one key."""
    formatted: dict[str, Any] = {}
    relations: dict[str, Any] = {}
    for key, value in raw.items():
        if key in classification_tasks:
            formatted[key] = _classification(value, include_confidence)
        elif key in requested_relations or _looks_like_relations(value):
            relations[key] = value if isinstance(value, list) else []
        elif key == ENTITIES_KEY and value == []:
            formatted[key] = {}
        elif key == ENTITIES_KEY and isinstance(value, list):
            formatted[key] = _record(value[0])
        elif isinstance(value, list):
            formatted[key] = [_record(item) if isinstance(item, dict) else item for item in value]
        elif isinstance(value, dict):
            formatted[key] = _record(value)
        else:
            formatted[key] = _classification(value, include_confidence)
    for name in requested_relations:
        relations.setdefault(name, [])
    if relations:
        formatted[RELATIONS_KEY] = relations
    return formatted


def span_item(span: Span, *, include_confidence: bool, include_spans: bool, as_dict: bool = False) -> Any:
    """One span as text, or as a dict with what was asked for; a choice never has offsets."""
    with_offsets = include_spans and span.start is not None
    if not (include_confidence or with_offsets or as_dict):
        return span.text
    item: dict[str, Any] = {"text": span.text}
    if include_confidence:
        item["confidence"] = span.confidence
    if with_offsets:
        item["start"], item["end"] = span.start, span.end
    for name, labels in span.attributes:
        item[name] = _label(labels) if isinstance(labels, Label) else [_label(label) for label in labels]
    return item


def _label(label: Label) -> dict[str, Any]:
    return {"label": label.label, "confidence": label.confidence}


def _field(value: Value, confidence: bool, spans: bool, *, as_dict: bool = False) -> Any:
    def item(span: Span) -> Any:
        return span_item(span, include_confidence=confidence, include_spans=spans, as_dict=as_dict)

    if value is None:
        return None
    return item(value) if isinstance(value, Span) else [item(span) for span in value]


def _raw_entities(result: EntityResult, confidence: bool, spans: bool) -> list[dict[str, Any]]:
    if not result.values:
        return []
    # The reference gives "" for a scalar entity without an answer when plain text was asked for.
    nothing = None if confidence or spans or result.has_attributes else ""
    entities = {}
    for name, value in result.values:
        found = _field(value, confidence, spans, as_dict=result.has_attributes)
        entities[name] = nothing if found is None else found
    return [entities]


def _raw_records(result: RecordResult, confidence: bool, spans: bool) -> Any:
    if result.instances is None:
        return {}
    return [
        {name: _field(value, confidence, spans) for name, value in instance} for instance in result.instances
    ]


def _pair(pair: tuple[Span, Span], confidence: bool, spans: bool) -> Any:
    head, tail = (span_item(span, include_confidence=confidence, include_spans=spans) for span in pair)
    return {"head": head, "tail": tail} if confidence or spans else (head, tail)


def _classification(value: Any, confidence: bool) -> Any:
    if isinstance(value, list):
        return [_classification(item, confidence) for item in value]
    if isinstance(value, tuple) and len(value) == 2:
        return {"label": value[0], "confidence": value[1]} if confidence else value[0]
    return value


def _looks_like_relations(value: Any) -> bool:
    if not isinstance(value, list) or not value:
        return False
    first = value[0]
    if isinstance(first, tuple):
        return len(first) == 2
    return isinstance(first, dict) and "head" in first and "tail" in first


def _record(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _unique(value) if isinstance(value, list) else (value or None) for name, value in fields.items()
    }


def _unique(items: Sequence[Any]) -> list[Any]:
    """First of equal items: by offsets and lower-cased text, or by the text alone without offsets."""
    kept, seen = [], set()
    for item in items:
        text = item.get("text", "") if isinstance(item, dict) else item
        offsets = (item.get("start"), item.get("end")) if isinstance(item, dict) else (None, None)
        key = (text.lower(), *offsets)
        if text and key not in seen:
            seen.add(key)
            kept.append(item)
    return kept
