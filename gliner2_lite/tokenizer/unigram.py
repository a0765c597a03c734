"""Unigram: the most probable split of a chunk into pieces, as ``tokenizers`` finds it.

Sums are double precision and taken from left to right; of equal sums the one that is found first, which is
that of the longest last piece, stays. Both decide ties, so they are part of the result.
"""

from __future__ import annotations

from gliner2_lite.tokenizer.vocabulary import CHAR_FACTOR as CHAR
from gliner2_lite.tokenizer.vocabulary import CODE_POINT_BITS, ROOT, PieceTrie, VocabularyFile
from gliner2_lite.tokenizer.vocabulary import NODE_FACTOR as NODE

UNKNOWN_PENALTY = 10.0  # below the lowest score of the vocabulary


class Unigram:
    """The model of a compact vocabulary whose header says ``unigram``."""

    def __init__(self, file: VocabularyFile) -> None:
        self.trie = PieceTrie(file)
        self._scores = file.array("scores")
        self._unknown = file.setting("unk_id", int)
        self._unknown_score = file.setting("lowest_score", float) - UNKNOWN_PENALTY
        self._bytes = file.setting("byte_ids", list)  # empty, or 256 ids of which None is missing
        ids = [number for number in [self._unknown, *self._bytes] if number is not None]
        if len(self._scores) != self.trie.pieces or len(self._bytes) not in (0, 256):
            raise file.damaged("its scores or bytes have another number")
        if not all(isinstance(number, int) and 0 <= number < self.trie.pieces for number in ids):
            raise file.damaged("the id of an unknown character is out of range")

    def encode(self, chunk: str) -> list[int]:
        """Ids of the pieces of ``chunk``, a run of unknown characters as one."""
        keys, infos, scores, slots = self.trie.keys, self.trie.infos, self._scores, self.trie.slots
        codes = list(map(ord, chunk))
        size = len(codes)
        best = [0.0] * (size + 1)
        begins = [-1] * (size + 1)
        pieces = [0] * (size + 1)
        for begin, base in enumerate(best):  # best[begin] is final when its turn comes
            node, place, single = ROOT, begin, False
            # The same walk as PieceTrie.prefixes, written out: it is most of the time of a new word.
            while place < size:
                code = codes[place]
                key = node << CODE_POINT_BITS | code
                slot = (node * NODE + code * CHAR) % slots
                while (edge := keys[slot]) != key and edge:
                    slot += 1
                if not edge:
                    break
                place += 1
                info = infos[slot]
                if info > 1:
                    piece = (info >> 1) - 1
                    score = scores[piece] + base
                    if begins[place] < 0 or score > best[place]:
                        best[place], begins[place], pieces[place] = score, begin, piece
                    single = single or place == begin + 1
                if not info & 1:
                    break
                node = slot + 2
            if not single and begin < size:
                score = base + self._unknown_score
                if begins[begin + 1] < 0 or score > best[begin + 1]:
                    best[begin + 1], begins[begin + 1], pieces[begin + 1] = score, begin, self._unknown
        return self._collect(chunk, begins, pieces)

    def _collect(self, chunk: str, begins: list[int], pieces: list[int]) -> list[int]:
        """Follow the best path from its end; neighbouring unknowns become one."""
        ids: list[int] = []  # from the last to the first
        end = len(chunk)
        while end:
            begin, piece = begins[end], pieces[end]
            if piece == self._unknown:
                while begin and pieces[begin] == self._unknown:
                    begin = begins[begin]
                ids.extend(reversed(self._unknown_ids(chunk[begin:end])))
            else:
                ids.append(piece)
            end = begin
        ids.reverse()
        return ids

    def _unknown_ids(self, text: str) -> list[int]:
        """A run of unknown characters: a piece all the same, its bytes if each has a piece, or unknown."""
        known = self.trie.id(text)
        if known is not None:
            return [known]
        if self._bytes:
            ids = [self._bytes[byte] for byte in text.encode()]
            if None not in ids:
                return ids
        return [self._unknown]
