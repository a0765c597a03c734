"""How the answers of windows become those of their document."""

from __future__ import annotations

from typing import Any

import pytest

from gliner2_lite.answers.public import Shape, public_result
from gliner2_lite.answers.types import (
    Answers,
    ClassAnswer,
    EntityAnswer,
    Label,
    RecordAnswer,
    RelationAnswer,
    Span,
    TaskAnswer,
)
from gliner2_lite.answers.windows import merge_windows
from gliner2_lite.prompt.chunks import Chunk

TEXT = "Ann met Bob. Bob left."
CHUNKS = [Chunk("Ann met Bob", 0), Chunk("Bob. Bob left.", 8)]


def merged(
    key: str,
    windows: list[TaskAnswer],
    *,
    confidence: bool = False,
    spans: bool = False,
    relations: tuple[str, ...] = (),
    policy: str | None = None,
) -> dict[str, Any]:
    answers = [Answers(((key, window),), relations) for window in windows]
    document = merge_windows(TEXT, CHUNKS, answers, policy=policy)
    return public_result(document, Shape(confidence, spans, merged=True))


def span(text: str, confidence: float, start: int) -> Span:
    return Span(text, confidence, start, start + len(text))


ENTITIES: list[TaskAnswer] = [
    EntityAnswer((("person", (span("Bob", 0.6, 8), span("Ann", 0.9, 0))),)),
    EntityAnswer((("person", (span("Bob", 0.8, 0), span("Bob", 0.7, 5))),)),
]


def test_spans_move_to_the_document_merge_and_sort_by_place() -> None:
    assert merged("entities", ENTITIES, confidence=True, spans=True) == {
        "entities": {
            "person": [
                {"text": "Ann", "confidence": 0.9, "start": 0, "end": 3},
                {"text": "Bob", "confidence": 0.8, "start": 8, "end": 11},
                {"text": "Bob", "confidence": 0.7, "start": 13, "end": 16},
            ]
        }
    }
    assert merged("entities", ENTITIES) == {"entities": {"person": ["Ann", "Bob", "Bob"]}}


def test_overlapping_spans_of_two_windows_are_resolved() -> None:
    windows: list[TaskAnswer] = [
        EntityAnswer((("event", (span("met Bob", 0.6, 4),)),)),
        EntityAnswer((("event", (span("Bob", 0.8, 0),)),)),
    ]
    assert merged("entities", windows) == {"entities": {"event": ["Bob"]}}
    assert merged("entities", windows, policy="allow") == {"entities": {"event": ["met Bob", "Bob"]}}


def test_a_scalar_entity_is_the_earliest_survivor() -> None:
    windows: list[TaskAnswer] = [
        EntityAnswer((("person", span("Bob", 0.6, 8)),)),
        EntityAnswer((("person", span("Bob", 0.9, 5)),)),
    ]
    assert merged("entities", windows) == {"entities": {"person": "Bob"}}
    assert merged("entities", windows, spans=True)["entities"]["person"]["start"] == 8
    assert merged("entities", [EntityAnswer((("person", None),))] * 2) == {"entities": {"person": None}}


def test_windows_without_entities_add_none() -> None:
    assert merged("entities", [EntityAnswer(None), ENTITIES[1]])["entities"] == {"person": ["Bob", "Bob"]}
    assert merged("entities", [EntityAnswer(None), EntityAnswer(None)]) == {"entities": {}}


def test_relations_become_dicts_without_repeats() -> None:
    windows: list[TaskAnswer] = [
        RelationAnswer(((span("Bob", 0.5, 8), span("Ann", 0.5, 0)),)),
        RelationAnswer(((span("Bob", 0.9, 0), span("Ann", 0.9, -8)),)),
    ]
    found = merged("knows", windows, confidence=True, relations=("knows",))["relation_extraction"]["knows"]
    assert found == [{"head": {"text": "Bob", "confidence": 0.9}, "tail": {"text": "Ann", "confidence": 0.9}}]
    assert merged("knows", windows, relations=("knows", "likes")) == {
        "relation_extraction": {"knows": [{"head": "Bob", "tail": "Ann"}], "likes": []}
    }


def test_a_relation_of_a_raw_dict_is_also_named_where_a_window_has_no_pair() -> None:
    """The reference merges public results, in which such a window answers beside the relations."""
    pair = (span("Bob", 0.5, 8), span("Ann", 0.5, 0))
    assert list(merged("knows", [RelationAnswer((pair,)), RelationAnswer(())]).items()) == [
        ("relation_extraction", {"knows": [{"head": "Bob", "tail": "Ann"}]}),
        ("knows", []),
    ]


def test_classes_keep_the_surest_window() -> None:
    windows: list[TaskAnswer] = [
        ClassAnswer((Label("sad", 0.6),), multi_label=False),
        ClassAnswer((Label("glad", 0.7),), multi_label=False),
    ]
    assert merged("mood", windows) == {"mood": "glad"}
    assert merged("mood", windows, confidence=True) == {"mood": {"label": "glad", "confidence": 0.7}}


def test_windows_that_abstained_leave_the_answer_to_the_others() -> None:
    none = ClassAnswer((), multi_label=False)
    windows: list[TaskAnswer] = [
        none, ClassAnswer((Label("sad", 0.6),), multi_label=False), none,
        ClassAnswer((Label("glad", 0.7),), multi_label=False),
    ]  # fmt: skip
    assert merged("mood", windows[:2]) == merged("mood", windows[1:3]) == {"mood": "sad"}
    assert merged("mood", [windows[1], windows[3]]) == {"mood": "glad"}
    assert merged("mood", [none, none]) == {"mood": None}


def test_labels_of_all_windows_in_order_of_appearance() -> None:
    windows: list[TaskAnswer] = [
        ClassAnswer((Label("a", 0.6), Label("b", 0.5)), multi_label=True),
        ClassAnswer((Label("c", 0.7), Label("a", 0.9)), multi_label=True),
    ]
    assert merged("tags", windows, confidence=True)["tags"] == [
        {"label": "a", "confidence": 0.9},
        {"label": "b", "confidence": 0.5},
        {"label": "c", "confidence": 0.7},
    ]


def test_records_concatenate_and_empty_windows_vanish() -> None:
    record = (("name", span("Bob", 0.5, 0)), ("kind", Span("x", 0.4, None, None)), ("tags", ()))
    assert merged("who", [RecordAnswer(None), RecordAnswer((record,))]) == {
        "who": [{"name": "Bob", "kind": "x", "tags": []}]
    }
    assert merged("who", [RecordAnswer(()), RecordAnswer(None)]) == {"who": []}


@pytest.mark.parametrize("names", [("label", "confidence"), ("text", "start"), ("text", "confidence")])
def test_names_of_fields_and_types_mean_nothing(names: tuple[str, str]) -> None:
    """Answers are merged by their types: a field may be called like a key of the public shapes."""
    first, second = names
    record = ((first, span("Ann", 0.5, 0)), (second, None))
    records: list[TaskAnswer] = [RecordAnswer((record,)), RecordAnswer(None)]
    assert merged("who", records) == {"who": [{first: "Ann", second: None}]}
    entities: list[TaskAnswer] = [
        EntityAnswer(((first, (span("Ann", 0.9, 0),)), (second, (span("Bob", 0.8, 8),)))),
        EntityAnswer(((first, ()), (second, (span("Bob", 0.8, 5),)))),
    ]
    assert merged("entities", entities) == {"entities": {first: ["Ann"], second: ["Bob", "Bob"]}}
    assert merged("label", [ClassAnswer((Label("confidence", 0.5),), multi_label=False)] * 2) == {
        "label": "confidence"
    }
