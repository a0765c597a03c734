"""One click: the result as HTML and JSON, errors in words."""

from __future__ import annotations

import json

import pytest

from gliner2_lite import GLiNER2, Schema, SchemaError
from gliner2_lite.demo import examples, forms
from gliner2_lite.demo.answer import Answer, choose, classify, extract, guarded


@pytest.fixture(scope="module")
def model() -> GLiNER2:
    return GLiNER2.from_pretrained("tiny", threads=1)


def test_classes_are_those_of_the_plain_call(model: GLiNER2) -> None:
    for text, tasks in examples.CLASSIFICATION:
        schema, several = forms.classification_schema(tasks)
        shown = json.loads(classify(model, text, schema, several, 0.5).json)
        plain = model.create_schema()
        for config in schema.to_dict()["classifications"]:
            plain.classification(config["task"], config["labels"], multi_label=config["task"] in several)
        expected = model.extract(text, plain)
        assert {
            task: [item["label"] for item in found] if task in several else found["label"]
            for task, found in shown.items()
        } == expected


def test_errors_are_shown_escaped_and_leave_nothing_old(model: GLiNER2) -> None:
    answer = guarded(lambda: extract(model, " ", forms.entity_schema("a"), 0.5))
    assert "Text: there is none yet" in answer.html and answer.json == answer.status == ""
    assert "<b>x" not in guarded(lambda: extract(model, "a", forms.whole_schema('{"<b>x": 1}'), 0.5)).html


def test_only_errors_of_this_package_become_words() -> None:
    def fail(error: Exception) -> Answer:
        raise error

    problem = guarded(lambda: fail(SchemaError("<b> is wrong")))
    assert "&lt;b&gt; is wrong" in problem.html and 'role="alert"' in problem.html
    with pytest.raises(ZeroDivisionError):
        guarded(lambda: fail(ZeroDivisionError()))


SCORES = [
    {"label": "a", "confidence": 0.6},
    {"label": "b", "confidence": 0.7},
    {"label": "c", "confidence": 0.1},
]


@pytest.mark.parametrize(("several", "threshold", "chosen"), [
    (False, 0.9, "b"), (True, 0.9, ""), (True, 0.6, "ab"), (True, 0.0, "abc"),
])  # fmt: skip
def test_one_label_wins_or_all_above_the_threshold(several: bool, threshold: float, chosen: str) -> None:
    scores = choose(SCORES, several=several, threshold=threshold)
    assert [score.label for score in scores] == ["a", "b", "c"]
    assert "".join(score.label for score in scores if score.chosen) == chosen


def test_the_json_has_rounded_confidences_and_the_status_the_words(model: GLiNER2) -> None:
    answer = extract(model, "Ann met Bob in Oslo.", Schema().entities(["person"]), 0.5)
    [first, *_] = json.loads(answer.json)["entities"]["person"]
    assert first["confidence"] == round(first["confidence"], 4)
    assert answer.status.endswith("ms** · 5 words · int8 on the CPU")
