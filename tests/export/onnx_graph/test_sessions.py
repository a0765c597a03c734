"""Sessions of the exporter: graphs from files and bytes, inputs that are left out, rewritten files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from gliner2_export.onnx_graph.sessions import open_session, run_graph, write_optimized
from gliner2_lite.bundle.files import data_path
from tests.export.small_graphs import constants, model, node, operators

WEIGHT = np.random.default_rng(0).standard_normal((64, 32)).astype(np.float32)
X = np.ones((3, 64), dtype=np.float32)


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """y = x · W and twice = y + y, with a sum of constants that need not be computed at run time."""
    made = model(
        [
            node("Add", "half half", "weight"),
            node("MatMul", "x weight", "y"),
            node("Identity", "y", "same"),
            node("Add", "y same", "twice"),
        ],
        inputs={"x": ["n", 64]},
        outputs={"y": ["n", 32], "twice": ["n", 32]},
        constants={"half": WEIGHT / 2},
    )
    onnx.save_model(made, tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


def test_files_and_bytes_are_opened(graph: Path) -> None:
    by_file, by_bytes = (run_graph(open_session(it), {"x": X}) for it in (graph, graph.read_bytes()))
    assert list(by_file) == ["y", "twice"]
    np.testing.assert_allclose(by_file["y"], X @ WEIGHT, rtol=1e-5)
    assert all(np.array_equal(by_file[name], by_bytes[name]) for name in by_file)


def test_only_what_is_asked_for_is_computed_from_what_the_graph_reads(graph: Path) -> None:
    outputs = run_graph(open_session(graph), {"x": X, "not an input": X}, ["twice"])
    assert list(outputs) == ["twice"]
    with pytest.raises(KeyError, match="x"):
        run_graph(open_session(graph), {"not an input": X})


def test_an_optimised_graph_computes_the_same_with_fewer_nodes(graph: Path) -> None:
    out = graph.with_name("optimised.onnx")
    out.write_bytes(b"an older one")
    write_optimized(graph, out)
    assert data_path(out).is_file(), "weights lie beside it"
    written = onnx.load(out)
    assert operators(written) == ["MatMul", "Add"]
    before, after = (run_graph(open_session(path), {"x": X}) for path in (graph, out))
    for name, array in before.items():
        np.testing.assert_allclose(after[name], array, rtol=1e-6)


def test_optimizers_can_be_left_out(graph: Path) -> None:
    out = graph.with_name("optimised.onnx")
    write_optimized(graph, out, without=["ConstantFolding"])
    assert operators(onnx.load(out)) == ["Add", "MatMul", "Add"]
    assert list(constants(onnx.load(out))) == ["half"]
