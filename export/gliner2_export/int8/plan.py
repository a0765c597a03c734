"""Calibration statistics → a plan per group: smoothing, zero point and rounding that cost least.

Candidates are compared by the error of the group's own outputs on sampled rows; the best one then gets its
weights rounded with compensation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from onnx import ModelProto

from gliner2_export.int8.calibration import SourceStats
from gliner2_export.int8.matmuls import Group
from gliner2_export.int8.rounding import WeightGrid, column_scales, restore, round_compensated, round_nearest
from gliner2_export.int8.row_scales import TINY, GroupPlan, ProductPlan, quantize_rows
from gliner2_export.int8.smoothing import EXPONENTS, loudness, smoothing_vector
from gliner2_export.onnx_graph.edit import GraphEditor

SYMMETRIC_ZERO = 128
#: Zero points tried for sources that are hardly negative (after GELU); 0 serves those that never are (ReLU).
SHIFTED_ZEROS = (8, 16, 24, 32, 48, 64)
#: A source counts as hardly negative when its lowest value is above this.
HARDLY_NEGATIVE = -0.5
#: Smoothing costs a pass over the source: it must lower the error by this share to be used.
SMOOTHING_GAIN = 0.1
#: So many inputs, the loudest of a group, may be multiplied in fp32 instead. It costs a pass over the
#: outputs, and must lower the error by this share to be done.
LOUD_INPUTS = 32
LOUD_GAIN = 0.12
#: They must be at most this share of all inputs.
LOUD_SHARE = 1 / 8
#: Products with this many times more inputs than outputs (the second of a feed-forward) take them in as many
#: blocks: ranges and steps get finer where it costs least, since the extra passes are over the outputs.
BLOCKS = 4
#: Products that see fewer rows per text than this (labels, tasks) are bound by reading their weights and by
#: the number of operators: no blocks.
FEW_ROWS = 12
#: What compensation leaves of the error of plain rounding, roughly; candidates are compared with the latter.
COMPENSATED_SHARE = 0.55


def plan_groups(
    model: ModelProto, groups: Iterable[Group], stats: dict[str, SourceStats], grid: WeightGrid, *, texts: int
) -> list[GroupPlan]:
    """A plan for every group; ``stats`` come from ``texts`` texts."""
    graph = GraphEditor(model)
    ranks, plans = graph.ranks(), []
    for group in groups:
        matrices = [graph.value(product.weight).astype(np.float32) for product in group.products]
        source = stats[group.source]
        outputs = max(product.columns for product in group.products)
        wide = ranks.get(group.source) == 3 and group.rows >= BLOCKS * outputs
        busy = source.rows >= FEW_ROWS * texts
        plans.append(plan_group(group, matrices, source, grid, blocks=BLOCKS if wide and busy else 1))
    return plans


def plan_group(
    group: Group,
    weights: Sequence[np.ndarray],
    stats: SourceStats,
    grid: WeightGrid,
    *,
    blocks: int = 1,
) -> GroupPlan:
    """The best candidate for one group whose products have ``weights`` [K, N]."""
    rows = stats.sampled
    joined = np.concatenate(weights, axis=1)  # [K, ΣN]
    importance = _importance(rows @ joined, [weight.shape[1] for weight in weights])
    plain = GroupPlan(group.source, None, 255, SYMMETRIC_ZERO, None, (), blocks)
    cost, best = _cheapest(plain, rows, joined, importance, stats.lowest, grid)
    if len(joined) * LOUD_SHARE >= LOUD_INPUTS:
        apart = replace(plain, loud=_loudest(rows, joined))
        lower, candidate = _cheapest(apart, rows, joined, importance, stats.lowest, grid)
        if lower < (1 - LOUD_GAIN) * cost:
            best = candidate
    loud = list(best.loud)
    divisor = _divisor(best, len(joined))
    _, scale = quantize_rows(_without_columns(rows, loud) / divisor, best)
    # Rounding a row to steps of `scale` adds scale²/12 to every diagonal entry.
    noise = np.repeat(np.mean(scale**2, axis=0) / 12 * stats.rows, len(joined) // blocks)  # [K]
    noise[loud] = 0.0
    gram = stats.gram / np.outer(divisor, divisor)
    products = []
    for product, weight in zip(group.products, weights, strict=True):
        smoothed = weight * divisor[:, None]
        scales = column_scales(_without_rows(smoothed, loud), grid, blocks=blocks)
        rounded = round_compensated(smoothed, scales, grid, gram, noise, exact=loud)
        exact = rounded.exact / divisor[loud, None] if loud else None
        products.append(ProductPlan(product.node, rounded.integers, scales, grid.signed, exact))
    return replace(best, products=tuple(products))


def _loudest(rows: np.ndarray, weight: np.ndarray) -> tuple[int, ...]:
    """The inputs that make the largest terms in the product of ``rows`` [n, K] and ``weight`` [K, N]."""
    order = np.argsort(-loudness(rows) * np.abs(weight).max(axis=1), kind="stable")
    return tuple(sorted(order[:LOUD_INPUTS].tolist()))


def _without_columns(rows: np.ndarray, loud: Sequence[int]) -> np.ndarray:
    """``rows`` [n, K] with the columns ``loud`` at 0."""
    if not loud:
        return rows
    rows = rows.copy()
    rows[:, loud] = 0.0
    return rows


def _without_rows(weight: np.ndarray, loud: Sequence[int]) -> np.ndarray:
    """``weight`` [K, N] with the rows ``loud`` at 0."""
    return _without_columns(weight.T, loud).T


def _cheapest(
    plain: GroupPlan,
    rows: np.ndarray,
    weight: np.ndarray,
    importance: np.ndarray,
    lowest: float,
    grid: WeightGrid,
) -> tuple[float, GroupPlan]:
    """The candidate that costs least, with its cost; the loud inputs of ``plain`` cost nothing."""
    rows, weight = _without_columns(rows, plain.loud), _without_rows(weight, plain.loud)
    expected = rows @ weight
    # Leaving inputs out takes the pass over the source that smoothing takes.
    without = np.ones(len(weight), dtype=np.float32) if plain.loud else None
    candidates = _candidates(plain, rows, [without, *_vectors(rows, weight)], lowest)
    priced = [(_cost(plan, rows, weight, expected, importance, grid), plan) for plan in candidates]
    return min(priced, key=lambda pair: pair[0])


def _divisor(plan: GroupPlan, size: int) -> np.ndarray:
    return np.ones(size, dtype=np.float32) if plan.smoothing is None else plan.smoothing


def _importance(outputs: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    """Weight of every output column [ΣN]: products count alike, each relative to how its outputs vary."""
    varying = np.split(np.var(outputs, axis=0), np.cumsum(sizes)[:-1])
    return np.concatenate([np.full(len(part), 1.0 / max(float(part.sum()), 1e-20)) for part in varying])


def _vectors(rows: np.ndarray, weight: np.ndarray) -> list[np.ndarray]:
    loud = loudness(rows)
    return [smoothing_vector(loud, weight, exponent) for exponent in EXPONENTS]


def _candidates(
    plain: GroupPlan, rows: np.ndarray, vectors: Sequence[np.ndarray | None], lowest: float
) -> Iterator[GroupPlan]:
    for smoothing in vectors:
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
    smooth = _divisor(plan, len(weight))
    smoothed = weight * smooth[:, None]
    inputs = quantize_rows(rows / smooth, plan)[0] @ smoothed - expected
    scales = column_scales(smoothed, grid, blocks=plan.blocks)
    change = restore(round_nearest(smoothed, scales, grid), scales) - smoothed
    weights = COMPENSATED_SHARE * ((rows / smooth) @ change)
    error = float(np.sqrt(importance @ (np.square(inputs) + np.square(weights)).sum(axis=0)))
    return error if plan.smoothing is None else error / (1 - SMOOTHING_GAIN)
