"""Typed results → public shapes."""

from __future__ import annotations

from typing import Any

import pytest

from gliner2_lite.answers.public import format_results, raw_results
from gliner2_lite.architectures.span.decode import (
    ClassResult,
    EntityResult,
    Label,
    RecordResult,
    RelationResult,
    Span,
)

ANN, ANN2, BOB = Span("Ann", 0.9, 0, 3), Span("ann", 0.8, 9, 12), Span("Bob", 0.7, 4, 7)


def shaped(tasks: list, *, confidence: bool = False, spans: bool = False, **names: Any) -> dict[str, Any]:
    raw = raw_results(tasks, include_confidence=confidence, include_spans=spans)
    return format_results(
        raw,
        include_confidence=confidence,
        requested_relations=names.get("relations", ()),
        classification_tasks=names.get("classes", ()),
    )


@pytest.mark.parametrize(
    ("confidence", "spans", "expected"),
    [
        (False, False, "Ann"),
        (True, False, {"text": "Ann", "confidence": 0.9}),
        (False, True, {"text": "Ann", "start": 0, "end": 3}),
        (True, True, {"text": "Ann", "confidence": 0.9, "start": 0, "end": 3}),
    ],
)
def test_item_shapes(confidence: bool, spans: bool, expected: Any) -> None:
    tasks = [("entities", EntityResult((("person", (ANN,)),)))]
    found = shaped(tasks, confidence=confidence, spans=spans)["entities"]["person"][0]
    assert found == expected
    assert not isinstance(found, dict) or list(found) == list(expected)


def test_repeats_collapse_only_without_offsets() -> None:
    tasks = [("entities", EntityResult((("person", (ANN, ANN2, BOB)),)))]
    assert shaped(tasks) == {"entities": {"person": ["Ann", "Bob"]}}
    assert len(shaped(tasks, spans=True)["entities"]["person"]) == 3


def test_closed_count_gate_gives_no_label_keys() -> None:
    assert shaped([("entities", EntityResult(None))]) == {"entities": {}}
    assert shaped([("r", RecordResult(None))]) == {"r": {}}
    assert shaped([("r", RecordResult(()))]) == {"r": []}


def test_scalar_entities_without_answer_are_none() -> None:
    tasks = [("entities", EntityResult((("person", None), ("city", BOB))))]
    assert raw_results(tasks, include_confidence=False, include_spans=False) == {
        "entities": [{"person": "", "city": "Bob"}]
    }
    assert shaped(tasks) == {"entities": {"person": None, "city": "Bob"}}


def test_attributes_make_dicts_and_keep_their_confidence() -> None:
    span = Span("Ann", 0.9, 0, 3, (("mood", Label("glad", 0.6)), ("tags", (Label("x", 0.7),))))
    tasks = [("entities", EntityResult((("person", (span,)),), has_attributes=True))]
    assert shaped(tasks)["entities"]["person"] == [
        {
            "text": "Ann",
            "mood": {"label": "glad", "confidence": 0.6},
            "tags": [{"label": "x", "confidence": 0.7}],
        }
    ]


def test_relations_are_gathered_last_and_missing_ones_are_empty() -> None:
    tasks = [
        ("knows", RelationResult(((ANN, BOB),))),
        ("mood", ClassResult((Label("glad", 0.6),), multi_label=False)),
    ]
    found = shaped(tasks, relations=("knows", "likes"), classes=("mood",))
    assert found == {"mood": "glad", "relation_extraction": {"knows": [("Ann", "Bob")], "likes": []}}
    assert list(found)[-1] == "relation_extraction"


def test_class_shapes() -> None:
    labels = (Label("a", 0.6), Label("b", 0.5))
    tasks = [("t", ClassResult(labels, multi_label=True))]
    assert shaped(tasks, classes=("t",)) == {"t": ["a", "b"]}
    assert shaped(tasks, classes=("t",), confidence=True) == {
        "t": [{"label": "a", "confidence": 0.6}, {"label": "b", "confidence": 0.5}]
    }


def test_choices_have_no_offsets() -> None:
    record = RecordResult(((("size", Span("S", 0.6, None, None)), ("name", None)),))
    assert shaped([("r", record)], spans=True) == {"r": [{"size": "S", "name": None}]}
    assert shaped([("r", record)], spans=True, confidence=True) == {
        "r": [{"size": {"text": "S", "confidence": 0.6}, "name": None}]
    }
