"""The compact vocabulary gives the ids that ``tokenizers`` gives, or is not written.

``GLINER2_LITE_TOKENIZER_STRINGS=100000`` compares that many random strings per tokenizer instead of a few
thousand.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

from gliner2_export.vocabulary.agreement import ODD, WORDS, disagreement, samples
from gliner2_export.vocabulary.compact import NotCompactError, add_to_bundle, compact_bytes, write_compact
from gliner2_lite import BundleError, GLiNER2, InputTypeError
from gliner2_lite.bundle.manifest import MANIFEST_NAME, TOKENIZER_NAME, VOCABULARY_NAME
from gliner2_lite.load.locate import EMBEDDED
from gliner2_lite.tokenizer import characters
from gliner2_lite.tokenizer import word_tokenizer as tokenizer_module
from gliner2_lite.tokenizer.compact import CompactTokenizer
from gliner2_lite.tokenizer.word_tokenizer import WordTokenizer
from tests.conftest import ROOT

STRINGS = int(os.environ.get("GLINER2_LITE_TOKENIZER_STRINGS", "1000"))
EXAMPLES = max(50, STRINGS // 20)
MARKERS = ("[DESCRIPTION]", "[E]", "[P]", "[SEP_TEXT]", "[UNK]", "[MASK]", "［UNK］", "[unk]")
UNIGRAMS = ("v2-first-unigram", "moe-first-unigram")  # the whole nmt_nfkc map, and a few rules


class Pair:
    """A tokenizer of the library and the same in compact form."""

    def __init__(self, library: Tokenizer, compact: Path) -> None:
        library.no_truncation()
        library.no_padding()
        self.library, self.path = library, compact
        self.compact = CompactTokenizer(compact)

    def check(self, text: str) -> list[int]:
        expected = self.library.encode(text, add_special_tokens=False).ids
        assert self.compact.ids(text) == expected, ascii(text)
        return list(expected)


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pair]:
    """The embedded model's WordPiece as it is shipped, and Unigrams of the reference tests made compact."""
    place = tmp_path_factory.mktemp("vocabularies")
    tiny = EMBEDDED["tiny"]
    found = {"tiny": Pair(Tokenizer.from_file(str(tiny / TOKENIZER_NAME)), tiny / VOCABULARY_NAME)}
    for name in UNIGRAMS:
        with zipfile.ZipFile(ROOT / "tests" / "golden" / "bundles" / f"{name}.zip") as archive:
            source = archive.read(TOKENIZER_NAME).decode()
        library = Tokenizer.from_str(source)
        path = place / f"{name}.bin"
        path.write_bytes(compact_bytes(library))
        found[name] = Pair(library, path)
    return found


@pytest.mark.parametrize("name", ["tiny", *UNIGRAMS])
@pytest.mark.parametrize("seed", [1, 2])
def test_random_strings(name: str, seed: int, pairs: dict[str, Pair]) -> None:
    for text in samples(MARKERS, STRINGS // 2, seed=seed):
        pairs[name].check(text)


PARTS = st.one_of(
    st.sampled_from([*ODD, *WORDS, *MARKERS, " "]),
    st.text(max_size=4),
    st.characters(categories=["Mn", "Mc", "Me", "Cf", "Zs", "Lm", "Sk", "Nl", "No", "So"]),
)


@pytest.mark.parametrize("name", ["tiny", *UNIGRAMS])
def test_generated_strings(name: str, pairs: dict[str, Pair]) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None)
    @given(st.lists(PARTS, max_size=8).map("".join))
    def check(text: str) -> None:
        pairs[name].check(text)

    check()


@pytest.mark.parametrize("name", ["tiny", *UNIGRAMS])
@pytest.mark.parametrize("marker", ["[E]", "[DESCRIPTION]", "[SEP_STRUCT]"])
def test_markers_are_one_id_wherever_they_stand(name: str, marker: str, pairs: dict[str, Pair]) -> None:
    pair = pairs[name]
    own = pair.compact.token_id(marker)
    assert own == pair.library.token_to_id(marker)
    assert pair.check(marker) == [own]
    for text in (
        f" {marker} x: y",
        f"x{marker}",
        f"{marker}{marker}",
        f"\u0301{marker}\u0301",
        f"  {marker}  ",
    ):
        assert own in pair.check(text)
    for text in (marker.lower(), marker[:-1], f"[{marker[1:-1]} ]"):
        assert own not in pair.check(text)


@pytest.mark.parametrize("name", ["tiny", *UNIGRAMS])
def test_pieces_have_the_ids_of_the_library(name: str, pairs: dict[str, Pair]) -> None:
    pair = pairs[name]
    vocabulary = pair.library.get_vocab()
    assert {token: pair.compact.token_id(token) for token in vocabulary} == vocabulary
    assert pair.compact.token_id("no such piece") is None
    assert pair.compact.token_id("") is None


@pytest.mark.parametrize("name", ["tiny", *UNIGRAMS])
@pytest.mark.parametrize("text", ["a" * 9_000, "词a" * 4_000, "x y " * 2_000, "\u0301" * 5_000, "[E]" * 500])
def test_long_words(name: str, text: str, pairs: dict[str, Pair]) -> None:
    pairs[name].check(text)


def test_lone_surrogates_are_refused_alike(pairs: dict[str, Pair], tmp_path: Path) -> None:
    path = EMBEDDED["tiny"] / TOKENIZER_NAME
    for compact in (None, pairs["tiny"].path):
        tokenizer = WordTokenizer(path, {}, compact)
        with pytest.raises(InputTypeError):
            tokenizer.ids("a\ud800")


def test_threads_share_a_tokenizer(pairs: dict[str, Pair], monkeypatch: pytest.MonkeyPatch) -> None:
    pair = pairs[UNIGRAMS[0]]
    texts = list(samples(MARKERS, 200, seed=7))
    expected = [pair.check(text) for text in texts]
    shared = CompactTokenizer(pair.path)  # with empty caches
    results: list[list[list[int]]] = []
    monkeypatch.setattr(characters, "MAX_REMEMBERED", 5)  # caches that others empty all the time
    threads = [
        threading.Thread(target=lambda: results.append([shared.ids(text) for text in texts]))
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 16


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


Vocab = list[tuple[str, float]]


def unigram(vocab: Vocab, tmp_path: Path, *, fallback: bool = False, **metaspace: Any) -> Pair:
    library = Tokenizer(models.Unigram(vocab, unk_id=0, byte_fallback=fallback))
    library.pre_tokenizer = pre_tokenizers.Metaspace(**metaspace)
    return compacted(library, tmp_path)


def compacted(library: Tokenizer, tmp_path: Path) -> Pair:
    path = tmp_path / "made.bin"
    path.write_bytes(compact_bytes(library))
    return Pair(library, path)


def every_text(alphabet: str, length: int) -> list[str]:
    texts = [""]
    for text in texts:
        if len(text) < length:
            texts += [text + char for char in alphabet]
    return texts


@pytest.mark.parametrize(
    "vocab",
    [
        [
            ("?", 0.0),
            ("▁", -1.0),
            ("a", -1.0),
            ("b", -1.0),
            ("ab", -2.0),
            ("ba", -2.0),
            ("aba", -3.0),
        ],  # ties
        [("?", 0.0), ("a", -0.1), ("b", -0.2), ("ab", -0.3), ("aa", -0.2), ("▁a", -0.3)],  # sums that round
        [("?", 0.0), ("ab", -5.0), ("ab", -1.0), ("a", -2.0), ("▁", -3.0)],  # twice the same piece
        [("?", 0.0), ("x", 30.0), ("ab", 31.0), ("a", 32.0)],  # unknown characters above known ones
    ],
)
@pytest.mark.parametrize("split", [True, False])
def test_scores_decide_as_in_the_library(vocab: Vocab, split: bool, tmp_path: Path) -> None:
    for scheme in ("always", "never"):
        pair = unigram(vocab, tmp_path, prepend_scheme=scheme, split=split)
        for text in every_text("ab ?▁", 4):
            pair.check(text)


@pytest.mark.parametrize("missing", [False, True])
def test_bytes_stand_for_unknown_characters(missing: bool, tmp_path: Path) -> None:
    vocab = [
        ("?", 0.0),
        ("a", -1.0),
        *((f"<0x{byte:02X}>", -9.0) for byte in range(0xE0 if missing else 256)),
    ]
    pair = unigram(vocab, tmp_path, fallback=True)
    for text in ("a", "é", "aéa", "éü", "字a", "é字", "<0x41>", "\0"):
        pair.check(text)


@pytest.mark.parametrize(
    "steps",
    [
        [normalizers.Strip(left=True, right=False)],
        [normalizers.Strip(left=False, right=True), normalizers.Replace("  ", "a")],
        [normalizers.Replace("ab", ""), normalizers.Strip()],
        [],
    ],
)
def test_added_tokens_and_normalizers(steps: list[Any], tmp_path: Path) -> None:
    library = Tokenizer(models.Unigram([("?", 0.0), ("a", -1.0), ("b", -1.5), ("▁", -2.0)], unk_id=0))
    library.pre_tokenizer = pre_tokenizers.Metaspace()
    library.normalizer = normalizers.Sequence(steps)
    library.add_tokens(
        [
            AddedToken("aa", normalized=False),
            AddedToken("aab", normalized=False, lstrip=True),
            AddedToken("b b", normalized=True, rstrip=True),
            AddedToken("ba", normalized=True, special=True, lstrip=True, rstrip=True),
        ]
    )
    pair = compacted(library, tmp_path)
    for text in [*every_text("ab ", 6), "\x1caab\x1c", "\u2003aab\u2003ba\u2003", "\u3000 ba \u3000 ba"]:
        pair.check(text)


@pytest.mark.parametrize("lowercase", [True, False])
@pytest.mark.parametrize("options", [{}, {"strip_accents": False, "handle_chinese_chars": False}])
def test_wordpiece_options(options: dict[str, bool], lowercase: bool, tmp_path: Path) -> None:
    vocab = {
        piece: number for number, piece in enumerate(["?", "a", "##a", "##ab", "É", "é", "e", "字", "."])
    }
    library = Tokenizer(models.WordPiece(vocab, unk_token="?", max_input_chars_per_word=6))
    library.normalizer = normalizers.BertNormalizer(lowercase=lowercase, **options)
    library.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    pair = compacted(library, tmp_path)
    for text in [*every_text("aÉ字.b", 4), "aaaaaa", "aaaaaaa", *samples((), 100)]:
        pair.check(text)


Change = Callable[[Tokenizer], object]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: setattr(t, "model", models.BPE()), "model BPE"),
        (lambda t: setattr(t, "model", models.Unigram([("a", 0.0)])), "without unk_id"),
        (lambda t: setattr(t, "normalizer", normalizers.NFC()), "normalizer NFC"),
        (lambda t: setattr(t, "normalizer", normalizers.Lowercase()), "normalizer Lowercase"),
        (lambda t: setattr(t, "pre_tokenizer", pre_tokenizers.Whitespace()), "pre-tokenizer Whitespace"),
        (
            lambda t: setattr(t, "pre_tokenizer", pre_tokenizers.Metaspace(prepend_scheme="first")),
            "Metaspace",
        ),
        (lambda t: t.add_tokens([AddedToken("x", single_word=True)]), "single_word"),
    ],
)
def test_what_is_not_reproduced_is_not_written(change: Change, message: str, tmp_path: Path) -> None:
    library = Tokenizer(models.Unigram([("?", 0.0), ("a", -1.0)], unk_id=0))
    library.pre_tokenizer = pre_tokenizers.Metaspace()
    assert compact_bytes(library)
    change(library)
    with pytest.raises(NotCompactError, match=message):
        compact_bytes(library)
    library.save(str(tmp_path / "tokenizer.json"))
    assert write_compact(tmp_path / "tokenizer.json", tmp_path / "out.bin") is False
    assert not (tmp_path / "out.bin").exists()


def test_a_form_that_disagrees_is_found_and_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = Tokenizer(models.Unigram([("?", 0.0), ("a", -1.0), ("b", -2.0)], unk_id=0))
    library.pre_tokenizer = pre_tokenizers.Metaspace()
    library.save(str(tmp_path / "tokenizer.json"))
    other = Tokenizer(models.Unigram([("?", 0.0), ("b", -1.0), ("a", -2.0)], unk_id=0))
    other.pre_tokenizer = pre_tokenizers.Metaspace()
    wrong = compact_bytes(other)
    monkeypatch.setattr("gliner2_export.vocabulary.compact.compact_bytes", lambda _: wrong)
    assert write_compact(tmp_path / "tokenizer.json", tmp_path / "out.bin") is False
    assert not (tmp_path / "out.bin").exists()
    monkeypatch.setattr("gliner2_export.vocabulary.compact.compact_bytes", lambda _: wrong[:-1])
    assert write_compact(tmp_path / "tokenizer.json", tmp_path / "out.bin") is False
    (tmp_path / "wrong.bin").write_bytes(wrong)
    assert disagreement(library, tmp_path / "wrong.bin", 10) is not None


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
