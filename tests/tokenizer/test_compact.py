"""The compact vocabulary gives the ids that ``tokenizers`` gives, or is not written.

``GLINER2_LITE_TOKENIZER_STRINGS=100000`` compares that many random strings per tokenizer instead of a few
thousand.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

from gliner2_export.vocabulary.agreement import ODD, WORDS, disagreement, samples
from gliner2_export.vocabulary.compact import NotCompactError, compact_bytes, write_compact
from gliner2_lite.tokenizer.compact import AddedTokens
from tests.tokenizer.pairs import MARKERS, UNIGRAMS, Pair, compacted, every_text

STRINGS = int(os.environ.get("GLINER2_LITE_TOKENIZER_STRINGS", "1000"))
EXAMPLES = max(50, STRINGS // 20)


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


def test_added_tokens_are_cut_out_leftmost_first_and_longest() -> None:
    tokens = AddedTokens([("a", 1, False, False), ("aa", 2, False, False), ("b", 3, True, True)])
    assert list(tokens.split("xaaay b\u2003 z")) == [
        (None, "x"), (2, ""), (1, ""), (None, "y"), (3, ""), (None, "z"),
    ]  # fmt: skip
    assert list(tokens.split("")) == [] and list(tokens.split(" ")) == [(None, " ")]
    assert list(AddedTokens([]).split("a b")) == [(None, "a b")]


def test_of_two_tokens_with_one_text_the_first_counts() -> None:
    assert list(AddedTokens([("a", 1, False, False), ("a", 2, True, True)]).split(" a ")) == [
        (None, " "), (1, ""), (None, " "),
    ]  # fmt: skip
