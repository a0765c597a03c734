"""``memory`` on the embedded bundle, and its goals."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.commands.memory import goals
from tests.benchmarks.conftest import TINY, run_command

needs_rollup = pytest.mark.skipif(
    not Path("/proc/self/smaps_rollup").exists(), reason="the kernel tells no memory of processes"
)


@needs_rollup
def test_memory_of_one_and_two_processes(tmp_path: Path) -> None:
    arguments = ["--threads", "1", "--processes", "2", "--first-calls", "4", "--calls", "10"]
    document = ["--document-kb", "20", "--profile", "edge"]
    result = run_command("memory", tmp_path, "--bundle", str(TINY), *arguments, *document)
    assert result["settings"]["profile"] == "edge"
    for row in result["rows"]:
        assert len(row["together"]) == 2
        for usage in (row["loaded"], row["called"], *row["together"]):
            assert 10 < usage["anonymous_mb"] < usage["rss_mb"]
            assert usage["pss_mb"] <= usage["rss_mb"]
        assert 0 < row["each_further_mb"] < row["called"]["rss_mb"]
        # One call to warm up, and the longest text with each of the four schemas.
        assert row["growth"]["calls"] == 10 and row["growth"]["warm_calls"] == 5
        read = row["document"]
        assert read["characters"] == 20_000
        assert read["before"]["rss_mb"] < read["peak_rss_mb"]
        assert read["above_mb"] == pytest.approx(read["peak_rss_mb"] - read["before"]["rss_mb"])
    report = (tmp_path / "memory.md").read_text(encoding="utf-8")
    assert "20000 characters through `extract_long`" in report and "with the profile edge" in report


def test_goal_for_a_long_document() -> None:
    row = {
        "name": "int8", "called": {"anonymous_mb": 80.0},
        "document": {"characters": 100_000, "above_mb": 151.0},
    }  # fmt: skip
    base = {"hidden_size": 768, "layers": 12, "vocabulary": 128_011}
    items = goals({"rows": [row], "model": base})
    assert [(item["goal"], item["reached"]) for item in items] == [("≤ 90 MB", True), ("≤ 150 MB", False)]
    assert goals({"rows": [row], "model": {"hidden_size": 384}}) == []
