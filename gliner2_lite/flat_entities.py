"""Entities as one flat list, the shape and overlap rules of GLiNER's ``predict_entities``.

spaCy, Presidio and Haystack wrappers for GLiNER make this call. Unlike ``extract_entities``, labels
compete with each other here: by falling score, a span is dropped if it conflicts with a kept one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Entity = dict[str, Any]


def flat_entities(found: Mapping[str, list[Entity]], *, flat_ner: bool, multi_label: bool) -> list[Entity]:
    """Spans of all labels without conflicts, sorted by place.

    Args:
        found: label → items with ``text``, ``confidence``, ``start``, ``end``; overlaps allowed.
        flat_ner: True keeps no overlapping spans, False allows one inside another.
        multi_label: True lets one range carry several labels.

    Returns:
        dicts with ``start``, ``end``, ``text``, ``label``, ``score``.
    """
    candidates = [
        {
            "start": item["start"],
            "end": item["end"],
            "text": item["text"],
            "label": label,
            "score": item["confidence"],
        }
        for label, items in found.items()
        for item in items
    ]
    kept: list[Entity] = []
    for entity in sorted(candidates, key=lambda entity: entity["score"], reverse=True):
        if not any(_conflict(entity, other, flat_ner=flat_ner, multi_label=multi_label) for other in kept):
            kept.append(entity)
    return sorted(kept, key=lambda entity: (entity["start"], entity["end"]))


def _conflict(one: Entity, other: Entity, *, flat_ner: bool, multi_label: bool) -> bool:
    start, end, first, last = one["start"], one["end"], other["start"], other["end"]
    if (start, end) == (first, last):
        return not multi_label
    if end <= first or last <= start:
        return False
    if flat_ner:
        return True
    return not (start <= first and last <= end) and not (first <= start and end <= last)
