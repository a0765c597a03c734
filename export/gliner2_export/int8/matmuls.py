"""The products of an ONNX graph that can be quantized to int8: MatMul (or Gemm) with a constant weight.

They are found by operator and operands, never by name, so any graph will do. Products of two activations
(attention) are not among them: quantizing both sides on the fly costs more accuracy than time is won.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from gliner2_export.onnx_graph.edit import GraphEditor, new_node

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
    graph = GraphEditor(model)
    graph.name_nodes()
    for node in graph.nodes("Gemm"):
        options = {item.name: helper.get_attribute_value(item) for item in node.attribute}
        plain = options.get("alpha", 1.0) == 1.0 and options.get("beta", 1.0) == 1.0
        if plain and not options.get("transA", 0) and graph.constant(node.input[1]) is not None:
            graph.replace(node, _without_gemm(graph, node, transposed=bool(options.get("transB", 0))))
    graph.commit()


def _without_gemm(graph: GraphEditor, node: NodeProto, *, transposed: bool) -> Iterator[NodeProto]:
    weight = node.input[1]
    if transposed:
        array = numpy_helper.to_array(graph.constant(weight)).T
        weight = graph.add_constant(f"{node.name}_weight", np.ascontiguousarray(array))
    biased = len(node.input) > 2 and bool(node.input[2])
    product = f"{node.output[0]}_product" if biased else node.output[0]
    yield new_node("MatMul", [node.input[0], weight], product, name=f"{node.name}_product")
    if biased:
        yield new_node("Add", [product, node.input[2]], node.output[0], name=node.name)


def find_groups(model: ModelProto) -> list[Group]:
    """Groups of products worth quantizing, in graph order. ``prepare`` must have run."""
    graph = GraphEditor(model)
    weights = {node.name: graph.constant(node.input[1]) for node in graph.nodes("MatMul")}
    everything = sum(_size(weight) for weight in weights.values() if weight is not None)
    by_source: dict[str, list[Product]] = {}
    for node in graph.nodes("MatMul"):
        source, weight = node.input[0], weights[node.name]
        if weight is None or graph.constant(source) is not None or not _worth_it(weight, everything):
            continue
        product = Product(node.name, source, weight.name, node.output[0], *weight.dims)
        by_source.setdefault(source, []).append(product)
    return [Group(source, tuple(products)) for source, products in by_source.items()]


def _worth_it(weight: TensorProto, everything: int) -> bool:
    """Whether a product with ``weight`` takes enough of all elements of weights, ``everything``."""
    if weight.data_type != TensorProto.FLOAT or len(weight.dims) != 2 or weight.dims[1] < MIN_COLUMNS:
        return False
    return _size(weight) >= MIN_SHARE * everything


def _size(tensor: TensorProto) -> int:
    return int(np.prod(tensor.dims))
