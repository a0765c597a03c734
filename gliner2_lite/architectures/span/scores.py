"""Arrays of the graph → scores of one text.

The graph scores the first instance of every task. Further instances, which only records and relations
have, are scored here from the graph's per-word span halves, with the small head weights of the bundle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gliner2_lite.architectures.span.heads import SpanHeads
from gliner2_lite.graph.encode import Encoded
from gliner2_lite.graph.numeric import Arrays, FloatArray, IntArray
from gliner2_lite.prompt.layout import EntityTask, Prompt
from gliner2_lite.schema.spec import ClassificationSpec


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


def score_sample(
    heads: SpanHeads, arrays: Arrays, row: int, encoded: Encoded, prompt: Prompt, *, text_words: int
) -> list[TaskScores]:
    """Scores of every task of the sample in ``row`` of the batch.

    ``text_words`` is how many of the encoded words are text; they come last, the choice words first.
    """
    sizes = [len(task) for task in encoded.label_positions]
    begins = np.cumsum([0, *sizes]).tolist()
    columns = [slice(begin, begin + size) for begin, size in zip(begins, sizes, strict=False)]
    counts = predict_counts(arrays["count_logits"][row, : len(sizes)]).tolist()
    words = len(encoded.word_positions)
    text = slice(max(0, words - text_words), words)
    grid = _first_grid(arrays["span_logits"][row, :words])  # [M, words, max_width]

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
            [arrays["label_states"][row, columns[index]] for index in repeated],
            [counts[index] for index in repeated],
            arrays["span_start"][row, :words],
            arrays["span_end"][row, :words],
        )
        for index, grids in zip(repeated, later, strict=True):
            instances[index].extend(grids)

    scores = []
    for index, task in enumerate(prompt.tasks):
        if isinstance(task.target, ClassificationSpec):
            scores.append(TaskScores(0, classes=arrays["class_logits"][row, columns[index]]))
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
    heads: SpanHeads, labels: list[FloatArray], counts: list[int], start: FloatArray, end: FloatArray
) -> list[list[FloatArray]]:
    """Per task, the grids [M, words, max_width] of its second and further instances."""
    queries = heads.counts.queries(labels, counts)  # per task [count, M, H]
    flat = np.concatenate([query[1:].reshape(-1, query.shape[-1]) for query in queries])  # [N, H]
    grid = heads.spans.scores(start, end, flat)  # [N, words, max_width]
    grids, begin = [], 0
    for query in queries:
        later, size = query.shape[0] - 1, query.shape[1]
        grids.append([grid[begin + step * size : begin + (step + 1) * size] for step in range(later)])
        begin += later * size
    return grids


def predict_counts(count_logits: FloatArray) -> IntArray:
    """Instances per task: the first maximum of each row.

    Args:
        count_logits: [S, 20], class c meaning c instances.
    """
    return np.asarray(count_logits.argmax(axis=-1), dtype=np.int64)  # [S]
