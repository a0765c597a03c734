"""The first instance inside the graph: the queries and span logits that the reference computes for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from gliner2_export.architectures.span.first_slot import PROJECTORS, FirstSlot, FoldedQuery, TransformerLayer
from gliner2_export.architectures.span.heads import SpanHeads
from gliner2_export.checkpoint.read import load_checkpoint

LAYERS = {"count_lstm": "CountLSTM", "count_lstm_v2": "CountLSTMv2", "count_lstm_moe": "CountLSTMoE"}
HIDDEN = 16


def randn(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("layer", LAYERS)
def test_span_logits_are_those_of_the_first_instance(
    layer: str, make_checkpoint: Callable[..., Path]
) -> None:
    """Two tasks in one sample: labels look at the labels of their own task only."""
    extractor = load_checkpoint(make_checkpoint(counting_layer=layer)).extractor
    assert type(extractor.count_embed).__name__ == LAYERS[layer] and LAYERS[layer] in PROJECTORS
    words, labels = randn(6, HIDDEN, seed=1), randn(5, HIDDEN, seed=2)
    tasks = torch.tensor([[0, 0, 1, 1, 1]])
    heads, slot = SpanHeads(extractor), FirstSlot(extractor)
    with torch.inference_mode():
        outputs = heads(labels[None, :1], labels[None], tasks, words[None])
        logits = slot(labels[None], tasks, outputs.span_start, outputs.span_end)[
            0
        ]  # [words, max_width, labels]
        assert logits.shape == (6, 5, 5)
        for members in ([0, 1], [2, 3, 4]):
            queries = extractor.count_embed(labels[members], 1).flatten(0, 1)
            expected = extractor.compute_span_scores_batched([words], [queries])[0]  # [labels, words, width]
            inside = torch.isfinite(expected)
            assert 0 < inside.sum() < inside.numel(), "some spans would end beyond the words"
            mine = logits[:, :, members].permute(2, 0, 1)
            torch.testing.assert_close(mine[inside], expected[inside], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("with_projection", [False, True])
def test_folding_leaves_the_product(with_projection: bool) -> None:
    torch.manual_seed(0)
    span_layer, before = nn.Linear(12, 4), nn.Linear(4, 4) if with_projection else None
    queries, hidden = randn(1, 3, 4, seed=1), randn(7, 12, seed=2)
    with torch.inference_mode():
        wide, single = FoldedQuery(span_layer, before)(queries)
        folded = hidden @ wide[0].T + single[0].T
        projected = queries if before is None else before(queries)
        torch.testing.assert_close(folded, span_layer(hidden) @ projected[0].T, rtol=1e-4, atol=1e-5)


def test_the_plain_transformer_layer_is_that_of_torch() -> None:
    torch.manual_seed(1)
    original = nn.TransformerEncoderLayer(8, 2, dim_feedforward=16, dropout=0.0, batch_first=True).eval()
    states, masked = randn(2, 5, 8, seed=3), torch.zeros(2, 1, 5, 5, dtype=torch.bool)
    masked[0, :, :, 3:] = True
    with torch.inference_mode():
        plain = TransformerLayer(original)(states, masked)
        expected = original(states, src_key_padding_mask=masked[:, 0, 0])
        unmasked = TransformerLayer(original)(states, torch.zeros_like(masked))
    torch.testing.assert_close(plain, expected, rtol=1e-5, atol=1e-5)
    assert not torch.allclose(plain[0], unmasked[0]) and torch.allclose(plain[1], unmasked[1])
