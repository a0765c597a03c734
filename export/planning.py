"""Calibration statistics → a plan per group: smoothing, zero point and rounding that cost least.

Candidates are compared by the error of the group's own outputs on sampled rows; the best one then gets its
weights rounded with compensation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from onnx import ModelProto, numpy_helper

from gliner2_export.calibration import SourceStats
from gliner2_export.products import Group, initializers
from gliner2_export.rounding import WeightGrid, column_scales, restore, round_compensated, round_nearest
from gliner2_export.rows import TINY, GroupPlan, ProductPlan, quantize_rows
from gliner2_export.smoothing import EXPONENTS, loudness, smoothing_vector

SYMMETRIC_ZERO = 128
#: Zero points tried for sources that are hardly negative (after GELU); 0 serves those that never are (ReLU).
SHIFTED_ZEROS = (8, 16, 24, 32, 48, 64)
#: A source counts as hardly negative when its lowest value is above this.
HARDLY_NEGATIVE = -0.5
#: Smoothing costs a pass over the source: it must lower the error by this share to be used.
SMOOTHING_GAIN = 0.1
#: Products with this many times more inputs than outputs (the second of a feed-forward) take them in as many
#: blocks: ranges and steps get finer where it costs least, since the extra passes are over the outputs.
BLOCKS = 4
#: What compensation leaves of the error of plain rounding, roughly; candidates are compared with the latter.
COMPENSATED_SHARE = 0.55


def plan_groups(
    model: ModelProto, groups: Iterable[Group], stats: dict[str, SourceStats], grid: WeightGrid
) -> list[GroupPlan]:
    """A plan for every group."""
    weights = initializers(model)
    plans = []
    for group in groups:
        matrices = [numpy_helper.to_array(weights[p.weight]).astype(np.float32) for p in group.products]
        plans.append(plan_group(group, matrices, stats[group.source], grid))
    return plans


def plan_group(
    group: Group, weights: Sequence[np.ndarray], stats: SourceStats, grid: WeightGrid
) -> GroupPlan:
    """The best candidate for one group whose products have ``weights`` [K, N]."""
    rows = stats.sampled
    joined = np.concatenate(weights, axis=1)  # [K, ΣN]
    expected = rows @ joined
    importance = _importance(expected, [weight.shape[1] for weight in weights])
    best = min(
        _candidates(group.source, rows, joined, stats.lowest),
        key=lambda plan: _cost(plan, rows, joined, expected, importance, grid),
    )
    smooth = np.ones(len(joined), dtype=np.float32) if best.smoothing is None else best.smoothing
    gram = stats.gram / np.outer(smooth, smooth)
    _, scale = quantize_rows(rows / smooth, best)
    # Rounding a row to steps of `scale` adds scale²/12 to every diagonal entry.
    noise = np.repeat(np.mean(scale**2, axis=0) / 12 * stats.rows, len(joined) // best.blocks)  # [K]
    products = []
    for product, weight in zip(group.products, weights, strict=True):
        smoothed = weight * smooth[:, None]
        scales = column_scales(smoothed, grid, blocks=best.blocks)
        integers = round_compensated(smoothed, scales, grid, gram, noise)
        products.append(ProductPlan(product.node, integers, scales, grid.signed))
    return replace(best, products=tuple(products))


def _importance(outputs: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    """Weight of every output column [ΣN]: products count alike, each relative to how its outputs vary."""
    varying = np.split(np.var(outputs, axis=0), np.cumsum(sizes)[:-1])
    return np.concatenate([np.full(len(part), 1.0 / max(float(part.sum()), 1e-20)) for part in varying])


def _candidates(source: str, rows: np.ndarray, weight: np.ndarray, lowest: float) -> Iterator[GroupPlan]:
    blocks = BLOCKS if weight.shape[0] >= BLOCKS * weight.shape[1] else 1
    plain = GroupPlan(source, None, 255, SYMMETRIC_ZERO, None, (), blocks)
    loud = loudness(rows)
    for smoothing in (None, *(smoothing_vector(loud, weight, exponent) for exponent in EXPONENTS)):
        plan = replace(plain, smoothing=smoothing)
        yield plan
        if lowest == 0.0:
            yield replace(plan, zero=0, floor=TINY)
        elif lowest >= HARDLY_NEGATIVE:
            least = lowest if smoothing is None else float((rows / smoothing).min())
            for zero in SHIFTED_ZEROS:
                yield replace(plan, zero=zero, floor=max(TINY, -least * (plan.top - zero) / zero))


def _cost(
    plan: GroupPlan,
    rows: np.ndarray,
    weight: np.ndarray,
    expected: np.ndarray,
    importance: np.ndarray,
    grid: WeightGrid,
) -> float:
    """Relative error of the outputs: that of the rounded inputs and the one that rounded weights will add."""
    smooth = np.ones(len(weight), dtype=np.float32) if plan.smoothing is None else plan.smoothing
    smoothed = weight * smooth[:, None]
    inputs = quantize_rows(rows / smooth, plan)[0] @ smoothed - expected
    scales = column_scales(smoothed, grid, blocks=plan.blocks)
    change = restore(round_nearest(smoothed, scales, grid), scales) - smoothed
    weights = COMPENSATED_SHARE * ((rows / smooth) @ change)
    error = float(np.sqrt(importance @ (np.square(inputs) + np.square(weights)).sum(axis=0)))
    return error if plan.smoothing is None else error / (1 - SMOOTHING_GAIN)
