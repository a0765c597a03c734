"""WordPiece models: cleaning, splitting and the longest pieces as in the library."""

from __future__ import annotations

from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from gliner2_export.vocabulary.agreement import samples
from gliner2_lite.bundle.manifest import VOCABULARY_NAME
from gliner2_lite.load.locate import EMBEDDED
from gliner2_lite.tokenizer.vocabulary import VocabularyFile
from gliner2_lite.tokenizer.wordpiece import BertCleaner, BertSplitter
from tests.tokenizer.pairs import compacted, every_text


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


def test_texts_are_cleaned_and_split_as_bert_does() -> None:
    file = VocabularyFile(EMBEDDED["tiny"] / VOCABULARY_NAME)
    clean, split = BertCleaner(file).apply, BertSplitter(file).split
    assert clean("Ünï\x00cöde\ttext") == "unicode text"
    assert clean("中文x") == " 中  文 x"
    assert split("don't stop ") == ["don", "'", "t", "stop"]
    assert split("abc123") == ["abc123"] and split("") == split(" ") == []
