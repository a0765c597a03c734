"""Properties of single characters: ranges stored in the vocabulary file, and a cache for look-ups."""

from __future__ import annotations

from abc import abstractmethod
from bisect import bisect_right
from typing import TypeVar

from gliner2_lite.tokenizer.vocabulary import VocabularyFile

Key = TypeVar("Key")
Value = TypeVar("Value")

MAX_REMEMBERED = 20_000  # characters; then all are forgotten


class Remembered(dict[Key, Value]):
    """A bounded cache: a dict that gets missing values from ``find``. Two threads may compute the same."""

    def __missing__(self, key: Key) -> Value:
        if len(self) >= MAX_REMEMBERED:
            self.clear()
        self[key] = value = self.find(key)
        return value

    @abstractmethod
    def find(self, key: Key) -> Value:
        """The value of a key that is not in the cache."""


class Ranges:
    """A number for every code point, stored as the first code points of runs of equal numbers."""

    def __init__(self, file: VocabularyFile, name: str) -> None:
        """Reads the arrays ``<name>_starts`` and ``<name>_values``.

        Raises:
            BundleError: they do not fit each other, or do not begin at 0.
        """
        self._starts = file.array(f"{name}_starts")
        self._values = file.array(f"{name}_values")
        if len(self._starts) != len(self._values) or not len(self._starts) or self._starts[0]:
            raise file.damaged(f"its table {name!r} of characters does not fit")

    def __getitem__(self, code: int) -> int:
        return int(self._values[bisect_right(self._starts, code) - 1])
