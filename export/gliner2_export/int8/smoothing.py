"""SmoothQuant vectors (Xiao et al. 2022, arXiv:2211.10438): divisors that move range from inputs to weights.

Loud inputs (those of large magnitude) are divided, and their weights multiplied by the same factor, so the
product stays the same. With one scale per row the loudest input of a row sets the step of all others; the
weights have a scale per column and suffer less.
"""

from __future__ import annotations

import numpy as np

#: Exponents tried: 0 leaves the inputs as they are, 1 makes all of them equally loud.
EXPONENTS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)

#: An input quieter than this share of the mean counts as so loud. One that is silent in the calibration texts
#: would otherwise be divided by nearly nothing, and drown all others in the first text where it speaks.
QUIETEST = 0.1


def loudness(rows: np.ndarray) -> np.ndarray:
    """How loud each input is in ``rows`` [n, K]: between its root mean square and its peak, float32 [K].

    The paper takes the peak, which lets single outliers decide; the mean square alone overlooks them.
    """
    peak = np.abs(rows).max(axis=0)
    return np.sqrt(peak * np.sqrt(np.mean(rows * rows, axis=0)))


def smoothing_vector(loud: np.ndarray, weight: np.ndarray, exponent: float) -> np.ndarray:
    """``loud`` [K] of the inputs, ``weight`` [K, N] → divisor of each input, float32 [K].

    s = loud^α / max|w|^(1−α), scaled to a geometric mean of 1.
    """
    inputs = _floored(loud)
    rows = _floored(np.abs(weight).max(axis=1))
    vector = inputs**exponent / rows ** (1 - exponent)
    vector /= np.exp(np.log(vector).mean())
    return vector.astype(np.float32)


def _floored(values: np.ndarray) -> np.ndarray:
    return np.maximum(values.astype(np.float64), max(QUIETEST * float(values.mean()), 1e-12))
