"""The graph editor: what it finds, and that a graph edited with it runs, computes the same and is smaller."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper

from gliner2_export.onnx_graph.edit import GraphEditor, NewNodes, gathers_rows, new_node
from tests.export.small_graphs import constants, model, node, operators, run

X = np.array([[1.0, -2.0], [3.0, -4.0]], dtype=np.float32)
TWO, ONE = np.float32(2), np.array([1.0, 1.0], dtype=np.float32)


def chain() -> ModelProto:
    """y = −(2·|x| + 1), with a shape kept by a Constant node and one node that nothing reads."""
    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [2, 2])
    return model(
        [
            node("Abs", "x", "size"),
            node("Mul", "size two", "double"),
            helper.make_node("Constant", [], ["fixed"], "fixed", value=shape),
            node("Reshape", "double fixed", "shaped"),
            node("Add", "shaped one", "more"),
            node("Neg", "more", "y", "last"),
            node("Exp", "x", "nobody reads this"),
        ],
        inputs={"x": ["rows", 2]},
        outputs={"y": ["rows", 2]},
        constants={"two": np.asarray(TWO), "one": ONE, "spare": ONE},
    )


def test_finding() -> None:
    graph = GraphEditor(chain())
    assert [item.name for item in graph.nodes("Add", "Mul")] == ["double", "more"]
    assert len(graph.nodes()) == 7
    assert graph.node("last").op_type == "Neg" and graph.node("nowhere") is None
    assert graph.producer("y").name == "last" and graph.producer("x") is None
    assert [reader.name for reader in graph.consumers("x")] == ["size", "nobody reads this"]
    assert list(graph.consumers("y")) == []
    assert graph.constant("one").dims == [2] and graph.constant("double") is None
    assert graph.value("two") == 2 and graph.value("fixed").tolist() == [2, 2] and graph.value("size") is None


def test_a_chain_is_a_line_of_only_readers() -> None:
    graph = GraphEditor(chain())
    links = graph.chain(graph.node("size"), "Mul", "Reshape", "Add")
    assert [link.name for link in links] == ["double", "shaped", "more"]
    assert graph.chain(graph.node("size"), "Mul", "Add") is None, "a Reshape lies between"
    made = chain()
    made.graph.node.append(node("Exp", "double", "also read here"))
    graph = GraphEditor(made)
    assert graph.chain(graph.node("size"), "Mul", "Reshape") is None, "two nodes read the Mul"


def test_replacing_computes_the_same_in_fewer_nodes() -> None:
    made, before = chain(), run(chain(), {"x": X})
    graph = GraphEditor(made)
    shaped, more = graph.chain(graph.node("double"), "Reshape", "Add")
    graph.remove(shaped)
    graph.replace(more, [new_node("Add", ["double", "one"], "more")])
    graph.commit()
    graph.drop_unused()
    assert operators(made) == ["Abs", "Mul", "Add", "Neg"]
    assert set(constants(made)) == {"two", "one"}
    assert np.array_equal(run(made, {"x": X})["y"], before["y"])
    assert graph.producer("shaped") is None and graph.node("nobody reads this") is None, "indexed again"


def test_new_nodes_stand_where_the_old_one_stood() -> None:
    made = chain()
    graph = GraphEditor(made)
    make = NewNodes(graph, "twice/")
    half = make.add("Mul", "size", make.constant("one", np.float32(1)))
    make.add("Add", half, half, output="double")
    graph.replace(graph.node("double"), make.nodes)
    graph.commit()
    assert operators(made)[:4] == ["Abs", "Mul", "Add", "Constant"]
    assert [item.name for item in made.graph.node[1:3]] == ["twice/Mul_0/node", "double"]
    assert constants(made)["twice/one"] == 1
    assert np.array_equal(run(made, {"x": X})["y"], run(chain(), {"x": X})["y"])


def test_an_order_that_cannot_run_is_refused() -> None:
    graph = GraphEditor(chain())
    graph.replace(graph.node("size"), [new_node("Abs", ["more"], "size")])
    with pytest.raises(ValueError, match="'size' reads 'more', which nothing before it writes"):
        graph.commit()
    with pytest.raises(ValueError, match="no single node 'size'"):
        graph.replace(new_node("Abs", ["x"], "size"), [])


def test_constants_are_stored_once_and_dropped_by_name() -> None:
    made = chain()
    graph = GraphEditor(made)
    assert graph.add_constant("two", np.float32(5)) == "two"
    assert graph.value("two") == 2, "the first one stays"
    graph.add_constant("five", np.float32(5))
    graph.drop_constants(["one", "spare"])
    assert list(constants(made)) == ["two", "five"] == [tensor.name for tensor in graph.constants()]
    with pytest.raises(KeyError):
        graph.drop_constants(["one"])


def test_what_a_branch_reads_is_kept() -> None:
    value = helper.make_tensor_value_info
    branches = {
        f"{side}_branch": helper.make_graph(
            [node("Mul", f"x {name}", f"{side}_product")], side, [],
            [value(f"{side}_product", TensorProto.FLOAT, None)],
        )
        for side, name in (("then", "two"), ("else", "negative"))
    }  # fmt: skip
    made = model(
        [
            node("Cast", "sum", "yes", to=TensorProto.BOOL),
            node("Neg", "two", "negative"),
            helper.make_node("If", ["yes"], ["y"], "choice", **branches),
        ],
        inputs={"x": [2, 2], "sum": []},
        outputs={"y": [2, 2]},
        constants={"two": np.asarray(TWO), "spare": ONE},
    )
    GraphEditor(made).drop_unused()
    assert list(constants(made)) == ["two"] and operators(made) == ["Cast", "Neg", "If"]
    assert np.array_equal(run(made, {"x": X, "sum": np.array(0, dtype=np.float32)})["y"], -2 * X)


def test_nodes_are_named_without_clashes() -> None:
    made = chain()
    for item in made.graph.node:
        item.name = ""
    made.graph.node[5].name = "Abs_0"
    GraphEditor(made).name_nodes()
    names = [item.name for item in made.graph.node]
    assert len(set(names)) == len(names) and names[:2] == ["Abs_0_", "Mul_1"]


def test_outputs_ranks_and_operator_sets() -> None:
    made = chain()
    graph = GraphEditor(made)
    assert graph.ranks()["double"] == 2
    graph.add_outputs(["double", "y", "double"])
    assert [item.name for item in made.graph.output] == ["y", "double"]
    assert np.array_equal(run(made, {"x": X})["double"], 2 * np.abs(X))
    for _ in range(2):
        graph.need_opset("com.microsoft", 1)
    assert [item.domain for item in made.opset_import] == ["", "com.microsoft"]


def test_rows_are_gathered_along_the_first_axis_only() -> None:
    assert gathers_rows(node("Gather", "table ids", "rows"))
    assert not gathers_rows(node("Gather", "table ids", "columns", axis=1))
    assert not gathers_rows(node("Slice", "table a b", "part"))
