"""A stand-in for DeBERTa-v3's SentencePiece model, which cannot be trained from a few texts.

Its pipeline is the real one (SentencePiece's ``nmt_nfkc`` map, Metaspace, Unigram, 128,000 pieces); the
pieces are frequent words of some texts, letter sequences out of them, and invented strings that only
fill the table. How many words become pieces decides how long texts get: as many as it takes for
``TOKENS_PER_WORD``.
"""

from __future__ import annotations

import json
import math
import random
import string
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import sentencepiece
from tokenizers import Tokenizer
from transformers import DebertaV2TokenizerFast

from gliner2_lite.errors import InputError
from gliner2_lite.prompt.words import split_words, whitespace_words

TOKENS_PER_WORD = 1.3  # English, words as the model splits them
SPECIALS = ("[PAD]", "[CLS]", "[SEP]", "[UNK]")
MASK = "[MASK]"
SPACE = "▁"
LONGEST_SEQUENCE = 4  # letters
SMALLEST_VOCABULARY = 300
# Log probabilities: a piece that is a word beats any split of it, a sequence beats its letters, and an
# invented string loses to both.
SEQUENCE_SCORE, CHARACTER_SCORE, INVENTED_SCORE = -15.0, -25.0, -120.0
VOWELS, CONSONANTS = "aeiou", "bcdfghjklmnprstvwz"


def build_tokenizer(sentences: Sequence[str], size: int) -> DebertaV2TokenizerFast:
    """A ``DebertaV2TokenizerFast`` with ``size`` pieces, and ``[MASK]`` behind them as id ``size``.

    Raises:
        InputError: ``size`` is too small for single characters.
    """
    if size < SMALLEST_VOCABULARY:
        raise InputError(f"a vocabulary needs at least {SMALLEST_VOCABULARY} pieces, not {size}")
    pipeline = json.loads(_pipeline(sentences))
    pipeline["model"]["vocab"] = [list(piece) for piece in make_pieces(sentences, size)]
    pipeline["model"]["unk_id"] = SPECIALS.index("[UNK]")
    ids = {token: number for number, token in enumerate(SPECIALS)} | {MASK: size}
    for added in pipeline["added_tokens"]:
        added["id"] = ids[added["content"]]
    tokenizer = Tokenizer.from_str(json.dumps(pipeline))
    return DebertaV2TokenizerFast(tokenizer_object=tokenizer)


def make_pieces(sentences: Sequence[str], size: int) -> list[tuple[str, float]]:
    """``size`` pieces with their scores: specials, characters, words, letter sequences, invented strings."""
    words = Counter(value for text in sentences for value in split_words(text, whitespace_words).values)
    characters = sorted({*string.printable.strip(), *"".join(words)})
    pieces = dict.fromkeys(SPECIALS, 0.0)
    # Only as many rare characters as leave half of a small table to the rest.
    for char in [SPACE, *characters][: size // 4]:
        pieces.setdefault(char, CHARACTER_SCORE)
    sequences = _sequences(words)
    whole = _whole_words(words, set(sequences), room=size - len(pieces))
    total = sum(words.values())
    pieces |= {SPACE + word: math.log(words[word] / total) for word in whole}
    for rank, sequence in enumerate(sequences):
        if len(pieces) >= size:
            break
        pieces.setdefault(sequence, SEQUENCE_SCORE - math.log1p(rank) / 10)
    invented = _invented(random.Random(size))
    while len(pieces) < size:
        pieces.setdefault(next(invented), INVENTED_SCORE)
    return list(pieces.items())


def tokens_per_word(tokenizer: DebertaV2TokenizerFast, sentences: Sequence[str]) -> float:
    """Average number of tokens of a word, words tokenised one by one as the model does."""
    values = [value for text in sentences for value in split_words(text, whitespace_words).values]
    return sum(len(tokenizer.tokenize(value)) for value in values) / max(1, len(values))


def _pipeline(sentences: Sequence[str]) -> str:
    """What transformers puts around a Unigram model (normaliser, pre-tokenizer, …), as JSON."""
    with tempfile.TemporaryDirectory() as scratch:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(sentences[:200]),
            model_prefix=f"{scratch}/spm",
            model_type="unigram",
            vocab_size=SMALLEST_VOCABULARY,
            hard_vocab_limit=False,
            normalization_rule_name="nmt_nfkc",
            pad_id=0, bos_id=1, eos_id=2, unk_id=3,
            pad_piece="[PAD]", bos_piece="[CLS]", eos_piece="[SEP]", unk_piece="[UNK]",
            num_threads=1,
            minloglevel=2,
        )  # fmt: skip
        model = str(Path(scratch) / "spm.model")
        return str(DebertaV2TokenizerFast(vocab_file=model).backend_tokenizer.to_str())


def _sequences(words: Counter[str]) -> list[str]:
    """Letter sequences of the words, at the start of a word with ``▁``; the most frequent first."""
    counts: Counter[str] = Counter()
    for word, count in words.items():
        for length in range(1, LONGEST_SEQUENCE + 1):
            if len(word) >= length:
                counts[SPACE + word[:length]] += count
            if length > 1:
                for place in range(1, len(word) - length + 1):
                    counts[word[place : place + length]] += count
    return [sequence for sequence, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]


def _whole_words(words: Counter[str], sequences: set[str], *, room: int) -> list[str]:
    """The most frequent words, as many as bring the average to ``TOKENS_PER_WORD``, at most ``room``."""
    target = TOKENS_PER_WORD * sum(words.values())
    split = {word: _fewest_pieces(word, sequences) for word in words}
    tokens = sum(count * split[word] for word, count in words.items())
    chosen: list[str] = []
    for word, count in sorted(words.items(), key=lambda item: (-item[1], item[0])):
        if tokens <= target or len(chosen) >= room:
            break
        chosen.append(word)
        tokens -= count * (split[word] - 1)
    return chosen


def _fewest_pieces(word: str, sequences: set[str]) -> int:
    """How few sequences spell ``▁word``; each costs much, so the tokenizer looks for the fewest."""
    text = SPACE + word
    best = [0] + [len(text)] * len(text)
    for end in range(1, len(text) + 1):
        for begin in range(max(0, end - LONGEST_SEQUENCE - 1), end):
            if end - begin == 1 or text[begin:end] in sequences:
                best[end] = min(best[end], best[begin] + 1)
    return best[-1]


def _invented(rng: random.Random) -> Iterator[str]:
    while True:
        syllables = rng.randint(2, 4)
        text = "".join(rng.choice(CONSONANTS) + rng.choice(VOWELS) for _ in range(syllables))
        yield (SPACE if rng.random() < 0.6 else "") + text + rng.choice(["", "n", "s", "r", "t"])
