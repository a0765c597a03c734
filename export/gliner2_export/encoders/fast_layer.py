"""One transformer layer in the form that is cheap on CPUs; the rewritten encoders are built of these.

* States are kept sequence first, [T, B, H]: onnxruntime then reads heads by strides (the transposes
  fold into the products) instead of copying queries, keys and values.
* The scale of the scores is folded into the query projection, and the value bias into the output
  projection (attention weights sum to one).
* Padding is masked on keys only, since padded queries are never read.
* Queries may be fewer than keys: the last layer computes only the rows that the caller reads.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gliner2_export.encoders.onnx_ops import gather_elements, merge_last, residual_sum, split_last

# Added to the scores of padded keys. Finite: a text that is all padding gives garbage, never NaN.
MASKED = -1e9


@dataclass(frozen=True)
class AttentionContext:
    """What the attention of one layer knows about positions, beside the states themselves.

    ``mask`` [B, 1, 1, T] is added to the scores; rows ``first`` up to ``stop`` (scalars) of the position
    tables are in reach; ``rows`` int32 [B, heads, Q, T] is the row within these for each query and key.
    The last three are None without relative attention.
    """

    mask: Tensor
    first: Tensor | None = None
    stop: Tensor | None = None
    rows: Tensor | None = None


@dataclass(frozen=True)
class Projections:
    """The four dense products of one attention, as trained."""

    query: nn.Linear
    key: nn.Linear
    value: nn.Linear
    output: nn.Linear


@dataclass(frozen=True)
class PositionTables:
    """Projected relative-position embeddings [rows, heads × head], unscaled; None where a term is absent."""

    keys: Tensor | None = None
    queries: Tensor | None = None


class Attention(nn.Module):
    """Self-attention up to and including its output product, with the position terms of DeBERTa if any.

    Scores are ``scale · (q·k + q·position_key + position_query·k)``, the position rows chosen by the
    distance of query and key.
    """

    def __init__(
        self, source: Projections, *, heads: int, scale: float, positions: PositionTables | None = None
    ) -> None:
        super().__init__()
        self.heads = heads
        self.query = _linear(source.query.weight * scale, source.query.bias * scale)
        self.key = _linear(source.key.weight, source.key.bias)
        self.value = _linear(source.value.weight, None)
        self.output = _linear(
            source.output.weight, source.output.bias + source.output.weight @ source.value.bias
        )
        positions = positions or PositionTables()
        keys = queries = None  # [rows, 1, heads, head]
        if positions.keys is not None:  # they meet the query, which carries the scale
            keys = split_last(positions.keys.unsqueeze(1), heads)
        if positions.queries is not None:
            queries = split_last(positions.queries.unsqueeze(1) * scale, heads)
        self.register_buffer("position_keys", keys)
        self.register_buffer("position_queries", queries)

    def forward(self, states: Tensor, query_states: Tensor, context: AttentionContext) -> Tensor:
        """``states`` [T, B, H] give keys and values, ``query_states`` [Q, B, H] the queries → [Q, B, H]."""
        query = split_last(self.query(query_states), self.heads).permute(1, 2, 0, 3)  # [B, heads, Q, head]
        key = split_last(self.key(states), self.heads).permute(1, 2, 3, 0)  # [B, heads, head, T]
        value = split_last(self.value(states), self.heads).permute(1, 2, 0, 3)  # [B, heads, T, head]
        scores = torch.matmul(query, key)  # [B, heads, Q, T]
        if self.position_keys is not None:
            table = self.position_keys[context.first : context.stop].permute(1, 2, 3, 0)
            by_row = torch.matmul(query, table)  # [B, heads, Q, rows]
            scores = scores + gather_elements(by_row, 3, context.rows)
        if self.position_queries is not None:
            table = self.position_queries[context.first : context.stop].permute(1, 2, 0, 3)
            by_row = torch.matmul(table, key)  # [B, heads, rows, T]
            scores = scores + gather_elements(by_row, 2, context.rows)
        weights = torch.softmax(scores + context.mask, dim=-1)
        attended = torch.matmul(weights, value).permute(2, 0, 1, 3)  # [Q, B, heads, head]
        return self.output(merge_last(attended))


class Layer(nn.Module):
    """Attention and feed-forward with their residual sums and norms.

    ``source`` is a transformers layer whose parts are named as in BERT and DeBERTa.
    """

    def __init__(self, attention: Attention, source: nn.Module) -> None:
        super().__init__()
        self.attention = attention
        self.attention_norm = source.attention.output.LayerNorm
        self.expand = source.intermediate.dense
        self.activation = source.intermediate.intermediate_act_fn
        self.contract = source.output.dense
        self.output_norm = source.output.LayerNorm

    def forward(self, states: Tensor, query_states: Tensor, context: AttentionContext) -> Tensor:
        """``states`` [T, B, H] of the layer before, ``query_states`` [Q, B, H] to compute → [Q, B, H]."""
        attended = self.attention(states, query_states, context)
        attended = self.attention_norm(residual_sum(attended, query_states))
        result = self.contract(self.activation(self.expand(attended)))
        return self.output_norm(residual_sum(result, attended))


def key_mask(attention_mask: Tensor) -> Tensor:
    """``attention_mask`` [B, T] (1 real, 0 padding) → what is added to scores [B, 1, 1, T]."""
    return ((1 - attention_mask) * MASKED).unsqueeze(1).unsqueeze(1)


def take_rows(states: Tensor, rows: Tensor) -> Tensor:
    """``states`` [T, B, H] at ``rows`` [B, R] → [R, B, H], as one Gather of whole rows."""
    batch = states.shape[1]
    flat = rows.t() * batch + torch.arange(batch, device=rows.device)  # [R, B]
    return states.flatten(0, 1)[flat]


def _linear(weight: Tensor, bias: Tensor | None) -> nn.Linear:
    linear = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    linear.weight = nn.Parameter(weight.detach().clone(), requires_grad=False)
    if bias is not None:
        linear.bias = nn.Parameter(bias.detach().clone(), requires_grad=False)
    return linear
