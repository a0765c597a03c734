"""A result in its public JSON shape → a flat list of what was found, for tables and plain lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gliner2_lite.display.sections import (
    ENTITIES_KEY,
    RELATIONS_KEY,
    Classes,
    Entities,
    Found,
    Records,
    Relations,
    read_sections,
)

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
    """All findings of a result, in its order; several records of one structure are numbered."""
    for section in read_sections("", result):  # whose offsets are not looked at here
        if isinstance(section, Entities):
            for name, items in section.types:
                yield from (_finding(ENTITIES_KEY, name, item) for item in items)
        elif isinstance(section, Relations):
            for name, pairs in section.types:
                yield from (_pair(name, head, tail) for head, tail in pairs)
        elif isinstance(section, Classes):
            yield from (Finding(section.task, "", score.label, score.confidence) for score in section.scores)
        elif isinstance(section, Records):
            for number, record in enumerate(section.records, start=1):
                task = section.name if len(section.records) == 1 else f"{section.name} {number}"
                for field, items in record:
                    yield from (_finding(task, field, item) for item in items)


def _finding(task: str, label: str, item: Found) -> Finding:
    extra = "; ".join(f"{name}: {labels}" for name, labels in item.attributes)
    value = f"{item.text} ({extra})" if extra else item.text
    return Finding(task, label, value, item.confidence, _spans(item))


def _pair(name: str, head: Found, tail: Found) -> Finding:
    known = [side.confidence for side in (head, tail) if side.confidence is not None]
    value = f"{head.text}{ARROW}{tail.text}"
    return Finding(RELATIONS_KEY, name, value, min(known, default=None), _spans(head, tail))


def _spans(*items: Found) -> tuple[tuple[int, int], ...]:
    return tuple((item.start, item.end) for item in items if item.start is not None and item.end is not None)
