"""Functions with ONNX nodes of their own: torch's results, and one node each in the traced graph."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn

from gliner2_export.encoders.onnx_ops import gather_elements, merge_last, residual_sum, split_last
from tests.export.encoders.small import open_session

STATES = torch.randn(3, 2, 8, generator=torch.Generator().manual_seed(0))
INDEX = torch.randint(0, 8, (3, 2, 5), generator=torch.Generator().manual_seed(1), dtype=torch.int32)

CASES: dict[str, tuple[Callable[..., Tensor], tuple[Tensor, ...], Tensor, list[str]]] = {
    "split": (lambda x: split_last(x, 4), (STATES,), STATES.unflatten(2, (4, -1)), ["Reshape"]),
    "merge": (merge_last, (STATES.unflatten(2, (4, 2)),), STATES, ["Reshape"]),
    "sum": (residual_sum, (STATES, 2 * STATES), 3 * STATES, ["Sum"]),
    "gather": (
        lambda x, index: gather_elements(x, 2, index),
        (STATES, INDEX),
        torch.gather(STATES, 2, INDEX.long()),
        ["GatherElements"],
    ),
}


class Traced(nn.Module):
    def __init__(self, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.function(*inputs)


@pytest.mark.parametrize("name", CASES)
def test_torch_computes_the_plain_result(name: str) -> None:
    function, inputs, expected, _ = CASES[name]
    torch.testing.assert_close(function(*inputs), expected)


@pytest.mark.parametrize("name", CASES)
def test_the_graph_has_one_node_for_it(name: str) -> None:
    function, inputs, expected, nodes = CASES[name]
    names, buffer = [f"input_{number}" for number in range(len(inputs))], io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Traced(function),
            inputs,
            buffer,
            input_names=names,
            output_names=["output"],
            opset_version=18,
            dynamo=False,
            dynamic_axes={axis: {0: "tokens", 1: "batch"} for axis in names},
        )
    graph = onnx.load_from_string(buffer.getvalue()).graph
    # Nothing else: no Shape beside the Reshape, no Cast of the int32 index to twice its size.
    assert [node.op_type for node in graph.node if node.op_type != "Constant"] == nodes
    feeds = {axis: tensor.numpy() for axis, tensor in zip(names, inputs, strict=True)}
    (output,) = open_session(buffer.getvalue()).run(None, feeds)
    np.testing.assert_allclose(output, expected.numpy(), rtol=1e-6)
