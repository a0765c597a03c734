"""Result files."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.results import new_result_without_contestants, write_result
from tests.benchmarks.conftest import latency_result


def test_results_are_written_beside_each_other(tmp_path: Path) -> None:
    result = latency_result()
    markdown = write_result(result, ["# A title", ""], tmp_path)
    assert markdown.startswith("# A title\n\n") and "Other processes used 40 %" in markdown
    assert (tmp_path / "latency.md").read_text(encoding="utf-8") == markdown
    assert json.loads((tmp_path / "latency.json").read_text(encoding="utf-8")) == result
    write_result(result, [], tmp_path, "part")
    assert {path.name for path in tmp_path.iterdir()} >= {"part.json", "part.md"}


def test_a_result_names_its_command_and_the_machine() -> None:
    result = new_result_without_contestants("footprint", cpus=(0, 1), threads=2)
    assert result["kind"] == "footprint" and result["format"] == 1
    assert (result["machine"]["cpus_used"], result["machine"]["threads"]) == ([0, 1], 2)
