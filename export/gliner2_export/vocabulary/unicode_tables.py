"""Character tables, derived from the results of ``tokenizers``.

The library contains the Unicode data of the version it was built with, but no function that returns them.
Every property that matters shows in its result for a suitable text, so each code point is tried in one.
"""

from __future__ import annotations

import functools
import json
import struct
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import normalizers, pre_tokenizers

from gliner2_lite.tokenizer import graphemes
from gliner2_lite.tokenizer.wordpiece import BLANK, DELETED, FIRST_TEXT, LETTER, PADDED, PUNCTUATION, SAME

ASCII = 128
CODE_POINTS = 0x110000
# Ideographs, private and free planes are of no class; Hangul syllables are computed.
CLUSTERED = [*range(ASCII, 0x3400), *range(0xA000, 0xAC00), *range(0xD7A4, 0xD800), *range(0xF900, 0x17000),
             *range(0x18D00, 0x20000), *range(0xE0000, 0xE1000)]  # fmt: skip
# Free and private planes, each of one kind throughout: one code point answers for all.
ALIKE = (range(0x40000, 0xE0000), range(0xE1000, 0xF0000), range(0xF0000, 0xFFFFE), range(0x100000, 0x10FFFE))
NOT_ALIKE = (0xFFFFE, 0xFFFFF, 0x10FFFE, 0x10FFFF)
BLOCK = 1 << 15  # code points in one text: offsets of each byte of a text take memory
ACUTE, GRAVE = "\u0301", "\u0300"
KA, VIRAMA, ARABIC_SIGN, COPYRIGHT, ZWJ = "\u0915", "\u094d", "\u0600", "\u00a9", graphemes.ZWJ
HANGUL_LV, HANGUL_LVT = "\uac00", "\uac01"
FOUND = "X"


def character_map(rules: dict[str, str]) -> bytes:
    """SentencePiece's form of a few replacement rules (a Darts trie, then the replacements)."""
    nodes: dict[bytes, int] = {b"": 0}  # prefix → its block of 256 units; a child's unit is block ^ byte
    encoded = {source.encode(): target.encode() for source, target in rules.items()}
    for key in encoded:
        for length in range(1, len(key) + 1):
            nodes.setdefault(key[:length], len(nodes))
    units = np.zeros((len(nodes) + 1) * 256, np.uint32)
    texts = b""

    def base(prefix: bytes) -> int:
        return (nodes[prefix] + 1) * 256

    units[0] = base(b"") << 10
    for prefix in nodes:
        if prefix:
            place = base(prefix[:-1]) ^ prefix[-1]
            units[place] = (place ^ base(prefix)) << 10 | prefix[-1]
            if prefix in encoded:
                units[place] |= 1 << 8
                units[base(prefix)] = 1 << 31 | len(texts)
                texts += encoded[prefix] + b"\0"
    return struct.pack("<I", units.nbytes) + units.tobytes() + texts


@functools.lru_cache(maxsize=1)
def grapheme_classes() -> tuple[NDArray[Any], NDArray[Any]]:
    """(first code points uint32 [R], classes uint32 [R]): class bits of the runtime's ``graphemes`` by range.

    A cluster shorter than six bytes is replaced by the rule of its first character, so a mark behind it
    vanishes; a cluster that is longer, because the character asked about belongs to it, keeps the mark.
    """
    one = _asker({"a": FOUND})
    pair = _asker({GRAVE + ACUTE: FOUND})
    ka, syllable, copyright_ = _asker({KA: FOUND}), _asker({HANGUL_LV: FOUND}), _asker({COPYRIGHT: FOUND})
    sign = _asker({ARABIC_SIGN: FOUND})

    joins = one("a{}", lambda text, char: char not in text)
    control = pair("{}" + GRAVE + ACUTE, lambda text, char: FOUND in text)
    prepend = one("{}a" + ACUTE, lambda text, char: text.endswith(ACUTE))
    before_syllable = syllable("{}" + HANGUL_LV + ACUTE, lambda text, char: text.endswith(ACUTE))
    after_lv = sign(ARABIC_SIGN + HANGUL_LV + "{}", lambda text, char: HANGUL_LV in text[:2])
    after_lvt = sign(ARABIC_SIGN + HANGUL_LVT + "{}", lambda text, char: HANGUL_LVT in text[:2])
    picture = copyright_(COPYRIGHT + ZWJ + "{}", lambda text, char: ZWJ in text[:2])
    extend = copyright_(COPYRIGHT + "{}" + ZWJ + COPYRIGHT + ACUTE, lambda text, char: text.endswith(ACUTE))
    consonant = ka("{}" + VIRAMA + KA + ACUTE, lambda text, char: text.endswith(ACUTE))
    linker = ka(KA + "{}" + KA + ACUTE, lambda text, char: text.endswith(ACUTE))
    between = ka(KA + VIRAMA + "{}" + KA + ACUTE, lambda text, char: text.endswith(ACUTE))

    classes = np.zeros(CODE_POINTS, np.uint32)
    classes[:32] = classes[127] = graphemes.CONTROL
    for characters, bit in (
        (joins, graphemes.JOINS_PREVIOUS),
        (control, graphemes.CONTROL),
        (prepend, graphemes.PREPEND),
        (before_syllable - prepend, graphemes.HANGUL_L),
        (after_lv - after_lvt, graphemes.HANGUL_V),
        (after_lvt - joins, graphemes.HANGUL_T),
        (picture - joins, graphemes.PICTOGRAPH),
        (extend & joins, graphemes.EXTEND),
        (consonant, graphemes.CONJUNCT_CONSONANT),
        (linker - prepend - consonant, graphemes.CONJUNCT_LINKER),
        (between - prepend - consonant - linker, graphemes.CONJUNCT_EXTEND),
    ):
        classes[sorted(characters)] |= bit
    return _ranges(classes)


@functools.lru_cache(maxsize=4)
def clean_table(normalizer: str) -> dict[str, NDArray[Any] | bytes]:
    """What a ``BertNormalizer``, given as JSON, makes of each character: the arrays of ``BertCleaner``."""
    clean = _bert_normalizer(normalizer).normalize_str
    texts: dict[str, int] = {}
    values = np.zeros(CODE_POINTS, np.uint32)
    for block in _blocks(_all()):
        # A bar is kept by every option of BertNormalizer, and combines with nothing.
        cleaned = clean("".join(f"|{chr(code)}" for code in block))
        for code, text in zip(block, cleaned.split("|")[1:], strict=True):
            values[code] = _value(chr(code), text, texts)
    for code in range(ASCII):
        values[code] = _value(chr(code), clean(chr(code)), texts)
    _fill_alike(values)
    encoded = [text.encode() for text in texts]
    starts, ranged = _ranges(values)
    return {
        "clean_starts": starts,
        "clean_values": ranged,
        "clean_offsets": np.cumsum([0, *map(len, encoded)]).astype(np.uint32),
        "clean_texts": b"".join(encoded),
    }


@functools.lru_cache(maxsize=4)
def mark_order(normalizer: str) -> dict[str, Any]:
    """How a ``BertNormalizer``, given as JSON, sorts the marks that it keeps, as ``BertCleaner`` reads it.

    ``mark_ranks`` holds their places in the order, ``barriers`` marks that are dropped but that no mark
    passes.
    """
    whole = _bert_normalizer(normalizer).normalize_str
    if whole("\u00e9") == "\u00e9":
        return {"mark_ranks": {}, "barriers": ""}  # it does not decompose
    decompose = normalizers.NFD().normalize_str
    only_clean = normalizers.BertNormalizer(
        clean_text=json.loads(normalizer)["clean_text"],
        handle_chinese_chars=False,
        strip_accents=False,
        lowercase=False,
    ).normalize_str
    by_class = {unicodedata.combining(char): char for char in map(chr, _all()) if _old_mark(char)}
    lowest, highest = by_class[min(by_class)], by_class[max(by_class)]
    ranks, barriers = {}, ""
    for char in map(chr, _all()):
        if not unicodedata.category(char).startswith("M") or decompose(char) != char:
            continue
        after = sum(decompose(char + mark) == mark + char for mark in by_class.values())
        sorts = after > 0 or decompose(highest + char) == char + highest or char == lowest
        kept = whole(char)
        if kept and sorts:
            ranks[char] = after + 1
        if not kept and not sorts and only_clean(char):
            barriers += char
    return {"mark_ranks": ranks, "barriers": barriers}


def _bert_normalizer(source: str) -> normalizers.BertNormalizer:
    options = {name: value for name, value in json.loads(source).items() if name != "type"}
    return normalizers.BertNormalizer(**options)


def _old_mark(char: str) -> bool:
    """A mark that every Unicode version in use knows."""
    return unicodedata.ucd_3_2_0.combining(char) == unicodedata.combining(char) > 0


@functools.lru_cache(maxsize=1)
def split_kinds() -> tuple[NDArray[Any], NDArray[Any]]:
    """(first code points uint32 [R], kinds uint32 [R]): where ``BertPreTokenizer`` splits."""
    splitter = pre_tokenizers.BertPreTokenizer()
    kinds = np.full(CODE_POINTS, LETTER, np.uint32)
    for block in _blocks([*range(ASCII), *_all()]):
        text = "".join(f"a{chr(code)}" for code in block)
        kind = np.full(len(text), BLANK, np.uint32)
        for chunk, (begin, end) in splitter.pre_tokenize_str(text):
            kind[begin:end] = PUNCTUATION if len(chunk) == 1 and chunk != "a" else LETTER
        kinds[block] = kind[1::2]
    kinds[ord("a")] = LETTER
    _fill_alike(kinds)
    return _ranges(kinds)


def _asker(rules: dict[str, str]) -> Callable[[str, Callable[[str, str], bool]], set[int]]:
    """A question to the library under a character map of ``rules``: the code points that pass a test."""
    normalizer = normalizers.Precompiled(character_map(rules))

    def ask(pattern: str, test: Callable[[str, str], bool]) -> set[int]:
        passed: set[int] = set()
        for block in _blocks(CLUSTERED):
            texts = [pattern.format(chr(code)) for code in block]
            # A line feed is a boundary on both of its sides, and no code point asked about is one.
            answers = normalizer.normalize_str("\n".join(texts)).split("\n")
            passed.update(code for code, text in zip(block, answers, strict=True) if test(text, chr(code)))
        return passed

    return ask


def _value(char: str, text: str, texts: dict[str, int]) -> int:
    if text == char:
        return SAME
    if not text:
        return DELETED
    if text == f" {char} ":
        return PADDED
    return FIRST_TEXT + texts.setdefault(text, len(texts))


def _all() -> list[int]:
    """Every code point that is asked about, but for ASCII."""
    begins = [codes.start for codes in ALIKE]
    return [*range(ASCII, 0xD800), *range(0xE000, 0x40000), *range(0xE0000, 0xE1000), *begins, *NOT_ALIKE]


def _fill_alike(values: NDArray[Any]) -> None:
    for codes in ALIKE:
        values[codes.start : codes.stop] = values[codes.start]


def _blocks(codes: list[int]) -> Iterable[list[int]]:
    return (codes[begin : begin + BLOCK] for begin in range(0, len(codes), BLOCK))


def _ranges(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """A value per code point as (first code points of runs, their values)."""
    starts = np.flatnonzero(np.diff(values, prepend=values[0] + 1))
    return starts.astype(np.uint32), values[starts].astype(np.uint32)
