"""Unigram models: scores, ties, unknown characters and bytes as the library decides them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tokenizer.pairs import Vocab, every_text, unigram


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
