"""Texts with gold answers: each folder's form, what is asked, how answers are compared, wrong lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gliner2_export.quality.gold import GoldScore, GoldText, gold_form, read_gold
from gliner2_lite.errors import ExportError

RECORDS: dict[str, list[dict[str, Any]]] = {
    "ner": [
        {"text": "Ann lives in Bonn.", "spans": [[0, 3, "person"], [13, 17, "city"]]},
        {"text": "A Fiat.", "spans": [[2, 6, "car"]]},
    ],
    "classification": [
        {
            "text": "So good!",
            "classification": {
                "task": "mood",
                "labels": ["good", "bad"],
                "true": ["good"],
                "multi_label": False,
            },
        }
    ],
    "structures": [
        {"text": "Ann paid 5 euro.", "structures": {"bill": [{"payer": "Ann", "method": "cash"}]}},
        {"text": "Bob paid for a, b.", "structures": {"bill": [{"payer": "Bob", "items": ["a", "b"]}]}},
    ],
    "relations": [
        {"text": "Ann knows Bob.", "relations": [{"relation": "knows", "head": "Ann", "tail": "Bob"}]}
    ],
}


def write(root: Path, kind: str, lines: list[str], name: str = "small.test.jsonl") -> None:
    (root / kind).mkdir(exist_ok=True)
    (root / kind / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def texts(tmp_path: Path) -> dict[str, list[GoldText]]:
    for kind, records in RECORDS.items():
        write(tmp_path, kind, [json.dumps(record) for record in records])
    write(tmp_path, "ner", ["not read"], "small.train.jsonl")
    by_kind: dict[str, list[GoldText]] = {}
    for text in sorted(read_gold(tmp_path, per_file=10), key=lambda gold: gold.text):
        by_kind.setdefault(text.kind, []).append(text)
    return by_kind


def test_every_label_of_a_file_is_asked(texts: dict[str, list[GoldText]]) -> None:
    assert {kind: len(those) for kind, those in texts.items()} == {
        kind: len(r) for kind, r in RECORDS.items()
    }
    car, ann = texts["ner"]
    assert car.schema.to_dict() == ann.schema.to_dict()
    assert set(ann.schema.to_dict()["entities"]) == {"person", "city", "car"}
    assert ann.answers == (
        ("entities", "entities", "person", "0", "Ann"),
        ("entities", "entities", "city", "13", "Bonn"),
    )
    assert ann.file == "ner/small.test.jsonl"
    (mood,) = texts["classification"]
    assert mood.answers == (("labels", "mood", "good"),)
    (knows,) = texts["relations"]
    assert knows.answers == (("relations", "knows", "ann", "bob"),)


def test_fields_are_those_of_their_name_and_what_is_not_in_the_text_is_a_choice(
    texts: dict[str, list[GoldText]],
) -> None:
    ann, bob = texts["structures"]
    fields = {field["name"]: field for field in ann.schema.to_dict()["structures"]["bill"]["fields"]}
    assert set(fields) == {"payer", "method", "items"}
    assert fields["method"]["choices"] == ["cash"] and not fields["payer"].get("choices")
    assert ann.answers == (("records", "bill", "payer", "ann"), ("records", "bill", "method", "cash"))
    assert bob.answers[1:] == (("records", "bill", "items", "a"), ("records", "bill", "items", "b"))


def test_answers_of_a_model_are_compared_by_place_or_by_text() -> None:
    assert gold_form(("records", "bill", "0", "payer", "0", "Ann")) == ("records", "bill", "payer", "ann")
    assert gold_form(("relations", "knows", "0", "Ann", "10", "Bob")) == ("relations", "knows", "ann", "bob")
    mention = ("entities", "entities", "person", "0", "Ann")
    assert gold_form(mention) == mention


def test_scores_are_micro_averages_over_texts() -> None:
    score = GoldScore()
    assert (score.f1(), score.accuracy()) == (1.0, 1.0)
    a, b, c = (("labels", "mood", label) for label in "abc")
    score.add([a, b], [a, c])
    score.add([b], [b])
    score.add([], [])
    assert score.f1() == pytest.approx(2 * 2 / 6) and score.accuracy() == pytest.approx(2 / 3)


def test_the_choice_of_records_is_random_and_repeatable(tmp_path: Path) -> None:
    lines = [json.dumps({"text": f"text {number}", "spans": [[0, 4, "word"]]}) for number in range(50)]
    write(tmp_path, "ner", lines)
    first, again = ([t.text for t in read_gold(tmp_path, per_file=5)] for _ in range(2))
    other = [t.text for t in read_gold(tmp_path, per_file=5, seed=1)]
    assert first == again and len(first) == 5 and first != other


@pytest.mark.parametrize(
    ("kind", "line", "message"),
    [
        ("ner", '{"text": "x"}', r"ner.small\.test\.jsonl, line 2: not of this folder's form"),
        ("relations", "{broken", "line 2: not of this folder's form"),
        ("poems", "{}", "folder 'poems' is none of ner, classification, structures, relations"),
    ],
)
def test_wrong_lines_and_folders_are_named(kind: str, line: str, message: str, tmp_path: Path) -> None:
    good = [json.dumps(record) for record in RECORDS.get(kind, [])[:1]]
    write(tmp_path, kind, [*good, line])
    with pytest.raises(ExportError, match=message):
        read_gold(tmp_path, per_file=3)


def test_a_directory_without_such_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"holds no \*/\*\.dev\.jsonl"):
        read_gold(tmp_path, per_file=3)
