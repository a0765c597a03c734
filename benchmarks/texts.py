"""Benchmark texts: sentences from files or built in, joined to texts of an exact number of words.

A word is what the model's splitter calls one (punctuation counts), so that "100 words" means the same
length of the model's text axis for every contestant.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

from gliner2_lite.errors import InputError
from gliner2_lite.prompt.words import FINAL_MARKS, split_words, whitespace_words

BUILT_IN = Path(__file__).parent / "sentences.txt"
SHORTEST, LONGEST = 5, 60  # words of a sentence that is taken from files
MIXED_LENGTHS = (5, 150)  # words, both included


def read_sentences(data: Path | None, *, limit: int = 2000, seed: int = 0) -> list[str]:
    """Sentences to build texts from: the built-in ones, or the ``text`` fields of ``data/ner/*.jsonl``.

    ``data`` may also be the directory of the files itself. A seeded sample of ``limit`` is returned.

    Raises:
        InputError: no such file, a line that is not JSON, or no usable text.
    """
    if data is None:
        return BUILT_IN.read_text(encoding="utf-8").splitlines()
    folder = data / "ner" if (data / "ner").is_dir() else data
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise InputError(f"{folder} holds no *.jsonl file; give the directory that holds ner/*.jsonl")
    texts: dict[str, None] = {}
    for file in files:
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            text = _text_field(line, file, number)
            if SHORTEST <= len(text.split()) <= LONGEST:
                texts[text] = None
    if not texts:
        raise InputError(f"{folder}: no text of {SHORTEST} to {LONGEST} words in {len(files)} files")
    chosen = list(texts)
    random.Random(seed).shuffle(chosen)
    return chosen[:limit]


def exact_text(sentences: Sequence[str], words: int, rng: random.Random) -> str:
    """A text of exactly ``words`` words (the last one is a full stop if need be), from random sentences."""
    if words < 1:
        raise InputError(f"a text needs at least 1 word, not {words}")
    text = ""
    while count_words(text) < words:
        text = f"{text} {rng.choice(sentences)}".strip()
    ends = split_words(text, whitespace_words).ends
    cut = text[: ends[words - 1]]
    if cut.endswith(FINAL_MARKS):
        return cut
    # The model appends a full stop where none ends the text: let it be the last word, a word of its own.
    return (f"{text[: ends[words - 2]]} ." if words > 1 else ".").strip()


def exact_texts(sentences: Sequence[str], words: int, count: int, *, seed: int) -> list[str]:
    """``count`` texts of ``words`` words each, the same for the same arguments."""
    rng = random.Random(f"{seed}/{words}")
    return [exact_text(sentences, words, rng) for _ in range(count)]


def mixed_texts(
    sentences: Sequence[str], count: int, *, seed: int, lengths: tuple[int, int] = MIXED_LENGTHS
) -> list[str]:
    """``count`` texts with numbers of words evenly over ``lengths``, both included, in random order."""
    rng = random.Random(f"{seed}/mixed")
    shortest, longest = lengths
    counts = [shortest + round(i * (longest - shortest) / max(1, count - 1)) for i in range(count)]
    rng.shuffle(counts)
    return [exact_text(sentences, words, rng) for words in counts]


def document(sentences: Sequence[str], characters: int, *, seed: int) -> str:
    """A text of exactly ``characters`` characters, from random sentences."""
    rng = random.Random(f"{seed}/document")
    parts: list[str] = []
    while sum(map(len, parts)) + len(parts) <= characters:
        parts.append(rng.choice(sentences))
    return " ".join(parts)[:characters]


def count_words(text: str) -> int:
    """Words of ``text`` as written, without the full stop that the model may append."""
    return len(split_words(text, whitespace_words))


def _text_field(line: str, file: Path, number: int) -> str:
    try:
        text = json.loads(line)["text"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f'{file}, line {number}: no JSON object with "text" ({error})') from error
    if not isinstance(text, str):
        raise InputError(f'{file}, line {number}: "text" must be a string, not {type(text).__name__}')
    return " ".join(text.split())
