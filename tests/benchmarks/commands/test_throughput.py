"""``throughput`` on the embedded bundle, and its goal."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.commands.throughput import goals
from tests.benchmarks.conftest import TINY, run_command


def test_texts_per_second_by_batch_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--bundle", str(TINY), "--quick", "--texts", "4", "--threads", "1"]
    result = run_command("throughput", tmp_path, *arguments)
    assert [row["batch_size"] for row in result["rows"]] == [1, 8]
    for row in result["rows"]:
        for summary in row["results"].values():
            assert summary["texts_per_second"] == pytest.approx(4000 / summary["median_ms"])
    assert "4 texts of 5 to 150 words" in capsys.readouterr().out


def test_the_goal_compares_the_best_batch_size_of_each() -> None:
    base = {"hidden_size": 768, "layers": 12, "vocabulary": 128_011}
    rates = [{"int8": 15.0, "gliner2": 3.0}, {"int8": 10.0, "gliner2": 5.0}]
    rows = [{"results": {name: {"texts_per_second": rate} for name, rate in row.items()}} for row in rates]
    result = {"rows": rows, "model": base, "contestants": {name: {} for name in rates[0]}}
    (item,) = goals(result)
    assert (item["measured"], item["reference"], item["reached"]) == ("3.0× (15.0/s)", "5.0/s", False)
    assert goals({**result, "model": {"hidden_size": 384}}) == []
    assert goals({**result, "contestants": {"int8": {}}}) == []
