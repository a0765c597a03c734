"""Random inputs, reference states and a traced session for the tests of the rewritten encoders."""

from __future__ import annotations

import io
import tempfile
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn

INPUTS = ("input_ids", "attention_mask", "read_rows")
VOCABULARY = 100


def randomise(model: nn.Module) -> nn.Module:
    """Weights that make attention far from uniform, so that a wrong position or head shows."""
    torch.manual_seed(0)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "LayerNorm.weight" not in name:
                parameter.normal_(std=1.0 if "embeddings" in name else 0.3)
    return model.eval()


def random_batch(size: int, tokens: int, rows: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Random ids, mask [size, tokens] and rows to read [size, rows]; the second text is half as long."""
    generator = torch.Generator().manual_seed(tokens)
    ids = torch.randint(1, VOCABULARY, (size, tokens), generator=generator)
    mask = torch.ones_like(ids)
    read = torch.randint(0, tokens, (size, rows), generator=generator)
    if size > 1:
        real = max(1, tokens // 2)
        ids[1, real:], mask[1, real:] = 0, 0
        read[1] %= real
    return ids, mask, read


def reference_states(model: nn.Module, inputs: tuple[torch.Tensor, ...]) -> np.ndarray:
    """Last hidden states [size, rows, H] of the transformers module at the rows to read."""
    ids, mask, read = inputs
    with torch.inference_mode():
        states = model(input_ids=ids, attention_mask=mask).last_hidden_state
    return torch.stack([state[rows] for state, rows in zip(states, read, strict=True)]).numpy()


def trace(encoder: nn.Module) -> bytes:
    """The encoder's ONNX graph, every axis dynamic."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            encoder,
            random_batch(2, 19, 7),
            buffer,
            input_names=list(INPUTS),
            output_names=["states"],
            opset_version=18,
            dynamo=False,
            dynamic_axes={
                "input_ids": {0: "batch", 1: "tokens"},
                "attention_mask": {0: "batch", 1: "tokens"},
                "read_rows": {0: "batch", 1: "rows"},
                "states": {0: "batch", 1: "rows"},
            },
        )
    return buffer.getvalue()


def open_session(graph: bytes, *, optimised: Path | None = None) -> onnxruntime.InferenceSession:
    """A single-threaded session; with ``optimised`` the graph that onnxruntime runs is written there."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    if optimised is not None:
        options.optimized_model_filepath = str(optimised)
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def run(session: onnxruntime.InferenceSession, inputs: tuple[torch.Tensor, ...]) -> np.ndarray:
    (states,) = session.run(None, {name: item.numpy() for name, item in zip(INPUTS, inputs, strict=True)})
    return states


def operators_after_optimisation(graph: bytes) -> Counter[str]:
    """How often onnxruntime runs each operator once its own optimiser has rewritten the graph."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "optimised.onnx"
        open_session(graph, optimised=path)
        return Counter(node.op_type for node in onnx.load(path).graph.node)
