"""HTML: what is drawn of each result shape, and that nothing of a text becomes markup."""

from __future__ import annotations

import pytest

from gliner2_lite import GLiNER2
from gliner2_lite.display import show
from gliner2_lite.display.html import PALETTE, render_html
from gliner2_lite.display.sections import Classes, ClassScore, read_sections
from tests.display.reading import TEXT, html


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


@pytest.mark.parametrize("result", [{"entities": {}}, {"relation_extraction": {}}, {"tags": []}])
def test_nothing_found_is_said(result: dict[str, object]) -> None:
    assert "nothing found" in html(TEXT, result).text


def test_a_record_is_a_row_and_a_field_a_column() -> None:
    read = html(TEXT, {"job": [{"firm": ["Apple", "IBM"], "pay": None}, {"firm": "SAP", "city": "Bonn"}]})
    assert (read.tags.count("th"), read.tags.count("tr"), read.tags.count("td")) == (3, 3, 6)
    assert "Apple" in read.text and "Bonn" in read.text and read.text.count("–") == 3


def test_names_have_colours_of_their_own_as_far_as_they_go() -> None:
    names = [f"n{number}" for number in range(len(PALETTE) + 1)]
    drawn = render_html("x", read_sections("x", {"entities": {name: ["a"] for name in names}}))
    chips = [
        drawn.split(f"</span>{name}</div>")[1].split("background:rgba(")[1].split(",.16")[0] for name in names
    ]
    assert chips == [*PALETTE, PALETTE[0]]


def test_labels_that_lost_are_drawn_paler() -> None:
    scores = (ClassScore("good", 0.75), ClassScore("bad", 0.125, chosen=False), ClassScore("odd"))
    drawn = render_html("x", [Classes("tone", scores)])
    won, lost = drawn.index("width:75.0%"), drawn.index("width:12.5%")
    assert drawn[won:].startswith(f"width:75.0%;background:rgba({PALETTE[0]},.9)")
    assert drawn[lost:].startswith(f"width:12.5%;background:rgba({PALETTE[0]},.35)")
    assert "✓ good" in drawn and "✓ bad" not in drawn and drawn.count("px;width:") == 2
