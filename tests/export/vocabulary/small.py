"""Small tokenizers of both families that a compact vocabulary can be made of."""

from __future__ import annotations

from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers


def unigram(*, byte_fallback: bool = False) -> Tokenizer:
    """A few pieces with scores, words marked at their beginning, one marker."""
    pieces = [("?", 0.0), ("▁", -1.0), ("a", -1.5), ("b", -2.0), ("▁ab", -2.5), ("aba", -3.0)]
    made = Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=byte_fallback))
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.add_special_tokens([AddedToken("[E]", normalized=False)])
    return made


def wordpiece(**options: bool) -> Tokenizer:
    """A few pieces and their continuations, cleaned and split as BERT does."""
    pieces = ["?", "a", "b", "##a", "##ab", "É", "é", "e", "字", ".", "$"]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    made = Tokenizer(models.WordPiece(vocabulary, unk_token="?", max_input_chars_per_word=6))
    made.normalizer = normalizers.BertNormalizer(**options)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.add_special_tokens([AddedToken("[E]", normalized=False)])
    return made
