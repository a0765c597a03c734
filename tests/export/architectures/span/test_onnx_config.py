"""Optimum's view of the span graph: names and axes, and batches that are real in every routing index."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gliner2_export.architectures.span.onnx_config import (
    CHECKED_SHAPES,
    INPUT_AXES,
    OUTPUT_AXES,
    Shape,
    SpanOnnxConfig,
    random_batch,
)

SHAPE = Shape(batch=3, tokens=20, words=6, pieces=4, tasks=2, labels=5)


def config(pooling: str = "first", *, label_tasks: bool = True) -> SpanOnnxConfig:
    return SpanOnnxConfig(object(), vocab_size=50, pooling=pooling, label_tasks=label_tasks)


@pytest.mark.parametrize("pooling", ["first", "mean"])
def test_batches_have_the_axes_of_the_inputs(pooling: str) -> None:
    batch, axes = random_batch(SHAPE, vocab_size=50, pooling=pooling), config(pooling).inputs
    assert list(batch) == list(axes)
    for name, array in batch.items():
        assert array.shape == tuple(getattr(SHAPE, axes[name][place]) for place in sorted(axes[name])), name
        assert array.dtype == (np.float32 if name == "word_pieces" else np.int64), name


@pytest.mark.parametrize("pooling", ["first", "max"])
def test_routing_stays_inside_the_real_tokens(pooling: str) -> None:
    batch = random_batch(SHAPE, vocab_size=50, pooling=pooling, seed=3)
    lengths = batch["attention_mask"].sum(axis=1)
    assert lengths.tolist() == [20, 20, 10], "the last sample is padded"
    assert not batch["input_ids"][2, 10:].any()
    for name in ("word_tokens", "prompt_tokens", "label_tokens"):
        flat = batch[name].reshape(3, -1)
        assert (flat < lengths[:, None]).all() and flat.max() > 5, name
    assert (np.diff(batch["label_tasks"]) >= 0).all(), "labels come task by task"
    if pooling == "max":
        assert (batch["word_pieces"][..., 0] == 1).all(), "every word has a piece"
        assert not batch["word_tokens"][batch["word_pieces"] == 0].any()


def test_batches_differ_by_their_seed_alone() -> None:
    first, again, other = (random_batch(SHAPE, vocab_size=50, pooling="first", seed=n) for n in (0, 0, 1))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["input_ids"], other["input_ids"])


def test_inputs_that_are_not_read_are_not_declared() -> None:
    assert list(config().inputs) == list(INPUT_AXES)
    assert "label_tasks" not in config(label_tasks=False).inputs
    assert list(config("mean").inputs)[-1] == "word_pieces"
    assert config("mean").inputs["word_tokens"] == {0: "batch", 1: "words", 2: "pieces"}
    assert INPUT_AXES["word_tokens"] == {0: "batch", 1: "words"}, "the table itself stays"
    assert list(config().outputs) == list(OUTPUT_AXES)


def test_dummy_inputs_are_such_a_batch_in_both_frameworks() -> None:
    tensors = config(label_tasks=False).generate_dummy_inputs(batch=2, tokens=9)
    arrays = config(label_tasks=False).generate_dummy_inputs("np", batch=2, tokens=9)
    assert "label_tasks" not in tensors
    for name, array in arrays.items():
        assert torch.equal(tensors[name], torch.from_numpy(array)), name


def test_checked_shapes_reach_both_ends_of_every_axis() -> None:
    for axis in ("batch", "words", "pieces", "tasks", "labels", "tokens"):
        sizes = {getattr(shape, axis) for shape in CHECKED_SHAPES}
        assert min(sizes) == 1 and max(sizes) > 1, axis
