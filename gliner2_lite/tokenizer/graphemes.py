"""Extended grapheme clusters (UAX #29) by the character classes that the vocabulary file brings along.

The Unicode version is therefore that of the ``tokenizers`` with which the bundle was exported. Only rules
that can change a cluster shorter than six bytes are applied; those of flags, for example, cannot.
"""

from __future__ import annotations

from gliner2_lite.tokenizer.characters import Ranges, Remembered
from gliner2_lite.tokenizer.vocabulary import VocabularyFile

# Bits of a character's class. Several may be set; 0 is any other character.
CONTROL = 1
JOINS_PREVIOUS = 2  # Extend, ZWJ and SpacingMark
PREPEND = 4
PICTOGRAPH = 8
EXTEND = 16  # may stand between a pictograph and the ZWJ
CONJUNCT_CONSONANT = 32
CONJUNCT_EXTEND = 64  # may stand between a consonant and its linker
CONJUNCT_LINKER = 128
HANGUL_L, HANGUL_V, HANGUL_T = 256, 512, 1024  # LV and LVT below

ZWJ = "\u200d"
SYLLABLES = range(0xAC00, 0xD7A4)
LAST_CONSONANTS = 28


class Graphemes(Remembered[str, int]):
    """Splits text into clusters. As a dict: character → class, filled when first asked for."""

    def __init__(self, file: VocabularyFile) -> None:
        super().__init__()
        self._classes = Ranges(file, "class")

    def find(self, key: str) -> int:
        """The class of one character, as bits."""
        return self._classes[ord(key)]

    def may_join(self, text: str) -> bool:
        """False when every cluster of ``text`` that is shorter than six bytes is one character."""
        classes = self
        return "\r" in text or any([classes[char] & (JOINS_PREVIOUS | PREPEND) for char in text])

    def split(self, text: str) -> list[str]:
        """The clusters of ``text``, which joined give ``text``."""
        clusters: list[str] = []
        begin = 0
        after_pictograph = False  # … Pictograph Extend* so far
        open_zwj = False  # … Pictograph Extend* ZWJ so far
        after_consonant = False  # … Consonant (ConjunctExtend | Linker)* so far
        linked = False  # and a linker among them
        previous_char, previous = "", 0
        for place, char in enumerate(text):
            this = self[char]
            if place:
                joins = self._joins(previous_char, previous, char, this)
                if not joins and not (previous | this) & CONTROL:
                    joins = (open_zwj and this & PICTOGRAPH > 0) or (linked and this & CONJUNCT_CONSONANT > 0)
                if not joins:
                    clusters.append(text[begin:place])
                    begin = place
            open_zwj = after_pictograph and char == ZWJ
            after_pictograph = this & PICTOGRAPH > 0 or (after_pictograph and this & EXTEND > 0)
            if this & CONJUNCT_CONSONANT:
                after_consonant, linked = True, False
            elif after_consonant and this & CONJUNCT_LINKER:
                linked = True
            elif not this & CONJUNCT_EXTEND:
                after_consonant = linked = False
            previous_char, previous = char, this
        if text:
            clusters.append(text[begin:])
        return clusters

    @staticmethod
    def _joins(before: str, before_class: int, char: str, char_class: int) -> bool:
        if (before_class | char_class) & CONTROL:
            return before == "\r" and char == "\n"
        if char_class & JOINS_PREVIOUS or before_class & PREPEND:
            return True
        syllable = ord(char) in SYLLABLES
        if before_class & HANGUL_L:
            return syllable or char_class & (HANGUL_L | HANGUL_V) > 0
        if ord(before) in SYLLABLES:
            ends_in_vowel = (ord(before) - SYLLABLES.start) % LAST_CONSONANTS == 0
            return char_class & (HANGUL_V | HANGUL_T if ends_in_vowel else HANGUL_T) > 0
        if before_class & HANGUL_V:
            return char_class & (HANGUL_V | HANGUL_T) > 0
        return before_class & HANGUL_T > 0 and char_class & HANGUL_T > 0
