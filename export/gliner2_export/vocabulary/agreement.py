"""Whether a compact vocabulary gives the ids that ``tokenizers`` gives: on fixed strings, at every export."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from tokenizers import Tokenizer

from gliner2_lite.tokenizer.compact import CompactTokenizer

SEED = 20
STRINGS = 2_000
LONGEST = 12  # parts of a random string
# Ranges of code points: scripts with marks and joiners, compatibility forms, symbols, and all the rest.
RANGES = (
    (0x20, 0x7F), (0x20, 0x7F), (0x00, 0xA1), (0xA0, 0x250), (0x250, 0x300), (0x300, 0x370), (0x370, 0x590),
    (0x590, 0x800), (0x800, 0xA00), (0x900, 0x1000), (0xE00, 0xF00), (0x1000, 0x1400), (0x1700, 0x1C00),
    (0x1DC0, 0x2000), (0x2000, 0x2070), (0x2070, 0x2400), (0x2460, 0x2800), (0x2E80, 0x3100),
    (0x3100, 0x3400), (0x4E00, 0xA000), (0xA640, 0xAC00), (0xAC00, 0xD7A4), (0xD7A4, 0xD800),
    (0xF900, 0xFB50), (0xFB50, 0xFE00), (0xFE00, 0x10000), (0x10000, 0x12000), (0x1D100, 0x1D800),
    (0x1F000, 0x1FB00), (0x20000, 0x20100), (0xE0000, 0xE01F0), (0x80, 0xD800), (0xE000, 0x110000),
)  # fmt: skip
# What has a rule of its own somewhere, alone or beside each other.
ODD = (
    *"\t\n\v\f\r\x1c\x1f \x7f\x85\xa0\u1680\u2003\u2028\u202f\u205f\u3000\u200b\ufeff\u00ad\0",
    *"İıſKÅßẞΣςµªº½①ﬁﬃⅣ㍿％Ａａ１．，！カ゛ﾞ̈́̀́̂̇ͅ҉़়्ָّ",
    *"©®‼™☎❤👍🏽👩🇩🇪가각간각\u0600\u06dd\u070f\u200d\u200c\ufe0f\U000e0020\U000110bd",
    "  ", "   ", "\r\n", "\u200d", "▁", "▁▁", "##", "a", "e", "o", "x", "1", "क", "क्", "ा", "ก", "ำ", "。",
)  # fmt: skip
WORDS = (
    "the", "person", "organization", "location", "price", "New", "York", "2024", "don't", "e-mail",
    "John's", "U.S.", "naïve", "Zürich", "Straße", "Москва", "東京", "日本語", "서울", "مرحبا", "שלום",
    "हिन्दी", "ไทย", "café", "cafe\u0301", "https://example.org/a?b=c", "a_b", "...", "--", "$1,234.56",
)  # fmt: skip


def disagreement(tokenizer: Tokenizer, compact: Path, strings: int = STRINGS) -> str | None:
    """The first string whose ids differ, None when all agree."""
    compact_tokenizer = CompactTokenizer(compact)
    for text in samples(_markers(tokenizer), strings):
        if compact_tokenizer.ids(text) != tokenizer.encode(text, add_special_tokens=False).ids:
            return text
    return None


def samples(markers: Sequence[str], count: int, *, seed: int = SEED) -> Iterator[str]:
    """``count`` strings, the same for the same ``seed``: words, odd characters and ``markers``, mixed."""
    yield from ("", " ", "   ", "\n", *WORDS, *ODD, *markers)
    for word in (*WORDS, *markers):
        yield from (f" {word}", f"{word} ", f"  {word}  x", word.upper(), word.lower(), word * 3)
    yield "".join(WORDS) * 20
    yield "\u4e00a" * 400
    random_ = random.Random(seed)
    for _ in range(count):
        yield "".join(_part(random_, markers) for _ in range(random_.randint(1, LONGEST)))


def _part(random_: random.Random, markers: Sequence[str]) -> str:
    choice = random_.random()
    if choice < 0.15:
        return random_.choice(WORDS)
    if choice < 0.5:
        return random_.choice(ODD)
    if choice < 0.55 and markers:
        return random_.choice(markers)
    if choice < 0.6:
        return " "
    begin, end = random_.choice(RANGES)
    return "".join(chr(random_.randrange(begin, end)) for _ in range(random_.randint(1, 3)))


def _markers(tokenizer: Tokenizer) -> list[str]:
    return [token.content for token in tokenizer.get_added_tokens_decoder().values()]
