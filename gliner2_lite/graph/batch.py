"""Prompts and words → token ids and routing indices, padded to one batch of graph inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gliner2_lite.errors import InputError
from gliner2_lite.prompt.layout import LABEL_MARKERS, Prompt
from gliner2_lite.prompt.words import Words
from gliner2_lite.schema.limits import PROMPT_MARKER, STRUCT_SEPARATOR, TEXT_SEPARATOR

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]
TokenIds = Callable[[str], Sequence[int]]


@dataclass(frozen=True, slots=True)
class Sample:
    """One text with its schema: ``text`` as encoded (with the final mark), its words, its prompt."""

    text: str
    words: Words
    prompt: Prompt


@dataclass(frozen=True, slots=True)
class Encoded:
    """Token ids of one sample and where in them the words and markers stand.

    ``word_pieces[i]`` are the positions of word ``i``'s subwords (choice prefix words first);
    ``label_tokens[t]`` those of task ``t``'s label markers, ``task_tokens[t]`` of its ``[P]``.
    """

    ids: tuple[int, ...]
    word_pieces: tuple[tuple[int, ...], ...]
    task_tokens: tuple[int, ...]
    label_tokens: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """One text, checked and ready to run."""

    sample: Sample
    encoded: Encoded


@dataclass(frozen=True, slots=True)
class Batch:
    """Graph inputs, right-padded with 0, and the samples they came from.

    ``word_tokens`` is [B, W] for first pooling, [B, W, K] with ``word_mask`` for mean and max.
    """

    encoded: tuple[Encoded, ...]
    input_ids: IntArray  # [B, T]
    attention_mask: IntArray  # [B, T]
    word_tokens: IntArray  # [B, W] or [B, W, K]
    word_mask: FloatArray | None  # [B, W, K]
    prompt_tokens: IntArray  # [B, S]
    label_tokens: IntArray  # [B, M]
    label_tasks: IntArray  # [B, M], the task of each label; −1 where padded, a task of its own


def encode_sample(sample: Sample, token_ids: TokenIds, special: dict[str, int], *, pooling: str) -> Encoded:
    """Lay out ``tasks [SEP_TEXT] choices text`` as token ids and note the positions the heads read.

    With first pooling the markers are found by their place in the prompt. With mean and max
    pooling the reference takes every label-marker id inside a task instead, also those that a
    label or description happens to contain; this does the same.
    """
    by_place = pooling not in ("mean", "max")
    label_ids = {special[marker] for marker in (*LABEL_MARKERS, PROMPT_MARKER)}
    ids: list[int] = []
    task_tokens, label_tokens = [], []
    for number, task in enumerate(sample.prompt.tasks):
        if number:
            ids.extend(token_ids(STRUCT_SEPARATOR))
        begin = len(ids)
        starts = []
        for word in task.words:
            starts.append(len(ids))
            ids.extend(token_ids(word))
        if by_place:
            markers = [starts[1], *(starts[index] for index in task.marker_indices)]
        else:
            markers = [place for place in range(begin, len(ids)) if ids[place] in label_ids]
        task_tokens.append(markers[0])
        label_tokens.append(tuple(markers[1:]))
    ids.extend(token_ids(TEXT_SEPARATOR))

    pieces = []
    for word in (*sample.prompt.prefix, *sample.words.values):
        begin = len(ids)
        ids.extend(token_ids(word))
        if len(ids) > begin:
            pieces.append(tuple(range(begin, len(ids))))
        elif by_place:
            pieces.append((begin,))  # a word without subwords reads the next one's
    last = len(ids) - 1
    if pieces and pieces[-1][0] > last:
        pieces[-1] = (last,)
    return Encoded(tuple(ids), tuple(pieces), tuple(task_tokens), tuple(label_tokens))


def check_length(encoded: Encoded, max_positions: int | None, max_tokens: int) -> None:
    """Refuse a sample that an encoder with absolute positions, or this model's limits, do not take.

    Raises:
        InputError: names the number of tokens, the limit and the ways out.
    """
    limit = max_tokens if max_positions is None else min(max_positions, max_tokens)
    if len(encoded.ids) <= limit:
        return
    begin = encoded.word_pieces[0][0] if encoded.word_pieces else len(encoded.ids)
    more = "" if limit == max_positions else ", or raise Limits.tokens"
    raise InputError(
        f"the text and schema make {len(encoded.ids)} tokens ({begin} of them the schema), this model takes "
        f"{limit}; use the *_long method with a smaller chunk_size, give max_len, or ask for fewer "
        f"labels{more}"
    )


def make_batch(encoded: Sequence[Encoded], *, pooling: str) -> Batch:
    """Pad encoded samples to one batch; every axis has at least length 1."""
    tokens = _pad([item.ids for item in encoded])
    mask = np.zeros_like(tokens)
    for row, item in enumerate(encoded):
        mask[row, : len(item.ids)] = 1
    word_mask = None
    if pooling in ("mean", "max"):
        words = max([1, *(len(item.word_pieces) for item in encoded)])
        width = max([1, *(len(piece) for item in encoded for piece in item.word_pieces)])
        word_tokens = np.zeros((len(encoded), words, width), dtype=np.int64)
        word_mask = np.zeros(word_tokens.shape, dtype=np.float32)
        for row, item in enumerate(encoded):
            for column, piece in enumerate(item.word_pieces):
                word_tokens[row, column, : len(piece)] = piece
                word_mask[row, column, : len(piece)] = 1.0
    else:
        word_tokens = _pad([[piece[0] for piece in item.word_pieces] for item in encoded])
    return Batch(
        encoded=tuple(encoded),
        input_ids=tokens,
        attention_mask=mask,
        word_tokens=word_tokens,
        word_mask=word_mask,
        prompt_tokens=_pad([item.task_tokens for item in encoded]),
        label_tokens=_pad([[place for task in item.label_tokens for place in task] for item in encoded]),
        label_tasks=_pad(
            [[number for number, task in enumerate(item.label_tokens) for _ in task] for item in encoded],
            fill=-1,
        ),
    )


def _pad(rows: Sequence[Sequence[int]], *, fill: int = 0) -> IntArray:
    width = max([1, *(len(row) for row in rows)])
    padded = np.full((len(rows), width), fill, dtype=np.int64)
    for index, row in enumerate(rows):
        padded[index, : len(row)] = row
    return padded
