"""Counting layers against formulas written out with loops."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from gliner2_lite import BundleError
from gliner2_lite.architectures.span.counts import CountHead

HIDDEN = 6


def weights(counting_layer: str) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    shapes: dict[str, tuple[int, ...]] = {
        "pos_embedding.weight": (20, HIDDEN),
        "gru.weight_ih_l0": (3 * HIDDEN, HIDDEN),
        "gru.bias_ih_l0": (3 * HIDDEN,),
        "gru.weight_hh_l0": (3 * HIDDEN, HIDDEN),
        "gru.bias_hh_l0": (3 * HIDDEN,),
    }
    if counting_layer == "count_lstm":
        shapes |= {
            "projector.0.weight": (4 * HIDDEN, 2 * HIDDEN),
            "projector.0.bias": (4 * HIDDEN,),
            "projector.2.weight": (HIDDEN, 4 * HIDDEN),
            "projector.2.bias": (HIDDEN,),
        }
    elif counting_layer == "count_lstm_moe":
        shapes |= {
            "w1": (4, HIDDEN, 2 * HIDDEN),
            "b1": (4, 2 * HIDDEN),
            "w2": (4, 2 * HIDDEN, HIDDEN),
            "b2": (4, HIDDEN),
            "router.0.weight": (HIDDEN, HIDDEN),
            "router.0.bias": (HIDDEN,),
            "router.2.weight": (4, HIDDEN),
            "router.2.bias": (4,),
        }
    return {
        f"count_embed.{name}": rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()
    }


def gru(w: dict[str, np.ndarray], state: np.ndarray, count: int) -> np.ndarray:
    """torch.nn.GRU, one label at a time."""
    read = {name.removeprefix("count_embed."): value.astype(np.float64) for name, value in w.items()}
    out = np.zeros((count, *state.shape))
    for label, hidden in enumerate(state.astype(np.float64)):
        for step in range(count):
            given = read["gru.weight_ih_l0"] @ read["pos_embedding.weight"][step] + read["gru.bias_ih_l0"]
            kept = read["gru.weight_hh_l0"] @ hidden + read["gru.bias_hh_l0"]
            r = 1 / (1 + np.exp(-(given[:HIDDEN] + kept[:HIDDEN])))
            z = 1 / (1 + np.exp(-(given[HIDDEN : 2 * HIDDEN] + kept[HIDDEN : 2 * HIDDEN])))
            n = np.tanh(given[2 * HIDDEN :] + r * kept[2 * HIDDEN :])
            hidden = (1 - z) * n + z * hidden
            out[step, label] = hidden
    return out


def states() -> list[np.ndarray]:
    rng = np.random.default_rng(4)
    return [rng.standard_normal((size, HIDDEN)).astype(np.float32) for size in (3, 1, 5)]


def test_mlp_layer() -> None:
    w = weights("count_lstm")
    labels, counts = states(), [2, 19, 1]
    found = CountHead("count_lstm", w, Path("heads.npz")).queries(labels, counts)
    inner, inner_bias = w["count_embed.projector.0.weight"], w["count_embed.projector.0.bias"]
    outer, outer_bias = w["count_embed.projector.2.weight"], w["count_embed.projector.2.bias"]
    for own, label, count in zip(found, labels, counts, strict=True):
        steps = gru(w, label, count)
        joined = np.concatenate([steps, np.broadcast_to(label, steps.shape)], axis=-1)
        expected = np.maximum(joined @ inner.T + inner_bias, 0) @ outer.T + outer_bias
        np.testing.assert_allclose(own, expected, rtol=2e-4, atol=2e-4)


def test_stored_input_gates_stand_for_the_weights_that_they_are_made_of() -> None:
    w = weights("count_lstm")
    stored = dict(w)
    positions, matrix, bias = (
        stored.pop(f"count_embed.{name}")
        for name in ("pos_embedding.weight", "gru.weight_ih_l0", "gru.bias_ih_l0")
    )
    stored["count_embed.gru.input_gates"] = positions @ matrix.T + bias
    labels, counts = states(), [2, 19, 1]
    heads = [CountHead("count_lstm", arrays, Path("heads.npz")) for arrays in (w, stored)]
    for left, right in zip(*(head.queries(labels, counts) for head in heads), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-6)


def test_expert_layer() -> None:
    w = weights("count_lstm_moe")
    labels, counts = states(), [1, 3, 2]
    found = CountHead("count_lstm_moe", w, Path("heads.npz")).queries(labels, counts)
    read = {name.removeprefix("count_embed."): value for name, value in w.items()}
    exact = np.vectorize(lambda x: 0.5 * x * (1 + math.erf(x / math.sqrt(2))))
    for own, label, count in zip(found, labels, counts, strict=True):
        steps = gru(w, label, count)
        routed = exact(steps @ read["router.0.weight"].T + read["router.0.bias"])
        gates = np.exp(routed @ read["router.2.weight"].T + read["router.2.bias"])
        gates /= gates.sum(axis=-1, keepdims=True)
        expected = sum(
            gates[..., [e]] * (exact(steps @ read["w1"][e] + read["b1"][e]) @ read["w2"][e] + read["b2"][e])
            for e in range(4)
        )
        np.testing.assert_allclose(own, expected, rtol=2e-4, atol=2e-4)


def test_unknown_layers_and_missing_arrays_are_named() -> None:
    with pytest.raises(BundleError, match="'count_gru' is unknown"):
        CountHead("count_gru", {}, Path("heads.npz"))
    broken = weights("count_lstm")
    del broken["count_embed.projector.2.bias"]
    with pytest.raises(BundleError, match=r"count_embed.projector.2.bias is missing"):
        CountHead("count_lstm", broken, Path("heads.npz"))
