"""Text and schema → what the page shows after a click. Errors become messages on the page."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from gliner2_lite.display.html import render_html
from gliner2_lite.display.sections import Classes, ClassScore, Section, read_sections
from gliner2_lite.errors import GLiNER2LiteError, InputError
from gliner2_lite.model.gliner2 import GLiNER2
from gliner2_lite.schema import Schema


@dataclass(frozen=True, slots=True)
class Answer:
    """HTML of the result, its JSON, and a line on how long it took; the last two are empty after an error."""

    html: str
    json: str = ""
    status: str = ""


def guarded(run: Callable[[], Answer]) -> Answer:
    """What ``run`` answers, or a message for people where it raises an error of this package."""
    try:
        return run()
    except GLiNER2LiteError as error:
        message = escape(str(error))
        return Answer(f'<div class="problem" role="alert"><b>Not yet.</b> {message}</div>')


def extract(model: GLiNER2, text: str, schema: Schema, threshold: float) -> Answer:
    """Entities, records, relations and labels of ``text``, with confidences and offsets."""
    result, status = _timed(model, text, schema, threshold)
    return Answer(render_html(text, read_sections(text, result)), _dump(result), status)


def classify(model: GLiNER2, text: str, schema: Schema, several: frozenset[str], threshold: float) -> Answer:
    """The labels of ``text`` by task, beside the probabilities of those that were not chosen.

    ``schema`` and ``several`` come from ``forms.classification_schema``.
    """
    result, status = _timed(model, text, schema, threshold)
    sections: list[Section] = []
    chosen: dict[str, Any] = {}
    for task, labels in result.items():
        scores = choose(labels, several=task in several, threshold=threshold)
        sections.append(Classes(task, scores))
        won = [{"label": score.label, "confidence": score.confidence} for score in scores if score.chosen]
        chosen[task] = won if task in several else won[0]
    return Answer(render_html(text, sections), _dump(chosen), status)


def choose(labels: list[Mapping[str, Any]], *, several: bool, threshold: float) -> tuple[ClassScore, ...]:
    """All labels of one task; chosen is the best or, with ``several``, each from ``threshold`` on."""
    best = max(labels, key=lambda item: item["confidence"])
    return tuple(
        ClassScore(
            item["label"],
            item["confidence"],
            item["confidence"] >= threshold if several else item is best,
        )
        for item in labels
    )


def _timed(model: GLiNER2, text: str, schema: Schema, threshold: float) -> tuple[dict[str, Any], str]:
    if not text or text.isspace():
        raise InputError("Text: there is none yet; write or paste some")
    begin = time.perf_counter()
    result = model.extract(text, schema, threshold, include_confidence=True, include_spans=True)
    milliseconds = (time.perf_counter() - begin) * 1000
    words = len(text.split())
    return result, f"**{milliseconds:.0f} ms** · {words} words · {model.variant} on the CPU"


def _dump(result: Mapping[str, Any]) -> str:
    return json.dumps(_rounded(result), ensure_ascii=False, indent=2)


def _rounded(value: Any) -> Any:
    """Confidences with four digits: more are noise to a reader."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, Mapping):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    return value
