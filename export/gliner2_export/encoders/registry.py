"""The encoders that have a rewritten form, and the form in which any other is exported.

Only some rows of the encoder's output are ever read (the markers and the word pieces), so every form returns
exactly those rows. The traced form computes all rows and gathers; a rewritten form may skip the others.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from gliner2_export.encoders.bert import FastBert, is_plain_bert
from gliner2_export.encoders.deberta import FastDeberta

#: ``model_type`` in the encoder's config → whether a model of it can be rewritten, and what does it.
REWRITES: dict[str, tuple[Callable[[nn.Module], bool], Callable[[nn.Module], nn.Module]]] = {
    "bert": (is_plain_bert, FastBert),
    "deberta-v2": (lambda model: True, FastDeberta),  # v3 and mDeBERTa call themselves so, too
}


def encoder_for_export(encoder: nn.Module) -> nn.Module:
    """The rewritten form of ``encoder`` where there is one, which is faster, else a :class:`TracedEncoder`.

    Both are called with ``input_ids``, ``attention_mask`` and ``read_rows`` as :class:`TracedEncoder` is.
    """
    can, rewrite = REWRITES.get(encoder.config.model_type, (lambda model: False, TracedEncoder))
    return rewrite(encoder) if can(encoder) else TracedEncoder(encoder)


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
