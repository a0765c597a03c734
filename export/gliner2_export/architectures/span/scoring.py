"""Outputs of a span graph → probabilities and answers, by the runtime's own scoring and decoding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gliner2_lite.answers.types import TaskAnswer
from gliner2_lite.architectures.classes import class_probabilities
from gliner2_lite.architectures.span.config import SpanConfig
from gliner2_lite.architectures.span.decode import decode_task
from gliner2_lite.architectures.span.heads import SpanHeads
from gliner2_lite.architectures.span.scores import TaskScores, score_sample
from gliner2_lite.graph.batch import Batch
from gliner2_lite.graph.encode import Sample
from gliner2_lite.graph.numeric import sigmoid
from gliner2_lite.prompt.layout import TaskPrompt
from gliner2_lite.schema.spec import ClassificationSpec

if TYPE_CHECKING:
    from gliner2_export.checkpoint.read import Checkpoint


@dataclass(frozen=True)
class SpanScoring:
    """See :class:`gliner2_export.architectures.base.Scoring`."""

    heads: SpanHeads

    @classmethod
    def load(cls, heads: Path, checkpoint: Checkpoint) -> SpanScoring:
        """Scoring with the head weights of the file ``heads``."""
        config = checkpoint.config
        return cls(SpanHeads(heads, SpanConfig(config.max_width, config.counting_layer)))

    def probabilities(
        self, sample: Sample, batch: Batch, outputs: Mapping[str, np.ndarray], like: Mapping[str, np.ndarray]
    ) -> list[np.ndarray]:
        """Probabilities of every task, for as many instances as the counts in ``like`` say."""
        scores = self._scores(sample, batch, {**outputs, "count_logits": like["count_logits"]})
        return [task_probabilities(*pair) for pair in zip(sample.prompt.tasks, scores, strict=True)]

    def answers(
        self, sample: Sample, batch: Batch, outputs: Mapping[str, np.ndarray], *, threshold: float
    ) -> list[TaskAnswer]:
        """The answers as the runtime decodes them, without an overlap policy."""
        return [
            decode_task(task, scores, sample, threshold=threshold, policy=None)
            for task, scores in zip(sample.prompt.tasks, self._scores(sample, batch, outputs), strict=True)
        ]

    def _scores(
        self, sample: Sample, batch: Batch, outputs: Mapping[str, np.ndarray]
    ) -> Sequence[TaskScores]:
        (encoded,) = batch.encoded
        return score_sample(self.heads, outputs, 0, encoded, sample.prompt, text_words=len(sample.words))


def task_probabilities(task: TaskPrompt, scores: TaskScores) -> np.ndarray:
    """All cells of one task as float32 [cells]; a span beyond the text has probability 0.

    Raises TypeError for class scores of a task that is no classification.
    """
    if scores.classes is not None:
        target = task.target
        if not isinstance(target, ClassificationSpec):
            raise TypeError(f"class scores for the task {task.key!r}, which is no classification")
        return class_probabilities(target, scores.classes)
    parts = [part for part in (scores.spans, scores.choices) if part is not None]
    return np.concatenate([sigmoid(part).ravel() for part in parts] or [np.empty(0, dtype=np.float32)])
