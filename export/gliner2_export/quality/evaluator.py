"""A graph with its heads as the gate needs it: scores and answers per text, for any source of features.

The torch reference, the fp32 graph and every int8 graph go through the same NumPy heads and the same
decoding, so a difference in the end is one of the graph.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from gliner2_export.architectures.span.graph import ExportGraph
from gliner2_export.quality.metrics import Answer, answers_of, probabilities
from gliner2_export.quality.texts import feeds
from gliner2_lite.architectures.span.decode import decode_task
from gliner2_lite.architectures.span.scores import Heads, TaskScores, score_sample
from gliner2_lite.graph.batch import Batch, Sample
from gliner2_lite.graph.session import OUTPUTS, Features

FeatureSource = Callable[[Batch], Features]
THRESHOLD = 0.5


@dataclass(frozen=True)
class Question:
    """One sample ready for the graph."""

    sample: Sample
    batch: Batch


@dataclass(frozen=True)
class Reader:
    """From features to probabilities and answers."""

    heads: Heads

    def cells(self, question: Question, features: Features, counts: np.ndarray) -> np.ndarray:
        """Probabilities [cells] of every task, with the instances that ``counts`` [1, S, 20] ask for: both
        models of a comparison get the same, so that their cells correspond."""
        scores = self._scores(question, dataclasses.replace(features, count_logits=counts))
        tasks = question.sample.prompt.tasks
        parts = [probabilities(task, own) for task, own in zip(tasks, scores, strict=True)]
        return np.concatenate(parts or [np.empty(0, dtype=np.float32)])

    def answers(self, question: Question, features: Features) -> list[Answer]:
        """All answers at the default threshold."""
        return [answer for part in self.answers_by_task(question, features) for answer in part]

    def answers_by_task(self, question: Question, features: Features) -> list[list[Answer]]:
        """The same, task by task in the order of the prompt."""
        sample = question.sample
        return [
            answers_of(task.key, decode_task(task, own, sample, threshold=THRESHOLD, policy=None))
            for task, own in zip(sample.prompt.tasks, self._scores(question, features), strict=True)
        ]

    def _scores(self, question: Question, features: Features) -> Sequence[TaskScores]:
        sample, (encoded,) = question.sample, question.batch.encoded
        return score_sample(self.heads, features, 0, encoded, sample.prompt, text_words=len(sample.words))


def torch_features(graph: ExportGraph) -> FeatureSource:
    """Features from the torch modules themselves: the reference."""

    def run(batch: Batch) -> Features:
        with torch.inference_mode():
            outputs = graph(**{name: torch.from_numpy(array) for name, array in feeds(batch).items()})
        return Features(*(outputs[name].numpy() for name in OUTPUTS))

    return run
