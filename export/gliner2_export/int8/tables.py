"""Tables of which a call reads some rows, as int8: word embeddings, and DeBERTa's position projections.

Gather(table) becomes Gather(integers) → Cast → Mul by the gathered scale, and Slice likewise; scales stand
for the last axis, so a row of one head has its own. Rows of word tables are cut into parts with a scale each,
since a few dimensions are much larger than the others in every row. Only the rows that are read are widened,
a few kilobytes per call. Word tables of very many rows go further, see ``packing.py``.
"""

from __future__ import annotations

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from gliner2_export.int8.matmuls import gathers_rows, initializers, tensor_ranks
from gliner2_export.int8.packing import FREQUENT_SHARE, RAREST_SHARE, can_pack, pack, read_packed

#: Tables with a smaller share of all constants stay as they are; sliced ones are taken together.
MIN_SHARE = 0.01
#: Columns of a word table that share a scale; 4 bytes for as many.
PART = 64
#: Shape that joins the parts of gathered rows [B, T, parts, PART] again.
WHOLE_ROWS = np.array([0, 0, -1], dtype=np.int64)
#: Tables with at least so many rows are packed: there the table is most of the file.
MIN_PACKED_ROWS = 100_000


def quantize_tables(model: ModelProto) -> list[str]:
    """Store every large table whose rows are gathered or sliced as int8, in place. Returns their names."""
    tables, ranks = initializers(model), tensor_ranks(model)
    everything = sum(int(np.prod(tensor.dims)) for tensor in tables.values())
    axes = _axes(model)
    readers: dict[str, list[NodeProto]] = {}
    spoilt: set[str] = set()
    for node in model.graph.node:
        for position, name in enumerate(node.input):
            if name not in tables:
                continue
            if position == 0 and _reads_rows(node, axes):
                readers.setdefault(name, []).append(node)
            else:
                spoilt.add(name)
    sizes = {
        name: int(np.prod(tables[name].dims))
        for name in readers
        if len(tables[name].dims) > 1 and tables[name].data_type == TensorProto.FLOAT and name not in spoilt
    }
    sliced = [name for name in sizes if any(node.op_type == "Slice" for node in readers[name])]
    together = sum(sizes[name] for name in sliced)
    chosen = [
        name
        for name, size in sizes.items()
        if (together if name in sliced else size) >= MIN_SHARE * everything
    ]
    for name in chosen:
        words = all(node.op_type == "Gather" and ranks.get(node.output[0]) == 3 for node in readers[name])
        *_, columns = shape = tables[name].dims
        in_parts = words and len(shape) == 2 and columns % PART == 0
        _split(model, tables[name], readers[name], in_parts=in_parts)
    return chosen


def _axes(model: ModelProto) -> dict[str, list[int]]:
    """Small integer constants by name: what may be the axes of a Slice."""
    constants = {tensor.name: tensor for tensor in model.graph.initializer if np.prod(tensor.dims) <= 4}
    for node in model.graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            constants[node.output[0]] = node.attribute[0].t
    return {
        name: numpy_helper.to_array(tensor).reshape(-1).tolist()
        for name, tensor in constants.items()
        if tensor.data_type in (TensorProto.INT32, TensorProto.INT64)
    }


def _reads_rows(node: NodeProto, axes: dict[str, list[int]]) -> bool:
    if node.op_type == "Slice":
        return len(node.input) > 3 and axes.get(node.input[3]) == [0]
    return gathers_rows(node)


def table_integers(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """``table`` [V, …, H] as int8 of its shape and float32 scales [V, …, 1]."""
    scales = np.maximum(np.abs(table).max(axis=-1, keepdims=True), 1e-12).astype(np.float32) / 127
    return np.clip(np.rint(table / scales), -127, 127).astype(np.int8), scales


def _split(model: ModelProto, tensor: TensorProto, readers: list[NodeProto], *, in_parts: bool) -> None:
    table, name = numpy_helper.to_array(tensor), tensor.name
    model.graph.initializer.remove(tensor)
    by_ids = all(node.op_type == "Gather" for node in readers)
    packed = by_ids and len(table) >= MIN_PACKED_ROWS and can_pack(table)
    if packed:
        count = len(table) // FREQUENT_SHARE
        frequent, rare = table_integers(table[:count]), pack(table[count:], rarest=len(table) // RAREST_SHARE)
    else:
        integers, scales = table_integers(table.reshape(len(table), -1, PART) if in_parts else table)
        if in_parts:
            model.graph.initializer.append(numpy_helper.from_array(WHOLE_ROWS, f"{name}_whole_rows"))
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
            nodes.extend(_read(node, name, in_parts=in_parts))
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _read(node: NodeProto, table: str, *, in_parts: bool) -> list[NodeProto]:
    """``node`` on the integers and again on the scales, then their product under the node's own output."""
    output = node.output[0]
    nodes = []
    for part in ("integers", "scales"):
        copy = NodeProto()
        copy.CopyFrom(node)
        copy.name, copy.input[0], copy.output[0] = (
            f"{node.name}_{part}",
            f"{table}_{part}",
            f"{output}_{part}",
        )
        nodes.append(copy)
    cast = helper.make_node("Cast", [f"{output}_integers"], [f"{output}_float"], f"{node.name}_float", to=1)
    product = f"{output}_parts" if in_parts else output
    scaled = helper.make_node("Mul", [f"{output}_float", f"{output}_scales"], [product], name=node.name)
    found = [nodes[0], cast, nodes[1], scaled]
    if in_parts:
        joined = helper.make_node("Reshape", [product, f"{table}_whole_rows"], [output], f"{node.name}_whole")
        found.append(joined)
    return found
