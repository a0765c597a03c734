"""Torch module → ONNX file through Optimum, and the proof that both compute the same.

Optimum's own validation compares one batch in absolute terms; here several shapes are run, so that an
axis that was traced as a constant cannot pass, and differences are taken relative to each output's
scale.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
import torch
from optimum.exporters.onnx import export as optimum_export

from gliner2_export.architectures.base import TorchGraph
from gliner2_export.onnx_graph.sessions import open_session, run_graph
from gliner2_lite.bundle.files import data_path
from gliner2_lite.errors import ExportError

log = logging.getLogger("gliner2_export")

TOLERANCE = 1e-4  # largest difference to torch, relative to the largest absolute value of that output
EXTERNAL_DATA_BYTES = 100 * 2**20  # graphs with more weights keep them in a file beside the graph


def convert(graph: TorchGraph, out: Path, *, vocab_size: int) -> tuple[list[str], list[str]]:
    """Write ``graph`` to ``out`` (an ``.onnx`` path), with ``<out>_data`` beside it when it is large.

    Returns the names of the graph's inputs and of its outputs.
    """
    config = graph.onnx_config(vocab_size=vocab_size)
    with _tracer_warnings_hidden():
        inputs, outputs = optimum_export(graph, config, out, input_shapes=dict(graph.trace_sizes))
    move_weights_out(out)
    return inputs, outputs


def move_weights_out(path: Path, *, limit: int = EXTERNAL_DATA_BYTES) -> None:
    """Keep the weights of the ONNX file ``path`` in ``<path>_data`` when they exceed ``limit`` bytes.

    The runtime maps such a file into memory instead of copying it.
    """
    data = data_path(path)
    if not data.exists():  # beyond 2 GB the exporter has done it
        if path.stat().st_size <= limit:
            return
        model = onnx.load(path)
        onnx.save_model(
            model, path, save_as_external_data=True, all_tensors_to_one_file=True, location=data.name
        )
    data.chmod(path.stat().st_mode)  # onnx makes it readable for its owner only


def check_against_torch(
    path: Path,
    reference: TorchGraph,
    *,
    vocab_size: int,
    max_positions: int | None,
) -> dict[str, float]:
    """Run the ONNX file and the torch module ``reference`` on the same batches.

    Returns, per output, the largest difference relative to the largest absolute value that torch gives
    in any batch (one batch alone may hold nothing but a logit near zero). Raises ExportError when one
    exceeds ``TOLERANCE``.
    """
    session = open_session(path)
    largest = dict.fromkeys(reference.output_names, 0.0)
    scale = dict.fromkeys(reference.output_names, 1e-6)
    for batch in reference.checked_batches(vocab_size=vocab_size, max_positions=max_positions):
        with torch.inference_mode():
            expected = reference(**{name: torch.from_numpy(array) for name, array in batch.items()})
        for name, array in run_graph(session, batch, list(largest)).items():
            wanted = expected[name].numpy()
            largest[name] = max(largest[name], largest_difference(array, wanted))
            scale[name] = max(scale[name], float(np.abs(wanted).max()))
    worst = {name: difference / scale[name] for name, difference in largest.items()}
    for name, difference in worst.items():
        log.info("  %-13s differs from torch by at most %.1e of its scale", name, difference)
        if difference > TOLERANCE:
            raise ExportError(
                f"the exported graph's output {name!r} differs from torch by {difference:.1e} of its scale "
                f"(allowed: {TOLERANCE:.0e}); this encoder does not trace faithfully, so no bundle is written"
            )
    return worst


def largest_difference(array: np.ndarray, expected: np.ndarray) -> float:
    """max |array − expected|; infinite when the shapes differ or a value is not finite."""
    if array.shape != expected.shape or not np.isfinite(array).all():
        return float("inf")
    return float(np.abs(array - expected).max())


@contextmanager
def _tracer_warnings_hidden() -> Iterator[None]:
    """The tracer warns at every Python branch on a shape; the check afterwards covers what they warn of."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=torch.jit.TracerWarning)
        warnings.filterwarnings("ignore", message=".*legacy TorchScript-based ONNX export.*")
        warnings.filterwarnings("ignore", message="Constant folding - Only steps=1 can be constant folded")
        yield
