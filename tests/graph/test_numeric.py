"""Elementwise functions against their definitions, also where float32 would overflow."""

from __future__ import annotations

import math
import warnings

import numpy as np

from gliner2_lite.graph.numeric import gelu, layer_norm, relu, sigmoid, softmax


def test_gelu_is_the_exact_one() -> None:
    x = np.linspace(-6, 6, 1001, dtype=np.float32)
    expected = [0.5 * value * (1 + math.erf(value / math.sqrt(2))) for value in x.tolist()]
    np.testing.assert_allclose(gelu(x), expected, atol=1e-6)


def test_softmax_of_large_values_is_finite() -> None:
    np.testing.assert_allclose(softmax(np.array([[1e4, 0.0]], dtype=np.float32)), [[1.0, 0.0]])


def test_sigmoid_of_large_values_is_silent() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = sigmoid(np.array([-1e4, 0.0, 1e4], dtype=np.float32))
    assert found.tolist() == [0.0, 0.5, 1.0] and found.dtype == np.float32


def test_relu_works_in_place() -> None:
    x = np.array([-1.0, 2.0], dtype=np.float32)
    assert relu(x) is x and x.tolist() == [0.0, 2.0]


def test_layer_norm_has_no_mean_and_unit_variance() -> None:
    x = np.random.default_rng(1).normal(3, 5, (4, 64)).astype(np.float32)
    found = layer_norm(x, np.full(64, 2, dtype=np.float32), np.ones(64, dtype=np.float32))
    np.testing.assert_allclose(found.mean(axis=-1), 1, atol=1e-5)
    np.testing.assert_allclose(found.std(axis=-1), 2, atol=1e-3)
