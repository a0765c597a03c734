"""FastDeberta against transformers: the same states for every option and length, run by onnxruntime."""

from __future__ import annotations

import io
import warnings

import numpy as np
import onnxruntime
import pytest
import torch
from transformers import DebertaV2Config, DebertaV2Model
from transformers.models.deberta_v2.modeling_deberta_v2 import build_relative_position

from gliner2_export.deberta import FastDeberta, bucket_table

TOLERANCE = 1e-4
LENGTHS = (1, 7, 64, 200, 513, 900)
VOCABULARY = 100
INPUTS = ("input_ids", "attention_mask", "read_rows")

#: The published DeBERTa-v3 encoders, small, with buckets of their own size.
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
    """A random encoder whose attention is far from uniform, so that a wrong position shows."""
    torch.manual_seed(len(changes))
    model = DebertaV2Model(DebertaV2Config(**{**BASE, **changes})).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "LayerNorm.weight" not in name:
                parameter.normal_(std=1.0 if "embeddings" in name else 0.3)
    return model


def batch(size: int, tokens: int, rows: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Random ids, mask [size, tokens] and rows to read [size, rows]; the second text is half as long."""
    generator = torch.Generator().manual_seed(tokens)
    ids = torch.randint(1, VOCABULARY, (size, tokens), generator=generator)
    mask = torch.ones_like(ids)
    read = torch.randint(0, tokens, (size, rows), generator=generator)
    if size > 1:
        real = max(1, tokens // 2)
        ids[1, real:], mask[1, real:] = 0, 0
        read[1] %= real
    return ids, mask, read


def expected_states(model: DebertaV2Model, inputs: tuple[torch.Tensor, ...]) -> np.ndarray:
    ids, mask, read = inputs
    with torch.inference_mode():
        states = model(input_ids=ids, attention_mask=mask).last_hidden_state
    return torch.stack([state[rows] for state, rows in zip(states, read, strict=True)]).numpy()


def exported(encoder: FastDeberta) -> onnxruntime.InferenceSession:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            encoder,
            batch(2, 19, 7),
            buffer,
            input_names=list(INPUTS),
            output_names=["states"],
            opset_version=18,
            dynamo=False,
            dynamic_axes={
                "input_ids": {0: "batch", 1: "tokens"},
                "attention_mask": {0: "batch", 1: "tokens"},
                "read_rows": {0: "batch", 1: "rows"},
                "states": {0: "batch", 1: "rows"},
            },
        )
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(buffer.getvalue(), options, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("variant", VARIANTS)
def test_graph_gives_the_states_of_transformers(variant: str) -> None:
    model = reference_model(**VARIANTS[variant])
    session = exported(FastDeberta(model))
    for tokens in LENGTHS:
        inputs = batch(2 if tokens in (64, 200) else 1, tokens, min(tokens, 40))
        names = {item.name for item in session.get_inputs()}
        feed = {name: value.numpy() for name, value in zip(INPUTS, inputs, strict=True) if name in names}
        (states,) = session.run(None, feed)
        assert np.abs(states - expected_states(model, inputs)).max() <= TOLERANCE, f"{tokens} tokens"


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
    ids, mask, read = batch(1, 64, 1)
    read[:] = 0
    swapped = ids.clone()
    swapped[0, 1:] = ids[0, 1:].flip(0)
    difference = expected_states(model, (ids, mask, read)) - expected_states(model, (swapped, mask, read))
    assert np.abs(difference).max() > 100 * TOLERANCE


def test_text_that_is_all_padding_gives_finite_states() -> None:
    session = exported(FastDeberta(reference_model()))
    ids, mask, read = batch(2, 12, 5)
    mask[1] = 0
    (states,) = session.run(None, dict(zip(INPUTS, (ids.numpy(), mask.numpy(), read.numpy()), strict=True)))
    assert np.isfinite(states).all()


def test_rewriting_leaves_the_model_unchanged() -> None:
    model = reference_model()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    FastDeberta(model)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
