"""The options of a call, checked once and handed down as one object."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal

from gliner2_lite.answers.overlap import canonical_policy
from gliner2_lite.answers.public import Shape
from gliner2_lite.errors import InputError, InputTypeError
from gliner2_lite.graph.schedule import BatchLimits
from gliner2_lite.pipeline.arguments import positive
from gliner2_lite.prompt.chunks import ChunkSize, check_chunk_size

RelationKeys = Literal["reference", "name"]
"""Under which key a relation with a description is answered: ``"name: description"``, or its name."""

DEFAULT_THRESHOLD = 0.5
DEFAULT_BATCH_SIZE = 8
DEFAULT_CHUNK_SIZE, DEFAULT_CHUNK_OVERLAP = 384, 64  # words


@dataclass(frozen=True, slots=True)
class CallOptions:
    """How texts are cut, run and read, and what their results show.

    Attributes:
        threshold: probability from which a span counts, unless its label has its own.
        policy: canonical overlap policy; None is the default of the method called.
        max_len: words of a text that are read; None reads all.
        batch: how many texts and tokens share a run.
        chunks: windows of a long text; None reads a text as a whole.
        raw: results are the raw tuples and lists, nothing dropped or gathered.
        shape: what results show.
        relation_keys: the keys of relations with a description.
    """

    threshold: float = DEFAULT_THRESHOLD
    policy: str | None = None
    max_len: int | None = None
    batch: BatchLimits = field(default_factory=lambda: BatchLimits(DEFAULT_BATCH_SIZE))
    chunks: ChunkSize | None = None
    raw: bool = False
    shape: Shape = field(default_factory=Shape)
    relation_keys: RelationKeys = "reference"

    @property
    def names_relations(self) -> bool:
        """Whether relations with a description are answered under their names."""
        return self.relation_keys == "name"

    @classmethod
    def checked(
        cls,
        *,
        threshold: Any = DEFAULT_THRESHOLD,
        format_results: Any = True,
        include_confidence: Any = False,
        include_spans: Any = False,
        max_len: Any = None,
        overlap_policy: Any = None,
        relation_keys: Any = "reference",
        batch_size: Any = DEFAULT_BATCH_SIZE,
        batch_tokens: Any = None,
        long: bool = False,
        chunk_size: Any = DEFAULT_CHUNK_SIZE,
        chunk_overlap: Any = DEFAULT_CHUNK_OVERLAP,
    ) -> CallOptions:
        """The options of a public call, by the names they have there.

        ``long`` reads texts in windows; without it the two options of windows are not looked at.

        Raises:
            InputError: a value that cannot be used, or options that exclude each other; names the option.
            InputTypeError: a value of the wrong type.
        """
        if max_len is not None and (isinstance(max_len, bool) or not isinstance(max_len, int)):
            raise InputTypeError(f"max_len must be a number of words or None, not {max_len!r}")
        if relation_keys not in ("reference", "name"):
            raise InputError(f"relation_keys must be 'reference' or 'name', not {relation_keys!r}")
        chunks = None
        if long:
            if max_len is not None:
                raise InputError("max_len and long=True exclude each other; chunk_size sets the window")
            if not format_results:
                raise InputError(
                    "format_results=False is not possible for long texts: windows are merged when formatted"
                )
            chunks = check_chunk_size(chunk_size, chunk_overlap)
            max_len = chunks.size
        return cls(
            threshold=_probability(threshold),
            policy=canonical_policy(overlap_policy),
            max_len=max_len,
            batch=check_batch_limits(batch_size, batch_tokens),
            chunks=chunks,
            raw=not format_results,
            shape=Shape(bool(include_confidence), bool(include_spans), merged=long),
            relation_keys=relation_keys,
        )


def check_batch_limits(batch_size: object, batch_tokens: object) -> BatchLimits:
    """``batch_size`` and ``batch_tokens`` (None: the default budget) as limits."""
    size = positive(batch_size, "batch_size")
    if batch_tokens is None:
        return BatchLimits(size)
    return BatchLimits(size, positive(batch_tokens, "batch_tokens"))


def _probability(threshold: Any) -> float:
    if hasattr(threshold, "item"):  # a NumPy or torch scalar
        threshold = threshold.item()
    if isinstance(threshold, bool) or not isinstance(threshold, (int, float)):
        raise InputTypeError(f"threshold must be a number in [0, 1], not {threshold!r}")
    if math.isnan(threshold) or not 0 <= threshold <= 1:
        raise InputError(f"threshold must be in [0, 1], not {threshold!r}")
    return float(threshold)
