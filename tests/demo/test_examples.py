"""Every example of every tab has an answer of the embedded model."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gliner2_lite import GLiNER2, Schema
from gliner2_lite.demo import examples, forms
from gliner2_lite.demo.answer import extract


@pytest.fixture(scope="module")
def model() -> GLiNER2:
    return GLiNER2.from_pretrained("tiny", threads=1)


@pytest.mark.parametrize(("read", "rows"), [
    (forms.entity_schema, examples.ENTITIES), (forms.structure_schema, examples.STRUCTURES),
    (forms.whole_schema, examples.WHOLE),
])  # fmt: skip
def test_every_example_has_an_answer(
    read: Callable[[str], Schema], rows: list[list[str]], model: GLiNER2
) -> None:
    assert len(rows) >= 2
    for text, typed in rows:
        answer = extract(model, text, read(typed), 0.5)
        assert "<mark" in answer.html and "ms" in answer.status, text


def test_every_classification_example_has_tasks_of_its_own() -> None:
    tasks = [forms.classification_schema(typed) for _, typed in examples.CLASSIFICATION]
    assert len({schema.build()["classifications"][-1]["task"] for schema, _ in tasks}) == len(tasks)
    assert any(several for _, several in tasks), "one shows how several labels are asked for"
