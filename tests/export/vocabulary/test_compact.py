"""tokenizer.json → the compact file: what qualifies, what it holds, and what is left where it fails."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from gliner2_export.vocabulary import compact
from gliner2_export.vocabulary.compact import (
    ALIGNMENT,
    NotCompactError,
    add_to_bundle,
    compact_bytes,
    write_compact,
)
from gliner2_lite.bundle.files import verify_files
from gliner2_lite.bundle.manifest import MANIFEST_NAME, TOKENIZER_NAME, VOCABULARY_NAME, read_bundle
from gliner2_lite.tokenizer.compact import CompactTokenizer
from gliner2_lite.tokenizer.vocabulary import VocabularyFile
from tests.export.vocabulary.small import unigram, wordpiece

TEXTS = ("ab aba", " b  a", "[E]ab", "é É. $a", "字x", "")


@pytest.mark.parametrize("make", [unigram, wordpiece, lambda: wordpiece(strip_accents=False)])
def test_the_compact_form_gives_the_same_ids(make: Callable[[], Tokenizer], tmp_path: Path) -> None:
    tokenizer = make()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    assert write_compact(tmp_path / "tokenizer.json", tmp_path / "out.bin")
    reader = CompactTokenizer(tmp_path / "out.bin")
    for text in TEXTS:
        assert reader.ids(text) == tokenizer.encode(text, add_special_tokens=False).ids, text
    assert compact_bytes(tokenizer) == (tmp_path / "out.bin").read_bytes(), "the same every time"


def test_arrays_lie_where_they_can_be_mapped(tmp_path: Path) -> None:
    (tmp_path / "out.bin").write_bytes(compact_bytes(unigram()))
    file = VocabularyFile(tmp_path / "out.bin")
    offsets = sorted(offset for _, offset, _ in file.settings["arrays"].values())
    assert len(offsets) > 2 and all(offset % ALIGNMENT == 0 for offset in offsets)
    assert file.settings["size"] == (tmp_path / "out.bin").stat().st_size
    assert file.array("scores").tolist() == [0.0, -1.0, -1.5, -2.0, -2.5, -3.0]


def byte_level() -> Tokenizer:
    made = unigram()
    made.pre_tokenizer = pre_tokenizers.ByteLevel()
    return made


def composed() -> Tokenizer:
    made = unigram()
    made.normalizer = normalizers.Sequence([normalizers.Strip(), normalizers.NFC()])
    return made


def cut_elsewhere() -> Tokenizer:
    made = wordpiece()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return made


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Tokenizer(models.BPE()), "model BPE"),
        (lambda: Tokenizer(models.Unigram([("a", 0.0)])), "Unigram without unk_id"),
        (byte_level, "pre-tokenizer ByteLevel"),
        (composed, "normalizer NFC"),
        (cut_elsewhere, "WordPiece without BertPreTokenizer"),
    ],
)
def test_other_components_are_named(make: Callable[[], Tokenizer], message: str) -> None:
    with pytest.raises(NotCompactError, match=message):
        compact_bytes(make())


def test_a_form_that_disagrees_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    unigram().save(str(tmp_path / "tokenizer.json"))
    monkeypatch.setattr(compact, "disagreement", lambda *_: "ab")
    with caplog.at_level(logging.INFO, "gliner2_export"):
        assert not write_compact(tmp_path / "tokenizer.json", tmp_path / "out.bin")
    assert "gives other ids for 'ab'; the runtime will read tokenizer.json" in caplog.text
    assert [path.name for path in tmp_path.iterdir()] == ["tokenizer.json"]


def test_an_older_bundle_is_given_one(small_bundle: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(small_bundle, tmp_path / "bundle"))
    manifest = json.loads((root / MANIFEST_NAME).read_text(encoding="utf-8"))
    if manifest.pop("vocabulary", None):
        manifest["files"].pop(VOCABULARY_NAME)
        (root / VOCABULARY_NAME).unlink()
        (root / MANIFEST_NAME).write_text(json.dumps(manifest), encoding="utf-8")
    assert add_to_bundle(root)
    bundle = read_bundle(root)
    assert bundle.vocabulary == VOCABULARY_NAME
    verify_files(bundle, bundle.choose(None), hashes=True)
    library = Tokenizer.from_file(str(root / TOKENIZER_NAME))
    reader = CompactTokenizer(root / VOCABULARY_NAME)
    assert reader.ids("Ann met Bob.") == library.encode("Ann met Bob.", add_special_tokens=False).ids
    assert sorted(bundle.raw["files"]) == list(bundle.raw["files"])
    assert not list(root.glob("*.new"))
