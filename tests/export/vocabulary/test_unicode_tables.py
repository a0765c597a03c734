"""Character tables asked of ``tokenizers``: what every version of Unicode in use says."""

from __future__ import annotations

import json
import unicodedata

import numpy as np
import pytest
from tokenizers import normalizers

from gliner2_export.vocabulary.unicode_tables import (
    CODE_POINTS,
    character_map,
    clean_table,
    grapheme_classes,
    mark_order,
    split_kinds,
)
from gliner2_lite.tokenizer import graphemes
from gliner2_lite.tokenizer.wordpiece import BLANK, DELETED, FIRST_TEXT, LETTER, PADDED, PUNCTUATION, SAME

BERT = {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True}


def bert(*, accents: bool | None = None, lowercase: bool = True) -> str:
    return json.dumps({**BERT, "strip_accents": accents, "lowercase": lowercase})


def value(table: tuple[np.ndarray, np.ndarray], char: str) -> int:
    """What a table of ranges says of a character."""
    starts, values = table
    assert starts[0] == 0 and (np.diff(starts.astype(np.int64)) > 0).all() and starts[-1] < CODE_POINTS
    return int(values[np.searchsorted(starts, ord(char), side="right") - 1])


@pytest.mark.parametrize(
    ("chars", "bit"),
    [
        ("\n\r\u200b\u00ad", graphemes.CONTROL),
        ("\u0301\u200d\u0903\ufe0f", graphemes.JOINS_PREVIOUS),
        ("\u0600\U000110bd", graphemes.PREPEND),
        ("❤☎©", graphemes.PICTOGRAPH),
        ("\u0301", graphemes.EXTEND),
        ("\u1100", graphemes.HANGUL_L),
        ("\u1161", graphemes.HANGUL_V),
        ("\u11a8", graphemes.HANGUL_T),
    ],
)
def test_characters_have_the_class_of_their_rule(chars: str, bit: int) -> None:
    for char in chars:
        assert value(grapheme_classes(), char) & bit, f"U+{ord(char):04X}"
    for char in "aZ1 é日ж":
        assert value(grapheme_classes(), char) == 0, char


@pytest.mark.parametrize("lowercase", [True, False])
def test_cleaning_is_the_librarys(lowercase: bool) -> None:
    source = bert(lowercase=lowercase)
    table = clean_table(source)
    ranges = (table["clean_starts"], table["clean_values"])
    offsets, texts = table["clean_offsets"], table["clean_texts"]
    options = {name: it for name, it in json.loads(source).items() if name != "type"}
    library = normalizers.BertNormalizer(**options)
    for char in "aAéÉß字\u0301\0\t\u00ad .ﬁ日İ":
        kind = value(ranges, char)
        if kind >= FIRST_TEXT:
            text = texts[offsets[kind - FIRST_TEXT] : offsets[kind - FIRST_TEXT + 1]].decode()
        else:
            text = {SAME: char, DELETED: "", PADDED: f" {char} "}[kind]
        assert text == library.normalize_str(char), repr(char)
    assert value(ranges, "字") == PADDED and value(ranges, "\0") == DELETED


def test_splits_are_at_blanks_and_punctuation() -> None:
    kinds = split_kinds()
    assert [value(kinds, char) for char in "a é\u3000"] == [LETTER, BLANK, LETTER, BLANK]
    assert all(value(kinds, char) == PUNCTUATION for char in "!$.^。¿")


def test_marks_that_are_kept_are_sorted_by_their_combining_class() -> None:
    order = mark_order(bert())
    lower, higher = "\U0001d165", "\u302e"  # marks that take place, which stripping accents leaves
    assert unicodedata.combining(lower) < unicodedata.combining(higher)
    assert order["mark_ranks"][lower] < order["mark_ranks"][higher]
    library = normalizers.BertNormalizer(lowercase=True).normalize_str
    assert library(f"a{higher}{lower}") == f"a{lower}{higher}"
    assert "\u0301" not in order["mark_ranks"], "an accent that is stripped"
    joiner = "\u034f"
    assert joiner in order["barriers"] and library(f"a{higher}{joiner}{lower}") == f"a{higher}{lower}"
    assert mark_order(bert(accents=False)) == {"mark_ranks": {}, "barriers": ""}, "nothing is decomposed"


def test_a_character_map_is_read_by_the_library() -> None:
    library = normalizers.Precompiled(character_map({"a": "X", "b\u0301": "Y", "é": ""}))
    assert library.normalize_str("ab\u0301cébd") == "XYcbd", "rules are for whole clusters"
