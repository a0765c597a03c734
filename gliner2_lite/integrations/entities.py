"""Entities of many texts as flat lists, for frameworks in which a span has one label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gliner2_lite.answers.flat import flat_entities
from gliner2_lite.integrations.reading import all_or_error, read_texts
from gliner2_lite.model.gliner2 import GLiNER2
from gliner2_lite.schema import entities_schema

Entity = dict[str, Any]


def find_entities(
    model: GLiNER2, texts: Sequence[str], labels: Any, *, threshold: float, batch_size: int = 8
) -> list[list[Entity]]:
    """The entities of each text, sorted by place, none overlapping; long texts are read in windows.

    Args:
        labels: as ``entity_types`` of ``GLiNER2.extract_entities``.

    Returns:
        per text dicts with ``start``, ``end``, ``text``, ``label``, ``score``.

    Raises:
        InputError: a text cannot be run; names it by its index.
    """
    answers = read_texts(
        model, texts, entities_schema(labels), batch_size=batch_size, threshold=threshold,
        include_confidence=True, include_spans=True, overlap_policy="allow",
    )  # fmt: skip
    return [one_label_per_span(result) for result in all_or_error(answers)]


def one_label_per_span(result: dict[str, Any]) -> list[Entity]:
    """The entities of a result that has confidences and spans; of overlapping ones the most confident."""
    return flat_entities(entity_lists(result), flat_ner=True, multi_label=False)


def entity_lists(result: dict[str, Any]) -> dict[str, list[Entity]]:
    """Label → entities; a label of dtype ``str`` has at most one."""
    return {
        label: value if isinstance(value, list) else [] if value is None else [value]
        for label, value in result.get("entities", {}).items()
    }
