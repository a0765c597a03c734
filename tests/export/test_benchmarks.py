"""The benchmarks with torch: stand-in checkpoints, the plain export, and a run of all contestants."""

from __future__ import annotations

import importlib
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from gliner2 import GLiNER2 as Reference
from safetensors.torch import load_file, save_file

from gliner2_lite import GLiNER2, InputError
from gliner2_lite.architectures.span.config import CONTRACT
from gliner2_lite.bundle.manifest import read_bundle
from gliner2_lite.errors import ExportError
from gliner2_lite.graph.batch import Batch
from gliner2_lite.graph.numeric import Arrays
from gliner2_lite.graph.session import GraphSession, observed
from gliner2_lite.schema.limits import MARKERS

ROOT = str(Path(__file__).resolve().parents[2])
VOCABULARY = 3000


def bench(name: str) -> ModuleType:
    """A module of the benchmarks, which are no part of the wheel; what is installed stays first."""
    if ROOT not in sys.path:
        sys.path.append(ROOT)
    return importlib.import_module(f"benchmarks.{name}")


@pytest.fixture(scope="module")
def sentences() -> list[str]:
    return bench("texts").read_sentences(None)


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made by the command line."""
    out = tmp_path_factory.mktemp("stand-in") / "tiny"
    arguments = ["make-checkpoint", "--shape", "tiny", "--vocab", str(VOCABULARY), str(out)]
    assert bench("cli").main(arguments) == 0
    return out


@pytest.fixture(scope="module")
def reference(stand_in: Path) -> Reference:
    return Reference.from_pretrained(str(stand_in), map_location="cpu").eval()


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def bundle(stand_in: Path, cache: Path) -> Path:
    return bench("artifacts").bundle_for(stand_in.resolve(), cache)


@pytest.fixture
def outputs(reference: Reference) -> Iterator[dict[str, list[torch.Tensor]]]:
    """What the reference's count and span heads give while a test runs."""
    seen: dict[str, list[torch.Tensor]] = {"counts": [], "hidden": [], "queries": []}
    before_last = reference.span_rep.span_rep_layer.out_project[2]
    hooks = [
        reference.count_pred.register_forward_hook(lambda _m, _i, out: seen["counts"].append(out.clone())),
        reference.count_embed.register_forward_hook(lambda _m, _i, out: seen["queries"].append(out.clone())),
        before_last.register_forward_hook(lambda _m, inputs, _o: seen["hidden"].append(inputs[0].clone())),
    ]
    yield seen
    for hook in hooks:
        hook.remove()


def test_stand_in_has_the_official_layout(stand_in: Path, reference: Reference) -> None:
    for name in ("config.json", "encoder_config/config.json", "model.safetensors", "tokenizer.json"):
        assert (stand_in / name).is_file(), name
    settings = json.loads((stand_in / "tokenizer_config.json").read_text(encoding="utf-8"))
    assert settings["tokenizer_class"] in ("DebertaV2Tokenizer", "DebertaV2TokenizerFast")
    tokenizer = reference.processor.tokenizer
    assert tokenizer.convert_tokens_to_ids(["[PAD]", "[CLS]", "[SEP]", "[UNK]"]) == [0, 1, 2, 3]
    assert tokenizer.convert_tokens_to_ids("[MASK]") == VOCABULARY
    expected = list(range(VOCABULARY + 1, VOCABULARY + 1 + len(MARKERS)))
    assert tokenizer.convert_tokens_to_ids(list(MARKERS)) == expected
    embeddings = load_file(stand_in / "model.safetensors")["encoder.embeddings.word_embeddings.weight"]
    assert embeddings.shape[0] == VOCABULARY + 1 + len(MARKERS)
    assert tokenizer.tokenize("[E]") == ["[E]"]


def test_stand_in_answers_at_a_realistic_cost(
    reference: Reference, outputs: dict[str, list[torch.Tensor]], sentences: list[str]
) -> None:
    schema = bench("schemas").build_schema("figure-8", reference.create_schema())
    for text in bench("texts").exact_texts(sentences, 40, 6, seed=9):
        reference.extract(text, schema)
    counts = torch.cat(outputs["counts"]).argmax(-1)
    assert counts.unique().tolist() == [1]
    last = reference.span_rep.span_rep_layer.out_project[3]
    with torch.no_grad():
        hidden = torch.cat([item.flatten(0, -2) for item in outputs["hidden"]])
        queries = torch.cat([item.flatten(0, -2) for item in outputs["queries"]])
        logits = last(hidden) @ queries.T
    assert torch.isfinite(logits).all()
    share = float((logits >= 0).float().mean())
    assert 0.0005 < share < 0.1, share


def test_a_checkpoint_is_never_overwritten(stand_in: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ExportError, match="exists"):
        bench("checkpoint").make_checkpoint("tiny", VOCABULARY, ["A text."], stand_in)
    assert bench("cli").main(["make-checkpoint", "--shape", "tiny", str(stand_in)]) == 1
    assert "exists" in capsys.readouterr().err


@pytest.mark.parametrize("size", [300, 1000, 8000])
def test_vocabulary_has_the_size_that_was_asked_for(size: int, sentences: list[str]) -> None:
    pieces = bench("vocabulary").make_pieces(sentences, size)
    assert len({piece for piece, _ in pieces}) == len(pieces) == size
    assert [piece for piece, _ in pieces[:4]] == ["[PAD]", "[CLS]", "[SEP]", "[UNK]"]


def test_english_takes_about_as_many_tokens_as_with_the_real_tokenizer(sentences: list[str]) -> None:
    vocabulary = bench("vocabulary")
    tokenizer = vocabulary.build_tokenizer(sentences, 8000)
    assert len(tokenizer) == 8001
    assert vocabulary.tokens_per_word(tokenizer, sentences) == pytest.approx(1.3, abs=0.06)
    unknown = tokenizer.convert_tokens_to_ids("[UNK]")
    assert unknown not in tokenizer("Any plain English text, with marks (and 1234567890)!")["input_ids"]
    with pytest.raises(InputError, match="at least 300"):
        vocabulary.build_tokenizer(sentences, 100)


def test_plain_export_computes_the_same_features(
    stand_in: Path, bundle: Path, cache: Path, sentences: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be no yardstick if it did less work, or other work."""
    graphs = bench("artifacts").plain_graphs_for(stand_in.resolve(), cache)
    plain_module = bench("plain")
    opened = read_bundle(bundle)
    plain = plain_module.load_plain(graphs / plain_module.GRAPHS["fp32"], bundle, threads=1)
    ours = GLiNER2.from_pretrained(bundle, variant="fp32", threads=1)
    schema = bench("schemas").build_schema("figure-8", ours.create_schema())
    texts = bench("texts").mixed_texts(sentences, 5, seed=1)
    runs: list[tuple[int, ...]] = []
    batches: list[Batch] = []
    features: list[dict[str, np.ndarray]] = []
    run = plain_module.PlainSession.run

    def recorded(session: object, batch: Batch, *, last: bool = False) -> Arrays:
        result = run(session, batch, last=last)
        batches.append(batch)
        features.append(copied(result))
        return result

    monkeypatch.setattr(plain_module.PlainSession, "run", recorded)
    # One batch, so that padded rows are compared too.
    answers = plain.batch_extract(texts, schema, batch_tokens=10_000)
    with observed(lambda event: runs.append(event.shape)):
        assert ours.batch_extract(texts, schema, batch_tokens=10_000) == answers
    (batch,), (first,) = batches, features
    assert runs == [batch.input_ids.shape]
    second = GraphSession(opened.path(opened.choose("fp32").graph), CONTRACT).run(batch)
    for name in ("count_logits", "class_logits", "label_states", "span_start", "span_end"):
        np.testing.assert_allclose(first[name], second[name], atol=2e-4, err_msg=name)
    cells = np.isfinite(first["span_logits"])
    assert cells.mean() > 0.2
    np.testing.assert_allclose(first["span_logits"][cells], second["span_logits"][cells], atol=2e-4)


def copied(arrays: Arrays) -> dict[str, np.ndarray]:
    """Copies of the arrays: the pipeline may write into those that a session gives it."""
    return {name: array.copy() for name, array in arrays.items()}


def test_plain_int8_is_quantized(stand_in: Path, cache: Path) -> None:
    import onnx

    plain = bench("plain")
    graphs = bench("artifacts").plain_graphs_for(stand_in.resolve(), cache)
    operators = {node.op_type for node in onnx.load(graphs / plain.GRAPHS["int8"]).graph.node}
    assert {"DynamicQuantizeLinear", "MatMulInteger"} <= operators
    assert (graphs / plain.GRAPHS["int8"]).stat().st_size < (graphs / plain.GRAPHS["fp32"]).stat().st_size


def test_exports_are_kept_until_the_weights_change(
    stand_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifacts = bench("artifacts")
    made: list[Path] = []

    def export(command: list[str], out: Path) -> None:
        out.mkdir()
        made.append(out)

    monkeypatch.setattr(artifacts, "_run", export)
    checkpoint, kept = tmp_path / "copy", tmp_path / "cache"
    shutil.copytree(stand_in, checkpoint)
    assert artifacts.plain_graphs_for(checkpoint, kept) == artifacts.plain_graphs_for(checkpoint, kept)
    assert len(made) == 1
    weights = load_file(checkpoint / "model.safetensors")
    save_file({name: tensor * 1.01 for name, tensor in weights.items()}, checkpoint / "model.safetensors")
    assert artifacts.plain_graphs_for(checkpoint, kept) == made[1] != made[0]


def test_all_contestants_in_one_run(stand_in: Path, bundle: Path, cache: Path, tmp_path: Path) -> None:
    arguments = [
        "--checkpoint",
        str(stand_in),
        "--cache",
        str(cache),
        "--threads",
        "1",
        "--out",
        str(tmp_path),
    ]
    chosen = ["--schemas", "entities-4,figure-8,labels-5", "--words", "12", "--repetitions", "1"]
    assert bench("cli").main(["latency", *arguments, *chosen]) == 0
    result = json.loads((tmp_path / "latency.json").read_text(encoding="utf-8"))
    names = ["int8", "fp32", "gliner2", "optimum-fp32", "optimum-int8"]
    assert list(result["contestants"]) == names
    assert result["model"] == {"name": "tiny", "layers": 2, "hidden_size": 48, "vocabulary": VOCABULARY + 11}
    assert result["machine"]["versions"]["gliner2"].startswith("2.1.")
    assert len(result["rows"]) == 3
    for row in result["rows"]:
        assert list(row["results"]) == names
        assert row["same_answer"] == {"fp32": True, "optimum-fp32": True}
        for pair, times in row["faster"].items():
            fast, slow = pair.split(" / ")
            expected = row["results"][slow]["median_ms"] / row["results"][fast]["median_ms"]
            assert times == pytest.approx(expected)
        assert {"int8 / gliner2", "fp32 / gliner2", "int8 / optimum-fp32"} <= set(row["faster"])
    assert "int8 than gliner2" in (tmp_path / "latency.md").read_text(encoding="utf-8")


def test_the_reference_takes_part_in_the_resource_commands(
    stand_in: Path, bundle: Path, tmp_path: Path
) -> None:
    arguments = ["--checkpoint", str(stand_in), "--bundle", str(bundle), "--contestants", "int8,gliner2"]
    arguments += ["--threads", "1", "--out", str(tmp_path)]
    assert bench("cli").main(["cold-start", *arguments, "--repetitions", "1"]) == 0
    result = json.loads((tmp_path / "cold-start.json").read_text(encoding="utf-8"))
    rows = {row["name"]: row for row in result["rows"]}
    assert {"int8", "gliner2"} <= set(rows)
    # Starting torch and transformers takes several times as long; a busy machine slows both.
    assert result["faster"]["int8 / gliner2"] > 1.5
    assert rows["gliner2"]["phases_ms"]["tokenizer"] > 0

    few = ["--first-calls", "4", "--processes", "1", "--calls", "0"]
    assert bench("cli").main(["memory", *arguments, *few]) == 0
    result = json.loads((tmp_path / "memory.json").read_text(encoding="utf-8"))
    anonymous = {row["name"]: row["called"]["anonymous_mb"] for row in result["rows"]}
    assert anonymous["int8"] < 0.5 * anonymous["gliner2"]


def test_accuracy_of_fp32_is_that_of_the_reference(stand_in: Path, bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "data" / "ner").mkdir(parents=True)
    texts = bench("texts").mixed_texts(bench("texts").read_sentences(None), 6, seed=2, lengths=(5, 30))
    records = [{"text": text, "spans": [[0, len(text.split()[0]), "thing"]]} for text in texts]
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (tmp_path / "data" / "ner" / "things.dev.jsonl").write_text(lines, encoding="utf-8")
    arguments = ["--checkpoint", str(stand_in), "--bundle", str(bundle), "--data", str(tmp_path / "data")]
    chosen = ["--contestants", "fp32,gliner2", "--threads", "1", "--out", str(tmp_path)]
    assert bench("cli").main(["accuracy", *arguments, *chosen]) == 0
    kept = [
        json.loads(line)
        for line in (tmp_path / "accuracy-predictions.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    answers = {
        name: {line["record"]: sorted(line["answers"]) for line in kept if line["contestant"] == name}
        for name in ("fp32", "gliner2")
    }
    assert answers["fp32"] == answers["gliner2"]
    assert len(answers["fp32"]) == 6
    assert any(answers["fp32"].values())
