"""Weights on their grid: scales that just fit, the limit of neighbouring rows, errors that are carried on."""

from __future__ import annotations

import numpy as np
import pytest

from gliner2_export.int8.rounding import (
    PAIR_LIMIT,
    WeightGrid,
    column_scales,
    restore,
    round_compensated,
    round_nearest,
)

RNG = np.random.default_rng(4)
WEIGHT = RNG.standard_normal((48, 20)).astype(np.float32)
FREE, PAIRED = WeightGrid(levels=127), WeightGrid(levels=127, pairs=True)


def pairs_hold(integers: np.ndarray) -> bool:
    first, second = integers[0::2].astype(int), integers[1::2].astype(int)
    return bool((np.abs(first + second)[first * second > 0] <= PAIR_LIMIT).all())


def test_the_largest_weight_of_each_column_and_block_fills_the_grid() -> None:
    scales = column_scales(WEIGHT, FREE, blocks=3)
    assert scales.shape == (3, 20) and scales.dtype == np.float32
    largest = np.abs(round_nearest(WEIGHT, scales, FREE)).reshape(3, 16, 20).max(axis=1)
    assert (largest == 127).all()
    zeros = column_scales(np.zeros((4, 2), dtype=np.float32), FREE)
    assert (zeros > 0).all() and not round_nearest(np.zeros((4, 2)), zeros, FREE).any()


def test_plain_rounding_is_within_half_a_step() -> None:
    scales = column_scales(WEIGHT, FREE, blocks=2)
    restored = restore(round_nearest(WEIGHT, scales, FREE), scales)
    assert (np.abs(restored - WEIGHT) <= 0.501 * np.repeat(scales, 24, axis=0)).all()


@pytest.mark.parametrize("rows", [48, 47])
def test_neighbouring_rows_stay_within_what_16_bits_hold(rows: int) -> None:
    weight = np.abs(WEIGHT[:rows]) + 0.5  # of equal sign: as it comes, most pairs would be too large
    scales = column_scales(weight, PAIRED)
    assert not pairs_hold(round_nearest(weight, column_scales(weight, FREE), FREE)[: rows // 2 * 2])
    gram = np.eye(rows) * 100
    for integers in (
        round_nearest(weight, scales, PAIRED),
        round_compensated(weight, scales, PAIRED, gram, np.zeros(rows)).integers,
    ):
        assert pairs_hold(integers[: rows // 2 * 2])
        assert np.abs(restore(integers, scales) - weight).max() <= 2.01 * scales.max()


@pytest.mark.parametrize("grid", [FREE, PAIRED], ids=["free", "pairs"])
def test_compensated_rounding_changes_products_less(grid: WeightGrid) -> None:
    mixing = RNG.standard_normal((48, 48))
    rows = (RNG.standard_normal((500, 8)) @ mixing[:8] + 0.1 * RNG.standard_normal((500, 48))).astype(
        np.float32
    )
    coarse = WeightGrid(levels=7, pairs=False) if not grid.pairs else grid
    scales = column_scales(WEIGHT, coarse)
    nearest = restore(round_nearest(WEIGHT, scales, coarse), scales)
    carried = round_compensated(WEIGHT, scales, coarse, rows.T @ rows, np.zeros(48))
    plain, better = (
        np.linalg.norm(rows @ (restored - WEIGHT))
        for restored in (nearest, restore(carried.integers, scales))
    )
    assert better < 0.7 * plain
    assert carried.exact.shape == (0, 20)


def test_exact_rows_take_on_what_is_left_of_the_error() -> None:
    rows = RNG.standard_normal((300, 48)).astype(np.float32)
    rows[:, 5] = rows[:, :5].sum(axis=1)  # what the others lose can be made up for here
    scales = column_scales(WEIGHT, WeightGrid(levels=7))
    rounded = round_compensated(
        WEIGHT, scales, WeightGrid(levels=7), rows.T @ rows, np.zeros(48), exact=[5, 9]
    )
    assert rounded.exact.shape == (2, 20) and not rounded.integers[[5, 9]].any()
    restored = restore(rounded.integers, scales)
    without = restored.copy()
    without[[5, 9]] = WEIGHT[[5, 9]]
    restored[[5, 9]] = rounded.exact
    assert np.linalg.norm(rows @ (restored - WEIGHT)) < np.linalg.norm(rows @ (without - WEIGHT))
