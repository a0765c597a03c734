"""Pieces of a vocabulary → the hash table of trie edges that ``gliner2_lite.tokenizer.vocabulary`` reads."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gliner2_lite.tokenizer.vocabulary import CHAR_FACTOR, CODE_POINT_BITS, NODE_FACTOR, ROOT

LOAD = 0.75  # share of the slots that hold an edge: fewer cost memory, more cost steps


def edge_table(pieces: Mapping[str, int]) -> tuple[NDArray[Any], NDArray[Any], int]:
    """(keys uint64 [S+E], infos uint32 [S+E], S) for pieces and their ids; all slots beyond S are overflow.

    Edges are placed level by level, since the number of a node is that of the slot its edge was given.
    """
    edges = {piece[:length] for piece in pieces for length in range(1, len(piece) + 1)}
    parents = {edge[:-1] for edge in edges}
    slots = max(16, int(len(edges) / LOAD)) | 1
    keys = np.zeros(slots * 2, np.uint64)
    infos = np.zeros(slots * 2, np.uint32)
    nodes = {"": ROOT}
    for _, group in itertools.groupby(sorted(edges, key=len), key=len):
        level = sorted(group)
        above = np.array([nodes[edge[:-1]] for edge in level], np.int64)
        codes = np.array([ord(edge[-1]) for edge in level], np.int64)
        wanted = (above << CODE_POINT_BITS | codes).astype(np.uint64)
        places = _place(keys, wanted, (above * NODE_FACTOR + codes * CHAR_FACTOR) % slots)
        infos[places] = [(pieces.get(edge, -1) + 1) * 2 + (edge in parents) for edge in level]
        nodes.update(zip(level, (places + 2).tolist(), strict=True))
    # Probing never wraps around: it ends at a free slot, of which one is kept at the end.
    used = max(slots, int(np.flatnonzero(keys)[-1]) + 1) + 1
    return keys[:used], infos[:used], slots


def _place(keys: NDArray[Any], wanted: NDArray[Any], places: NDArray[Any]) -> NDArray[Any]:
    """Put each key into the first free slot from its place on; returns the slots."""
    places = places.copy()
    pending = np.arange(len(wanted))
    while len(pending):
        free = pending[keys[places[pending]] == 0]
        _, first = np.unique(places[free], return_index=True)
        winners = free[first]
        keys[places[winners]] = wanted[winners]
        pending = np.setdiff1d(pending, winners, assume_unique=True)
        places[pending] += 1
    return places
