"""Shapes of stand-in checkpoints: the sizes of the official encoders.

Kept apart from ``checkpoint.py``, so that the command line can list them without torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Shape:
    """Sizes of an encoder and the counting layer of the checkpoint that uses it."""

    layers: int
    hidden: int
    heads: int
    inner: int
    counting_layer: str = "count_lstm"


SHAPES = {
    "deberta-v3-base": Shape(12, 768, 12, 3072, "count_lstm_v2"),
    "deberta-v3-small": Shape(6, 768, 12, 3072),
    "deberta-v3-xsmall": Shape(12, 384, 6, 1536),
    "deberta-v3-large": Shape(24, 1024, 16, 4096),
    "tiny": Shape(2, 48, 4, 96, "count_lstm_v2"),
}
DEFAULT_SHAPE = "deberta-v3-base"


def encoder_arguments(shape: Shape, vocabulary: int) -> dict[str, Any]:
    """The arguments of transformers' ``DebertaV2Config`` for a DeBERTa-v3 encoder of that shape."""
    return {
        "vocab_size": vocabulary,
        "hidden_size": shape.hidden,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.inner,
        "relative_attention": True,
        "pos_att_type": ["p2c", "c2p"],
        "position_buckets": 256,
        "max_relative_positions": -1,
        "max_position_embeddings": 512,
        "share_att_key": True,
        "norm_rel_ebd": "layer_norm",
        "position_biased_input": False,
        "type_vocab_size": 0,
        "layer_norm_eps": 1e-7,
        "pad_token_id": 0,
    }
