"""FastDeberta against transformers: the same states for every option and length, run by onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import DebertaV2Config, DebertaV2Model
from transformers.models.deberta_v2.modeling_deberta_v2 import build_relative_position

from gliner2_export.encoders.deberta import FastDeberta, bucket_table
from tests.export.encoders.small import (
    VOCABULARY,
    open_session,
    operators_after_optimisation,
    random_batch,
    randomise,
    reference_states,
    run,
    trace,
)

TOLERANCE = 1e-4
LENGTHS = (1, 7, 64, 200, 513, 900)

#: The published DeBERTa-v3 encoders with their own buckets, otherwise small.
BASE = {
    "vocab_size": VOCABULARY,
    "hidden_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 512,
    "relative_attention": True,
    "pos_att_type": ["p2c", "c2p"],
    "position_buckets": 256,
    "max_relative_positions": -1,
    "share_att_key": True,
    "norm_rel_ebd": "layer_norm",
    "position_biased_input": False,
    "type_vocab_size": 0,
    "layer_norm_eps": 1e-7,
}
VARIANTS = {
    "deberta-v3": {},
    "own-position-projections": {"share_att_key": False},
    "content-to-position": {"pos_att_type": ["c2p"]},
    "position-to-content": {"pos_att_type": ["p2c"], "share_att_key": False},
    "no-position-terms": {"pos_att_type": []},
    "no-relative-attention": {
        "relative_attention": False,
        "position_biased_input": True,
        "max_position_embeddings": 1000,
    },
    "no-buckets": {"position_buckets": -1, "max_relative_positions": 30},
    "few-buckets": {"position_buckets": 8, "max_relative_positions": 20, "norm_rel_ebd": "none"},
    "convolution": {"conv_kernel_size": 3, "conv_act": "gelu"},
    "convolution-one-layer": {"conv_kernel_size": 3, "num_hidden_layers": 1},
    "one-layer": {"num_hidden_layers": 1},
    "small-embedding": {
        "embedding_size": 16,
        "type_vocab_size": 2,
        "position_biased_input": True,
        "max_position_embeddings": 1000,
        "max_relative_positions": 512,
    },
    "other-activation": {"hidden_act": "gelu_new"},
}


def reference_model(**changes: object) -> DebertaV2Model:
    return randomise(DebertaV2Model(DebertaV2Config(**{**BASE, **changes})))


@pytest.mark.parametrize("variant", VARIANTS)
def test_graph_gives_the_states_of_transformers(variant: str) -> None:
    model = reference_model(**VARIANTS[variant])
    session = open_session(trace(FastDeberta(model)))
    for tokens in LENGTHS:
        inputs = random_batch(2 if tokens in (64, 200) else 1, tokens, min(tokens, 40))
        difference = np.abs(run(session, inputs) - reference_states(model, inputs)).max()
        assert difference <= TOLERANCE, f"{tokens} tokens"


@pytest.mark.parametrize(
    ("buckets", "positions"), [(256, 512), (8, 16), (-1, 40), (6, 30), (256, 2048), (16, 10)]
)
def test_bucket_table_matches_transformers(buckets: int, positions: int) -> None:
    table = bucket_table(buckets, positions)
    reach, span = len(table) // 2, buckets if buckets > 0 else positions
    tokens = torch.zeros(1, 2500, 1)
    rows = build_relative_position(tokens, tokens, buckets, positions)[0] + span
    distance = torch.arange(2500).unsqueeze(1) - torch.arange(2500)
    assert torch.equal(table[distance.clamp(-reach, reach) + reach], rows.clamp(0, 2 * span - 1))


def test_positions_matter_in_the_compared_models() -> None:
    """Guards the tests above: tokens in another order change the compared states by far more."""
    model = reference_model()
    ids, mask, read = random_batch(1, 64, 1)
    read[:] = 0
    reordered = ids.clone()
    reordered[0, 1:] = ids[0, 1:].flip(0)
    difference = reference_states(model, (ids, mask, read)) - reference_states(model, (reordered, mask, read))
    assert np.abs(difference).max() > 100 * TOLERANCE


def test_text_that_is_all_padding_gives_finite_states() -> None:
    ids, mask, read = random_batch(2, 12, 5)
    mask[1] = 0
    assert np.isfinite(run(open_session(trace(FastDeberta(reference_model()))), (ids, mask, read))).all()


def test_onnxruntime_runs_the_graph_as_intended() -> None:
    """Heads are read by strides (no transposes but the context's) and norms stay apart from the sums."""
    graph = trace(FastDeberta(reference_model()))
    operators = operators_after_optimisation(graph)
    layers = BASE["num_hidden_layers"]
    assert operators["FusedMatMul"] == 4 * layers
    assert operators["BiasGelu"] == layers
    assert operators["SkipLayerNormalization"] == 0
    assert operators["Transpose"] <= layers + 3


def test_rewriting_leaves_the_model_unchanged() -> None:
    model = reference_model()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    FastDeberta(model)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
