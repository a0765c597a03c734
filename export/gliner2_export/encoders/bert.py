"""BERT encoder rewritten so that its traced ONNX graph is cheap on CPUs.

Same mathematics as ``transformers.BertModel`` with absolute positions. Measured in onnxruntime, this
form is faster than the fused Attention and MultiHeadAttention operators, which copy queries, keys and
values into heads, and than their companion SkipLayerNormalization.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from gliner2_export.encoders.fast_layer import (
    Attention,
    AttentionContext,
    Layer,
    Projections,
    key_mask,
    take_rows,
)


def is_plain_bert(model: nn.Module) -> bool:
    """Whether :class:`FastBert` computes the same as this ``BertModel``: absolute positions, no decoder."""
    config = model.config
    absolute = getattr(config, "position_embedding_type", "absolute") == "absolute"
    return config.model_type == "bert" and absolute and not config.is_decoder


class FastBert(nn.Module):
    """A transformers ``BertModel`` built of fast layers; weights are shared or folded copies.

    Raises ValueError for a model that :func:`is_plain_bert` rejects.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        if not is_plain_bert(model):
            raise ValueError(
                "this BERT encoder uses relative positions or is a decoder (position_embedding_type and "
                "is_decoder in its config.json); trace the transformers module instead"
            )
        source = model.embeddings
        self.words = source.word_embeddings
        self.embedding_norm = source.LayerNorm
        with torch.no_grad():
            # Every token has type 0, so its row joins the positions: [positions, 1, H].
            constant = source.position_embeddings.weight + source.token_type_embeddings.weight[0]
            self.register_buffer("positions", constant.unsqueeze(1))
            self.layers = nn.ModuleList(_layer(layer) for layer in model.encoder.layer)
        self.eval()

    def forward(self, input_ids: Tensor, attention_mask: Tensor, read_rows: Tensor) -> Tensor:
        """``input_ids``, ``attention_mask`` int64 [B, T], T up to the position table's length; ``read_rows``
        int64 [B, R], positions on the token axis. Returns the last layer's states [B, R, H] at these rows.
        """
        states = self.words(input_ids.t()) + self.positions[: input_ids.shape[1]]  # [T, B, H]
        states = self.embedding_norm(states)
        context = AttentionContext(key_mask(attention_mask))
        *before, last = self.layers
        for layer in before:
            states = layer(states, states, context)
        return last(states, take_rows(states, read_rows), context).transpose(0, 1)


def _layer(source: nn.Module) -> Layer:
    inner = source.attention.self
    attention = Attention(
        Projections(inner.query, inner.key, inner.value, source.attention.output.dense),
        heads=inner.num_attention_heads,
        scale=1 / math.sqrt(inner.attention_head_size),
    )
    return Layer(attention, source)
