"""``footprint`` of this environment and of the embedded bundle."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks.commands import footprint
from tests.benchmarks.conftest import TINY, run_command


def test_footprint_of_this_environment_and_a_bundle(tmp_path: Path) -> None:
    result = run_command("footprint", tmp_path, "--slim-python", sys.executable, "--bundle", str(TINY))
    slim = result["environments"]["slim"]
    packages = {one["name"] for one in slim["packages"]}
    assert {"gliner2-lite", "numpy", "onnxruntime", "tokenizers", "huggingface-hub"} <= packages
    assert not {"pytest", "torch"} & packages
    assert slim["bytes"] > 50e6
    report = (tmp_path / "footprint.md").read_text(encoding="utf-8")
    assert "| package | version | MB | of it bytecode |" in report
    (row,) = result["rows"]
    assert row["files"]["tokenizer.json"] == (TINY / "tokenizer.json").stat().st_size
    assert 0 < row["variants"]["int8"] <= sum(row["files"].values())


def test_the_embedded_model_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    packages = [
        {"name": "gliner2-lite", "version": "1", "bytes": 50, "bytecode": 4, "skipped": 30},
        {"name": "numpy", "version": "2", "bytes": 40, "bytecode": 3, "skipped": 0},
    ]
    monkeypatch.setattr(footprint, "_run", lambda command: json.dumps({"packages": packages}))
    sizes = footprint.environment_sizes(Path(sys.executable), "gliner2-lite")
    assert (sizes["bytes"], sizes["embedded_bytes"], sizes["bytecode_bytes"]) == (60, 30, 7)


def test_the_goal_names_what_the_reference_takes() -> None:
    sizes = {"slim": {"bytes": 180_000_000}, "reference": {"bytes": 1_300_000_000}}
    (goal,) = footprint.goals({"environments": sizes})
    assert (goal["measured"], goal["reference"], goal["reached"]) == ("180.0 MB", "1300.0 MB", True)
    (goal,) = footprint.goals({"environments": {"slim": {"bytes": 200_000_000}}})
    assert (goal["reference"], goal["reached"]) == ("", False)
