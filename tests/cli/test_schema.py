"""``schema check`` and ``schema show``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gliner2_lite.cli import main

FULL = {
    "entities": {"person": "Names of people", "city": {"dtype": "str"}},
    "entity_attributes": {"mood": {"labels": ["calm", "angry"]}},
    "structures": {
        "order": {"fields": [{"name": "size", "dtype": "str", "choices": ["S", "M"]}, {"name": "note"}]},
    },
    "classifications": [
        {"task": "topic", "labels": ["a", "b", "c"], "multi_label": True},
        {"task": "tone", "labels": ["d", "e"], "abstain": True},
    ],
    "relations": ["lives_in"],
}


def test_check_says_what_is_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "schema.json"
    path.write_text(json.dumps(FULL), encoding="utf-8")
    assert main(["schema", "check", str(path)]) == 0
    out = capsys.readouterr().out
    for wanted in ("size: str of S|M; note: list", "2 labels: person, city", "attribute mood",
                   "1 label: lives_in", "several of 3 labels: a, b, c",
                   "one or none of 2 labels: d, e"):  # fmt: skip
        assert wanted in out
    assert "tokens" not in out


def test_check_counts_tokens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As many as the model says when a text is too long for it."""
    path = tmp_path / "schema.json"
    path.write_text(json.dumps(FULL), encoding="utf-8")
    assert main(["schema", "check", str(path), "--model", "tiny"]) == 0
    line = capsys.readouterr().out.splitlines()[-1]
    assert "of the 512 that tiny takes" in line
    assert main(["extract", "word " * 600, "--schema", str(path)]) == 1
    # One token per word and for the mark that ends a text.
    assert f"make {int(line.split()[1]) + 601} tokens" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "wanted"),
    [('{"entities": [""]}', "entities[0]"),
     ('{"classifications": [{"task": "t", "labels": ["a"]}]}', "labels"),
     ("{", "line 1")],
)  # fmt: skip
def test_check_names_the_field(
    content: str, wanted: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "schema.json"
    path.write_text(content, encoding="utf-8")
    assert main(["schema", "check", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1
    assert str(path) in err and wanted in err


def test_show_makes_a_file_that_extract_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tasks = ["--entities", "person,city::Where", "--classify", "tone=a,b", "--structure", "o=x::str;c::[p|q]"]
    assert main(["schema", "show", *tasks]) == 0
    path = tmp_path / "schema.json"
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    text = "Lars moved to Oslo."
    assert main(["extract", text, *tasks]) == main(["extract", text, "--schema", str(path)]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == second
    with pytest.raises(SystemExit):
        main(["schema", "show"])
