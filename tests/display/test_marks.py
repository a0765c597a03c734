"""Which ranges of a text are marked: nested, never crossing, with all their labels."""

from __future__ import annotations

from typing import Any

import pytest

from gliner2_lite import InputError
from gliner2_lite.display.marks import Mark, find_marks
from gliner2_lite.display.sections import read_sections
from tests.display.reading import APPLE, TEXT, TIM, html


def test_nested_spans_nest_and_crossing_ones_are_only_listed() -> None:
    spans = [TIM, {"text": "Tim", "start": 0, "end": 3}, {"text": "Cook works", "start": 4, "end": 14}]
    read = html(TEXT, {"entities": {"a": spans}})
    assert read.tags.count("mark") == 2
    assert "Cook works" in read.text.replace("Tim", "", 1).split("entities")[1]


def test_one_range_with_two_labels_is_one_mark() -> None:
    read = html(TEXT, {"entities": {"person": [TIM], "boss": [TIM]}})
    assert read.tags.count("mark") == 1
    assert "Tim Cookpersonboss" in read.text


def test_without_offsets_nothing_is_searched_for() -> None:
    assert "mark" not in html(TEXT, {"entities": {"person": ["Tim Cook"]}}).tags


def test_relations_alone_are_marked() -> None:
    assert html(TEXT, {"relation_extraction": {"r": [{"head": TIM, "tail": APPLE}]}}).tags.count("mark") == 2


def test_the_full_stop_that_the_model_adds_may_be_in_a_span() -> None:
    assert "mark" in html("Apple", {"entities": {"a": [{"text": "Apple.", "start": 0, "end": 6}]}}).tags


def marks(text: str, result: dict[str, Any]) -> list[Mark]:
    return find_marks(text, read_sections(text, result))


def span(start: int, end: int, text: str = TEXT) -> dict[str, Any]:
    return {"text": text[start:end], "start": start, "end": end}


def shape(found: list[Mark]) -> list[Any]:
    return [(mark.start, mark.end, [label for label, _ in mark.labels], shape(mark.inner)) for mark in found]


def test_marks_are_in_text_order_and_inside_each_other() -> None:
    spans = {"a": [span(19, 24), span(0, 24)], "b": [span(0, 8), span(0, 3)], "c": [span(4, 14)]}
    assert shape(marks(TEXT, {"entities": spans})) == [
        (0, 24, ["a"], [(0, 8, ["b"], [(0, 3, ["b"], [])]), (19, 24, ["a"], [])]),
    ]  # fmt: skip


def test_fields_of_records_are_marked_with_both_names_and_relations_only_without_others() -> None:
    relations = {"r": [{"head": TIM, "tail": APPLE}]}
    assert shape(marks(TEXT, {"job": [{"firm": APPLE}], "relation_extraction": relations})) == [
        (19, 24, ["job.firm"], []),
    ]  # fmt: skip
    assert shape(marks(TEXT, {"relation_extraction": relations})) == [
        (0, 8, ["r · head"], []), (19, 24, ["r · tail"], []),
    ]  # fmt: skip


@pytest.mark.parametrize(("start", "end", "text"), [
    (-1, 3, "Tim"), (0, 3, "Tom"), (24, 24, ""), (0, 40, TEXT), (30, 31, "x"),
])  # fmt: skip
def test_offsets_of_another_text_are_an_error(start: int, end: int, text: str) -> None:
    with pytest.raises(InputError, match=f"does not stand at {start}:{end} of the text"):
        marks(TEXT, {"entities": {"a": [{"text": text, "start": start, "end": end}]}})
