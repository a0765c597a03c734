"""The products of an ONNX graph that int8 is about: MatMul (or Gemm) with a constant weight.

They are found by operator and operands, never by name, so any graph will do. Products of two activations
(attention) are not among them: quantizing both sides on the fly costs more accuracy than time is won.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, helper, numpy_helper

#: Weights with less than this share of all elements stay fp32: nothing to win.
MIN_SHARE = 0.001
#: Products with fewer columns stay fp32 (logits of a handful of classes).
MIN_COLUMNS = 8


@dataclass(frozen=True)
class Product:
    """``output = source · weight`` with weight [K, N]."""

    node: str
    source: str
    weight: str
    output: str
    rows: int  # K
    columns: int  # N


@dataclass(frozen=True)
class Group:
    """Products of one source tensor: they share its quantization."""

    source: str
    products: tuple[Product, ...]

    @property
    def rows(self) -> int:
        """K, the size of the source's last axis."""
        return self.products[0].rows


def prepare(model: ModelProto) -> None:
    """Give every node a name and write every Gemm with a constant weight as MatMul and Add, in place."""
    used = {node.name for node in model.graph.node}
    for number, node in enumerate(model.graph.node):
        if not node.name:
            name = f"{node.op_type}_{number}"
            while name in used:
                name += "_"
            node.name = name
            used.add(name)
    weights = initializers(model)
    nodes: list[NodeProto] = []
    for node in model.graph.node:
        nodes.extend(_without_gemm(node, weights, model) if node.op_type == "Gemm" else [node])
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _without_gemm(
    node: NodeProto, weights: dict[str, onnx.TensorProto], model: ModelProto
) -> Iterator[NodeProto]:
    options = {item.name: helper.get_attribute_value(item) for item in node.attribute}
    plain = options.get("alpha", 1.0) == 1.0 and options.get("beta", 1.0) == 1.0
    if not plain or options.get("transA", 0) or node.input[1] not in weights:
        yield node
        return
    weight = node.input[1]
    if options.get("transB", 0):
        weight = f"{node.name}_weight"
        array = numpy_helper.to_array(weights[node.input[1]]).T
        model.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(array), weight))
    biased = len(node.input) > 2 and bool(node.input[2])
    product = f"{node.output[0]}_product" if biased else node.output[0]
    yield helper.make_node("MatMul", [node.input[0], weight], [product], name=f"{node.name}_product")
    if biased:
        yield helper.make_node("Add", [product, node.input[2]], [node.output[0]], name=node.name)


def initializers(model: ModelProto) -> dict[str, onnx.TensorProto]:
    """Constant tensors by name."""
    return {tensor.name: tensor for tensor in model.graph.initializer}


def find_groups(model: ModelProto) -> list[Group]:
    """Groups of products worth quantizing, in graph order. ``prepare`` must have run."""
    weights = initializers(model)
    everything = sum(
        int(np.prod(weights[node.input[1]].dims))
        for node in model.graph.node
        if node.op_type == "MatMul" and node.input[1] in weights
    )
    found: dict[str, list[Product]] = {}
    for node in model.graph.node:
        if node.op_type != "MatMul" or node.domain or node.input[1] not in weights:
            continue
        shape = weights[node.input[1]].dims
        if len(shape) != 2 or shape[1] < MIN_COLUMNS or shape[0] * shape[1] < MIN_SHARE * everything:
            continue
        if weights[node.input[1]].data_type != onnx.TensorProto.FLOAT or node.input[0] in weights:
            continue
        found.setdefault(node.input[0], []).append(
            Product(
                node=node.name,
                source=node.input[0],
                weight=node.input[1],
                output=node.output[0],
                rows=shape[0],
                columns=shape[1],
            )
        )
    return [Group(source, tuple(products)) for source, products in found.items()]


def consumers_of(model: ModelProto) -> dict[str, list[NodeProto]]:
    """Nodes that read each tensor."""
    table: dict[str, list[NodeProto]] = {}
    for node in model.graph.node:
        for name in node.input:
            table.setdefault(name, []).append(node)
    return table


def gathers_rows(node: NodeProto) -> bool:
    """Whether ``node`` reads whole rows of its first input, by their numbers."""
    axis = next((item.i for item in node.attribute if item.name == "axis"), 0)
    return node.op_type == "Gather" and axis == 0


def producers_of(model: ModelProto) -> dict[str, NodeProto]:
    """The node that writes each tensor."""
    return {name: node for node in model.graph.node for name in node.output}


def tensor_ranks(model: ModelProto) -> dict[str, int]:
    """Number of dimensions of every tensor of which shape inference can tell."""
    light = ModelProto()
    light.CopyFrom(model)
    for tensor in light.graph.initializer:  # names and shapes are enough, and a proto is limited to 2 GB
        if tensor.data_type == onnx.TensorProto.FLOAT:
            tensor.ClearField("raw_data")
    inferred = onnx.shape_inference.infer_shapes(light).graph
    return {
        item.name: len(item.type.tensor_type.shape.dim)
        for item in (*inferred.value_info, *inferred.input, *inferred.output)
        if item.type.tensor_type.HasField("shape")
    }
