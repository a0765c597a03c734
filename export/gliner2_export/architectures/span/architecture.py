"""The span architecture's implementation of the exporter's ``Architecture``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import nn

from gliner2_export.architectures.base import CheckpointConfig, TorchGraphs
from gliner2_export.architectures.span.config import SpanConfig, read_span_config
from gliner2_export.architectures.span.graph import ExportGraph
from gliner2_export.architectures.span.heads import SpanHeads, int8_weights, numpy_weights
from gliner2_export.architectures.span.scoring import SpanScoring

if TYPE_CHECKING:
    from gliner2_export.checkpoint.read import Checkpoint


class SpanArchitecture:
    """See :class:`gliner2_export.architectures.base.Architecture`."""

    def read_config(self, raw: Mapping[str, Any], common: CheckpointConfig, path: Path) -> SpanConfig:
        return read_span_config(raw, common, path)

    def manifest_config(self, checkpoint: Checkpoint) -> dict[str, Any]:
        config = checkpoint.config
        return {
            "hidden_size": checkpoint.hidden_size,
            "max_width": config.max_width,
            "counting_layer": config.counting_layer,
            "token_pooling": config.token_pooling,
            "max_positions": checkpoint.max_positions,
            "encoder_type": checkpoint.encoder_type,
            "vocab_size": checkpoint.vocab_size,
        }

    def heads_in_words(self, checkpoint: Checkpoint) -> str:
        config = checkpoint.config
        return (
            f'{config.counting_layer}, spans up to {config.max_width} words, pooling "{config.token_pooling}"'
        )

    def torch_graphs(self, checkpoint: Checkpoint) -> TorchGraphs:
        encoder, heads = checkpoint.extractor.encoder, SpanHeads(checkpoint.extractor)
        pooling = checkpoint.config.token_pooling
        return TorchGraphs(
            exported=ExportGraph(encoder, heads, pooling=pooling),
            reference=ExportGraph(encoder, heads, pooling=pooling, rewrite=False),
        )

    def head_weights(self, extractor: nn.Module) -> dict[str, np.ndarray]:
        return numpy_weights(extractor)

    def rounded_weights(self, weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return int8_weights(weights)

    def scoring(self, heads: Path, checkpoint: Checkpoint) -> SpanScoring:
        return SpanScoring.load(heads, checkpoint)
