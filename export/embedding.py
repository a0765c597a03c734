"""Embedding tables as int8 with one scale per row: half of a base model is such a table.

Gather(table) becomes Gather(integers) → Cast → Mul by the gathered scale. Only the rows of the text are
ever converted, so the cost is a few kilobytes per call. Tables of very many rows go further, see
``packing.py``.
"""

from __future__ import annotations

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from gliner2_export.packing import FREQUENT_SHARE, can_pack, pack, read_packed
from gliner2_export.products import initializers

#: Tables with a smaller share of all constants stay as they are.
MIN_SHARE = 0.01
#: Tables with at least so many rows are packed: there the table is most of the file.
MIN_PACKED_ROWS = 100_000


def quantize_tables(model: ModelProto) -> list[str]:
    """Store every large table that is read by Gather as int8, in place. Returns the tables' names."""
    tables = initializers(model)
    everything = sum(int(np.prod(tensor.dims)) for tensor in tables.values())
    readers: dict[str, list[NodeProto]] = {}
    for node in model.graph.node:
        for position, name in enumerate(node.input):
            if name in tables:
                readers.setdefault(name, []).append(node if position == 0 else NodeProto())
    chosen = []
    for name, nodes in readers.items():
        tensor = tables[name]
        if tensor.data_type != TensorProto.FLOAT or len(tensor.dims) != 2:
            continue
        if int(np.prod(tensor.dims)) < MIN_SHARE * everything or not all(map(_reads_rows, nodes)):
            continue
        _split(model, tensor, nodes)
        chosen.append(name)
    return chosen


def _reads_rows(node: NodeProto) -> bool:
    axis = next((item.i for item in node.attribute if item.name == "axis"), 0)
    return node.op_type == "Gather" and axis == 0


def table_integers(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """``table`` [V, H] as int8 [V, H] and float32 scales [V, 1]."""
    scales = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-12).astype(np.float32) / 127
    return np.clip(np.rint(table / scales), -127, 127).astype(np.int8), scales


def _split(model: ModelProto, tensor: TensorProto, readers: list[NodeProto]) -> None:
    table, name = numpy_helper.to_array(tensor), tensor.name
    model.graph.initializer.remove(tensor)
    packed = len(table) >= MIN_PACKED_ROWS and can_pack(table)
    if packed:
        count = len(table) // FREQUENT_SHARE
        frequent, rare = table_integers(table[:count]), pack(table[count:])
    else:
        integers, scales = table_integers(table)
        model.graph.initializer.append(numpy_helper.from_array(integers, f"{name}_integers"))
        model.graph.initializer.append(numpy_helper.from_array(scales, f"{name}_scales"))
    nodes: list[NodeProto] = []
    reading = {node.name for node in readers}
    for node in model.graph.node:
        if node.name not in reading:
            nodes.append(node)
        elif packed:
            read = read_packed(frequent, rare, ids=node.input[1], output=node.output[0])
            model.graph.initializer.extend(read.constants)
            nodes.extend(read.nodes)
        else:
            nodes.extend(_read(node, name))
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _read(node: NodeProto, table: str) -> list[NodeProto]:
    rows, output = node.input[1], node.output[0]
    return [
        helper.make_node(
            "Gather", [f"{table}_integers", rows], [f"{output}_integers"], f"{node.name}_integers"
        ),
        helper.make_node("Cast", [f"{output}_integers"], [f"{output}_float"], f"{node.name}_float", to=1),
        helper.make_node("Gather", [f"{table}_scales", rows], [f"{output}_scales"], f"{node.name}_scales"),
        helper.make_node("Mul", [f"{output}_float", f"{output}_scales"], [output], name=node.name),
    ]
