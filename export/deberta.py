"""DeBERTa-v2/v3 encoder rewritten so that its traced ONNX graph is cheap on CPUs.

Same mathematics as ``transformers.DebertaV2Model`` (disentangled attention, He et al. 2021,
arXiv:2006.03654, eq. 4), arranged differently:

* the projections of the relative-position embeddings depend on weights only, so they are computed
  once here and stored as constants, already scaled;
* only the buckets that a sequence of T tokens can reach take part in the position products: a
  contiguous window of at most ``2 * position_buckets`` rows, since buckets saturate;
* one index [T, T] of buckets expands those products to query × key; all layers share it;
* states are kept sequence first, [T, B, H], which lets onnxruntime read heads by strides
  (transposes fold into the products) instead of copying queries, keys and values;
* the value bias moves into the output projection (attention weights sum to one) and the scale of
  the scores into the query projection;
* padding is masked on keys only (padded queries are never read), and the last layer computes
  queries, attention and feed-forward for the rows that the caller reads.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gliner2_export.onnx_ops import merge_last, residual_sum, split_last

# Added to the scores of padded keys. Finite: a text that is all padding gives garbage, never NaN.
MASKED = -1e9


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


@dataclass(frozen=True)
class Geometry:
    """What the attention of one layer knows about positions, beside the states themselves.

    ``mask`` [B, 1, 1, T] is added to the scores; rows ``first`` up to ``stop`` (scalars) of the position
    tables are in reach; ``rows`` int64 [B, heads, Q, T] is the row within these for each query and key.
    The last three are None without relative attention.
    """

    mask: Tensor
    first: Tensor | None = None
    stop: Tensor | None = None
    rows: Tensor | None = None


class Attention(nn.Module):
    """Disentangled self-attention of one layer, sequence first, up to and including its output product.

    ``position_keys`` / ``position_queries`` [rows, 1, heads, head] are the folded relative-position
    projections (None when ``pos_att_type`` leaves them out); the keys meet the scaled query
    ("content to position"), the queries carry the scale themselves ("position to content").
    """

    def __init__(self, layer: nn.Module, relative: Tensor | None) -> None:
        super().__init__()
        source = layer.attention.self
        self.heads = source.num_attention_heads
        kinds = source.pos_att_type
        scale = 1 / math.sqrt(source.attention_head_size * (1 + ("c2p" in kinds) + ("p2c" in kinds)))
        self.query = frozen_linear(source.query_proj.weight * scale, source.query_proj.bias * scale)
        self.key = frozen_linear(source.key_proj.weight, source.key_proj.bias)
        self.value = frozen_linear(source.value_proj.weight, None)
        dense = layer.attention.output.dense
        self.output = frozen_linear(dense.weight, dense.bias + dense.weight @ source.value_proj.bias)
        keys = queries = None
        if relative is not None:
            table = relative[: 2 * source.pos_ebd_size].unsqueeze(1)  # [rows, 1, H]
            if "c2p" in kinds:
                project = source.key_proj if source.share_att_key else source.pos_key_proj
                keys = split_last(project(table), self.heads)
            if "p2c" in kinds:
                project = source.query_proj if source.share_att_key else source.pos_query_proj
                queries = split_last(project(table) * scale, self.heads)
        self.register_buffer("position_keys", keys)
        self.register_buffer("position_queries", queries)

    def forward(self, states: Tensor, asking: Tensor, geometry: Geometry) -> Tensor:
        """``states`` [T, B, H] give keys and values, ``asking`` [Q, B, H] the queries → [Q, B, H]."""
        query = split_last(self.query(asking), self.heads).permute(1, 2, 0, 3)  # [B, heads, Q, head]
        key = split_last(self.key(states), self.heads).permute(1, 2, 3, 0)  # [B, heads, head, T]
        value = split_last(self.value(states), self.heads).permute(1, 2, 0, 3)  # [B, heads, T, head]
        scores = torch.matmul(query, key)  # [B, heads, Q, T]
        if self.position_keys is not None:
            table = self.position_keys[geometry.first : geometry.stop].permute(1, 2, 3, 0)
            by_row = torch.matmul(query, table)  # [B, heads, Q, rows]
            scores = scores + torch.gather(by_row, 3, geometry.rows)
        if self.position_queries is not None:
            table = self.position_queries[geometry.first : geometry.stop].permute(1, 2, 0, 3)
            by_row = torch.matmul(table, key)  # [B, heads, rows, T]
            scores = scores + torch.gather(by_row, 2, geometry.rows)
        weights = torch.softmax(scores + geometry.mask, dim=-1)
        context = torch.matmul(weights, value).permute(2, 0, 1, 3)  # [Q, B, heads, head]
        return self.output(merge_last(context))


class Layer(nn.Module):
    """Attention and feed-forward with their residual sums and norms."""

    def __init__(self, layer: nn.Module, relative: Tensor | None) -> None:
        super().__init__()
        self.attention = Attention(layer, relative)
        self.attention_norm = layer.attention.output.LayerNorm
        self.expand = layer.intermediate.dense
        self.activation = layer.intermediate.intermediate_act_fn
        self.contract = layer.output.dense
        self.output_norm = layer.output.LayerNorm

    def forward(self, states: Tensor, asking: Tensor, geometry: Geometry) -> Tensor:
        """``states`` [T, B, H] of the layer before, ``asking`` [Q, B, H] those to compute → [Q, B, H]."""
        attended = self.attention(states, asking, geometry)
        attended = self.attention_norm(residual_sum(attended, asking))
        result = self.contract(self.activation(self.expand(attended)))
        return self.output_norm(residual_sum(result, attended))


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
            self.layers = nn.ModuleList(Layer(layer, relative) for layer in encoder.layer)
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
        everywhere, reading = self._geometry(attention_mask, read_rows)
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
        return last(states, take_rows(states, read_rows), reading).transpose(0, 1)

    def _embed(self, input_ids: Tensor) -> Tensor:
        embedded = self.words(input_ids.t())  # [T, B, E]
        if self.positions is not None:
            embedded = embedded + self.positions.weight[: input_ids.shape[1]].unsqueeze(1)
        if self.token_type is not None:
            embedded = embedded + self.token_type
        if self.embedding_projection is not None:
            embedded = self.embedding_projection(embedded)
        return self.embedding_norm(embedded)

    def _geometry(self, attention_mask: Tensor, read_rows: Tensor) -> tuple[Geometry, Geometry]:
        """Geometry of all tokens as queries, and of ``read_rows`` [B, R] alone."""
        batch, tokens = attention_mask.shape
        mask = ((1 - attention_mask) * MASKED).unsqueeze(1).unsqueeze(1)  # [B, 1, 1, T]
        if self.buckets is None:
            return Geometry(mask), Geometry(mask)
        heads = self.layers[0].attention.heads
        reach = self.buckets.shape[0] // 2
        position = torch.arange(tokens, device=self.buckets.device)
        distance = position.unsqueeze(1) - position.unsqueeze(0)  # [T, T], query - key
        rows = self.buckets[distance.clamp(-reach, reach) + reach]
        first, stop = rows[0, -1], rows[-1, 0] + 1
        rows = rows - first
        everywhere = Geometry(mask, first, stop, rows.expand(batch, heads, -1, -1))
        return everywhere, Geometry(mask, first, stop, rows[read_rows].unsqueeze(1).expand(-1, heads, -1, -1))


def take_rows(states: Tensor, rows: Tensor) -> Tensor:
    """``states`` [T, B, H] at ``rows`` [B, R] → [R, B, H], as one Gather of whole rows."""
    batch = states.shape[1]
    flat = rows.t() * batch + torch.arange(batch, device=rows.device)  # [R, B]
    return states.flatten(0, 1)[flat]


def frozen_linear(weight: Tensor, bias: Tensor | None) -> nn.Linear:
    """A Linear with copies of these values."""
    linear = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    linear.weight = nn.Parameter(weight.detach().clone(), requires_grad=False)
    if bias is not None:
        linear.bias = nn.Parameter(bias.detach().clone(), requires_grad=False)
    return linear
