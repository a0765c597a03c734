"""Questions of labelled data, with and without descriptions of labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.questions import describe, read_descriptions, read_questions
from gliner2_lite import InputError


def test_descriptions_join_the_schema() -> None:
    entities: dict[str, Any] = {"entities": ["person", "city"]}
    assert describe(entities, {"person": "a human", "river": "water"}) == 1
    assert entities == {"entities": {"person": "a human", "city": ""}}
    task: dict[str, Any] = {"classifications": [{"task": "mood", "labels": ["good", "bad"]}]}
    assert describe(task, {"mood": {"good": "it pleases"}}) == 1
    assert task["classifications"][0]["label_descriptions"] == {"good": "it pleases"}
    assert describe({"entities": ["person"]}, ["person"]) == 0


def test_files_are_chosen_by_name_or_data_set(tmp_path: Path) -> None:
    (tmp_path / "ner").mkdir()
    record = json.dumps({"text": "Ada lived in London.", "spans": [[0, 3, "person"]]})
    for name in ("one.dev", "one.test", "two.dev"):
        (tmp_path / "ner" / f"{name}.jsonl").write_text(record + "\n", encoding="utf-8")

    def files(*patterns: str) -> set[str]:
        questions = read_questions(tmp_path, per_file=5, seed=0, files=patterns, descriptions=None)
        return {question.gold.file for question in questions}

    assert files("*.dev.jsonl") == {"ner/one.dev.jsonl", "ner/two.dev.jsonl"}
    assert files("ner/one") == {"ner/one.dev.jsonl", "ner/one.test.jsonl"}
    assert files("two.dev.jsonl") == {"ner/two.dev.jsonl"}
    with pytest.raises(InputError, match="three"):
        files("three")
    with pytest.raises(InputError, match="name no label that is asked"):
        read_questions(tmp_path, per_file=5, seed=0, descriptions={"ner/one": {"city": "a town"}})


def test_unusable_descriptions_are_named(tmp_path: Path) -> None:
    path = tmp_path / "LABELS.json"
    for content, message in (("{", "cannot be read"), ("[]", "not list")):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(InputError, match=message):
            read_descriptions(path)
