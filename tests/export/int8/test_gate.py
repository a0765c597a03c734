"""The gate: bounds, which products go back to fp32, and the steps down to weights alone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from gliner2_export.int8 import gate
from gliner2_export.int8.gate import Bounds, Int8Result, Setting, describe, quantize_within, worst_products
from gliner2_export.int8.quantize import Int8Plan
from gliner2_export.int8.row_scales import GroupPlan, ProductPlan
from gliner2_export.quality.metrics import Comparison
from gliner2_lite.errors import ExportError

COSTS = {"a": 0.04, "b": 0.03, "c": 0.01, "d": 0.0}


def plan(**rows: int) -> Int8Plan:
    """One product per name, of so many rows and one column."""
    products = tuple(
        ProductPlan(name, np.zeros((count, 1), dtype=np.int8), np.ones((1, 1), dtype=np.float32))
        for name, count in rows.items()
    )
    return Int8Plan("any", (GroupPlan("x", None, 255, 128, None, products),))


PLAN = plan(a=1, b=1, c=1, d=1)


def measured(delta: float, changed: float = 0.0) -> Comparison:
    comparison = Comparison()
    comparison.add_cells(np.full(100, 0.5), np.full(100, 0.5 + delta))
    comparison.larger["labels"], comparison.differing["labels"] = 1000, round(1000 * changed)
    return comparison


@dataclass
class Attempts:
    """Stands in for writing and measuring: the error of a graph is that of its int8 products together."""

    weights_only_delta: float = 0.001
    tables: float = 0.0  # error that no product has to answer for
    made: list[tuple[tuple[str, ...], bool]] = field(default_factory=list)

    def __call__(
        self, setting: Setting, *, keep: Collection[str], weights_only: bool
    ) -> tuple[Comparison, Path]:
        self.made.append((tuple(keep), weights_only))
        squares = sum(cost**2 for name, cost in COSTS.items() if name not in keep)
        delta = self.weights_only_delta if weights_only else (squares + self.tables**2) ** 0.5
        return measured(delta), Path("written.onnx")


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> Attempts:
    stand_in = Attempts()
    monkeypatch.setattr(gate, "_attempt", stand_in)
    monkeypatch.setattr(gate, "judged_products", lambda setting: COSTS)
    return stand_in


def within(bounds: Bounds) -> Int8Result:
    nowhere = Path("nowhere")
    return quantize_within(Setting(nowhere, nowhere, PLAN, None, None, None, [], [], nowhere), bounds)


def test_excess_is_that_of_the_tighter_bound() -> None:
    comparison = measured(0.02, changed=0.03)
    assert Bounds().excess(comparison) == 0.0, "None does not bind"
    assert Bounds(max_delta=0.01).excess(comparison) == pytest.approx(2.0)
    assert Bounds(max_delta=0.04, max_changed=0.01).excess(comparison) == pytest.approx(3.0)


def test_a_missed_bound_is_told_with_its_value_and_no_other() -> None:
    comparison = measured(0.02, changed=0.03)
    assert Bounds().missed(comparison) == ""
    assert Bounds(max_delta=0.04, max_changed=0.01).missed(comparison) == "--max-changed 0.01"
    assert Bounds(max_delta=0.01).missed(comparison) == "--max-delta 0.01"
    assert Bounds(0.01, 0.02).missed(comparison) == "--max-delta 0.01, --max-changed 0.02"


@pytest.mark.parametrize("bounds", [Bounds(max_delta=0.0), Bounds(max_changed=1.5), Bounds(max_delta=-1.0)])
def test_bounds_are_shares(bounds: Bounds) -> None:
    with pytest.raises(ExportError, match="must be above 0 and at most 1, got"):
        bounds.check()
    Bounds(max_delta=1.0, max_changed=0.5).check()


def test_products_that_cost_most_per_multiplication_go_first() -> None:
    assert worst_products(PLAN, COSTS, 1.0) == ()
    assert worst_products(PLAN, COSTS, 0.7) == ("a",)
    assert worst_products(PLAN, COSTS, 0.3) == ("a", "b")
    assert worst_products(PLAN, COSTS, 0.0) == ("a", "b", "c")
    large = plan(a=100, b=1, c=1, d=1)
    assert worst_products(large, COSTS, 0.9) == ("b",), "a is a hundred times as large"


def test_bounds_that_hold_need_no_steps(attempts: Attempts) -> None:
    result = within(Bounds(max_delta=0.06))
    assert attempts.made == [((), False)]
    assert (result.kept, result.weights_only, result.steps) == ((), False, ())
    assert result.measured == Path("written.onnx")


def test_the_worst_products_stay_fp32_until_the_bounds_hold(attempts: Attempts) -> None:
    bounds = Bounds(max_delta=0.037)
    result = within(bounds)
    assert result.kept == ("a",) and not result.weights_only
    assert attempts.made == [((), False), (("a",), False)]
    assert result.comparison.delta()["p99"] <= 0.037
    assert result.steps[0].startswith("all products in int8: 99 % of probabilities within 0.051")
    assert result.steps[1].startswith("1 of 4 int8 products kept in fp32")
    assert describe(result, bounds) == {
        "bounds": {"max_delta": 0.037, "max_changed": None},
        "steps": list(result.steps),
        "fp32_products": ["a"],
        "weights_only": False,
    }


def test_an_estimate_that_missed_aims_lower(attempts: Attempts) -> None:
    """A part of the error is not that of the products, so taking out what was estimated is not enough."""
    attempts.tables = 0.0283
    result = within(Bounds(max_delta=0.0403))
    assert [keep for keep, _ in attempts.made] == [(), ("a",), ("a", "b")]
    assert result.kept == ("a", "b") and not result.weights_only and len(result.steps) == 3


def test_weights_alone_are_the_last_resort(attempts: Attempts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "judged_products", lambda setting: dict.fromkeys(COSTS, 0.0))
    result = within(Bounds(max_delta=0.02))
    assert result.weights_only and result.kept == ()
    assert attempts.made == [((), False), ((), True)], "the estimate saw nothing to gain"


def test_bounds_that_cannot_be_met_are_an_error_with_every_step(attempts: Attempts) -> None:
    attempts.weights_only_delta, attempts.tables = 0.5, 0.02
    with pytest.raises(
        ExportError, match=r"int8 cannot stay within the bounds .*weights stored as int8.*Raise"
    ) as caught:
        within(Bounds(max_delta=0.005))
    assert "(missed to the end: --max-delta 0.005): " in str(caught.value)
    assert "None" not in str(caught.value)
    kept = [len(keep) for keep, _ in attempts.made]
    assert kept[:-1] == sorted(set(kept[:-1])), "more of them each time"
    assert attempts.made[-1] == ((), True)
