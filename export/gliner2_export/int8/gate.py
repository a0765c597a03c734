"""int8 within bounds: quantize, measure, and use less int8 step by step until the bounds hold.

Steps: all products int8; then the products that cost most accuracy for the time they save stay fp32, more of
them each time; then all weights are stored as int8 and computed in fp32. If that is not enough either, the
bounds cannot be met and nothing is exported.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import PretrainedConfig

from gliner2_export.int8.quantize import GRIDS, Int8Plan, product_costs, saturates, write_int8
from gliner2_export.quality.evaluator import Question
from gliner2_export.quality.metrics import Comparison
from gliner2_export.quality.report import FP32, INT8, Model, compare
from gliner2_lite.errors import ExportError

log = logging.getLogger("gliner2_export")

#: Calibration texts on which single products are judged.
JUDGED_TEXTS = 40
#: Rounds of taking out products; each aims lower by what the last one missed.
ROUNDS = 4
#: What the estimate aims at, as a share of the bound.
MARGIN = 0.9


@dataclass(frozen=True)
class Bounds:
    """What int8 may cost against fp32 on held-out texts; None does not bind.

    ``max_delta``: 99 of 100 probabilities differ by at most this. ``max_changed``: the
    largest share of answers that differ, are missing or are new.
    """

    max_delta: float | None = None
    max_changed: float | None = None

    def excess(self, comparison: Comparison) -> float:
        """The largest ratio of a measured value to its bound: at most 1 when the bounds hold."""
        delta = 0.0 if self.max_delta is None else comparison.delta()["p99"] / self.max_delta
        changed = 0.0 if self.max_changed is None else comparison.changed() / self.max_changed
        return max(delta, changed)

    def missed(self, comparison: Comparison) -> str:
        """The bounds that do not hold, as they were asked for: ``--max-changed 0.01``."""
        alone = {
            f"--max-delta {self.max_delta}": Bounds(max_delta=self.max_delta),
            f"--max-changed {self.max_changed}": Bounds(max_changed=self.max_changed),
        }
        return ", ".join(name for name, bound in alone.items() if bound.excess(comparison) > 1)

    def check(self) -> None:
        """Raise ExportError unless both are shares."""
        for name, value in (("--max-delta", self.max_delta), ("--max-changed", self.max_changed)):
            if value is not None and not 0 < value <= 1:
                raise ExportError(f"{name} must be above 0 and at most 1, got {value}")


@dataclass(frozen=True)
class Int8Result:
    """What was written, and the ``steps`` that led there, in words.

    ``measured`` is the graph to measure here: the one that was written, or its twin for this CPU.
    """

    comparison: Comparison
    measured: Path
    kept: tuple[str, ...]
    weights_only: bool
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Setting:
    """The fixed part of every attempt. ``load`` makes a model of a graph file; ``scratch`` is a directory for
    files that are not part of the bundle."""

    fp32_graph: Path
    out: Path
    plan: Int8Plan
    encoder_config: PretrainedConfig
    fp32: Model
    load: Callable[[Path], Model]
    held_out: Sequence[Question]
    calibration: Sequence[Question]
    scratch: Path

    def write(self, *, keep: Collection[str], weights_only: bool) -> Path:
        """Write the graph. Returns the one to measure: weights in the full signed range would saturate on a
        CPU that the graph is not for, so there a twin with the same weights stored unsigned stands in."""

        def write(out: Path, *, unsigned: bool) -> Path:
            write_int8(
                self.fp32_graph,
                out,
                self.plan,
                encoder_config=self.encoder_config,
                keep=keep,
                weights_only=weights_only,
                unsigned=unsigned,
            )
            return out

        written = write(self.out, unsigned=False)
        if weights_only or GRIDS[self.plan.target].pairs or not saturates():
            return written
        return write(self.scratch / "unsigned.onnx", unsigned=True)


def quantize_within(setting: Setting, bounds: Bounds) -> Int8Result:
    """Write ``setting.out`` so that ``bounds`` hold on the held-out texts.

    Raises ExportError when even weight-only int8 misses them; the caller discards what was written.
    """
    bounds.check()
    steps: list[str] = []
    comparison, graph = _attempt(setting, keep=(), weights_only=False)
    excess = bounds.excess(comparison)
    if excess <= 1:
        return Int8Result(comparison, graph, (), False, ())
    steps.append(f"all products in int8: {_figures(comparison)}, over the bounds")
    log.info("  %s; judging the products one by one", steps[-1])
    costs = judged_products(setting)
    aim = MARGIN / excess
    kept: tuple[str, ...] = ()
    for _ in range(ROUNDS):
        chosen = worst_products(setting.plan, costs, aim)
        if len(chosen) <= len(kept):  # the estimate sees nothing more to gain
            break
        kept = chosen
        comparison, graph = _attempt(setting, keep=kept, weights_only=False)
        excess = bounds.excess(comparison)
        steps.append(f"{len(kept)} of {len(costs)} int8 products kept in fp32: {_figures(comparison)}")
        log.info("  %s", steps[-1])
        if excess <= 1:
            return Int8Result(comparison, graph, kept, False, tuple(steps))
        aim *= MARGIN / excess
    comparison, graph = _attempt(setting, keep=(), weights_only=True)
    steps.append(f"weights stored as int8, products computed in fp32: {_figures(comparison)}")
    log.info("  %s", steps[-1])
    if bounds.excess(comparison) <= 1:
        return Int8Result(comparison, graph, (), True, tuple(steps))
    raise ExportError(
        f"int8 cannot stay within the bounds (missed to the end: {bounds.missed(comparison)}): "
        f"{'; '.join(steps)}. Raise what was missed, or export --variants fp32"
    )


def judged_products(setting: Setting) -> dict[str, float]:
    """Mean |Δp| on calibration texts when only this product is quantized, per product node."""
    every = max(1, len(setting.calibration) // JUDGED_TEXTS)
    questions = setting.calibration[::every]

    def score(graph: Path) -> float:
        models = {FP32: setting.fp32, INT8: setting.load(graph)}
        return compare(models, questions)[INT8, FP32].delta()["mean"]

    return product_costs(setting.fp32_graph, setting.plan, score, place=setting.scratch)


def worst_products(plan: Int8Plan, costs: dict[str, float], aim: float) -> tuple[str, ...]:
    """The products to keep in fp32 so that the error falls to ``aim`` times its size.

    Errors of products are nearly independent, so their squares add up; those with the largest square
    per multiplication go first.
    """
    sizes = {p.node: p.integers.size for group in plan.groups for p in group.products}
    order = sorted(costs, key=lambda node: costs[node] ** 2 / sizes[node], reverse=True)
    left = total = sum(cost**2 for cost in costs.values())
    chosen: list[str] = []
    for node in order:
        if left <= aim**2 * total:
            break
        chosen.append(node)
        left -= costs[node] ** 2
    return tuple(chosen)


def describe(result: Int8Result, bounds: Bounds) -> dict[str, Any]:
    """The section of ``quality.json`` on the bounds and the steps that led to the graph."""
    return {
        "bounds": {"max_delta": bounds.max_delta, "max_changed": bounds.max_changed},
        "steps": list(result.steps),
        "fp32_products": list(result.kept),
        "weights_only": result.weights_only,
    }


def _attempt(setting: Setting, *, keep: Collection[str], weights_only: bool) -> tuple[Comparison, Path]:
    graph = setting.write(keep=keep, weights_only=weights_only)
    models = {FP32: setting.fp32, INT8: setting.load(graph)}
    return compare(models, setting.held_out)[INT8, FP32], graph


def _figures(comparison: Comparison) -> str:
    return (
        f"99 % of probabilities within {comparison.delta()['p99']:.3f}, "
        f"{100 * comparison.changed():.1f} % of answers changed"
    )
