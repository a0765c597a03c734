"""Statistics of the sources (inputs) of the quantized products on calibration texts.

The fp32 graph gets the sources as further outputs and is run text by text (no padding). Kept per source:
the matrix XᵀX that rounding needs, the range, and a sample of rows on which settings are compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto

from gliner2_export.onnx_graph.edit import GraphEditor
from gliner2_export.onnx_graph.sessions import InferenceSession, open_session, run_graph
from gliner2_lite.bundle.files import data_path

#: Rows of each source that are kept to compare settings on.
SAMPLE_ROWS = 768
#: Rows that are gathered before they are multiplied.
FLUSH_ROWS = 2048


@dataclass
class SourceStats:
    """Collected rows x [K] of one source. Call ``finish`` before reading ``gram``."""

    rows: int = 0
    gram: np.ndarray | None = None  # float64 [K, K], sum of x xᵀ
    lowest: float = 0.0  # smallest value, at most 0
    sample: list[np.ndarray] = field(default_factory=list)  # parts [n, K]
    waiting: list[np.ndarray] = field(default_factory=list)  # parts [n, K] not yet in ``gram``

    def add(self, values: np.ndarray, keep: np.ndarray) -> None:
        """Take in rows [n, K]; ``keep`` are the indices of those that go into the sample."""
        self.lowest = min(self.lowest, float(values.min()))
        self.rows += len(values)
        self.sample.append(values[keep])
        self.waiting.append(values)
        if sum(map(len, self.waiting)) >= FLUSH_ROWS:
            self.finish()

    def finish(self) -> None:
        """Add the waiting rows to ``gram``: in large pieces, since K × K sums cost more than the products."""
        if not self.waiting:
            return
        rows = np.concatenate(self.waiting)
        self.waiting.clear()
        gram = (rows.T @ rows).astype(np.float64)
        self.gram = gram if self.gram is None else np.add(self.gram, gram, out=self.gram)

    @property
    def sampled(self) -> np.ndarray:
        """The sample as one array [n, K]."""
        return np.concatenate(self.sample)


def collect(
    graph: Path,
    model: ModelProto,
    sources: Iterable[str],
    batches: Sequence[Mapping[str, np.ndarray]],
    *,
    sample_rows: int = SAMPLE_ROWS,
    seed: int = 0,
) -> dict[str, SourceStats]:
    """Run the fp32 ``graph`` on ``batches`` and gather statistics of the tensors ``sources``.

    ``model`` is the loaded (and prepared) form of ``graph``, whose weights may lie in a file beside it.
    """
    sources = list(dict.fromkeys(sources))
    session = _session_with_outputs(graph, model, sources)
    stats = {name: SourceStats() for name in sources}
    rng = np.random.default_rng(seed)
    per_batch = -(-sample_rows // max(1, len(batches)))
    for batch in batches:
        for name, values in run_graph(session, batch, sources).items():
            flat = np.ascontiguousarray(values.reshape(-1, values.shape[-1]), dtype=np.float32)
            keep = rng.permutation(len(flat))[:per_batch]
            stats[name].add(flat, keep)
    for item in stats.values():
        item.finish()
    return stats


def _session_with_outputs(graph: Path, model: ModelProto, names: Sequence[str]) -> InferenceSession:
    light = ModelProto()
    light.CopyFrom(model)
    GraphEditor(light).add_outputs(names)
    path = graph.with_name(graph.name + ".taps")
    try:
        onnx.save_model(light, path, save_as_external_data=True, location=data_path(path).name)
        return open_session(path)
    finally:
        path.unlink(missing_ok=True)
        data_path(path).unlink(missing_ok=True)
