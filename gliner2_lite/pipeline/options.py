"""The arguments of a call, checked before any work is done."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gliner2_lite.answers.overlap import canonical_policy
from gliner2_lite.errors import InputError, InputTypeError
from gliner2_lite.graph.schedule import BatchLimits


@dataclass(frozen=True, slots=True)
class Options:
    """How to read the scores and shape the results. ``policy`` is canonical, None the default."""

    threshold: float
    format_results: bool
    include_confidence: bool
    include_spans: bool
    max_len: int | None
    policy: str | None


def make_options(
    *,
    threshold: Any,
    format_results: bool = True,
    include_confidence: bool = False,
    include_spans: bool = False,
    max_len: Any = None,
    overlap_policy: Any = None,
) -> Options:
    """Checked options.

    Raises:
        InputError: threshold outside [0, 1] or not a number, unknown overlap policy.
        InputTypeError: a value of the wrong type.
    """
    if hasattr(threshold, "item"):  # a NumPy or torch scalar
        threshold = threshold.item()
    if isinstance(threshold, bool) or not isinstance(threshold, (int, float)):
        raise InputTypeError(f"threshold must be a number in [0, 1], not {threshold!r}")
    if math.isnan(threshold) or not 0 <= threshold <= 1:
        raise InputError(f"threshold must be in [0, 1], not {threshold!r}")
    if max_len is not None and (isinstance(max_len, bool) or not isinstance(max_len, int)):
        raise InputTypeError(f"max_len must be a number of words or None, not {max_len!r}")
    return Options(
        threshold=float(threshold),
        format_results=bool(format_results),
        include_confidence=bool(include_confidence),
        include_spans=bool(include_spans),
        max_len=max_len,
        policy=canonical_policy(overlap_policy),
    )


def check_text(text: object, *, where: str = "text", allow_none: bool = True) -> str | None:
    """``text`` when it is a string (or None, which reads as an empty text)."""
    if text is None and allow_none:
        return None
    if isinstance(text, str):
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise InputError(
                f"{where} has a lone surrogate at position {error.start}, which no encoding allows; replace "
                'it, e.g. with text.encode("utf-8", "replace").decode()'
            ) from None
        return text
    raise InputTypeError(f"{where} must be a string, not {type(text).__name__}")


def check_texts(texts: object) -> Sequence[str | None]:
    """``texts`` when it is a list or tuple of strings; a single string is a likely slip."""
    if isinstance(texts, str):
        raise InputTypeError("texts must be a list of strings, not one string; write [text]")
    if not isinstance(texts, Sequence):
        raise InputTypeError(f"texts must be a list of strings, not {type(texts).__name__}")
    return [check_text(text, where=f"texts[{index}]") for index, text in enumerate(texts)]


def check_batch_limits(batch_size: object, batch_tokens: object) -> BatchLimits:
    """``batch_size`` and ``batch_tokens`` (None: the default budget) as limits."""
    size = _positive(batch_size, "batch_size")
    return (
        BatchLimits(size)
        if batch_tokens is None
        else BatchLimits(size, _positive(batch_tokens, "batch_tokens"))
    )


def check_workers(workers: object) -> int:
    """``workers`` when it is a number of processes; 0 runs in the calling one."""
    return (
        0 if workers == 0 and not isinstance(workers, bool) else _positive(workers, "workers", least="0 or ")
    )


def check_errors(errors: object) -> bool:
    """Whether ``errors`` asks for errors to be yielded."""
    if errors not in ("raise", "yield"):
        raise InputError(f"errors must be 'raise' or 'yield', not {errors!r}")
    return errors == "yield"


def check_device(device: object) -> None:
    """Refuse every device but the CPU."""
    if device is not None and str(device) != "cpu":
        if not isinstance(device, str) and not hasattr(device, "type"):
            raise InputTypeError(f"device must be 'cpu', not {device!r}")
        raise InputError(
            f"device {str(device)!r} is not available: gliner2_lite runs on the CPU; write 'cpu'"
        )


def match_schemas(schemas: Any, count: int) -> list[Any]:
    """One schema per text: a list is taken text by text, anything else is for all.

    Raises:
        InputError: the list has another length than the texts.
    """
    if not isinstance(schemas, list):
        return [schemas] * count
    if len(schemas) != count:
        raise InputError(
            f"{len(schemas)} schemas for {count} texts; give one schema for all, or one per text"
        )
    return schemas


def _positive(value: object, name: str, *, least: str = "") -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(f"{name} must be {least}a positive integer, not {value!r}")
    return value
