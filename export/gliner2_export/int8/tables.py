"""Storing tables of which a call reads few rows as int8: word embeddings, DeBERTa's position projections.

Gather(table) becomes Gather(integers) → Cast → Mul by the gathered scale, and Slice likewise; scales stand
for the last axis, so a row of one head has its own. Rows of word tables are cut into parts with a scale each,
since a few dimensions are much larger than the others in every row. Only the rows that are read are widened,
a few kilobytes per call. Word tables of very many rows go further, see ``packing.py``.
"""

from __future__ import annotations

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, numpy_helper

from gliner2_export.int8.packing import FREQUENT_SHARE, RAREST_SHARE, can_pack, pack, read_packed
from gliner2_export.onnx_graph.edit import GraphEditor, gathers_rows, new_node

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
    graph = GraphEditor(model)
    ranks, readers = graph.ranks(), _tables(graph)
    chosen = _large_ones(graph, readers)
    for name in chosen:
        words = all(node.op_type == "Gather" and ranks.get(node.output[0]) == 3 for node in readers[name])
        *_, columns = shape = graph.constant(name).dims
        in_parts = words and len(shape) == 2 and columns % PART == 0
        _store(graph, name, readers[name], in_parts=in_parts)
    graph.commit()
    return chosen


def _tables(graph: GraphEditor) -> dict[str, list[NodeProto]]:
    """Constants of which nothing but rows is read, and the nodes that do it, in the order of the graph."""
    readers: dict[str, list[NodeProto]] = {}
    spoilt: set[str] = set()
    for node in graph.nodes():
        for position, name in enumerate(node.input):
            if graph.constant(name) is None:
                continue
            if position == 0 and _reads_rows(graph, node):
                readers.setdefault(name, []).append(node)
            else:
                spoilt.add(name)
    return {name: nodes for name, nodes in readers.items() if name not in spoilt}


def _large_ones(graph: GraphEditor, readers: dict[str, list[NodeProto]]) -> list[str]:
    everything = sum(int(np.prod(tensor.dims)) for tensor in graph.constants())
    tables = {name: graph.constant(name) for name in readers}
    sizes = {
        name: int(np.prod(tensor.dims))
        for name, tensor in tables.items()
        if len(tensor.dims) > 1 and tensor.data_type == TensorProto.FLOAT
    }
    sliced = [name for name in sizes if any(node.op_type == "Slice" for node in readers[name])]
    together = sum(sizes[name] for name in sliced)
    return [
        name
        for name, size in sizes.items()
        if (together if name in sliced else size) >= MIN_SHARE * everything
    ]


def _reads_rows(graph: GraphEditor, node: NodeProto) -> bool:
    """Whether ``node`` reads whole rows of its first input: a Gather, or a Slice of the first axis."""
    if node.op_type != "Slice":
        return gathers_rows(node)
    axes = graph.value(node.input[3]) if len(node.input) > 3 else None
    return axes is not None and axes.reshape(-1).tolist() == [0]


def table_integers(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """``table`` [V, …, H] as int8 of its shape and float32 scales [V, …, 1]."""
    scales = np.maximum(np.abs(table).max(axis=-1, keepdims=True), 1e-12).astype(np.float32) / 127
    return np.clip(np.rint(table / scales), -127, 127).astype(np.int8), scales


def _store(graph: GraphEditor, name: str, readers: list[NodeProto], *, in_parts: bool) -> None:
    """Put integers in the place of the table ``name``, and in that of its ``readers`` what widens them."""
    table = numpy_helper.to_array(graph.constant(name))
    graph.drop_constants([name])
    by_ids = all(node.op_type == "Gather" for node in readers)
    if by_ids and len(table) >= MIN_PACKED_ROWS and can_pack(table):
        count = len(table) // FREQUENT_SHARE
        frequent, rare = table_integers(table[:count]), pack(table[count:], rarest=len(table) // RAREST_SHARE)
        for node in readers:
            graph.replace(node, read_packed(graph, frequent, rare, ids=node.input[1], output=node.output[0]))
        return
    integers, scales = table_integers(table.reshape(len(table), -1, PART) if in_parts else table)
    if in_parts:
        graph.add_constant(f"{name}_whole_rows", WHOLE_ROWS)
    graph.add_constant(f"{name}_integers", integers)
    graph.add_constant(f"{name}_scales", scales)
    for node in readers:
        graph.replace(node, _read(node, name, in_parts=in_parts))


def _read(node: NodeProto, table: str, *, in_parts: bool) -> list[NodeProto]:
    """``node`` on the integers and again on the scales, then their product as what ``node`` wrote."""
    output = node.output[0]
    copies = []
    for part in ("integers", "scales"):
        copy = NodeProto()
        copy.CopyFrom(node)
        copy.name, copy.input[0], copy.output[0] = (
            f"{node.name}_{part}",
            f"{table}_{part}",
            f"{output}_{part}",
        )
        copies.append(copy)
    integers, scales = copies
    product = f"{output}_parts" if in_parts else output
    nodes = [
        integers,
        new_node(
            "Cast", [f"{output}_integers"], f"{output}_float", name=f"{node.name}_float", to=TensorProto.FLOAT
        ),
        scales,
        new_node("Mul", [f"{output}_float", f"{output}_scales"], product, name=node.name),
    ]
    if in_parts:
        whole = f"{table}_whole_rows"
        nodes.append(new_node("Reshape", [product, whole], output, name=f"{node.name}_whole"))
    return nodes
