"""Features → scores of one sample, with the small head weights that NumPy needs."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gliner2_lite.batch import Encoded
from gliner2_lite.bundle import BundleConfig
from gliner2_lite.counts import CountHead, predict_counts
from gliner2_lite.errors import BundleError
from gliner2_lite.prompt import Prompt
from gliner2_lite.schema.spec import ClassificationSpec
from gliner2_lite.session import Features
from gliner2_lite.spans import SpanScorer

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Heads:
    """The counting layer and the span scorer of one bundle."""

    counts: CountHead
    spans: SpanScorer


@dataclass(frozen=True, slots=True)
class TaskScores:
    """Logits of one task. A classification has ``classes``, any other task the span arrays.

    ``spans`` is None when the count is 0. ``choices`` are the width-1 spans of the choice words.
    """

    count: int
    classes: FloatArray | None = None  # [M]
    spans: FloatArray | None = None  # [count, M, W, max_width]
    choices: FloatArray | None = None  # [count, M, P]


def load_heads(path: Path, config: BundleConfig) -> Heads:
    """Read ``heads.npz``; tensors may be stored in float16, where that loses nothing.

    Raises:
        BundleError: the file is no npz, or an array is missing.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            weights = {name: stored[name].astype(np.float32) for name in stored.files}
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise BundleError(f"{path} is not a file of arrays ({error}); get the bundle again") from error
    return Heads(
        counts=CountHead(config.counting_layer, weights, path),
        spans=SpanScorer(weights, config.max_width, path),
    )


def score_sample(
    heads: Heads, features: Features, row: int, encoded: Encoded, prompt: Prompt, *, text_words: int
) -> list[TaskScores]:
    """Scores of every task of the sample in ``row`` of the batch.

    ``text_words`` is how many of the encoded words are text; they come last, the choice words first.
    """
    sizes = [len(task) for task in encoded.label_tokens]
    begins = np.cumsum([0, *sizes])
    counts = predict_counts(features.count_logits[row, : len(sizes)])
    scores: list[TaskScores] = []
    for begin, size, count, task in zip(begins, sizes, counts, prompt.tasks, strict=False):
        if isinstance(task.target, ClassificationSpec):
            scores.append(TaskScores(0, classes=features.class_logits[row, begin : begin + size]))
        else:
            scores.append(TaskScores(int(count)))

    active = [index for index, score in enumerate(scores) if score.count > 0]
    if not active:
        return scores
    queries = heads.counts.queries(
        [features.label_states[row, begins[index] : begins[index] + sizes[index]] for index in active],
        [scores[index].count for index in active],
    )
    flat = np.concatenate([own.reshape(-1, own.shape[-1]) for own in queries])  # [N, H]
    words = len(encoded.word_pieces)
    first_text = max(0, words - text_words)
    start, end = features.span_start[row, :words], features.span_end[row, :words]
    grid = heads.spans.scores(start[first_text:], end[first_text:], flat)  # [N, W, width]
    prefix = np.empty((len(flat), 0), dtype=np.float32)
    if prompt.prefix and text_words:
        prefix = heads.spans.scores(start[:first_text], end[:first_text], flat, max_width=1)[
            :, :, 0
        ]  # [N, P]
    position = 0
    for index, own in zip(active, queries, strict=True):
        count, labels = own.shape[:2]
        stop = position + count * labels
        scores[index] = TaskScores(
            count,
            spans=grid[position:stop].reshape(count, labels, *grid.shape[1:]),
            choices=prefix[position:stop].reshape(count, labels, -1),
        )
        position = stop
    return scores
