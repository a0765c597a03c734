"""Products of a graph: Gemms become MatMuls that compute the same, and the ones worth int8 are found."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import ModelProto

from gliner2_export.int8.matmuls import MIN_COLUMNS, Group, Product, find_groups, prepare
from tests.export.small_graphs import model, node, operators, run

RNG = np.random.default_rng(0)
X = RNG.standard_normal((3, 16)).astype(np.float32)


def matrix(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(np.float32)


def gemm(*, biased: bool = True, weight: np.ndarray | None = None, **attributes: float) -> ModelProto:
    constants = {"weight": matrix(16, 12) if weight is None else weight, "bias": matrix(12)}
    return model(
        [node("Gemm", "x weight bias" if biased else "x weight", "y", "", **attributes)],
        inputs={"x": ["n", 16]},
        outputs={"y": ["n", 12]},
        constants=constants,
    )


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("biased", [False, True])
def test_gemms_become_products_that_compute_the_same(biased: bool, transposed: bool) -> None:
    made = gemm(biased=biased, weight=matrix(12, 16) if transposed else None, transB=int(transposed))
    before = run(made, {"x": X})["y"]
    prepare(made)
    onnx.checker.check_model(made)
    assert operators(made) == (["MatMul", "Add"] if biased else ["MatMul"])
    np.testing.assert_allclose(run(made, {"x": X})["y"], before, rtol=1e-5, atol=1e-6)
    assert made.graph.node[0].name == "Gemm_0_product", "every node has a name"


@pytest.mark.parametrize("attributes", [{"alpha": 0.5}, {"beta": 2.0}])
def test_gemms_that_do_more_stay(attributes: dict[str, float]) -> None:
    made = gemm(**attributes)
    prepare(made)
    assert operators(made) == ["Gemm"]


def products() -> ModelProto:
    """Two products of x, one of y, and four that are not worth it or not of a source and a weight."""
    return model(
        [
            node("MatMul", "x wide", "y", "first"),
            node("MatMul", "x other", "z", "second"),
            node("MatMul", "y back", "w", "third"),
            node("MatMul", "x narrow", "few", "few columns"),
            node("MatMul", "x small", "tiny", "small share"),
            node("MatMul", "x xt", "square", "two activations"),
            node("MatMul", "wide back", "folded", "two constants"),
        ],
        inputs={"x": ["n", 64], "xt": [64, "n"]},
        outputs={
            "z": ["n", 32], "w": ["n", 64], "few": ["n", MIN_COLUMNS - 1], "tiny": ["n", MIN_COLUMNS],
            "square": ["n", "n"], "folded": [64, 64],
        },
        constants={
            "wide": matrix(64, 1000), "other": matrix(64, 32), "back": matrix(1000, 64),
            "narrow": matrix(64, MIN_COLUMNS - 1), "small": matrix(64, MIN_COLUMNS),
        },
    )  # fmt: skip


def test_products_are_grouped_by_their_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gliner2_export.int8.matmuls.MIN_SHARE", 0.009)
    groups = find_groups(products())
    second = Product("second", "x", "other", "z", rows=64, columns=32)
    assert groups == [
        Group("x", (Product("first", "x", "wide", "y", rows=64, columns=1000), second)),
        Group("y", (Product("third", "y", "back", "w", rows=1000, columns=64),)),
    ]
    assert groups[1].rows == 1000
