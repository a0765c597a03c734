"""Plain text for print."""

from __future__ import annotations

import pytest

from gliner2_lite.display import show
from gliner2_lite.display.plain import percent
from tests.display.reading import APPLE, TEXT


def test_plain_text() -> None:
    shown = show(TEXT, {"entities": {"company": [APPLE], "city": []}, "tone": "neutral", "tags": []})
    assert str(shown) == (
        "Tim Cook works for Apple.\n\nentities\n  company  Apple (19:24, 80 %)\n  city     –\n"
        "\ntone\n  ● neutral\n\ntags: –"
    )
    assert repr(shown) == str(shown)


def test_records_and_relations() -> None:
    result = {
        "job": [{"firm": ["Apple", "IBM"], "pay": None}, {"firm": [], "pay": "1"}],
        "relation_extraction": {"works_for": [("Tim", "Apple")], "left": []},
    }
    assert str(show("x", result)).splitlines() == [
        "x", "", "job 1", "  firm  Apple, IBM", "  pay   –", "job 2", "  firm  –", "  pay   1",
        "", "relations", "  Tim → Apple  (works_for)", "  –  (left)",
    ]  # fmt: skip


def test_attributes_stand_beside_their_entity() -> None:
    mood = {"text": "Tim", "mood": {"label": "calm", "confidence": 1.0}}
    assert str(show("x", {"entities": {"person": [mood]}})).endswith("  person  Tim (mood: calm)")


@pytest.mark.parametrize(("confidence", "text"), [
    (0.0, "0 %"), (0.001, "< 1 %"), (0.01, "1 %"), (0.5, "50 %"), (0.99, "99 %"),
    (0.999, "> 99 %"), (1.0, "100 %"),
])  # fmt: skip
def test_only_what_is_certain_reads_so(confidence: float, text: str) -> None:
    assert percent(confidence) == text
