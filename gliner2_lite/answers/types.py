"""What a text was answered, as data: the one form between scores and the public shapes."""

from __future__ import annotations

from dataclasses import dataclass


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


@dataclass(frozen=True, slots=True)
class EntityAnswer:
    """Spans per entity type; ``values`` is None when the count gate was closed."""

    values: tuple[tuple[str, Value], ...] | None
    has_attributes: bool = False


@dataclass(frozen=True, slots=True)
class RecordAnswer:
    """Instances of a structure; None when the count is 0."""

    instances: tuple[tuple[tuple[str, Value], ...], ...] | None


@dataclass(frozen=True, slots=True)
class RelationAnswer:
    """Pairs of head and tail."""

    pairs: tuple[tuple[Span, Span], ...]


@dataclass(frozen=True, slots=True)
class ClassAnswer:
    """The chosen labels of a classification task; exactly one unless ``multi_label``."""

    labels: tuple[Label, ...]
    multi_label: bool


TaskAnswer = EntityAnswer | RecordAnswer | RelationAnswer | ClassAnswer


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers to all tasks of a prompt about one text, in the prompt's order.

    ``requested_relations`` are the relation types that a public result names even without a pair. ``keys``
    is the order in which a public result names what it holds, where that is not the order of the tasks.
    """

    tasks: tuple[tuple[str, TaskAnswer], ...] = ()
    requested_relations: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()

    def by_key(self) -> dict[str, TaskAnswer]:
        """The answer of every result key; of tasks with one key the last one, in the place of the first."""
        return dict(self.tasks)
