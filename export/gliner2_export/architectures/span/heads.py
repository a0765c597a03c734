"""The span heads as one torch module that ends where NumPy takes over.

Everything that costs O(words × hidden²) is done here, once per word or marker, and so is the span grid
of the first instance (``first_slot.py``). Further instances, whose number is predicted, are left to
NumPy, which needs only the small tensors that :func:`numpy_weights` returns. The split follows from
writing the span representation as

    R[i, w] = W2 · relu(W1 · relu([S_i ; E_{i+w}]) + b1) + b2

with ``S = project_start(word)``, ``E = project_end(word)``: ``W1`` acts on the two halves separately, so
``span_start[i] = W1[:, :H]·relu(S_i) + b1`` and ``span_end[j] = W1[:, H:]·relu(E_j)`` are sums per word,
and ``R · Q = relu(span_start[i] + span_end[i+w]) · (W2ᵀQ) + b2·Q``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from gliner2_export.architectures.span.first_slot import FirstSlot, TransformerProjector
from gliner2_lite.architectures.span.counts import INPUT_GATES
from gliner2_lite.architectures.weights import SCALE_SUFFIX

#: What the input gates stand for.
INPUT_SIDE = {
    f"count_embed.{name}" for name in ("pos_embedding.weight", "gru.weight_ih_l0", "gru.bias_ih_l0")
}


@dataclass(frozen=True)
class HeadOutputs:
    """What the heads hand over; shapes as in :class:`SpanHeads`."""

    count_logits: Tensor
    class_logits: Tensor
    span_start: Tensor
    span_end: Tensor
    span_logits: Tensor


class SpanHeads(nn.Module):
    """Count, classification and per-word span products of one span extractor.

    Built from the extractor's own submodules (``span_rep``, ``classifier``, ``count_pred``), whose
    weights it shares; only the first ``out_project`` layer is copied, as two halves.
    """

    def __init__(self, extractor: nn.Module) -> None:
        super().__init__()
        span_layer = extractor.span_rep.span_rep_layer
        self.project_start = span_layer.project_start
        self.project_end = span_layer.project_end
        self.classifier = extractor.classifier
        self.count_pred = extractor.count_pred
        first = span_layer.out_project[0]  # Linear: 2H → 4H
        hidden = first.in_features // 2
        self.start_half = nn.Linear(hidden, first.out_features)
        self.end_half = nn.Linear(hidden, first.out_features, bias=False)
        with torch.no_grad():
            self.start_half.weight.copy_(first.weight[:, :hidden])
            self.start_half.bias.copy_(first.bias)
            self.end_half.weight.copy_(first.weight[:, hidden:])
        self.first_slot = FirstSlot(extractor)
        #: Only there do labels look at the other labels of their task; an unused input is not exported.
        self.reads_label_tasks = isinstance(self.first_slot.project, TransformerProjector)
        self.eval()

    def forward(
        self, prompts: Tensor, labels: Tensor, label_tasks: Tensor | None, words: Tensor
    ) -> HeadOutputs:
        """``prompts`` [B, tasks, H], ``labels`` [B, labels, H], ``words`` [B, words, H] (encoder
        states); ``label_tasks`` int64 [B, labels], which task a label belongs to (needed only if
        ``reads_label_tasks``).

        Returns ``count_logits`` [B, tasks, 20], ``class_logits`` [B, labels], ``span_start`` and
        ``span_end`` [B, words, 4H], ``span_logits`` [B, words, max_width, labels].
        """
        start = self.start_half(torch.relu(self.project_start(words)))
        end = self.end_half(torch.relu(self.project_end(words)))
        return HeadOutputs(
            count_logits=self.count_pred(prompts),
            class_logits=self.classifier(labels).squeeze(-1),
            span_start=start,
            span_end=end,
            span_logits=self.first_slot(labels, label_tasks, start, end),
        )


def numpy_weights(extractor: nn.Module) -> dict[str, np.ndarray]:
    """The tensors that the runtime scores with, under their checkpoint names.

    A tensor is float16 when every value survives the round trip (checkpoints stored in half precision),
    else float32: nothing is rounded. The GRU's input side does not depend on the text; its product with the
    step vectors stands for both (``INPUT_GATES``, float32 [20, 3H]).
    """
    state = extractor.state_dict()
    last, gru = "span_rep.span_rep_layer.out_project.3.", extractor.count_embed.gru
    names = sorted(n for n in state if n.startswith(("count_embed.", last)) and n not in INPUT_SIDE)
    with torch.no_grad():
        gates = extractor.count_embed.pos_embedding.weight @ gru.weight_ih_l0.T + gru.bias_ih_l0
    stored = {name: _smallest_exact(state[name].detach().cpu().numpy()) for name in names}
    return stored | {f"count_embed.{INPUT_GATES}": gates.cpu().numpy().astype(np.float32)}


def int8_weights(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """``weights`` with every matrix as int8 and a float32 scale per row (``name.scale``); vectors stay.

    The runtime widens them to float32 before it multiplies: what is lost is the rounding, at most half a
    step of a 127th of each row's largest value. The input gates stay: they are small, and enter every step.
    """
    stored: dict[str, np.ndarray] = {}
    for name, value in weights.items():
        if value.ndim < 2 or name.endswith(INPUT_GATES):
            stored[name] = value
            continue
        wide = value.astype(np.float32)
        scale = np.maximum(np.abs(wide).max(axis=-1, keepdims=True), np.finfo(np.float32).tiny) / 127
        stored[name] = np.rint(wide / scale).astype(np.int8)
        stored[name + SCALE_SUFFIX] = scale.astype(np.float32)
    return stored


def _smallest_exact(array: np.ndarray) -> np.ndarray:
    array = np.ascontiguousarray(array, dtype=np.float32)
    with np.errstate(over="ignore"):  # a value beyond float16 becomes inf and fails the comparison
        half = array.astype(np.float16)
    return half if np.array_equal(half.astype(np.float32), array) else array
