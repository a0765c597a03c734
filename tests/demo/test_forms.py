"""What people type becomes schemas; mistakes say on which line."""

from __future__ import annotations

from pathlib import Path

import pytest

import gliner2_lite
from gliner2_lite import SchemaError
from gliner2_lite.demo import forms

DEMO = Path(gliner2_lite.__file__).parent / "demo"


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


def test_gradio_is_imported_by_the_page_alone() -> None:
    package = DEMO.parent
    users = {p for p in package.rglob("*.py") if "import gradio" in p.read_text(encoding="utf-8")}
    assert users == {DEMO / "app.py", DEMO / "look.py", DEMO / "panel.py"}
