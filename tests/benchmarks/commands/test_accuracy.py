"""``accuracy``: right scores, and a run that goes on where it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gliner2_lite import GLiNER2
from tests.benchmarks.conftest import TINY, run_command


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three records of entities and two of a classification."""
    root = tmp_path / "data"
    for kind in ("ner", "classification"):
        (root / kind).mkdir(parents=True)
    texts = ["Ada Lovelace lived in London.", "Alan Turing worked in Manchester.", "Nobody was there."]
    spans = [[[0, 12, "person"], [22, 28, "city"]], [[0, 11, "person"], [22, 32, "city"]], []]
    write(
        root / "ner" / "people.dev.jsonl",
        [{"text": t, "spans": s} for t, s in zip(texts, spans, strict=True)],
    )
    task = {"task": "mood", "labels": ["positive", "negative"], "multi_label": False}
    moods = [("What a wonderful day!", "positive"), ("That was a terrible film.", "negative")]
    records = [{"text": text, "classification": {**task, "true": [true]}} for text, true in moods]
    write(root / "classification" / "moods.test.jsonl", records)
    labels = {
        "ner/people": {"person": "name of a human"},
        "classification/moods": {"mood": ["positive", "negative"]},
    }
    (root / "LABELS.json").write_text(json.dumps(labels), encoding="utf-8")
    return root


def write(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def test_accuracy_scores_what_the_model_answers(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ["--bundle", str(TINY), "--data", str(data), "--threads", "1"]
    result = run_command("accuracy", out, *arguments)
    assert [(row["file"], row["texts"]) for row in result["rows"]] == [
        ("classification/moods.test.jsonl", 2), ("ner/people.dev.jsonl", 3),
    ]  # fmt: skip
    model, right, answered, gold = GLiNER2.from_pretrained("tiny"), 0, 0, 0
    for line in (data / "ner" / "people.dev.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        answer = model.extract_entities(record["text"], ["person", "city"], include_spans=True)["entities"]
        mine = {(one["start"], one["end"], label) for label, spans in answer.items() for one in spans}
        true = {tuple(span) for span in record["spans"]}
        right, answered, gold = right + len(mine & true), answered + len(mine), gold + len(true)
    assert result["rows"][1]["results"]["int8"]["f1"] == pytest.approx(2 * right / (answered + gold))
    assert right > 0


def test_accuracy_goes_on_behind_a_half_written_line(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ["--bundle", str(TINY), "--data", str(data), "--threads", "1"]
    first = run_command("accuracy", out, *arguments)
    kept = out / "accuracy-predictions.jsonl"
    lines = kept.read_bytes().splitlines(keepends=True)
    assert len(lines) == 5
    kept.write_bytes(b"".join(lines[:3]) + lines[3][:20])
    second = run_command("accuracy", out, *arguments)
    assert second["contestants"]["int8"]["asked_now"] == 2
    assert second["rows"] == first["rows"]
    assert sorted(kept.read_bytes().splitlines()) == sorted(line.rstrip(b"\n") for line in lines)
    assert run_command("accuracy", out, *arguments)["contestants"]["int8"]["asked_now"] == 0
    described = run_command("accuracy", out, *arguments, "--descriptions")
    assert described["contestants"]["int8"]["asked_now"] == 3  # the data describes the entities alone
