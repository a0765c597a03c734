"""Rewriting products: one activation scale per row, planned weights.

Optimum writes each product as DynamicQuantizeLinear → MatMulInteger → Cast → Mul: one scale for the whole
tensor. Here that becomes, per source tensor (shared by its products),

    m = max over the row of |x| (of x where it has hardly a negative part)
    q = round(x / m · (top − zero)) + zero          uint8, constant scale: x / m is bounded

and per product ``MatMulIntegerToFloat(q, W) · m``. A row's result depends on that row alone, so answers do
not depend on what else is in the batch. Where a few inputs are much louder (larger, see
``smoothing.py``) than all others, and would coarsen their steps, these few are left out and multiplied in
fp32 (Dettmers et al. 2022, arXiv:2208.07339).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

import numpy as np
from onnx import ModelProto, NodeProto, helper

from gliner2_export.onnx_graph.edit import MICROSOFT, GraphEditor, NewNodes, new_node
from gliner2_lite.errors import ExportError

#: Least range of a row, so that one of zeros (after ReLU) divides by something.
TINY = 1e-12


@dataclass(frozen=True)
class ProductPlan:
    """The weight of one product as ``integers · scales``; ``signed`` says how the file stores it.

    Rows of inputs that are multiplied in fp32 are 0 in ``integers`` and stand in ``exact``.
    """

    node: str
    integers: np.ndarray  # int8 [K, N]
    scales: np.ndarray  # float32 [blocks, N]
    signed: bool = True
    exact: np.ndarray | None = None  # float32 [loud, N]


@dataclass(frozen=True)
class GroupPlan:
    """How one source is quantized. ``smoothing`` [K] divides it first, and is already in the weights.

    Integers are ``zero`` for 0 and at most ``top``. ``floor`` is None for a source with both signs; otherwise
    the row's range is max(x, floor), which keeps the small negative part inside the integers. The K inputs
    form ``blocks`` equal parts, each with a range of its own per row: a loud input then coarsens only its
    block. Inputs ``loud`` are multiplied in fp32; a plan that has some has ``smoothing`` too.
    """

    source: str
    smoothing: np.ndarray | None  # float32 [K]
    top: int
    zero: int
    floor: float | None
    products: tuple[ProductPlan, ...]
    blocks: int = 1
    loud: tuple[int, ...] = ()

    def without(self, nodes: Collection[str]) -> GroupPlan:
        """The same plan less the products of ``nodes``."""
        return replace(self, products=tuple(p for p in self.products if p.node not in nodes))

    def unsigned(self) -> GroupPlan:
        """The same plan with all weights stored unsigned."""
        return replace(self, products=tuple(replace(p, signed=False) for p in self.products))


def quantize_rows(values: np.ndarray, plan: GroupPlan) -> tuple[np.ndarray, np.ndarray]:
    """What the graph does to a source: ``values`` [n, K], already smoothed.

    Returns what the integers stand for (float32 [n, K]) and the scale of each block of a row [n, blocks].
    """
    parts = values.reshape(len(values), plan.blocks, -1)
    if plan.floor is None:
        peak = np.maximum(np.abs(parts).max(axis=2, keepdims=True), TINY)
    else:
        peak = np.maximum(parts.max(axis=2, keepdims=True), plan.floor)
    scale = (peak / (plan.top - plan.zero)).astype(np.float32)
    integers = np.clip(np.rint(parts / scale), -plan.zero, 255 - plan.zero)
    return (integers * scale).reshape(values.shape), scale[:, :, 0]


def use_row_scales(model: ModelProto, plans: Iterable[GroupPlan]) -> None:
    """Rewrite the products named in ``plans``, in place: in Optimum's int8 form, or still as MatMul.

    Raises ExportError when one is not there, or is in another form.
    """
    graph = GraphEditor(model)
    for plan in plans:
        head = _quantized_source(graph, plan)
        for product in plan.products:
            node = graph.node(f"{product.node}_quant") or graph.node(product.node)
            if node is None:
                raise ExportError(f"the graph has no product {product.node}; plan it again")
            end = _end_of_product(graph, node) if node.op_type == "MatMulInteger" else node
            graph.replace(node, [*head, *_product_nodes(graph, plan, product, end.output[0])])
            head = []
    graph.commit()
    graph.drop_unused()
    graph.need_opset(MICROSOFT, 1)


def _end_of_product(graph: GraphEditor, integers: NodeProto) -> NodeProto:
    """The last node of the form that Optimum gives a product; what follows ``integers`` is taken out."""
    chain = graph.chain(integers, "Cast", "Mul")
    if chain is None:
        tensor = integers.output[0]
        raise ExportError(f"Optimum's int8 graph has no Cast and Mul after {tensor}; update optimum-onnx")
    cast, scaled = chain
    scales = next(name for name in scaled.input if name != cast.output[0])
    graph.remove(cast, scaled, graph.producer(scales))
    return scaled


def _quantized_source(graph: GraphEditor, plan: GroupPlan) -> list[NodeProto]:
    """Nodes that turn the source [..., K] into integers and ranges.

    In one block: ``_integers`` [..., K] and ``_range`` [..., 1]. In several, which needs a source of three
    dimensions, per block b: ``_integers_b`` [·, ·, K / blocks] and ``_range_b`` [·, ·, 1].
    """
    prefix, source = f"{plan.source}_rows_", plan.source
    make = NewNodes(graph, prefix)

    def add(operator: str, *inputs: str, output: str, **options: object) -> str:
        return make.add(operator, *inputs, output=f"{prefix}{output}", **options)

    if plan.smoothing is not None:
        factors = (1.0 / plan.smoothing).astype(np.float32)
        if plan.loud:
            factors[list(plan.loud)] = 0.0
            make.nodes += loud_inputs(graph, plan)
        source = add("Mul", source, make.constant("smoothing", factors), output="smoothed")
    if plan.blocks > 1:
        shape = make.constant("block_shape", np.array([0, 0, plan.blocks, -1], dtype=np.int64))
        source = add("Reshape", source, shape, output="blocks")
    axis = make.constant("axis", np.array([-1], dtype=np.int64))
    step = make.constant("step", np.float32(1.0 / (plan.top - plan.zero)))
    zero = make.constant("zero", np.uint8(plan.zero))
    if plan.floor is None:
        # A row of zeros has no range; whatever integers it gets, they are multiplied by 0 in the end.
        peak = add("ReduceMax", add("Abs", source, output="abs"), axis, output="range", keepdims=1)
    else:
        floor = make.constant("floor", np.float32(plan.floor))
        peak = add("Max", add("ReduceMax", source, axis, output="max", keepdims=1), floor, output="range")
    integers = add("QuantizeLinear", add("Div", source, peak, output="unit"), step, zero, output="integers")
    if plan.blocks > 1:
        shape = make.constant("flat_shape", np.array([0, 0, -1], dtype=np.int64))
        flat = add("Reshape", integers, shape, output="flat")
        ranges = add("Reshape", peak, shape, output="ranges")
        make.nodes += [_split(flat, integers, plan.blocks), _split(ranges, peak, plan.blocks)]
    return make.nodes


def _product_nodes(graph: GraphEditor, plan: GroupPlan, product: ProductPlan, output: str) -> list[NodeProto]:
    """Nodes that give ``output`` = source · weight from what ``_quantized_source`` gives."""
    if plan.blocks == 1 and not plan.loud:
        return _block_product(graph, plan, product, 0, "", output)
    parts = [f"{product.node}_part_{block}" for block in range(plan.blocks)]
    nodes = [
        node
        for block, part in enumerate(parts)
        for node in _block_product(graph, plan, product, block, f"_{block}" if plan.blocks > 1 else "", part)
    ]
    if plan.loud:
        nodes.append(exact_product(graph, plan, product))
        parts.append(nodes[-1].output[0])
    total = new_node("Add" if len(parts) == 2 else "Sum", parts, output, name=f"{product.node}_int8")
    return [*nodes, total]


def _block_product(
    graph: GraphEditor, plan: GroupPlan, product: ProductPlan, block: int, suffix: str, output: str
) -> list[NodeProto]:
    """The product of one block of inputs with its rows of the weight."""
    rows = f"{plan.source}_rows"
    name, size = f"{product.node}{suffix}", len(product.integers) // plan.blocks
    shift = 0 if product.signed else 128
    integers = product.integers[block * size : (block + 1) * size].astype(np.int16) + shift
    stored = integers.astype(np.int8 if product.signed else np.uint8)
    make = NewNodes(graph, f"{name}_weight_")
    unit_rows = make.add(
        "MatMulIntegerToFloat",
        f"{rows}_integers{suffix}",
        make.constant("integers", stored),
        f"{rows}_step",
        make.constant("scales", product.scales[block].astype(np.float32)),
        f"{rows}_zero",
        make.constant("zeros", np.full(stored.shape[1], shift, dtype=stored.dtype)),
        output=f"{name}_unit_rows",
        domain=MICROSOFT,
    )
    make.add("Mul", unit_rows, f"{rows}_range{suffix}", output=output, name=f"{name}_scaled")
    return make.nodes


def loud_inputs(graph: GraphEditor, plan: GroupPlan) -> list[NodeProto]:
    """The node that gives the loud inputs [..., loud] of the source [..., K]; ``exact_product`` reads it."""
    make = NewNodes(graph, f"{plan.source}_rows_loud")
    indices = make.constant("_indices", np.array(plan.loud, dtype=np.int64))
    make.add("Gather", plan.source, indices, output=make.prefix, axis=-1)
    return make.nodes


def exact_product(graph: GraphEditor, plan: GroupPlan, product: ProductPlan) -> NodeProto:
    """The node that gives the share of the loud inputs in a product, fp32."""
    name = f"{product.node}_exact"
    if product.exact is None:
        raise ExportError(
            f"the plan of {product.node} has loud inputs and no weights for them; plan it again"
        )
    weight = graph.add_constant(f"{name}_weight", product.exact)
    return new_node("MatMul", [f"{plan.source}_rows_loud", weight], name)


def _split(source: str, parts: str, count: int) -> NodeProto:
    outputs = [f"{parts}_{number}" for number in range(count)]
    return helper.make_node("Split", [source], outputs, name=f"{parts}_split", axis=-1, num_outputs=count)
