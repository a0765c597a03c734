"""``resources``: the other commands in turn, and one table."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.benchmarks.conftest import TINY, run_command


def test_resources_is_one_table_of_the_other_commands(tmp_path: Path) -> None:
    arguments = ["--bundle", str(TINY), "--threads", "1", "--slim-python", sys.executable]
    amount = ["--quick", "--repetitions", "1", "--calls", "4", "--texts", "2"]
    result = run_command("resources", tmp_path, *arguments, *amount)
    assert [(row["part"], row["what"], row["goal"]) for row in result["rows"]] == [
        ("cold-start", "int8, process start to first result, embedded model", "≤ 0.25 s"),
        ("cold-start", "int8-prepacked, process start to first result, embedded model", "≤ 0.25 s"),
        ("memory", "int8, growth over 4 calls", "< 2 %"),
        ("footprint", "slim environment, without the embedded model", "≤ 190 MB"),
    ]
    for part in ("cold-start", "memory", "footprint", "throughput"):
        assert json.loads((tmp_path / f"{part}.json").read_text(encoding="utf-8"))["rows"] is not None
    report = (tmp_path / "resources.md").read_text(encoding="utf-8")
    assert "| int8, growth over 4 calls | < 2 % |" in report and "4 calls watched for growth" in report
