"""Descriptions of labels under both of their names, in every form of a schema."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gliner2_lite import Schema, SchemaError
from gliner2_lite.schema import classification_schema, compile_schema
from gliner2_lite.schema.label_descriptions import read_label_descriptions, under_one_name

LABELS, MEANING = ["good", "bad"], {"good": "Praise", "bad": None}
FORMS = [
    lambda options: Schema().classification("mood", LABELS, **options),
    lambda options: classification_schema({"mood": {"labels": LABELS, **options}}),
    lambda options: Schema.from_dict({"classifications": [{"task": "mood", "labels": LABELS, **options}]}),
    lambda options: {"classifications": [{"task": "mood", "labels": LABELS, **options}]},
]


@pytest.mark.parametrize("make", FORMS)
def test_both_names_say_the_same(make: Any) -> None:
    for options in (
        {"label_descriptions": MEANING},
        {"descriptions": MEANING},
        {"descriptions": MEANING, "label_descriptions": None},
        {"descriptions": None, "label_descriptions": MEANING},
    ):
        [task] = compile_schema(make(options)).classifications
        assert task.descriptions == (("good", "Praise"),)
    [task] = compile_schema(make({"descriptions": None})).classifications
    assert task.descriptions == ()


@pytest.mark.parametrize("make", FORMS)
def test_both_names_at_once_are_an_error(make: Any) -> None:
    with pytest.raises(SchemaError, match=r"descriptions: label_descriptions is there too.*one of the two"):
        compile_schema(make({"descriptions": MEANING, "label_descriptions": {}}))


@pytest.mark.parametrize("make", FORMS)
@pytest.mark.parametrize("name", ["descriptions", "label_descriptions"])
def test_wrong_descriptions_are_named(make: Any, name: str) -> None:
    for value, message in (
        (["Praise"], "escriptions: expected a dict"),
        ({"good": 5}, "escriptions.good: expe"),
    ):
        with pytest.raises(SchemaError, match=re.escape(message)):
            compile_schema(make({name: value}))


def test_the_built_dict_has_the_name_of_the_reference() -> None:
    [task] = Schema().classification("mood", LABELS, descriptions=MEANING).build()["classifications"]
    assert task["label_descriptions"] == MEANING and "descriptions" not in task
    options = {"labels": LABELS}
    assert under_one_name(options, "mood") is options
    assert read_label_descriptions(None, "mood") is None
