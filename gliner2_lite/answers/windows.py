"""The answers of a document's windows → the answers of the document."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from gliner2_lite.answers.overlap import DISALLOW, resolve
from gliner2_lite.answers.public import public_keys
from gliner2_lite.answers.types import (
    Answers,
    ClassAnswer,
    EntityAnswer,
    RecordAnswer,
    RelationAnswer,
    Span,
    TaskAnswer,
    Value,
)
from gliner2_lite.prompt.chunks import Chunk

Item = TypeVar("Item")
Instance = tuple[tuple[str, Value], ...]


def merge_windows(
    text: str, chunks: Sequence[Chunk], answers: Sequence[Answers], *, policy: str | None
) -> Answers:
    """The answers about ``text`` from those about its windows, with offsets into ``text``.

    Of entity spans of one type that overlap ``policy`` keeps some, in order of place; None means ``disallow``
    here, as in the reference. Of records, pairs and labels that are equal but for confidences the most
    confident stays, in the place of the first. A single label is that of the most confident window.
    """
    by_task: dict[str, list[TaskAnswer]] = {}
    requested: dict[str, None] = {}
    keys: dict[str, None] = {}  # as the reference, which merges public results, comes by them
    for chunk, window in zip(chunks, answers, strict=True):
        requested |= dict.fromkeys(window.requested_relations)
        keys |= dict.fromkeys(public_keys(window))
        for key, answer in window.by_key().items():
            by_task.setdefault(key, []).append(_moved(answer, text, chunk.offset))
    return Answers(
        tuple((key, _merged(parts, policy or DISALLOW)) for key, parts in by_task.items()),
        tuple(requested),
        tuple(keys),
    )


def _merged(parts: Sequence[TaskAnswer], policy: str) -> TaskAnswer:
    """One task's answer; every window answers the same task, so all parts have the type of the first."""
    first = parts[0]
    if isinstance(first, ClassAnswer):
        return _merged_classes([part for part in parts if isinstance(part, ClassAnswer)])
    if isinstance(first, RelationAnswer):
        pairs = (pair for part in parts if isinstance(part, RelationAnswer) for pair in part.pairs)
        return RelationAnswer(_most_confident(pairs, _same_pair, _pair_confidence))
    if isinstance(first, EntityAnswer):
        return _merged_entities([part for part in parts if isinstance(part, EntityAnswer)], policy)
    return _merged_records([part for part in parts if isinstance(part, RecordAnswer)])


def _merged_classes(parts: Sequence[ClassAnswer]) -> ClassAnswer:
    if parts[0].multi_label:
        labels = (label for part in parts for label in part.labels)
        return ClassAnswer(
            _most_confident(labels, lambda label: label.label, lambda label: label.confidence),
            multi_label=True,
        )
    return max(parts, key=lambda part: part.labels[0].confidence)


def _merged_entities(parts: Sequence[EntityAnswer], policy: str) -> EntityAnswer:
    answered = [part for part in parts if part.values is not None]
    if not answered:
        return parts[0]
    found: dict[str, list[Span]] = {}
    scalars: set[str] = set()
    for part in answered:
        for name, value in part.values or ():
            spans = found.setdefault(name, [])
            if isinstance(value, tuple):
                spans += value
            else:
                scalars.add(name)
                spans += () if value is None else (value,)
    values: list[tuple[str, Value]] = []
    for name, spans in found.items():
        kept = _in_place(spans, policy)
        values.append((name, tuple(kept) if name not in scalars else kept[0] if kept else None))
    return EntityAnswer(tuple(values), has_attributes=any(part.has_attributes for part in answered))


def _merged_records(parts: Sequence[RecordAnswer]) -> RecordAnswer:
    filled = [part for part in parts if part.instances]
    if not filled:
        return parts[0]
    instances = (instance for part in filled for instance in part.instances or ())
    return RecordAnswer(_most_confident(instances, _same_instance, _instance_confidence))


def _in_place(spans: Sequence[Span], policy: str) -> list[Span]:
    """The spans that ``policy`` keeps, by place."""
    kept = resolve(
        spans,
        policy,
        score=lambda span: span.confidence,
        start=lambda span: span.start or 0,
        end=lambda span: span.end or 0,
    )
    return sorted(kept, key=lambda span: (span.start or 0, span.end or 0, span.text))


def _most_confident(
    items: Iterable[Item], identity: Callable[[Item], Hashable], confidence: Callable[[Item], float]
) -> tuple[Item, ...]:
    """The surest of the items that ``identity`` calls equal, in order of first appearance."""
    kept: dict[Hashable, Item] = {}
    for item in items:
        key = identity(item)
        if key not in kept or confidence(item) > confidence(kept[key]):
            kept[key] = item
    return tuple(kept.values())


def _moved(answer: TaskAnswer, text: str, offset: int) -> TaskAnswer:
    """``answer`` with every span's offsets and text in the document instead of the window."""
    if isinstance(answer, ClassAnswer):
        return answer
    if isinstance(answer, RelationAnswer):
        return RelationAnswer(
            tuple(
                (_moved_span(head, text, offset), _moved_span(tail, text, offset))
                for head, tail in answer.pairs
            )
        )
    if isinstance(answer, EntityAnswer):
        return (
            answer
            if answer.values is None
            else replace(answer, values=_moved_instance(answer.values, text, offset))
        )
    if answer.instances is None:
        return answer
    return RecordAnswer(tuple(_moved_instance(instance, text, offset) for instance in answer.instances))


def _moved_instance(instance: Instance, text: str, offset: int) -> Instance:
    moved: list[tuple[str, Value]] = []
    for name, value in instance:
        if value is None or isinstance(value, Span):
            moved.append((name, None if value is None else _moved_span(value, text, offset)))
        else:
            moved.append((name, tuple(_moved_span(span, text, offset) for span in value)))
    return tuple(moved)


def _moved_span(span: Span, text: str, offset: int) -> Span:
    if span.start is None or span.end is None:  # a choice
        return span
    start, end = span.start + offset, span.end + offset
    # A window's own final mark may be part of a span, where the document goes on without one.
    surface = text[start:end] if 0 <= start <= end <= len(text) else span.text
    return replace(span, text=surface, start=start, end=end)


def _same_span(span: Span) -> Hashable:
    """Equal for spans that differ in confidences only."""
    return (span.text, span.start, span.end)


def _same_pair(pair: tuple[Span, Span]) -> Hashable:
    return tuple(map(_same_span, pair))


def _same_instance(instance: Instance) -> Hashable:
    return tuple(
        (
            name,
            value
            if value is None
            else _same_span(value)
            if isinstance(value, Span)
            else tuple(map(_same_span, value)),
        )
        for name, value in instance
    )


def _pair_confidence(pair: tuple[Span, Span]) -> float:
    return max(span.confidence for span in pair)


def _instance_confidence(instance: Instance) -> float:
    """Of the surest value; 0 for a record without any."""
    return max((span.confidence for _, value in instance for span in _spans(value)), default=0.0)


def _spans(value: Value) -> tuple[Span, ...]:
    return () if value is None else (value,) if isinstance(value, Span) else value
