"""Figures that compare two models on the same questions: probabilities, answers, F1. Pure functions.

An *answer* is one entity mention, one label, one record value or one relation; a *cell* is one probability
that the model scores: a label, or a span for a field.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from gliner2_lite.answers.types import ClassAnswer, EntityAnswer, RelationAnswer, Span, TaskAnswer

KINDS = ("entities", "labels", "records", "relations")
#: Cells where both models are below this are not counted: nearly all are, and their mean would flatter.
VISIBLE = 0.05

#: How many items of an answer name the field that it answers.
DEPTH = {"entities": 3, "labels": 2, "records": 4, "relations": 2}

Answer = tuple[str, ...]
"""(kind, task, …): hashable, equal when two models say the same."""


def answers_of(key: str, result: TaskAnswer) -> list[Answer]:
    """The answers of one task whose result key is ``key``."""
    if isinstance(result, ClassAnswer):
        return [("labels", key, label.label) for label in result.labels]
    if isinstance(result, EntityAnswer):
        return [
            ("entities", key, name, *_place(span))
            for name, value in result.values or ()
            for span in _spans(value)
        ]
    if isinstance(result, RelationAnswer):
        return [("relations", key, *_place(head), *_place(tail)) for head, tail in result.pairs]
    return [
        ("records", key, str(number), name, *_place(span))
        for number, instance in enumerate(result.instances or ())
        for name, value in instance
        for span in _spans(value)
    ]


def _spans(value: tuple[Span, ...] | Span | None) -> tuple[Span, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, Span) else value


def _place(span: Span) -> tuple[str, str]:
    return ("choice" if span.start is None else str(span.start), span.text)


@dataclass
class Comparison:
    """Running totals of one model against another; ``expected`` is the model to be matched."""

    deltas: list[np.ndarray] = field(default_factory=list)
    same: Counter[str] = field(default_factory=Counter)
    expected: Counter[str] = field(default_factory=Counter)
    actual: Counter[str] = field(default_factory=Counter)
    differing: Counter[str] = field(default_factory=Counter)
    larger: Counter[str] = field(default_factory=Counter)

    def add_cells(self, expected: np.ndarray, actual: np.ndarray) -> None:
        """Count the probabilities of the same cells by both models."""
        visible = (expected > VISIBLE) | (actual > VISIBLE)
        self.deltas.append(np.abs(expected[visible] - actual[visible]))

    def add_answers(self, expected: Iterable[Answer], actual: Iterable[Answer]) -> None:
        """Count all answers to one text by both models."""
        mine, theirs = _by_field(expected), _by_field(actual)
        for place in mine.keys() | theirs.keys():
            left, right = mine.get(place, Counter()), theirs.get(place, Counter())
            kind, missing, added = place[0], (left - right).total(), (right - left).total()
            self.same[kind] += (left & right).total()
            self.expected[kind] += left.total()
            self.actual[kind] += right.total()
            self.differing[kind] += max(missing, added)  # another answer instead of one is one change
            self.larger[kind] += max(left.total(), right.total())

    def delta(self) -> dict[str, float]:
        """|Δprobability| over the visible cells: ``max``, ``mean``, ``p99`` and how many ``cells``."""
        values = np.concatenate(self.deltas or [np.empty(0)])
        if not len(values):
            return {"max": 0.0, "mean": 0.0, "p99": 0.0, "cells": 0}
        return {
            "max": float(values.max()),
            "mean": float(values.mean()),
            "p99": float(np.percentile(values, 99)),
            "cells": len(values),
        }

    def changed(self, kinds: Sequence[str] = KINDS) -> float:
        """Share of answers that differ, are missing or are new."""
        total = sum(self.larger[kind] for kind in kinds)
        return sum(self.differing[kind] for kind in kinds) / total if total else 0.0

    def f1(self, kinds: Sequence[str] = KINDS) -> float:
        """F1 of the answers against the expected ones; 1 when neither gives any."""
        total = sum(self.expected[kind] + self.actual[kind] for kind in kinds)
        return 2.0 * sum(self.same[kind] for kind in kinds) / total if total else 1.0

    def as_dict(self) -> dict[str, object]:
        """All figures as JSON values: in all, and for each kind that has answers."""
        return {
            "delta": self.delta(),
            "answers": sum(self.expected.values()),
            "changed": self.changed(),
            "f1": self.f1(),
            "by_kind": {
                kind: {
                    "answers": self.expected[kind],
                    "changed": self.changed([kind]),
                    "f1": self.f1([kind]),
                }
                for kind in KINDS
                if self.larger[kind]
            },
        }


def _by_field(answers: Iterable[Answer]) -> dict[tuple[str, ...], Counter[Answer]]:
    """Answers to one text by what they answer: an entity type, a task, a field of an instance, a relation."""
    fields: dict[tuple[str, ...], Counter[Answer]] = {}
    for answer in answers:
        fields.setdefault(answer[: DEPTH[answer[0]]], Counter())[answer] += 1
    return fields
