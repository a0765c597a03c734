"""Tables as int8: the rows that are read stay near, each part with its own scale, other tables are left."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from gliner2_export.int8.tables import PART, quantize_tables
from tests.export.small_graphs import constants, model, node, operators, relative_error, run


def table(rows: int, columns: int = 2 * PART) -> np.ndarray:
    return np.random.default_rng(rows).standard_normal((rows, columns)).astype(np.float32)


def lookup(exact: np.ndarray) -> onnx.ModelProto:
    """Rows of ``exact`` by their numbers."""
    return model(
        [node("Gather", "table ids", "rows", "read")],
        inputs={"ids": ["a", "b"]},
        integers=["ids"],
        outputs={"rows": ["a", "b", exact.shape[1]]},
        constants={"table": exact},
    )


def stored_as(exact: np.ndarray) -> tuple[dict[str, list[int]], np.ndarray]:
    """Names and shapes of the constants that stand for ``exact``, and its rows as the graph reads them."""
    made = lookup(exact)
    assert quantize_tables(made) == ["table"]
    onnx.checker.check_model(made)
    rows = run(made, {"ids": np.arange(len(exact)).reshape(2, -1)})["rows"]
    shapes = {tensor.name: list(tensor.dims) for tensor in made.graph.initializer}
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
    exact = table(64, PART + 8)
    shapes, rows = stored_as(exact)
    assert shapes == {"table_integers": [64, PART + 8], "table_scales": [64, 1]}
    assert relative_error(rows, exact) < 0.01


def test_sliced_rows_are_stored_in_int8_too() -> None:
    exact = table(40).reshape(40, 1, 4, -1)
    axis = helper.make_node("Constant", [], ["axis"], "c", value=numpy_helper.from_array(np.array([0])))
    made = model(
        [axis, node("Slice", "table begin end axis", "rows", "read")],
        inputs={"begin": [1], "end": [1]},
        integers=["begin", "end"],
        outputs={"rows": ["n", 1, 4, exact.shape[-1]]},
        constants={"table": exact},
    )
    assert quantize_tables(made) == ["table"]
    rows = run(made, {"begin": np.array([3]), "end": np.array([9])})["rows"]
    np.testing.assert_allclose(rows, exact[3:9], atol=0.02)
    assert 0 < relative_error(rows, exact[3:9]) < 0.01


def test_a_table_that_is_also_read_otherwise_stays_as_it_is() -> None:
    made = lookup(table(64))
    made.graph.node.append(node("Relu", "table", "all", "other"))
    assert quantize_tables(made) == []


@pytest.mark.parametrize("axis", [0, 1])
def test_only_slices_of_rows_count(axis: int) -> None:
    made = model(
        [node("Slice", "table begin end axis", "part"), node("Mul", "part x", "y")],
        inputs={"x": [1], "begin": [1], "end": [1]},
        integers=["begin", "end"],
        outputs={"y": [None, None]},
        constants={"table": table(64), "axis": np.array([axis])},
    )
    assert quantize_tables(made) == (["table"] if axis == 0 else [])


def test_small_tables_stay_as_they_are() -> None:
    made = lookup(table(8))
    made.graph.initializer.append(numpy_helper.from_array(table(8 * 101), "much more"))
    assert quantize_tables(made) == []
    assert operators(made) == ["Gather"]


def test_all_readers_get_their_rows() -> None:
    exact = table(64)
    made = model(
        [node("Gather", "table ids", "some"), node("Gather", "table others", "more")],
        inputs={"ids": ["a", "b"], "others": ["a", "b"]},
        integers=["ids", "others"],
        outputs={name: ["a", "b", exact.shape[1]] for name in ("some", "more")},
        constants={"table": exact},
    )
    quantize_tables(made)
    onnx.checker.check_model(made)
    ids, others = np.array([[1, 2, 3]]), np.array([[63, 0, 9]])
    rows = run(made, {"ids": ids, "others": others})
    assert (
        relative_error(rows["some"], exact[ids]) < 0.01 and relative_error(rows["more"], exact[others]) < 0.01
    )
    assert operators(made) == ["Gather", "Cast", "Gather", "Mul", "Reshape"] * 2
    assert constants(made)["table_integers"].dtype == np.int8 and "table" not in constants(made)
