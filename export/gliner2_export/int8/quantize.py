"""fp32 graph → int8 graph: Optimum's ORTQuantizer between a planning pass and a rewriting pass.

``plan_int8`` looks at the graph and at calibration texts and decides how each product is quantized (slow);
``write_int8`` writes a graph by such a plan, with some products left out if asked (fast), so the gate can
try again. ``quantize_plain`` is Optimum alone, for comparison.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnxruntime.quantization import QuantFormat, QuantizationMode, QuantType
from optimum.onnxruntime import ORTQuantizer
from optimum.onnxruntime.configuration import QuantizationConfig
from transformers import PretrainedConfig

from gliner2_export.int8.calibration import collect
from gliner2_export.int8.matmuls import find_groups, prepare
from gliner2_export.int8.plan import plan_groups
from gliner2_export.int8.rounding import WeightGrid
from gliner2_export.int8.row_scales import GroupPlan, use_row_scales
from gliner2_export.int8.stored_integers import use_stored_integers
from gliner2_export.int8.tables import quantize_tables
from gliner2_export.onnx_graph.convert import move_weights_out
from gliner2_export.onnx_graph.edit import GraphEditor
from gliner2_export.onnx_graph.sessions import open_session, run_graph
from gliner2_lite.bundle.files import data_path
from gliner2_lite.errors import ExportError

#: MatMul covers Gemm (the quantizer rewrites Gemm first); Gather is the embedding tables.
OPERATORS = ["MatMul", "Gather"]

#: CPUs a graph is made for → integers of its weights. The dot products of AVX-VNNI, AVX512-VNNI and Arm add
#: in 32 bits and take the full range; for x86 without them (and so for "any") neighbouring weights are kept
#: within what 16 bits hold, which costs a quarter of a bit and saves the slower unsigned product.
GRIDS = {
    "any": WeightGrid(levels=127, pairs=True),
    "avx2": WeightGrid(levels=127, pairs=True),
    "avx512_vnni": WeightGrid(levels=127),
    "arm64": WeightGrid(levels=127),
}


@dataclass(frozen=True)
class Int8Plan:
    """How each product of one graph is quantized, and for which CPUs."""

    target: str
    groups: tuple[GroupPlan, ...]


def check_target(target: str) -> str:
    """``target`` if it is known, else ExportError."""
    if target not in GRIDS:
        raise ExportError(f"unknown target {target!r}; write one of {', '.join(GRIDS)}")
    return target


def plan_int8(
    fp32_graph: Path, batches: Sequence[Mapping[str, np.ndarray]], *, target: str = "any"
) -> Int8Plan:
    """Decide how to quantize ``fp32_graph`` by running it on ``batches`` (graph inputs by name)."""
    grid = GRIDS[check_target(target)]
    model = onnx.load(fp32_graph)
    prepare(model)
    groups = find_groups(model)
    stats = collect(fp32_graph, model, [group.source for group in groups], batches)
    return Int8Plan(target, tuple(plan_groups(model, groups, stats, grid, texts=len(batches))))


def write_int8(
    fp32_graph: Path,
    out: Path,
    plan: Int8Plan,
    *,
    encoder_config: PretrainedConfig,
    keep: Collection[str] = (),
    weights_only: bool = False,
    unsigned: bool = False,
) -> None:
    """Write ``fp32_graph`` quantized by ``plan`` to ``out`` (an ``.onnx`` path; data beside it when large).

    Products whose node is in ``keep`` stay fp32. With ``weights_only`` the others are stored as int8 and
    computed in fp32. ``unsigned`` stores the same weights shifted by 128: same results on any CPU, slower.
    """
    plans = [kept for group in plan.groups if (kept := group.without(keep)).products]
    if unsigned:
        plans = [group.unsigned() for group in plans]
    nodes = [] if weights_only else [product.node for group in plans for product in group.products]
    with tempfile.TemporaryDirectory(dir=out.parent) as place:
        prepared = _prepared(fp32_graph, Path(place))
        if nodes:
            integers = Path(place) / "int8.onnx"
            _optimum(prepared, integers, encoder_config, operators=["MatMul"], only=nodes)
            model = onnx.load(integers)
            use_row_scales(model, plans)
        else:
            model = onnx.load(prepared)
            use_stored_integers(model, plans)
        quantize_tables(model)
        onnx.save_model(model, out)
    move_weights_out(out)


def saturates() -> bool:
    """Whether this CPU's product of unsigned and signed bytes adds pairs in 16 bits (x86 without VNNI)."""
    row = np.full((1, 16), 255, dtype=np.uint8)
    weight = np.full((16, 16), 127, dtype=np.int8)
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["row", "weight"], ["sums"])],
        "probe",
        [helper.make_tensor_value_info("row", onnx.TensorProto.UINT8, row.shape)],
        [helper.make_tensor_value_info("sums", onnx.TensorProto.INT32, row.shape)],
        [numpy_helper.from_array(weight, "weight")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    sums = run_graph(open_session(model.SerializeToString()), {"row": row})["sums"]
    return bool((sums != 255 * 127 * 16).any())


def product_costs(
    fp32_graph: Path, plan: Int8Plan, score: Callable[[Path], float], *, place: Path
) -> dict[str, float]:
    """``score`` of a graph in which only one product is quantized, for every product node of ``plan``.

    The graphs are written to ``place``, one after the other.
    """
    prepared = _prepared(fp32_graph, place)
    alone = place / "alone.onnx"
    costs: dict[str, float] = {}
    for group in plan.groups:
        for product in group.products:
            model = onnx.load(prepared, load_external_data=False)  # its weights stay in the file beside it
            use_row_scales(model, [replace(group, products=(product,))])
            onnx.save_model(model, alone)
            costs[product.node] = score(alone)
    return costs


def _prepared(fp32_graph: Path, place: Path) -> Path:
    """The graph as the planner saw it, in ``place``, weights in a file beside it."""
    model = onnx.load(fp32_graph)
    prepare(model)
    path = place / "prepared.onnx"
    onnx.save_model(model, path, save_as_external_data=True, location=data_path(path).name)
    return path


def quantize_plain(fp32_graph: Path, out: Path, *, encoder_config: PretrainedConfig) -> None:
    """Optimum's dynamic quantization, weights per channel: one activation scale for the whole tensor."""
    excluded = products_of_activations(fp32_graph)
    _optimum(fp32_graph, out, encoder_config, operators=OPERATORS, excluded=excluded)
    move_weights_out(out)


def _optimum(
    graph: Path,
    out: Path,
    encoder_config: PretrainedConfig,
    *,
    operators: Sequence[str],
    only: Sequence[str] = (),
    excluded: Sequence[str] = (),
) -> None:
    config = QuantizationConfig(
        is_static=False,
        format=QuantFormat.QOperator,
        mode=QuantizationMode.IntegerOps,
        activations_dtype=QuantType.QUInt8,
        weights_dtype=QuantType.QInt8,
        per_channel=True,
        operators_to_quantize=list(operators),
        nodes_to_quantize=list(only),
        nodes_to_exclude=list(excluded),
    )
    # ORTQuantizer also writes configuration files and picks the file name: let it work in a place of its own.
    with tempfile.TemporaryDirectory(dir=out.parent) as place:
        quantizer = ORTQuantizer(graph, config=encoder_config)
        quantizer.quantize(config, save_dir=place, file_suffix="int8")
        written = Path(place) / f"{graph.stem}_int8.onnx"
        written.rename(out)
        data = data_path(written)
        if data.exists():
            data.rename(out.with_name(data.name))


def products_of_activations(graph: Path) -> list[str]:
    """Names of the MatMul nodes without a constant operand (the two products of attention).

    They stay fp32: quantizing both sides on the fly costs more accuracy than time is won.
    """
    editor = GraphEditor(onnx.load(graph, load_external_data=False))
    return [
        node.name
        for node in editor.nodes("MatMul")
        if all(editor.constant(name) is None for name in node.input)
    ]
