"""The table of trie edges: the runtime finds every piece in it, and nothing that is none."""

from __future__ import annotations

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

from gliner2_export.vocabulary.trie import LOAD, edge_table
from gliner2_lite.tokenizer.vocabulary import PieceTrie

LETTERS = ["".join(letters) for length in (1, 2, 3, 4) for letters in product("abc", repeat=length)]


def trie(pieces: dict[str, int]) -> PieceTrie:
    """The runtime's reader of the table."""
    keys, infos, slots = edge_table(pieces)
    arrays = {"edge_keys": keys.tolist(), "edge_infos": infos.tolist()}
    settings = {"slots": slots, "pieces": max(pieces.values()) + 1}
    return PieceTrie(SimpleNamespace(array=arrays.get, setting=lambda name, _: settings[name]))


@pytest.mark.parametrize("pieces", [{"a": 7}, {text: n for n, text in enumerate(LETTERS[::3])}])
def test_every_piece_is_there_and_nothing_else(pieces: dict[str, int]) -> None:
    reader = trie(pieces)
    for text in LETTERS:
        assert reader.id(text) == pieces.get(text), text


def test_pieces_that_begin_alike_come_shortest_first() -> None:
    reader = trie({"a": 0, "abc": 1, "abcab": 2, "b": 3, "😀b": 4})
    codes = [ord(char) for char in "abcabb😀b"]
    assert list(reader.prefixes(codes, 0)) == [(1, 0), (3, 1), (5, 2)]
    assert list(reader.prefixes(codes, 1)) == [(2, 3)] and list(reader.prefixes(codes, 6)) == [(8, 4)]
    assert list(reader.prefixes(codes, 2)) == []


def test_nodes_that_nothing_follows_end_the_search() -> None:
    keys, infos, _ = edge_table({"ab": 4, "c": 0})
    ends = sorted(infos[keys > 0].tolist())
    assert ends == [0 * 2 + 1, (0 + 1) * 2, (4 + 1) * 2], "a has a child and no piece; c and ab have none"


def test_the_table_is_as_full_as_intended_and_ends_with_a_free_slot() -> None:
    pieces = {chr(0x4E00 + number) * 2: number for number in range(3000)}
    keys, infos, slots = edge_table(pieces)
    assert keys.dtype == np.uint64 and infos.dtype == np.uint32 and len(keys) == len(infos)
    assert np.count_nonzero(keys) == 6000 and 6000 / slots == pytest.approx(LOAD, rel=0.01)
    assert keys[-1] == 0 and len(keys) > slots, "probing needs no wrap"
    assert len(set(keys[keys > 0].tolist())) == 6000


def test_the_same_pieces_give_the_same_table() -> None:
    pieces = {text: n for n, text in enumerate(LETTERS)}
    backwards = dict(reversed(pieces.items()))
    for one, other in zip(edge_table(pieces), edge_table(backwards), strict=True):
        assert np.array_equal(one, other)
