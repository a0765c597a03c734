"""Texts of any length and density → one answer or one error per text, whatever the encoder's limit.

An encoder with absolute positions takes, say, 512 tokens, the schema's included. How many words that is
depends on the text: prose has little more than one token per word, log lines and part numbers have many.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gliner2_lite.errors import InputError
from gliner2_lite.model.gliner2 import GLiNER2

CHUNK_SIZE = 384  # words per window, as in GLiNER2.extract_long
LEAST_CHUNK_SIZE = 16  # smaller windows cut what belongs together
OVERLAP_SHARE = 6  # of a window, repeated in the next: 64 of 384 words

Answer = dict[str, Any]


def read_texts(
    model: GLiNER2,
    texts: Sequence[str],
    schema: Any,
    *,
    batch_size: int = 8,
    threshold: float = 0.5,
    include_confidence: bool = False,
    include_spans: bool = False,
    overlap_policy: str | None = None,
    chunk_size: int = CHUNK_SIZE,
) -> list[Answer | InputError]:
    """The answer for each text, read in windows of ``chunk_size`` words, or the error that it cannot be run.

    A text whose windows have more tokens than the model takes is read again in windows of half the size,
    down to 16 words. A text's windows depend on that text alone, not on its neighbours.

    Args:
        schema: the same for all texts; ``threshold`` and the rest as in ``GLiNER2.extract_long``.

    Raises:
        SchemaError, InputError: the schema or an argument cannot be used.
    """
    results: list[Answer | InputError] = [{} for _ in texts]
    pending, size = list(range(len(texts))), chunk_size
    while pending:
        answers = model.extract_iter(
            [texts[index] for index in pending], schema, batch_size=batch_size, threshold=threshold,
            include_confidence=include_confidence, include_spans=include_spans,
            overlap_policy=overlap_policy, long=True, chunk_size=size, chunk_overlap=size // OVERLAP_SHARE,
            errors="yield",
        )  # fmt: skip
        for index, answer in zip(pending, answers, strict=True):
            results[index] = answer
        if size < 2 * LEAST_CHUNK_SIZE:
            break
        pending, size = [index for index in pending if isinstance(results[index], InputError)], size // 2
    return results


def all_or_error(results: Sequence[Answer | InputError]) -> list[Answer]:
    """The answers, when every text has one.

    Raises:
        InputError: the first text that has none, named by its index.
    """
    answers: list[Answer] = []
    for index, answer in enumerate(results):
        if isinstance(answer, InputError):
            raise type(answer)(f"texts[{index}]: {answer}") from answer
        answers.append(answer)
    return answers
