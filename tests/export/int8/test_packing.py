"""Embedding rows of five and four bits: what is stored, what the graph gives back, and what that costs."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from gliner2_export.int8 import tables as embedding
from gliner2_export.int8.packing import BLOCK, FREQUENT_SHARE, RAREST_SHARE, can_pack, pack
from gliner2_export.int8.tables import quantize_tables
from tests.export.int8.test_tables import lookup, table
from tests.export.small_graphs import relative_error


def test_five_bits_keep_the_weights_within_a_few_percent() -> None:
    exact = table(50)
    packed = pack(exact)
    assert packed.nibbles.nbytes + packed.fifths.nbytes == exact.size * 5 // 8
    assert relative_error(packed.unpack(), exact) < 0.06
    largest = np.abs(exact).reshape(50, -1, BLOCK).max(axis=2)
    assert (np.abs(packed.unpack() - exact).reshape(50, -1, BLOCK).max(axis=2) <= 0.35 * largest).all()


def test_four_bits_keep_the_rarest_rows_within_twice_that() -> None:
    exact = table(50)
    packed = pack(exact, rarest=30)
    assert packed.nibbles.nbytes + packed.fifths.nbytes == (50 * 4 + 20) * exact.shape[1] // 8
    assert relative_error(packed.unpack()[:20], exact[:20]) < 0.06
    assert 0.06 < relative_error(packed.unpack()[20:], exact[20:]) < 0.12


@pytest.mark.parametrize(("levels", "rarest"), [(15, 0), (7, 4)])
def test_values_on_the_grid_are_exact(levels: int, rarest: int) -> None:
    codes = np.random.default_rng(0).integers(-levels, levels + 1, (4, BLOCK))
    codes[:, 0] = levels
    exact = (codes * np.float32(0.25)).astype(np.float32)
    np.testing.assert_array_equal(pack(exact, rarest=rarest).unpack(), exact)


def test_rows_of_zeros_stay_zero() -> None:
    np.testing.assert_array_equal(pack(np.zeros((2, BLOCK), dtype=np.float32)).unpack(), 0)


def test_the_graph_gathers_all_and_picks_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "MIN_PACKED_ROWS", 64)
    exact = table(64)
    model = lookup(exact)
    assert quantize_tables(model) == ["table"]
    onnx.checker.check_model(model)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    ids = np.array([[0, 1, 7, 3], [8, 31, 20, 9], [32, 63, 40, 33]])
    (rows,) = session.run(None, {"ids": ids})
    count = 64 // FREQUENT_SHARE
    stored = pack(exact[count:], rarest=64 // RAREST_SHARE).unpack()
    np.testing.assert_allclose(rows[0], exact[ids[0]], atol=0.02)
    np.testing.assert_allclose(rows[1:], stored[ids[1:] - count], rtol=1e-6)
    assert relative_error(rows[1], exact[ids[1]]) < 0.06 < relative_error(rows[2], exact[ids[2]])
    stored = sum(len(tensor.raw_data) for tensor in model.graph.initializer)
    assert stored < 0.75 * exact.size


def test_only_whole_blocks_of_columns_are_packed() -> None:
    assert can_pack(table(8, 2 * BLOCK))
    assert not can_pack(table(8, BLOCK + 8)) and not can_pack(table(8).reshape(8, 2, -1))
