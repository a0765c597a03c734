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

import torch
from torch import Tensor, nn

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


class DenseAttention(nn.Module):
    """Disentangled self-attention of one layer, sequence first, up to and including its output product.

    ``position_keys`` / ``position_queries`` [rows, 1, heads, head] are the folded relative-position
    projections (absent when ``pos_att_type`` leaves them out); the keys meet the scaled query
    ("content to position"), the queries carry the scale themselves ("position to content").
    """

    def __init__(self, layer: nn.Module, relative: Tensor | None) -> None:
        super().__init__()
        source = layer.attention.self
        self.heads = source.num_attention_heads
        self.head_size = source.attention_head_size
        kinds = source.pos_att_type
        scale = 1 / math.sqrt(self.head_size * (1 + ("c2p" in kinds) + ("p2c" in kinds)))
        self.query = _linear(source.query_proj.weight * scale, source.query_proj.bias * scale)
        self.key = _linear(source.key_proj.weight, source.key_proj.bias)
        self.value = _linear(source.value_proj.weight, None)
        dense = layer.attention.output.dense
        self.output = _linear(dense.weight, dense.bias + dense.weight @ source.value_proj.bias)
        keys = queries = None
        if relative is not None:
            span = source.pos_ebd_size
            project_key = source.key_proj if source.share_att_key else getattr(source, "pos_key_proj", None)
            project_query = (
                source.query_proj if source.share_att_key else getattr(source, "pos_query_proj", None)
            )
            if "c2p" in kinds:
                keys = self._split(project_key(relative[: 2 * span]).unsqueeze(1))
            if "p2c" in kinds:
                queries = self._split(project_query(relative[: 2 * span]).unsqueeze(1) * scale)
        self.register_buffer("position_keys", keys)
        self.register_buffer("position_queries", queries)

    def forward(
        self,
        states: Tensor,
        asking: Tensor,
        mask: Tensor,
        window: tuple[Tensor, Tensor] | None,
        rows: Tensor | None,
    ) -> Tensor:
        """``states`` [T, B, H] are the keys and values, ``asking`` [Q, B, H] the queries; ``mask``
        [B, 1, 1, T] is added to the scores; ``window`` = (first, last + 1) row of the position tables
        and ``rows`` int64 [B, heads, Q, T] the row of that window for each query and key.

        Returns the projected context [Q, B, H].
        """
        query = self._split(self.query(asking)).permute(1, 2, 0, 3)  # [B, heads, Q, head]
        key = self._split(self.key(states)).permute(1, 2, 3, 0)  # [B, heads, head, T]
        value = self._split(self.value(states)).permute(1, 2, 0, 3)  # [B, heads, T, head]
        scores = torch.matmul(query, key)  # [B, heads, Q, T]
        if self.position_keys is not None:
            table = self.position_keys[window[0] : window[1]].permute(1, 2, 3, 0)  # [1, heads, head, rows]
            scores = scores + torch.gather(torch.matmul(query, table), 3, rows)
        if self.position_queries is not None:
            table = self.position_queries[window[0] : window[1]].permute(1, 2, 0, 3)  # [1, heads, rows, head]
            scores = scores + torch.gather(torch.matmul(table, key), 2, rows)
        weights = torch.softmax(scores + mask, dim=-1)
        context = torch.matmul(weights, value).permute(2, 0, 1, 3)  # [Q, B, heads, head]
        return self.output(context.reshape(asking.shape[0], asking.shape[1], self.heads * self.head_size))

    def _split(self, states: Tensor) -> Tensor:
        return states.reshape(states.shape[0], states.shape[1], self.heads, self.head_size)


class Layer(nn.Module):
    """Attention and feed-forward with their residual sums and norms; arguments as in DenseAttention."""

    def __init__(self, layer: nn.Module, relative: Tensor | None) -> None:
        super().__init__()
        self.attention = DenseAttention(layer, relative)
        self.attention_norm = layer.attention.output.LayerNorm
        self.expand = layer.intermediate.dense
        self.activation = layer.intermediate.intermediate_act_fn
        self.contract = layer.output.dense
        self.output_norm = layer.output.LayerNorm

    def forward(
        self,
        states: Tensor,
        asking: Tensor,
        mask: Tensor,
        window: tuple[Tensor, Tensor] | None,
        rows: Tensor | None,
    ) -> Tensor:
        attended = self.attention_norm(self.attention(states, asking, mask, window, rows) + asking)
        return self.output_norm(self.contract(self.activation(self.expand(attended))) + attended)


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
        relative = encoder.get_rel_embedding()
        with torch.no_grad():
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
        batch = input_ids.shape[0]
        states = self._embed(input_ids)  # [T, B, H]
        if self.convolution is not None:
            states = states * attention_mask.t().unsqueeze(-1).to(states.dtype)
        mask = ((1 - attention_mask).to(states.dtype) * MASKED).unsqueeze(1).unsqueeze(1)  # [B, 1, 1, T]
        window = rows = None
        if self.buckets is not None:
            window, rows = self._relative_rows(input_ids.shape[1])  # rows [T, T]
        heads = self.layers[0].attention.heads
        everywhere = None if rows is None else rows.expand(batch, heads, -1, -1)
        embedded = states
        for number, layer in enumerate(self.layers):
            convolved = number == 0 and self.convolution is not None
            if number < len(self.layers) - 1 or convolved:
                states = layer(states, states, mask, window, everywhere)
                if convolved:
                    states = self._convolve(embedded, states, attention_mask)
                continue
            read = None if rows is None else rows[read_rows].unsqueeze(1).expand(-1, heads, -1, -1)
            return layer(states, _take(states, read_rows), mask, window, read).transpose(0, 1)
        return _take(states, read_rows).transpose(0, 1)

    def _embed(self, input_ids: Tensor) -> Tensor:
        embedded = self.words(input_ids.t())  # [T, B, E]
        if self.positions is not None:
            embedded = embedded + self.positions.weight[: input_ids.shape[1]].unsqueeze(1)
        if self.token_type is not None:
            embedded = embedded + self.token_type
        if self.embedding_projection is not None:
            embedded = self.embedding_projection(embedded)
        return self.embedding_norm(embedded)

    def _relative_rows(self, tokens: int) -> tuple[tuple[Tensor, Tensor], Tensor]:
        """The window of the position tables that ``tokens`` tokens can reach, and rows [T, T] inside it."""
        reach = self.buckets.shape[0] // 2
        position = torch.arange(tokens, device=self.buckets.device)  # [T]
        distance = position.unsqueeze(1) - position.unsqueeze(0)
        table_rows = self.buckets[distance.clamp(-reach, reach) + reach]
        first, last = table_rows[0, -1], table_rows[-1, 0]
        return (first, last + 1), table_rows - first

    def _convolve(self, embedded: Tensor, states: Tensor, attention_mask: Tensor) -> Tensor:
        """deberta-v2-xlarge: a convolution over the embeddings joins the first layer's states [T, B, H]."""
        convolved = self.convolution(embedded.transpose(0, 1), states.transpose(0, 1), attention_mask)
        return convolved.transpose(0, 1)


def _take(states: Tensor, rows: Tensor) -> Tensor:
    """``states`` [T, B, H] at ``rows`` [B, R] → [R, B, H]."""
    batch = states.shape[1]
    flat = rows.t() * batch + torch.arange(batch, device=rows.device)  # [R, B]
    return states.reshape(-1, states.shape[2])[flat]


def _linear(weight: Tensor, bias: Tensor | None) -> nn.Linear:
    linear = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    linear.weight = nn.Parameter(weight.detach().clone(), requires_grad=False)
    if bias is not None:
        linear.bias = nn.Parameter(bias.detach().clone(), requires_grad=False)
    return linear
