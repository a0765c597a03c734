"""SmoothQuant vectors (Xiao et al. 2022, arXiv:2211.10438): loud inputs are divided, their weights multiplied.

The product stays the same; what changes is who carries the range. With one scale per row the loudest input of
a row sets the step of all others, so moving loudness into the weights, which have a scale per column, pays.
"""

from __future__ import annotations

import numpy as np

#: Exponents tried: 0 leaves the inputs as they are, 1 makes all of them equally loud.
EXPONENTS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


def smoothing_vector(loudness: np.ndarray, weight: np.ndarray, exponent: float) -> np.ndarray:
    """``loudness`` [K] of the inputs, ``weight`` [K, N] → divisor of each input, float32 [K].

    s = loudness^α / max|w|^(1−α), scaled to a geometric mean of 1. The mean square serves as loudness
    where the paper takes the largest value: single outliers then do not decide.
    """
    floor = 1e-5 * max(float(loudness.max()), 1e-12)
    inputs = np.maximum(loudness, floor).astype(np.float64)
    rows = np.abs(weight).max(axis=1).astype(np.float64)
    rows = np.maximum(rows, 1e-5 * max(float(rows.max()), 1e-12))
    vector = inputs**exponent / rows ** (1 - exponent)
    vector /= np.exp(np.log(vector).mean())
    return vector.astype(np.float32)
