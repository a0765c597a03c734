"""The outputs of torch modules or of a graph for a question, and their probabilities and answers.

The torch reference, the fp32 graph and every int8 graph go through the same scoring and the same decoding, so
any difference comes from the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from gliner2_export.architectures.base import Scoring, TorchGraph
from gliner2_export.quality.metrics import Answer, answers_of
from gliner2_export.quality.texts import feeds
from gliner2_lite.graph.batch import Batch
from gliner2_lite.graph.encode import Sample
from gliner2_lite.graph.session import Contract, GraphSession

Outputs = Mapping[str, np.ndarray]
OutputSource = Callable[[Batch], Outputs]
THRESHOLD = 0.5


@dataclass(frozen=True)
class Question:
    """One sample ready for the graph."""

    sample: Sample
    batch: Batch


@dataclass(frozen=True)
class Evaluator:
    """Turns the outputs for a question into probabilities and answers, by the model's architecture."""

    scoring: Scoring

    def cells(self, question: Question, outputs: Outputs, *, like: Outputs) -> np.ndarray:
        """Probabilities of every task, float32 [cells].

        The outputs ``like`` decide which cells there are, so that those of two models correspond.
        """
        parts = self.scoring.probabilities(question.sample, question.batch, outputs, like)
        return np.concatenate(parts or [np.empty(0, dtype=np.float32)])

    def answers(self, question: Question, outputs: Outputs) -> list[Answer]:
        """All answers at the default threshold."""
        return [answer for part in self.answers_by_task(question, outputs) for answer in part]

    def answers_by_task(self, question: Question, outputs: Outputs) -> list[list[Answer]]:
        """All answers at the default threshold, task by task in the order of the prompt."""
        sample = question.sample
        results = self.scoring.answers(sample, question.batch, outputs, threshold=THRESHOLD)
        return [
            answers_of(task.key, result) for task, result in zip(sample.prompt.tasks, results, strict=True)
        ]


def torch_outputs(graph: TorchGraph) -> OutputSource:
    """Outputs of the torch modules themselves: the reference."""

    def run(batch: Batch) -> Outputs:
        with torch.inference_mode():
            outputs = graph(**{name: torch.from_numpy(array) for name, array in feeds(batch).items()})
        return {name: array.numpy() for name, array in outputs.items()}

    return run


def graph_outputs(path: Path, names: Sequence[str]) -> OutputSource:
    """The outputs ``names`` of the ONNX file ``path``, run as the runtime runs it."""
    return GraphSession(path, Contract(outputs=tuple(names))).run
