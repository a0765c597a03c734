"""Rewriting products: only their weights are stored as integers, the products themselves stay fp32.

Used where int8 products cannot meet the bounds of an export. onnxruntime folds Cast, Mul and Reshape of
constants when it loads the graph, so a call costs what fp32 costs; the file is as small.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from onnx import ModelProto, TensorProto

from gliner2_export.int8.row_scales import GroupPlan, ProductPlan, exact_product, loud_inputs
from gliner2_export.onnx_graph.edit import GraphEditor, NewNodes
from gliner2_lite.errors import ExportError


def use_stored_integers(model: ModelProto, plans: Iterable[GroupPlan]) -> None:
    """Store the weights of the MatMul nodes named in ``plans`` as integers, in place.

    Raises ExportError when one is not there.
    """
    graph = GraphEditor(model)
    for plan in plans:
        head = loud_inputs(graph, plan) if plan.loud else []
        for product in plan.products:
            node = graph.node(product.node)
            if node is None:
                raise ExportError(f"the graph has no product {product.node}; plan it again")
            make = NewNodes(graph, f"{product.node}_weight_")
            weight = _widened_weight(make, plan, product)
            stored = f"{product.node}_stored" if plan.loud else node.output[0]
            make.add("MatMul", node.input[0], weight, output=stored, name=product.node)
            if plan.loud:
                exact = exact_product(graph, plan, product)
                make.nodes += [*head, exact]
                make.add("Add", stored, exact.output[0], output=node.output[0])
                head = []
            graph.replace(node, make.nodes)
    graph.commit()
    graph.drop_unused()


def _widened_weight(make: NewNodes, plan: GroupPlan, product: ProductPlan) -> str:
    """The weight [K, N] as floats again, without the smoothing that its integers contain."""
    weight = f"{product.node}_weight"
    blocks, shape = len(product.scales), product.integers.shape
    integers = make.constant("integers", product.integers.reshape(blocks, -1, shape[1]))
    scales = make.constant("scales", product.scales[:, None])
    whole = make.constant("shape", np.array(shape, dtype=np.int64))
    wide = make.add("Cast", integers, output=f"{weight}_float", to=TensorProto.FLOAT)
    parts = make.add("Mul", wide, scales, output=f"{weight}_blocks")
    if plan.smoothing is None:
        return make.add("Reshape", parts, whole, output=weight)
    smoothed = make.add("Reshape", parts, whole, output=f"{weight}_smoothed")
    return make.add(
        "Mul", smoothed, make.constant("smoothing", (1.0 / plan.smoothing)[:, None]), output=weight
    )
