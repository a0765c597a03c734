"""Sections → plain text for ``print``, one task per block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gliner2_lite.display.sections import Classes, Entities, Found, Nothing, Records, Section

BAR_CELLS = 20


def render_plain(text: str, sections: Sequence[Section]) -> str:
    """The text, then what was found, with offsets and confidences where the result has them."""
    return "\n".join([text, *(line for section in sections for line in ("", *_lines(section)))])


def _lines(section: Section) -> Iterator[str]:
    if isinstance(section, Nothing):
        yield f"{section.task}: –"
    elif isinstance(section, Entities):
        yield "entities"
        yield from _aligned([(name, _join(items)) for name, items in section.types])
    elif isinstance(section, Classes):
        yield section.task
        width = max((len(score.label) for score in section.scores), default=0)
        for score in section.scores:
            bar = (
                "" if score.confidence is None else f"  {_bar(score.confidence)} {percent(score.confidence)}"
            )
            yield f"  {'●' if score.chosen else '○'} {score.label:<{width}}{bar}".rstrip()
    elif isinstance(section, Records):
        for number, record in enumerate(section.records, 1):
            yield section.name if len(section.records) == 1 else f"{section.name} {number}"
            yield from _aligned([(name, _join(items)) for name, items in record])
    else:
        yield "relations"
        rows = [
            (f"{_item(head)} → {_item(tail)}", name) for name, ends in section.types for head, tail in ends
        ]
        yield from (f"  {ends}  ({name})" for ends, name in rows)
        empty = [name for name, pairs in section.types if not pairs]
        yield from (f"  –  ({name})" for name in empty)


def percent(confidence: float) -> str:
    """A probability for reading; never 100 % for what is less than certain, nor 0 % for what is more."""
    if 0 < confidence < 0.01:
        return "< 1 %"
    if 0.99 < confidence < 1:
        return "> 99 %"
    return f"{confidence:.0%}".replace("%", " %")


def _bar(confidence: float) -> str:
    full = round(confidence * BAR_CELLS)
    return "█" * full + "░" * (BAR_CELLS - full)


def _aligned(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    width = max((len(name) for name, _ in rows), default=0)
    yield from (f"  {name:<{width}}  {value}" for name, value in rows)


def _join(items: Sequence[Found]) -> str:
    return ", ".join(_item(item) for item in items) or "–"


def _item(item: Found) -> str:
    facts = [f"{name}: {labels}" for name, labels in item.attributes]
    if item.start is not None:
        facts.append(f"{item.start}:{item.end}")
    if item.confidence is not None:
        facts.append(percent(item.confidence))
    return f"{item.text} ({', '.join(facts)})" if facts else item.text
