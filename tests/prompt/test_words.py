"""Words and offsets: the reference's splits, in linear time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliner2_lite import InputError, InputTypeError
from gliner2_lite.prompt.words import (
    char_words,
    normalize_text,
    resolve_splitter,
    split_words,
    whitespace_words,
)

# Written down from the reference's splitter, see the behaviour it documents for each kind of word.
SPLITS = {
    "don't": ["don", "'", "t"],
    "U.S.": ["u", ".", "s", "."],
    "$1,200.50": ["$", "1", ",", "200", ".", "50"],
    "a--b 3-4 x_y-z": ["a", "-", "-", "b", "3-4", "x_y-z"],
    "foo@bar": ["foo", "@bar"],
    "e@x.co1": ["e@x.co", "1"],
    "mail a.b+c@mail.example.org.": ["mail", "a.b+c@mail.example.org", "."],
    "https://x.com/A.": ["https://x.com/a."],
    "see www.x.org/a,b now": ["see", "www.x.org/a,b", "now"],
    "https://me@x.com/a": ["https://me@x.com/a"],
    "ab@x.com@y.org": ["ab@x.com", "@y", ".", "org"],
    "Ελλάδα-Βορράς": ["ελλάδα-βορράς"],
    "e\u0301te\u0301": ["e\u0301te\u0301"],
    "हिन्दी भाषा": ["हिन्दी", "भाषा"],
    "\u0645\u200c\u0646": ["\u0645\u200c\u0646"],
    "日本語 text": ["日本語", "text"],
    "👩‍💻!": ["👩", "\u200d", "💻", "!"],
    "": [],
    " \n\t ": [],
}


@pytest.mark.parametrize("text", SPLITS)
def test_whitespace_splitter_gives_the_reference_words(text: str) -> None:
    assert [word for word, _, _ in whitespace_words(text)] == SPLITS[text]


def test_offsets_index_the_original_text_even_where_lower_case_is_longer() -> None:
    text = "İstanbul ſun"
    found = list(whitespace_words(text))
    assert [text[start:end] for _, start, end in found] == ["İstanbul", "ſun"]
    assert len(found[0][0]) == len("İstanbul") + 1


@given(st.text())
def test_words_cover_every_character_that_is_not_blank_once_and_in_order(text: str) -> None:
    position = 0
    for value, start, end in whitespace_words(text, lower=False):
        assert position <= start < end
        assert text[position:start].strip() == ""
        assert text[start:end] == value
        position = end
    assert text[position:].strip() == ""


@pytest.mark.parametrize("unit", [".", "a.", "@", "a@", "a@b.", "-", "a-", "www.", "%+", "é\u0301"])
def test_splitting_is_linear(unit: str) -> None:
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        best = float("inf")
        for _ in range(3):
            begin = time.perf_counter()
            for _ in whitespace_words(text):
                pass
            best = min(best, time.perf_counter() - begin)
        return best

    small, large = seconds(25_000), seconds(100_000)
    assert large < 1.0
    # Four times the text: a quadratic splitter would need sixteen times the time.
    assert large < 9 * small + 0.02


def test_char_splitter() -> None:
    assert [word for word, _, _ in char_words("Ab@c.de é日 x")] == ["ab@c.de", "é", "日", "x"]


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        (None, "."),
        ("", "."),
        (" ", " ."),
        ("Hi", "Hi."),
        ("Hi!", "Hi!"),
        ("Hi \n", "Hi \n."),
        ("x。", "x。."),
    ],
)
def test_normalized_text_ends_a_sentence(text: str | None, normal: str) -> None:
    assert normalize_text(text) == normal


@pytest.mark.parametrize(("limit", "kept"), [(None, 4), (2, 2), (0, 0), (-1, 3), (99, 4)])
def test_limit_is_a_slice(limit: int | None, kept: int) -> None:
    assert len(split_words("one two three four", whitespace_words, limit=limit)) == kept


class Halves:
    def __call__(self, text: str, lower: bool = True) -> list[tuple[str, int, int]]:
        return [(text[:2], 0, 2), (text[2:], 2, len(text))]


def test_a_splitter_may_be_a_name_a_class_or_a_callable() -> None:
    assert resolve_splitter(None) is resolve_splitter("whitespace")
    for own in (Halves, Halves()):
        assert split_words("abcd", resolve_splitter(own)).values == ("ab", "cd")


#: What splitters gave for "ab cd." by mistake: the items, the index and value named, and what is wrong.
IMPOSSIBLE = [
    ([("ab", 0, 2), ("cd", 3, 1000)], "item 1 .*'cd', 3, 1000.* beyond the text, which has 6 characters"),
    ([("ab", -2, 2)], "item 0 .*'ab', -2, 2.* before the text"),
    ([("ab", 2, 2)], "item 0 .* no character"),
    ([("ab", 2, 0)], "item 0 .* no character"),
    ([("cd", 3, 5), ("ab", 0, 2)], "item 1 .*'ab', 0, 2.* before the end of the item before it, 5"),
    ([("ab", 0, 2), ("b c", 1, 4)], "item 1 .* before the end of the item before it, 2"),
    (["ab", "cd"], "item 0 of the word splitter, 'ab', is not .token, start, end"),
    (["abc"], "item 0 .*'abc', is not"),
    ([("ab", 0)], "item 0 .*'ab', 0.* is not"),
    ([("ab", 0, 2), None], "item 1 .*None, is not"),
    ([("ab", 0.0, 2)], "item 0 .* the offset 0.0, which is not an integer"),
    ([("ab", 0, "2")], "item 0 .* the offset '2'"),
    ([("ab", False, 2)], "item 0 .* the offset False"),
    ([(b"ab", 0, 2)], "item 0 .* a token that is not a string"),
    ("ab cd.", "must yield .token, start, end.*returned 'ab cd.'"),
    (None, "must yield .token, start, end.*returned None"),
]


@pytest.mark.parametrize(("given_items", "message"), IMPOSSIBLE)
def test_items_that_are_no_words_of_the_text_are_refused(given_items: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        split_words("ab cd.", lambda text, lower: given_items)


def test_words_may_come_as_lists_with_any_kind_of_integer() -> None:
    words = split_words("ab cd.", lambda text, lower: iter([["x", np.int64(0), np.int32(2)], ("y", 2, 6)]))
    assert (words.values, words.starts, words.ends) == (("x", "y"), (0, 2), (2, 6))
    assert all(type(offset) is int for offset in (*words.starts, *words.ends))


def test_words_beyond_the_limit_are_not_looked_at() -> None:
    def broken_at_the_end(text: str, lower: bool) -> Iterator[tuple[str, int, int]]:
        yield "ab", 0, 2
        raise AssertionError("asked for more than the limit")

    assert len(split_words("ab cd.", broken_at_the_end, limit=1)) == 1


def test_bad_splitters_are_refused_by_name() -> None:
    with pytest.raises(InputError, match="'spaces' is unknown.*'char'"):
        resolve_splitter("spaces")
    with pytest.raises(InputTypeError, match="not int"):
        resolve_splitter(3)  # type: ignore[arg-type]
