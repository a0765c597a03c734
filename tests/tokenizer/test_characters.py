"""What is remembered of characters stays bounded, also between threads; tables of ranges."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import cast

import pytest

from gliner2_export.vocabulary.agreement import samples
from gliner2_lite import BundleError
from gliner2_lite.tokenizer import characters
from gliner2_lite.tokenizer.characters import Ranges, Remembered
from gliner2_lite.tokenizer.compact import CompactTokenizer
from gliner2_lite.tokenizer.vocabulary import VocabularyFile
from tests.tokenizer.pairs import MARKERS, UNIGRAMS, Pair


def test_threads_share_a_tokenizer(pairs: dict[str, Pair], monkeypatch: pytest.MonkeyPatch) -> None:
    pair = pairs[UNIGRAMS[0]]
    texts = list(samples(MARKERS, 200, seed=7))
    expected = [pair.check(text) for text in texts]
    shared = CompactTokenizer(pair.path)  # with empty caches
    results: list[list[list[int]]] = []
    monkeypatch.setattr(characters, "MAX_REMEMBERED", 5)  # caches that others empty all the time
    threads = [
        threading.Thread(target=lambda: results.append([shared.ids(text) for text in texts]))
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 16


class Squares(Remembered[int, int]):
    asked = 0

    def find(self, key: int) -> int:
        self.asked += 1
        return key * key


def test_a_value_is_found_once_until_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(characters, "MAX_REMEMBERED", 3)
    squares = Squares()
    assert [squares[key] for key in (2, 2, 3, 3, 2)] == [4, 4, 9, 9, 4] and squares.asked == 2
    for key in range(10):
        assert squares[key] == key * key and len(squares) <= 3


def file_of(starts: list[int], values: list[int]) -> VocabularyFile:
    arrays = {"class_starts": starts, "class_values": values}
    return cast(VocabularyFile, SimpleNamespace(array=arrays.__getitem__, damaged=BundleError))


def test_every_code_point_has_the_number_of_its_range() -> None:
    ranges = Ranges(file_of([0, 5, 6], [7, 8, 9]), "class")
    assert [ranges[code] for code in (0, 4, 5, 6, 0x10FFFF)] == [7, 7, 8, 9, 9]


@pytest.mark.parametrize(("starts", "values"), [([], []), ([0, 1], [1]), ([1], [1])])
def test_tables_that_do_not_fit_are_damaged(starts: list[int], values: list[int]) -> None:
    with pytest.raises(BundleError, match="its table 'class' of characters does not fit"):
        Ranges(file_of(starts, values), "class")
