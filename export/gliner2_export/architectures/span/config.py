"""The fields of a checkpoint's config.json that only the span architecture has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gliner2_export.architectures.base import CheckpointConfig
from gliner2_lite.architectures.span.counts import COUNTING_LAYERS
from gliner2_lite.errors import CheckpointError

DEFAULT_MAX_WIDTH = 8  # of the reference, for files that name none


@dataclass(frozen=True)
class SpanConfig(CheckpointConfig):
    """The common fields, the kind of counting layer, and the widest span in words."""

    counting_layer: str
    max_width: int


def read_span_config(raw: Mapping[str, Any], common: CheckpointConfig, path: Path) -> SpanConfig:
    """The span fields of ``raw``, in the current form (``span_head``) or the early one, defaults applied.

    Raises:
        CheckpointError: a counting layer that the runtime does not know, or a width that is no positive
            integer; names ``path`` and the field.
    """
    counting_layer = raw.get("counting_layer", "count_lstm")
    if counting_layer not in COUNTING_LAYERS:
        raise CheckpointError(
            f"{path}: unknown counting_layer {counting_layer!r}; known are {', '.join(COUNTING_LAYERS)}"
        )
    span_head = raw.get("span_head") or {}
    max_width = span_head.get("max_width", raw.get("max_width", DEFAULT_MAX_WIDTH))
    if not isinstance(max_width, int) or isinstance(max_width, bool) or max_width < 1:
        raise CheckpointError(f"{path}: max_width must be a positive integer, got {max_width!r}")
    return SpanConfig(common.architecture, common.token_pooling, counting_layer, max_width)
