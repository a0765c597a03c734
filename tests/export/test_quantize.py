"""int8 graphs: same inputs and outputs, weights in bytes, values near those of fp32."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from gliner2_export.graph import ExportGraph
from gliner2_export.onnx_config import Shape, random_batch
from gliner2_export.quantize import products_of_activations, quantize_int8


def test_int8_keeps_the_contract_and_roughly_the_values(
    converted: tuple[Path, ExportGraph, int], tmp_path: Path
) -> None:
    path, reference, vocab_size = converted
    out = tmp_path / "model_int8.onnx"
    quantize_int8(path, out, encoder_config=reference.config)
    assert [p.name for p in tmp_path.iterdir()] == [out.name], "no leftovers of the quantizer"
    fp32 = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    int8 = onnxruntime.InferenceSession(str(out), providers=["CPUExecutionProvider"])
    assert [one.name for one in int8.get_inputs()] == [one.name for one in fp32.get_inputs()]
    assert [one.name for one in int8.get_outputs()] == [one.name for one in fp32.get_outputs()]
    batch = random_batch(
        Shape(batch=3, tokens=40, words=17, labels=9), vocab_size=vocab_size, pooling=reference.pooling
    )
    feeds = {one.name: batch[one.name] for one in fp32.get_inputs()}
    for exact, rough in zip(fp32.run(None, feeds), int8.run(None, feeds), strict=True):
        assert exact.shape == rough.shape
        # 16 random dimensions are a poor host for int8; a broken graph would be off by 100 % and more.
        assert np.linalg.norm(exact - rough) < 0.4 * np.linalg.norm(exact)


def test_int8_stores_weights_in_bytes(converted: tuple[Path, ExportGraph, int], tmp_path: Path) -> None:
    path, reference, _ = converted
    quantize_int8(path, tmp_path / "model_int8.onnx", encoder_config=reference.config)
    graph = onnx.load(tmp_path / "model_int8.onnx").graph
    matrices = [one for one in graph.initializer if len(one.dims) == 2 and min(one.dims) > 8]
    floats = [one.name for one in matrices if one.data_type == onnx.TensorProto.FLOAT]
    assert matrices and not floats
    assert products_of_activations(tmp_path / "model_int8.onnx"), "products of attention stay fp32"
