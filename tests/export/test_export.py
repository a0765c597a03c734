"""The bundle directory: what the manifest promises, and that it is complete or not there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from gliner2_export import export as bundle
from gliner2_export.export import export_checkpoint
from gliner2_export.int8.measure import Staged
from gliner2_export.staging import staged_directory
from gliner2_export.vocabulary.agreement import ODD, WORDS
from gliner2_lite.architectures.span.config import read_config
from gliner2_lite.architectures.span.counts import INPUT_GATES
from gliner2_lite.architectures.span.heads import SpanHeads
from gliner2_lite.bundle.files import file_sha256, verify_files
from gliner2_lite.bundle.manifest import MANIFEST_NAME, VOCABULARY_NAME, read_bundle
from gliner2_lite.errors import ExportError
from gliner2_lite.schema.limits import MARKERS
from gliner2_lite.tokenizer.word_tokenizer import WordTokenizer


def test_runtime_accepts_the_bundle(bert_bundle: Path) -> None:
    read = read_bundle(bert_bundle)
    for variant in ("fp32", "int8"):
        verify_files(read, read.choose(variant), hashes=True)
    assert (read.config.hidden_size, read_config(read).max_width, read.config.max_positions) == (16, 5, 256)
    assert (read_config(read).counting_layer, read.config.token_pooling) == ("count_lstm", "first")
    tokenizer = Tokenizer.from_file(str(bert_bundle / "tokenizer.json"))
    assert read.special_tokens == {token: tokenizer.token_to_id(token) for token in MARKERS}
    with np.load(bert_bundle / "heads.npz") as heads:
        assert heads["count_embed.gru.weight_hh_l0"].shape == (48, 16)
        assert heads["span_rep.span_rep_layer.out_project.3.weight"].shape == (16, 64)


def test_each_variant_has_head_weights_in_its_own_precision(bert_bundle: Path) -> None:
    bundle = read_bundle(bert_bundle)
    exact, rounded = (
        SpanHeads(bundle.path(bundle.choose(name).heads), read_config(bundle)) for name in ("fp32", "int8")
    )
    rng = np.random.default_rng(0)
    labels = [
        rng.standard_normal((3, 16)).astype(np.float32),
        rng.standard_normal((1, 16)).astype(np.float32),
    ]
    for left, right in zip(
        exact.counts.queries(labels, [4, 2]), rounded.counts.queries(labels, [4, 2]), strict=True
    ):
        assert 0 < np.abs(left - right).max() < 0.03 * np.abs(left).max()
    with np.load(bert_bundle / "heads_int8.npz") as stored:
        matrices = [stored[n] for n in stored.files if not n.endswith((".scale", INPUT_GATES))]
    assert {matrix.dtype.name for matrix in matrices if matrix.ndim > 1} == {"int8"}


def test_manifest_lists_every_file_and_the_source(bert_bundle: Path, bert_checkpoint: Path) -> None:
    manifest = json.loads((bert_bundle / MANIFEST_NAME).read_text(encoding="utf-8"))
    on_disk = {path.relative_to(bert_bundle).as_posix() for path in bert_bundle.rglob("*") if path.is_file()}
    assert set(manifest["files"]) == on_disk - {MANIFEST_NAME}
    assert manifest["source"] == {
        "name": bert_checkpoint.name,
        "sha256": file_sha256(bert_checkpoint / "model.safetensors"),
        "adapter": None,
    }
    assert set(manifest["versions"]) == {
        "gliner2_lite", "gliner2", "torch", "transformers", "optimum", "onnx", "onnxruntime"
    }  # fmt: skip
    assert manifest["variants"]["int8"]["graph"] == "onnx/model_int8.onnx"
    assert manifest["variants"]["fp32"]["inputs"] == [
        "input_ids", "attention_mask", "word_tokens", "prompt_tokens", "label_tokens"
    ]  # fmt: skip
    assert str(bert_checkpoint.parent) not in json.dumps(manifest), "no path of this machine"


def test_one_variant_and_an_early_deberta_checkpoint(deberta_checkpoint: Path, tmp_path: Path) -> None:
    manifest = export_checkpoint(deberta_checkpoint, tmp_path / "new" / "bundle", variants=["int8"])
    assert list(manifest["variants"]) == ["int8"]
    written = sorted(path.name for path in (tmp_path / "new" / "bundle" / "onnx").iterdir())
    assert written == ["model_int8.onnx", "model_int8.onnx_data"]
    assert manifest["config"]["max_positions"] is None
    assert manifest["config"]["encoder_type"] == "deberta-v2"
    assert read_bundle(tmp_path / "new" / "bundle").choose(None).name == "int8"


def test_same_checkpoint_same_bundle(bert_bundle: Path, bert_checkpoint: Path, tmp_path: Path) -> None:
    again = export_checkpoint(bert_checkpoint, tmp_path / "again")
    assert again == json.loads((bert_bundle / MANIFEST_NAME).read_text(encoding="utf-8"))


def test_both_families_get_a_compact_vocabulary(
    bert_bundle: Path, deberta_checkpoint: Path, tmp_path: Path
) -> None:
    deberta_bundle = tmp_path / "deberta"
    export_checkpoint(deberta_checkpoint, deberta_bundle, variants=["fp32"])
    for bundle_dir in (bert_bundle, deberta_bundle):
        read = read_bundle(bundle_dir)
        assert read.vocabulary == VOCABULARY_NAME
        assert read.files[VOCABULARY_NAME].sha256 == file_sha256(bundle_dir / VOCABULARY_NAME)
        library = WordTokenizer(bundle_dir / "tokenizer.json", read.special_tokens)
        compact = WordTokenizer(bundle_dir / "none.json", read.special_tokens, bundle_dir / VOCABULARY_NAME)
        for word in (*WORDS, *ODD, "[E]", " [DESCRIPTION] x: y"):
            assert compact.ids(word) == library.ids(word)


FAILURES = [RuntimeError("injected"), KeyboardInterrupt()]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
@pytest.mark.parametrize("step", ["convert", "write_and_measure", "render_card", "write_json"])
def test_failed_export_leaves_nothing(
    step: str,
    failure: BaseException,
    bert_checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*args: object, **options: object) -> None:
        raise failure

    def write_nothing_much(graph: object, out: Path, **options: object) -> tuple[list[str], list[str]]:
        out.write_bytes(b"graph")
        return [], []

    # The slow steps before the failing one do the least that later ones need.
    monkeypatch.setattr(bundle, "convert", write_nothing_much)
    monkeypatch.setattr(bundle, "check_against_torch", lambda *_, **__: {})
    monkeypatch.setattr(bundle, "optimize", lambda *_: None)

    def measure_nothing(loaded: object, reference: object, staged: Staged, options: object) -> dict:
        staged.int8_graph.write_bytes(b"graph")
        return {"held_out": {"texts": 0, "comparisons": {}}}

    monkeypatch.setattr(bundle, "write_and_measure", measure_nothing)
    monkeypatch.setattr(bundle, step, fail)
    with pytest.raises(type(failure)):
        export_checkpoint(bert_checkpoint, tmp_path / "deep" / "er" / "bundle")
    assert list(tmp_path.iterdir()) == []


def test_older_bundle_stays_until_the_new_one_is_complete(
    bert_bundle: Path, bert_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = Path(shutil.copytree(bert_bundle, tmp_path / "bundle"))
    before = (out / MANIFEST_NAME).read_bytes()
    with pytest.raises(ExportError, match="already holds a bundle; give --overwrite"):
        export_checkpoint(bert_checkpoint, out)

    def fail(path: Path, value: dict) -> None:
        assert (out / MANIFEST_NAME).read_bytes() == before
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(bundle, "write_json", fail)
        with pytest.raises(OSError, match="disk full"):
            export_checkpoint(bert_checkpoint, out, variants=["fp32"], overwrite=True)
    assert (out / MANIFEST_NAME).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]

    export_checkpoint(bert_checkpoint, out, variants=["fp32"], overwrite=True)
    assert not (out / "onnx" / "model_int8.onnx").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_only_bundles_are_replaced(bert_checkpoint: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    with pytest.raises(ExportError, match="exists and is not a bundle"):
        export_checkpoint(bert_checkpoint, mine, overwrite=True)
    with pytest.raises(ExportError, match="exists and is not a directory"):
        export_checkpoint(bert_checkpoint, mine / "thesis.txt", overwrite=True)
    assert (mine / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("variants", [["fp16"], [], ["int8", "int8"], ["fp32", ""]])
def test_unknown_variants_are_named(variants: list[str], bert_checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="give one or more of fp32, int8"):
        export_checkpoint(bert_checkpoint, tmp_path / "out", variants=variants)
    assert list(tmp_path.iterdir()) == []


def test_staged_directory_replaces_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with staged_directory(tmp_path / "out") as place:
        (place / "file").write_text("new")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / "file").read_text() == "new"


def test_adapter_is_merged_and_named(
    bert_checkpoint: Path, bert_bundle: Path, tmp_path: Path, edit_json: Callable
) -> None:
    from peft import LoraConfig, get_peft_model

    from gliner2_export.checkpoint.read import read_extractor

    config = LoraConfig(r=2, target_modules=["classifier.0"], init_lora_weights=False)
    get_peft_model(read_extractor(bert_checkpoint), config).save_pretrained(str(tmp_path / "invoices"))
    adapter = tmp_path / "invoices"
    manifest = export_checkpoint(bert_checkpoint, tmp_path / "out", variants=["fp32"], adapter=adapter)
    assert manifest["source"]["adapter"] == "invoices"
    assert "`invoices`, merged into the weights" in (tmp_path / "out" / "README.md").read_text()
    plain = json.loads((bert_bundle / MANIFEST_NAME).read_text(encoding="utf-8"))
    graph = "onnx/model.onnx"
    assert manifest["files"][graph]["sha256"] != plain["files"][graph]["sha256"]
