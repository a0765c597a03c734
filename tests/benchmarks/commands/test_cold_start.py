"""``cold-start`` on the embedded bundle, and its goals."""

from __future__ import annotations

from pathlib import Path

from benchmarks import contestants
from benchmarks.commands import cold_start
from benchmarks.first_result import PHASES
from tests.benchmarks.conftest import TINY, run_command


def test_cold_start_parts_add_up_to_the_whole(tmp_path: Path) -> None:
    result = run_command(
        "cold-start", tmp_path, "--bundle", str(TINY), "--threads", "1", "--repetitions", "1"
    )
    assert {row["name"].split("-")[0] for row in result["rows"]} <= {"int8", "fp32"}
    for row in result["rows"]:
        phases = row["phases_ms"]
        assert list(phases) == list(PHASES)
        assert all(value >= 0 for value in phases.values())
        assert phases["imports"] > 0 and phases["graph"] > 0 and phases["first call"] > 0
        # What is missing is the way of the printed line to the reader.
        assert 0.5 * row["median_ms"] < sum(phases.values()) <= row["median_ms"] + 50


def test_cold_start_with_and_without_a_compiled_graph() -> None:
    roster = [
        contestants.Contestant("int8", "bundle", "b", "int8"),
        contestants.Contestant("gliner2", "gliner2", "c"),
    ]
    with cold_start.starts_of(roster, threads=2) as starts:
        assert [start.name for start in starts] == ["int8", "int8-prepacked", "gliner2"]
        assert starts[0].options["prepack"] == "never"
        assert starts[1].options["prepack"] == "require"
        cache = Path(starts[1].options["cache"])
        assert cache.is_dir()
    assert not cache.exists()


def test_goals_apply_to_the_shape_that_they_were_set_for() -> None:
    row = {"name": "int8", "median_ms": 500.0}
    result = {"rows": [row], "faster": {"int8 / gliner2": 11.0}}
    base = cold_start.goals({**result, "model": {"hidden_size": 768, "layers": 12, "vocabulary": 128_011}})
    assert [item["reached"] for item in base] == [True, False]
    tiny = cold_start.goals({**result, "model": {"name": "tiny", "hidden_size": 384}})
    assert [(item["goal"], item["reached"]) for item in tiny] == [("≤ 0.25 s", False)]
    assert [item["reference"] for item in base] == ["", ""]
    assert cold_start.goals({**result, "model": {"name": "other", "hidden_size": 384}}) == []
