"""Figures of a comparison: what counts as the same answer, a changed one, a visible difference."""

from __future__ import annotations

import numpy as np
import pytest

from gliner2_export.quality.metrics import VISIBLE, Comparison, answers_of
from gliner2_lite.answers.types import (
    ClassAnswer,
    EntityAnswer,
    Label,
    RecordAnswer,
    RelationAnswer,
    Span,
)

ANN, BOB, RED = Span("Ann", 0.9, 0, 3), Span("Bob", 0.8, 8, 11), Span("red", 0.7, None, None)


def test_answers_say_what_where_and_for_which_field() -> None:
    labels = ClassAnswer((Label("good", 0.9), Label("new", 0.6)), multi_label=True)
    assert answers_of("mood", labels) == [("labels", "mood", "good"), ("labels", "mood", "new")]
    entities = EntityAnswer((("person", (ANN, BOB)), ("city", ()), ("boss", ANN), ("pet", None)))
    assert answers_of("entities", entities) == [
        ("entities", "entities", "person", "0", "Ann"),
        ("entities", "entities", "person", "8", "Bob"),
        ("entities", "entities", "boss", "0", "Ann"),
    ]
    assert answers_of("knows", RelationAnswer(((ANN, BOB),))) == [
        ("relations", "knows", "0", "Ann", "8", "Bob")
    ]
    records = RecordAnswer(((("name", ANN), ("colour", RED)), (("name", BOB), ("colour", None))))
    assert answers_of("car", records) == [
        ("records", "car", "0", "name", "0", "Ann"),
        ("records", "car", "0", "colour", "choice", "red"),
        ("records", "car", "1", "name", "8", "Bob"),
    ]
    assert answers_of("entities", EntityAnswer(None)) == [] == answers_of("car", RecordAnswer(None))


def test_only_visible_cells_count() -> None:
    comparison = Comparison()
    comparison.add_cells(np.array([0.9, 0.01, 0.02]), np.array([0.8, 0.02, 0.5]))
    comparison.add_cells(np.array([0.2]), np.array([0.2]))
    delta = comparison.delta()
    assert delta["cells"] == 3, f"both below {VISIBLE}: left out"
    assert delta["max"] == pytest.approx(0.48) and delta["mean"] == pytest.approx((0.1 + 0.48 + 0) / 3)
    assert Comparison().delta() == {"max": 0.0, "mean": 0.0, "p99": 0.0, "cells": 0}


def test_another_answer_instead_of_one_is_one_change() -> None:
    comparison = Comparison()
    comparison.add_answers(
        [("labels", "mood", "good"), ("entities", "entities", "person", "0", "Ann")],
        [("labels", "mood", "bad"), ("entities", "entities", "person", "0", "Ann")],
    )
    assert comparison.changed() == 0.5 and comparison.f1() == 0.5
    assert comparison.changed(["labels"]) == 1.0 and comparison.changed(["entities"]) == 0.0
    # A mention for another type is one missing there and one new here.
    comparison.add_answers(
        [("entities", "entities", "person", "8", "Bob")], [("entities", "entities", "pet", "8", "Bob")]
    )
    assert comparison.changed(["entities"]) == pytest.approx(2 / 3)


def test_equal_answers_are_counted_as_often_as_they_are_given() -> None:
    comparison = Comparison()
    twice = [("relations", "knows", "0", "Ann", "8", "Bob")] * 2
    comparison.add_answers(twice, twice[:1])
    assert comparison.f1() == pytest.approx(2 / 3) and comparison.changed() == 0.5


def test_the_report_has_the_kinds_that_were_asked_for() -> None:
    comparison = Comparison()
    comparison.add_answers([("labels", "mood", "good")], [("labels", "mood", "good")])
    report = comparison.as_dict()
    assert (report["answers"], report["changed"], report["f1"]) == (1, 0.0, 1.0)
    assert report["by_kind"] == {"labels": {"answers": 1, "changed": 0.0, "f1": 1.0}}
    assert Comparison().f1() == 1.0 and Comparison().changed() == 0.0
