"""The span grid against a direct computation of its formula."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gliner2_lite import BundleError
from gliner2_lite.architectures.span.spans import BIAS_NAME, WEIGHT_NAME, SpanScorer

HIDDEN = 8


def scorer(max_width: int) -> tuple[SpanScorer, dict[str, np.ndarray]]:
    rng = np.random.default_rng(1)
    weights = {
        WEIGHT_NAME: rng.standard_normal((HIDDEN, 4 * HIDDEN)).astype(np.float32),
        BIAS_NAME: rng.standard_normal(HIDDEN).astype(np.float32),
    }
    return SpanScorer(weights, max_width, Path("heads.npz")), weights


@pytest.mark.parametrize("words", [0, 1, 5, 700])
@pytest.mark.parametrize("max_width", [1, 4, 12])
def test_every_cell_is_the_product_of_span_state_and_query(words: int, max_width: int) -> None:
    score, weights = scorer(max_width)
    rng = np.random.default_rng(words)
    start, end = (rng.standard_normal((words, 4 * HIDDEN)).astype(np.float32) for _ in range(2))
    queries = rng.standard_normal((3, HIDDEN)).astype(np.float32)
    grid = score.scores(start, end, queries)
    assert grid.shape == (3, words, max_width)
    assert grid.dtype == np.float32
    for word in {0, 1, words // 2, words - 2, words - 1} & set(range(words)):
        for width in range(max_width):
            if word + width >= words:
                assert (grid[:, word, width] == -np.inf).all()
                continue
            hidden = np.maximum(start[word] + end[word + width], 0)
            state = weights[WEIGHT_NAME] @ hidden + weights[BIAS_NAME]
            np.testing.assert_allclose(grid[:, word, width], queries @ state, rtol=1e-4, atol=1e-4)


def test_a_missing_array_is_named() -> None:
    with pytest.raises(BundleError, match=r"heads.npz: array span_rep.*weight is missing"):
        SpanScorer({}, 8, Path("heads.npz"))
