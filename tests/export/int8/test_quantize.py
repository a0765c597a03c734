"""int8 graphs: same inputs and outputs, weights in bytes, values near those of fp32, rows on their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper
from transformers import PretrainedConfig

from gliner2_export.architectures.span.graph import ExportGraph
from gliner2_export.architectures.span.onnx_config import Shape, random_batch
from gliner2_export.int8 import plan as planning
from gliner2_export.int8.quantize import (
    Int8Plan,
    check_target,
    plan_int8,
    product_costs,
    products_of_activations,
    quantize_plain,
    saturates,
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


def loud_graph(path: Path, columns: int) -> list[dict[str, np.ndarray]]:
    """Writes one product [B, T, 256] · [256, columns] to ``path``. Returns inputs, ``LOUD`` ones louder."""
    rng = np.random.default_rng(5)
    weight = rng.standard_normal((256, columns)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "weight"], ["y"], name="product")],
        "one product",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["batch", "tokens", 256])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["batch", "tokens", columns])],
        [numpy_helper.from_array(weight, "weight")],
    )
    opsets = [helper.make_opsetid("", 18)]
    onnx.save_model(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    inputs = rng.standard_normal((12, 1, 40, 256)).astype(np.float32)
    inputs[..., LOUD] *= 40 * rng.uniform(0.1, 1.0, (12, 1, 40, len(LOUD))).astype(np.float32)
    return [{"x": batch} for batch in inputs]


LOUD = [3, 77, 130, 201]


@pytest.mark.parametrize(("columns", "blocks"), [(128, 1), (64, planning.BLOCKS)])
def test_loud_inputs_are_multiplied_apart(
    columns: int, blocks: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.onnx"
    *seen, unseen = loud_graph(path, columns)
    expected, errors = session(path).run(None, unseen), {}
    apart = plan_int8(path, seen)
    assert apart.groups[0].blocks == blocks
    assert set(LOUD) <= set(apart.groups[0].loud)
    assert not apart.groups[0].products[0].integers[list(apart.groups[0].loud)].any()
    monkeypatch.setattr(planning, "LOUD_GAIN", 1.0)
    together = plan_int8(path, seen)
    assert together.groups[0].loud == ()
    answers = {}
    forms = {
        "together": (together, {}),
        "apart": (apart, {}),
        "unsigned": (apart, {"unsigned": True}),
        "stored": (apart, {"weights_only": True}),
    }
    for name, (plan, options) in forms.items():
        out = tmp_path / f"{name}.onnx"
        write_int8(path, out, plan, encoder_config=PretrainedConfig(), **options)
        answers[name] = session(out).run(None, unseen)
        errors[name] = error(expected, answers[name])
    assert errors["apart"] < 0.6 * errors["together"]
    assert errors["stored"] < errors["apart"] < 0.01
    if not saturates():
        assert np.array_equal(answers["unsigned"][0], answers["apart"][0])


def test_few_inputs_stay_together(converted: Converted, plan: Int8Plan) -> None:
    """Where the loudest would be a good part of all inputs, there is nothing to take them away from."""
    narrow = [group for group in plan.groups if len(group.products[0].integers) < 8 * planning.LOUD_INPUTS]
    assert narrow and {group.loud for group in narrow} == {()}
