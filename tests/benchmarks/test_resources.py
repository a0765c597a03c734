"""The resource and accuracy commands of the benchmarks, on the embedded bundle; no torch."""

from __future__ import annotations

import importlib
import json
import signal
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from gliner2_lite import GLiNER2, InputError
from gliner2_lite.load.locate import EMBEDDED

TINY = EMBEDDED["tiny"]
ROOT = str(Path(__file__).resolve().parents[2])
ROLLUP = """55c7b4afd000-7ffecb71e000 ---p 00000000 00:00 0                          [rollup]
Rss:                3000 kB
Pss:                1500 kB
Shared_Clean:       1500 kB
Private_Clean:       400 kB
Private_Dirty:      1100 kB
Anonymous:          1000 kB
"""
needs_rollup = pytest.mark.skipif(
    not Path("/proc/self/smaps_rollup").exists(), reason="the kernel tells no memory of processes"
)


def bench(name: str) -> ModuleType:
    """A module of the benchmarks, which are no part of the wheel; what is installed stays first."""
    if ROOT not in sys.path:
        sys.path.append(ROOT)
    return importlib.import_module(f"benchmarks.{name}")


def run(command: str, out: Path, *arguments: str) -> dict[str, Any]:
    """Run a command that must succeed; its JSON result. The Markdown must be there as well."""
    assert bench("cli").main([command, *arguments, "--out", str(out)]) == 0
    assert (out / f"{command}.md").read_text(encoding="utf-8").startswith("# ")
    return dict(json.loads((out / f"{command}.json").read_text(encoding="utf-8")))


def test_usage_is_read_from_the_rollup() -> None:
    usage = bench("usage").parse_usage(ROLLUP)
    assert usage == pytest.approx(
        {"rss_mb": 3.072, "anonymous_mb": 1.024, "pss_mb": 1.536, "own_mb": 1.536, "file_mb": 2.048}
    )


def test_cold_start_parts_add_up_to_the_whole(tmp_path: Path) -> None:
    result = run("cold-start", tmp_path, "--bundle", str(TINY), "--threads", "1", "--repetitions", "1")
    assert {row["name"].split("-")[0] for row in result["rows"]} <= {"int8", "fp32"}
    for row in result["rows"]:
        phases = row["phases_ms"]
        assert list(phases) == list(bench("first_result").PHASES)
        assert all(value >= 0 for value in phases.values())
        assert phases["imports"] > 0 and phases["graph"] > 0 and phases["first call"] > 0
        # What is missing is the way of the printed line to the reader.
        assert 0.5 * row["median_ms"] < sum(phases.values()) <= row["median_ms"] + 50


def test_cold_start_with_and_without_a_compiled_graph() -> None:
    cold, contestants = bench("cold_start"), bench("contestants")
    roster = [
        contestants.Contestant("int8", "bundle", "b", "int8"),
        contestants.Contestant("gliner2", "gliner2", "c"),
    ]
    with cold.starts_of(roster, threads=2) as starts:
        assert [start.name for start in starts] == ["int8", "int8-prepacked", "gliner2"]
        assert starts[0].options["prepack"] == "never"
        assert starts[1].options["prepack"] == "require"
        cache = Path(starts[1].options["cache"])
        assert cache.is_dir()
    assert not cache.exists()


@needs_rollup
def test_memory_of_one_and_two_processes(tmp_path: Path) -> None:
    arguments = ["--threads", "1", "--processes", "2", "--first-calls", "4", "--calls", "10"]
    document = ["--document-kb", "20", "--profile", "edge"]
    result = run("memory", tmp_path, "--bundle", str(TINY), *arguments, *document)
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


def test_growth_compares_both_ends() -> None:
    growth = bench("memory").growth
    assert growth([100.0] * 30) == 0.0
    assert growth([100.0] * 15 + [103.0] * 15) == pytest.approx(3.0)
    assert growth([100.0, 110.0]) == pytest.approx(10.0)


def test_footprint_of_this_environment_and_a_bundle(tmp_path: Path) -> None:
    result = run("footprint", tmp_path, "--slim-python", sys.executable, "--bundle", str(TINY))
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


def test_small_device_tells_what_fits_and_what_does_not(tmp_path: Path) -> None:
    result = run("small-device", tmp_path, "--bundle", str(TINY), "--texts", "2", "--limit-mb", "4096")
    by_limit = {row["limit"].split()[0]: row for row in result["rows"]}
    assert by_limit["none"]["status"] == by_limit["address"]["status"] == "fits"
    assert by_limit["none"]["median_ms"] > 0
    tight = run("small-device", tmp_path, "--bundle", str(TINY), "--texts", "1", "--limit-mb", "48")
    by_limit = {row["limit"].split()[0]: row for row in tight["rows"]}
    assert by_limit["none"]["status"] == "fits"
    assert by_limit["address"]["status"] == "out of memory"
    assert "out of memory after" in (tmp_path / "small-device.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("code", "log", "kills", "limited", "status"),
    [
        (-signal.SIGKILL, "", 1, True, "out of memory"),
        (-signal.SIGKILL, "", 0, True, "failed"),
        (-signal.SIGSEGV, "", 0, True, "out of memory"),
        (-signal.SIGSEGV, "", 0, False, "failed"),
        (1, "onnxruntime: std::bad_alloc", 0, True, "out of memory"),
        (1, "BundleError: no such file", 0, True, "failed"),
    ],
)
def test_how_a_process_ended_is_told_apart(
    code: int, log: str, kills: int, limited: bool, status: str
) -> None:
    small = bench("small_device")
    outcome = small.Outcome(({"stage": "started"},), code, log, kills)
    assert small.judge(outcome, limited=limited)["status"] == status


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three records of entities and two of a classification."""
    root = tmp_path / "data"
    for kind in ("ner", "classification"):
        (root / kind).mkdir(parents=True)
    texts = ["Ada Lovelace lived in London.", "Alan Turing worked in Manchester.", "Nobody was there."]
    spans = [[[0, 12, "person"], [22, 28, "city"]], [[0, 11, "person"], [22, 32, "city"]], []]
    write(
        root / "ner" / "people.dev.jsonl",
        [{"text": t, "spans": s} for t, s in zip(texts, spans, strict=True)],
    )
    task = {"task": "mood", "labels": ["positive", "negative"], "multi_label": False}
    moods = [("What a wonderful day!", "positive"), ("That was a terrible film.", "negative")]
    records = [{"text": text, "classification": {**task, "true": [true]}} for text, true in moods]
    write(root / "classification" / "moods.test.jsonl", records)
    labels = {
        "ner/people": {"person": "name of a human"},
        "classification/moods": {"mood": ["positive", "negative"]},
    }
    (root / "LABELS.json").write_text(json.dumps(labels), encoding="utf-8")
    return root


def write(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def test_accuracy_scores_what_the_model_answers(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ["--bundle", str(TINY), "--data", str(data), "--threads", "1"]
    result = run("accuracy", out, *arguments)
    assert [(row["file"], row["texts"]) for row in result["rows"]] == [
        ("classification/moods.test.jsonl", 2), ("ner/people.dev.jsonl", 3),
    ]  # fmt: skip
    model, right, found, gold = GLiNER2.from_pretrained("tiny"), 0, 0, 0
    for line in (data / "ner" / "people.dev.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        answer = model.extract_entities(record["text"], ["person", "city"], include_spans=True)["entities"]
        mine = {(one["start"], one["end"], label) for label, spans in answer.items() for one in spans}
        true = {tuple(span) for span in record["spans"]}
        right, found, gold = right + len(mine & true), found + len(mine), gold + len(true)
    assert result["rows"][1]["results"]["int8"]["f1"] == pytest.approx(2 * right / (found + gold))
    assert right > 0


def test_accuracy_goes_on_behind_a_half_written_line(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ["--bundle", str(TINY), "--data", str(data), "--threads", "1"]
    first = run("accuracy", out, *arguments)
    kept = out / "accuracy-predictions.jsonl"
    lines = kept.read_bytes().splitlines(keepends=True)
    assert len(lines) == 5
    kept.write_bytes(b"".join(lines[:3]) + lines[3][:20])
    second = run("accuracy", out, *arguments)
    assert second["contestants"]["int8"]["asked_now"] == 2
    assert second["rows"] == first["rows"]
    assert sorted(kept.read_bytes().splitlines()) == sorted(line.rstrip(b"\n") for line in lines)
    assert run("accuracy", out, *arguments)["contestants"]["int8"]["asked_now"] == 0
    described = run("accuracy", out, *arguments, "--descriptions")
    assert described["contestants"]["int8"]["asked_now"] == 3  # the data describes the entities alone
    kept.write_bytes(b"no prediction\n" + b"".join(lines))
    with (
        pytest.raises(InputError, match=r"accuracy-predictions\.jsonl, line 1"),
        bench("predictions").Predictions(kept),
    ):
        pytest.fail("a damaged file was opened")


def test_descriptions_join_the_schema() -> None:
    describe = bench("accuracy").describe
    entities: dict[str, Any] = {"entities": ["person", "city"]}
    assert describe(entities, {"person": "a human", "river": "water"}) == 1
    assert entities == {"entities": {"person": "a human", "city": ""}}
    task: dict[str, Any] = {"classifications": [{"task": "mood", "labels": ["good", "bad"]}]}
    assert describe(task, {"mood": {"good": "it pleases"}}) == 1
    assert task["classifications"][0]["label_descriptions"] == {"good": "it pleases"}
    assert describe({"entities": ["person"]}, ["person"]) == 0


def test_resources_is_one_table_of_the_other_commands(tmp_path: Path) -> None:
    arguments = ["--bundle", str(TINY), "--threads", "1", "--slim-python", sys.executable]
    amount = ["--quick", "--repetitions", "1", "--calls", "4", "--texts", "2"]
    result = run("resources", tmp_path, *arguments, *amount)
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


def test_goals_name_what_the_reference_takes() -> None:
    goals, report = bench("goals_resources"), bench("report_resources")
    base = {"hidden_size": 768, "layers": 12, "vocabulary": 128_011}
    rates = [{"int8": 15.0, "gliner2": 3.0}, {"int8": 10.0, "gliner2": 5.0}]
    rows = [{"results": {name: {"texts_per_second": rate} for name, rate in row.items()}} for row in rates]
    result = {
        "kind": "throughput",
        "rows": rows,
        "model": base,
        "contestants": {name: {} for name in rates[0]},
    }
    (item,) = goals.compare_resources(result)
    assert (item["measured"], item["reference"], item["reached"]) == ("3.0× (15.0/s)", "5.0/s", False)
    assert goals.compare_resources({**result, "model": {"hidden_size": 384}}) == []
    sizes = {"slim": {"bytes": 180_000_000}, "reference": {"bytes": 1_300_000_000}}
    (size,) = goals.compare_resources({"kind": "footprint", "environments": sizes})
    assert report.goals_table([item, size])[2:-1] == [
        "| what | goal | measured | gliner2 | reached |",
        "|---|---:|---:|---:|---:|",
        "| int8, texts per second against gliner2's best batch size | ≥ 4× | 3.0× (15.0/s) | 5.0/s | no |",
        "| slim environment, without the embedded model | ≤ 190 MB | 180.0 MB | 1300.0 MB | yes |",
    ]


def test_goal_for_a_long_document() -> None:
    goals = bench("goals_resources")
    row = {
        "name": "int8", "called": {"anonymous_mb": 80.0},
        "document": {"characters": 100_000, "above_mb": 151.0},
    }  # fmt: skip
    base = {"hidden_size": 768, "layers": 12, "vocabulary": 128_011}
    items = goals.compare_resources({"kind": "memory", "rows": [row], "model": base})
    assert [(item["goal"], item["reached"]) for item in items] == [("≤ 90 MB", True), ("≤ 150 MB", False)]
    assert goals.compare_resources({"kind": "memory", "rows": [row], "model": {"hidden_size": 384}}) == []


def test_goals_apply_to_the_shape_that_they_were_set_for() -> None:
    goals = bench("goals_resources")
    row = {"name": "int8", "median_ms": 500.0}
    result = {"kind": "cold-start", "rows": [row], "faster": {"int8 / gliner2": 11.0}}
    base = goals.compare_resources(
        {**result, "model": {"hidden_size": 768, "layers": 12, "vocabulary": 128_011}}
    )
    assert [item["reached"] for item in base] == [True, False]
    tiny = goals.compare_resources({**result, "model": {"name": "tiny", "hidden_size": 384}})
    assert [(item["goal"], item["reached"]) for item in tiny] == [("≤ 0.25 s", False)]
    assert [item["reference"] for item in base] == ["", ""]
    assert goals.compare_resources({**result, "model": {"name": "other", "hidden_size": 384}}) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["accuracy", "--bundle", str(TINY), "--data", "no-such"], "--data no-such is not a directory"),
        (["footprint", "--slim-python", "no-such-python"], "no-such-python is not a file"),
        (["small-device", "--bundle", "no-such-bundle"], "no-such-bundle is not a directory"),
    ],
)
def test_bad_arguments_are_named(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench("cli").main([*arguments, "--out", str(tmp_path)]) == 1
    assert message in capsys.readouterr().err
