"""int8 graphs: same inputs and outputs, weights in bytes, values near those of fp32, rows on their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from gliner2_export.graph import ExportGraph
from gliner2_export.onnx_config import Shape, random_batch
from gliner2_export.quantize import (
    Int8Plan,
    check_target,
    plan_int8,
    product_costs,
    products_of_activations,
    quantize_plain,
    write_int8,
)
from gliner2_lite.errors import ExportError

Converted = tuple[Path, ExportGraph, int]


def session(path: Path) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def batches(converted: Converted, shape: Shape, count: int) -> list[dict[str, np.ndarray]]:
    path, reference, vocab_size = converted
    names = {item.name for item in session(path).get_inputs()}
    made = [
        random_batch(shape, vocab_size=vocab_size, pooling=reference.pooling, seed=seed)
        for seed in range(count)
    ]
    return [{name: array for name, array in batch.items() if name in names} for batch in made]


@pytest.fixture(scope="module")
def plan(converted: Converted) -> Int8Plan:
    return plan_int8(converted[0], batches(converted, Shape(batch=1, tokens=30, words=9), 8))


def error(expected: list[np.ndarray], found: list[np.ndarray]) -> float:
    return max(
        float(np.linalg.norm(exact - rough) / np.linalg.norm(exact))
        for exact, rough in zip(expected, found, strict=True)
    )


def test_contract_stays_and_values_stay_near(converted: Converted, plan: Int8Plan, tmp_path: Path) -> None:
    path, reference, _ = converted
    rows, plain, stored = (tmp_path / f"{name}.onnx" for name in ("rows", "plain", "stored"))
    write_int8(path, rows, plan, encoder_config=reference.config)
    quantize_plain(path, plain, encoder_config=reference.config)
    write_int8(path, stored, plan, encoder_config=reference.config, weights_only=True)
    assert {item.name for item in tmp_path.iterdir()} == {rows.name, plain.name, stored.name}, "no leftovers"
    fp32 = session(path)
    batch = batches(converted, Shape(batch=3, tokens=40, words=17, labels=9), 1)[0]
    expected, errors = fp32.run(None, batch), {}
    for graph in (rows, plain, stored):
        int8 = session(graph)
        assert [one.name for one in int8.get_inputs()] == [one.name for one in fp32.get_inputs()]
        assert [one.name for one in int8.get_outputs()] == [one.name for one in fp32.get_outputs()]
        errors[graph.stem] = error(expected, int8.run(None, batch))
    # 16 random dimensions are a poor host for int8; a broken graph would be off by 100 % and more.
    assert errors["rows"] < 0.1
    assert errors["rows"] < errors["plain"] < 0.6
    assert errors["stored"] < 0.1


def test_weights_are_bytes(converted: Converted, plan: Int8Plan, tmp_path: Path) -> None:
    path, reference, _ = converted
    write_int8(path, tmp_path / "int8.onnx", plan, encoder_config=reference.config)
    graph = onnx.load(tmp_path / "int8.onnx").graph
    products = {product.node for group in plan.groups for product in group.products}
    assert not [node.name for node in graph.node if node.name in products and node.op_type == "MatMul"]
    assert products_of_activations(tmp_path / "int8.onnx"), "products of attention stay fp32"
    sizes = {True: 0, False: 0}
    for one in graph.initializer:
        sizes[one.data_type == onnx.TensorProto.FLOAT] += int(np.prod(one.dims))
    assert sizes[True] < 0.25 * sizes[False], "most weights are bytes"


def test_answers_do_not_depend_on_the_rest_of_the_batch(
    converted: Converted, plan: Int8Plan, tmp_path: Path
) -> None:
    path, reference, _ = converted
    write_int8(path, tmp_path / "int8.onnx", plan, encoder_config=reference.config)
    int8 = session(tmp_path / "int8.onnx")
    batch = batches(converted, Shape(batch=4, tokens=25, words=8), 1)[0]
    together = int8.run(["label_states"], batch)[0]
    alone = int8.run(["label_states"], {name: array[:1] for name, array in batch.items()})[0]
    np.testing.assert_allclose(alone[0], together[0], atol=1e-4)


def test_kept_products_stay_fp32(converted: Converted, plan: Int8Plan, tmp_path: Path) -> None:
    path, reference, _ = converted
    nodes = [product.node for group in plan.groups for product in group.products]
    fp32, batch = session(path), batches(converted, Shape(), 1)[0]
    expected = fp32.run(None, batch)
    errors = []
    for keep in (nodes, nodes[::2], []):
        write_int8(path, tmp_path / "int8.onnx", plan, encoder_config=reference.config, keep=keep)
        operators = [node.op_type for node in onnx.load(tmp_path / "int8.onnx").graph.node]
        assert operators.count("MatMulIntegerToFloat") >= len(nodes) - len(keep)
        errors.append(error(expected, session(tmp_path / "int8.onnx").run(None, batch)))
    assert errors[0] < min(errors[1:])


def test_single_products_are_judged(converted: Converted, plan: Int8Plan, tmp_path: Path) -> None:
    fp32, batch = session(converted[0]), batches(converted, Shape(), 1)[0]
    expected = fp32.run(None, batch)
    costs = product_costs(
        converted[0], plan, lambda graph: error(expected, session(graph).run(None, batch)), place=tmp_path
    )
    assert set(costs) == {product.node for group in plan.groups for product in group.products}
    assert all(0 <= cost < 0.1 for cost in costs.values())
    assert max(costs.values()) > 0


def test_unknown_target_is_named() -> None:
    with pytest.raises(ExportError, match="unknown target 'riscv'; write one of any, avx2"):
        check_target("riscv")
