"""The last pass over every graph: what onnxruntime would do at each load is done once, here.

A session optimises the graph it loads (fusions, folded constants, removed nodes) and copies weights that
are inside the ONNX file into memory of its own. Both are start-up cost of every process. The file written
here holds the optimised graph, and its weights lie in ``<graph>_data``, from where the runtime maps them:
pages that all processes share and the system may drop. Only transformations that hold on every CPU are
applied (no layouts or fusions of one CPU family).
"""

from __future__ import annotations

import logging
import math
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto
from onnx.external_data_helper import set_external_data

from gliner2_export.onnx_graph.edit import MICROSOFT, GraphEditor, gathers_rows
from gliner2_export.onnx_graph.sessions import open_session, run_graph, write_optimized
from gliner2_lite.bundle.files import data_path, graph_bytes
from gliner2_lite.errors import ExportError
from gliner2_lite.graph.session import MIN_MAPPED_BYTES, VECTOR_BYTES

log = logging.getLogger("gliner2_export")

#: What onnxruntime must be to run an optimised graph and to map its weights; the runtime refuses older ones.
MIN_ONNXRUNTIME = "1.21"
#: Tensors begin at multiples of this: whole pages, on machines with 4 KB pages as on those with 16 KB.
PAGE_BYTES = 16384
#: Below this size a tensor is only aligned for vector loads, else the padding would outweigh it.
PAGE_ALIGNED_FROM = 1 << 20
#: The optimised file may outgrow the plain one by this factor before folded constants are given up:
#: folding turns weights that are stored as integers and widened in the graph back into floats.
ALLOWED_GROWTH = 1.05
#: Operator sets of onnxruntime itself that an optimised graph may use on any CPU.
DOMAINS = {"", MICROSOFT}


def optimize(path: Path, batch: Mapping[str, np.ndarray]) -> None:
    """Replace the ONNX file ``path`` and its weights by their optimised form, ``path`` and ``<path>_data``.

    ``batch`` holds graph inputs by name; both forms are run on it. Raises ExportError when they differ.
    """
    plain = graph_bytes(path)
    with tempfile.TemporaryDirectory(dir=path.parent) as place:
        written = Path(place) / path.name
        _optimized(path, written)
        if graph_bytes(written) > ALLOWED_GROWTH * plain:
            _optimized(path, written, without=["ConstantFolding"])
        model = onnx.load(written)
        _drop_unused_domains(model, path)
        _pad_tables(model)
        before = run_graph(open_session(path), batch)
        _save(model, path)
    for name, array in run_graph(open_session(path), batch).items():
        scale = max(1.0, float(np.abs(before[name]).max(initial=0.0)))
        if not np.allclose(array, before[name], rtol=0, atol=1e-5 * scale):
            raise ExportError(
                f"{path.name}: output {name!r} changed when onnxruntime {onnxruntime.__version__} optimised "
                "the graph, so no bundle is written; export with another onnxruntime"
            )
    log.info("  %s: optimised, %.1f MB before, %.1f MB now", path.name, plain / 1e6, graph_bytes(path) / 1e6)


def _optimized(path: Path, out: Path, *, without: Sequence[str] = ()) -> None:
    try:
        write_optimized(path, out, without=without)
    except Exception:  # its error for a write that failed is the one for anything else
        _check_room(out.with_name("room"), graph_bytes(path))
        raise


def _check_room(probe: Path, size: int) -> None:
    """Raise the system's OSError when no further file of ``size`` bytes can be written."""
    with probe.open("wb") as file:
        for _ in range(0, size, PAGE_BYTES):
            file.write(bytes(PAGE_BYTES))
    probe.unlink()


def _drop_unused_domains(model: onnx.ModelProto, path: Path) -> None:
    """onnxruntime declares every operator set it knows; another release need not know them all."""
    used = {node.domain for node in model.graph.node}
    if not used <= DOMAINS:
        raise ExportError(f"{path.name}: the optimised graph uses operators of {sorted(used - DOMAINS)}")
    kept = [entry for entry in model.opset_import if entry.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)


def _pad_tables(model: onnx.ModelProto) -> None:
    """Lengthen tables that are only gathered from, so that their bytes are a multiple of ``VECTOR_BYTES``.

    onnxruntime before 1.32 writes a compiled graph's tensors right after one another: a size in between would
    move packed weights that follow to places from which vectors cannot be loaded. No index reaches the new
    rows.
    """
    graph = GraphEditor(model)
    for tensor in graph.constants():
        size = len(tensor.raw_data)
        if size < MIN_MAPPED_BYTES or size % VECTOR_BYTES == 0:
            continue
        readers = graph.consumers(tensor.name)
        if not all(gathers_rows(node) and node.input[0] == tensor.name for node in readers):
            continue
        row = size // tensor.dims[0]
        step = VECTOR_BYTES // math.gcd(row, VECTOR_BYTES)  # so many rows are a multiple
        added = -tensor.dims[0] % step
        tensor.raw_data = tensor.raw_data + bytes(added * row)
        tensor.dims[0] += added


def _save(model: onnx.ModelProto, path: Path) -> None:
    """Write ``model`` with its large tensors in a file of their own, each where it can be mapped."""
    mode = path.stat().st_mode
    data = data_path(path)
    partial = data.with_name(data.name + ".partial")
    with partial.open("wb") as file:
        for tensor in model.graph.initializer:
            raw = tensor.raw_data
            if not tensor.HasField("raw_data") or len(raw) < MIN_MAPPED_BYTES:
                continue
            step = PAGE_BYTES if len(raw) >= PAGE_ALIGNED_FROM else VECTOR_BYTES
            file.write(b"\0" * (-file.tell() % step))
            set_external_data(tensor, data.name, offset=file.tell(), length=len(raw))
            file.write(raw)
            tensor.ClearField("raw_data")
            tensor.data_location = TensorProto.EXTERNAL
        size = file.tell()
    if size:
        os.replace(partial, data)
        data.chmod(mode)
    else:
        partial.unlink()
        data.unlink(missing_ok=True)
    path.write_bytes(model.SerializeToString())
