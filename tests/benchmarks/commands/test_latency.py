"""``latency`` on the embedded bundle, its report and its goals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import cli
from benchmarks.commands.latency import goals, make_cases, report
from tests.benchmarks.conftest import TINY, latency_result, read_tables


def test_latency_command_on_the_embedded_bundle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [
        "--bundle",
        str(TINY),
        "--schemas",
        "figure-8,labels-5",
        "--words",
        "10,30",
        "--threads",
        "1",
    ]
    out, cache = tmp_path / "new" / "out", tmp_path / "cache"
    arguments += ["--cache", str(cache), "--out", str(out)]
    assert cli.main(["latency", *arguments, "--repetitions", "2"]) == 0
    result = json.loads((out / "latency.json").read_text(encoding="utf-8"))
    assert set(result["contestants"]) <= {"int8", "fp32"}
    assert [(row["schema"], row["words"]) for row in result["rows"]] == [
        ("figure-8", 10), ("figure-8", 30), ("labels-5", 25),
    ]  # fmt: skip
    for row in result["rows"]:
        for summary in row["results"].values():
            assert len(summary["samples_ms"]) == 2 * 3
            assert summary["p10_ms"] <= summary["median_ms"] <= summary["p90_ms"]
            assert 0 < summary["session_ms"] < summary["p90_ms"]
            assert 0 < summary["outside_ms"] < summary["p90_ms"]
    assert result["rows"][1]["tokens"] > result["rows"][0]["tokens"] + 20
    for entry in result["contestants"].values():
        assert entry["peak_mb"] > 10
        assert entry["weights_mb"] > 0.1
    assert capsys.readouterr().out.startswith("# Latency")


def test_latency_report_has_whole_tables() -> None:
    markdown = "\n".join(report(latency_result()))
    parsed = read_tables(markdown)
    assert all(len(line) == len(lines[0]) for lines in parsed for line in lines)
    times = next(lines for lines in parsed if lines[0][0] == "words")
    assert times[0] == ["words", "int8", "gliner2"]
    assert times[1] == ["25 (40 tokens)", "**30.0** (22.0–38.0)", "**210.0** (202.0–218.0)"]
    ratios = next(lines for lines in parsed if lines[0][0] == "times faster")
    assert ratios[0][1] == "int8 than gliner2"
    assert ratios[1][1] == "7.00×"


def test_goals_are_compared_only_for_the_shape_they_were_set_for() -> None:
    items = {(item["what"], item["words"]): item for item in goals(latency_result())}
    assert items["int8 faster than gliner2", 25]["reached"]
    assert items["int8 faster than gliner2", 300]["measured"] == "7.00×"
    assert items["int8, time outside the session", 25]["reached"]
    assert len(items) == 3
    assert goals(latency_result(hidden_size=384)) == []


def test_quick_keeps_few_cases_and_lengths_that_were_asked_for() -> None:
    assert len(make_cases(quick=True)) == 5 < len(make_cases())
    cases = make_cases(quick=True, schemas=["entities-4", "labels-5"], words=[12])
    assert [(case.schema, case.words) for case in cases] == [("entities-4", 12), ("labels-5", 25)]
