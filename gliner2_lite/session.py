"""The graph: batch → features. The only module that imports ``onnxruntime``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from gliner2_lite.batch import Batch
from gliner2_lite.errors import BundleError, InputError

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
INPUTS = (
    "input_ids", "attention_mask", "word_tokens", "word_pieces",
    "prompt_tokens", "label_tokens", "label_tasks",
)  # fmt: skip
OUTPUTS = ("count_logits", "class_logits", "label_states", "span_start", "span_end", "span_logits")


@dataclass(frozen=True, slots=True)
class Features:
    """What the graph gives for a batch; rows beyond a sample's own lengths are padding."""

    count_logits: FloatArray  # [B, S, 20]
    class_logits: FloatArray  # [B, M]
    label_states: FloatArray  # [B, M, H]
    span_start: FloatArray  # [B, W, 4H]
    span_end: FloatArray  # [B, W, 4H]
    span_logits: FloatArray  # [B, W, max_width, M], first instance; meaningless beyond the last word


class GraphSession:
    """One loaded graph, safe to call from several threads."""

    def __init__(self, graph: Path, *, threads: int | None = None) -> None:
        options = ort.SessionOptions()
        options.log_severity_level = 3
        # NumPy works between two runs: worker threads that keep spinning would take its cores.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        if threads is not None:
            options.intra_op_num_threads = threads
        try:
            self._session = ort.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own classes all derive from Exception directly
            raise BundleError(
                f"{graph} cannot be loaded by onnxruntime {ort.__version__}: {error}"
            ) from error
        self._inputs = {item.name for item in self._session.get_inputs()}
        missing = set(OUTPUTS) - {item.name for item in self._session.get_outputs()}
        unknown = self._inputs - set(INPUTS)
        if missing or unknown:
            raise BundleError(
                f"{graph} is not a graph of this format (missing outputs {sorted(missing)}, unknown inputs "
                f"{sorted(unknown)}); export the checkpoint again"
            )

    def run(self, batch: Batch) -> Features:
        """Run the graph on one batch."""
        values = (
            batch.input_ids, batch.attention_mask, batch.word_tokens, batch.word_mask,
            batch.prompt_tokens, batch.label_tokens, batch.label_tasks,
        )  # fmt: skip
        feeds = dict(zip(INPUTS, values, strict=True))
        wanted = {name: value for name, value in feeds.items() if name in self._inputs}
        return Features(*self._session.run(list(OUTPUTS), wanted))


def check_threads(threads: object) -> int | None:
    """``threads`` as a positive int or None (let onnxruntime choose)."""
    if threads is None:
        return None
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise InputError(f"threads must be a positive integer or None, not {threads!r}")
    return threads


def runtime_version() -> str:
    """The onnxruntime in use."""
    return str(ort.__version__)
