"""Encoded texts as padded arrays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gliner2_lite import Schema
from gliner2_lite.graph.batch import make_batch
from gliner2_lite.graph.encode import Encoded
from tests.graph.test_encode import encoded


def test_batches_are_padded_with_zeros() -> None:
    items = [
        encoded("ab cde.", Schema().entities(["x"]).relations(["r"])),
        encoded("a", Schema().entities(["x"])),
    ]
    batch = make_batch(items, pooling="first")
    assert batch.input_ids.shape == batch.attention_mask.shape == (2, len(items[0].ids))
    assert batch.attention_mask.sum(axis=1).tolist() == [len(item.ids) for item in items]
    assert batch.word_positions.shape == (2, 3)
    assert batch.task_positions.shape == (2, 2)
    assert batch.label_positions.shape == (2, 3)
    assert batch.label_tasks.tolist() == [[0, 1, 1], [0, -1, -1]]
    assert (batch.input_ids[1, len(items[1].ids) :] == 0).all()
    assert batch.word_mask is None


def test_pieces_of_mean_and_max_pooling_carry_a_mask() -> None:
    batch = make_batch([encoded("ab cde.", Schema().entities(["x"]), pooling="mean")], pooling="mean")
    assert batch.word_positions.shape == (1, 3, 3)
    assert batch.word_mask is not None
    assert batch.word_mask.sum(axis=2).tolist() == [[2, 3, 1]]
    assert batch.word_positions.dtype == np.int64


def test_no_axis_is_empty() -> None:
    empty = Encoded(ids=(1,), word_positions=(), task_positions=(0,), label_positions=((),))
    for pooling in ("first", "mean"):
        batch = make_batch([empty], pooling=pooling)
        assert min(batch.word_positions.shape) == min(batch.label_positions.shape) == 1


def test_inputs_have_the_names_of_the_graph() -> None:
    batch = make_batch([encoded("ab.", Schema().entities(["x"]))], pooling="first")
    inputs = replace(batch, extras={"more": batch.label_tasks}).inputs()
    assert inputs["word_tokens"] is batch.word_positions and inputs["word_pieces"] is None
    assert inputs["more"] is batch.label_tasks
