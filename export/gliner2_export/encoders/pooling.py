"""From word pieces to words: how a word gets one state from the states of its pieces.

With pooling "first" a word is its first piece, and the graph reads no other row. With "mean" and "max" it
reads every piece; the graph then has the input ``word_pieces``, which tells the real ones from padding.
"""

from __future__ import annotations

import torch
from torch import Tensor

POOLINGS = ("first", "mean", "max")


def check_pooling(pooling: str) -> str:
    """``pooling`` if it is one of ``POOLINGS``; raises ValueError otherwise."""
    if pooling not in POOLINGS:
        raise ValueError(f"pooling must be one of {', '.join(POOLINGS)}, got {pooling!r}")
    return pooling


def reads_pieces(pooling: str) -> bool:
    """Whether the graph reads every piece of a word, and so has the input ``word_pieces``."""
    return check_pooling(pooling) != "first"


def pool_pieces(states: Tensor, pieces: Tensor, *, pooling: str) -> Tensor:
    """The states of words, pooled over their pieces by "mean" or "max".

    ``states`` [B, words × pieces, H], ``pieces`` [B, words, pieces] (1 real, 0 padding) → [B, words, H]. A
    word without a real piece (padding of the words axis) becomes zero in both.
    """
    batch, words, width = pieces.shape
    states = states.reshape(batch, words, width, states.shape[-1])
    real = pieces.unsqueeze(-1)  # [B, words, pieces, 1]
    if pooling == "mean":
        return (states * real).sum(dim=2) / real.sum(dim=2).clamp(min=1.0)
    lowest = torch.finfo(states.dtype).min
    best = states.masked_fill(real == 0, lowest).amax(dim=2)
    return best * real.amax(dim=2)
