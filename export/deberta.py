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

import torch
from torch import Tensor

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
