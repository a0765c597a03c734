"""The command line: one JSON line per text, one line per error, exit codes, pipes that end early."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from gliner2_lite import __version__
from gliner2_lite.cli import build_parser
from gliner2_lite.cli.extract import EPILOG
from tests.cli.running import run

TEXT = "Apple CEO Tim Cook announced iPhone 15 in California yesterday."
NEVER_LOADED = ["--model", "no/such/bundle"]  # errors that must come before the model is looked for


def start(argv: list[str], folder: Path, **options: Any) -> subprocess.Popen[bytes]:
    """The command line as its own process, away from the checkout."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen([sys.executable, "-m", "gliner2_lite", *argv], cwd=folder, **pipes)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"], capsys) == (0, [f"gliner2-lite {__version__}"], "")


def test_help_examples_parse() -> None:
    commands = re.findall(r"gliner2-lite (extract .*?(?:\\\n.*?)?)(?= >| \||$)", EPILOG, re.MULTILINE)
    assert len(commands) >= 10
    for command in commands:
        options = build_parser().parse_args(shlex.split(command.replace("\\\n", "")))
        assert (
            options.entities or options.classify or options.structure or options.relations or options.schema
        )


@pytest.mark.parametrize(
    ("argv", "wanted"),
    [
        ([], "COMMAND"),
        (["extract", "x"], "say what to extract"),
        (["extract", "x", "--input", "f", "--entities", "a"], "TEXT or --input, not both"),
        (["extract", "x", "--entities", "a,,b"], "empty name"),
        (["extract", "x", "--classify", "a,b"], "TASK=LABEL"),
        (["extract", "x", "--classify", "=a,b"], "TASK=LABEL"),
        (["extract", "x", "--structure", "product"], "NAME=FIELD"),
        (["extract", "x", "--structure", "product=a;;b"], "NAME=FIELD"),
        (["extract", "x", "--entities", "a", "--threshold", "50"], "'50' is not a number from 0 to 1"),
        (["extract", "x", "--entities", "a", "--threshold", "nan"], "'nan' is not a number from 0 to 1"),
        (["extract", "x", "--entities", "a", "--batch-size", "0"], "'0' is not a whole number from 1 up"),
        (["extract", "x", "--entities", "a", "--variant", "int4"], "int8"),
        (["extract", "x", "--entities", "a", "--chunk-size", "9"], "--long"),
        (["demo", "--port", "70000"], "'70000' is not a port, a number from 1 to 65535"),
    ],
)
def test_wrong_usage_ends_with_2(argv: list[str], wanted: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(argv, capsys)
    assert (code, out) == (2, [])
    assert wanted in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("argv", "code", "wanted"),
    [
        (["--entities", "a", "--model", "no/such/bundle/anywhere"], 1, "no/such/bundle/anywhere"),
        (["--entities", "[E]", *NEVER_LOADED], 2, "[E]"),
        (["--structure", "order=size::[]::str;size::[a|b]::other::str;", *NEVER_LOADED], 2, "NAME=FIELD"),
        (["--schema", "missing.json", *NEVER_LOADED], 2, "missing.json"),
    ],
)
def test_errors_are_one_line(
    argv: list[str], code: int, wanted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    got, out, err = run(["extract", TEXT, *argv], capsys)
    assert (got, out) == (code, [])
    assert wanted in err.splitlines()[-1]
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ('{"entites": ["a"]}', "entites"),
        ('{"entities": []}', "entities"),
        ('{"entities": ["a"],}', "line 1"),
        ("[]", "object"),
        (b"\xff\xfe", "UTF-8"),
    ],
)
def test_bad_schema_files_are_named(
    content: str | bytes, wanted: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "schema.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    code, out, err = run(["extract", TEXT, "--schema", str(path), *NEVER_LOADED], capsys)
    assert (code, out, len(err.splitlines())) == (2, [], 1)
    assert str(path) in err
    assert wanted in err


def test_missing_input_is_told_before_the_model_loads(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(["extract", "--input", "missing.txt", "--entities", "a", *NEVER_LOADED], capsys)
    assert (code, out, len(err.splitlines())) == (1, [], 1)
    assert "missing.txt" in err


def test_entities(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(["extract", TEXT, "--entities", "company,person,product,location"], capsys)
    assert (code, err) == (0, "")
    assert [json.loads(line) for line in out] == [
        {
            "entities": {
                "company": ["Apple"],
                "person": ["Tim Cook"],
                "product": ["iPhone 15"],
                "location": ["California"],
            }
        }
    ]


def test_tasks_compose_and_flags_add_detail(capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["extract", "Tim Cook works for Apple and lives in Cupertino."]
    argv += [
        "--entities",
        "person::Names of people",
        "--entities",
        "company",
        "--relations",
        "works_for,lives_in",
    ]
    argv += ["--classify", "topic=business,sports", "--classify", "urgent=yes,no", "--confidence", "--spans"]
    argv += ["--structure", "employee=name::str;employer::str::Who pays"]
    code, out, err = run(argv, capsys)
    assert (code, len(out), err) == (0, 1, "")
    answer = json.loads(out[0])
    assert list(answer) == ["employee", "entities", "topic", "urgent", "relation_extraction"]
    person = answer["entities"]["person"][0]
    assert (person["text"], person["start"], person["end"]) == ("Tim Cook", 0, 8)
    assert 0.5 <= person["confidence"] <= 1.0
    assert answer["topic"].keys() == {"label", "confidence"}
    assert answer["relation_extraction"]["works_for"][0]["tail"]["text"] == "Apple"


def test_options_add_to_a_schema_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "schema.json"
    path.write_text('{"entities": ["person"]}', encoding="utf-8-sig")
    code, out, _ = run(
        ["extract", "Tim Cook works for Apple.", "--schema", str(path), "--entities", "company"], capsys
    )
    assert code == 0
    assert json.loads(out[0]) == {"entities": {"person": ["Tim Cook"], "company": ["Apple"]}}


def test_choice_lists_may_hold_semicolons(capsys: pytest.CaptureFixture[str]) -> None:
    options = build_parser().parse_args(["extract", "x", "--structure", "o=a::[x;y|z]::str; b"])
    assert options.structure == [("o", ["a::[x;y|z]::str", "b"])]


def test_one_line_per_input_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = ["\ufeffLars moved to Oslo.", "", "Siemens opened an office in Madrid.\r", "Müller is in Köln"]
    path = tmp_path / "texts.txt"
    path.write_bytes("\n".join(lines).encode())
    argv = ["extract", "--input", str(path), "--entities", "city", "--spans", "--batch-size", "2"]
    code, out, err = run(argv, capsys)
    assert (code, err, len(out)) == (0, "", 4)
    first = json.loads(out[0])["entities"]["city"][0]
    assert (first["text"], first["start"]) == ("Oslo", 14)
    assert json.loads(out[2])["entities"]["city"][0]["text"] == "Madrid"
    assert "Köln" in out[3]  # not escaped


def test_bad_bytes_name_their_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "texts.txt"
    path.write_bytes(b"fine\n\xff\xfe\n")
    code, out, err = run(["extract", "--input", str(path), "--entities", "city"], capsys)
    assert (code, len(out), len(err.splitlines())) == (1, 2, 1)
    assert json.loads(out[1])["error"]["line"] == 2
    assert "line 2" in err


def test_long_texts_need_long(capsys: pytest.CaptureFixture[str]) -> None:
    report = (
        "Lars moved to Oslo. " + "Nothing else happened that day. " * 120 + "Then Siemens came to Madrid."
    )
    code, out, err = run(["extract", report, "--entities", "city"], capsys)
    assert (code, out, len(err.splitlines())) == (1, [], 1)
    assert "this model takes 512; read it in windows with --long" in err
    code, _, err = run(["extract", "8f3a-" * 3000, "--entities", "city", "--long"], capsys)
    assert code == 1 and "--chunk-size" in err and "chunk_size" not in err and "_long" not in err
    argv = ["extract", report, "--entities", "city", "--long", "--chunk-size", "128", "--chunk-overlap", "16"]
    code, out, _ = run([*argv, "--spans"], capsys)
    assert code == 0
    cities = json.loads(out[0])["entities"]["city"]
    assert [(c["text"], report[c["start"] : c["end"]]) for c in cities] == [
        ("Oslo", "Oslo"),
        ("Madrid", "Madrid"),
    ]


def test_pipe_in_any_locale(tmp_path: Path) -> None:
    environment = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    process = start(["extract", "--entities", "city"], tmp_path, stdin=subprocess.PIPE, env=environment)
    out, err = process.communicate("Lars moved to Köln.\n".encode(), timeout=120)
    assert (process.returncode, err) == (0, b"")
    assert json.loads(out.decode("utf-8")) == {"entities": {"city": ["Köln"]}}


def test_export_hands_over(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[list[str]] = []
    exporter = types.ModuleType("gliner2_export.cli")
    exporter.main = lambda argv: seen.append(argv) or 7  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "gliner2_export.cli", exporter)
    assert run(["export", "in", "out", "--variants", "int8"], capsys)[0] == 7
    assert seen == [["in", "out", "--variants", "int8"]]


def test_export_without_its_extra_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "gliner2_export"]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("torch", "gliner2", "onnx", "optimum", "transformers"):
        monkeypatch.setitem(sys.modules, name, None)  # as if not installed
    code, out, err = run(["export", str(tmp_path), str(tmp_path / "out")], capsys)
    assert (code, out, len(err.splitlines())) == (1, [], 1)
    assert 'pip install "gliner2-lite[export]"' in err
