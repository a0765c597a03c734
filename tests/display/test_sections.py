"""A result of any shape as typed sections, and what is no result."""

from __future__ import annotations

from typing import Any

import pytest

from gliner2_lite import InputError
from gliner2_lite.display import show
from gliner2_lite.display.sections import (
    Classes,
    ClassScore,
    Entities,
    Found,
    Nothing,
    Records,
    Relations,
    read_sections,
)
from gliner2_lite.errors import InputTypeError
from tests.display.reading import APPLE, TEXT


def test_a_classification_may_be_called_entities() -> None:
    assert str(show("x", {"entities": {"label": "none", "confidence": 0.75}})).splitlines()[2:] == [
        "entities",
        "  ● none  ███████████████░░░░░ 75 %",
    ]


@pytest.mark.parametrize(
    ("text", "result", "kind", "words"),
    [
        ("Another text.", {"entities": {"a": [APPLE]}}, InputError, "'Apple' does not stand at 19:24"),
        (TEXT, [{"entities": {}}], InputTypeError, "results[0]"),
        (None, {}, InputTypeError, "text must be a string"),
        (TEXT, {"entities": [{"a": []}]}, InputError, "format_results=False"),
        (TEXT, {"tone": ("good", 0.5)}, InputError, "format_results=False"),
    ],
)
def test_what_does_not_fit_is_an_error(text: Any, result: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind) as caught:
        show(text, result)
    assert words in str(caught.value)


def test_tasks_are_told_apart_by_their_values() -> None:
    result = {
        "entities": {"company": [APPLE], "city": None},
        "tone": "good",
        "aspects": [{"label": "a", "confidence": 0.5}],
        "job": [{"label": "x", "confidence": "y"}],
        "relation_extraction": {"r": [("a", "b")]},
        "tags": [],
    }
    assert read_sections(TEXT, result) == (
        Entities((("company", (Found("Apple", 0.8, 19, 24),)), ("city", ()))),
        Classes("tone", (ClassScore("good"),)),
        Classes("aspects", (ClassScore("a", 0.5),)),
        Records("job", ((("label", (Found("x"),)), ("confidence", (Found("y"),))),)),
        Relations((("r", ((Found("a"), Found("b")),)),)),
        Nothing("tags"),
    )
