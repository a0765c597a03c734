"""The int8 part of an export: options that cannot work are named before the work, and what is measured."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from gliner2_export.checkpoint.read import Checkpoint, load_checkpoint
from gliner2_export.int8 import measure
from gliner2_export.int8.gate import Bounds
from gliner2_export.int8.measure import Int8Options, Staged, write_and_measure
from gliner2_export.onnx_graph.convert import convert
from gliner2_export.quality.report import held_out_questions
from gliner2_lite.errors import ExportError

GOLD = {"text": "Ann lives in Bonn.", "spans": [[0, 3, "person"], [13, 17, "city"]]}
CALIBRATION = (
    '{"entities": ["person", "city"]}\nTim Cook works for Apple in Cupertino.\nMarie was born in Warsaw.\n'
)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "riscv"}, "unknown target 'riscv'"),
        ({"bounds": Bounds(max_delta=2.0)}, "--max-delta must be above 0 and at most 1, got 2.0"),
        ({"per_file": 0}, "at least one text per file must be evaluated, not 0"),
        ({"calibration": Path("nowhere.txt")}, r"nowhere\.txt is not a file; give a text file"),
        ({"evaluate": Path("nowhere")}, r"nowhere is not a directory; give one with"),
    ],
)
def test_options_that_cannot_work_are_named(options: dict, message: str) -> None:
    with pytest.raises(ExportError, match=message):
        Int8Options(**options).check()
    Int8Options().check()


@pytest.fixture(scope="module")
def loaded(bert_checkpoint: Path) -> Checkpoint:
    return load_checkpoint(bert_checkpoint)


@pytest.fixture
def staged(loaded: Checkpoint, bert_bundle: Path, tmp_path: Path) -> Staged:
    """A bundle in the making: everything but the int8 graph. That of ``bert_bundle`` is optimised already."""
    place = tmp_path / "place"
    shutil.copytree(bert_bundle, place, ignore=shutil.ignore_patterns("model*"))
    graph = place / "onnx" / "model.onnx"
    convert(loaded.architecture.torch_graphs(loaded).exported, graph, vocab_size=loaded.vocab_size)
    return Staged(
        fp32_graph=graph,
        fp32_heads=place / "heads.npz",
        int8_graph=place / "onnx" / "model_int8.onnx",
        int8_heads=place / "heads_int8.npz",
        tokenizer=place / "tokenizer.json",
    )


@pytest.fixture(autouse=True)
def few_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "held_out_questions", lambda tokens: held_out_questions(tokens)[::20])


def test_the_graph_is_written_and_everything_is_compared(
    loaded: Checkpoint, staged: Staged, tmp_path: Path
) -> None:
    (tmp_path / "texts.txt").write_text(CALIBRATION, encoding="utf-8")
    (tmp_path / "gold" / "ner").mkdir(parents=True)
    (tmp_path / "gold" / "ner" / "a.test.jsonl").write_text(json.dumps(GOLD), encoding="utf-8")
    reference = loaded.architecture.torch_graphs(loaded).reference
    options = Int8Options(calibration=tmp_path / "texts.txt", evaluate=tmp_path / "gold")
    report = write_and_measure(loaded, reference, staged, options)
    assert staged.int8_graph.is_file()
    assert report["target"] == "any" and report["steps"] == [] and not report["weights_only"]
    held_out = report["held_out"]["comparisons"]
    assert list(held_out) == ["fp32 against reference", "int8 against fp32", "int8 against reference"]
    assert (
        held_out["fp32 against reference"]["delta"]["max"]
        < 1e-4
        < held_out["int8 against fp32"]["delta"]["max"]
    )
    assert (
        report["evaluated"]["texts"] == 1 and "plain int8 against fp32" in report["evaluated"]["comparisons"]
    )
    names = {path.name for path in staged.fp32_graph.parent.iterdir()}
    assert names == {"model.onnx", "model_int8.onnx"}, "no files of attempts are left"


def test_without_an_int8_graph_fp32_alone_is_measured(loaded: Checkpoint, staged: Staged) -> None:
    reference = loaded.architecture.torch_graphs(loaded).reference
    only = Staged(staged.fp32_graph, staged.fp32_heads, None, staged.int8_heads, staged.tokenizer)
    report = write_and_measure(loaded, reference, only, Int8Options())
    assert list(report) == ["target", "held_out"]
    assert list(report["held_out"]["comparisons"]) == ["fp32 against reference"]
    assert not staged.int8_graph.exists()
