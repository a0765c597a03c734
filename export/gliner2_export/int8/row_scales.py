"""Rewriting products: one activation scale per row, planned weights.

Optimum writes each product as DynamicQuantizeLinear → MatMulInteger → Cast → Mul: one scale for the whole
tensor. Here that becomes, per source tensor (shared by its products),

    m = max over the row of |x| (of x where it has hardly a negative part)
    q = round(x / m · (top − zero)) + zero          uint8, constant scale: x / m is bounded

and per product ``MatMulIntegerToFloat(q, W) · m``. A row's result depends on that row alone, so answers do
not depend on what else is in the batch. Where a few inputs are much louder than all others, and would coarsen
their steps, these few are left out and multiplied in fp32 (Dettmers et al. 2022, arXiv:2208.07339).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, helper, numpy_helper

from gliner2_export.int8.matmuls import consumers_of, initializers, producers_of
from gliner2_lite.errors import ExportError

MICROSOFT = "com.microsoft"
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
    """Rewrite the products named in ``plans``, in place: in Optimum's int8 form, or still as MatMul."""
    consumers, producers = consumers_of(model), producers_of(model)
    by_name = {node.name: node for node in model.graph.node}
    replaced: dict[str, list[NodeProto]] = {}  # MatMulInteger or MatMul → what takes its place
    dropped: set[str] = set()
    for plan in plans:
        head = _source_nodes(model, plan)
        for product in plan.products:
            found = by_name.get(f"{product.node}_quant") or by_name.get(product.node)
            if found is None:
                raise ExportError(f"the graph has no product {product.node}; plan it again")
            if found.op_type == "MatMulInteger":
                cast = _only(consumers, found.output[0], "Cast")
                scaled = _only(consumers, cast.output[0], "Mul")
                scales = producers[next(name for name in scaled.input if name != cast.output[0])]
                dropped.update((cast.name, scaled.name, scales.name))
                output = scaled.output[0]
            else:
                output = found.output[0]
            replaced[found.name] = [*head, *_product_nodes(model, plan, product, output)]
            head = []
    replace_nodes(model, replaced, dropped)
    _need_opset(model, MICROSOFT, 1)


def use_stored_integers(model: ModelProto, plans: Iterable[GroupPlan]) -> None:
    """Only store the weights of the planned MatMul nodes as integers, in place; products stay fp32.

    onnxruntime folds Cast, Mul and Reshape of constants when it loads the graph, so a call costs what fp32
    costs.
    """
    by_name = {node.name: node for node in model.graph.node}
    replaced: dict[str, list[NodeProto]] = {}
    for plan in plans:
        head = _loud_inputs(model, plan) if plan.loud else []
        for product in plan.products:
            node, name = by_name[product.node], product.node
            blocks, shape = len(product.scales), product.integers.shape
            _constant(model, f"{name}_weight_integers", product.integers.reshape(blocks, -1, shape[1]))
            _constant(model, f"{name}_weight_scales", product.scales[:, None])
            _constant(model, f"{name}_weight_shape", np.array(shape, dtype=np.int64))
            whole = f"{name}_weight" if plan.smoothing is None else f"{name}_weight_smoothed"
            nodes = [
                _node("Cast", [f"{name}_weight_integers"], f"{name}_weight_float", to=onnx.TensorProto.FLOAT),
                _node("Mul", [f"{name}_weight_float", f"{name}_weight_scales"], f"{name}_weight_blocks"),
                _node("Reshape", [f"{name}_weight_blocks", f"{name}_weight_shape"], whole),
            ]
            if plan.smoothing is not None:
                _constant(model, f"{name}_weight_smoothing", (1.0 / plan.smoothing)[:, None])
                nodes.append(_node("Mul", [whole, f"{name}_weight_smoothing"], f"{name}_weight"))
            stored = f"{name}_stored" if plan.loud else node.output[0]
            nodes.append(_node("MatMul", [node.input[0], f"{name}_weight"], stored, name=name))
            if plan.loud:
                exact = _exact_product(model, plan, product)
                nodes += [*head, exact, _node("Add", [stored, exact.output[0]], node.output[0])]
                head = []
            replaced[name] = nodes
    replace_nodes(model, replaced, ())


def replace_nodes(
    model: ModelProto, replaced: Mapping[str, list[NodeProto]], dropped: Collection[str]
) -> None:
    """Put ``replaced[name]`` in the place of node ``name``, take out ``dropped`` and what nothing reads."""
    nodes: list[NodeProto] = []
    for node in model.graph.node:
        if node.name in replaced:
            nodes.extend(replaced[node.name])
        elif node.name not in dropped:
            nodes.append(node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    drop_unused(model)


def _source_nodes(model: ModelProto, plan: GroupPlan) -> list[NodeProto]:
    """Nodes that turn the source [..., K] into integers and ranges.

    In one block: ``_integers`` [..., K] and ``_range`` [..., 1]. In several, which needs a source of three
    dimensions, per block b: ``_integers_b`` [·, ·, K / blocks] and ``_range_b`` [·, ·, 1].
    """
    name, source, nodes = f"{plan.source}_rows", plan.source, []
    if plan.smoothing is not None:
        factors = (1.0 / plan.smoothing).astype(np.float32)
        if plan.loud:
            factors[list(plan.loud)] = 0.0
            nodes += _loud_inputs(model, plan)
        _constant(model, f"{name}_smoothing", factors)
        nodes.append(_node("Mul", [source, f"{name}_smoothing"], f"{name}_smoothed"))
        source = f"{name}_smoothed"
    if plan.blocks > 1:
        _constant(model, f"{name}_block_shape", np.array([0, 0, plan.blocks, -1], dtype=np.int64))
        nodes.append(_node("Reshape", [source, f"{name}_block_shape"], f"{name}_blocks"))
        source = f"{name}_blocks"
    _constant(model, f"{name}_axis", np.array([-1], dtype=np.int64))
    _constant(model, f"{name}_step", np.float32(1.0 / (plan.top - plan.zero)))
    _constant(model, f"{name}_zero", np.uint8(plan.zero))
    if plan.floor is None:
        # A row of zeros has no range; whatever integers it gets, they are multiplied by 0 in the end.
        nodes += [
            _node("Abs", [source], f"{name}_abs"),
            _node("ReduceMax", [f"{name}_abs", f"{name}_axis"], f"{name}_range", keepdims=1),
        ]
    else:
        _constant(model, f"{name}_floor", np.float32(plan.floor))
        nodes += [
            _node("ReduceMax", [source, f"{name}_axis"], f"{name}_max", keepdims=1),
            _node("Max", [f"{name}_max", f"{name}_floor"], f"{name}_range"),
        ]
    nodes += [
        _node("Div", [source, f"{name}_range"], f"{name}_unit"),
        _node("QuantizeLinear", [f"{name}_unit", f"{name}_step", f"{name}_zero"], f"{name}_integers"),
    ]
    if plan.blocks > 1:
        _constant(model, f"{name}_flat_shape", np.array([0, 0, -1], dtype=np.int64))
        nodes += [
            _node("Reshape", [f"{name}_integers", f"{name}_flat_shape"], f"{name}_flat"),
            _node("Reshape", [f"{name}_range", f"{name}_flat_shape"], f"{name}_ranges"),
            _split(f"{name}_flat", f"{name}_integers", plan.blocks),
            _split(f"{name}_ranges", f"{name}_range", plan.blocks),
        ]
    return nodes


def _product_nodes(model: ModelProto, plan: GroupPlan, product: ProductPlan, output: str) -> list[NodeProto]:
    if plan.blocks == 1 and not plan.loud:
        return _block_product(model, plan, product, 0, "", output)
    parts = [f"{product.node}_part_{block}" for block in range(plan.blocks)]
    nodes = [
        node
        for block, part in enumerate(parts)
        for node in _block_product(model, plan, product, block, f"_{block}" if plan.blocks > 1 else "", part)
    ]
    if plan.loud:
        nodes.append(_exact_product(model, plan, product))
        parts.append(nodes[-1].output[0])
    return [*nodes, _node("Add" if len(parts) == 2 else "Sum", parts, output, name=f"{product.node}_int8")]


def _loud_inputs(model: ModelProto, plan: GroupPlan) -> list[NodeProto]:
    """The loud inputs [..., loud] of the source [..., K]."""
    name = f"{plan.source}_rows_loud"
    _constant(model, f"{name}_indices", np.array(plan.loud, dtype=np.int64))
    return [_node("Gather", [plan.source, f"{name}_indices"], name, axis=-1)]


def _exact_product(model: ModelProto, plan: GroupPlan, product: ProductPlan) -> NodeProto:
    """The share of the loud inputs in a product, fp32."""
    name = f"{product.node}_exact"
    if product.exact is None:
        raise ExportError(
            f"the plan of {product.node} has loud inputs and no weights for them; plan it again"
        )
    _constant(model, f"{name}_weight", product.exact)
    return _node("MatMul", [f"{plan.source}_rows_loud", f"{name}_weight"], name)


def _block_product(
    model: ModelProto, plan: GroupPlan, product: ProductPlan, block: int, suffix: str, output: str
) -> list[NodeProto]:
    """The product of one block of inputs with its rows of the weight."""
    rows = f"{plan.source}_rows"
    name, size = f"{product.node}{suffix}", len(product.integers) // plan.blocks
    shift = 0 if product.signed else 128
    integers = product.integers[block * size : (block + 1) * size].astype(np.int16) + shift
    stored = integers.astype(np.int8 if product.signed else np.uint8)
    _constant(model, f"{name}_weight_integers", stored)
    _constant(model, f"{name}_weight_scales", product.scales[block].astype(np.float32))
    _constant(model, f"{name}_weight_zeros", np.full(stored.shape[1], shift, dtype=stored.dtype))
    inputs = [
        f"{rows}_integers{suffix}",
        f"{name}_weight_integers",
        f"{rows}_step",
        f"{name}_weight_scales",
        f"{rows}_zero",
        f"{name}_weight_zeros",
    ]
    return [
        _node("MatMulIntegerToFloat", inputs, f"{name}_unit_rows", domain=MICROSOFT),
        _node("Mul", [f"{name}_unit_rows", f"{rows}_range{suffix}"], output, name=f"{name}_scaled"),
    ]


def _split(source: str, parts: str, count: int) -> NodeProto:
    outputs = [f"{parts}_{number}" for number in range(count)]
    return helper.make_node("Split", [source], outputs, name=f"{parts}_split", axis=-1, num_outputs=count)


def drop_unused(model: ModelProto) -> None:
    """Remove nodes and constants that nothing reads, and shape notes that may no longer hold."""
    wanted = {item.name for item in model.graph.output}
    kept: list[NodeProto] = []
    for node in reversed(model.graph.node):
        if any(name in wanted for name in node.output):
            kept.append(node)
            wanted.update(node.input)
    del model.graph.node[:]
    model.graph.node.extend(reversed(kept))
    constants = [tensor for tensor in model.graph.initializer if tensor.name in wanted]
    if len(constants) < len(model.graph.initializer):
        del model.graph.initializer[:]
        model.graph.initializer.extend(constants)
    del model.graph.value_info[:]


def _only(consumers: dict[str, list[NodeProto]], tensor: str, operator: str) -> NodeProto:
    found = consumers.get(tensor, [])
    if len(found) != 1 or found[0].op_type != operator:
        raise ExportError(f"Optimum's int8 graph has no {operator} after {tensor}; update optimum-onnx")
    return found[0]


def _constant(model: ModelProto, name: str, value: np.ndarray | np.generic) -> None:
    if name not in initializers(model):
        model.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))


def _node(
    operator: str,
    inputs: list[str],
    output: str,
    *,
    name: str | None = None,
    domain: str = "",
    **attributes: int,
) -> NodeProto:
    return helper.make_node(operator, inputs, [output], name=name or output, domain=domain, **attributes)


def _need_opset(model: ModelProto, domain: str, version: int) -> None:
    if all(item.domain != domain for item in model.opset_import):
        model.opset_import.append(onnx.helper.make_opsetid(domain, version))
