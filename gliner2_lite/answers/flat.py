"""Entities as one flat list, the shape and overlap rules of GLiNER's ``predict_entities``.

The wrappers for GLiNER in spaCy, Presidio and Haystack call ``predict_entities``. Unlike in
``extract_entities``, spans of different labels compete: they are taken by falling score, and a span that
conflicts with one already kept is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gliner2_lite.answers.intervals import Crossings, DisjointRanges

Entity = dict[str, Any]


def flat_entities(entities: Mapping[str, list[Entity]], *, flat_ner: bool, multi_label: bool) -> list[Entity]:
    """Spans of all labels, sorted by place; of those that conflict, the one with the highest score.

    Args:
        entities: label → items with ``text``, ``confidence``, ``start``, ``end``; overlaps allowed.
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
        for label, items in entities.items()
        for item in items
    ]
    ranges = ((entity["start"], entity["end"]) for entity in candidates)
    taken: set[tuple[int, int]] = set()
    index = DisjointRanges() if flat_ner else Crossings(ranges)
    kept: list[Entity] = []
    for entity in sorted(candidates, key=lambda entity: entity["score"], reverse=True):
        place = (entity["start"], entity["end"])
        if place in taken:
            if multi_label:
                kept.append(entity)
        elif not index.conflicts(*place):
            index.add(*place)
            taken.add(place)
            kept.append(entity)
    return sorted(kept, key=lambda entity: (entity["start"], entity["end"]))
