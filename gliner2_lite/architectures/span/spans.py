"""Span enumeration and span × query scores.

A span of words i … i+w has the state ``W2·relu(start_i + end_{i+w}) + b2``, and its logit for a
query q is the dot product of both (reference: the factorised markerV0 scorer). W2 and b2 are folded
into the queries, so one product of width 4H per span and query remains and no span state is built.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gliner2_lite.errors import BundleError

FloatArray = npt.NDArray[np.float32]

WEIGHT_NAME = "span_rep.span_rep_layer.out_project.3.weight"
BIAS_NAME = "span_rep.span_rep_layer.out_project.3.bias"
TILE_BYTES = 1 << 18  # a tile of hidden rows that stays in a core's own cache


class SpanScorer:
    """The last span layer of a checkpoint and the widest span it scores."""

    def __init__(self, weights: Mapping[str, FloatArray], max_width: int, source: Path) -> None:
        for name in (WEIGHT_NAME, BIAS_NAME):
            if name not in weights:
                raise BundleError(f"{source}: array {name} is missing; export the checkpoint again")
        self._weight, self._bias = weights[WEIGHT_NAME], weights[BIAS_NAME]  # [H, 4H], [H]
        self._max_width = max_width

    def scores(
        self, start: FloatArray, end: FloatArray, queries: FloatArray, *, max_width: int | None = None
    ) -> FloatArray:
        """Logits of every span for every query.

        Args:
            start: [W, 4H] start halves of the words.
            end: [W, 4H] end halves of the words.
            queries: [N, H].
            max_width: widest span in words, the checkpoint's own by default.

        Returns:
            [N, W, max_width]; cell (n, i, w) is the span of words i … i+w, −inf beyond the last word.
        """
        words, hidden = start.shape
        widths = self._max_width if max_width is None else max_width
        folded = np.ascontiguousarray((queries @ self._weight).T)  # [4H, N]
        constant = queries @ self._bias  # [N]
        logits = np.full((words, widths, len(queries)), -np.inf, dtype=np.float32)
        tile = max(1, TILE_BYTES // (4 * hidden))
        buffer = np.empty((tile, hidden), dtype=np.float32)
        for width in range(min(widths, words)):
            last = words - width
            for begin in range(0, last, tile):
                stop = min(begin + tile, last)
                rows = buffer[: stop - begin]
                np.add(start[begin:stop], end[begin + width : stop + width], out=rows)
                np.maximum(rows, 0.0, out=rows)
                logits[begin:stop, width] = rows @ folded
        logits += constant
        return np.asarray(logits.transpose(2, 0, 1), dtype=np.float32)
