"""DeBERTa-v2/v3 encoder rewritten so that its traced ONNX graph is cheap on CPUs.

Same mathematics as ``transformers.DebertaV2Model`` (disentangled attention, He et al. 2021,
arXiv:2006.03654, eq. 4), arranged differently:

* the projections of the relative-position embeddings depend on weights only, so they are computed
  once here and stored as constants, already scaled;
* only the buckets that a sequence of T tokens can reach take part in the position products: a
  contiguous window of at most ``2 * position_buckets`` rows, since buckets saturate;
* one index [T, T] of buckets expands those products to query × key; all layers share it.

The rest is :mod:`gliner2_export.encoders.fast_layer`: states sequence first, folded scale and biases, a last
layer that computes the rows that are read.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from gliner2_export.encoders.fast_layer import (
    Attention,
    AttentionContext,
    Layer,
    PositionTables,
    Projections,
    key_mask,
    take_rows,
)


def bucket_table(position_buckets: int, max_positions: int) -> Tensor:
    """Row of the relative-position table for every distance that is told apart.

    Entry ``distance + reach`` holds the row for ``distance = query - key`` in ``-reach … reach``;
    larger distances share the last entries. Without buckets (``position_buckets <= 0``) rows are the
    distances themselves. Distances below half the buckets are exact, longer ones logarithmic up to
    ``max_positions``; float32 steps as in the reference, since a bucket border is a rounding matter.

    Returns int64 [2 * reach + 1] with values in ``0 … 2 * span - 1``.
    """
    if position_buckets <= 0:
        span = max_positions
        distance = torch.arange(-span, span + 1)
        return (distance + span).clamp(0, 2 * span - 1)
    span = position_buckets
    middle = span // 2
    # One position past the largest bucket is enough: the row of every longer distance is the same.
    distance = torch.arange(0, 2 * max(max_positions, span) + 1)
    ratio = distance.clamp(min=max(middle - 1, 1)) / middle
    steps = torch.log(ratio) / torch.log(torch.tensor((max_positions - 1) / middle)) * (middle - 1)
    bucket = torch.where(distance <= middle, distance.to(ratio.dtype), torch.ceil(steps) + middle)
    bucket = bucket.to(torch.int64)
    saturated = torch.nonzero(bucket >= span)
    reach = int(saturated[0]) if len(saturated) else len(distance) - 1
    bucket = bucket[: reach + 1]
    return (torch.cat([-bucket.flip(0), bucket[1:]]) + span).clamp(0, 2 * span - 1)


class FastDeberta(nn.Module):
    """A transformers ``DebertaV2Model`` in the form described above; weights are shared or folded copies.

    Covers every option of that class: with or without relative attention, buckets, shared key
    projections, either or both position terms, absolute positions and token types in the input,
    a smaller embedding size and the convolution of deberta-v2-xlarge.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        source, encoder = model.embeddings, model.encoder
        self.words = source.word_embeddings
        self.positions = source.position_embeddings
        self.embedding_projection = source.embed_proj
        self.embedding_norm = source.LayerNorm
        types = source.token_type_embeddings
        self.register_buffer("token_type", None if types is None else types.weight.detach()[0].clone())
        with torch.no_grad():
            relative = encoder.get_rel_embedding()
            self.layers = nn.ModuleList(_layer(layer, relative) for layer in encoder.layer)
        self.convolution = encoder.conv
        self.register_buffer("buckets", None)
        if relative is not None:
            self.buckets = bucket_table(encoder.position_buckets, encoder.max_relative_positions)
        self.eval()

    def forward(self, input_ids: Tensor, attention_mask: Tensor, read_rows: Tensor) -> Tensor:
        """``input_ids``, ``attention_mask`` int64 [B, T]; ``read_rows`` int64 [B, R], positions on the token
        axis. Returns the last layer's states [B, R, H] at these rows.
        """
        states = self._embed(input_ids)  # [T, B, H]
        if self.convolution is not None:
            states = states * attention_mask.t().unsqueeze(-1).to(states.dtype)
        everywhere, at_read_rows = self._contexts(attention_mask, read_rows)
        *before, last = self.layers
        if self.convolution is not None:
            # It joins the first layer's states at every token, so that layer cannot be the trimmed one.
            first = self.layers[0](states, states, everywhere)
            convolved = self.convolution(states.transpose(0, 1), first.transpose(0, 1), attention_mask)
            states = convolved.transpose(0, 1)
            if not before:
                return take_rows(states, read_rows).transpose(0, 1)
            before = before[1:]
        for layer in before:
            states = layer(states, states, everywhere)
        return last(states, take_rows(states, read_rows), at_read_rows).transpose(0, 1)

    def _embed(self, input_ids: Tensor) -> Tensor:
        embedded = self.words(input_ids.t())  # [T, B, E]
        if self.positions is not None:
            embedded = embedded + self.positions.weight[: input_ids.shape[1]].unsqueeze(1)
        if self.token_type is not None:
            embedded = embedded + self.token_type
        if self.embedding_projection is not None:
            embedded = self.embedding_projection(embedded)
        return self.embedding_norm(embedded)

    def _contexts(
        self, attention_mask: Tensor, read_rows: Tensor
    ) -> tuple[AttentionContext, AttentionContext]:
        """The context of all tokens as queries, and of ``read_rows`` [B, R] alone."""
        batch, tokens = attention_mask.shape
        mask = key_mask(attention_mask)
        if self.buckets is None:
            return AttentionContext(mask), AttentionContext(mask)
        heads = self.layers[0].attention.heads
        reach = self.buckets.shape[0] // 2
        position = torch.arange(tokens, device=self.buckets.device)
        distance = position.unsqueeze(1) - position.unsqueeze(0)  # [T, T], query - key
        rows = self.buckets[distance.clamp(-reach, reach) + reach]
        first, stop = rows[0, -1], rows[-1, 0] + 1
        rows = (rows - first).to(torch.int32)
        # Traced in this order: node names, and with them the bytes of every exported graph, depend on it.
        everywhere = rows.expand(batch, heads, -1, -1)
        at_read_rows = rows[read_rows].unsqueeze(1).expand(-1, heads, -1, -1)
        return (
            AttentionContext(mask, first, stop, everywhere),
            AttentionContext(mask, first, stop, at_read_rows),
        )


def _layer(source: nn.Module, relative: Tensor | None) -> Layer:
    """A ``DebertaV2Layer`` rewritten; ``relative`` [rows, H] are the normalised position embeddings."""
    inner, kinds = source.attention.self, source.attention.self.pos_att_type
    keys = queries = None
    if relative is not None:
        table = relative[: 2 * inner.pos_ebd_size]
        if "c2p" in kinds:
            keys = (inner.key_proj if inner.share_att_key else inner.pos_key_proj)(table)
        if "p2c" in kinds:
            queries = (inner.query_proj if inner.share_att_key else inner.pos_query_proj)(table)
    attention = Attention(
        Projections(inner.query_proj, inner.key_proj, inner.value_proj, source.attention.output.dense),
        heads=inner.num_attention_heads,
        scale=1 / math.sqrt(inner.attention_head_size * (1 + ("c2p" in kinds) + ("p2c" in kinds))),
        positions=PositionTables(keys, queries),
    )
    return Layer(attention, source)
