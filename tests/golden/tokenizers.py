"""Small tokenizers of the two families that official checkpoints have, made from permissive text.

WordPiece vocabularies are counted here, which is the same on every run and machine; the SentencePiece
Unigram model is trained by ``sentencepiece`` on one thread, which is also repeatable.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import sentencepiece
from transformers import BertTokenizerFast, DebertaV2TokenizerFast, PreTrainedTokenizerFast

from tests.golden.texts import TEXTS

# CC0, Apache-2.0 and MIT: the licences as stated in the README of the data directory.
CORPUS_FILES = (
    "structures/snips_slots_small.dev.jsonl",
    "classification/rasa_intents.train.jsonl",
    "relations/fewrel_wiki.train.jsonl",
)
WORDPIECE_SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")

# A few rules of the kind that NFKC-like maps hold; a whole map would be 300 kB in every bundle.
SMALL_NORMALIZATION = {
    "\ufb01": "fi",
    "\ufb02": "fl",
    "\u2460": "1",
    "\u2461": "2",
    "\u3000": " ",
    "\u00a0": " ",
    "\u200b": " ",
    "\u2122": "TM",
    "\u212a": "K",
    "\u00ad": "",
    **{chr(0xFF01 + i): chr(0x21 + i) for i in range(94)},
}


def corpus(data: Path) -> Iterator[str]:
    """The training texts: the permissive files of ``data`` and the case texts (for their scripts)."""
    for name in CORPUS_FILES:
        for line in (data / name).read_text(encoding="utf-8").splitlines():
            yield json.loads(line)["text"]
    for text in TEXTS.values():
        # The longest are made of the same few phrases; odd control characters are no vocabulary.
        if len(text) < 1000:
            yield "".join(char if char.isprintable() else " " for char in text)


def wordpiece(data: Path, out: Path, *, size: int, lower: bool) -> PreTrainedTokenizerFast:
    """A BERT tokenizer of ``size`` pieces: all frequent characters, then frequent words and suffixes."""
    bert = BertTokenizerFast(vocab_file=_vocab_file(out, list(WORDPIECE_SPECIALS)), do_lower_case=lower)
    split, clean = bert.backend_tokenizer.pre_tokenizer, bert.backend_tokenizer.normalizer
    words: Counter[str] = Counter()
    for text in corpus(data):
        words.update(word for word, _ in split.pre_tokenize_str(clean.normalize_str(text)))

    chars: Counter[str] = Counter()
    suffixes: Counter[str] = Counter()
    for word, count in words.items():
        for place, char in enumerate(word):
            chars["##" + char if place else char] += count
        for length in (2, 3, 4):
            if len(word) > length:
                suffixes["##" + word[-length:]] += count
    pieces = [char for char, count in _ranked(chars) if count > 1][: size // 2]
    room = size - len(WORDPIECE_SPECIALS) - len(pieces)
    common = [word for word, _ in _ranked(words) if len(word) > 1][: room * 2 // 3]
    common += [piece for piece, _ in _ranked(suffixes)][: room - len(common)]
    vocab = list(dict.fromkeys([*WORDPIECE_SPECIALS, *pieces, *common]))
    return BertTokenizerFast(vocab_file=_vocab_file(out, vocab), do_lower_case=lower)


def unigram(data: Path, out: Path, *, size: int, full_normalization: bool) -> PreTrainedTokenizerFast:
    """``DebertaV2TokenizerFast`` on a SentencePiece Unigram model of ``size`` pieces, as DeBERTa-v3 has it.

    ``full_normalization`` keeps SentencePiece's whole ``nmt_nfkc`` map in the tokenizer.
    """
    rules = out / "rules.tsv"
    rules.write_text(
        "".join(
            f"{_hex(source)}\t{_hex(target)}\n" for source, target in sorted(SMALL_NORMALIZATION.items())
        ),
        encoding="utf-8",
    )
    normalization = (
        {"normalization_rule_name": "nmt_nfkc"}
        if full_normalization
        else {"normalization_rule_tsv": str(rules)}
    )
    prefix = out / "spm"
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=corpus(data),
        model_prefix=str(prefix),
        model_type="unigram",
        vocab_size=size,
        character_coverage=0.999,
        pad_id=0,
        bos_id=1,
        eos_id=2,
        unk_id=3,
        pad_piece="[PAD]",
        bos_piece="[CLS]",
        eos_piece="[SEP]",
        unk_piece="[UNK]",
        num_threads=1,
        minloglevel=2,
        **normalization,
    )
    return DebertaV2TokenizerFast(vocab_file=str(prefix.with_suffix(".model")), do_lower_case=False)


def _vocab_file(out: Path, vocab: list[str]) -> str:
    path = out / "vocab.txt"
    path.write_text("\n".join(vocab) + "\n", encoding="utf-8")
    return str(path)


def _ranked(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _hex(text: str) -> str:
    return " ".join(f"{ord(char):X}" for char in text)
