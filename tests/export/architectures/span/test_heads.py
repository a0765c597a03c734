"""The span heads: weights for NumPy in half and in bytes, and per-word products that are the reference's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from gliner2_export.architectures.span.heads import SpanHeads, int8_weights, numpy_weights
from gliner2_export.checkpoint.read import load_checkpoint
from gliner2_lite.architectures.span.counts import INPUT_GATES
from gliner2_lite.architectures.weights import SCALE_SUFFIX


@pytest.mark.parametrize("layer", ["count_lstm", "count_lstm_v2", "count_lstm_moe"])
def test_head_weights_for_numpy_are_complete_and_exact(
    layer: str, make_checkpoint: Callable[..., Path]
) -> None:
    model = load_checkpoint(make_checkpoint(counting_layer=layer)).extractor
    with torch.no_grad():
        model.count_embed.gru.weight_hh_l0.copy_(model.count_embed.gru.weight_hh_l0.half())
        model.span_rep.span_rep_layer.out_project[3].bias.fill_(1e6)  # beyond float16
    weights = numpy_weights(model)
    state = model.state_dict()
    last = "span_rep.span_rep_layer.out_project.3."
    gates = weights.pop("count_embed.gru.input_gates")
    gru, steps = model.count_embed.gru, model.count_embed.pos_embedding.weight
    with torch.no_grad():
        assert np.array_equal(gates, (steps @ gru.weight_ih_l0.T + gru.bias_ih_l0).numpy())
    input_side = ("pos_embedding.weight", "gru.weight_ih_l0", "gru.bias_ih_l0")
    assert set(weights) == {name for name in state if name.startswith(("count_embed.", last))} - {
        f"count_embed.{name}" for name in input_side
    }
    assert weights["count_embed.gru.weight_hh_l0"].dtype == np.float16
    assert weights[f"{last}bias"].dtype == np.float32
    for name, array in weights.items():
        assert np.array_equal(array.astype(np.float32), state[name].numpy()), name


def test_bytes_are_within_half_a_step_of_the_weights() -> None:
    rng = np.random.default_rng(2)
    weights = {
        "matrix": rng.standard_normal((5, 7)).astype(np.float16),
        "zeros": np.zeros((2, 3), dtype=np.float32),
        "vector": rng.standard_normal(7).astype(np.float32),
        f"gru.{INPUT_GATES}": rng.standard_normal((20, 6)).astype(np.float32),
    }
    stored = int8_weights(weights)
    assert stored["vector"] is weights["vector"] and stored[f"gru.{INPUT_GATES}"].dtype == np.float32
    for name in ("matrix", "zeros"):
        scale = stored[name + SCALE_SUFFIX]
        assert stored[name].dtype == np.int8 and scale.shape == (len(weights[name]), 1)
        assert (np.abs(stored[name] * scale - weights[name]) <= 0.501 * scale).all(), name
    assert np.abs(stored["matrix"]).max(axis=1).tolist() == [127] * 5, "the largest of a row fills the range"


@pytest.mark.parametrize("layer", ["count_lstm", "count_lstm_v2"])
def test_the_heads_end_where_the_reference_would_build_every_span(
    layer: str, make_checkpoint: Callable[..., Path]
) -> None:
    """relu(start + end) through the last span layer is what the reference computes for a pair of words."""
    extractor = load_checkpoint(make_checkpoint(counting_layer=layer)).extractor
    heads, hidden = SpanHeads(extractor), 16
    assert heads.reads_label_tasks == (layer == "count_lstm_v2")
    generator = torch.Generator().manual_seed(1)
    words = torch.randn(1, 4, hidden, generator=generator)
    labels = torch.randn(1, 2, hidden, generator=generator)
    with torch.inference_mode():
        outputs = heads(labels[:, :1], labels, torch.tensor([[0, 0]]), words)
        span_layer = extractor.span_rep.span_rep_layer
        pair = torch.cat([span_layer.project_start(words)[0, 1], span_layer.project_end(words)[0, 3]])
        expected = span_layer.out_project(torch.relu(pair))
        span = span_layer.out_project[3](torch.relu(outputs.span_start[0, 1] + outputs.span_end[0, 3]))
        torch.testing.assert_close(span, expected, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(outputs.class_logits[0], extractor.classifier(labels[0]).squeeze(-1))
    assert outputs.count_logits.shape == (1, 1, 20) and outputs.span_logits.shape == (1, 4, 5, 2)
