"""A result in its public JSON shape → a flat list of what was found, for tables and plain lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gliner2_lite.prompt import ENTITIES_KEY
from gliner2_lite.results import RELATIONS_KEY

ARROW = " → "


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer. ``spans`` are its places in the text; none for labels and choices."""

    task: str
    label: str
    value: str
    confidence: float | None
    spans: tuple[tuple[int, int], ...] = ()


def findings(result: Mapping[str, Any]) -> Iterator[Finding]:
    """Everything in a result that was made with confidences and spans, in its order."""
    for task, value in result.items():
        if task == ENTITIES_KEY and isinstance(value, dict) and not _is_label(value):
            for name, items in value.items():
                for item in _many(items):
                    yield _span(task, name, item)
        elif task == RELATIONS_KEY and isinstance(value, dict) and not _is_label(value):
            for name, pairs in value.items():
                for pair in pairs:
                    yield _pair(task, name, pair["head"], pair["tail"])
        else:
            yield from _others(task, value)


def _others(task: str, value: Any) -> Iterator[Finding]:
    """Labels of a classification, or records; an instance of several is numbered."""
    items = _many(value)
    for number, item in enumerate(items, start=1):
        if _is_label(item):
            yield Finding(task, "", str(item["label"]), item["confidence"])
            continue
        name = task if len(items) == 1 else f"{task} {number}"
        for field, found in item.items():
            for one in _many(found):
                yield _span(name, field, one)


def _span(task: str, label: str, item: Any) -> Finding:
    extra = [
        f"{name}: {', '.join(str(one['label']) for one in _many(value))}"
        for name, value in item.items()
        if name not in ("text", "confidence", "start", "end")
    ]
    value = item["text"] + (f" ({'; '.join(extra)})" if extra else "")
    spans = ((item["start"], item["end"]),) if "start" in item else ()
    return Finding(task, label, value, item.get("confidence"), spans)


def _pair(task: str, name: str, head: Any, tail: Any) -> Finding:
    confidence = min(head["confidence"], tail["confidence"])
    spans = tuple((side["start"], side["end"]) for side in (head, tail) if "start" in side)
    return Finding(task, name, f"{head['text']}{ARROW}{tail['text']}", confidence, spans)


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value in (None, "") else [value]


def _is_label(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"label", "confidence"}
