"""Elementwise functions in float32, as the reference computes them, and the array types of every stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
Arrays = Mapping[str, npt.NDArray[Any]]
"""Arrays by their name in the graph."""

LAYER_NORM_EPS = 1e-5


def sigmoid(x: FloatArray) -> FloatArray:
    """Logistic function in float32, without overflow warnings."""
    with np.errstate(over="ignore"):
        return np.asarray(1.0 / (1.0 + np.exp(-x)), dtype=np.float32)


def softmax(x: FloatArray) -> FloatArray:
    """Softmax over the last axis."""
    shifted = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True), dtype=np.float32)


def relu(x: FloatArray) -> FloatArray:
    """max(x, 0), in place: every caller hands over a fresh array."""
    return np.maximum(x, 0.0, out=x)


def gelu(x: FloatArray) -> FloatArray:
    """The exact GELU, x·Φ(x)."""
    return np.asarray(x * 0.5 * (1.0 + _erf(x / np.float32(np.sqrt(2.0)))), dtype=np.float32)


def layer_norm(x: FloatArray, weight: FloatArray, bias: FloatArray) -> FloatArray:
    """Layer normalisation over the last axis, with torch's default epsilon."""
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = np.mean(centred * centred, axis=-1, keepdims=True)
    return np.asarray(centred / np.sqrt(variance + LAYER_NORM_EPS) * weight + bias, dtype=np.float32)


def _erf(x: FloatArray) -> npt.NDArray[np.float64]:
    # NumPy has no erf. Abramowitz & Stegun 7.1.26 is good to 1.5e-7 absolute, float32's own step near 1.
    wide = np.abs(x.astype(np.float64))
    t = 1.0 / (1.0 + 0.3275911 * wide)
    poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    return np.asarray(np.sign(x) * (1.0 - poly * np.exp(-wide * wide)))
