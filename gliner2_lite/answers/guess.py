"""Raw results → the public JSON shapes, for callers who kept raw results and no longer have the answers.

The kind of each task is guessed from the shape of its JSON, as the reference does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gliner2_lite.answers.public import RELATIONS_KEY
from gliner2_lite.prompt.layout import ENTITIES_KEY


def format_raw(
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
