"""The short form of the soak: nothing is left open, nothing piles up, and answers stay."""

from __future__ import annotations

import sys

import pytest

from gliner2_lite import GLiNER2
from tests.soak.__main__ import run, summary
from tests.soak.measure import slope


@pytest.mark.skipif(sys.platform != "linux", reason="/proc as Linux has it")
def test_a_short_soak() -> None:
    soak, samples = run(GLiNER2.from_pretrained("tiny", threads=1), seconds=4, every=1, threads=4, seed=1)
    found = summary(soak, samples)
    assert found["wrong"] == []
    assert found["calls"] >= 64 and len(found["kinds"]) >= 6
    assert found["open_files"][1] <= found["open_files"][0]
    assert found["threads"][1] <= found["threads"][0]


def test_slopes() -> None:
    assert slope([(0, 5), (10, 25), (20, 45)]) == pytest.approx(2)
    assert slope([(1, 1), (1, 9)]) == 0 == slope([])
