"""SentencePiece's precompiled character map, applied to text as ``tokenizers`` applies it.

The map is a double-array trie (Darts) over UTF-8 bytes and a blob of NUL-terminated replacements. A
grapheme cluster shorter than six bytes is replaced as a whole if any rule is a prefix of it, and then by
the rule with the shortest source, even where that drops the rest of the cluster; otherwise each character
is looked up on its own. Odd, but checkpoints were trained with it.
"""

from __future__ import annotations

from gliner2_lite.tokenizer.characters import Remembered
from gliner2_lite.tokenizer.graphemes import Graphemes
from gliner2_lite.tokenizer.vocabulary import VocabularyFile

LONGEST_CLUSTER = 5  # bytes
HAS_LEAF = 1 << 8
VALUE = (1 << 31) - 1
LABEL = 1 << 31 | 0xFF


class CharsMap(Remembered[int, str]):
    """The rules of a map. As a dict: replacements of characters by code point, filled when asked for."""

    def __init__(self, file: VocabularyFile) -> None:
        super().__init__()
        self._units = file.array("charsmap_units")
        self._texts = bytes(file.array("charsmap_texts"))
        self._graphemes = Graphemes(file)

    def find(self, key: int) -> str:
        """The replacement of one character, or the character itself."""
        replacement = self._replacement(chr(key))
        return chr(key) if replacement is None else replacement

    def apply(self, text: str) -> str:
        """``text`` with every rule applied."""
        if text.isascii():
            if "\r\n" not in text:
                return text.translate(self)
        elif not self._graphemes.may_join(text):
            return text.translate(self)
        parts = []
        for cluster in self._graphemes.split(text):
            if (
                len(cluster) > 1
                and len(cluster) <= LONGEST_CLUSTER
                and len(cluster.encode()) <= LONGEST_CLUSTER
            ):
                replacement = self._replacement(cluster)
                if replacement is not None:
                    parts.append(replacement)
                    continue
            parts.append(cluster.translate(self))
        return "".join(parts)

    def _replacement(self, text: str) -> str | None:
        """The replacement of the shortest rule that ``text`` begins with, None when there is none.

        Raises IndexError on a damaged map.
        """
        units = self._units
        place = _offset(units[0])
        for byte in text.encode():
            if not byte:
                return None
            place ^= byte
            unit = units[place]
            if unit & LABEL != byte:
                return None
            place ^= _offset(unit)
            if unit & HAS_LEAF:
                begin = units[place] & VALUE
                if begin > len(self._texts):
                    raise IndexError(begin)
                end = self._texts.find(b"\0", begin)
                return self._texts[begin : end if end >= 0 else len(self._texts)].decode(errors="replace")
        return None


def _offset(unit: int) -> int:
    return unit >> 10 << ((unit & 1 << 9) >> 6)
