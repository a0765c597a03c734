"""Formatting kept raw results gives what the call itself would have given, key by key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliner2_lite.answers.guess import format_raw
from gliner2_lite.answers.public import RELATIONS_KEY, Shape, public_result, raw_result
from gliner2_lite.answers.types import (
    Answers,
    ClassAnswer,
    EntityAnswer,
    Label,
    RecordAnswer,
    RelationAnswer,
    Span,
)
from gliner2_lite.prompt.layout import ENTITIES_KEY
from tests.properties.strategies import few

# What a guess could be misled by: names that results themselves have, and one of everything twice.
NAMES = st.sampled_from(["head", "tail", "label", "confidence", "text", "start", "entities", "person"])
KEYS = st.sampled_from(["knows", "deal", "head", "text", "label", RELATIONS_KEY])
SURFACES = st.sampled_from(["Ann", "ann", "ANN", "Bob", "İ", "head", "("])
SCORES = st.sampled_from([0.0, 0.25, 0.5, 1.0])
LABELS = st.builds(Label, SURFACES, SCORES)
ATTRIBUTES = st.lists(
    st.tuples(st.sampled_from(["mood", "tags"]), LABELS | st.lists(LABELS, max_size=2).map(tuple)),
    max_size=2, unique_by=lambda attribute: attribute[0],
).map(tuple)  # fmt: skip
PLACES = st.sampled_from([(0, 3), (4, 7)])


@st.composite
def spans(draw: st.DrawFn, *, attributes: bool = False) -> Span:
    start, end = draw(PLACES)
    return Span(draw(SURFACES), draw(SCORES), start, end, draw(ATTRIBUTES) if attributes else ())


CHOICES = st.builds(Span, SURFACES, SCORES, st.none(), st.none())


def values(spans: st.SearchStrategy[Span]) -> st.SearchStrategy[tuple[Span, ...] | Span | None]:
    return st.none() | spans | st.lists(spans, max_size=4).map(tuple)


def named(value: st.SearchStrategy, least: int = 0) -> st.SearchStrategy:
    """Names, each once, with a value each."""
    pairs = st.tuples(NAMES, value)
    return st.lists(pairs, min_size=least, max_size=4, unique_by=lambda pair: pair[0]).map(tuple)


PLAIN = spans()
ENTITIES = (
    st.just(EntityAnswer(None))
    | st.builds(EntityAnswer, named(values(PLAIN), 1))
    | st.builds(EntityAnswer, named(values(spans(attributes=True)), 1), st.just(True))
)
RECORDS = st.builds(
    RecordAnswer, st.none() | st.lists(named(values(PLAIN | CHOICES), 1), max_size=3).map(tuple)
)
RELATIONS = st.builds(RelationAnswer, st.lists(st.tuples(PLAIN, PLAIN), max_size=3).map(tuple))
SINGLE = st.builds(lambda labels: ClassAnswer(tuple(labels), multi_label=False), st.lists(LABELS, max_size=1))
CLASSES = SINGLE | st.builds(
    lambda labels: ClassAnswer(tuple(labels), multi_label=True), st.lists(LABELS, min_size=1, max_size=3)
)


@st.composite
def answers(draw: st.DrawFn) -> tuple[Answers, list[str]]:
    """Answers in the order of a prompt, and which of the keys are classification tasks."""
    tasks = [(key, draw(RECORDS)) for key in draw(st.lists(KEYS, max_size=2))]
    if draw(st.booleans()):
        tasks.append((ENTITIES_KEY, draw(ENTITIES)))
    relations = draw(st.lists(KEYS, max_size=2))
    tasks += [(key, draw(RELATIONS)) for key in relations]
    classes = draw(st.lists(KEYS | st.just(ENTITIES_KEY), max_size=2))
    tasks += [(key, draw(CLASSES)) for key in classes]
    requested = draw(st.permutations(list(dict.fromkeys([*relations, "likes"]))))
    return Answers(tuple(tasks), tuple(requested[: draw(st.integers(0, len(requested)))])), classes


@pytest.mark.parametrize("confidence", [False, True])
@pytest.mark.parametrize("offsets", [False, True])
def test_a_guess_is_what_the_call_would_have_given(confidence: bool, offsets: bool) -> None:
    seen = set[str]()

    @few(200)
    @given(answers())
    def check(given_answers: tuple[Answers, list[str]]) -> None:
        asked, classes = given_answers
        shape = Shape(confidence, offsets)
        guessed = format_raw(
            raw_result(asked, shape),
            include_confidence=confidence,
            requested_relations=asked.requested_relations,
            classification_tasks=classes,
        )
        assert repr(guessed) == repr(public_result(asked, shape))  # the order of keys, and tuples, too
        seen.update(type(answer).__name__ for _, answer in asked.tasks)
        seen.update(key for key in guessed if key == RELATIONS_KEY)

    check()
    assert seen == {"EntityAnswer", "RecordAnswer", "RelationAnswer", "ClassAnswer", RELATIONS_KEY}


def test_without_the_names_of_the_tasks_pairs_are_relations_and_a_pair_is_a_label() -> None:
    """What the shape alone says: the reference reads it so too."""
    raw = {"mood": ("glad", 0.75), "tags": [("a", 0.5), ("b", 0.25)], "n": 3, "empty": []}
    assert format_raw(raw, include_confidence=False, requested_relations=(), classification_tasks=()) == {
        "mood": "glad",
        "n": 3,
        "empty": [],
        RELATIONS_KEY: {"tags": [("a", 0.5), ("b", 0.25)]},
    }
    named_tasks = format_raw(
        raw, include_confidence=True, requested_relations=("empty",), classification_tasks=("tags", "mood")
    )
    assert named_tasks == {
        "mood": {"label": "glad", "confidence": 0.75},
        "tags": [{"label": "a", "confidence": 0.5}, {"label": "b", "confidence": 0.25}],
        "n": 3,
        RELATIONS_KEY: {"empty": []},
    }
