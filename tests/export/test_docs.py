"""docs/export.md: its commands that need torch run, on a small checkpoint, and the report has its fields."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gliner2_export.quality.report import PAIRS, gold_report
from tests.test_docs import run_python, run_shell, snippets_of
from tests.test_schema_page import read_tables

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "export.md"
TEXT = PAGE.read_text(encoding="utf-8")
#: The extra is installed where this runs.
INSTALLED = 'pip install ".[export]"\n'


def placed(code: str, checkpoint: Path, folder: Path) -> str:
    return (
        code.removeprefix(INSTALLED)
        .replace("path/to/checkpoint", str(checkpoint))
        .replace("path/to/bundle", str(folder / "bundle"))
        .replace("path/to/labelled-texts", str(folder / "labelled"))
    )


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """One text of each kind, in the form that the page gives."""
    records = {
        "ner": {"text": "Tim Cook works for Apple.", "spans": [[0, 8, "person"], [19, 24, "company"]]},
        "classification": {
            "text": "I love it.",
            "classification": {
                "task": "mood", "labels": ["good", "bad"], "true": ["good"], "multi_label": False,
            },
        },
        "structures": {"text": "It costs $5.", "structures": {"product": [{"price": "$5"}]}},
        "relations": {
            "text": "Tim Cook works for Apple.",
            "relations": [{"relation": "works_for", "head": "Tim Cook", "tail": "Apple"}],
        },
    }  # fmt: skip
    for kind, record in records.items():
        folder = tmp_path / "labelled" / kind
        folder.mkdir(parents=True)
        (folder / "own.test.jsonl").write_text(json.dumps(record) + "\n", encoding="utf-8")
    return tmp_path / "labelled"


def test_first_commands_and_the_python_form_run(bert_checkpoint: Path, tmp_path: Path) -> None:
    shell = next(s for s in snippets_of("docs/export.md") if s.language == "sh")
    assert shell.code.startswith(INSTALLED)
    printed = run_shell(placed(shell.code, bert_checkpoint, tmp_path), tmp_path)
    assert printed.startswith(f"{tmp_path / 'bundle'}\n")
    assert set(json.loads(printed.splitlines()[-1])) == {"entities"}
    python = next(s for s in snippets_of("docs/export.md") if "export_checkpoint" in s.code)
    other = tmp_path / "other"
    session: dict[str, dict[str, object]] = {}
    run_python(placed(python.code, bert_checkpoint, other), session)
    assert (other / "bundle" / "quality.json").is_file()
    assert list(session["manifest"]["variants"]) == ["int8"]  # type: ignore[call-overload]


def test_evaluating_on_labelled_texts_runs(bert_checkpoint: Path, tmp_path: Path, labelled: Path) -> None:
    [shell] = [s for s in snippets_of("docs/export.md") if "--evaluate" in s.code]
    run_shell(placed(shell.code, bert_checkpoint, tmp_path), tmp_path)
    report = json.loads((tmp_path / "bundle" / "quality.json").read_text(encoding="utf-8"))
    assert set(report["evaluated"]["tasks"]) == {"ner", "classification", "structures", "relations"}
    assert report["evaluated"]["texts"] == 4


def test_fields_of_labelled_texts_are_explained() -> None:
    report = gold_report({}, [])
    [rows] = read_tables(TEXT)["How to read quality.json", "field"]
    cell = next(row[1] for row in rows if row[0] == "evaluated")
    assert all(f"`{key}`" in cell for key in set(report) - {"tasks"})
    assert any(row[0] == "evaluated.tasks" for row in rows)
    assert all(f"`{found} against {expected}`" in TEXT for found, expected in PAIRS[:3])
    assert f"`{PAIRS[3][0]}`" in TEXT
