"""Scores → typed answers per task: thresholds, validators, overlap policies, choices, attributes.

Probabilities are float32 as in the reference. Span cells are compared with the threshold in
float32; classes, choices and attributes compare the widened value in float64, also as in the reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gliner2_lite.answers.types import (
    EntityAnswer,
    Label,
    RecordAnswer,
    RelationAnswer,
    Span,
    TaskAnswer,
    Value,
    resolve_spans,
)
from gliner2_lite.architectures.classes import choose_classes
from gliner2_lite.architectures.span.scores import TaskScores
from gliner2_lite.graph.encode import Sample
from gliner2_lite.graph.numeric import FloatArray, sigmoid, softmax
from gliner2_lite.prompt.layout import EntityTask, TaskPrompt
from gliner2_lite.schema.spec import (
    AttributeSpec,
    ClassificationSpec,
    FieldSpec,
    RelationSpec,
    StructureSpec,
    Validator,
)

LIST = "list"


def decode_task(
    task: TaskPrompt, scores: TaskScores, sample: Sample, *, threshold: float, policy: str | None
) -> TaskAnswer:
    """The answer to one task; ``policy`` is canonical or None."""
    target = task.target
    if isinstance(target, ClassificationSpec):
        if scores.classes is None:
            raise TypeError("classification task without class logits")
        return choose_classes(target, scores.classes)
    if isinstance(target, EntityTask):
        return _entities(task, target, scores, sample, threshold, policy)
    if isinstance(target, RelationSpec):
        return _relations(task, target, scores, sample, threshold, policy)
    return _records(task, target, scores, sample, threshold, policy)


def _entities(
    task: TaskPrompt,
    target: EntityTask,
    scores: TaskScores,
    sample: Sample,
    threshold: float,
    policy: str | None,
) -> EntityAnswer:
    if scores.spans is None:
        return EntityAnswer(None)
    places = _places(task.labels)
    columns = [places[entity.name] for entity in target.entities]
    limits = [_either(entity.threshold, threshold) for entity in target.entities]
    hits = _hits(scores.spans[:, columns], limits)
    values: list[tuple[str, Value]] = []
    for index, entity in enumerate(target.entities):
        cells = hits[index]
        spans = _spans(cells, sample, entity.validators)
        if target.attributes:
            spans = [
                (cell, _with_attributes(span, cell, entity.name, places, target.attributes, scores.spans[0]))
                for cell, span in spans
            ]
        values.append((entity.name, _value([span for _, span in spans], entity.dtype, policy)))
    return EntityAnswer(tuple(values), has_attributes=bool(target.attributes))


def _relations(
    task: TaskPrompt,
    target: RelationSpec,
    scores: TaskScores,
    sample: Sample,
    threshold: float,
    policy: str | None,
) -> RelationAnswer:
    if scores.spans is None:
        return RelationAnswer(())
    limit = _either(target.threshold, threshold)
    roles = len(task.labels)
    hits = _hits(scores.spans[:, :roles], [limit] * roles)
    pairs = []
    for instance in range(scores.count):
        best = [
            _value([span for _, span in _spans(cells, sample, ())], "str", policy)
            for cells in hits[instance * roles : (instance + 1) * roles]
        ]
        if len(best) == 2 and isinstance(best[0], Span) and isinstance(best[1], Span):
            pairs.append((best[0], best[1]))
    return RelationAnswer(tuple(pairs))


def _records(
    task: TaskPrompt,
    target: StructureSpec,
    scores: TaskScores,
    sample: Sample,
    threshold: float,
    policy: str | None,
) -> RecordAnswer:
    if scores.spans is None or scores.choices is None:
        return RecordAnswer(None)
    places = _places(task.labels)
    columns = [places[field.name] for field in target.fields]
    limits = [_either(field.threshold, threshold) for field in target.fields]
    # A choice field is read from the choice words below, so no text span of it may pass.
    hits = _hits(
        scores.spans[:, columns],
        [
            np.inf if field.choices is not None else limit
            for field, limit in zip(target.fields, limits, strict=True)
        ],
    )
    prefix = _places([word.lower() for word in sample.prompt.prefix] if len(sample.words) else [])
    choices = sigmoid(scores.choices)
    instances = []
    for instance in range(scores.count):
        values: list[tuple[str, Value]] = []
        for index, field in enumerate(target.fields):
            if field.choices is not None:
                chosen = _choices(
                    field, field.choices, choices[instance, columns[index]], prefix, limits[index]
                )
                values.append((field.name, chosen))
            else:
                spans = _spans(hits[instance * len(columns) + index], sample, field.validators)
                values.append((field.name, _value([span for _, span in spans], field.dtype, policy)))
        if any(value is not None and value != () for _, value in values):
            instances.append(tuple(values))
    return RecordAnswer(tuple(instances))


def _choices(
    field: FieldSpec,
    choices: tuple[str, ...],
    probabilities: FloatArray,
    prefix: dict[str, int],
    limit: float,
) -> Value:
    """The choices whose first equal word in the whole prefix, case ignored, scores high enough."""
    scored: dict[str, float] = {}
    for choice in choices:
        place = prefix.get(choice.lower(), -1)
        if choice not in scored and 0 <= place < len(probabilities):
            scored[choice] = float(probabilities[place])
    if field.dtype == LIST:
        return tuple(Span(text, score, None, None) for text, score in scored.items() if score >= limit)
    best = max(scored, key=lambda choice: scored[choice], default="")
    return Span(best, scored[best], None, None) if best and scored[best] >= limit else None


class _Cell(NamedTuple):
    """A span cell over its threshold: words start … start+width."""

    start: int
    width: int
    confidence: float


def _hits(logits: FloatArray, limits: Sequence[float]) -> list[list[_Cell]]:
    """Cells over the threshold per (instance, label), row by row.

    Args:
        logits: [C, M, W, width]. limits: one threshold per label.

    Returns:
        C·M lists, instance by instance.
    """
    instances, labels = logits.shape[:2]
    cells: list[list[_Cell]] = [[] for _ in range(instances * labels)]
    probabilities = sigmoid(logits)
    passed = probabilities >= np.asarray(limits, dtype=np.float32)[None, :, None, None]
    passed &= logits > -np.inf  # cells beyond the last word, which a threshold of 0 would let in
    where = np.nonzero(passed)
    groups = (where[0] * labels + where[1]).tolist()
    values = probabilities[where].tolist()
    for group, start, width, value in zip(groups, where[2].tolist(), where[3].tolist(), values, strict=True):
        cells[group].append(_Cell(start, width, value))
    return cells


def _spans(
    cells: Sequence[_Cell], sample: Sample, validators: tuple[Validator, ...]
) -> list[tuple[_Cell, Span]]:
    words, spans = sample.words, []
    for cell in cells:
        last = cell.start + cell.width
        if last >= len(words):
            continue
        start, end = words.starts[cell.start], words.ends[last]
        text = sample.text[start:end].strip()
        if text and all(validator.validate(text) for validator in validators):
            spans.append((cell, Span(text, cell.confidence, start, end)))
    return spans


def _value(spans: Sequence[Span], dtype: str, policy: str | None) -> Value:
    kept = resolve_spans(spans, policy)
    if dtype == LIST:
        return tuple(kept)
    return kept[0] if kept else None


def _with_attributes(
    span: Span,
    cell: _Cell,
    entity: str,
    places: dict[str, int],
    groups: tuple[AttributeSpec, ...],
    logits: FloatArray,
) -> Span:
    """``span`` with every group that applies, read at the span's own cell of ``logits`` [M, W, width]."""
    attributes: list[tuple[str, Label | tuple[Label, ...]]] = []
    for group in groups:
        if group.applies_to is not None and entity not in group.applies_to:
            continue
        columns = [places[label] for label in group.prompt_labels]
        values = logits[columns, cell.start, cell.width]
        chances = (sigmoid if group.multi_label else softmax)(values).tolist()
        labels = [Label(label, chance) for label, chance in zip(group.labels, chances, strict=True)]
        if group.multi_label:
            kept = tuple(label for label in labels if label.confidence >= group.threshold)
            attributes.append((group.name, kept))
        else:
            attributes.append((group.name, max(labels, key=lambda label: label.confidence)))
    return Span(span.text, span.confidence, span.start, span.end, tuple(attributes))


def _places(words: Sequence[str]) -> dict[str, int]:
    """Where each word stands first."""
    places: dict[str, int] = {}
    for place, word in enumerate(words):
        places.setdefault(word, place)
    return places


def _either(special: float | None, common: float) -> float:
    return common if special is None else special
