"""Where the text is highlighted: spans with offsets → ranges that nest, each with all its labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gliner2_lite.display.sections import Entities, Found, Records, Relations, Section
from gliner2_lite.errors import InputError


@dataclass(slots=True)
class Mark:
    """Characters ``start`` to ``end`` (exclusive) with their labels, and the marks inside them."""

    start: int
    end: int
    labels: list[tuple[str, Found]]
    inner: list[Mark] = field(default_factory=list)


def find_marks(text: str, sections: Sequence[Section]) -> list[Mark]:
    """The outermost marks in text order.

    Entities and record fields are marked; ends of relations where there are neither. A span that crosses an
    earlier one without lying inside it cannot be drawn and is left to the lists beside the text.

    Raises InputError for offsets that do not fit ``text``.
    """
    spans = list(_labelled(sections, relations=False)) or list(_labelled(sections, relations=True))
    ranges: dict[tuple[int, int], Mark] = {}
    for label, item in spans:
        if item.start is None or item.end is None:
            continue
        end = _check(text, item.start, item.end, label, item)
        mark = ranges.setdefault((item.start, end), Mark(item.start, end, []))
        if label not in (known for known, _ in mark.labels):
            mark.labels.append((label, item))
    outermost: list[Mark] = []
    open_marks: list[Mark] = []
    for start, end in sorted(ranges, key=lambda pair: (pair[0], -pair[1])):
        while open_marks and open_marks[-1].end <= start:
            open_marks.pop()
        if open_marks and end > open_marks[-1].end:
            continue
        (open_marks[-1].inner if open_marks else outermost).append(ranges[start, end])
        open_marks.append(ranges[start, end])
    return outermost


def _labelled(sections: Sequence[Section], *, relations: bool) -> Iterator[tuple[str, Found]]:
    """Every located piece with the label that it is marked with."""
    for section in sections:
        if relations and isinstance(section, Relations):
            for name, pairs in section.types:
                for head, tail in pairs:
                    yield f"{name} · head", head
                    yield f"{name} · tail", tail
        elif not relations and isinstance(section, Entities):
            for name, items in section.types:
                yield from ((name, item) for item in items if item.start is not None)
        elif not relations and isinstance(section, Records):
            for record in section.records:
                for name, items in record:
                    label = f"{section.name}.{name}"
                    yield from ((label, item) for item in items if item.start is not None)


def _check(text: str, start: int, end: int, label: str, item: Found) -> int:
    """The end inside ``text``: the final full stop that the model adds may be part of a span."""
    inside = min(end, len(text))
    if end - inside > 1 or not 0 <= start < inside or text[start:inside] != item.text[: inside - start]:
        raise InputError(
            f"{label} {item.text!r} does not stand at {start}:{end} of the text: "
            "show needs the very text that the result was made from"
        )
    return inside
