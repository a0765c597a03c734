"""An editor of ONNX graphs for every rewriting pass: find nodes, replace them, drop what nothing reads.

A pass reads as pattern → check → rewrite::

    graph = GraphEditor(model)
    for node in graph.nodes("Gemm"):            # pattern
        if graph.constant(node.input[1]):       # check
            graph.replace(node, [...])          # rewrite
    graph.commit()

New nodes stand where the old one stood, so they may read what it could read, and the order of nodes stays
one in which they can be run; ``commit`` proves it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import onnx
from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

MICROSOFT = "com.microsoft"  # onnxruntime's operators


class GraphEditor:
    """A model that is being changed, in place.

    Look-ups show the nodes as they were when the editor was made or ``commit`` was last called; constants
    are added and dropped at once.
    """

    def __init__(self, model: ModelProto) -> None:
        self.model = model
        self._replaced: dict[str, list[NodeProto]] = {}
        self._constants = {tensor.name: tensor for tensor in model.graph.initializer}
        self._index()

    def _index(self) -> None:
        self._by_name = {node.name: node for node in self.model.graph.node}
        self._producers = {name: node for node in self.model.graph.node for name in node.output}
        self._consumers: dict[str, list[NodeProto]] = {}
        for node in self.model.graph.node:
            for name in node.input:
                self._consumers.setdefault(name, []).append(node)

    # Finding.

    def nodes(self, *operators: str) -> list[NodeProto]:
        """All nodes in the order of the graph, or those of some ``operators`` of ONNX itself."""
        every = self.model.graph.node
        return [node for node in every if not operators or (node.op_type in operators and not node.domain)]

    def node(self, name: str) -> NodeProto | None:
        """The node called ``name``."""
        return self._by_name.get(name)

    def producer(self, tensor: str) -> NodeProto | None:
        """The node that writes ``tensor``; None for inputs and constants."""
        return self._producers.get(tensor)

    def consumers(self, tensor: str) -> Sequence[NodeProto]:
        """The nodes that read ``tensor``; a node that reads it twice is listed twice."""
        return self._consumers.get(tensor, ())

    def chain(self, node: NodeProto, *operators: str) -> list[NodeProto] | None:
        """The nodes of these ``operators`` that follow ``node`` one after the other, each the only reader of
        the one before; None where the graph goes on in another way."""
        links: list[NodeProto] = []
        for operator in operators:
            readers = self.consumers((links[-1] if links else node).output[0])
            if len(readers) != 1 or readers[0].op_type != operator:
                return None
            links.append(readers[0])
        return links

    def constant(self, name: str) -> TensorProto | None:
        """The stored tensor called ``name``; None where it is computed or a graph input."""
        return self._constants.get(name)

    def constants(self) -> Iterator[TensorProto]:
        """Every stored tensor, in the order of the file."""
        yield from self.model.graph.initializer

    def value(self, name: str) -> np.ndarray | None:
        """What the tensor ``name`` always holds, stored or by a Constant node; None for others."""
        if name in self._constants:
            return numpy_helper.to_array(self._constants[name])
        node = self.producer(name)
        if node is None or node.op_type != "Constant" or node.attribute[0].name != "value":
            return None
        return numpy_helper.to_array(node.attribute[0].t)

    def ranks(self) -> dict[str, int]:
        """Number of dimensions of every tensor of which shape inference can tell."""
        light = ModelProto()
        light.CopyFrom(self.model)
        for tensor in light.graph.initializer:  # names and shapes are enough, and a proto is limited to 2 GB
            if tensor.data_type == TensorProto.FLOAT:
                tensor.ClearField("raw_data")
        inferred = onnx.shape_inference.infer_shapes(light).graph
        return {
            item.name: len(item.type.tensor_type.shape.dim)
            for item in (*inferred.value_info, *inferred.input, *inferred.output)
            if item.type.tensor_type.HasField("shape")
        }

    # Changing.

    def fresh_name(self, stem: str) -> str:
        """``stem``, lengthened until no node or tensor has that name."""
        while any(stem in names for names in (self._by_name, self._producers, self._constants)):
            stem += "_"
        return stem

    def name_nodes(self) -> None:
        """Give every node a name: replacing and quantizing go by names."""
        for number, node in enumerate(self.model.graph.node):
            if not node.name:
                node.name = self.fresh_name(f"{node.op_type}_{number}")
                self._by_name[node.name] = node

    def add_constant(self, name: str, value: np.ndarray | np.generic) -> str:
        """Store ``value`` as ``name`` and return the name. An existing constant of that name is kept."""
        if name not in self._constants:
            self.model.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
            self._constants[name] = self.model.graph.initializer[-1]
        return name

    def drop_constants(self, names: Iterable[str]) -> None:
        """Take the stored tensors ``names`` out of the model. Raises KeyError for one that is not there."""
        for name in names:
            del self._constants[name]
        stored = self.model.graph.initializer
        for place in reversed(range(len(stored))):
            if stored[place].name not in self._constants:
                del stored[place]

    def add_outputs(self, names: Iterable[str]) -> None:
        """Add the tensors ``names`` to the outputs of the graph."""
        present = {item.name for item in self.model.graph.output}
        for name in dict.fromkeys(names):
            if name not in present:
                self.model.graph.output.append(helper.make_empty_tensor_value_info(name))

    def need_opset(self, domain: str, version: int) -> None:
        """Declare the operator set ``domain`` unless the model does."""
        if all(item.domain != domain for item in self.model.opset_import):
            self.model.opset_import.append(helper.make_opsetid(domain, version))

    def replace(self, node: NodeProto, nodes: Iterable[NodeProto]) -> None:
        """At ``commit``, put ``nodes`` in the place of ``node``, which must have a name of its own."""
        if self._by_name.get(node.name) is not node:
            raise ValueError(f"the graph has no single node {node.name!r}; call name_nodes first")
        self._replaced[node.name] = list(nodes)

    def remove(self, *nodes: NodeProto) -> None:
        """At ``commit``, take ``nodes`` out."""
        for node in nodes:
            self.replace(node, [])

    def commit(self) -> None:
        """Carry out the replacements. Raises ValueError when a node would read what comes after it."""
        before = list(self.model.graph.node)
        after = [new for node in before for new in self._replaced.pop(node.name, [node])]
        del self.model.graph.node[:]
        self.model.graph.node.extend(after)
        self._index()
        self._check_order()

    def _check_order(self) -> None:
        there = {"", *self._constants, *(item.name for item in self.model.graph.input)}
        there.update(tensor.values.name for tensor in self.model.graph.sparse_initializer)
        for node in self.model.graph.node:
            missing = sorted(set(node.input) - there)
            if missing:
                raise ValueError(f"node {node.name!r} reads {missing[0]!r}, which nothing before it writes")
            there.update(node.output)

    def drop_unused(self) -> None:
        """Take out nodes and constants that nothing reads, and shape notes that may no longer hold."""
        wanted = {item.name for item in self.model.graph.output}
        kept: list[NodeProto] = []
        for node in reversed(self.model.graph.node):
            if any(name in wanted for name in node.output):
                kept.append(node)
                wanted.update(_reads(node))
        del self.model.graph.node[:]
        self.model.graph.node.extend(reversed(kept))
        self.drop_constants([name for name in self._constants if name not in wanted])
        del self.model.graph.value_info[:]
        self._index()


class NewNodes:
    """Collects new nodes, which are to replace others; ``add`` returns the name of the node's output."""

    def __init__(self, graph: GraphEditor, prefix: str) -> None:
        """``prefix`` begins the names of constants, and of tensors that nobody names."""
        self.graph = graph
        self.prefix = prefix
        self.nodes: list[NodeProto] = []

    def constant(self, name: str, value: np.ndarray | np.generic) -> str:
        """Store ``value`` under the prefix and ``name``; returns the whole name."""
        return self.graph.add_constant(f"{self.prefix}{name}", value)

    def add(self, operator: str, *inputs: str, output: str = "", name: str = "", **options: object) -> str:
        """A further node that reads ``inputs`` and writes ``output``; ``options`` as for ``new_node``."""
        if not output:
            output = f"{self.prefix}{operator}_{len(self.nodes)}"
            name = name or f"{output}/node"
        self.nodes.append(new_node(operator, inputs, output, name=name, **options))
        return output


def new_node(
    operator: str,
    inputs: Sequence[str],
    output: str,
    *,
    name: str | None = None,
    domain: str | None = None,
    **attributes: object,
) -> NodeProto:
    """A node that writes ``output``, called ``name`` or like its output. ``domain`` None is ONNX itself."""
    return helper.make_node(
        operator, list(inputs), [output], name=name or output, domain=domain, **attributes
    )


def gathers_rows(node: NodeProto) -> bool:
    """Whether ``node`` reads whole rows of its first input, by their numbers."""
    axis = next((item.i for item in node.attribute if item.name == "axis"), 0)
    return node.op_type == "Gather" and axis == 0


def _reads(node: NodeProto) -> Iterator[str]:
    """Names of the tensors that ``node`` reads, also within the graphs of an If or Loop."""
    yield from node.input
    for attribute in node.attribute:
        if attribute.type == AttributeProto.GRAPH:
            yield from (item.name for item in attribute.g.output)
            for inner in attribute.g.node:
                yield from _reads(inner)
