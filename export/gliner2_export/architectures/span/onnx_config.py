"""Optimum's view of the graph: names, dynamic axes and dummy inputs.

Every axis is dynamic. The dummy inputs are a realistic padded batch (routing indices inside the real
tokens of their sample, every axis longer than one), so that tracing sees no shape that could be
mistaken for a constant; the same generator feeds the check after export.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from optimum.exporters.onnx import OnnxConfig
from optimum.utils import NormalizedConfig

from gliner2_export.encoders.pooling import reads_pieces

INPUT_AXES = {
    "input_ids": {0: "batch", 1: "tokens"},
    "attention_mask": {0: "batch", 1: "tokens"},
    "word_tokens": {0: "batch", 1: "words"},
    "prompt_tokens": {0: "batch", 1: "tasks"},
    "label_tokens": {0: "batch", 1: "labels"},
    "label_tasks": {0: "batch", 1: "labels"},
}
PIECE_AXES = {0: "batch", 1: "words", 2: "pieces"}
OUTPUT_AXES = {
    "count_logits": {0: "batch", 1: "tasks"},
    "class_logits": {0: "batch", 1: "labels"},
    "label_states": {0: "batch", 1: "labels"},
    "span_start": {0: "batch", 1: "words"},
    "span_end": {0: "batch", 1: "words"},
    "span_logits": {0: "batch", 1: "words", 3: "labels"},
}


@dataclass(frozen=True)
class Shape:
    """Sizes of the dynamic axes of one batch."""

    batch: int = 2
    tokens: int = 19
    words: int = 7
    pieces: int = 3
    tasks: int = 2
    labels: int = 5


#: Shortest and longest of every axis at least once, with and without padding.
CHECKED_SHAPES = (
    Shape(),
    Shape(batch=1, tokens=5, words=1, pieces=1, tasks=1, labels=1),
    Shape(batch=1, tokens=1, words=1, pieces=1, tasks=1, labels=1),
    Shape(batch=3, tokens=40, words=17, pieces=4, tasks=3, labels=30),
    Shape(batch=1, tokens=200, words=90, pieces=2, tasks=2, labels=3),
)


def random_batch(shape: Shape, *, vocab_size: int, pooling: str, seed: int = 0) -> dict[str, np.ndarray]:
    """Named input arrays of one random batch, ``label_tasks`` included."""
    rng = np.random.default_rng(seed)
    lengths = np.full(shape.batch, shape.tokens)
    if shape.batch > 1:
        lengths[-1] = max(1, shape.tokens // 2)
    mask = (np.arange(shape.tokens) < lengths[:, None]).astype(np.int64)  # [B, T]
    ids = rng.integers(0, vocab_size, (shape.batch, shape.tokens)) * mask

    def positions(*axes: int) -> np.ndarray:  # [B, *axes], inside the real tokens of each sample
        upper = lengths.reshape(-1, *(1 for _ in axes))
        return rng.integers(0, upper, (shape.batch, *axes))

    batch = {"input_ids": ids, "attention_mask": mask}
    if not reads_pieces(pooling):
        batch["word_tokens"] = positions(shape.words)
    else:
        widths = rng.integers(1, shape.pieces + 1, (shape.batch, shape.words, 1))
        pieces = (np.arange(shape.pieces) < widths).astype(np.float32)  # [B, words, pieces]
        batch["word_tokens"] = positions(shape.words, shape.pieces) * pieces.astype(np.int64)
    batch["prompt_tokens"] = positions(shape.tasks)
    batch["label_tokens"] = positions(shape.labels)
    batch["label_tasks"] = np.sort(rng.integers(0, shape.tasks, (shape.batch, shape.labels)))
    if reads_pieces(pooling):
        batch["word_pieces"] = pieces
    return batch


class SpanOnnxConfig(OnnxConfig):
    """The graph contract of the span architecture for ``optimum.exporters.onnx``."""

    NORMALIZED_CONFIG_CLASS = NormalizedConfig

    def __init__(self, config: object, *, vocab_size: int, pooling: str, label_tasks: bool) -> None:
        """``config`` of the encoder; ``label_tasks``: whether the graph reads that input."""
        super().__init__(config, task="feature-extraction")
        self.vocab_size = vocab_size
        self.pooling = pooling
        self.label_tasks = label_tasks

    @property
    def inputs(self) -> dict[str, dict[int, str]]:
        """Names of the dynamic axes of every input that this graph has, in their order."""
        axes = {name: dict(sizes) for name, sizes in INPUT_AXES.items()}
        if not self.label_tasks:
            del axes["label_tasks"]
        if reads_pieces(self.pooling):
            axes["word_tokens"] = dict(PIECE_AXES)
            axes["word_pieces"] = dict(PIECE_AXES)
        return axes

    @property
    def outputs(self) -> dict[str, dict[int, str]]:
        """Names of the dynamic axes of every output."""
        return {name: dict(sizes) for name, sizes in OUTPUT_AXES.items()}

    def generate_dummy_inputs(
        self, framework: str = "pt", **sizes: int
    ) -> dict[str, torch.Tensor] | dict[str, np.ndarray]:
        """A :func:`random_batch`; ``sizes`` are fields of :class:`Shape`. Optimum also asks for numpy."""
        batch = random_batch(Shape(**sizes), vocab_size=self.vocab_size, pooling=self.pooling)
        arrays = {name: batch[name] for name in self.inputs}
        if framework == "pt":
            return {name: torch.from_numpy(array) for name, array in arrays.items()}
        return arrays
