"""The export that a user would make without us: the transformers encoder traced as it is, by Optimum.

Heads are computed as gliner2 2.1.0 computes them, the first span layer split into a start and an end half.
int8 is ``onnxruntime.quantization.quantize_dynamic`` with its defaults. ``plain.py`` runs the result.
"""

from __future__ import annotations

import shutil
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from optimum.exporters.onnx import OnnxConfig, export
from optimum.utils import NormalizedConfig
from torch import Tensor, nn

from benchmarks.plain import GRAPHS, OUTPUTS
from gliner2_export.checkpoint.read import read_extractor
from gliner2_lite.errors import ExportError

EXTERNAL_DATA_BYTES = 1 << 30  # graphs above this keep their weights in a second file (protobuf ends at 2 GB)
INPUTS = {
    "input_ids": {0: "batch", 1: "tokens"},
    "attention_mask": {0: "batch", 1: "tokens"},
    "word_tokens": {0: "batch", 1: "words"},
    "prompt_tokens": {0: "batch", 1: "tasks"},
    "label_tokens": {0: "batch", 1: "labels"},
}
AXES = {"count_logits": "tasks", "class_logits": "labels", "label_states": "labels"}  # others: words


class PlainGraph(nn.Module):
    """Encoder and heads with nothing rewritten; pooling "first"."""

    def __init__(self, extractor: nn.Module) -> None:
        super().__init__()
        self.encoder = extractor.encoder
        self.span_layer = extractor.span_rep.span_rep_layer
        self.classifier = extractor.classifier
        self.count_pred = extractor.count_pred
        self.config = extractor.encoder.config  # Optimum's exporter reads it
        self.eval()

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        word_tokens: Tensor,
        prompt_tokens: Tensor,
        label_tokens: Tensor,
    ) -> dict[str, Tensor]:
        """[B, tokens] twice, then positions [B, words], [B, tasks], [B, labels] → ``OUTPUTS``, as ours."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        words = rows_at(states, word_tokens)
        labels = rows_at(states, label_tokens)
        first = self.span_layer.out_project[0]  # Linear: 2H → 4H
        hidden = states.shape[-1]
        start = torch.relu(self.span_layer.project_start(words))
        end = torch.relu(self.span_layer.project_end(words))
        return {
            "count_logits": self.count_pred(rows_at(states, prompt_tokens)),
            "class_logits": self.classifier(labels).squeeze(-1),
            "label_states": labels,
            "span_start": nn.functional.linear(start, first.weight[:, :hidden], first.bias),
            "span_end": nn.functional.linear(end, first.weight[:, hidden:]),
        }


def rows_at(states: Tensor, positions: Tensor) -> Tensor:
    """``states`` [B, T, H] at ``positions`` [B, R] → [B, R, H]."""
    return torch.gather(states, 1, positions.unsqueeze(-1).expand(-1, -1, states.shape[-1]))


class PlainOnnxConfig(OnnxConfig):
    """Names, dynamic axes and a dummy batch for ``optimum.exporters.onnx``."""

    NORMALIZED_CONFIG_CLASS = NormalizedConfig

    @property
    def inputs(self) -> dict[str, dict[int, str]]:
        return {name: dict(axes) for name, axes in INPUTS.items()}

    @property
    def outputs(self) -> dict[str, dict[int, str]]:
        return {name: {0: "batch", 1: AXES.get(name, "words")} for name in OUTPUTS}

    def generate_dummy_inputs(self, framework: str = "pt", **sizes: int) -> dict[str, Any]:
        rng = np.random.default_rng(0)
        shape = (2, 16)  # batch, tokens
        arrays = {
            "input_ids": rng.integers(0, self._config.vocab_size, shape),
            "attention_mask": np.ones(shape, dtype=np.int64),
            "word_tokens": rng.integers(0, shape[1], (2, 6)),
            "prompt_tokens": rng.integers(0, shape[1], (2, 2)),
            "label_tokens": rng.integers(0, shape[1], (2, 4)),
        }
        return {
            name: torch.from_numpy(array) if framework == "pt" else array for name, array in arrays.items()
        }


def export_plain(checkpoint: Path, out: Path) -> None:
    """Write the plain fp32 and int8 graphs of ``checkpoint`` to the new directory ``out``.

    Raises:
        ExportError: the checkpoint's pooling is not "first".
    """
    extractor = read_extractor(checkpoint)
    pooling = getattr(extractor.config, "token_pooling", "first")
    if pooling != "first":
        raise ExportError(f"{checkpoint}: the plain export knows pooling 'first', not {pooling!r}")
    staged = out.with_name(out.name + ".part")
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    fp32, int8 = (staged / GRAPHS[name] for name in ("fp32", "int8"))
    config = PlainOnnxConfig(extractor.encoder.config, task="feature-extraction")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=torch.jit.TracerWarning)
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        export(PlainGraph(extractor), config, fp32)
    large = sum(path.stat().st_size for path in staged.iterdir()) > EXTERNAL_DATA_BYTES
    quantize_dynamic(fp32, int8, weight_type=QuantType.QInt8, use_external_data_format=large)
    staged.rename(out)


def main() -> None:
    """``plain_export CHECKPOINT OUT``."""
    checkpoint, out = map(Path, sys.argv[1:3])
    export_plain(checkpoint, out)


if __name__ == "__main__":
    main()
