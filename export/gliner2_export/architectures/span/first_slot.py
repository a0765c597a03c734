"""The first instance's span logits, inside the graph.

Most tasks have one instance, and entities read only the first. Its queries and the span grid are the
largest products outside the encoder; here they run on the session's own threads and are quantized with
the rest, and NumPy computes only what further instances need. The algebra is that of ``heads.py`` with
``W2`` and ``b2`` folded into the queries.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class FirstSlot(nn.Module):
    """Label states and span halves → logits of every span for every label, first instance.

    Built from the extractor's ``count_embed`` and ``span_rep``. The GRU's input is the same for every
    label, so its whole input side is one constant vector.
    """

    def __init__(self, extractor: nn.Module) -> None:
        super().__init__()
        embed = extractor.count_embed
        gru = embed.gru
        hidden = gru.hidden_size
        with torch.no_grad():
            first = embed.pos_embedding.weight[0]
            # The name stands in every graph that was exported: another one would change their bytes.
            self.register_buffer("given", gru.weight_ih_l0 @ first + gru.bias_ih_l0)  # [3H]
        self.state = nn.Linear(hidden, 3 * hidden)
        self.state.weight, self.state.bias = gru.weight_hh_l0, gru.bias_hh_l0
        self.project = PROJECTORS[type(embed).__name__](embed)
        last = extractor.span_rep.span_rep_layer.out_project[3]  # 4H → H
        self.fold = FoldedQuery(last, self.project.last)
        self.max_width = int(extractor.span_rep.span_rep_layer.max_width)
        self.eval()

    def forward(self, labels: Tensor, label_tasks: Tensor, start: Tensor, end: Tensor) -> Tensor:
        """``labels`` [B, M, H] marker states, ``label_tasks`` [B, M], ``start``, ``end`` [B, W, 4H].

        Returns [B, W, max_width, M]; the cells of spans that would end beyond the words are meaningless.
        """
        queries = self.project(self._step(labels), labels, label_tasks)
        folded, constant = self.fold(queries)  # [B, M, 4H], [B, M, 1]
        folded = folded.transpose(1, 2)
        words = start.shape[1]
        padded = nn.functional.pad(end, (0, 0, 0, self.max_width - 1))
        columns = [
            torch.matmul(torch.relu(start + padded[:, width : width + words]), folded)
            for width in range(self.max_width)
        ]
        return torch.stack(columns, dim=2) + constant.transpose(1, 2).unsqueeze(1)

    def _step(self, labels: Tensor) -> Tensor:
        """One step of torch.nn.GRU from the marker states."""
        hidden = labels.shape[-1]
        kept, input_side = self.state(labels), self.given
        gates = torch.sigmoid(input_side[: 2 * hidden] + kept[..., : 2 * hidden])
        reset, update = gates[..., :hidden], gates[..., hidden:]
        candidate = torch.tanh(input_side[2 * hidden :] + reset * kept[..., 2 * hidden :])
        return candidate + update * (labels - candidate)


class FoldedQuery(nn.Module):
    """Query q → ``W2ᵀq`` and ``b2·q``, where W2, b2 are the last span layer.

    A projector that ends in a linear layer without activation (``before``) is folded in as well: one
    product H → 4H instead of H → H → 4H.
    """

    def __init__(self, span_layer: nn.Linear, before: nn.Linear | None) -> None:
        super().__init__()
        weight, bias = span_layer.weight.double(), span_layer.bias.double()  # [H, 4H], [H]
        inner = torch.eye(len(bias), dtype=torch.float64) if before is None else before.weight.double()
        offset = torch.zeros_like(bias) if before is None else before.bias.double()
        self.wide = nn.Linear(inner.shape[1], weight.shape[1])
        self.single = nn.Linear(inner.shape[1], 1)
        with torch.no_grad():
            self.wide.weight.copy_(weight.T @ inner)
            self.wide.bias.copy_(weight.T @ offset)
            self.single.weight.copy_((bias @ inner).unsqueeze(0))
            self.single.bias.copy_((bias @ offset).unsqueeze(0))

    def forward(self, queries: Tensor) -> tuple[Tensor, Tensor]:
        """``queries`` [B, M, H] → [B, M, 4H] and [B, M, 1]."""
        return self.wide(queries), self.single(queries)


class MlpProjector(nn.Module):
    """``count_lstm``: an MLP over the GRU state beside the marker state."""

    last: nn.Linear | None = None

    def __init__(self, embed: nn.Module) -> None:
        super().__init__()
        self.projector = embed.projector

    def forward(self, step: Tensor, labels: Tensor, label_tasks: Tensor) -> Tensor:
        """GRU states ``step`` and marker states ``labels`` [B, M, H], ``label_tasks`` [B, M] → [B, M, H]."""
        return self.projector(torch.cat([step, labels], dim=-1))


class TransformerProjector(nn.Module):
    """``count_lstm_v2``: labels attend to the labels of their own task. Ends before the last layer."""

    def __init__(self, embed: nn.Module) -> None:
        super().__init__()
        block = embed.transformer
        self.enter = block.in_projector
        self.layers = nn.ModuleList(TransformerLayer(layer) for layer in block.transformer.layers)
        self.leave = block.out_projector[:-1]
        self.last = block.out_projector[-1]

    def forward(self, step: Tensor, labels: Tensor, label_tasks: Tensor) -> Tensor:
        """GRU states ``step`` and marker states ``labels`` [B, M, H], ``label_tasks`` [B, M] → [B, M, H]."""
        mixed = step + labels
        other = (label_tasks.unsqueeze(1) != label_tasks.unsqueeze(2)).unsqueeze(1)  # [B, 1, M, M]
        attended = self.enter(mixed)
        for layer in self.layers:
            attended = layer(attended, other)
        return self.leave(torch.cat([attended, mixed], dim=-1))


class TransformerLayer(nn.Module):
    """torch's post-norm TransformerEncoderLayer with ReLU, written so that it traces to plain products."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        attention = layer.self_attn
        self.heads = attention.num_heads
        width = attention.embed_dim
        self.packed = nn.Linear(width, 3 * width)
        self.packed.weight, self.packed.bias = attention.in_proj_weight, attention.in_proj_bias
        self.out = attention.out_proj
        self.linear1, self.linear2 = layer.linear1, layer.linear2
        self.norm1, self.norm2 = layer.norm1, layer.norm2

    def forward(self, x: Tensor, masked: Tensor) -> Tensor:
        """``x`` [B, M, H], ``masked`` bool [B, 1, M, M]: which labels a label does not see → [B, M, H]."""
        batch, labels, width = x.shape
        size = width // self.heads
        packed = self.packed(x).reshape(batch, labels, 3, self.heads, size).permute(2, 0, 3, 1, 4)
        query, key, value = packed[0], packed[1], packed[2]  # [B, heads, M, size]
        scores = torch.matmul(query, key.transpose(2, 3)) * size**-0.5
        weights = torch.softmax(scores.masked_fill(masked, torch.finfo(x.dtype).min), dim=-1)
        attended = torch.matmul(weights, value).transpose(1, 2).reshape(batch, labels, width)
        x = self.norm1(x + self.out(attended))
        return self.norm2(x + self.linear2(torch.relu(self.linear1(x))))


class ExpertProjector(nn.Module):
    """``count_lstm_moe``: four experts, each two products with constant weights, mixed by the router."""

    last: nn.Linear | None = None

    def __init__(self, embed: nn.Module) -> None:
        super().__init__()
        self.router = embed.router
        self.w1, self.b1, self.w2, self.b2 = embed.w1, embed.b1, embed.w2, embed.b2

    def forward(self, step: Tensor, labels: Tensor, label_tasks: Tensor) -> Tensor:
        """GRU states ``step`` and marker states ``labels`` [B, M, H], ``label_tasks`` [B, M] → [B, M, H]."""
        gates = self.router(step)  # [B, M, 4], ends in a softmax
        mixed = torch.zeros_like(step)
        for expert in range(self.w1.shape[0]):
            hidden = nn.functional.gelu(torch.matmul(step, self.w1[expert]) + self.b1[expert])
            mixed = mixed + gates[..., expert, None] * (
                torch.matmul(hidden, self.w2[expert]) + self.b2[expert]
            )
        return mixed


#: The reference's counting layer class → the first slot's projector.
PROJECTORS = {
    "CountLSTM": MlpProjector,
    "CountLSTMv2": TransformerProjector,
    "CountLSTMoE": ExpertProjector,
}
