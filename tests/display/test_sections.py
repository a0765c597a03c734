"""``show``: what it draws from each result shape, that it escapes, and what it refuses."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

from gliner2_lite import GLiNER2, InputError
from gliner2_lite.display import show
from gliner2_lite.errors import InputTypeError

TEXT = "Tim Cook works for Apple."
TIM = {"text": "Tim Cook", "start": 0, "end": 8}
APPLE = {"text": "Apple", "confidence": 0.8, "start": 19, "end": 24}


class Reader(HTMLParser):
    """The tags and the visible text of a piece of HTML; nesting that does not pair is an error."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def html(text: str, result: dict[str, Any]) -> Reader:
    return Reader(show(text, result)._repr_html_())


def test_a_real_result_of_every_task() -> None:
    model = GLiNER2.from_pretrained("tiny")
    schema = (
        model.create_schema().entities(["person", "company"]).relations(["works_for"])
        .classification("tone", ["neutral", "angry"]).structure("job").field("firm", dtype="str")
    )  # fmt: skip
    for spans in (False, True):
        for confidence in (False, True):
            result = model.extract(TEXT, schema, include_spans=spans, include_confidence=confidence)
            read = html(TEXT, result)
            assert ("mark" in read.tags) == spans
            assert ("%" in read.text) == confidence
            assert "⟶" in read.text
            assert "→ Apple" in str(show(TEXT, result))


def test_nested_spans_nest_and_crossing_ones_are_only_listed() -> None:
    spans = [TIM, {"text": "Tim", "start": 0, "end": 3}, {"text": "Cook works", "start": 4, "end": 14}]
    read = html(TEXT, {"entities": {"a": spans}})
    assert read.tags.count("mark") == 2
    assert "Cook works" in read.text.replace("Tim", "", 1).split("entities")[1]


def test_one_range_with_two_labels_is_one_mark() -> None:
    read = html(TEXT, {"entities": {"person": [TIM], "boss": [TIM]}})
    assert read.tags.count("mark") == 1
    assert "Tim Cookpersonboss" in read.text


def test_markup_is_escaped_everywhere() -> None:
    evil = '<script>alert("1")</script>'
    item = {"text": evil, "start": 0, "end": len(evil), evil: {"label": evil, "confidence": 0.5}}
    result = {
        "entities": {evil: [item]},
        evil: {"label": evil, "confidence": 0.5},
        evil + "r": [{evil: [evil]}],
        evil + "n": [],
        "relation_extraction": {evil: [(evil, evil)]},
    }
    read = html(evil, result)
    assert "script" not in read.tags
    assert read.text.count(evil) > 10


def test_a_classification_may_be_called_entities() -> None:
    assert str(show("x", {"entities": {"label": "none", "confidence": 0.75}})).splitlines()[2:] == [
        "entities",
        "  ● none  ███████████████░░░░░ 75 %",
    ]


def test_without_offsets_nothing_is_searched_for() -> None:
    assert "mark" not in html(TEXT, {"entities": {"person": ["Tim Cook"]}}).tags


def test_relations_alone_are_marked() -> None:
    assert html(TEXT, {"relation_extraction": {"r": [{"head": TIM, "tail": APPLE}]}}).tags.count("mark") == 2


def test_plain_text() -> None:
    shown = show(TEXT, {"entities": {"company": [APPLE], "city": []}, "tone": "neutral", "tags": []})
    assert str(shown) == (
        "Tim Cook works for Apple.\n\nentities\n  company  Apple (19:24, 80 %)\n  city     –\n"
        "\ntone\n  ● neutral\n\ntags: –"
    )
    assert repr(shown) == str(shown)


def test_the_full_stop_that_the_model_adds_may_be_in_a_span() -> None:
    assert "mark" in html("Apple", {"entities": {"a": [{"text": "Apple.", "start": 0, "end": 6}]}}).tags


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
