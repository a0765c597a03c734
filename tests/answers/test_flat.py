"""The flat list of ``predict_entities``: labels compete, as in GLiNER."""

from __future__ import annotations

import pytest

from gliner2_lite.answers.flat import flat_entities


def item(text: str, confidence: float, start: int) -> dict:
    return {"text": text, "confidence": confidence, "start": start, "end": start + len(text)}


FOUND = {
    "city": [item("New York", 0.9, 4), item("York", 0.6, 8)],
    "paper": [item("New York", 0.8, 4), item("York Times", 0.7, 8)],
}


@pytest.mark.parametrize(
    ("flat_ner", "multi_label", "expected"),
    [
        (True, False, [("New York", "city")]),
        (True, True, [("New York", "city"), ("New York", "paper")]),
        (False, False, [("New York", "city"), ("York", "city")]),
        (False, True, [("New York", "city"), ("New York", "paper"), ("York", "city")]),
    ],
)
def test_conflicts(flat_ner: bool, multi_label: bool, expected: list[tuple[str, str]]) -> None:
    found = flat_entities(FOUND, flat_ner=flat_ner, multi_label=multi_label)
    assert [(entity["text"], entity["label"]) for entity in found] == expected


def test_keys_and_order() -> None:
    found = flat_entities(
        {"b": [item("z", 0.9, 5)], "a": [item("y", 0.8, 1)]}, flat_ner=True, multi_label=False
    )
    assert found == [
        {"start": 1, "end": 2, "text": "y", "label": "a", "score": 0.8},
        {"start": 5, "end": 6, "text": "z", "label": "b", "score": 0.9},
    ]
