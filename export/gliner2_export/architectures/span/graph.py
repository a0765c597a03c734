"""The module that becomes the ONNX graph: encoder, row routing and heads in one forward.

Only some rows of the encoder's output are ever read (the ``[P]`` and label markers and the word
pieces), so the encoder is asked for exactly those rows. The default encoder computes all and gathers;
a rewritten one may skip work for the rest.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gliner2_export.architectures.span.heads import SpanHeads
from gliner2_export.encoders.bert import FastBert, is_plain_bert
from gliner2_export.encoders.deberta import FastDeberta

POOLINGS = ("first", "mean", "max")


class TracedEncoder(nn.Module):
    """Any transformers encoder as it is, followed by a gather of the rows that are read."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, input_ids: Tensor, attention_mask: Tensor, read_rows: Tensor) -> Tensor:
        """``input_ids``, ``attention_mask`` [B, T]; ``read_rows`` int64 [B, R], positions on the token axis.

        Returns states [B, R, H].
        """
        outputs = self.encoder(input_ids=input_ids, attention_mask=attention_mask)
        return gather_rows(outputs.last_hidden_state, read_rows)


def gather_rows(states: Tensor, rows: Tensor) -> Tensor:
    """``states`` [B, T, H] at ``rows`` [B, R] → [B, R, H].

    One flat Gather: ``torch.gather`` would trace to GatherElements with an index of B × R × H elements.
    """
    batch, tokens, hidden = states.shape
    offsets = torch.arange(batch, device=rows.device).unsqueeze(1) * tokens  # [B, 1]
    flat = torch.index_select(states.reshape(-1, hidden), 0, (rows + offsets).reshape(-1))
    return flat.reshape(batch, rows.shape[1], hidden)


def encoder_for_export(encoder: nn.Module) -> nn.Module:
    """A rewrite that gives the same rows faster, where there is one, else the module itself, traced."""
    if encoder.config.model_type == "deberta-v2":
        return FastDeberta(encoder)
    return FastBert(encoder) if is_plain_bert(encoder) else TracedEncoder(encoder)


class ExportGraph(nn.Module):
    """The whole graph of the span architecture; inputs and outputs as the bundle's manifest names them.

    Inputs (int64): ``input_ids``, ``attention_mask`` [batch, tokens]; ``word_tokens`` [batch, words] for
    pooling "first", else [batch, words, pieces] with ``word_pieces`` float32 of the same shape (1 real,
    0 padding); ``prompt_tokens`` [batch, tasks]; ``label_tokens`` [batch, labels], positions on
    the token axis, 0 where padded; ``label_tasks`` [batch, labels], the number of each label's task
    (an input only where the counting layer reads it, see ``heads.reads_label_tasks``).

    Outputs (float32): ``count_logits`` [batch, tasks, 20]; ``class_logits`` [batch, labels];
    ``label_states`` [batch, labels, H]; ``span_start``, ``span_end`` [batch, words, 4H];
    ``span_logits`` [batch, words, max_width, labels], first instance.
    """

    def __init__(self, encoder: nn.Module, heads: SpanHeads, *, pooling: str, rewrite: bool = True) -> None:
        """``rewrite=False`` keeps the transformers encoder as it is: the yardstick for the rewritten one."""
        super().__init__()
        if pooling not in POOLINGS:
            raise ValueError(f"pooling must be one of {', '.join(POOLINGS)}, got {pooling!r}")
        self.encoder = encoder_for_export(encoder) if rewrite else TracedEncoder(encoder)
        self.heads = heads
        self.pooling = pooling
        self.config = encoder.config  # Optimum's exporter reads it
        self.eval()

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        word_tokens: Tensor,
        prompt_tokens: Tensor,
        label_tokens: Tensor,
        label_tasks: Tensor | None = None,
        word_pieces: Tensor | None = None,
    ) -> dict[str, Tensor]:
        tasks, labels = prompt_tokens.shape[1], label_tokens.shape[1]
        read_rows = torch.cat([prompt_tokens, label_tokens, word_tokens.flatten(1)], dim=1)
        states = self.encoder(input_ids, attention_mask, read_rows)  # [B, R, H]
        prompt_states = states[:, :tasks]
        label_states = states[:, tasks : tasks + labels]
        words = states[:, tasks + labels :]
        if word_pieces is not None:
            words = pool_pieces(words, word_pieces, pooling=self.pooling)
        heads = self.heads(prompt_states, label_states, label_tasks, words)
        return {
            "count_logits": heads.count_logits,
            "class_logits": heads.class_logits,
            "label_states": label_states,
            "span_start": heads.span_start,
            "span_end": heads.span_end,
            "span_logits": heads.span_logits,
        }


def pool_pieces(states: Tensor, pieces: Tensor, *, pooling: str) -> Tensor:
    """``states`` [B, words × pieces, H], ``pieces`` [B, words, pieces] (1 real, 0 padding) → [B, words, H].

    A word without a real piece (padding of the words axis) becomes zero in both poolings.
    """
    batch, words, width = pieces.shape
    states = states.reshape(batch, words, width, states.shape[-1])
    real = pieces.unsqueeze(-1)  # [B, words, pieces, 1]
    if pooling == "mean":
        return (states * real).sum(dim=2) / real.sum(dim=2).clamp(min=1.0)
    lowest = torch.finfo(states.dtype).min
    best = states.masked_fill(real == 0, lowest).amax(dim=2)
    return best * real.amax(dim=2)
