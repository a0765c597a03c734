"""Scores → answers, on scores written by hand: every cell is low but for those that a test names."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from gliner2_lite import RegexValidator
from gliner2_lite.answers.types import (
    ClassAnswer,
    EntityAnswer,
    Label,
    RecordAnswer,
    RelationAnswer,
    Span,
    TaskAnswer,
    Value,
)
from gliner2_lite.architectures.span.decode import decode_task
from gliner2_lite.architectures.span.scores import TaskScores
from gliner2_lite.graph.encode import Sample
from gliner2_lite.graph.numeric import FloatArray, sigmoid
from gliner2_lite.prompt.layout import EntityTask, Prompt, Target, TaskPrompt
from gliner2_lite.prompt.words import split_words, whitespace_words
from gliner2_lite.schema.spec import (
    AttributeSpec,
    ClassificationSpec,
    EntitySpec,
    FieldSpec,
    RelationSpec,
    StructureSpec,
)

TEXT = "Ann met Bob Lee in Oslo."
WIDTH = 3
Cells = Mapping[tuple[int, int, int], float]  # (label, first word, further words) → logit


def grid(labels: int, *instances: Cells) -> FloatArray:
    """[instances, M, W, WIDTH] of a low logit with the given cells; −inf beyond the last word."""
    words = len(split_words(TEXT, whitespace_words))
    logits = np.full((len(instances), labels, words, WIDTH), -9.0, dtype=np.float32)
    for width in range(1, WIDTH):
        logits[:, :, words - width :, width] = -np.inf
    for number, cells in enumerate(instances):
        for cell, logit in cells.items():
            logits[(number, *cell)] = logit
    return logits


def decoded(
    target: Target,
    labels: tuple[str, ...],
    scores: TaskScores,
    *,
    threshold: float = 0.5,
    policy: str | None = None,
    prefix: tuple[str, ...] = (),
) -> TaskAnswer:
    task = TaskPrompt("task", (), labels, target)
    sample = Sample(TEXT, split_words(TEXT, whitespace_words), Prompt((task,), prefix, ()))
    return decode_task(task, scores, sample, threshold=threshold, policy=policy)


def texts(value: Value) -> list[str] | str | None:
    if isinstance(value, Span):
        return value.text
    return None if value is None else [span.text for span in value]


def entities(
    cells: Cells, *types: EntitySpec, threshold: float = 0.5, policy: str | None = None
) -> dict[str, list[str] | str | None]:
    """Entity type → texts, of one instance."""
    scores = TaskScores(1, spans=grid(len(types), cells))
    labels = tuple(entity.name for entity in types)
    answer = decoded(EntityTask(types), labels, scores, threshold=threshold, policy=policy)
    assert isinstance(answer, EntityAnswer) and answer.values is not None
    return {name: texts(value) for name, value in answer.values}


PERSON, CITY = EntitySpec("person"), EntitySpec("city")


def test_a_span_has_the_text_between_its_words_and_the_probability_of_its_cell() -> None:
    scores = TaskScores(1, spans=grid(1, {(0, 2, 1): 1.5}))
    answer = decoded(EntityTask((PERSON,)), ("person",), scores)
    chance = float(sigmoid(np.float32([1.5]))[0])
    assert answer == EntityAnswer((("person", (Span("Bob Lee", chance, 8, 15),)),))


def test_labels_have_thresholds_of_their_own() -> None:
    cells = {(0, 0, 0): 1.0, (1, 5, 0): 1.0}  # both 0.73
    assert entities(cells, PERSON, CITY) == {"person": ["Ann"], "city": ["Oslo"]}
    assert entities(cells, PERSON, CITY, threshold=0.8) == {"person": [], "city": []}
    strict = EntitySpec("person", threshold=0.8)
    assert entities(cells, strict, CITY) == {"person": [], "city": ["Oslo"]}
    lax = EntitySpec("city", threshold=0.0)  # a threshold of 0 is one too
    found = entities(cells, PERSON, lax, threshold=0.8, policy="allow")
    assert found["person"] == [] and len(found["city"] or "") == 7 + 6 + 5, "not beyond the last word"


def test_cells_are_compared_in_float32() -> None:
    """As the reference does: a threshold that float32 cannot tell from the probability lets it pass."""
    chance = float(sigmoid(np.float32([1.0]))[0])
    cells, above = {(0, 0, 0): 1.0}, float(np.nextafter(chance, 1.0))
    assert chance < above and np.float32(above) == np.float32(chance)
    assert entities(cells, PERSON, threshold=above) == {"person": ["Ann"]}
    assert entities(cells, PERSON, threshold=float(np.nextafter(np.float32(chance), np.float32(1)))) == {
        "person": []
    }


def test_results_have_the_order_of_the_schema_whatever_the_order_of_the_prompt() -> None:
    scores = TaskScores(1, spans=grid(3, {(0, 5, 0): 2.0, (2, 0, 0): 2.0}))
    answer = decoded(EntityTask((PERSON, CITY)), ("city", "mood", "person"), scores)
    assert isinstance(answer, EntityAnswer) and answer.values is not None
    assert [(name, texts(value)) for name, value in answer.values] == [
        ("person", ["Ann"]), ("city", ["Oslo"]),
    ]  # fmt: skip


def test_every_validator_must_agree_before_spans_compete() -> None:
    cells = {(0, 2, 1): 3.0, (0, 2, 0): 2.0}  # "Bob Lee" would win over "Bob"
    bob, no_lee = RegexValidator("bob", "partial"), RegexValidator("lee", "partial", exclude=True)
    for validators, kept in [((), "Bob Lee"), ((bob,), "Bob Lee"), ((bob, no_lee), "Bob")]:
        assert entities(cells, EntitySpec("person", validators=validators)) == {"person": [kept]}
    nobody = EntitySpec("person", validators=(bob, RegexValidator("lee", mode="full")))
    assert entities(cells, nobody) == {"person": []}


@pytest.mark.parametrize(
    ("policy", "kept"),
    [
        (None, ["Bob Lee"]),
        ("allow", ["Bob Lee", "Bob", "met Bob"]),
        ("nested", ["Bob Lee", "Bob"]),
        ("longest", ["Bob Lee", "met Bob"]),
        ("disallow", ["Bob Lee"]),
    ],
)
def test_overlaps_are_resolved_per_label_by_the_policy(policy: str | None, kept: list[str]) -> None:
    cells = {(0, 2, 1): 3.0, (0, 2, 0): 2.0, (0, 1, 1): 1.0, (1, 2, 1): 0.5}
    assert entities(cells, PERSON, CITY, policy=policy) == {"person": kept, "city": ["Bob Lee"]}


def test_a_scalar_is_the_best_span_or_nothing() -> None:
    person, city = EntitySpec("person", dtype="str"), EntitySpec("city", dtype="str")
    cells = {(0, 0, 0): 1.0, (0, 2, 1): 2.0}
    assert entities(cells, person, city) == {"person": "Bob Lee", "city": None}


def test_nothing_counted_is_no_answer() -> None:
    none = TaskScores(0)
    assert decoded(EntityTask((PERSON,)), ("person",), none) == EntityAnswer(None)
    assert decoded(RelationSpec("knows"), ("head", "tail"), none) == RelationAnswer(())
    deal = StructureSpec("deal", ("buyer",), (FieldSpec("buyer"),))
    assert decoded(deal, ("buyer",), none) == RecordAnswer(None)


def test_relations_need_both_roles_each_its_best_span() -> None:
    spans = grid(
        2,
        {(0, 0, 0): 1.0, (0, 4, 0): 0.5, (1, 2, 1): 2.0, (1, 2, 0): 1.0},
        {(0, 0, 0): 3.0},  # no tail
        {(1, 5, 0): 3.0},  # no head
        {(0, 2, 0): 3.0, (1, 5, 0): 3.0},
    )
    answer = decoded(RelationSpec("knows"), ("head", "tail"), TaskScores(4, spans=spans))
    assert isinstance(answer, RelationAnswer)
    assert [(head.text, tail.text) for head, tail in answer.pairs] == [("Ann", "Bob Lee"), ("Bob", "Oslo")]
    strict = decoded(RelationSpec("knows", threshold=0.9), ("head", "tail"), TaskScores(4, spans=spans))
    assert isinstance(strict, RelationAnswer)
    assert [(head.text, tail.text) for head, tail in strict.pairs] == [("Bob", "Oslo")]


def test_a_relation_with_other_roles_than_two_has_no_pairs() -> None:
    spans = grid(3, {(0, 0, 0): 3.0, (1, 2, 0): 3.0, (2, 5, 0): 3.0})
    scores = TaskScores(1, spans=spans)
    assert decoded(RelationSpec("r", ("head", "tail", "place")), ("head", "tail", "place"), scores) == (
        RelationAnswer(())
    )


PREFIX = ("(", "deal:", "Kind", "(", "gift", "|", "Sale", "|", "KIND", ")", ")")


def records(fields: tuple[FieldSpec, ...], *instances: Cells, choices: dict[tuple[int, int], float]) -> list:
    """Field → what it shows, per record; ``choices`` are logits by (label, place in the prefix)."""
    logits = np.full((len(instances), len(fields), len(PREFIX)), -9.0, dtype=np.float32)
    for (label, place), logit in choices.items():
        logits[:, label, place] = logit
    names = tuple(field.name for field in fields)
    scores = TaskScores(len(instances), spans=grid(len(fields), *instances), choices=logits)
    answer = decoded(StructureSpec("deal", names, fields), names, scores, prefix=PREFIX)
    assert isinstance(answer, RecordAnswer) and answer.instances is not None
    return [{name: texts(value) for name, value in instance} for instance in answer.instances]


BUYER = FieldSpec("buyer", dtype="str")


def test_records_keep_fields_without_a_value_and_are_dropped_without_any() -> None:
    goods = FieldSpec("goods", validators=(RegexValidator("oslo"),))
    found = records(
        (BUYER, goods),
        {(0, 0, 0): 1.0, (1, 5, 0): 1.0, (1, 2, 0): 1.0},
        {(1, 2, 0): 3.0},  # what the validator refuses
        {(0, 2, 1): 3.0},
        choices={},
    )
    assert found == [{"buyer": "Ann", "goods": ["Oslo"]}, {"buyer": "Bob Lee", "goods": []}]


def test_a_choice_is_read_at_its_first_equal_word_before_the_text() -> None:
    kind = FieldSpec("kind", dtype="str", choices=("gift", "sale", "kind"))
    text = {(0, 0, 0): 9.0}  # a span of the text is no choice, however sure
    assert records((kind,), text, choices={(0, 4): 1.0, (0, 6): 2.0}) == [{"kind": "sale"}]
    # "kind" is also the name of the field, which stands before the choice of that name.
    assert records((kind,), text, choices={(0, 4): 1.0, (0, 8): 9.0}) == [{"kind": "gift"}]
    assert records((kind,), text, choices={(0, 4): 1.0, (0, 2): 2.0}) == [{"kind": "kind"}]
    assert records((kind,), text, choices={}) == []


def test_several_choices_come_in_the_order_of_the_field() -> None:
    kinds = FieldSpec("kinds", choices=("sale", "elsewhere", "gift", "sale"), threshold=0.6)
    assert records((kinds, BUYER), {(1, 0, 0): 1.0}, choices={(0, 4): 2.0, (0, 6): 1.0}) == [
        {"kinds": ["sale", "gift"], "buyer": "Ann"}
    ]
    assert records((kinds, BUYER), {(1, 0, 0): 1.0}, choices={(0, 4): 0.3}) == [{"kinds": [], "buyer": "Ann"}]


def test_choices_and_attributes_are_compared_in_float64() -> None:
    """Unlike spans, as in the reference."""
    chance = float(sigmoid(np.float32([1.0]))[0])
    for limit, found in [(chance, [{"kinds": ["gift"]}]), (float(np.nextafter(chance, 1.0)), [])]:
        kinds = FieldSpec("kinds", choices=("gift",), threshold=limit)
        assert records((kinds,), {}, choices={(0, 4): 1.0}) == found


def test_attributes_are_read_at_the_cell_of_their_span() -> None:
    groups = (
        AttributeSpec("mood", ("glad", "sad"), ("mood: glad", "mood: sad")),
        AttributeSpec("tags", ("a", "b"), ("a", "b"), multi_label=True, threshold=0.6),
        AttributeSpec("size", ("s",), ("s",), applies_to=frozenset({"city"})),
    )
    labels = ("a", "person", "mood: sad", "city", "b", "mood: glad", "s")
    column = {label: number for number, label in enumerate(labels)}
    bob, oslo = (2, 1), (5, 0)
    cells = {
        (column["person"], *bob): 2.0, (column["city"], *oslo): 2.0,
        (column["mood: glad"], *bob): 1.0, (column["mood: sad"], *bob): 0.5, (column["b"], *bob): 1.0,
        (column["mood: sad"], *oslo): 1.0, (column["a"], *oslo): 0.1,
    }  # fmt: skip
    scores = TaskScores(1, spans=grid(len(labels), cells))
    answer = decoded(EntityTask((PERSON, CITY), groups), labels, scores)
    assert isinstance(answer, EntityAnswer) and answer.values is not None and answer.has_attributes
    shown = {
        span.text: {
            group: value.label if isinstance(value, Label) else [label.label for label in value]
            for group, value in span.attributes
        }
        for _, value in answer.values
        for span in value or ()
        if isinstance(span, Span)
    }
    assert shown == {
        "Bob Lee": {"mood": "glad", "tags": ["b"]},
        "Oslo": {"mood": "sad", "tags": [], "size": "s"},
    }
    [(_, [span]), _] = answer.values  # type: ignore[misc]
    mood = dict(span.attributes)["mood"]
    assert mood.confidence == pytest.approx(1 / (1 + np.exp(-0.5)), abs=1e-6), "softmax within the group"


def test_classes_are_left_to_what_all_architectures_share() -> None:
    spec = ClassificationSpec("tone", ("calm", "angry"))
    answer = decoded(spec, spec.labels, TaskScores(0, classes=np.float32([0.0, 1.0])))
    assert isinstance(answer, ClassAnswer) and [label.label for label in answer.labels] == ["angry"]
    with pytest.raises(TypeError, match="without class logits"):
        decoded(spec, spec.labels, TaskScores(0))
