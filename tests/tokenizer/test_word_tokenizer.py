"""Words → ids: what is remembered and refused, and when the library is loaded at all."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gliner2_export.vocabulary.compact import add_to_bundle
from gliner2_lite import BundleError, GLiNER2, InputTypeError
from gliner2_lite.bundle.manifest import MANIFEST_NAME, TOKENIZER_NAME, VOCABULARY_NAME
from gliner2_lite.load.locate import EMBEDDED
from gliner2_lite.tokenizer import word_tokenizer as tokenizer_module
from gliner2_lite.tokenizer.word_tokenizer import WordTokenizer
from tests.tokenizer.pairs import Pair


def test_lone_surrogates_are_refused_alike(pairs: dict[str, Pair], tmp_path: Path) -> None:
    path = EMBEDDED["tiny"] / TOKENIZER_NAME
    for compact in (None, pairs["tiny"].path):
        tokenizer = WordTokenizer(path, {}, compact)
        with pytest.raises(InputTypeError):
            tokenizer.ids("a\ud800")


@pytest.mark.parametrize("limit", ["MAX_CACHED_WORDS", "MAX_CACHED_CHARACTERS"])
def test_remembered_words_are_bounded(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizer_module, limit, 40)
    tokenizer = WordTokenizer(EMBEDDED["tiny"] / TOKENIZER_NAME, {}, EMBEDDED["tiny"] / VOCABULARY_NAME)
    ids = tokenizer.ids("word1234")
    for number in range(1000):
        tokenizer.ids(f"word{number}")
        words = tokenizer._cache
        assert len(words) <= 40 and (limit == "MAX_CACHED_WORDS" or sum(map(len, words)) < 40 + 8)
    assert tokenizer.ids("word1234") == ids


def without_library(script: str) -> str:
    """What a process prints in which ``tokenizers`` cannot be imported."""
    code = "import sys; sys.modules['tokenizers'] = None\n" + script
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_bundle_with_a_compact_vocabulary_does_not_load_the_library(tmp_path: Path) -> None:
    printed = without_library(
        "from gliner2_lite import GLiNER2\n"
        "print(GLiNER2.from_pretrained('tiny').extract_entities('Ann met Bob.', ['person']))"
    )
    assert printed.startswith("{'entities': {'person'")


def test_bundles_without_one_work_and_can_be_given_one(
    small_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "bundle"
    subprocess.run(["cp", "-r", str(small_bundle), str(root)], check=True)
    manifest = json.loads((root / MANIFEST_NAME).read_text(encoding="utf-8"))
    if manifest.pop("vocabulary", None):
        manifest["files"].pop(VOCABULARY_NAME)
        (root / MANIFEST_NAME).write_text(json.dumps(manifest), encoding="utf-8")
    question = ("Ann met Bob in Zürich.", ["person", "city"])
    before = GLiNER2.from_pretrained(root, verify="hash").extract_entities(*question, include_confidence=True)
    assert add_to_bundle(root)
    after = GLiNER2.from_pretrained(root, verify="hash").extract_entities(*question, include_confidence=True)
    assert before == after
    data = (root / VOCABULARY_NAME).read_bytes()
    with monkeypatch.context() as refused:
        refused.setattr("gliner2_export.vocabulary.compact.disagreement", lambda *_: "a")
        assert not add_to_bundle(root)
    assert (root / VOCABULARY_NAME).read_bytes() == data, "the one that the manifest names stays"
    (root / VOCABULARY_NAME).write_bytes(data[:-1])
    with pytest.raises(BundleError, match=f"{VOCABULARY_NAME} has {len(data) - 1} bytes"):
        GLiNER2.from_pretrained(root)
    (root / VOCABULARY_NAME).unlink()
    with pytest.raises(BundleError, match=f"{VOCABULARY_NAME} is missing"):
        GLiNER2.from_pretrained(root)
    manifest = json.loads((root / MANIFEST_NAME).read_text(encoding="utf-8"))
    del manifest["files"][VOCABULARY_NAME]
    (root / MANIFEST_NAME).write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(BundleError, match="vocabulary 'vocabulary.bin' is not in files"):
        GLiNER2.from_pretrained(root)
