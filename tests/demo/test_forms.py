"""The demo without its page: what people type becomes schemas, answers become HTML, errors become words."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import gliner2_lite
from gliner2_lite import GLiNER2, SchemaError
from gliner2_lite.cli import main
from gliner2_lite.demo import examples, forms
from gliner2_lite.demo.answer import classify, extract, guarded

DEMO = Path(gliner2_lite.__file__).parent / "demo"


@pytest.fixture(scope="module")
def model() -> GLiNER2:
    return GLiNER2.from_pretrained("tiny", threads=1)


def test_labels_by_commas_lines_and_with_descriptions() -> None:
    schema = forms.entity_schema("person, city\n\ndose: Amounts, such as 400mg\n drug ")
    assert (
        schema.to_dict()["entities"]
        == forms.whole_schema(
            '{"entities": {"person": {}, "city": {}, "dose": "Amounts, such as 400mg", "drug": {}}}'
        ).to_dict()["entities"]
    )


def test_structures_with_types_choices_and_descriptions() -> None:
    schema = forms.structure_schema(
        "product:\n name::str::What it is called\n color :: [red|blue]\nfirm:\n name"
    )
    assert (
        schema.to_dict()["structures"]
        == forms.whole_schema(
            '{"structures": {"product": {"fields": [{"name": "name", "dtype": "str", "description": '
            '"What it is called"}, {"name": "color", "dtype": "str", "choices": ["red", "blue"]}]}, '
            '"firm": {"fields": [{"name": "name"}]}}}'
        ).to_dict()["structures"]
    )


@pytest.mark.parametrize(
    ("read", "typed", "words"),
    [
        (forms.entity_schema, " ,\n", "Labels: there are none yet"),
        (forms.entity_schema, "a, b\na", "Labels, line 2: 'a' stands there twice"),
        (forms.entity_schema, ": of what", "Labels, line 1: there is no name"),
        (forms.classification_schema, "", "Tasks: there are none yet"),
        (forms.classification_schema, "mood good", "Tasks, line 1: there is no colon"),
        (forms.classification_schema, "mood: good", "mood needs at least two labels"),
        (forms.classification_schema, "mood: a, b\nmood: c, d", "Tasks, line 2: 'mood' stands there twice"),
        (forms.structure_schema, "", "Structures: there are none yet"),
        (forms.structure_schema, "name::str", "Structures, line 1: a field without a structure"),
        (forms.structure_schema, "a:\nb:\n x", "a has no fields yet"),
        (forms.structure_schema, "a:\n x\n x", "Structures, line 3: 'x' stands there twice"),
        (forms.structure_schema, "a:\n x::[b", "Structures, line 2: 'x::[b' has a bracket"),
        (forms.whole_schema, "", "Schema: it is empty"),
        (forms.whole_schema, "{", "Schema: not valid JSON at line 1"),
    ],
)
def test_mistakes_say_where(read, typed: str, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SchemaError, match="(?s).*") as caught:
        read(typed)
    assert words in str(caught.value)


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


def test_every_example_has_an_answer(model: GLiNER2) -> None:
    readers = (forms.entity_schema, examples.ENTITIES), (forms.structure_schema, examples.STRUCTURES), (
        forms.whole_schema, examples.WHOLE)  # fmt: skip
    for read, rows in readers:
        for text, typed in rows:
            answer = extract(model, text, read(typed), 0.5)
            assert "<mark" in answer.html and "ms" in answer.status, text


def test_errors_are_shown_escaped_and_leave_nothing_old(model: GLiNER2) -> None:
    answer = guarded(lambda: extract(model, " ", forms.entity_schema("a"), 0.5))
    assert "Text: there is none yet" in answer.html and answer.json == answer.status == ""
    assert "<b>x" not in guarded(lambda: extract(model, "a", forms.whole_schema('{"<b>x": 1}'), 0.5)).html


def test_gradio_is_imported_by_the_page_alone() -> None:
    package = DEMO.parent
    users = {p for p in package.rglob("*.py") if "import gradio" in p.read_text(encoding="utf-8")}
    assert users == {DEMO / "app.py", DEMO / "look.py", DEMO / "panel.py"}


def test_command_without_the_extra_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "gradio", None)
    monkeypatch.delitem(sys.modules, "gliner2_lite.demo.app", raising=False)
    assert main(["demo"]) == 1
    assert 'pip install "gliner2-lite[demo]"' in capsys.readouterr().err
