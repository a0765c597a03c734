"""Prompt and words of one text → token ids, and where in them the words and markers stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from gliner2_lite.errors import InputError
from gliner2_lite.prompt.layout import Prompt
from gliner2_lite.prompt.markers import LABEL_MARKERS
from gliner2_lite.prompt.words import Words
from gliner2_lite.schema.limits import PROMPT_MARKER, STRUCT_SEPARATOR, TEXT_SEPARATOR

TokenIds = Callable[[str], Sequence[int]]


class Sample(NamedTuple):
    """One text with its schema: ``text`` as encoded (with the final mark), its words, its prompt."""

    text: str
    words: Words
    prompt: Prompt


class Encoded(NamedTuple):
    """Token ids of one sample and where in them the words and markers stand.

    ``word_positions[i]`` are the positions of word ``i``'s subwords (choice prefix words first);
    ``label_positions[t]`` those of task ``t``'s label markers, ``task_positions[t]`` of its ``[P]``.
    """

    ids: tuple[int, ...]
    word_positions: tuple[tuple[int, ...], ...]
    task_positions: tuple[int, ...]
    label_positions: tuple[tuple[int, ...], ...]


class Request(NamedTuple):
    """One text, checked and ready to run."""

    sample: Sample
    encoded: Encoded


def encode_sample(
    sample: Sample, token_ids: TokenIds, special: Mapping[str, int], *, pooling: str
) -> Encoded:
    """Lay out ``tasks [SEP_TEXT] choices text`` as token ids and note the positions the heads read.

    With first pooling the markers are found by their place in the prompt. With mean and max
    pooling the reference takes every label-marker id inside a task instead, also those that a
    label or description happens to contain; this does the same.
    """
    by_place = pooling not in ("mean", "max")
    label_ids = {special[marker] for marker in (*LABEL_MARKERS, PROMPT_MARKER)}
    ids: list[int] = []
    task_positions, label_positions = [], []
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
        task_positions.append(markers[0])
        label_positions.append(tuple(markers[1:]))
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
    return Encoded(tuple(ids), tuple(pieces), tuple(task_positions), tuple(label_positions))


def check_length(encoded: Encoded, max_positions: int | None, max_tokens: int) -> None:
    """Refuse a sample with more tokens than the encoder has positions, or than this model's limits allow.

    Raises:
        InputError: names the number of tokens, the limit and the ways out.
    """
    limit = max_tokens if max_positions is None else min(max_positions, max_tokens)
    if len(encoded.ids) <= limit:
        return
    begin = encoded.word_positions[0][0] if encoded.word_positions else len(encoded.ids)
    more = "" if limit == max_positions else ", or raise Limits.tokens"
    raise InputError(
        f"the text and schema make {len(encoded.ids)} tokens ({begin} of them the schema), this model takes "
        f"{limit}; use the *_long method with a smaller chunk_size, give max_len, or ask for fewer "
        f"labels{more}"
    )
