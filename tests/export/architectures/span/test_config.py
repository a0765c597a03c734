"""The span fields of config.json: both forms, defaults, and errors that name the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gliner2_export.architectures.base import CheckpointConfig
from gliner2_export.architectures.span.config import COUNTING_LAYERS, SpanConfig, read_span_config
from gliner2_lite.errors import CheckpointError

COMMON = CheckpointConfig("span", "mean")
PATH = Path("somewhere/config.json")


@pytest.mark.parametrize(
    ("raw", "layer", "width"),
    [
        ({}, "count_lstm", 8),
        ({"counting_layer": "count_lstm_moe", "max_width": 4}, "count_lstm_moe", 4),
        ({"max_width": 4, "span_head": {"max_width": 9}}, "count_lstm", 9),
        ({"max_width": 4, "span_head": None}, "count_lstm", 4),
    ],
)
def test_both_forms_and_defaults(raw: dict[str, Any], layer: str, width: int) -> None:
    assert read_span_config(raw, COMMON, PATH) == SpanConfig("span", "mean", layer, width)


@pytest.mark.parametrize("width", [0, -1, 2.5, True, "8", None])
def test_a_width_that_is_none_is_named(width: object) -> None:
    with pytest.raises(CheckpointError, match=r"config\.json: max_width must be a positive integer, got"):
        read_span_config({"max_width": width}, COMMON, PATH)


def test_unknown_counting_layers_are_named() -> None:
    for layer in COUNTING_LAYERS:
        assert read_span_config({"counting_layer": layer}, COMMON, PATH).counting_layer == layer
    with pytest.raises(CheckpointError, match="unknown counting_layer 'mean'; known are count_lstm, count"):
        read_span_config({"counting_layer": "mean"}, COMMON, PATH)
