"""The span architecture as the other rooms see it: manifest section, card, torch modules, head weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from gliner2_export.architectures.span.architecture import SpanArchitecture
from gliner2_export.architectures.span.scoring import SpanScoring
from gliner2_export.checkpoint.read import Checkpoint, load_checkpoint
from gliner2_export.encoders.bert import FastBert
from gliner2_export.encoders.registry import TracedEncoder


@pytest.fixture(scope="module")
def loaded(bert_checkpoint: Path) -> Checkpoint:
    return load_checkpoint(bert_checkpoint)


def test_the_manifest_and_the_card_say_what_the_config_does(loaded: Checkpoint) -> None:
    assert SpanArchitecture().manifest_config(loaded) == {
        "hidden_size": 16,
        "max_width": 5,
        "counting_layer": "count_lstm",
        "token_pooling": "first",
        "max_positions": 256,
        "encoder_type": "bert",
        "vocab_size": loaded.vocab_size,
    }
    words = SpanArchitecture().heads_in_words(loaded)
    assert words == 'count_lstm, spans up to 5 words, pooling "first"'


def test_both_torch_modules_share_their_heads_and_give_the_same(loaded: Checkpoint) -> None:
    exported, reference = SpanArchitecture().torch_graphs(loaded)
    assert isinstance(exported.encoder, FastBert) and isinstance(reference.encoder, TracedEncoder)
    assert exported.heads is reference.heads
    batch = {
        name: torch.from_numpy(array)
        for name, array in exported.random_batch(vocab_size=loaded.vocab_size, seed=4).items()
    }
    with torch.inference_mode():
        outputs, expected = exported(**batch), reference(**batch)
    assert tuple(outputs) == exported.output_names
    for name, array in expected.items():
        torch.testing.assert_close(outputs[name], array, rtol=1e-4, atol=1e-4)


def test_head_weights_are_those_that_scoring_reads(loaded: Checkpoint, tmp_path: Path) -> None:
    architecture = SpanArchitecture()
    exact = architecture.head_weights(loaded.extractor)
    rounded = architecture.rounded_weights(exact)
    for name, weights in (("exact", exact), ("rounded", rounded)):
        np.savez(tmp_path / f"{name}.npz", **weights)
        scoring = architecture.scoring(tmp_path / f"{name}.npz", loaded)
        assert isinstance(scoring, SpanScoring)
        labels = np.ones((2, 16), dtype=np.float32)
        (queries,) = scoring.heads.counts.queries([labels], [3])
        assert queries.shape[-1] == 16 and np.isfinite(queries).all()
    assert sum(a.nbytes for a in rounded.values()) < sum(a.nbytes for a in exact.values())
