"""Smoothing vectors: loud inputs become quieter, the product stays, and silent inputs do not drown others."""

from __future__ import annotations

import numpy as np
import pytest

from gliner2_export.int8.smoothing import EXPONENTS, QUIETEST, loudness, smoothing_vector

RNG = np.random.default_rng(6)
ROWS = RNG.standard_normal((200, 16)).astype(np.float32)
WEIGHT = RNG.standard_normal((16, 8)).astype(np.float32)
ROWS[:, 3] *= 50


def test_loudness_lies_between_the_mean_square_and_the_peak() -> None:
    loud = loudness(ROWS)
    assert (loud > np.sqrt((ROWS**2).mean(axis=0))).all() and (loud < np.abs(ROWS).max(axis=0)).all()
    assert loud.argmax() == 3
    assert loudness(np.full((5, 2), -3.0)).tolist() == [3.0, 3.0]


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_the_product_stays_and_the_loud_input_comes_down(exponent: float) -> None:
    vector = smoothing_vector(loudness(ROWS), WEIGHT, exponent)
    assert vector.shape == (16,) and vector.dtype == np.float32 and (vector > 0).all()
    assert np.exp(np.log(vector).mean()) == pytest.approx(1.0, rel=1e-5)
    np.testing.assert_allclose(
        (ROWS / vector) @ (WEIGHT * vector[:, None]), ROWS @ WEIGHT, rtol=1e-3, atol=1e-3
    )
    before, after = (loudness(rows) for rows in (ROWS, ROWS / vector))
    assert after.max() / np.median(after) < 0.7 * before.max() / np.median(before)


def test_a_higher_exponent_moves_more_into_the_weights() -> None:
    spread = [np.ptp(np.log(smoothing_vector(loudness(ROWS), WEIGHT, exponent))) for exponent in (0.4, 0.9)]
    assert spread[0] < spread[1]


def test_an_input_that_is_silent_in_the_texts_is_not_divided_by_nothing() -> None:
    rows = ROWS.copy()
    rows[:, 7] = 0.0
    loud = loudness(rows)
    vector = smoothing_vector(loud, np.ones_like(WEIGHT), 1.0)
    assert vector.min() >= QUIETEST * loud.mean() / loud.max() * vector.max() * 0.99
