"""The last pass: an optimised graph computes the same, on any CPU, and its weights can be mapped."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper

from gliner2_export.architectures.span.onnx_config import Shape, random_batch
from gliner2_export.onnx_graph import optimize as optimized
from gliner2_export.onnx_graph.optimize import optimize
from gliner2_lite import GLiNER2
from gliner2_lite.bundle.files import data_path, graph_bytes
from gliner2_lite.errors import ExportError
from gliner2_lite.load.locate import EMBEDDED

GRAPH = "onnx/model_int8.onnx"


@pytest.fixture(scope="module")
def batch() -> dict[str, np.ndarray]:
    return random_batch(Shape(), vocab_size=5000, pooling="first")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory, batch: dict[str, np.ndarray]) -> Path:
    """The embedded model's directory with its graph optimised (again, if it is so already)."""
    root = tmp_path_factory.mktemp("optimized") / "tiny"
    shutil.copytree(EMBEDDED["tiny"], root)
    optimize(root / GRAPH, batch)
    return root


def test_weights_lie_aligned_in_a_file_of_their_own(tiny: Path) -> None:
    graph = tiny / GRAPH
    model = onnx.load(graph, load_external_data=False)
    assert graph.stat().st_size < data_path(graph).stat().st_size / 20
    outside = [t for t in model.graph.initializer if t.data_location == onnx.TensorProto.EXTERNAL]
    assert len(outside) > 20
    for tensor in outside:
        place = {entry.key: entry.value for entry in tensor.external_data}
        step = optimized.PAGE_BYTES if int(place["length"]) >= optimized.PAGE_ALIGNED_FROM else 64
        assert int(place["offset"]) % step == 0
        assert int(place["length"]) % 64 == 0, f"{tensor.name} moves what is packed after it"
        assert int(place["offset"]) + int(place["length"]) <= data_path(graph).stat().st_size
    inside = [t for t in model.graph.initializer if t.data_location != onnx.TensorProto.EXTERNAL]
    assert max(len(t.raw_data) for t in inside) < optimized.MIN_MAPPED_BYTES


def test_only_portable_operators_and_their_domains_are_left(tiny: Path) -> None:
    model = onnx.load(tiny / GRAPH, load_external_data=False)
    assert {entry.domain for entry in model.opset_import} <= optimized.DOMAINS
    assert {node.domain for node in model.graph.node} <= optimized.DOMAINS


def test_the_optimised_graph_gives_the_same_bits_with_and_without_further_optimisation(
    tiny: Path, batch: dict[str, np.ndarray]
) -> None:
    outputs = []
    for level in ("ORT_DISABLE_ALL", "ORT_ENABLE_ALL"):
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
        for path in (tiny / GRAPH, EMBEDDED["tiny"] / GRAPH):
            session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
            feeds = {item.name: batch[item.name] for item in session.get_inputs()}
            outputs.append(session.run(None, feeds))
    for other in outputs[1:]:
        for ours, theirs in zip(outputs[0], other, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-4 * max(1, np.abs(theirs).max()))


def test_weights_are_mapped_through_the_links_of_the_hub_cache(tiny: Path, tmp_path: Path) -> None:
    """snapshots/REVISION/… are links into blobs/, where files have other names."""
    blobs, snapshot = tmp_path / "models--org--name" / "blobs", tmp_path / "models--org--name/snapshots/abc"
    blobs.mkdir(parents=True)
    (snapshot / "onnx").mkdir(parents=True)
    for number, name in enumerate([GRAPH, f"{GRAPH}_data"]):
        shutil.copy(tiny / name, blobs / f"{number:064}")
        (snapshot / name).symlink_to(os.path.relpath(blobs / f"{number:064}", (snapshot / name).parent))
    session = onnxruntime.InferenceSession(str(snapshot / GRAPH), providers=["CPUExecutionProvider"])
    mapped = Path("/proc/self/maps").read_text(encoding="utf-8")
    assert str(blobs / f"{1:064}") in mapped
    assert session.get_outputs()


def test_a_graph_that_optimising_changes_is_refused(
    tmp_path: Path, batch: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = tmp_path / "model.onnx"
    shutil.copytree(EMBEDDED["tiny"] / "onnx", tmp_path / "onnx")
    real = optimized._save

    def damaged(model: onnx.ModelProto, path: Path) -> None:
        scale = next(t for t in model.graph.initializer if len(t.raw_data) > 4096 and t.data_type == 1)
        scale.raw_data = (np.frombuffer(scale.raw_data, np.float32) * 3 + 1).tobytes()
        real(model, path)

    monkeypatch.setattr(optimized, "_save", damaged)
    with pytest.raises(ExportError, match="changed when onnxruntime"):
        optimize(tmp_path / GRAPH, batch)
    assert not graph.exists()


def test_integers_that_are_widened_in_the_graph_stay_integers(tmp_path: Path) -> None:
    """Folding constants would store them as floats: four times the size."""
    weight = np.random.default_rng(0).integers(-127, 127, (256, 256)).astype(np.int8)
    nodes = [
        onnx.helper.make_node("Cast", ["weight"], ["wide"], to=1),
        onnx.helper.make_node("MatMul", ["x", "wide"], ["y"]),
    ]
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        nodes, "g", [value("x", 1, [1, 256])], [value("y", 1, [1, 256])],
        [onnx.numpy_helper.from_array(weight, "weight")],
    )  # fmt: skip
    path = tmp_path / "model.onnx"
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=8)
    onnx.save(model, path)
    optimize(path, {"x": np.ones((1, 256), np.float32)})
    assert graph_bytes(path) < 1.2 * weight.nbytes


def test_the_bundle_answers_as_before(tiny: Path) -> None:
    """The manifest is that of the plain graph: only the graph's size in it is another."""
    import json

    manifest = json.loads((tiny / "gliner2_lite.json").read_text(encoding="utf-8"))
    names = [GRAPH, f"{GRAPH}_data"]
    manifest["variants"]["int8"] |= {"files": names, "optimized": True}
    for name in names:
        manifest["files"][name] = {"size": (tiny / name).stat().st_size, "sha256": "0" * 64}
    (tiny / "gliner2_lite.json").write_text(json.dumps(manifest), encoding="utf-8")
    text, labels = "Apple CEO Tim Cook announced iPhone 15 in Cupertino yesterday.", ["company", "person"]
    answers = [GLiNER2.from_pretrained(name).extract_entities(text, labels) for name in ("tiny", tiny)]
    assert answers[0] == answers[1]


def test_gathered_tables_are_lengthened_to_whole_vectors(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    gathered, also_read = (rng.standard_normal((101, 24)).astype(np.float32) for _ in range(2))
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["gathered", "ids"], ["rows"], "read"),
            helper.make_node("Gather", ["also_read", "ids"], ["others"], "read_other"),
            helper.make_node("MatMul", ["all", "also_read"], ["product"], "multiply"),
        ],
        "tables",
        [value("ids", onnx.TensorProto.INT64, ["n"]), value("all", onnx.TensorProto.FLOAT, ["n", 101])],
        [value(name, onnx.TensorProto.FLOAT, ["n", 24]) for name in ("rows", "others", "product")],
        [numpy_helper.from_array(gathered, "gathered"), numpy_helper.from_array(also_read, "also_read")],
    )
    path = tmp_path / "model.onnx"
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.save_model(model, path)
    ids = np.array([0, 100, 57])
    batch = {"ids": ids, "all": rng.standard_normal((3, 101)).astype(np.float32)}
    optimize(path, batch)
    stored = {tensor.name: list(tensor.dims) for tensor in onnx.load(path).graph.initializer}
    assert stored == {"gathered": [102, 24], "also_read": [101, 24]}
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    rows, others, product = session.run(["rows", "others", "product"], batch)
    assert np.array_equal(rows, gathered[ids]) and np.array_equal(others, also_read[ids])
    np.testing.assert_allclose(product, batch["all"] @ also_read, rtol=1e-4, atol=1e-4)
