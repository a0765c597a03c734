"""The answers about a text as typed data: the form between scores and the public JSON shapes.

Every answer type can join the answers about a document's windows: ``moved`` shifts spans to their offsets in
the document, ``merged`` makes one answer of the windows' answers to one task.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from gliner2_lite.answers.overlap import resolve

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Label:
    """A class label or attribute value with its probability."""

    label: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Span:
    """A found text. ``start``/``end`` are None for a choice, which is not a place in the text."""

    text: str
    confidence: float
    start: int | None
    end: int | None
    attributes: tuple[tuple[str, Label | tuple[Label, ...]], ...] = ()


Value = tuple[Span, ...] | Span | None
"""A list field's spans, or a scalar field's one span or None."""
Values = tuple[tuple[str, Value], ...]
"""Values by the names of fields or entity types."""
Move = Callable[[Span], Span]
Ends = tuple[Sequence[str] | None, Sequence[str] | None]
"""Entity types of a head and of a tail; None for any text."""


def resolve_spans(spans: Sequence[Span], policy: str | None) -> list[Span]:
    """The spans that survive an overlap policy, canonical or None; see ``overlap.resolve``."""
    return resolve(
        spans,
        policy,
        score=lambda span: span.confidence,
        start=lambda span: span.start or 0,
        end=lambda span: span.end or 0,
    )


@dataclass(frozen=True, slots=True)
class EntityAnswer:
    """Spans per entity type; ``values`` is None when the predicted count is 0."""

    values: Values | None
    has_attributes: bool = False

    def moved(self, move: Move) -> EntityAnswer:
        """The same entities, every span moved by ``move``."""
        return self if self.values is None else replace(self, values=_moved(self.values, move))

    @classmethod
    def merged(cls, parts: Sequence[EntityAnswer], policy: str) -> EntityAnswer:
        """Entities by type, in text order; of overlapping spans of a type those that ``policy`` keeps."""
        answered = [part for part in parts if part.values is not None]
        if not answered:
            return parts[0]
        spans_of: dict[str, list[Span]] = {}
        scalars: set[str] = set()
        for part in answered:
            for name, value in part.values or ():
                spans_of.setdefault(name, []).extend(_spans(value))
                if not isinstance(value, tuple):
                    scalars.add(name)
        values: list[tuple[str, Value]] = []
        for name, spans in spans_of.items():
            kept = _in_place(spans, policy)
            values.append((name, tuple(kept) if name not in scalars else kept[0] if kept else None))
        return cls(tuple(values), has_attributes=any(part.has_attributes for part in answered))


@dataclass(frozen=True, slots=True)
class RecordAnswer:
    """Instances of a structure; None when the count is 0."""

    instances: tuple[Values, ...] | None

    def moved(self, move: Move) -> RecordAnswer:
        """The same records, every span moved by ``move``."""
        if self.instances is None:
            return self
        return RecordAnswer(tuple(_moved(instance, move) for instance in self.instances))

    @classmethod
    def merged(cls, parts: Sequence[RecordAnswer], policy: str) -> RecordAnswer:
        """All records; of those that differ only in confidences the surest, at the position of the first."""
        filled = [part.instances for part in parts if part.instances]
        if not filled:
            return parts[0]
        instances = (instance for instances in filled for instance in instances)
        return cls(_surest(instances, _record_identity, _record_confidence))


@dataclass(frozen=True, slots=True)
class RelationAnswer:
    """Pairs of head and tail."""

    pairs: tuple[tuple[Span, Span], ...]

    def moved(self, move: Move) -> RelationAnswer:
        """The same pairs, every span moved by ``move``."""
        return RelationAnswer(tuple((move(head), move(tail)) for head, tail in self.pairs))

    @classmethod
    def merged(cls, parts: Sequence[RelationAnswer], policy: str) -> RelationAnswer:
        """All pairs; of those that differ only in confidences the surest, at the position of the first."""
        return cls(
            _surest(
                (pair for part in parts for pair in part.pairs),
                lambda pair: tuple(map(_identity, pair)),
                lambda pair: max(span.confidence for span in pair),
            )
        )


@dataclass(frozen=True, slots=True)
class ClassAnswer:
    """The chosen labels of a classification task.

    Without ``multi_label`` there is one, or none where the task abstained.
    """

    labels: tuple[Label, ...]
    multi_label: bool

    def moved(self, move: Move) -> ClassAnswer:
        """This answer, unchanged: labels have no offsets."""
        return self

    @classmethod
    def merged(cls, parts: Sequence[ClassAnswer], policy: str) -> ClassAnswer:
        """The single label of the surest window that has one, or every label with its highest confidence."""
        if not parts[0].multi_label:
            answered = [part for part in parts if part.labels]
            return max(answered, key=lambda part: part.labels[0].confidence, default=parts[0])
        labels = (label for part in parts for label in part.labels)
        return cls(
            _surest(labels, lambda label: label.label, lambda label: label.confidence), multi_label=True
        )


TaskAnswer = EntityAnswer | RecordAnswer | RelationAnswer | ClassAnswer


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers to all tasks of a prompt about one text, in the prompt's order.

    ``requested_relations`` are the relation types that a public result names even without a pair. ``keys``
    and ``relation_keys`` are the key order of the public result and of its relations, where it differs from
    the order of the tasks.
    """

    tasks: tuple[tuple[str, TaskAnswer], ...] = ()
    requested_relations: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    relation_keys: tuple[str, ...] = ()

    def by_key(self) -> dict[str, TaskAnswer]:
        """Result key → answer; of tasks that share a key the last answer, at the position of the first."""
        return dict(self.tasks)

    def renamed(self, names: Mapping[str, str]) -> Answers:
        """The same answers with other keys: ``names`` is key → name, other keys stay."""
        if not names:
            return self
        return replace(self, tasks=tuple((names.get(key, key), answer) for key, answer in self.tasks))

    def between(self, ends: Mapping[str, Ends]) -> Answers:
        """The same answers without the pairs whose ends were not found as entities of the types asked for.

        ``ends`` is the key of a relation → entity types of its head and tail. An end is found when an entity
        of such a type has its text, in any case.
        """
        if not ends:
            return self
        texts: dict[str, set[str]] = {}
        for _, answer in self.tasks:
            for name, value in (answer.values or ()) if isinstance(answer, EntityAnswer) else ():
                texts.setdefault(name, set()).update(span.text.lower() for span in _spans(value))

        def fits(span: Span, types: Sequence[str] | None) -> bool:
            return types is None or any(span.text.lower() in texts.get(name, ()) for name in types)

        def kept(key: str, answer: TaskAnswer) -> TaskAnswer:
            if key not in ends or not isinstance(answer, RelationAnswer):
                return answer
            head, tail = ends[key]
            pairs = (pair for pair in answer.pairs if fits(pair[0], head) and fits(pair[1], tail))
            return RelationAnswer(tuple(pairs))

        return replace(self, tasks=tuple((key, kept(key, answer)) for key, answer in self.tasks))


def _moved(values: Values, move: Move) -> Values:
    return tuple((name, _moved_value(value, move)) for name, value in values)


def _moved_value(value: Value, move: Move) -> Value:
    if value is None or isinstance(value, Span):
        return None if value is None else move(value)
    return tuple(move(span) for span in value)


def _in_place(spans: Sequence[Span], policy: str) -> list[Span]:
    """The spans that ``policy`` keeps, sorted by place."""
    kept = resolve_spans(spans, policy)
    return sorted(kept, key=lambda span: (span.start or 0, span.end or 0, span.text))


def _surest(
    items: Iterable[Item], identity: Callable[[Item], Hashable], confidence: Callable[[Item], float]
) -> tuple[Item, ...]:
    """The surest of the items that ``identity`` calls equal, in order of first appearance."""
    kept: dict[Hashable, Item] = {}
    for item in items:
        key = identity(item)
        if key not in kept or confidence(item) > confidence(kept[key]):
            kept[key] = item
    return tuple(kept.values())


def _identity(span: Span) -> Hashable:
    """Equal for spans that differ in confidences only."""
    return (span.text, span.start, span.end)


def _record_identity(record: Values) -> Hashable:
    return tuple(
        (name, isinstance(value, tuple), tuple(map(_identity, _spans(value)))) for name, value in record
    )


def _record_confidence(record: Values) -> float:
    """Of the surest value; 0 for a record without any."""
    return max((span.confidence for _, value in record for span in _spans(value)), default=0.0)


def _spans(value: Value) -> tuple[Span, ...]:
    return () if value is None else (value,) if isinstance(value, Span) else value
