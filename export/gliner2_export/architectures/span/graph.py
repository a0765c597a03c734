"""The module that becomes the ONNX graph: encoder, row routing and heads in one forward.

The encoder is asked for exactly the rows that are read: those of the ``[P]`` and label markers and of the
word pieces (see ``encoders/registry.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import numpy as np
import torch
from torch import Tensor, nn

from gliner2_export.architectures.span.heads import SpanHeads
from gliner2_export.architectures.span.onnx_config import (
    CHECKED_SHAPES,
    OUTPUT_AXES,
    Shape,
    SpanOnnxConfig,
    random_batch,
)
from gliner2_export.encoders.pooling import check_pooling, pool_pieces
from gliner2_export.encoders.registry import TracedEncoder, encoder_for_export


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

    output_names = tuple(OUTPUT_AXES)
    trace_sizes = asdict(Shape())

    def __init__(self, encoder: nn.Module, heads: SpanHeads, *, pooling: str, rewrite: bool = True) -> None:
        """``rewrite=False`` keeps the transformers encoder as it is, to compare the rewritten one with."""
        super().__init__()
        self.encoder = encoder_for_export(encoder) if rewrite else TracedEncoder(encoder)
        self.heads = heads
        self.pooling = check_pooling(pooling)
        self.config = encoder.config  # Optimum's exporter reads it
        self.eval()

    def onnx_config(self, *, vocab_size: int) -> SpanOnnxConfig:
        """Names and dynamic axes of the inputs that this graph has, and of its outputs."""
        return SpanOnnxConfig(
            self.config,
            vocab_size=vocab_size,
            pooling=self.pooling,
            label_tasks=self.heads.reads_label_tasks,
        )

    def random_batch(self, *, vocab_size: int, seed: int = 0) -> dict[str, np.ndarray]:
        """Inputs of the shape that is traced, by name; ``label_tasks`` is there even if it is not read."""
        return random_batch(Shape(), vocab_size=vocab_size, pooling=self.pooling, seed=seed)

    def checked_batches(
        self, *, vocab_size: int, max_positions: int | None
    ) -> Iterator[dict[str, np.ndarray]]:
        """A batch of every checked shape that the encoder can take."""
        for seed, shape in enumerate(CHECKED_SHAPES):
            if max_positions is None or shape.tokens <= max_positions:
                yield random_batch(shape, vocab_size=vocab_size, pooling=self.pooling, seed=seed)

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
        """Inputs and outputs by name, as described at the class."""
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
