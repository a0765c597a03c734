"""Calibration statistics → a plan per group: smoothing, zero point and rounding that cost least.

Candidates are compared by the error of the group's own outputs on sampled rows, rounded to nearest; the
best one then gets its weights rounded with compensation.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from onnx import ModelProto, numpy_helper

from gliner2_export.calibration import SourceStats
from gliner2_export.products import Group, initializers
from gliner2_export.rounding import round_compensated, round_nearest
from gliner2_export.rows import GroupPlan, ProductPlan, quantize_rows
from gliner2_export.smoothing import EXPONENTS, smoothing_vector

log = logging.getLogger("gliner2_export")

SYMMETRIC_ZERO = 128
#: Zero points tried for sources that are hardly negative (after GELU); 0 serves those that never are (ReLU).
SHIFTED_ZEROS = (8, 12, 16, 24, 32, 48)
#: A source counts as hardly negative when its lowest value is above this.
HARDLY_NEGATIVE = -0.5
#: Smoothing costs a pass over the source: it must lower the error by this share to be used.
SMOOTHING_GAIN = 0.1


@dataclass(frozen=True)
class WeightGrid:
    """Integers of the weights: at most ``levels``; stored ``signed`` or not."""

    levels: int
    signed: bool


def plan_groups(
    model: ModelProto,
    groups: Iterable[Group],
    stats: dict[str, SourceStats],
    grid: WeightGrid,
    *,
    compensate: bool = True,
) -> list[GroupPlan]:
    """A plan for every group."""
    weights = initializers(model)
    plans = []
    for group in groups:
        matrices = [numpy_helper.to_array(weights[p.weight]).astype(np.float32) for p in group.products]
        plans.append(plan_group(group, matrices, stats[group.source], grid, compensate=compensate))
    return plans


def plan_group(
    group: Group, weights: Sequence[np.ndarray], stats: SourceStats, grid: WeightGrid, *, compensate: bool
) -> GroupPlan:
    """The best candidate for one group whose products have ``weights`` [K, N]."""
    joined = np.concatenate(weights, axis=1)  # [K, ΣN]
    rows = stats.sampled
    expected = rows @ joined
    best = min(
        _candidates(group.source, joined, stats),
        key=lambda plan: _cost(plan, rows, joined, expected, grid),
    )
    smooth = np.ones(len(joined), dtype=np.float32) if best.smoothing is None else best.smoothing
    gram = stats.gram / np.outer(smooth, smooth)
    _, scale = quantize_rows(rows / smooth, best)
    # Rounding a row to steps of `scale` adds scale²/12 to every diagonal entry.
    noise = np.full(len(joined), float(np.mean(scale**2)) / 12 * stats.rows)
    products = []
    for product, weight in zip(group.products, weights, strict=True):
        smoothed = weight * smooth[:, None]
        scales = column_scales(smoothed, grid.levels)
        if compensate:
            integers = round_compensated(smoothed, scales, grid.levels, gram, noise)
        else:
            integers = round_nearest(smoothed, scales, grid.levels)
        products.append(ProductPlan(product.node, integers, scales, grid.signed))
    return replace(best, products=tuple(products))


def column_scales(weight: np.ndarray, levels: int) -> np.ndarray:
    """float32 [N]: the largest weight of each column becomes ``levels``."""
    return (np.maximum(np.abs(weight).max(axis=0), 1e-12) / levels).astype(np.float32)


def _candidates(source: str, weight: np.ndarray, stats: SourceStats) -> list[GroupPlan]:
    plain = GroupPlan(source, None, 255, SYMMETRIC_ZERO, None, ())
    found = [plain]
    if stats.lowest == 0.0:
        found.append(replace(plain, zero=0, floor=1e-12))
    elif stats.lowest >= HARDLY_NEGATIVE:
        found += [
            replace(plain, zero=zero, floor=-stats.lowest * (255 - zero) / zero) for zero in SHIFTED_ZEROS
        ]
    loudness = np.sqrt(np.diag(stats.gram) / stats.rows)  # [K], root mean square
    found += [replace(plain, smoothing=smoothing_vector(loudness, weight, a)) for a in EXPONENTS]
    return found


def _cost(
    plan: GroupPlan, rows: np.ndarray, weight: np.ndarray, expected: np.ndarray, grid: WeightGrid
) -> float:
    smooth = np.float32(1) if plan.smoothing is None else plan.smoothing
    integers, scale = quantize_rows(rows / smooth, plan)
    smoothed = weight if plan.smoothing is None else weight * plan.smoothing[:, None]
    scales = column_scales(smoothed, grid.levels)
    rounded = round_nearest(smoothed, scales, grid.levels).astype(np.float32) * scales
    error = float(np.linalg.norm((integers * scale).astype(np.float32) @ rounded - expected))
    return error if plan.smoothing is None else error / (1 - SMOOTHING_GAIN)
