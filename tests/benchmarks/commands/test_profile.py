"""``profile`` on the embedded bundle, and the summary of a trace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import cli
from benchmarks.commands import profile
from gliner2_lite import InputError
from tests.benchmarks.conftest import TINY


def event(name: str, start: float, duration: float, **args: Any) -> dict[str, Any]:
    category = "Node" if args else "Session"
    return {"cat": category, "name": name, "ts": start, "dur": duration, "args": args}


def test_profile_summary_takes_the_fastest_runs_and_tells_products_apart() -> None:
    matrix, stack = [{"float": [1, 8, 4]}, {"float": [4, 4]}], [{"float": [2, 8, 4]}, {"float": [2, 4, 8]}]
    nodes: list[tuple[str, list[Any], int]] = [
        ("MatMul", matrix, 20), ("MatMul", stack, 30), ("DynamicQuantizeMatMul", matrix, 40), ("Add", [], 5),
    ]  # fmt: skip
    events = [event("model_loading", 0, 9)]
    for run, slowdown in enumerate([50, 1, 4, 4, 4]):  # the first is warm-up
        begin = 1000 * (run + 1)
        events.append(event("model_run", begin, 100 * slowdown))
        for index, (operator, shapes, share) in enumerate(nodes):
            args = {"op_name": operator, "input_type_shape": shapes}
            events.append(event(f"node{index}_kernel_time", begin + index, share * slowdown, **args))
    summary = profile.summarize_events(events, skip_runs=1)
    assert summary["session_ms"] == pytest.approx(0.1)
    assert summary["kinds"] == pytest.approx(dict(zip(profile.KINDS, [0.4, 0.2, 0.3, 0.05], strict=True)))
    assert [item["operator"] for item in summary["operators"]] == [
        "DynamicQuantizeMatMul", "MatMul", "MatMul", "Add",
    ]  # fmt: skip
    with pytest.raises(InputError, match="no run"):
        profile.summarize_events(events, skip_runs=5)


def test_profile_command_on_the_embedded_bundle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--bundle", str(TINY), "--tokens", "24,48", "--runs", "4", "--threads", "1"]
    assert cli.main(["profile", *arguments, "--out", str(tmp_path)]) == 0
    result = json.loads((tmp_path / "profile.json").read_text(encoding="utf-8"))
    assert [row["tokens"] for row in result["rows"]] == [24, 48]
    for row in result["rows"]:
        assert 0.3 < sum(row["kinds"].values()) <= 1.01
        assert row["kinds"]["int8 products with weights"] + row["kinds"]["fp32 products with weights"] > 0.0
    assert capsys.readouterr().out == (tmp_path / "profile.md").read_text(encoding="utf-8")
