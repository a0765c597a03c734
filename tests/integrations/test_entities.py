"""Entities as flat lists, one label for each span."""

from __future__ import annotations

import pytest

from gliner2_lite import GLiNER2, InputError
from gliner2_lite.integrations.entities import entity_lists, find_entities, one_label_per_span


def test_entities_are_sorted_by_place_with_a_score() -> None:
    model = GLiNER2.from_pretrained("tiny", threads=1)
    texts = ["Lars Olsen moved from Madrid to Oslo.", "", "Nothing here."]
    first, *others = find_entities(model, texts, ["city", "person"], threshold=0.5)
    assert [(item["label"], item["text"]) for item in first] == [
        ("person", "Lars Olsen"), ("city", "Madrid"), ("city", "Oslo"),
    ]  # fmt: skip
    assert all(texts[0][item["start"] : item["end"]] == item["text"] for item in first)
    assert all(0.5 <= item["score"] <= 1 for item in first) and others == [[], []]
    with pytest.raises(InputError, match=r"texts\[1\]"):
        find_entities(model, ["Fine.", "\ud800"], ["city"], threshold=0.5)


def item(text: str, start: int, confidence: float) -> dict[str, object]:
    return {"text": text, "confidence": confidence, "start": start, "end": start + len(text)}


def test_of_overlapping_spans_the_surest_stays() -> None:
    result = {
        "entities": {"person": [item("Ann Lee", 0, 0.6)], "name": [item("Ann", 0, 0.9), item("Bob", 9, 0.5)]}
    }
    assert [(found["label"], found["text"], found["score"]) for found in one_label_per_span(result)] == [
        ("name", "Ann", 0.9), ("name", "Bob", 0.5),
    ]  # fmt: skip


def test_every_label_has_a_list() -> None:
    ann = item("Ann", 0, 0.6)
    result = {"entities": {"many": [ann, ann], "one": ann, "none": None, "empty": []}}
    assert entity_lists(result) == {"many": [ann, ann], "one": [ann], "none": [], "empty": []}
    assert entity_lists({"tone": "good"}) == {}
