"""The precompiled character map, on a file of its own with few rules and on that of a real export."""

from __future__ import annotations

import pytest

from gliner2_lite.tokenizer.charsmap import CharsMap
from gliner2_lite.tokenizer.vocabulary import VocabularyFile
from tests.tokenizer.pairs import Pair

NMT_NFKC = "v2-first-unigram"


@pytest.fixture
def charsmap(pairs: dict[str, Pair]) -> CharsMap:
    return CharsMap(VocabularyFile(pairs[NMT_NFKC].path))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("plain text", "plain text"),
        ("\ufb01n", "fin"),  # a ligature
        ("\uff21\uff11", "A1"),  # full width
        ("\u2460", "1"),
        ("e\u0301", "\u00e9"),  # a cluster is replaced as a whole
        ("\u00e9", "\u00e9"),
        ("a\r\nb", "a b"),  # the rule for CR is a prefix of the cluster, and takes all of it
        ("\u5b57", "\u5b57"),
    ],
)
def test_texts_are_mapped_as_the_library_does(
    text: str, expected: str, charsmap: CharsMap, pairs: dict[str, Pair]
) -> None:
    assert charsmap.apply(text) == expected
    normalizer = pairs[NMT_NFKC].library.normalizer
    assert normalizer is not None and normalizer.normalize_str(f"x{text}x") == f"x{expected}x"


def test_replacements_are_remembered_by_code_point(charsmap: CharsMap) -> None:
    assert dict(charsmap) == {}
    charsmap.apply("\ufb01\u5b57")
    assert dict(charsmap) == {0xFB01: "fi", 0x5B57: "\u5b57"}


def test_a_damaged_map_is_an_index_error_and_no_endless_walk(charsmap: CharsMap) -> None:
    charsmap._units = memoryview(bytes(4)).cast("I")
    with pytest.raises(IndexError):
        charsmap.find(0xFB01)
