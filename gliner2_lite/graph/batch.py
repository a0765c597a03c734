"""Encoded texts → one batch of graph inputs, padded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from gliner2_lite.graph.encode import Encoded
from gliner2_lite.graph.numeric import Arrays, FloatArray, IntArray

#: Input of a graph → the array of a batch that it takes. Each is optional: pooling and encoder decide.
INPUTS = {
    "input_ids": "input_ids",
    "attention_mask": "attention_mask",
    "word_tokens": "word_positions",
    "word_pieces": "word_mask",
    "prompt_tokens": "task_positions",
    "label_tokens": "label_positions",
    "label_tasks": "label_tasks",
}


@dataclass(frozen=True, slots=True)
class Batch:
    """One run's arrays, right-padded with 0, and the texts they came from.

    ``word_positions`` is [B, W] for first pooling, [B, W, K] with ``word_mask`` for mean and max.
    """

    encoded: tuple[Encoded, ...]
    input_ids: IntArray  # [B, T]
    attention_mask: IntArray  # [B, T]
    word_positions: IntArray  # [B, W] or [B, W, K]
    word_mask: FloatArray | None  # [B, W, K]
    task_positions: IntArray  # [B, S]
    label_positions: IntArray  # [B, M]
    label_tasks: IntArray  # [B, M], the task of each label; −1 where padded, a task of its own
    extras: Arrays = field(default_factory=dict)  # what one architecture asks for beside these

    def inputs(self) -> Arrays:
        """The arrays by their names in the graph."""
        return {name: getattr(self, array) for name, array in INPUTS.items()} | dict(self.extras)


def make_batch(encoded: Sequence[Encoded], *, pooling: str) -> Batch:
    """Pad encoded samples to one batch; every axis has at least length 1."""
    tokens = _pad([item.ids for item in encoded])
    mask = np.zeros_like(tokens)
    for row, item in enumerate(encoded):
        mask[row, : len(item.ids)] = 1
    word_mask = None
    if pooling in ("mean", "max"):
        words = max([1, *(len(item.word_positions) for item in encoded)])
        width = max([1, *(len(piece) for item in encoded for piece in item.word_positions)])
        word_positions = np.zeros((len(encoded), words, width), dtype=np.int64)
        word_mask = np.zeros(word_positions.shape, dtype=np.float32)
        for row, item in enumerate(encoded):
            for column, piece in enumerate(item.word_positions):
                word_positions[row, column, : len(piece)] = piece
                word_mask[row, column, : len(piece)] = 1.0
    else:
        word_positions = _pad([[piece[0] for piece in item.word_positions] for item in encoded])
    return Batch(
        encoded=tuple(encoded),
        input_ids=tokens,
        attention_mask=mask,
        word_positions=word_positions,
        word_mask=word_mask,
        task_positions=_pad([item.task_positions for item in encoded]),
        label_positions=_pad(
            [[place for task in item.label_positions for place in task] for item in encoded]
        ),
        label_tasks=_pad(
            [[number for number, task in enumerate(item.label_positions) for _ in task] for item in encoded],
            fill=-1,
        ),
    )


def _pad(rows: Sequence[Sequence[int]], *, fill: int = 0) -> IntArray:
    width = max([1, *(len(row) for row in rows)])
    padded = np.full((len(rows), width), fill, dtype=np.int64)
    for index, row in enumerate(rows):
        padded[index, : len(row)] = row
    return padded
