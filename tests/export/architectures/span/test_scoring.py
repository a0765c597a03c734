"""Scoring of a span graph's outputs: probabilities of every cell, and answers as the runtime gives them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from gliner2_export.architectures.span.scoring import SpanScoring, task_probabilities
from gliner2_lite.architectures.span.scores import TaskScores
from gliner2_lite.graph.numeric import Arrays
from gliner2_lite.prompt.layout import build_prompt
from gliner2_lite.schema import Schema, compile_schema

LOGITS = np.array([0.0, 2.0, -2.0], dtype=np.float32)


def task(schema: dict) -> object:
    (only,) = build_prompt(compile_schema(Schema.from_dict(schema))).tasks
    return only


def classes(**options: object) -> object:
    return task({"classifications": [{"task": "mood", "labels": ["a", "b", "c"], **options}]})


def logistic(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


@pytest.mark.parametrize(
    ("options", "independent"),
    [
        ({}, False),
        ({"multi_label": True}, True),
        ({"class_act": "sigmoid"}, True),
        ({"multi_label": True, "class_act": "softmax"}, False),
    ],
)
def test_labels_are_independent_or_share_one(options: dict, independent: bool) -> None:
    shown = task_probabilities(classes(**options), TaskScores(1, classes=LOGITS))
    expected = logistic(LOGITS) if independent else np.exp(LOGITS) / np.exp(LOGITS).sum()
    np.testing.assert_allclose(shown, expected, rtol=1e-6)


def test_spans_and_choices_are_cells_and_those_beyond_the_text_are_zero() -> None:
    spans = np.array([[[[0.0, 3.0], [1.0, -np.inf]]]], dtype=np.float32)  # [1, 1, W = 2, max_width = 2]
    choices = np.array([[[-1.0]]], dtype=np.float32)
    entity = task({"entities": ["person"]})
    cells = task_probabilities(entity, TaskScores(1, spans=spans, choices=choices))
    np.testing.assert_allclose(cells, [*logistic(np.array([0.0, 3.0, 1.0])), 0.0, logistic(-1.0)], rtol=1e-6)
    assert task_probabilities(entity, TaskScores(0)).shape == (0,)
    with pytest.raises(TypeError, match="which is no classification"):
        task_probabilities(entity, TaskScores(1, classes=LOGITS))


def test_the_instances_are_those_that_the_other_model_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    read = []

    def score(heads: object, arrays: Arrays, *rest: object, **options: object) -> list[TaskScores]:
        read.append((float(arrays["count_logits"]), float(arrays["class_logits"])))
        return [TaskScores(1, classes=LOGITS)]

    monkeypatch.setattr("gliner2_export.architectures.span.scoring.score_sample", score)
    prompt = SimpleNamespace(tasks=[classes()])
    sample, batch = SimpleNamespace(prompt=prompt, words=["a"]), SimpleNamespace(encoded=[None])
    names = ("count_logits", "class_logits", "label_states", "span_start", "span_end", "span_logits")
    mine, other = (dict.fromkeys(names, np.float32(value)) for value in (1, 2))
    (cells,) = SpanScoring(heads=None).probabilities(sample, batch, mine, other)
    assert read == [(2.0, 1.0)] and cells.shape == (3,)
