"""The head weights of a bundle: read when they are needed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gliner2_lite import BundleError
from gliner2_lite.architectures.span.config import SpanConfig, read_config
from gliner2_lite.architectures.span.heads import SpanHeads
from gliner2_lite.bundle.manifest import read_bundle


def test_layers_of_a_bundle(small_bundle: Path) -> None:
    bundle = read_bundle(small_bundle)
    config = read_config(bundle)
    heads = SpanHeads(bundle.path(bundle.choose("fp32").heads), config)
    states = np.zeros((3, bundle.config.hidden_size), dtype=np.float32)
    assert [query.shape for query in heads.counts.queries([states], [2])] == [(2, *states.shape)]
    words = np.zeros((5, 4 * bundle.config.hidden_size), dtype=np.float32)
    assert heads.spans.scores(words, words, states).shape == (3, 5, config.max_width)


def test_a_missing_file_is_told_on_first_use(tmp_path: Path) -> None:
    heads = SpanHeads(tmp_path / "heads.npz", SpanConfig(max_width=8, counting_layer="count_lstm"))
    with pytest.raises(BundleError, match=r"heads\.npz"):
        _ = heads.spans


def test_an_unknown_counting_layer_is_named(small_bundle: Path) -> None:
    bundle = read_bundle(small_bundle)
    heads = SpanHeads(
        bundle.path(bundle.choose("fp32").heads), SpanConfig(max_width=8, counting_layer="count_hands")
    )
    with pytest.raises(BundleError, match="counting layer 'count_hands' is unknown"):
        _ = heads.counts
