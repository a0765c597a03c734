"""Answers as data: plain values that threads can share, and what of two answers under one key counts."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest

from gliner2_lite.answers.types import (
    Answers,
    ClassAnswer,
    EntityAnswer,
    Label,
    RecordAnswer,
    RelationAnswer,
    Span,
)

ANN, BOB = Span("Ann", 0.9, 0, 3), Span("Bob", 0.7, 4, 7, (("mood", Label("glad", 0.6)),))
ALL = Answers(
    (
        ("deal", RecordAnswer(((("buyer", ANN), ("goods", (BOB,)), ("price", None)),))),
        ("entities", EntityAnswer((("person", (ANN, BOB)), ("boss", ANN)), has_attributes=True)),
        ("knows", RelationAnswer(((ANN, BOB),))),
        ("mood", ClassAnswer((Label("glad", 0.6),), multi_label=False)),
    ),
    ("knows",),
)


def test_a_later_answer_takes_the_place_of_an_earlier_one_under_its_key() -> None:
    first, second = RecordAnswer(()), ClassAnswer((Label("yes", 0.9),), multi_label=False)
    answers = Answers((("deal", first), ("entities", EntityAnswer(None)), ("deal", second)))
    assert list(answers.by_key().items()) == [("deal", second), ("entities", EntityAnswer(None))]
    assert len(answers.tasks) == 3, "what was answered stays known"


def test_renamed_answers_differ_in_their_keys_alone() -> None:
    renamed = ALL.renamed({"deal": "sale", "tone": "manner"})
    assert [key for key, _ in renamed.tasks] == ["sale", "entities", "knows", "mood"]
    assert [answer for _, answer in renamed.tasks] == [answer for _, answer in ALL.tasks]
    assert renamed.requested_relations == ("knows",) and ALL.renamed({}) is ALL


def test_pairs_stay_whose_ends_were_found_as_entities() -> None:
    small = Span("ann", 0.4, 9, 12)
    answers = Answers(
        (
            ("entities", EntityAnswer((("person", (ANN,)), ("boss", None), ("city", BOB)))),
            ("knows", RelationAnswer(((ANN, BOB), (small, BOB), (BOB, ANN)))),
            ("near", RelationAnswer(((BOB, ANN),))),
        ),
        ("knows", "near"),
    )

    def pairs(ends: Any) -> Any:
        kept = answers.between({"knows": ends}).by_key()
        assert kept["near"] == answers.by_key()["near"] and kept["entities"] == answers.by_key()["entities"]
        return kept["knows"].pairs

    assert pairs((("person",), ("city",))) == ((ANN, BOB), (small, BOB)), "by text, in any case"
    assert pairs((None, ("person", "boss"))) == ((BOB, ANN),)
    assert pairs((("boss", "missing"), None)) == ()
    assert pairs((None, None)) == answers.by_key()["knows"].pairs
    assert answers.between({}) is answers
    nothing = Answers((("entities", EntityAnswer(None)), answers.tasks[1]))
    assert nothing.between({"knows": (("person",), None)}).by_key()["knows"] == RelationAnswer(())


def test_no_answer_is_told_from_an_empty_one() -> None:
    assert Answers() == Answers((), (), ()) and Answers().by_key() == {}
    assert EntityAnswer(None) != EntityAnswer(()) and RecordAnswer(None) != RecordAnswer(())


def test_answers_are_values_equal_by_content_and_whole_after_a_pipe() -> None:
    copy = pickle.loads(pickle.dumps(ALL))
    assert copy == ALL and copy is not ALL and hash(copy) == hash(ALL)


@pytest.mark.parametrize("value", [ANN, Label("a", 1.0), ALL, *ALL.by_key().values()])
def test_nothing_of_an_answer_can_be_changed(value: object) -> None:
    name = fields(value)[0].name  # type: ignore[arg-type]
    with pytest.raises(FrozenInstanceError):
        setattr(value, name, None)
    assert not hasattr(value, "__dict__"), "a document has thousands of them"
