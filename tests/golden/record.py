"""Answers and prompts of the reference for a list of cases.

The reference is watched at three public seams: ``encode_tokens`` (every batch it encodes), the span
scores and the two classification heads. The same seams carry the stability check: a case is asked
again with all scores moved by a hair, up, down and at random, and kept without its answer when that
changes in anything but the confidences. Such a case has a score on a threshold, two that tie or a count
that is undecided: it would test rounding, not behaviour. Its prompts stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import gliner2
import torch
from torch import Tensor

from tests.golden.compare import compare, has_answer
from tests.golden.program import call
from tests.golden.store import tag, untag

# A move of a logit by this much moves a probability p by p(1-p) times as much: by 1e-5 and more for p
# between 0.11 and 0.89, and always by far more than float32 rounding does.
LOGIT_MOVE = 1e-4
RANDOM_MOVES = 3
UNCHANGED = 5e-3  # confidences move with the scores; all else must stay

Case = dict[str, Any]
Move = Callable[[Tensor], Tensor]


@dataclass
class Recording:
    """Recorded cases, ids of the ``unstable`` among them (kept without answer), ``left_out`` with reasons."""

    cases: list[Case] = field(default_factory=list)
    unstable: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def answered(self) -> int:
        """How many of the cases found something."""
        return sum(has_answer(case["expected"]) for case in self.cases if "expected" in case)


def record(model: gliner2.GLiNER2, cases: list[Case]) -> Recording:
    """Ask the reference every case; see the module for which answers are kept.

    Left out are questions that raise, and those whose answer depends on what else is in the batch.
    """
    recording = Recording()
    for case in cases:
        seen: list[tuple[Any, Tensor]] = []
        try:
            with _encoding(model, keep=seen):
                expected = tag(call(model, case, gliner2))
        except Exception as error:  # whatever the reference raises, it is no golden answer
            recording.left_out[case["id"]] = f"{type(error).__name__}: {error}"
            continue
        kept = {**case, "prompts": [prompt for batch, _ in seen for prompt in _prompts(model, batch)]}
        if any(_reads_padding(prompt) for prompt in kept["prompts"]):
            recording.left_out[case["id"]] = "reads the state of a padding token: depends on the batch"
            continue
        if _is_stable(model, case, expected, [states for _, states in seen]):
            kept["expected"] = expected
        else:
            recording.unstable.append(case["id"])
        recording.cases.append(kept)
    return recording


def _is_stable(model: gliner2.GLiNER2, case: Case, expected: Any, states: list[Tensor]) -> bool:
    rng = torch.Generator().manual_seed(len(case["id"]))

    def at_random(logits: Tensor) -> Tensor:
        return logits + LOGIT_MOVE * (2 * torch.rand(logits.shape, generator=rng) - 1)

    moves: list[Move] = [lambda logits: logits + LOGIT_MOVE, lambda logits: logits - LOGIT_MOVE]
    for move in (*moves, *[at_random] * RANDOM_MOVES):
        with _encoding(model, replay=states), _moved(model, move):
            again = tag(call(model, case, gliner2))
        if compare(untag(expected), untag(again), tolerance=UNCHANGED).problems:
            return False
    return True


@contextmanager
def _encoding(
    model: gliner2.GLiNER2,
    *,
    keep: list[tuple[Any, Tensor]] | None = None,
    replay: list[Tensor] | None = None,
) -> Iterator[None]:
    """Keep what the encoder is given and gives, or give the states of an earlier, equal call again."""
    encode = model.encode_tokens
    again = iter(replay or ())

    def watched(batch: Any, hidden_states: Any = None) -> Tensor:
        if replay is not None:
            return next(again)
        states = encode(batch, hidden_states)
        if keep is not None:
            keep.append((batch, states))
        return states

    model.encode_tokens = watched
    try:
        yield
    finally:
        del model.encode_tokens


@contextmanager
def _moved(model: gliner2.GLiNER2, move: Move) -> Iterator[None]:
    """Pass every count, class and span logit through ``move``."""
    score = model.compute_span_scores_batched
    hooks = [
        head.register_forward_hook(lambda _module, _inputs, logits: move(logits))
        for head in (model.count_pred, model.classifier)
    ]
    model.compute_span_scores_batched = lambda *args, **options: [
        move(one) for one in score(*args, **options)
    ]
    try:
        yield
    finally:
        del model.compute_span_scores_batched
        for hook in hooks:
            hook.remove()


def _prompts(model: gliner2.GLiNER2, batch: Any) -> list[dict[str, Any]]:
    """The prompt layer of each sample of a reference batch, as ``replay.prompt_of`` gives it.

    ``words``, ``starts`` and ``ends`` are the text words (values, offsets), ``prefix`` the choice words
    before them, ``ids`` the token ids, ``tasks`` the position of each ``[P]``, ``labels`` those of each
    task's label markers, ``pieces`` first position and number of the subwords of each word.
    """
    return [_prompt(model, batch, index) for index in range(len(batch))]


def _prompt(model: gliner2.GLiNER2, batch: Any, index: int) -> dict[str, Any]:
    length = batch.original_lengths[index]
    ids = batch.input_ids[index, :length].tolist()
    starts, ends = list(batch.start_mappings[index]), list(batch.end_mappings[index])
    tokens = list(batch.text_tokens[index])
    prefix = len(tokens) - len(starts)
    mapping = batch.mapped_indices[index][:length]
    if model.processor.token_pooling == "first":
        markers = [list(places) for places in batch.schema_special_indices[index]]
        firsts = batch.text_word_indices[index, : batch.text_word_counts[index]].tolist()
        pieces = [[first, 1] for first in firsts]
    else:
        markers, pieces = _routed_by_id(model, ids, mapping, batch.schema_counts[index])
    return {
        "words": tokens[prefix:],
        "starts": starts,
        "ends": ends,
        "prefix": tokens[:prefix],
        "ids": ids,
        "tasks": [places[0] for places in markers],
        "labels": [places[1:] for places in markers],
        "pieces": pieces,
    }


def _reads_padding(prompt: dict[str, Any]) -> bool:
    """Whether a last word without subwords points behind the sequence, where the reference has no guard."""
    return any(first >= len(prompt["ids"]) for first, _ in prompt["pieces"])


def _routed_by_id(
    model: gliner2.GLiNER2, ids: list[int], mapping: list[tuple[str, int, int]], tasks: int
) -> tuple[list[list[int]], list[list[int]]]:
    """Markers and word pieces as the reference's path for mean and max pooling collects them."""
    names = ["[P]", "[C]", "[E]", "[R]", "[L]"]
    special = set(model.processor.tokenizer.convert_tokens_to_ids(names))
    markers: list[list[int]] = [[] for _ in range(tasks)]
    pieces: list[list[int]] = []
    last_word = None
    for position, (token, (segment, word, task)) in enumerate(zip(ids, mapping, strict=True)):
        if segment == "schema" and token in special:
            markers[task].append(position)
        elif segment == "text":
            if word != last_word:
                pieces.append([position, 0])
                last_word = word
            pieces[-1][1] += 1
    return markers, pieces
