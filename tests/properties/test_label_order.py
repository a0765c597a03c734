"""Past the encoder, which reads labels in their order, the order of labels means nothing.

Each stage gets its labels in another order and must give the same, in that order. The attention of
``count_lstm_v2`` is across the labels of a task and knows no positions: it holds there too, but for rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliner2_lite.answers.types import EntityAnswer
from gliner2_lite.architectures.span.config import read_config
from gliner2_lite.architectures.span.decode import decode_task
from gliner2_lite.architectures.span.heads import SpanHeads
from gliner2_lite.architectures.span.scores import TaskScores
from gliner2_lite.bundle.manifest import read_bundle
from gliner2_lite.graph.encode import Sample
from gliner2_lite.prompt.layout import build_prompts
from gliner2_lite.prompt.words import split_words, whitespace_words
from gliner2_lite.schema import Schema
from tests.golden.store import unpack_bundle
from tests.properties.strategies import few

LABELS = ("a", "b", "c", "d")
ORDERS = st.permutations(range(len(LABELS)))
SEEDS = st.integers(0, 10_000)


@pytest.mark.parametrize("name", ["lstm-first-wordpiece", "v2-mean-wordpiece", "moe-max-unigram"])
def test_counting_layers(name: str, tmp_path: Path) -> None:
    bundle = read_bundle(unpack_bundle(name, tmp_path))
    heads = SpanHeads(bundle.path(bundle.choose("fp32").heads), read_config(bundle))

    @few(30)
    @given(ORDERS, st.integers(1, 5), SEEDS)
    def check(order: list[int], count: int, seed: int) -> None:
        states = np.random.default_rng(seed).standard_normal((4, bundle.config.hidden_size)).astype("f4")
        [plain] = heads.counts.queries([states], [count])  # [count, 4, H]
        [moved] = heads.counts.queries([states[order]], [count])
        np.testing.assert_allclose(moved, plain[:, order], rtol=0, atol=2e-5)

    check()


def test_span_scores(small_bundle: Path) -> None:
    bundle = read_bundle(small_bundle)
    heads = SpanHeads(bundle.path(bundle.choose("fp32").heads), read_config(bundle))

    @few(30)
    @given(ORDERS, st.integers(1, 12), SEEDS)
    def check(order: list[int], words: int, seed: int) -> None:
        random, hidden = np.random.default_rng(seed), bundle.config.hidden_size
        start, end = random.standard_normal((2, words, 4 * hidden)).astype("f4")
        queries = random.standard_normal((4, hidden)).astype("f4")
        plain = heads.spans.scores(start, end, queries)
        moved = heads.spans.scores(start, end, queries[order])
        np.testing.assert_allclose(moved, plain[order], rtol=1e-4, atol=1e-4)

    check()


def decoded(labels: Sequence[str], spans: np.ndarray, threshold: float, policy: str | None) -> EntityAnswer:
    words = " ".join(f"w{number}" for number in range(spans.shape[2])) + " ."
    [prompt] = build_prompts([Schema().entities(list(labels))])
    sample = Sample(words, split_words(words, whitespace_words), prompt)
    result = decode_task(
        prompt.tasks[0], TaskScores(1, spans=spans), sample, threshold=threshold, policy=policy
    )
    assert isinstance(result, EntityAnswer)
    return result


@few(100)
@given(
    ORDERS,
    SEEDS,
    st.integers(1, 12),
    st.sampled_from([0.0, 0.3, 0.7]),
    st.sampled_from([None, "allow", "nested", "disallow", "longest"]),
)
def test_decoding(order: list[int], seed: int, words: int, threshold: float, policy: str | None) -> None:
    spans = np.random.default_rng(seed).normal(0, 3, (1, len(LABELS), words, 4)).astype("f4")
    plain = decoded(LABELS, spans, threshold, policy).values
    moved = decoded([LABELS[index] for index in order], spans[:, order], threshold, policy).values
    assert plain is not None and moved is not None
    assert moved == tuple(plain[index] for index in order)
    assert any(found for _, found in plain) or threshold > 0
