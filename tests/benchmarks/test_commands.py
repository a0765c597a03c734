"""The benchmarks' parts that need no torch: texts, schemas, statistics, tables, workers, profiles."""

from __future__ import annotations

import importlib
import json
import random
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from gliner2_lite import InputError, Schema
from gliner2_lite.load.locate import EMBEDDED
from gliner2_lite.prompt.words import normalize_text, split_words, whitespace_words
from gliner2_lite.schema import compile_schema

TINY = EMBEDDED["tiny"]
ROOT = str(Path(__file__).resolve().parents[2])


def bench(name: str) -> ModuleType:
    """A module of the benchmarks, which are no part of the wheel; what is installed stays first."""
    if ROOT not in sys.path:
        sys.path.append(ROOT)
    return importlib.import_module(f"benchmarks.{name}")


@pytest.mark.parametrize("words", [1, 2, 3, 7, 10, 25, 100, 300])
def test_texts_have_exactly_the_words_that_the_model_sees(words: int) -> None:
    texts = bench("texts")
    sentences = texts.read_sentences(None)
    for text in texts.exact_texts(sentences, words, 8, seed=3):
        assert len(split_words(normalize_text(text), whitespace_words)) == words, text
    assert texts.exact_texts(sentences, words, 8, seed=3) == texts.exact_texts(sentences, words, 8, seed=3)


def test_texts_stay_exact_behind_a_url_or_an_abbreviation() -> None:
    texts = bench("texts")
    for words in range(1, 30):
        text = texts.exact_text(["see www.example.org/a-b and mail x@example.org", "so (U.S. 3.5) it"], words,
                                random.Random(words))  # fmt: skip
        assert len(split_words(normalize_text(text), whitespace_words)) == words, text


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5])
def test_every_contestant_is_first_in_its_turn_and_has_other_neighbours(count: int) -> None:
    names = list("abcde"[:count])
    turns = [bench("settings").rotated_names(names, turn) for turn in range(count)]
    assert all(sorted(order) == names for order in turns)
    assert [order[0] for order in turns] == names
    if count > 2:
        before = {(first, second) for order in turns for first, second in pairwise(order)}
        assert {("a", "b"), ("b", "a")} <= before


def test_mixed_texts_cover_the_range_of_lengths() -> None:
    texts = bench("texts")
    counts = [texts.count_words(text) for text in texts.mixed_texts(texts.read_sentences(None), 20, seed=0)]
    assert (min(counts), max(counts)) == texts.MIXED_LENGTHS
    assert counts != sorted(counts)
    assert max(Counter(counts).values()) == 1


def test_sentences_come_from_files_when_a_directory_is_given(tmp_path: Path) -> None:
    texts = bench("texts")
    (tmp_path / "ner").mkdir()
    lines = [json.dumps({"text": f"Sentence number {n} has some  words in it."}) for n in range(30)]
    lines += [json.dumps({"text": "Too short."}), json.dumps({"text": "long " * 100}), lines[0]]
    (tmp_path / "ner" / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    sentences = texts.read_sentences(tmp_path, limit=25)
    assert len(set(sentences)) == len(sentences) == 25
    assert all(text.startswith("Sentence number ") and "  " not in text for text in sentences)


def test_unusable_data_is_named(tmp_path: Path) -> None:
    texts = bench("texts")
    with pytest.raises(InputError, match="no \\*\\.jsonl file"):
        texts.read_sentences(tmp_path)
    file = tmp_path / "b.jsonl"
    file.write_text('{"text": "A sentence of six words here."}\n{"txt": 1}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"b\.jsonl, line 2"):
        texts.read_sentences(tmp_path)


def test_built_in_sentences_are_distinct_and_whole() -> None:
    sentences = bench("texts").read_sentences(None)
    assert len(sentences) == len(set(sentences)) >= 40
    assert all(text == text.strip() and text[-1] in ".?!" for text in sentences)


def test_schemas_ask_for_what_their_titles_say() -> None:
    schemas = bench("schemas")
    specs = {name: compile_schema(schemas.build_schema(name, Schema())) for name in schemas.TITLES}
    assert len(specs["entities-4"].entity_labels) == 4
    assert len(set(specs["entities-20"].entity_labels)) == 20
    assert [len(structure.fields) for structure in specs["records-6"].structures] == [6]
    composed = specs["figure-8"]
    assert len(composed.entity_labels) == 5
    assert len(composed.classifications) == 2
    assert [len(structure.fields) for structure in composed.structures] == [4]
    for count in schemas.LABEL_COUNTS:
        (task,) = specs[f"labels-{count}"].classifications
        assert len(set(task.labels)) == count
    with pytest.raises(InputError, match="labels-51"):
        schemas.build_schema("labels-51", Schema())


def test_statistics() -> None:
    stats = bench("stats")
    assert stats.percentile([4.0, 1.0, 3.0, 2.0], 0.5) == 2.5
    assert stats.percentile([7.0], 0.9) == 7.0
    summary = stats.summarize([0.001 * n for n in range(1, 12)])
    assert (summary["median_ms"], summary["p10_ms"], summary["p90_ms"]) == pytest.approx((6.0, 2.0, 10.0))
    results = {"int8": {"median_ms": 2.0}, "gliner2": {"median_ms": 9.0}}
    assert stats.ratios(results, [("int8", "gliner2"), ("fp32", "gliner2")]) == {"int8 / gliner2": 4.5}


def latency_result(*, hidden_size: int = 768) -> dict[str, Any]:
    """A made-up result of two contestants."""
    summary = bench("stats").summarize

    def row(group: str, schema: str, words: int) -> dict[str, Any]:
        ours = {**summary([0.02, 0.03, 0.04]), "session_ms": 29.0, "outside_ms": 1.2}
        return {
            "group": group, "schema": schema, "title": bench("schemas").TITLES[schema],
            "words": words, "tokens": 40,
            "results": {"int8": ours, "gliner2": summary([0.2, 0.21, 0.22])},
            "faster": {"int8 / gliner2": 7.0}, "same_answer": {},
        }  # fmt: skip

    entry = {"label": "a label", "load_seconds": 0.5, "peak_mb": 120.0, "weights_mb": 190.0}
    return {
        "kind": "latency",
        "model": {"name": "base", "layers": 12, "hidden_size": hidden_size},
        "machine": {**bench("machine").describe_machine([0], 1), "others_percent": 40.0},
        "settings": {"repetitions": 1, "calls_per_turn": 3},
        "contestants": {"int8": entry, "gliner2": entry},
        "rows": [
            row("grid", "entities-4", 25),
            row("grid", "entities-4", 300),
            row("labels", "labels-5", 25),
        ],
    }


def tables(markdown: str) -> list[list[list[str]]]:
    """The cells of every table; the line under the header is checked and left out."""
    found: list[list[list[str]]] = []
    for before, line in zip(["", *markdown.splitlines()], markdown.splitlines(), strict=False):
        if line.startswith("|"):
            if not before.startswith("|"):
                found.append([])
            found[-1].append([cell.strip() for cell in line.strip("|").split(" | ")])
    for lines in found:
        assert lines[1][0].startswith("---|"), lines[1]
        del lines[1]
    return found


def test_latency_report_has_whole_tables() -> None:
    markdown = bench("report").render(latency_result())
    parsed = tables(markdown)
    assert all(len(line) == len(lines[0]) for lines in parsed for line in lines)
    times = next(lines for lines in parsed if lines[0][0] == "words")
    assert times[0] == ["words", "int8", "gliner2"]
    assert times[1] == ["25 (40 tokens)", "**30.0** (22.0–38.0)", "**210.0** (202.0–218.0)"]
    ratios = next(lines for lines in parsed if lines[0][0] == "times faster")
    assert ratios[0][1] == "int8 than gliner2"
    assert ratios[1][1] == "7.00×"
    assert "The machine was busy" in markdown


def test_goals_are_compared_only_for_the_shape_they_were_set_for() -> None:
    goals = bench("goals")
    items = {(item["what"], item["words"]): item for item in goals.compare_goals(latency_result())}
    assert items["int8 faster than gliner2", 25]["reached"]
    assert items["int8 faster than gliner2", 300]["measured"] == "7.00×"
    assert items["int8, time outside the session", 25]["reached"]
    assert len(items) == 3
    assert goals.compare_goals(latency_result(hidden_size=384)) == []


def test_results_are_written_beside_each_other(tmp_path: Path) -> None:
    result = latency_result()
    markdown = bench("report").write_result(result, tmp_path)
    assert (tmp_path / "latency.md").read_text(encoding="utf-8") == markdown
    assert json.loads((tmp_path / "latency.json").read_text(encoding="utf-8")) == result


def test_plot_is_written_where_matplotlib_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plot = bench("plot")
    if plot.find_spec("matplotlib") is not None:
        picture = plot.write_plot(latency_result(), tmp_path)
        assert picture.read_bytes().startswith(b"\x89PNG")
    monkeypatch.setattr(plot, "find_spec", lambda name: None)
    assert plot.write_plot(latency_result(), tmp_path) is None
    assert "gliner2-lite[bench]" in capsys.readouterr().err


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
    profiling = bench("profiling")
    summary = profiling.summarize_events(events, skip_runs=1)
    assert summary["session_ms"] == pytest.approx(0.1)
    assert summary["kinds"] == pytest.approx(dict(zip(profiling.KINDS, [0.4, 0.2, 0.3, 0.05], strict=True)))
    assert [item["operator"] for item in summary["operators"]] == [
        "DynamicQuantizeMatMul", "MatMul", "MatMul", "Add",
    ]  # fmt: skip
    with pytest.raises(InputError, match="no run"):
        profiling.summarize_events(events, skip_runs=5)


def test_profile_command_on_the_embedded_bundle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli = bench("cli")
    arguments = ["--bundle", str(TINY), "--tokens", "24,48", "--runs", "4", "--threads", "1"]
    assert cli.main(["profile", *arguments, "--out", str(tmp_path)]) == 0
    result = json.loads((tmp_path / "profile.json").read_text(encoding="utf-8"))
    assert [row["tokens"] for row in result["rows"]] == [24, 48]
    for row in result["rows"]:
        assert 0.3 < sum(row["kinds"].values()) <= 1.01
        assert row["kinds"]["int8 products with weights"] + row["kinds"]["fp32 products with weights"] > 0.0
    assert capsys.readouterr().out == (tmp_path / "profile.md").read_text(encoding="utf-8")


def test_latency_command_on_the_embedded_bundle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli = bench("cli")
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


def test_throughput_command_on_the_embedded_bundle(tmp_path: Path) -> None:
    arguments = ["--bundle", str(TINY), "--quick", "--texts", "4", "--threads", "1", "--out", str(tmp_path)]
    assert bench("cli").main(["throughput", *arguments]) == 0
    result = json.loads((tmp_path / "throughput.json").read_text(encoding="utf-8"))
    assert [row["batch_size"] for row in result["rows"]] == [1, 8]
    for row in result["rows"]:
        for summary in row["results"].values():
            assert summary["texts_per_second"] == pytest.approx(4000 / summary["median_ms"])


def test_a_worker_reports_a_failed_job_and_goes_on() -> None:
    contestants, pool = bench("contestants"), bench("pool")
    ours = contestants.make_roster(None, checkpoint=None, bundle=TINY, cache=Path("unused"))[:1]
    with pool.worker_pool(ours, threads=1, cpus=bench("machine").available_cpus()[:1]) as workers:
        (worker,) = workers.values()
        with pytest.raises(pool.WorkerError, match="unknown schema 'no-such'"):
            worker.call("answer", schema="no-such", text="Hello.")
        answer = worker.call("answer", schema="labels-5", text="They won the match.")["answer"]
        assert answer["topic"] in bench("schemas").TOPICS


def test_a_worker_that_cannot_load_says_why(tmp_path: Path) -> None:
    contestants, pool = bench("contestants"), bench("pool")
    broken = contestants.Contestant("int8", "bundle", str(tmp_path), "int8")
    with (
        pytest.raises(pool.WorkerError, match=r"'int8' failed: BundleNotFoundError"),
        pool.worker_pool([broken], threads=1, cpus=bench("machine").available_cpus()[:1]),
    ):
        pytest.fail("the pool opened with a contestant that cannot load")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["latency"], "give --checkpoint DIR, --bundle DIR or both"),
        (["latency", "--bundle", "no-such-directory"], "no-such-directory is not a directory"),
        (["latency", "--bundle", str(TINY), "--contestants", "int9"], "give some of int8, fp32"),
        (["latency", "--bundle", str(TINY), "--contestants", "gliner2"], "made from --checkpoint"),
        (["latency", "--bundle", str(TINY), "--schemas", "entities-5"], "give some of entities-4"),
        (["throughput", "--bundle", str(TINY), "--threads", "4096"], "--threads 4096"),
    ],
)
def test_bad_arguments_are_named_before_anything_runs(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench("cli").main([*arguments, "--out", str(tmp_path)]) == 1
    assert message in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.json"))


def test_other_processes_are_told_from_own(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = bench("settings")
    busy = iter([100.0, 100.0 + 1e6, 100.0])
    monkeypatch.setattr(settings, "busy_seconds", lambda: next(busy))
    assert settings.LoadClock().others_percent() == 100.0
    monkeypatch.setattr(settings, "busy_seconds", lambda: None)
    assert settings.LoadClock().others_percent() is None


def test_shapes_on_the_command_line_are_the_known_ones() -> None:
    """cli.py lists them itself, so that it can be read without torch."""
    source = (Path(ROOT) / "benchmarks" / "checkpoint.py").read_text(encoding="utf-8")
    assert all(f'"{name}": Shape(' in source for name in bench("cli").SHAPE_NAMES)
    assert source.count(": Shape(") == len(bench("cli").SHAPE_NAMES)
