"""Weights → integers on a per-column grid, so that products on calibration text change least.

Rounding follows GPTQ (Frantar et al. 2022, arXiv:2210.17323): rows are rounded one after the other and the
error of each is carried to the rows not yet rounded, in the metric of the inputs' gram matrix. Three things
differ: columns keep one scale (what int8 products of onnxruntime can use); the rounding of the inputs
themselves counts as noise on the diagonal; and pairs of rows can be kept within what 16 bits hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BLOCK = 128
#: Added to the gram's diagonal relative to its mean. Calibration texts are few: without it, weights of inputs
#: that are rare there take on the errors of all others, and a text that does use them comes out wrong.
DAMPING = 0.01
#: x86 without VNNI multiplies unsigned by signed bytes and adds two neighbouring products in 16 bits, which
#: hold 255 · 128 but not 255 · 129: two neighbours of equal sign may not exceed this together.
PAIR_LIMIT = 128


@dataclass(frozen=True)
class WeightGrid:
    """Integers −levels … levels. ``pairs``: neighbouring rows (0 and 1, 2 and 3, …) obey ``PAIR_LIMIT``.

    ``signed`` says how the file stores them; unsigned ones never saturate but their product is slower.
    """

    levels: int
    signed: bool = True
    pairs: bool = False


@dataclass(frozen=True)
class Rounded:
    """A weight on its grid: ``integers`` int8 [K, N], and the rows that stayed float32, ``exact`` [n, N]."""

    integers: np.ndarray
    exact: np.ndarray


def column_scales(weight: np.ndarray, grid: WeightGrid, *, blocks: int = 1) -> np.ndarray:
    """float32 [blocks, N]: steps so that each column of ``weight`` [K, N] just fits the grid, pairs included.

    The K rows are ``blocks`` equal parts with steps of their own.
    """
    parts = weight.reshape(blocks, len(weight) // blocks, weight.shape[1])  # [blocks, K / blocks, N]
    steps = np.abs(parts).max(axis=1) / grid.levels
    if grid.pairs:
        even = parts.shape[1] // 2 * 2
        first, second = parts[:, 0:even:2], parts[:, 1:even:2]
        together = np.where(first * second > 0, np.abs(first + second), 0.0).max(axis=1, initial=0.0)
        steps = np.maximum(steps, together / PAIR_LIMIT)
    return np.maximum(steps, 1e-12).astype(np.float32)


def restore(integers: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """float32 [K, N]: what ``integers`` [K, N] with ``scales`` [blocks, N] stand for."""
    return integers * np.repeat(scales, len(integers) // len(scales), axis=0)


def round_nearest(weight: np.ndarray, scales: np.ndarray, grid: WeightGrid) -> np.ndarray:
    """Plain rounding of ``weight`` [K, N] with ``scales`` [blocks, N] to int8."""
    steps = np.repeat(scales, len(weight) // len(scales), axis=0)
    rounded = np.clip(np.rint(weight / steps), -grid.levels, grid.levels).astype(np.int8)
    if grid.pairs:
        low, high = _bounds(rounded[0 : len(rounded) // 2 * 2 : 2], grid.levels)
        rounded[1::2] = np.clip(rounded[1::2], low, high)
    return rounded


def round_compensated(
    weight: np.ndarray,
    scales: np.ndarray,
    grid: WeightGrid,
    gram: np.ndarray,
    noise: np.ndarray,
    *,
    exact: Sequence[int] = (),
) -> Rounded:
    """GPTQ rounding of ``weight`` [K, N] with ``scales`` [blocks, N].

    ``gram`` [K, K] is XᵀX of the inputs and ``noise`` [K] what their own rounding adds to its diagonal. Rows
    ``exact`` are not rounded: they are 0 among the integers, and take on what is left of the error.
    """
    size = len(weight)
    block_rows = size // len(scales)
    metric = gram.astype(np.float64)
    metric[np.diag_indices(size)] += noise + DAMPING * max(float(np.trace(gram)) / size, 1e-12)
    loudness = np.diag(metric).copy()
    loudness[list(exact)] = -1.0
    order = np.argsort(-loudness, kind="stable")  # loud inputs first: later rows absorb their error
    count = size - len(exact)  # the exact ones come last
    # Upper Cholesky factor U of the inverse, inverse = UᵀU: row k of U says how error of k moves on.
    factor = np.linalg.cholesky(np.linalg.inv(metric[np.ix_(order, order)])).T.astype(np.float32)
    work = weight[order].astype(np.float32)
    rounded = np.zeros(work.shape, dtype=np.int8)
    for begin in range(0, count, BLOCK):
        end = min(begin + BLOCK, count)
        errors = np.empty((end - begin, work.shape[1]), dtype=np.float32)
        for row in range(begin, end):
            low, high = -grid.levels, grid.levels
            partner = order[row] ^ 1
            if grid.pairs and partner < size:  # a partner that comes later is still 0 and binds nothing
                low, high = _bounds(rounded[partner], grid.levels)
            steps = scales[order[row] // block_rows]
            integers = np.clip(np.rint(work[row] / steps), low, high)
            rounded[order[row]] = integers
            error = (work[row] - integers * steps) / factor[row, row]
            work[row + 1 : end] -= np.outer(factor[row, row + 1 : end], error)
            errors[row - begin] = error
        work[end:] -= factor[begin:end, end:].T @ errors
    left = dict(zip(order[count:].tolist(), work[count:], strict=True))
    kept = np.array([left[row] for row in exact], dtype=np.float32).reshape(len(exact), work.shape[1])
    return Rounded(rounded, kept)


def _bounds(partner: np.ndarray, levels: int) -> tuple[np.ndarray, np.ndarray]:
    """What a row may hold beside ``partner`` [N], so that both of one sign stay within the pair limit."""
    held = partner.astype(np.int16)
    return np.maximum(-levels, -PAIR_LIMIT - np.minimum(held, 0)), np.minimum(
        levels, PAIR_LIMIT - np.maximum(held, 0)
    )
