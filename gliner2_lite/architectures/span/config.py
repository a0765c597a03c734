"""What the span architecture reads of a manifest, and the graph outputs it needs."""

from __future__ import annotations

from typing import NamedTuple

from gliner2_lite.bundle.manifest import Bundle
from gliner2_lite.errors import BundleError
from gliner2_lite.graph.session import Contract

#: B texts, S tasks, M labels, W words; H is the encoder's width. Scores are logits.
CONTRACT = Contract(
    outputs=(
        "count_logits",  # [B, S, 20]
        "class_logits",  # [B, M]
        "label_states",  # [B, M, H]
        "span_start",  # [B, W, 4H]
        "span_end",  # [B, W, 4H]
        "span_logits",  # [B, W, max_width, M], first instance; meaningless beyond the last word
    )
)


class SpanConfig(NamedTuple):
    """``max_width`` is the widest span in words, ``counting_layer`` the kind of counting layer."""

    max_width: int
    counting_layer: str


def read_config(bundle: Bundle) -> SpanConfig:
    """The span fields of a manifest's ``config``.

    Raises:
        BundleError: a field is missing or cannot be used.
    """
    config = SpanConfig(
        max_width=bundle.config_field("max_width", int),
        counting_layer=bundle.config_field("counting_layer", str),
    )
    if config.max_width < 1:
        raise BundleError(f"{bundle.manifest}: config.max_width must be positive")
    return config
