"""Weights → integers on a per-column grid, so that products on calibration text change least.

Rounding follows GPTQ (Frantar et al. 2022, arXiv:2210.17323): rows are rounded one after the other and the
error of each is carried to the rows not yet rounded, in the metric of the inputs' gram matrix. Two things
differ: columns keep one scale (what int8 products of onnxruntime can use), and the damping is the
noise that quantizing the inputs adds to the diagonal, which is known, instead of a guess.
"""

from __future__ import annotations

import numpy as np

#: Shares of a column's largest weight that are tried as the end of its grid.
CLIPS = (1.0, 0.96, 0.92, 0.88, 0.84, 0.8, 0.75, 0.7)
BLOCK = 128
#: Added to the gram's diagonal relative to its mean, for inputs that never occur in the calibration text.
MIN_DAMPING = 1e-2


def column_scales(weight: np.ndarray, importance: np.ndarray, levels: int) -> np.ndarray:
    """Scale per column of ``weight`` [K, N] whose rounding error, weighted by ``importance`` [K], is smallest.

    ``levels`` is the largest integer of the grid. Returns float32 [N].
    """
    peak = np.maximum(np.abs(weight).max(axis=0), 1e-12)
    best = np.full(weight.shape[1], np.inf)
    scales = peak / levels
    for clip in CLIPS:
        scale = peak * clip / levels
        error = weight - np.clip(np.rint(weight / scale), -levels, levels) * scale
        cost = importance @ (error * error)
        better = cost < best
        best[better] = cost[better]
        scales[better] = scale[better]
    return scales.astype(np.float32)


def round_nearest(weight: np.ndarray, scales: np.ndarray, levels: int) -> np.ndarray:
    """Plain rounding of ``weight`` [K, N] to int8."""
    return np.clip(np.rint(weight / scales), -levels, levels).astype(np.int8)


def round_compensated(
    weight: np.ndarray, scales: np.ndarray, levels: int, gram: np.ndarray, noise: np.ndarray
) -> np.ndarray:
    """GPTQ rounding of ``weight`` [K, N] to int8.

    ``gram`` [K, K] is XᵀX of the inputs and ``noise`` [K] what their own rounding adds to its diagonal.
    """
    size = len(weight)
    metric = gram.astype(np.float64).copy()
    metric[np.diag_indices(size)] += noise + MIN_DAMPING * max(float(np.trace(gram)) / size, 1e-12)
    order = np.argsort(-np.diag(metric), kind="stable")  # loud inputs first: later rows absorb their error
    metric = metric[np.ix_(order, order)]
    # Upper Cholesky factor U of the inverse, inverse = UᵀU: row k of U says how error of k moves on.
    factor = np.linalg.cholesky(np.linalg.inv(metric)).T.astype(np.float32)
    work = weight[order].astype(np.float32)
    rounded = np.empty(work.shape, dtype=np.int8)
    for begin in range(0, size, BLOCK):
        end = min(begin + BLOCK, size)
        errors = np.empty((end - begin, work.shape[1]), dtype=np.float32)
        for row in range(begin, end):
            integers = np.clip(np.rint(work[row] / scales), -levels, levels)
            rounded[row] = integers
            error = (work[row] - integers * scales) / factor[row, row]
            work[row + 1 : end] -= np.outer(factor[row, row + 1 : end], error)
            errors[row - begin] = error
        work[end:] -= factor[begin:end, end:].T @ errors
    result = np.empty_like(rounded)
    result[order] = rounded
    return result
