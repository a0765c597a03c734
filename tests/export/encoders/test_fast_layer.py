"""The fast layer against the one of BERT, with folded scale and biases, and fewer queries than keys."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from transformers import BertConfig
from transformers.models.bert.modeling_bert import BertLayer

from gliner2_export.encoders.fast_layer import (
    MASKED,
    Attention,
    AttentionContext,
    Layer,
    PositionTables,
    Projections,
    key_mask,
    take_rows,
)
from tests.export.encoders.small import randomise

HEADS, SIZE, TOKENS = 4, 48, 9


@pytest.fixture(scope="module")
def bert_layer() -> BertLayer:
    config = BertConfig(hidden_size=SIZE, num_attention_heads=HEADS, intermediate_size=64)
    config._attn_implementation = "eager"
    return randomise(BertLayer(config))


def attention_of(layer: BertLayer, positions: PositionTables | None = None) -> Attention:
    inner = layer.attention.self
    source = Projections(inner.query, inner.key, inner.value, layer.attention.output.dense)
    return Attention(source, heads=HEADS, scale=(SIZE // HEADS) ** -0.5, positions=positions)


def states(seed: int = 0) -> torch.Tensor:
    return torch.randn(TOKENS, 2, SIZE, generator=torch.Generator().manual_seed(seed))


def mask() -> torch.Tensor:
    attention_mask = torch.ones(2, TOKENS, dtype=torch.int64)
    attention_mask[1, 5:] = 0
    return attention_mask


def test_the_layer_gives_the_states_of_berts(bert_layer: BertLayer) -> None:
    fast = Layer(attention_of(bert_layer), bert_layer)
    with torch.inference_mode():
        result = fast(states(), states(), AttentionContext(key_mask(mask())))
        expected = bert_layer(states().transpose(0, 1), attention_mask=key_mask(mask()))[0]
    np.testing.assert_allclose(result.transpose(0, 1), expected, atol=1e-4)


def test_rows_that_are_not_asked_for_change_nothing(bert_layer: BertLayer) -> None:
    fast, context = Layer(attention_of(bert_layer), bert_layer), AttentionContext(key_mask(mask()))
    read = torch.tensor([[0, 8, 3], [4, 4, 0]])
    with torch.inference_mode():
        every = fast(states(), states(), context)
        some = fast(states(), take_rows(states(), read), context)
    torch.testing.assert_close(some, take_rows(every, read), rtol=1e-5, atol=1e-5)


def test_padded_keys_are_not_seen(bert_layer: BertLayer) -> None:
    fast, context = attention_of(bert_layer), AttentionContext(key_mask(mask()))
    other = states()
    other[5:, 1] = 7.0
    with torch.inference_mode():
        torch.testing.assert_close(fast(other, states(), context), fast(states(), states(), context))
    assert key_mask(mask())[1, 0, 0].tolist() == [0] * 5 + [MASKED] * 4


def test_position_terms_are_added_by_row(bert_layer: BertLayer) -> None:
    """scale · (q·k + q·position_key[row] + position_query[row]·k), against plain sums."""
    rows, size = 6, SIZE // HEADS
    generator = torch.Generator().manual_seed(3)
    tables = [torch.randn(rows, SIZE, generator=generator) for _ in range(2)]
    fast = attention_of(bert_layer, PositionTables(keys=tables[0], queries=tables[1]))
    index = torch.randint(0, 4, (2, HEADS, TOKENS, TOKENS), generator=generator)
    first, stop = torch.tensor(1), torch.tensor(5)  # rows 1 … 4 are in reach
    context = AttentionContext(torch.zeros(2, 1, 1, TOKENS), first, stop, index.to(torch.int32))
    inner = bert_layer.attention.self

    def heads(flat: torch.Tensor) -> torch.Tensor:  # [T, B, H] → [B, heads, T, size]
        return flat.unflatten(-1, (HEADS, size)).permute(1, 2, 0, 3)

    with torch.inference_mode():
        query, key, value = (heads(layer(states())) for layer in (inner.query, inner.key, inner.value))
        position_keys, position_queries = (table.unflatten(-1, (HEADS, size))[1:5] for table in tables)
        scores = query @ key.transpose(2, 3)
        for batch in range(2):
            for head in range(HEADS):
                for q in range(TOKENS):
                    for k in range(TOKENS):
                        row = index[batch, head, q, k]
                        scores[batch, head, q, k] += query[batch, head, q] @ position_keys[row, head]
                        scores[batch, head, q, k] += position_queries[row, head] @ key[batch, head, k]
        weights = torch.softmax(scores * size**-0.5, dim=-1)
        mixed = (weights @ value).permute(2, 0, 1, 3).flatten(2)
        expected = bert_layer.attention.output.dense(mixed)
        torch.testing.assert_close(fast(states(), states(), context), expected, rtol=1e-4, atol=1e-4)


def test_the_source_is_left_as_it_was(bert_layer: BertLayer) -> None:
    before = {name: value.clone() for name, value in bert_layer.state_dict().items()}
    attention = attention_of(bert_layer)
    assert isinstance(attention.value, nn.Linear) and attention.value.bias is None, "it is in the output's"
    assert all(torch.equal(before[name], value) for name, value in bert_layer.state_dict().items())
