"""Shapes of stand-in checkpoints."""

from __future__ import annotations

from benchmarks.shapes import DEFAULT_SHAPE, SHAPES, encoder_arguments


def test_arguments_of_the_encoder_are_those_of_the_shape() -> None:
    shape = SHAPES["deberta-v3-small"]
    arguments = encoder_arguments(shape, 128_011)
    assert (arguments["num_hidden_layers"], arguments["hidden_size"]) == (6, 768)
    assert arguments["vocab_size"] == 128_011


def test_every_head_of_every_shape_has_the_same_width() -> None:
    assert DEFAULT_SHAPE in SHAPES
    assert all(shape.hidden % shape.heads == 0 for shape in SHAPES.values())
