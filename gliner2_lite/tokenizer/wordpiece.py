"""BERT's tokenizer: characters cleaned by a table, split at blanks and punctuation, longest pieces first."""

from __future__ import annotations

from gliner2_lite.tokenizer.characters import Ranges, Remembered
from gliner2_lite.tokenizer.vocabulary import ROOT, PieceTrie, VocabularyFile

# Values of the table of characters; others are 3 + the number of a text.
SAME, DELETED, PADDED, FIRST_TEXT = 0, 1, 2, 3
# Kinds of characters of cleaned text.
LETTER, BLANK, PUNCTUATION = 0, 1, 2


class BertCleaner(Remembered[int, str]):
    """What ``BertNormalizer`` makes of each character. As a dict: by code point, filled when asked for."""

    def __init__(self, file: VocabularyFile) -> None:
        super().__init__()
        self._values = Ranges(file, "clean")
        self._offsets = file.array("clean_offsets")
        self._texts = file.array("clean_texts")
        self._ranks: dict[str, int] = file.setting("mark_ranks", dict)
        self._barriers = frozenset(file.setting("barriers", str))

    def find(self, key: int) -> str:
        """What is made of one character: a text, maybe an empty one."""
        value = self._values[key]
        if value >= FIRST_TEXT:
            begin, end = self._offsets[value - FIRST_TEXT], self._offsets[value - FIRST_TEXT + 1]
            return bytes(self._texts[begin:end]).decode(errors="replace")
        return {SAME: chr(key), DELETED: "", PADDED: f" {chr(key)} "}[value]

    def apply(self, text: str) -> str:
        """``text``, cleaned."""
        cleaned = text.translate(self)
        if cleaned.isascii() or sum(char in self._ranks for char in cleaned) < 2:
            return cleaned
        return self._sorted(text)

    def _sorted(self, text: str) -> str:
        """The same for a text with several marks that decomposition sorts, between other characters."""
        result: list[str] = []
        run: list[str] = []
        for source in text:
            # A barrier ends a run like a character that is kept, but leaves nothing.
            for char in self[ord(source)] or [""]:
                if char in self._ranks:
                    run.append(char)
                elif char or source in self._barriers:
                    result += [*sorted(run, key=self._ranks.__getitem__), char]
                    run = []
        return "".join([*result, *sorted(run, key=self._ranks.__getitem__)])


class BertSplitter(Remembered[str, int]):
    """Where ``BertPreTokenizer`` splits. As a dict: character → kind, filled when asked for."""

    def __init__(self, file: VocabularyFile) -> None:
        super().__init__()
        self._kinds = Ranges(file, "kind")

    def find(self, key: str) -> int:
        """The kind of one character: LETTER, BLANK or PUNCTUATION."""
        return self._kinds[ord(key)]

    def split(self, text: str) -> list[str]:
        """The chunks of ``text``: runs of letters, and each punctuation mark on its own."""
        if text.isascii() and text.isalnum():
            return [text]
        chunks: list[str] = []
        begin = 0
        for place, char in enumerate(text):
            kind = self[char]
            if kind != LETTER:
                if begin < place:
                    chunks.append(text[begin:place])
                if kind == PUNCTUATION:
                    chunks.append(char)
                begin = place + 1
        if begin < len(text):
            chunks.append(text[begin:])
        return chunks


class WordPiece:
    """The model of a compact vocabulary whose header says ``wordpiece``."""

    def __init__(self, file: VocabularyFile) -> None:
        self.trie = PieceTrie(file)
        self._unknown = file.setting("unk_id", int)
        self._longest = file.setting("longest_chunk", int)
        continuation = self.trie.node(file.setting("continuation", str))
        self._continuation = -1 if continuation is None else continuation  # -1: no such pieces
        if not 0 <= self._unknown < self.trie.pieces:
            raise file.damaged("the id of an unknown chunk is out of range")

    def encode(self, chunk: str) -> list[int]:
        """Ids of the longest pieces from left to right; one unknown when they do not reach the end."""
        size = len(chunk)
        if size > self._longest:
            return [self._unknown]
        codes = list(map(ord, chunk))
        ids: list[int] = []
        place, node = 0, ROOT
        while place < size:
            end, piece = place, self._unknown
            if node > 0:
                for end, piece in self.trie.prefixes(codes, place, node):  # noqa: B007 - the last counts
                    pass
            if end == place:
                return [self._unknown]
            ids.append(piece)
            place, node = end, self._continuation
        return ids
