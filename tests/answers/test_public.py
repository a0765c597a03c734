"""Typed results → public shapes."""

from __future__ import annotations

from typing import Any

import pytest

from gliner2_lite.answers.guess import format_raw
from gliner2_lite.answers.public import Shape, public_result, raw_result
from gliner2_lite.answers.types import (
    Answers,
    ClassAnswer,
    EntityAnswer,
    Label,
    RecordAnswer,
    RelationAnswer,
    Span,
)

ANN, ANN2, BOB = Span("Ann", 0.9, 0, 3), Span("ann", 0.8, 9, 12), Span("Bob", 0.7, 4, 7)


def shaped(tasks: list, *, confidence: bool = False, spans: bool = False, **names: Any) -> dict[str, Any]:
    """The public result, which is also what formatting the raw one gives."""
    answers, shape = Answers(tuple(tasks), names.get("relations", ())), Shape(confidence, spans)
    result = public_result(answers, shape)
    guessed = format_raw(
        raw_result(answers, shape),
        include_confidence=confidence,
        requested_relations=names.get("relations", ()),
        classification_tasks=names.get("classes", ()),
    )
    assert guessed == result and list(guessed) == list(result)
    return result


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
    tasks = [("entities", EntityAnswer((("person", (ANN,)),)))]
    found = shaped(tasks, confidence=confidence, spans=spans)["entities"]["person"][0]
    assert found == expected
    assert not isinstance(found, dict) or list(found) == list(expected)


def test_repeats_collapse_only_without_offsets() -> None:
    tasks = [("entities", EntityAnswer((("person", (ANN, ANN2, BOB)),)))]
    assert shaped(tasks) == {"entities": {"person": ["Ann", "Bob"]}}
    assert len(shaped(tasks, spans=True)["entities"]["person"]) == 3


def test_closed_count_gate_gives_no_label_keys() -> None:
    assert shaped([("entities", EntityAnswer(None))]) == {"entities": {}}
    assert shaped([("r", RecordAnswer(None))]) == {"r": {}}
    assert shaped([("r", RecordAnswer(()))]) == {"r": []}


def test_scalar_entities_without_answer_are_none() -> None:
    tasks = [("entities", EntityAnswer((("person", None), ("city", BOB))))]
    assert raw_result(Answers(tuple(tasks)), Shape()) == {"entities": [{"person": "", "city": "Bob"}]}
    assert shaped(tasks) == {"entities": {"person": None, "city": "Bob"}}


def test_attributes_make_dicts_and_keep_their_confidence() -> None:
    span = Span("Ann", 0.9, 0, 3, (("mood", Label("glad", 0.6)), ("tags", (Label("x", 0.7),))))
    tasks = [("entities", EntityAnswer((("person", (span,)),), has_attributes=True))]
    assert shaped(tasks)["entities"]["person"] == [
        {
            "text": "Ann",
            "mood": {"label": "glad", "confidence": 0.6},
            "tags": [{"label": "x", "confidence": 0.7}],
        }
    ]


def test_relations_are_gathered_last_and_missing_ones_are_empty() -> None:
    tasks = [
        ("knows", RelationAnswer(((ANN, BOB),))),
        ("mood", ClassAnswer((Label("glad", 0.6),), multi_label=False)),
    ]
    found = shaped(tasks, relations=("knows", "likes"), classes=("mood",))
    assert found == {"mood": "glad", "relation_extraction": {"knows": [("Ann", "Bob")], "likes": []}}
    assert list(found)[-1] == "relation_extraction"


def test_class_shapes() -> None:
    labels = (Label("a", 0.6), Label("b", 0.5))
    tasks = [("t", ClassAnswer(labels, multi_label=True))]
    assert shaped(tasks, classes=("t",)) == {"t": ["a", "b"]}
    assert shaped(tasks, classes=("t",), confidence=True) == {
        "t": [{"label": "a", "confidence": 0.6}, {"label": "b", "confidence": 0.5}]
    }


def test_a_task_that_abstained_answers_none() -> None:
    tasks = [("t", ClassAnswer((), multi_label=False))]
    assert raw_result(Answers(tuple(tasks)), Shape(True)) == {"t": None}
    assert shaped(tasks, classes=("t",)) == {"t": None}
    assert shaped(tasks, classes=("t",), confidence=True) == {"t": None}


def test_choices_have_no_offsets() -> None:
    record = RecordAnswer(((("size", Span("S", 0.6, None, None)), ("name", None)),))
    assert shaped([("r", record)], spans=True) == {"r": [{"size": "S", "name": None}]}
    assert shaped([("r", record)], spans=True, confidence=True) == {
        "r": [{"size": {"text": "S", "confidence": 0.6}, "name": None}]
    }


def test_names_that_the_reference_reads_as_a_relation() -> None:
    """It goes by the keys head and tail: entities and records with such names are gathered as relations."""
    entities = [("entities", EntityAnswer((("head", (ANN,)), ("tail", (BOB,)))))]
    assert shaped(entities) == {"relation_extraction": {"entities": [{"head": ["Ann"], "tail": ["Bob"]}]}}
    record = [("pair", RecordAnswer(((("head", ANN), ("tail", BOB)),)))]
    assert shaped(record) == {"relation_extraction": {"pair": [{"head": "Ann", "tail": "Bob"}]}}


def test_of_two_tasks_with_one_key_the_later_answers_in_the_place_of_the_first() -> None:
    tasks = [
        ("deal", RecordAnswer(())),
        ("entities", EntityAnswer(None)),
        ("deal", ClassAnswer((Label("yes", 0.9),), multi_label=False)),
    ]
    assert list(shaped(tasks, classes=("deal",)).items()) == [("deal", "yes"), ("entities", {})]


def test_merged_answers_keep_repeats_and_show_pairs_as_dicts() -> None:
    answers = Answers(
        (("entities", EntityAnswer((("person", (ANN, ANN2)),))), ("knows", RelationAnswer(((ANN, BOB),)))),
        ("knows",),
    )
    assert public_result(answers, Shape(merged=True)) == {
        "entities": {"person": ["Ann", "ann"]},
        "relation_extraction": {"knows": [{"head": "Ann", "tail": "Bob"}]},
    }
