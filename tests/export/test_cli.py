"""The exporter's command line."""

from __future__ import annotations

import importlib
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from gliner2_export import cli
from gliner2_export import export as bundle
from gliner2_export.int8.quantize import GRIDS
from gliner2_export.quality.gold import READERS, SPLITS
from gliner2_lite.cli import main as runtime_main


def test_path_on_stdout_and_messages_on_stderr(
    bert_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "bundle"
    assert runtime_main(["export", str(bert_checkpoint), str(out), "--variants", "fp32"]) == 0
    captured = capsys.readouterr()
    assert captured.out == f"{out}\n"
    assert "converting to ONNX" in captured.err and "span_end" in captured.err
    assert list(json.loads((out / "gliner2_lite.json").read_text())["variants"]) == ["fp32"]
    phases = ["reading", "converting", "comparing the graph", "comparing reference", "optimizing", "wrote"]
    lines = captured.err.splitlines()
    assert all(re.match(r" *\d+ s  ", line) for line in lines), captured.err
    starts = [next(i for i, line in enumerate(lines) if f" s  {phase}" in line) for phase in phases]
    assert starts == sorted(starts)
    assert "int8 against fp32" not in captured.err, "there is no int8"
    command = shlex.split(lines[-1].partition("try it: ")[2])
    assert command[:2] == ["gliner2-lite", "extract"] and command[-2:] == ["--model", str(out)]
    assert runtime_main(command[1:]) == 0
    assert json.loads(capsys.readouterr().out)["entities"].keys() == {"person", "company"}


def test_the_last_lines_tell_what_int8_costs_and_what_comes_next() -> None:
    cost = {"texts": 122, "mean_delta": 0.00898, "p99_delta": 0.05, "changed_answers": 0.03109}
    lines = cli.closing_lines({"quality": {"int8_against_fp32": cost}}, Path("my bundle"))
    assert lines == [
        "int8 against fp32 on 122 texts: 3.1 % of answers changed, mean |Δp| 0.0090 "
        "(all figures: my bundle/quality.json)",
        f"try it: {cli.TRY} --model 'my bundle'",
    ]
    [line] = cli.closing_lines({"quality": {}}, Path("tiny"))
    assert line.endswith("--model ./tiny"), "tiny alone is the embedded model"


def test_errors_are_one_line_and_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([str(tmp_path / "nowhere"), str(tmp_path / "out")]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("gliner2-lite export: error: ") and captured.err.count("\n") == 1
    assert "nowhere is not a directory; download the checkpoint first" in captured.err
    assert list(tmp_path.iterdir()) == []


def test_interrupt_is_exit_code_130(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*args: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(bundle, "load_checkpoint", interrupt)
    assert cli.main([str(tmp_path), str(tmp_path / "out")]) == 130
    assert "interrupted, nothing was written" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_interrupted_push_says_that_the_bundle_is_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*args: object) -> None:
        raise KeyboardInterrupt

    for name in ("check_push", "_export"):
        monkeypatch.setattr(cli, name, lambda *args: None)
    monkeypatch.setattr(cli, "push", interrupt)
    out = str(tmp_path / "out")
    assert cli.main([str(tmp_path), out, "--push", "org/name"]) == 130
    assert f"interrupted, {out} is complete, not pushed" in capsys.readouterr().err


def test_missing_package_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError("No module named 'optimum'", name="optimum")

    monkeypatch.setattr(importlib, "import_module", missing)
    assert cli.main([str(tmp_path), str(tmp_path / "out")]) == 1
    message = capsys.readouterr().err
    assert "needs the module 'optimum'" in message and 'pip install "gliner2-lite[export]"' in message


def test_help_tells_targets_and_files_as_they_are_treated() -> None:
    options = {action.dest: action for action in cli.build_parser()._actions}
    target = options["target"]
    assert list(target.choices or ()) == list(GRIDS)
    alike, full = str(target.help).split("is made alike, ")
    for name, grid in GRIDS.items():
        assert name in (alike if grid.pairs else full), name
    assert all(f"*{split}" in str(options["evaluate"].help) for split in SPLITS)
    assert all(kind in str(options["evaluate"].help) for kind in READERS)


def test_module_runs_and_its_help_teaches_without_torch() -> None:
    code = (
        "import sys; sys.argv = ['x', '--help']\n"
        "from gliner2_export.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    print('torch' in sys.modules)\n"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "gliner2-lite export gliner2-base-v1 base-bundle" in shown.stdout
    assert shown.stdout.endswith("False\n")
    module = [sys.executable, "-m", "gliner2_export"]
    assert subprocess.run(module, capture_output=True, text=True, check=False).returncode == 2
