"""FastBert against transformers: the same states, run by onnxruntime; what it does not cover is refused."""

from __future__ import annotations

import numpy as np
import pytest
from transformers import BertConfig, BertModel

from gliner2_export.encoders.bert import FastBert, is_plain_bert
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
LAYERS = 3
BASE = {
    "vocab_size": VOCABULARY,
    "hidden_size": 48,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 512,
}


def reference_model(**changes: object) -> BertModel:
    return randomise(BertModel(BertConfig(**{**BASE, **changes})))


@pytest.mark.parametrize(
    "changes", [{}, {"num_hidden_layers": 1}, {"hidden_act": "relu"}, {"type_vocab_size": 1}]
)
def test_graph_gives_the_states_of_transformers(changes: dict[str, object]) -> None:
    model = reference_model(**changes)
    session = open_session(trace(FastBert(model)))
    for tokens in (1, 7, 64, 200, 512):
        inputs = random_batch(2 if tokens in (64, 200) else 1, tokens, min(tokens, 40))
        difference = np.abs(run(session, inputs) - reference_states(model, inputs)).max()
        assert difference <= TOLERANCE, f"{tokens} tokens"


def test_text_that_is_all_padding_gives_finite_states() -> None:
    ids, mask, read = random_batch(2, 12, 5)
    mask[1] = 0
    assert np.isfinite(run(open_session(trace(FastBert(reference_model()))), (ids, mask, read))).all()


def test_onnxruntime_runs_the_graph_as_intended() -> None:
    operators = operators_after_optimisation(trace(FastBert(reference_model())))
    assert operators["FusedMatMul"] == 2 * LAYERS
    assert operators["SkipLayerNormalization"] == 0


@pytest.mark.parametrize("changes", [{"position_embedding_type": "relative_key"}, {"is_decoder": True}])
def test_other_kinds_of_bert_are_refused(changes: dict[str, object]) -> None:
    model = reference_model(**changes)
    assert not is_plain_bert(model)
    with pytest.raises(ValueError, match="position_embedding_type"):
        FastBert(model)
