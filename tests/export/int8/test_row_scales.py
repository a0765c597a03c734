"""One activation scale per row: what the rewritten graph computes, alone and beside others in a batch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import ModelProto

from gliner2_export.int8.rounding import WeightGrid, column_scales, restore, round_nearest
from gliner2_export.int8.row_scales import TINY, GroupPlan, ProductPlan, quantize_rows, use_row_scales
from gliner2_lite.errors import ExportError
from tests.export.small_graphs import constants, model, node, operators, relative_error, run

GRID = WeightGrid(levels=127, pairs=True)
RNG = np.random.default_rng(3)
WEIGHTS = {name: RNG.standard_normal((32, 24)).astype(np.float32) for name in ("left", "right")}
X = RNG.standard_normal((2, 5, 32)).astype(np.float32)
SMOOTHING = RNG.uniform(0.5, 2.0, 32).astype(np.float32)


def products() -> ModelProto:
    return model(
        [node("MatMul", f"x {name}", f"y_{name}", f"product_{name}") for name in WEIGHTS],
        inputs={"x": ["batch", "tokens", 32]},
        outputs={f"y_{name}": ["batch", "tokens", 24] for name in WEIGHTS},
        constants=WEIGHTS,
    )


def as_optimum_writes_it(made: ModelProto) -> ModelProto:
    """The same products in the form of onnxruntime's dynamic quantization."""
    nodes = [node("DynamicQuantizeLinear", "x", "x_q", "quantize")]
    nodes[0].output.extend(["x_scale", "x_zero"])
    stored = {"one": np.array(0.01, dtype=np.float32)}
    for name, weight in WEIGHTS.items():
        stored[f"{name}_q"] = np.clip(np.rint(weight / 0.01), -127, 127).astype(np.int8)
        nodes += [
            node("Mul", "x_scale one", f"{name}_scales"),
            node("MatMulInteger", f"x_q {name}_q x_zero", f"{name}_sums", f"product_{name}_quant"),
            node("Cast", f"{name}_sums", f"{name}_float", to=onnx.TensorProto.FLOAT),
            node("Mul", f"{name}_float {name}_scales", f"y_{name}"),
        ]
    outputs = {item.name: ["batch", "tokens", 24] for item in made.graph.output}
    return model(nodes, inputs={"x": ["batch", "tokens", 32]}, outputs=outputs, constants=stored)


def plan(
    *,
    smoothing: np.ndarray | None = None,
    floor: float | None = None,
    blocks: int = 1,
    loud: tuple[int, ...] = (),
) -> GroupPlan:
    stored = []
    for name, weight in WEIGHTS.items():
        smoothed = weight.copy() if smoothing is None else weight * smoothing[:, None]
        smoothed[list(loud)] = 0.0
        scales = column_scales(smoothed, GRID, blocks=blocks)
        exact = weight[list(loud)] if loud else None
        integers = round_nearest(smoothed, scales, GRID)
        stored.append(ProductPlan(f"product_{name}", integers, scales, exact=exact))
    zero = 128 if floor is None else 16
    return GroupPlan("x", smoothing, 255, zero, floor, tuple(stored), blocks, loud)


PLANS = {
    "plain": plan(),
    "blocks": plan(blocks=4),
    "smoothed": plan(smoothing=SMOOTHING),
    "loud": plan(smoothing=SMOOTHING, loud=(3, 7)),
    "loud in blocks": plan(smoothing=SMOOTHING, loud=(3, 7), blocks=2),
}


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("optimum", [False, True])
def test_the_graph_computes_what_the_plan_says(name: str, optimum: bool) -> None:
    group, made = PLANS[name], products()
    if optimum:
        made = as_optimum_writes_it(made)
    use_row_scales(made, [group])
    onnx.checker.check_model(made)
    shown = run(made, {"x": X})
    assert list(shown) == ["y_left", "y_right"]
    rows = X.reshape(-1, 32) / (1 if group.smoothing is None else group.smoothing)
    rows[:, list(group.loud)] = 0.0
    quantized, _ = quantize_rows(rows, group)
    for product, (weight_name, weight) in zip(group.products, WEIGHTS.items(), strict=True):
        expected = quantized @ restore(product.integers, product.scales)
        if group.loud:
            expected += X.reshape(-1, 32)[:, list(group.loud)] @ product.exact
        got = shown[f"y_{weight_name}"]
        # A value halfway between two steps may be rounded either way.
        assert relative_error(got.reshape(expected.shape), expected) < 2e-3
        assert 0 < relative_error(got, X @ weight) < 0.03


def test_sources_that_are_never_negative_use_the_whole_range() -> None:
    group = plan(floor=TINY)
    group = replace(group, zero=0)
    positive = np.abs(X)
    made = products()
    use_row_scales(made, [group])
    finer, coarser = run(made, {"x": positive})["y_left"], products()
    use_row_scales(coarser, [plan()])
    exact = positive @ WEIGHTS["left"]
    assert relative_error(finer, exact) < relative_error(run(coarser, {"x": positive})["y_left"], exact)
    zeros = run(made, {"x": np.zeros_like(X)})["y_left"]
    assert np.array_equal(zeros, np.zeros_like(zeros)), "a row without a range divides by something"


def test_loud_inputs_do_not_coarsen_the_steps_of_the_others() -> None:
    made, inputs = products(), X.copy()
    inputs[..., [3, 7]] *= 1000
    use_row_scales(made, [plan(smoothing=SMOOTHING, loud=(3, 7))])
    weight = WEIGHTS["left"].copy()
    exact = inputs @ weight
    weight[[3, 7]] = 0.0
    assert np.abs(run(made, {"x": inputs})["y_left"] - exact).max() < 0.1 * np.abs(inputs @ weight).max()


def test_a_row_does_not_depend_on_the_others() -> None:
    made = products()
    use_row_scales(made, [plan()])
    louder = X.copy()
    louder[1] *= 100
    before, after = (run(made, {"x": inputs})["y_left"] for inputs in (X, louder))
    assert np.array_equal(before[0], after[0])
    assert not np.array_equal(before[1], after[1])


def test_the_source_is_quantized_once_for_all_its_products() -> None:
    made = as_optimum_writes_it(products())
    use_row_scales(made, [plan()])
    kinds = operators(made)
    assert kinds.count("QuantizeLinear") == 1 and kinds.count("MatMulIntegerToFloat") == 2
    assert not {"DynamicQuantizeLinear", "MatMulInteger", "Cast"} & set(kinds), "nothing of the old form"
    stored = constants(made)
    assert not set(WEIGHTS) & set(stored) and "left_q" not in stored
    assert {item.domain for item in made.opset_import} == {"", "com.microsoft"}


def test_weights_stored_unsigned_give_the_same() -> None:
    signed, unsigned = products(), products()
    use_row_scales(signed, [plan()])
    use_row_scales(unsigned, [plan().unsigned()])
    assert constants(unsigned)["product_left_weight_integers"].dtype == np.uint8
    for name, array in run(signed, {"x": X}).items():
        np.testing.assert_allclose(run(unsigned, {"x": X})[name], array, rtol=1e-5, atol=1e-5)


def test_products_can_be_left_out() -> None:
    made, left_out = products(), plan().without(["product_right"])
    use_row_scales(made, [left_out])
    assert operators(made).count("MatMul") == 1
    np.testing.assert_allclose(run(made, {"x": X})["y_right"], X @ WEIGHTS["right"], rtol=1e-5, atol=1e-5)


def test_graphs_of_another_form_are_refused() -> None:
    group = plan()
    elsewhere = replace(group, products=(replace(group.products[0], node="elsewhere"),))
    with pytest.raises(ExportError, match="the graph has no product elsewhere; plan it again"):
        use_row_scales(products(), [elsewhere])
    made = as_optimum_writes_it(products())
    made.graph.node.append(node("Cast", "left_sums", "also_read", to=onnx.TensorProto.FLOAT))
    with pytest.raises(ExportError, match="no Cast and Mul after left_sums; update optimum-onnx"):
        use_row_scales(made, [group])
