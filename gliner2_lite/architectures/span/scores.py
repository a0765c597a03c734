"""Features → scores of one sample.

The graph scores the first instance of every task. Further instances, which only records and relations
have, are scored here from the graph's per-word span halves, with the small head weights of the bundle.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gliner2_lite.architectures.span.counts import CountHead, predict_counts
from gliner2_lite.architectures.span.spans import SpanScorer
from gliner2_lite.bundle.manifest import BundleConfig
from gliner2_lite.errors import BundleError
from gliner2_lite.graph.batch import Encoded
from gliner2_lite.graph.session import Features
from gliner2_lite.prompt.layout import EntityTask, Prompt
from gliner2_lite.schema.spec import ClassificationSpec

FloatArray = npt.NDArray[np.float32]
SCALE_SUFFIX = ".scale"
MAX_HEADS_BYTES = 1 << 30  # unpacked: a small archive can hold terabytes of zeros


@dataclass(frozen=True, slots=True)
class TaskScores:
    """Logits of one task. A classification has ``classes``, any other task the span arrays.

    ``spans`` is None when the count is 0; entities read one instance whatever the count. Cells beyond
    the last word are −inf. ``choices`` are the one-word spans of the choice words before the text.
    """

    count: int
    classes: FloatArray | None = None  # [M]
    spans: FloatArray | None = None  # [instances, M, W, max_width]
    choices: FloatArray | None = None  # [instances, M, P]


class Heads:
    """The head weights of a variant, read when the first task with two instances comes by.

    Raises:
        BundleError: on first use, when the file is damaged or lacks an array.
    """

    def __init__(self, path: Path, config: BundleConfig) -> None:
        self._path, self._config = path, config
        self._lock = threading.Lock()
        self._layers: tuple[CountHead, SpanScorer] | None = None

    @property
    def counts(self) -> CountHead:
        """The counting layer."""
        return self._read()[0]

    @property
    def spans(self) -> SpanScorer:
        """The last span layer."""
        return self._read()[1]

    def _read(self) -> tuple[CountHead, SpanScorer]:
        """Both layers, once for all threads. The arrays as stored are not kept beside them."""
        with self._lock:
            if self._layers is None:
                weights = self._weights()
                self._layers = (
                    CountHead(self._config.counting_layer, weights, self._path),
                    SpanScorer(weights, self._config.max_width, self._path),
                )
            return self._layers

    def _weights(self) -> dict[str, FloatArray]:
        import zipfile  # with three compression libraries: not before weights are read

        try:
            with zipfile.ZipFile(self._path) as archive:
                size = sum(entry.file_size for entry in archive.infolist())
            if size > MAX_HEADS_BYTES:
                raise ValueError(f"its arrays have {size:,} bytes, more than {MAX_HEADS_BYTES:,}")
            with np.load(self._path, allow_pickle=False) as stored:
                return {name: _wide(stored, name) for name in stored.files if not name.endswith(SCALE_SUFFIX)}
        except Exception as error:  # zipfile, zlib and NumPy have a dozen kinds for damaged files
            raise BundleError(
                f"{self._path} is not a file of arrays ({error}); get the bundle again"
            ) from error


def _wide(stored: Mapping[str, npt.NDArray[Any]], name: str) -> FloatArray:
    """An array as float32; stored so, or as float16 where that loses nothing, or int8 with row scales."""
    values = stored[name]
    wide: FloatArray = values.astype(np.float32)
    return wide * stored[name + SCALE_SUFFIX] if values.dtype == np.int8 else wide


def score_sample(
    heads: Heads, features: Features, row: int, encoded: Encoded, prompt: Prompt, *, text_words: int
) -> list[TaskScores]:
    """Scores of every task of the sample in ``row`` of the batch.

    ``text_words`` is how many of the encoded words are text; they come last, the choice words first.
    """
    sizes = [len(task) for task in encoded.label_tokens]
    begins = np.cumsum([0, *sizes]).tolist()
    columns = [slice(begin, begin + size) for begin, size in zip(begins, sizes, strict=False)]
    counts = predict_counts(features.count_logits[row, : len(sizes)]).tolist()
    words = len(encoded.word_pieces)
    text = slice(max(0, words - text_words), words)
    grid = _first_grid(features.span_logits[row, :words])  # [M, words, max_width]

    instances: list[list[FloatArray]] = []  # per task, [M, words, max_width] of each instance
    repeated: list[int] = []
    for index, task in enumerate(prompt.tasks):
        # Without any word (max_len=0) there is nothing to score, as if the count were 0.
        if isinstance(task.target, ClassificationSpec) or counts[index] == 0 or words == 0:
            instances.append([])
            continue
        instances.append([grid[columns[index]]])
        if counts[index] > 1 and not isinstance(task.target, EntityTask):
            repeated.append(index)
    if repeated:
        later = _later_grids(
            heads,
            [features.label_states[row, columns[index]] for index in repeated],
            [counts[index] for index in repeated],
            features.span_start[row, :words],
            features.span_end[row, :words],
        )
        for index, grids in zip(repeated, later, strict=True):
            instances[index].extend(grids)

    scores = []
    for index, task in enumerate(prompt.tasks):
        if isinstance(task.target, ClassificationSpec):
            scores.append(TaskScores(0, classes=features.class_logits[row, columns[index]]))
        elif instances[index]:
            stacked = np.stack(instances[index])  # [instances, M, words, max_width]
            prefix = stacked[:, :, : text.start, 0]
            scores.append(TaskScores(counts[index], spans=stacked[:, :, text], choices=prefix))
        else:
            scores.append(TaskScores(0))
    return scores


def _first_grid(logits: FloatArray) -> FloatArray:
    """[words, max_width, M] as [M, words, max_width], with −inf where a span would leave the text."""
    words, max_width = logits.shape[:2]
    for width in range(1, max_width):
        logits[max(0, words - width) :, width] = -np.inf
    return np.ascontiguousarray(logits.transpose(2, 0, 1))


def _later_grids(
    heads: Heads, labels: list[FloatArray], counts: list[int], start: FloatArray, end: FloatArray
) -> list[list[FloatArray]]:
    """Per task, the grids [M, words, max_width] of its second and further instances."""
    queries = heads.counts.queries(labels, counts)  # per task [count, M, H]
    flat = np.concatenate([own[1:].reshape(-1, own.shape[-1]) for own in queries])  # [N, H]
    grid = heads.spans.scores(start, end, flat)  # [N, words, max_width]
    grids, begin = [], 0
    for own in queries:
        later, size = own.shape[0] - 1, own.shape[1]
        grids.append([grid[begin + step * size : begin + (step + 1) * size] for step in range(later)])
        begin += later * size
    return grids
