"""Embedding rows of five and four bits: what is stored, what the graph gives back, and what that costs."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from gliner2_export.int8 import tables as embedding
from gliner2_export.int8.packing import BLOCK, FREQUENT_SHARE, RAREST_SHARE, can_pack, pack
from gliner2_export.int8.tables import PART, quantize_tables


def table(rows: int, columns: int = 2 * BLOCK) -> np.ndarray:
    return np.random.default_rng(rows).standard_normal((rows, columns)).astype(np.float32)


def relative_error(found: np.ndarray, exact: np.ndarray) -> float:
    return float(np.sqrt(((found - exact) ** 2).mean() / (exact**2).mean()))


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


def lookup(exact: np.ndarray) -> onnx.ModelProto:
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "ids"], ["rows"], "read")],
        "lookup",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["a", "b"])],
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["a", "b", exact.shape[1]])],
        [numpy_helper.from_array(exact, "table")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)


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


def stored_as(exact: np.ndarray) -> tuple[dict[str, list[int]], np.ndarray]:
    """Names and shapes of the constants that stand for ``exact``, and its rows as the graph reads them."""
    model = lookup(exact)
    assert quantize_tables(model) == ["table"]
    onnx.checker.check_model(model)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (rows,) = session.run(None, {"ids": np.arange(len(exact)).reshape(2, -1)})
    shapes = {tensor.name: list(tensor.dims) for tensor in model.graph.initializer}
    return shapes, rows.reshape(exact.shape)


def test_rows_are_cut_into_parts_of_their_own_scale() -> None:
    exact = table(64, 3 * PART)
    exact[:, 5] = 30.0
    shapes, rows = stored_as(exact)
    assert shapes == {"table_integers": [64, 3, PART], "table_scales": [64, 3, 1], "table_whole_rows": [3]}
    assert relative_error(rows[:, PART:], exact[:, PART:]) < 0.01
    assert relative_error(rows[:, 6:PART], exact[:, 6:PART]) > 0.05, (
        "the rest of the part pays for its largest"
    )


def test_odd_widths_have_one_scale_a_row() -> None:
    assert not can_pack(table(8, BLOCK + 8))
    exact = table(64, PART + 8)
    shapes, rows = stored_as(exact)
    assert shapes == {"table_integers": [64, PART + 8], "table_scales": [64, 1]}
    assert relative_error(rows, exact) < 0.01


def test_sliced_rows_are_stored_in_int8_too() -> None:
    exact = table(40).reshape(40, 1, 4, -1)
    graph = helper.make_graph(
        [
            helper.make_node("Constant", [], ["axis"], "c", value=numpy_helper.from_array(np.array([0]))),
            helper.make_node("Slice", ["table", "begin", "end", "axis"], ["rows"], "read"),
        ],
        "window",
        [helper.make_tensor_value_info(name, TensorProto.INT64, [1]) for name in ("begin", "end")],
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["n", 1, 4, exact.shape[-1]])],
        [numpy_helper.from_array(exact, "table")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    assert quantize_tables(model) == ["table"]
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (rows,) = session.run(None, {"begin": np.array([3]), "end": np.array([9])})
    np.testing.assert_allclose(rows, exact[3:9], atol=0.02)
    assert 0 < relative_error(rows, exact[3:9]) < 0.01


def test_a_table_that_is_also_read_otherwise_stays_as_it_is() -> None:
    model = lookup(table(64))
    model.graph.node.append(helper.make_node("Relu", ["table"], ["all"], "other"))
    assert quantize_tables(model) == []
