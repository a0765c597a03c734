"""onnxruntime sessions of the exporter: how graphs are run, and rewritten, while a bundle is made.

The runtime opens graphs in ``gliner2_lite.graph.session``, with threads, providers and events. Sessions here
run on the CPU only and suppress onnxruntime's warnings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime import InferenceSession

from gliner2_lite.bundle.files import data_path
from gliner2_lite.graph.session import write_weights_beside

ERRORS_ONLY = 3  # onnxruntime's severities: 2 would be warnings


def open_session(graph: Path | bytes) -> InferenceSession:
    """A session that runs ``graph``: an ONNX file, or the content of one that holds its weights."""
    return _session(graph, _quiet_options())


def run_graph(
    session: InferenceSession, batch: Mapping[str, np.ndarray], outputs: Sequence[str] = ()
) -> dict[str, np.ndarray]:
    """What ``session`` gives for ``batch``, by name: the ``outputs`` asked for, or all of them.

    ``batch`` holds graph inputs by name; those that the graph does not read are left out.
    """
    names = list(outputs) or [item.name for item in session.get_outputs()]
    feeds = {item.name: batch[item.name] for item in session.get_inputs()}
    return dict(zip(names, session.run(names, feeds), strict=True))


def write_optimized(graph: Path, out: Path, *, without: Sequence[str] = ()) -> None:
    """Write ``graph`` to ``out``, weights beside it, as onnxruntime would rewrite it when it loads it.

    Only rewritings that hold on every CPU are done (no layouts or fusions of one CPU family), less the
    optimizers ``without``. Raises what onnxruntime raises, for a full disk an error without a name.
    """
    for file in (out, data_path(out)):
        file.unlink(missing_ok=True)
    options = _quiet_options()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    write_weights_beside(options, out)
    _session(graph, options, without)


def _quiet_options() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = ERRORS_ONLY
    return options


def _session(
    graph: Path | bytes, options: onnxruntime.SessionOptions, without: Sequence[str] = ()
) -> InferenceSession:
    return InferenceSession(
        graph if isinstance(graph, bytes) else str(graph),
        options,
        providers=["CPUExecutionProvider"],
        disabled_optimizers=list(without) or None,
    )
