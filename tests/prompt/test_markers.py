"""The words of one task, and where in them its markers stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliner2_lite.prompt.markers import (
    LABEL_MARKERS,
    choice_words,
    described,
    key_of,
    marker_indices,
    shown_examples,
    task_words,
)
from gliner2_lite.schema.limits import MARKER_SET
from gliner2_lite.schema.spec import ChoiceGroup

LABELS = st.lists(st.sampled_from(["a", "two words", "(", "[E]", ""]), max_size=6)


@given(st.sampled_from(LABEL_MARKERS), LABELS)
def test_markers_stand_where_the_words_say(marker: str, labels: list[str]) -> None:
    words = task_words("head: of (several) words", marker, labels)
    assert words[:4] == ("(", "[P]", "head: of (several) words", "(") and words[-2:] == (")", ")")
    places = marker_indices(len(labels))
    assert [words[place] for place in places] == [marker] * len(labels)
    assert [words[place + 1] for place in places] == labels
    assert len(words) == 6 + 2 * len(labels)


def test_a_task_is_laid_out_as_the_reference_does() -> None:
    assert "|".join(task_words("order", "[C]", ["item", "unit price"])) == (
        "(|[P]|order|(|[C]|item|[C]|unit price|)|)"
    )
    assert "|".join(task_words("none", "[E]", [])) == "(|[P]|none|(|)|)"


def test_each_kind_of_task_has_a_marker_of_its_own() -> None:
    assert len(set(LABEL_MARKERS)) == 4 and set(LABEL_MARKERS) < MARKER_SET


def test_descriptions_and_examples_lengthen_the_head() -> None:
    assert described([]) == "" == shown_examples([])
    assert described([("person", "a human"), ("city", "")]) == (
        " [DESCRIPTION] person: a human [DESCRIPTION] city: "
    )
    assert shown_examples([("yay", "glad"), ("oh no", "sad")]) == (
        " [EXAMPLE] yay [OUTPUT] glad [EXAMPLE] oh no [OUTPUT] sad"
    )


@pytest.mark.parametrize("head", ["entities", "knows: is acquainted with", "two words", ""])
def test_the_key_is_the_head_without_descriptions(head: str) -> None:
    assert key_of(head) == head
    assert key_of(head + described([("a", "first"), ("b", "second [DESCRIPTION] x")])) == head


def test_choices_are_listed_by_field() -> None:
    group = ChoiceGroup("prod", (("color", ("Red", "dark green")), ("size", ("S",)), ("none", ())))
    assert choice_words(group) == [
        "(", "prod:",
        "color", "(", "Red", "|", "dark green", ")",
        ",", "size", "(", "S", ")",
        ",", "none", "(", ")",
        ")",
    ]  # fmt: skip
