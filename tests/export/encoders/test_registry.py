"""Which form an encoder is exported in, and that every form reads the rows asked for."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel, DebertaV2Config, DebertaV2Model, RobertaConfig, RobertaModel

from gliner2_export.encoders.bert import FastBert
from gliner2_export.encoders.deberta import FastDeberta
from gliner2_export.encoders.registry import REWRITES, TracedEncoder, encoder_for_export, gather_rows
from tests.export.encoders.small import VOCABULARY, random_batch, randomise, reference_states

SIZES = {
    "vocab_size": VOCABULARY,
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
}
MODELS = {
    "bert": lambda: BertModel(BertConfig(**SIZES)),
    "decoder": lambda: BertModel(BertConfig(**SIZES, is_decoder=True)),
    "deberta": lambda: DebertaV2Model(DebertaV2Config(**SIZES, relative_attention=True)),
    "roberta": lambda: RobertaModel(RobertaConfig(**SIZES, pad_token_id=0)),
}
FORMS = {"bert": FastBert, "decoder": TracedEncoder, "deberta": FastDeberta, "roberta": TracedEncoder}


def test_rows_come_from_their_own_sample() -> None:
    states = torch.arange(2 * 3 * 4, dtype=torch.float32).reshape(2, 3, 4)
    rows = torch.tensor([[2, 0], [1, 1]])
    expected = torch.stack([states[0, [2, 0]], states[1, [1, 1]]])
    assert torch.equal(gather_rows(states, rows), expected)


@pytest.mark.parametrize("kind", MODELS)
def test_every_form_gives_the_states_of_the_rows(kind: str) -> None:
    model = randomise(MODELS[kind]())
    exported = encoder_for_export(model)
    assert type(exported) is FORMS[kind]
    inputs = random_batch(1 if kind == "decoder" else 2, 12, 5)
    with torch.inference_mode():
        states = exported(*inputs).numpy()
    np.testing.assert_allclose(states, reference_states(model, inputs), atol=1e-4)


def test_rewrites_are_registered_by_the_name_in_the_config() -> None:
    assert set(REWRITES) == {MODELS[kind]().config.model_type for kind in ("bert", "deberta")}
