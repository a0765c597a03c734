"""Plans: smoothing, zero points, blocks and loud inputs are chosen where they lower the error, else not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from gliner2_export.int8 import plan as planning
from gliner2_export.int8.calibration import SourceStats
from gliner2_export.int8.matmuls import find_groups
from gliner2_export.int8.plan import plan_group, plan_groups
from gliner2_export.int8.rounding import WeightGrid, restore
from gliner2_export.int8.row_scales import GroupPlan, quantize_rows
from tests.export.small_graphs import model, node, relative_error

GRID = WeightGrid(levels=127)
RNG = np.random.default_rng(8)
WEIGHT = RNG.standard_normal((64, 16)).astype(np.float32)


def stats_of(rows: np.ndarray) -> SourceStats:
    stats = SourceStats()
    stats.add(rows, np.arange(min(len(rows), 300)))
    stats.finish()
    return stats


def group(weights: Sequence[np.ndarray]) -> object:
    names = [f"w{number}" for number in range(len(weights))]
    made = model(
        [node("MatMul", f"x {name}", f"y_{name}", f"product_{name}") for name in names],
        inputs={"x": ["n", len(weights[0])]},
        outputs={f"y_{name}": ["n", weights[0].shape[1]] for name in names},
        constants=dict(zip(names, weights, strict=True)),
    )
    (only,) = find_groups(made)
    return only


def rows(scale: np.ndarray | float = 1.0, *, size: int = 64) -> np.ndarray:
    return (RNG.standard_normal((600, size)) * scale).astype(np.float32)


def error(plan: GroupPlan, inputs: np.ndarray, weight: np.ndarray) -> float:
    smoothed = inputs if plan.smoothing is None else inputs / plan.smoothing
    quantized, _ = quantize_rows(smoothed, plan)
    product = plan.products[0]
    return relative_error(quantized @ restore(product.integers, product.scales), inputs @ weight)


def test_even_inputs_get_the_plain_plan() -> None:
    inputs = rows()
    plan = plan_group(group([WEIGHT]), [WEIGHT], stats_of(inputs), GRID)
    assert (plan.smoothing, plan.zero, plan.floor, plan.loud, plan.blocks) == (None, 128, None, (), 1)
    assert error(plan, rows(), WEIGHT) < 0.015


def test_uneven_inputs_are_smoothed() -> None:
    scale = np.exp(RNG.uniform(-2.5, 2.5, 64))
    plan = plan_group(group([WEIGHT]), [WEIGHT], stats_of(rows(scale)), GRID)
    assert plan.smoothing is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "SMOOTHING_GAIN", 1 - 1e-9)  # as good as never worth it
        plain = plan_group(group([WEIGHT]), [WEIGHT], stats_of(rows(scale)), GRID)
    unseen = rows(scale)
    assert plain.smoothing is None and error(plan, unseen, WEIGHT) < 0.7 * error(plain, unseen, WEIGHT)


@pytest.mark.parametrize(
    ("lowest", "zeros"), [(0.0, {0}), (-0.17, set(planning.SHIFTED_ZEROS)), (-3.0, {128})]
)
def test_sources_that_are_hardly_negative_get_more_integers(lowest: float, zeros: set[int]) -> None:
    inputs = np.maximum(rows(), lowest)
    plan = plan_group(group([WEIGHT]), [WEIGHT], stats_of(inputs), GRID)
    assert plan.zero in zeros and (plan.floor is None) == (lowest == -3.0)
    unseen = np.maximum(rows(), lowest)
    assert error(plan, unseen, WEIGHT) < 0.015


def test_a_few_loud_inputs_of_many_are_multiplied_apart() -> None:
    weight = RNG.standard_normal((512, 16)).astype(np.float32)
    scale = np.ones(512)
    scale[[5, 100]] = 300.0
    inputs = rows(scale, size=512)
    inputs[::2, 5] /= 1000  # not in every row, so smoothing cannot serve all
    plan = plan_group(group([weight]), [weight], stats_of(inputs), GRID)
    assert {5, 100} <= set(plan.loud) and len(plan.loud) == planning.LOUD_INPUTS
    (product,) = plan.products
    assert product.exact.shape == (planning.LOUD_INPUTS, 16)
    assert not product.integers[list(plan.loud)].any() and plan.smoothing is not None


def test_products_of_one_source_share_its_plan() -> None:
    weights = [WEIGHT, 100 * RNG.standard_normal((64, 16)).astype(np.float32)]
    plan = plan_group(group(weights), weights, stats_of(rows()), GRID)
    assert [product.node for product in plan.products] == ["product_w0", "product_w1"]
    for product, weight in zip(plan.products, weights, strict=True):
        assert relative_error(restore(product.integers, product.scales), weight) < 0.02


@pytest.mark.parametrize(("rank", "texts", "blocks"), [(3, 1, planning.BLOCKS), (2, 1, 1), (3, 500, 1)])
def test_blocks_need_three_dimensions_and_many_rows(rank: int, texts: int, blocks: int) -> None:
    axes = ["batch", "tokens", 64][-rank:]
    made = model(
        [node("MatMul", "x weight", "y", "product")],
        inputs={"x": axes},
        outputs={"y": [*axes[:-1], 16]},
        constants={"weight": WEIGHT},
    )
    (plan,) = plan_groups(made, find_groups(made), {"x": stats_of(rows())}, GRID, texts=texts)
    assert plan.blocks == blocks and plan.products[0].scales.shape == (blocks, 16)
