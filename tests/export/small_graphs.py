"""Small ONNX models for the tests of passes, and how they are run before and after one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
import onnxruntime
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

Axes = Sequence[int | str]


def node(operator: str, inputs: str, output: str, name: str | None = None, **attributes: object) -> NodeProto:
    """A node whose ``inputs`` are separated by spaces, named like its output unless told otherwise."""
    return helper.make_node(
        operator, inputs.split(), [output], output if name is None else name, **attributes
    )


def model(
    nodes: Sequence[NodeProto],
    *,
    inputs: Mapping[str, Axes],
    outputs: Mapping[str, Axes],
    constants: Mapping[str, np.ndarray] | None = None,
    integers: Sequence[str] = (),
) -> ModelProto:
    """A checked model; inputs and outputs are float32, inputs named in ``integers`` are int64."""
    graph = helper.make_graph(
        nodes,
        "small",
        [
            helper.make_tensor_value_info(
                name, TensorProto.INT64 if name in integers else TensorProto.FLOAT, axes
            )
            for name, axes in inputs.items()
        ],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, axes) for name, axes in outputs.items()],
        [numpy_helper.from_array(value, name) for name, value in (constants or {}).items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(made)
    return made


def run(made: ModelProto, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """All outputs by name, run as written: onnxruntime changes nothing before."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        made.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [item.name for item in session.get_outputs()]
    return dict(zip(names, session.run(names, dict(feeds)), strict=True))


def operators(made: ModelProto) -> list[str]:
    """The operators of all nodes, in order."""
    return [item.op_type for item in made.graph.node]


def constants(made: ModelProto) -> dict[str, np.ndarray]:
    """Stored tensors by name."""
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in made.graph.initializer}


def relative_error(rough: np.ndarray, exact: np.ndarray) -> float:
    """Size of the difference relative to that of ``exact``."""
    return float(np.linalg.norm(rough - exact) / np.linalg.norm(exact))
