"""ONNX files: every axis dynamic, equal to torch, and refused when they are not."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper

from gliner2_export.architectures.span.graph import ExportGraph
from gliner2_export.architectures.span.heads import SpanHeads
from gliner2_export.architectures.span.onnx_config import Shape, SpanOnnxConfig, random_batch
from gliner2_export.checkpoint.read import load_checkpoint
from gliner2_export.onnx_graph.convert import TOLERANCE, check_against_torch, convert, move_weights_out
from gliner2_lite.errors import ExportError

SHAPES = [
    Shape(batch=1, tokens=5, words=1, pieces=1, tasks=1, labels=1),
    Shape(batch=3, tokens=40, words=17, pieces=3, tasks=3, labels=9),
    Shape(batch=1, tokens=40, words=1, pieces=4, tasks=3, labels=1),
    Shape(batch=3, tokens=5, words=17, pieces=1, tasks=1, labels=2),
]


def feeds(session: onnxruntime.InferenceSession, batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {one.name: batch[one.name] for one in session.get_inputs()}


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"b{shape.batch}-t{shape.tokens}-w{shape.words}")
def test_every_axis_is_dynamic(converted: tuple[Path, ExportGraph, int], shape: Shape) -> None:
    path, reference, vocab_size = converted
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    batch = random_batch(shape, vocab_size=vocab_size, pooling=reference.pooling, seed=11)
    with torch.inference_mode():
        expected = reference(**{name: torch.from_numpy(array) for name, array in batch.items()})
    outputs = session.run(list(expected), feeds(session, batch))
    for name, array in zip(expected, outputs, strict=True):
        np.testing.assert_allclose(array, expected[name].numpy(), atol=1e-5, err_msg=name)
    assert outputs[0].shape == (shape.batch, shape.tasks, 20)
    assert outputs[3].shape == (shape.batch, shape.words, 4 * 16)


def test_names_and_axes_are_those_of_the_contract(converted: tuple[Path, ExportGraph, int]) -> None:
    path, reference, vocab_size = converted
    reads_tasks = reference.heads.reads_label_tasks
    config = SpanOnnxConfig(
        reference.config, vocab_size=vocab_size, pooling=reference.pooling, label_tasks=reads_tasks
    )
    graph = onnx.load(path).graph
    assert [node.name for node in graph.input] == list(config.inputs)
    assert [node.name for node in graph.output] == list(config.outputs)
    for node in graph.input:
        axes = [axis.dim_param for axis in node.type.tensor_type.shape.dim]
        assert axes == list(config.inputs[node.name].values()), node.name


def test_padding_does_not_change_a_sample(converted: tuple[Path, ExportGraph, int]) -> None:
    path, reference, vocab_size = converted
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    batch = random_batch(Shape(batch=2, tokens=24), vocab_size=vocab_size, pooling=reference.pooling, seed=2)
    alone = {name: array[1:] for name, array in batch.items()}
    real = int(alone["attention_mask"].sum())
    assert real < 24
    alone |= {name: alone[name][:, :real] for name in ("input_ids", "attention_mask")}
    for padded, single in zip(
        session.run(None, feeds(session, batch)), session.run(None, feeds(session, alone)), strict=True
    ):
        np.testing.assert_allclose(padded[1:], single, atol=1e-5)


def test_check_reports_small_differences(converted: tuple[Path, ExportGraph, int]) -> None:
    path, reference, vocab_size = converted
    worst = check_against_torch(path, reference, vocab_size=vocab_size, max_positions=64)
    assert set(worst) == {
        "count_logits",
        "class_logits",
        "label_states",
        "span_start",
        "span_end",
        "span_logits",
    }
    assert all(0 <= difference < TOLERANCE / 5 for difference in worst.values())


@pytest.mark.parametrize("kind", ["roberta", "modernbert"])
def test_other_encoders_trace(kind: str, make_checkpoint: Callable[..., Path], tmp_path: Path) -> None:
    loaded = load_checkpoint(make_checkpoint(encoder=kind))
    graph = ExportGraph(loaded.extractor.encoder, SpanHeads(loaded.extractor), pooling="first")
    convert(graph, tmp_path / "model.onnx", vocab_size=loaded.vocab_size)
    limits = {"vocab_size": loaded.vocab_size, "max_positions": loaded.max_positions}
    worst = check_against_torch(tmp_path / "model.onnx", graph, **limits)
    assert max(worst.values()) < TOLERANCE / 5


@pytest.mark.parametrize("damage", [0.01, float("nan")])
def test_check_refuses_a_wrong_graph(
    damage: float, converted: tuple[Path, ExportGraph, int], tmp_path: Path
) -> None:
    path, reference, vocab_size = converted
    model = onnx.load(path)
    bias = next(one for one in model.graph.initializer if one.name == "heads.start_half.bias")
    bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias) + np.float32(damage), bias.name))
    onnx.save(model, tmp_path / "wrong.onnx")
    with pytest.raises(ExportError, match="output 'span_start' differs from torch by"):
        check_against_torch(tmp_path / "wrong.onnx", reference, vocab_size=vocab_size, max_positions=64)


def test_large_weights_go_to_a_file_beside_the_graph(
    converted: tuple[Path, ExportGraph, int], tmp_path: Path
) -> None:
    source, reference, vocab_size = converted
    path = tmp_path / "model.onnx"
    path.write_bytes(source.read_bytes())
    move_weights_out(path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model.onnx"], "small graphs stay in one file"
    move_weights_out(path, limit=1000)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model.onnx", "model.onnx_data"]
    assert path.stat().st_size < source.stat().st_size
    assert stat.S_IMODE((tmp_path / "model.onnx_data").stat().st_mode) == stat.S_IMODE(path.stat().st_mode)
    check_against_torch(path, reference, vocab_size=vocab_size, max_positions=64)
