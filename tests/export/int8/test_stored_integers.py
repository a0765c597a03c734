"""Weights stored as integers: products give nearly the same, and the file holds bytes instead of floats."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
import pytest

from gliner2_export.int8.rounding import WeightGrid, column_scales, round_nearest
from gliner2_export.int8.row_scales import GroupPlan, ProductPlan
from gliner2_export.int8.stored_integers import use_stored_integers
from gliner2_lite.errors import ExportError
from tests.export.small_graphs import constants, model, node, operators, relative_error, run

GRID = WeightGrid(levels=127)
RNG = np.random.default_rng(1)
WEIGHT = RNG.standard_normal((32, 24)).astype(np.float32)
X = RNG.standard_normal((2, 5, 32)).astype(np.float32)
SMOOTHING = RNG.uniform(0.5, 2.0, 32).astype(np.float32)


def product() -> onnx.ModelProto:
    return model(
        [node("MatMul", "x weight", "y", "product")],
        inputs={"x": ["batch", "tokens", 32]},
        outputs={"y": ["batch", "tokens", 24]},
        constants={"weight": WEIGHT},
    )


def plan(*, smoothing: np.ndarray | None = None, blocks: int = 1, loud: tuple[int, ...] = ()) -> GroupPlan:
    smoothed = WEIGHT.copy() if smoothing is None else WEIGHT * smoothing[:, None]
    smoothed[list(loud)] = 0.0
    scales = column_scales(smoothed, GRID, blocks=blocks)
    exact = WEIGHT[list(loud)] if loud else None
    stored = ProductPlan("product", round_nearest(smoothed, scales, GRID), scales, exact=exact)
    return GroupPlan("x", smoothing, 255, 128, None, (stored,), blocks, loud)


@pytest.mark.parametrize(
    "options",
    [{}, {"blocks": 4}, {"smoothing": SMOOTHING}, {"smoothing": SMOOTHING, "loud": (3, 7), "blocks": 2}],
    ids=["plain", "blocks", "smoothed", "loud"],
)
def test_outputs_stay_near_and_weights_become_bytes(options: dict) -> None:
    made = product()
    use_stored_integers(made, [plan(**options)])
    onnx.checker.check_model(made)
    expected = run(product(), {"x": X})["y"]
    assert 0 < relative_error(run(made, {"x": X})["y"], expected) < 0.01
    stored = constants(made)
    assert stored["product_weight_integers"].dtype == np.int8 and "weight" not in stored
    floats = sum(value.size for value in stored.values() if value.dtype == np.float32)
    assert floats < 0.3 * WEIGHT.size


def test_the_product_keeps_its_name_and_loud_inputs_add_one() -> None:
    made = product()
    use_stored_integers(made, [plan(smoothing=SMOOTHING, loud=(3,))])
    assert operators(made).count("MatMul") == 2
    assert [item.name for item in made.graph.node if item.name == "product"] == ["product"]
    made = product()
    use_stored_integers(made, [plan()])
    assert operators(made) == ["Cast", "Mul", "Reshape", "MatMul"]


def test_plans_of_another_graph_are_refused() -> None:
    group = plan()
    other = replace(group, products=(replace(group.products[0], node="elsewhere"),))
    with pytest.raises(ExportError, match="the graph has no product elsewhere; plan it again"):
        use_stored_integers(product(), [other])
    with pytest.raises(ExportError, match="loud inputs and no weights for them"):
        use_stored_integers(product(), [replace(group, loud=(1,))])
