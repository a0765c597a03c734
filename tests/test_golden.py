"""Answers and prompts of the reference, replayed on the stored bundles: equal but for rounding."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gliner2_lite import GLiNER2
from tests.golden import replay
from tests.golden.accepted import accepted
from tests.golden.compare import has_answer
from tests.golden.store import bundled_names, load_record, record_path, recorded_names, unpack_bundle

LEAST_CASES = 400
POOLINGS = {"first", "mean", "max"}


@cache
def record(name: str) -> dict[str, Any]:
    return load_record(record_path(name))


def stored_cases() -> list[Any]:
    return [
        pytest.param(name, case, id=f"{name}/{case['id']}")
        for name in bundled_names()
        for case in record(name)["cases"]
    ]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, GLiNER2]:
    out: Path = tmp_path_factory.mktemp("bundles")
    return {name: replay.load_model(unpack_bundle(name, out)) for name in bundled_names()}


@pytest.mark.parametrize(("name", "case"), stored_cases())
def test_golden(models: dict[str, GLiNER2], name: str, case: dict[str, Any]) -> None:
    problems = replay.problems(models[name], case, pooling=record(name)["token_pooling"])
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)


def test_words_that_are_refused_here_are_recorded_as_well() -> None:
    """The two kinds of words and the field text, spelt another way: these cases check the refusal."""
    assert accepted({"a": [{"class_act": "unknown"}], "dtype": "STR"}) == {
        "a": [{"class_act": "auto"}], "dtype": "str",
    }  # fmt: skip
    usual = {"a": [{"class_act": "auto", "dtype": "list"}], "b": ["x::str", "STR"]}
    assert accepted(usual) is usual
    cases = [case for name in bundled_names() for case in record(name)["cases"]]
    respelt = [case["id"] for case in cases if accepted(case["args"]) is not case["args"]]
    assert len(respelt) >= 6, respelt


def test_enough_is_recorded() -> None:
    """What the data promises: many cases, most with an answer, on checkpoints of every pooling."""
    cases = [case for name in bundled_names() for case in record(name)["cases"] if "expected" in case]
    assert len(cases) >= LEAST_CASES
    assert sum(has_answer(case["expected"]) for case in cases) > 0.6 * len(cases)
    assert {record(name)["token_pooling"] for name in bundled_names()} == POOLINGS
    assert set(bundled_names()) < set(recorded_names()), "a bundle without its cases"


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        ({"a": [], "b": []}, {"b": [], "a": []}),
        ([("x", "y")], [["x", "y"]]),
        ({"start": 3}, {"start": 3.0}),
        ({"confidence": 0.5}, {"confidence": 0.5002}),
        ({"confidence": 0.5}, {"confidence": float("nan")}),
        ({"a": None}, {"a": ""}),
        ({"a": []}, {"a": {}}),
        (["x"], ["x", "x"]),
        (True, 1),
    ],
)
def test_comparison_sees(expected: Any, got: Any) -> None:
    """The comparison itself: order of keys, types, and floats beyond the tolerance are differences."""
    assert replay.compare(expected, got).problems


def test_comparison_allows_rounding_only() -> None:
    comparison = replay.compare({"a": [("x", 0.5)]}, {"a": [("x", 0.50005)]})
    assert not comparison.problems
    assert comparison.largest == pytest.approx(5e-5)
