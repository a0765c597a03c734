"""The one-task methods: each is ``extract`` with the schema that it stands for, in four forms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from gliner2_lite import GLiNER2, Schema, SchemaError
from tests.model.questions import LABELS, TEXT

TEXTS = [TEXT, "Maria Lopez of Siemens lives in Madrid, and Tim Cook in California!", ""]


@dataclass(frozen=True)
class Task:
    """A method, what it is asked, and the schema that asks the same."""

    method: str
    asked: Any
    schema: Callable[[], Schema]


def deal() -> Schema:
    builder = (
        Schema().structure("deal").field("buyer", dtype="str").field("goods", description="what is sold")
    )
    return builder.field("kind", dtype="str", choices=["sale", "gift"]).schema


TASKS = [
    Task("extract_entities", LABELS, lambda: Schema().entities(LABELS)),
    Task(
        "extract_entities",
        {"person": "a human", "location": {"dtype": "str", "threshold": 0.1}},
        lambda: Schema().entities({"person": "a human", "location": {"dtype": "str", "threshold": 0.1}}),
    ),
    Task(
        "classify_text",
        {"tone": ["calm", "angry"], "topic": {"labels": ["sport", "trade"], "multi_label": True}},
        lambda: (
            Schema()
            .classification("tone", ["calm", "angry"])
            .classification("topic", ["sport", "trade"], multi_label=True)
        ),
    ),
    Task("extract_json", {"deal": ["buyer::str", "goods::what is sold", "kind::[sale|gift]::str"]}, deal),
    Task("extract_relations", ["works for", "near"], lambda: Schema().relations(["works for", "near"])),
]
SHOWN = {"threshold": 0.1, "include_confidence": True, "include_spans": True, "overlap_policy": "nested"}
WINDOW = {"chunk_size": 6, "chunk_overlap": 2}


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.method)
@pytest.mark.parametrize("options", [{}, SHOWN], ids=["plain", "options"])
def test_a_task_is_extract_with_its_schema(model: GLiNER2, task: Task, options: dict[str, Any]) -> None:
    def call(name: str, *args: Any, **more: Any) -> Any:
        return getattr(model, name)(*args, **options, **more)

    schema = task.schema()
    single = [call("extract", text, schema) for text in TEXTS]
    assert any(single), "there is something to compare"
    assert [call(task.method, text, task.asked) for text in TEXTS] == single
    assert call(f"batch_{task.method}", TEXTS, task.asked, 2) == single
    for more in ({"max_len": 4}, {"format_results": False}):
        assert call(task.method, TEXT, task.asked, **more) == call("extract", TEXT, schema, **more)
        assert call(f"batch_{task.method}", TEXTS, task.asked, **more) == (
            call("batch_extract", TEXTS, schema, **more)
        )
    long = [call("extract_long", text, schema, **WINDOW) for text in TEXTS]
    assert [call(f"{task.method}_long", text, task.asked, **WINDOW) for text in TEXTS] == long
    assert call(f"batch_{task.method}_long", TEXTS, task.asked, **WINDOW) == long


def test_the_example_of_the_readme(model: GLiNER2) -> None:
    assert model.extract_entities(TEXT, LABELS) == {
        "entities": {
            "company": ["Apple"],
            "person": ["Tim Cook"],
            "product": ["iPhone 15"],
            "location": ["California"],
        }
    }


def test_the_example_of_the_readme_is_beyond_rounding(model: GLiNER2) -> None:
    """int8 scores move with the CPU and the onnxruntime release, here by 0.04: no such step may change it."""
    expected = model.extract_entities(TEXT, LABELS)
    assert model.extract_entities(TEXT, LABELS, threshold=0.3) == expected
    assert model.extract_entities(TEXT, LABELS, threshold=0.7) == expected


def test_predict_entities_is_the_flat_list_that_wrappers_expect(model: GLiNER2) -> None:
    found = model.predict_entities(TEXT, LABELS, threshold=0.5)
    assert [(item["text"], item["label"]) for item in found] == [
        ("Apple", "company"),
        ("Tim Cook", "person"),
        ("iPhone 15", "product"),
        ("California", "location"),
    ]
    assert all(set(item) == {"start", "end", "text", "label", "score"} for item in found)
    assert model.batch_predict_entities([TEXT, "Nothing here."], LABELS)[0] == found
    starts = [item["start"] for item in model.predict_entities(TEXT, LABELS, flat_ner=False, threshold=0.01)]
    assert starts == sorted(starts)

    assert model.batch_predict_entities([], LABELS) == []


def test_flags_of_predict_entities_reach_the_rules_of_both_forms(model: GLiNER2) -> None:
    flags = [(flat, multi) for flat in (True, False) for multi in (True, False)]
    found = [
        model.predict_entities(TEXT, LABELS, flat_ner=flat, threshold=0.0, multi_label=multi)
        for flat, multi in flags
    ]
    assert len(set(map(len, found))) == 4, "at a threshold of 0 every flag shows"
    for (flat, multi), single in zip(flags, found, strict=True):
        assert model.batch_predict_entities([TEXT], LABELS, flat, 0.0, multi) == [single]


BAD_TASKS: dict[str, tuple[Callable[[GLiNER2], object], str]] = {
    "marker": (lambda m: m.extract_entities(TEXT, ["[E]"]), r"\[E\]"),
    "label": (lambda m: m.extract_entities(TEXT, [3]), "3"),
    "choices": (lambda m: m.extract_json(TEXT, {"a": ["b::[x|y"]}), r"\[x\|y"),
    "labels": (lambda m: m.classify_text(TEXT, ["calm"]), "task name to labels"),
    "roles": (lambda m: m.extract_relations(TEXT, {"near": {"roles": 3}}), "roles"),
}


@pytest.mark.parametrize("name", BAD_TASKS)
def test_what_cannot_be_asked_is_refused_before_the_model_runs(
    model: GLiNER2, runs: list[tuple[int, ...]], name: str
) -> None:
    call, message = BAD_TASKS[name]
    with pytest.raises(SchemaError, match=message):
        call(model)
    assert runs == []


def test_a_task_that_may_abstain_answers_none_in_every_form(model: GLiNER2) -> None:
    text = "The delivery was late and the box was damaged."
    labels = {"labels": ["football", "tennis", "chess"], "cls_threshold": 0.99}
    tasks = {"sport": {**labels, "abstain": True}, "anyway": labels, "tone": ["good", "bad"]}
    forms = [
        lambda **more: model.classify_text(text, tasks, **more),
        lambda **more: model.batch_classify_text([text], tasks, **more)[0],
        lambda **more: model.classify_text_long(text, tasks, chunk_size=40, chunk_overlap=0, **more),
    ]
    for form in forms:
        answer = form()
        assert list(answer) == ["sport", "anyway", "tone"]
        assert answer["sport"] is None and answer["anyway"] == "football" and answer["tone"] == "bad"
        assert form(include_confidence=True)["sport"] is None
    assert model.classify_text(text, tasks, format_results=False)["sport"] is None
    sport = {"sport": {**labels, "cls_threshold": 0.5, "abstain": True}}
    assert model.classify_text(text, sport) == {"sport": "football"}
