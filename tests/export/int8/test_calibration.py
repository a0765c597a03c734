"""What is collected of the sources of products: XᵀX, the range and a sample, text by text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from gliner2_export.int8 import calibration
from gliner2_export.int8.calibration import SourceStats, collect
from tests.export.small_graphs import model, node

RNG = np.random.default_rng(7)
BATCHES = [{"x": RNG.standard_normal((1, tokens, 4)).astype(np.float32)} for tokens in (3, 9, 5)]
ROWS = np.concatenate([batch["x"][0] for batch in BATCHES])


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    made = model(
        [node("Relu", "x", "positive"), node("MatMul", "positive weight", "y")],
        inputs={"x": [1, "tokens", 4]},
        outputs={"y": [1, "tokens", 2]},
        constants={"weight": RNG.standard_normal((4, 2)).astype(np.float32)},
    )
    onnx.save_model(made, tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


def test_statistics_are_those_of_all_rows(graph: Path) -> None:
    before = graph.read_bytes()
    stats = collect(
        graph, onnx.load(graph), ["x", "positive", "x"], [b | {"unread": b["x"]} for b in BATCHES]
    )
    positive = np.maximum(ROWS, 0)
    assert list(stats) == ["x", "positive"]
    for name, rows in (("x", ROWS), ("positive", positive)):
        assert stats[name].rows == 17 and stats[name].lowest == rows.min()
        np.testing.assert_allclose(stats[name].gram, rows.T @ rows, rtol=1e-5)
        assert sorted(map(tuple, stats[name].sampled)) == sorted(map(tuple, rows)), "fewer rows than wanted"
    assert graph.read_bytes() == before and list(graph.parent.iterdir()) == [graph], "nothing is left behind"


def test_samples_are_as_large_as_asked_for_and_the_same_every_time(graph: Path) -> None:
    first, again = (
        collect(graph, onnx.load(graph), ["x"], BATCHES, sample_rows=6)["x"].sampled for _ in range(2)
    )
    assert first.shape == (6, 4), "two of each text"
    assert np.array_equal(first, again)
    known = {tuple(row) for row in ROWS}
    assert all(tuple(row) in known for row in first)


def test_rows_are_multiplied_in_large_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "FLUSH_ROWS", 8)
    stats = SourceStats()
    stats.add(ROWS[:5], np.arange(2))
    assert stats.gram is None and len(stats.waiting) == 1
    stats.add(ROWS[5:9], np.arange(1))
    np.testing.assert_allclose(stats.gram, ROWS[:9].T @ ROWS[:9], rtol=1e-5)
    assert not stats.waiting and stats.sampled.shape == (3, 4)
    assert SourceStats().lowest == 0.0, "a source that is never negative begins at 0"
